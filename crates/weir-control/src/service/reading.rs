//! Reading what was decided: records of decisions, and those whom they affect.

use std::collections::BTreeSet;

use weir_acts::holder::Account;
use weir_acts::key::{Form, form};
use weir_acts::{Time, World};
use weir_exchange::DecisionId;
use weir_store::segment;

use serde_json::Value as Json;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

use super::Control;
use crate::boot::read_entry;
use crate::refusal::{Refusal, RefusalKind};

/// How many acts are read at a time.
const ACTS_AT_A_TIME: usize = 4_096;

/// An account that showed its own key under `/access`.
#[derive(Debug, Clone)]
pub struct AccessCaller {
    /// The account, suspended or not.
    pub account: Arc<Account>,
}

impl Control {
    /// Whose key `presented` is. A suspension or measure does not matter here:
    /// those whom it affects must be able to answer it.
    ///
    /// # Errors
    /// When it is nobody's.
    pub fn account_of_key(&self, presented: &str) -> Result<AccessCaller, Refusal> {
        let unknown = || Refusal {
            kind: RefusalKind::Unauthenticated,
            message: "no account's key: send `Authorization: Bearer KEY`".into(),
        };
        let published = self.published();
        let (state, now) = (&published.state, self.now());
        let digest = self.inner.pepper.digest(presented.as_bytes());
        let account = match form(presented.as_bytes()) {
            Form::Mistyped => return Err(unknown()),
            Form::Own(id) => {
                let key = state.keys.get(&id).filter(|key| key.life.holds(now)).ok_or_else(unknown)?;
                let same: bool = key.digest.is_some_and(|kept| kept.0.ct_eq(&digest.0).into());
                if !same {
                    return Err(unknown());
                }
                key.account
            }
            Form::Foreign => published.snapshot.view().identify(&digest.0).ok_or_else(unknown)?.account,
        };
        let account = state.accounts.get(&account).filter(|account| account.life.holds(now)).ok_or_else(unknown)?;
        Ok(AccessCaller { account: Arc::clone(account) })
    }

    /// The world as the first `size` acts made it, folded anew: the present
    /// state would answer with what was said since.
    ///
    /// # Errors
    /// When the database cannot be read or has fewer acts.
    pub(crate) fn world_of(&self, size: u64) -> Result<World, Refusal> {
        let cannot =
            |error: &dyn std::fmt::Display| Refusal::unavailable(format!("the database cannot be read: {error}"));
        let mut world = World::default();
        while world.state().size < size {
            let from = world.state().size;
            let most = usize::try_from(size - from).unwrap_or(ACTS_AT_A_TIME).min(ACTS_AT_A_TIME);
            let stored = self.store().entries(from, most).map_err(|error| cannot(&error))?;
            if stored.is_empty() {
                return Err(Refusal::unavailable(format!("the log has {from} acts, the decision was made on {size}")));
            }
            for stored in &stored {
                let entry = read_entry(stored).map_err(|error| cannot(&error))?;
                world.apply(&entry).map_err(|error| cannot(&error))?;
            }
        }
        Ok(world)
    }

    /// The record of decision `id`, as it was written; none where there is none
    /// (yet). Reads files.
    ///
    /// # Errors
    /// When the records cannot be read, or were deleted by an act.
    pub fn decision(&self, id: DecisionId) -> Result<Option<FoundRecord>, Refusal> {
        let wanted = id.to_string();
        self.record("decision", u64::from(id.segment), &wanted)
    }

    /// The record of the exchange that came of decision `id`; as
    /// [`Control::decision`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn exchange(&self, id: DecisionId) -> Result<Option<FoundRecord>, Refusal> {
        self.record("exchange", u64::from(id.segment), &id.exchange())
    }

    fn record(&self, kind: &str, first: u64, wanted: &str) -> Result<Option<FoundRecord>, Refusal> {
        let found = self.records(kind, first, wanted, |told| told["id"] == wanted, 1)?.pop();
        if found.is_none() {
            self.check_not_deleted(first)?;
        }
        Ok(found)
    }

    /// Says so where what is not found from segment `first` on may have been
    /// in files that acts deleted.
    fn check_not_deleted(&self, first: u64) -> Result<(), Refusal> {
        let published = self.published();
        let deleted = published.state.segments.range(first..).find_map(|(_, sealed)| sealed.deleted);
        match deleted {
            None => Ok(()),
            Some(act) => Err(Refusal::not_found(format!(
                "there is no such record any more, if there was one: records of that time were deleted by act {act}"
            ))),
        }
    }

    /// The records of decisions about `accounts`, at most `limit`, oldest first.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn decisions_of(&self, accounts: &BTreeSet<String>, limit: usize) -> Result<Vec<FoundRecord>, Refusal> {
        self.records("decision", 0, "", |told| told["account"].as_str().is_some_and(|id| accounts.contains(id)), limit)
    }

    /// The records of decisions from `from` until before `to`, about `accounts`
    /// or everybody, at most `limit`, oldest first.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn decisions_between(
        &self,
        from: Time,
        to: Time,
        accounts: Option<&BTreeSet<String>>,
        limit: usize,
    ) -> Result<Vec<FoundRecord>, Refusal> {
        let is_it = |told: &Json| {
            let at = told["time"].as_str().and_then(|time| time.parse::<Time>().ok());
            let account = told["account"].as_str().unwrap_or_default();
            at.is_some_and(|at| from <= at && at < to) && accounts.is_none_or(|accounts| accounts.contains(account))
        };
        self.records("decision", 0, "", is_it, limit)
    }

    /// The leaf hashes of a segment's lines.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn leaves_of(&self, segment: u64) -> Result<Vec<weir_tlog::Hash>, Refusal> {
        segment::leaves(&segment::path_of(self.dir(), segment)).map_err(|error| unreadable(&error))
    }

    /// Up to `limit` records of a kind that `is_it` wants, from segment `first`
    /// on, of lines that have `text` in them.
    fn records(
        &self,
        kind: &str,
        first: u64,
        text: &str,
        is_it: impl Fn(&Json) -> bool,
        limit: usize,
    ) -> Result<Vec<FoundRecord>, Refusal> {
        let mut records = Vec::new();
        let segments = segment::segments(self.dir()).map_err(|error| unreadable(&error))?;
        for held in segments.iter().filter(|held| held.number >= first) {
            let searched = segment::find(self.dir(), held.number, |line| {
                records.extend(record(kind, held.number, line, text).filter(|found| is_it(&found.told)));
                (records.len() >= limit).then_some(())
            });
            match searched {
                // Deleted by an act while it was looked for.
                Err(weir_store::FolderError::NoSegment { .. }) => {}
                searched => {
                    searched.map_err(|error| unreadable(&error))?;
                }
            }
            if records.len() >= limit {
                break;
            }
        }
        Ok(records)
    }
}

/// A record, and where it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundRecord {
    /// The number of the segment.
    pub segment: u64,
    /// The line as it was written, without its end.
    pub line: String,
    /// The same, read.
    pub told: Json,
}

fn unreadable(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::unavailable(format!("the records cannot be read: {error}"))
}

fn record(kind: &str, segment: u64, line: &[u8], text: &str) -> Option<FoundRecord> {
    let line = std::str::from_utf8(line).ok()?;
    if !line.contains(text) {
        return None;
    }
    let told: Json = serde_json::from_str(line).ok()?;
    (told["record"] == kind).then(|| FoundRecord { segment, line: line.to_owned(), told })
}
