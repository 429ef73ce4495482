//! Files of exchanges, held against the acts that sealed them.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use weir_acts::records::SealedExchanges;
use weir_acts::{Digest, State};
use weir_store::exchanges::{digest, names, path_of};

use super::segments::{RecordsFolder, WrongSegment, absent_lines, sealed_lines};

/// What became of the files of exchanges.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExchangeFiles {
    /// How many the log seals.
    pub sealed: u64,
    /// The number of the last exchange in them.
    pub last_exchange: u64,
    /// How many of them acts have deleted.
    pub deleted: u64,
    /// How many are at hand and what was sealed.
    pub same: u64,
    /// Those that are not what was sealed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<WrongSegment>,
    /// Sealed, not deleted, and not at hand; told only where a folder was looked into.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// At hand and not sealed (yet).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsealed: Vec<String>,
    /// How many numbers of exchanges up to the last no sealed file has.
    pub gaps: u64,
    is_whole: bool,
}

impl ExchangeFiles {
    /// Whether nothing contradicts the log.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.wrong.is_empty() && (!self.is_whole || self.missing.is_empty())
    }

    /// In sentences.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let last = self.last_exchange.to_string();
        let mut lines = sealed_lines("exchanges", self.sealed, &last, self.deleted, self.same);
        for WrongSegment { name, why } in &self.wrong {
            lines.push(format!("WRONG: exchanges {name}: {why}"));
        }
        lines.extend(absent_lines(&self.missing, &self.unsealed, self.is_whole));
        if self.gaps > 0 {
            lines.push(format!("{} exchanges up to {} are in no sealed file", self.gaps, self.last_exchange));
        }
        lines
    }
}

/// Holds the files of `folder` against what `state` says was sealed.
pub(super) fn check(state: &State, folder: Option<&RecordsFolder>) -> ExchangeFiles {
    let sealed = || state.exchanges.values();
    let last_exchange = state.last_sealed_exchange();
    let mut found = ExchangeFiles {
        sealed: sealed().count() as u64,
        last_exchange,
        deleted: sealed().filter(|file| file.deleted.is_some()).count() as u64,
        gaps: last_exchange.saturating_sub(sealed().map(|file| file.rows).sum()),
        is_whole: folder.is_some_and(|folder| folder.is_whole),
        ..ExchangeFiles::default()
    };
    if let Some(folder) = folder {
        check_folder(state, &folder.dir, &mut found);
    }
    found
}

fn check_folder(state: &State, dir: &Path, found: &mut ExchangeFiles) {
    let mut at_hand: BTreeSet<String> = match names(dir) {
        Ok(names) => names.into_iter().collect(),
        Err(error) => {
            found.wrong.push(WrongSegment { name: dir.display().to_string(), why: error.to_string() });
            return;
        }
    };
    for sealed in state.exchanges.values() {
        match at_hand.take(&*sealed.name) {
            None if sealed.deleted.is_none() => found.missing.push(sealed.name.to_string()),
            None => {}
            Some(name) => match check_file(sealed, &path_of(dir, &name)) {
                Ok(()) => found.same += 1,
                Err(why) => found.wrong.push(WrongSegment { name, why }),
            },
        }
    }
    found.unsealed = at_hand.into_iter().collect();
}

fn check_file(sealed: &SealedExchanges, path: &Path) -> Result<(), String> {
    let (bytes, sha256) = digest(path).map_err(|error| format!("cannot be read: {error}"))?;
    let act = sealed.act;
    if bytes != sealed.bytes {
        return Err(format!("it has {bytes} bytes, act {act} sealed {}", sealed.bytes));
    }
    if Digest(sha256) != sealed.digest {
        return Err(format!("its SHA-256 is {}, act {act} sealed {}", Digest(sha256), sealed.digest));
    }
    Ok(())
}
