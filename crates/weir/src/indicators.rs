//! Indicators that others shared, kept in the data folder for detection while
//! it flows. Each accepted bundle is a file, with the key that its identifiers
//! are under beside it; taking the file away takes its word away.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use weir_acts::{Digest, Time};
use weir_detect::{Detector, Dossier, Related};
use weir_exchange::LoggedAccount;
use weir_report::plain;
use weir_stix::{Feed, IdentifierKey, IdentifierKind};
use weir_store::durable::{create_private_folder, write_file_atomically};

/// Where bundles are kept in the data folder.
pub const INDICATORS: &str = "indicators";

/// So many bundles are kept.
const MOST_KEPT: usize = 100;

/// Keeps a bundle, which was read and says something under `key`, in the data
/// folder `dir`. The same bundle again is the same file.
///
/// # Errors
/// When it is no data folder, or the disk does not take it; nothing counts then.
pub fn keep(dir: &Path, bundle: &[u8], key: &IdentifierKey) -> Result<PathBuf> {
    if !dir.join("weir.db").is_file() {
        bail!("{} is not the folder of a server", dir.display());
    }
    let folder = dir.join(INDICATORS);
    if !folder.is_dir() {
        create_private_folder(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let path = folder.join(format!("{}.json", Digest::of(bundle).to_string().trim_start_matches("sha256:")));
    if !path.try_exists().with_context(|| format!("cannot look at {}", path.display()))? && bundles(&folder)?.len() >= MOST_KEPT {
        bail!("{MOST_KEPT} bundles are kept in {}; remove what is out of date", folder.display());
    }
    // The bundle comes last: without its key it would not count.
    for (path, bytes) in [(path.with_extension("key"), key.digits().as_bytes()), (path.clone(), bundle)] {
        write_file_atomically(&path, bytes, 0o600).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(path)
}

/// A bundle in the folder, and by what a change of it shows.
type Seen = (PathBuf, Option<SystemTime>, u64);

fn bundles(folder: &Path) -> std::io::Result<Vec<Seen>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let about = std::fs::metadata(&path)?;
            found.push((path, about.modified().ok(), about.len()));
        }
    }
    found.sort();
    Ok(found)
}

/// What is kept, as it was read last.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    folder: PathBuf,
    seen: Vec<Seen>,
    feeds: Vec<(Feed, IdentifierKey)>,
}

impl Kept {
    /// What is kept in the data folder `dir`.
    pub(crate) fn in_folder(dir: &Path, now: Time) -> Kept {
        let mut kept = Kept { folder: dir.join(INDICATORS), ..Kept::default() };
        kept.look(now);
        kept
    }

    /// Reads what has changed. A bundle that cannot be read says nothing, and
    /// keeps no other from being heard.
    pub(crate) fn look(&mut self, now: Time) {
        let seen = match bundles(&self.folder) {
            Ok(seen) => seen,
            Err(error) => {
                tracing::warn!(%error, folder = %self.folder.display(), "indicators cannot be listed; those read before count on");
                return;
            }
        };
        if seen == self.seen {
            return;
        }
        self.feeds.clear();
        for (path, ..) in &seen {
            match read(path, now) {
                Ok(feed) => self.feeds.push(feed),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "a bundle of indicators cannot be read; it says nothing");
                }
            }
        }
        tracing::info!(bundles = self.feeds.len(), "the detector heeds others' indicators");
        self.seen = seen;
    }

    /// Tells the detector whom they name at `now`, in place of what they named
    /// before.
    pub(crate) fn mark(&self, detector: &mut Detector, rows: impl Iterator<Item = LoggedAccount>, now: Time) {
        detector.heed_none();
        if self.feeds.is_empty() {
            return;
        }
        let is_named = |row: &LoggedAccount| {
            let payment = row.payment.as_deref();
            self.names(IdentifierKind::Account, &row.account, now)
                || payment.is_some_and(|payment| self.names(IdentifierKind::Payment, payment, now))
        };
        rows.filter(is_named).for_each(|row| detector.heed_account(&row));
    }

    fn names(&self, kind: IdentifierKind, name: &str, now: Time) -> bool {
        self.feeds.iter().any(|(feed, key)| {
            feed.identifiers.get(&(kind, key.identify(kind, name))).is_some_and(|until| now < *until)
        })
    }

    /// Whose findings have a template in common with this one at `now`.
    pub(crate) fn relate(&self, dossier: &Dossier, now: Time) -> Vec<Related> {
        let shares = |(feed, key): &&(Feed, IdentifierKey)| {
            dossier.families.iter().any(|family| {
                let template = key.identify(IdentifierKind::Template, &family.template);
                feed.identifiers.get(&(IdentifierKind::Template, template)).is_some_and(|until| now < *until)
            })
        };
        let related = self.feeds.iter().filter(shares);
        related.map(|(feed, _)| Related { campaign: plain(&feed.from), shared: "a template that they name".to_owned() }).collect()
    }
}

fn read(path: &Path, now: Time) -> Result<(Feed, IdentifierKey)> {
    let told = || path.display().to_string();
    if std::fs::metadata(path).with_context(told)?.len() > weir_stix::MOST_BYTES as u64 {
        bail!("{}: it is larger than any bundle that is read", path.display());
    }
    let feed = weir_stix::read(&std::fs::read(path).with_context(told)?, now).with_context(told)?;
    let beside = path.with_extension("key");
    let digits = std::fs::read_to_string(&beside).with_context(|| beside.display().to_string())?;
    let key = IdentifierKey::parse(&digits).with_context(|| format!("{} holds no key", beside.display()))?;
    if feed.key_id.as_ref().is_some_and(|id| *id != key.id()) {
        bail!("{}: its identifiers are not under the key beside it", path.display());
    }
    Ok((feed, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_named_is_named_until_its_end_and_what_is_broken_says_nothing() {
        let (kind, name) = (IdentifierKind::Account, "a-1");
        let key = IdentifierKey::new([7; 32]);
        let end = Time::from_millis(5_000);
        let identifiers = [((kind, key.identify(kind, name)), end)].into_iter().collect();
        let feed = Feed { identifiers, ..Feed::default() };
        let kept = Kept { feeds: vec![(feed, key.clone())], ..Kept::default() };
        assert!(kept.names(kind, name, Time::from_millis(4_999)));
        assert!(!kept.names(kind, name, end), "out of date");
        assert!(!kept.names(kind, "a-2", Time::EPOCH) && !kept.names(IdentifierKind::Payment, name, Time::EPOCH));

        let dir = tempfile::tempdir().unwrap();
        assert!(keep(dir.path(), b"{}", &key).unwrap_err().to_string().contains("not the folder of a server"));
        std::fs::write(dir.path().join("weir.db"), b"").unwrap();
        let good = br#"{"type":"bundle","objects":[]}"#;
        let path = keep(dir.path(), good, &key).unwrap();
        assert_eq!(keep(dir.path(), good, &key).unwrap(), path, "the same again");
        keep(dir.path(), b"{", &key).unwrap();
        let mut kept = Kept::in_folder(dir.path(), Time::EPOCH);
        assert_eq!((kept.seen.len(), kept.feeds.len()), (2, 1));
        std::fs::remove_file(&path).unwrap();
        kept.look(Time::EPOCH);
        assert_eq!((kept.seen.len(), kept.feeds.len()), (1, 0), "taken away again");
    }
}
