//! How far a webhook was told, on the disk.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::WebhooksError;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// The first act it may not have been told of.
    next: u64,
    /// A digest of what it was last told of the detector.
    #[serde(default)]
    health: String,
    /// How often it was told of the detector.
    #[serde(default)]
    times: u64,
}

/// How far a webhook was told.
#[derive(Debug)]
pub(super) struct Cursor {
    path: PathBuf,
    now: Kept,
    kept: Kept,
}

impl Cursor {
    /// From the file of `name` in `dir`; where there is none, it begins at `size`.
    pub(super) fn open(dir: &Path, name: &str, size: u64) -> Result<Cursor, WebhooksError> {
        let path = dir.join(format!("{name}.json"));
        let error = |why: String| WebhooksError::File { name: name.to_owned(), path: path.clone(), why };
        let kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<Kept>(&bytes)
                .map_err(|problem| error(format!("{problem}; remove it, and the webhook begins with the acts to come")))?,
            Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => {
                Kept { next: size, health: String::new(), times: 0 }
            }
            Err(problem) => return Err(error(problem.to_string())),
        };
        // A log restored from a copy may be shorter than what was told.
        let kept = Kept { next: kept.next.min(size), ..kept };
        let cursor = Cursor { path: path.clone(), now: kept.clone(), kept };
        fs::create_dir_all(dir).map_err(|problem| error(problem.to_string()))?;
        cursor.write().map_err(error)?;
        Ok(cursor)
    }

    /// The first act it may not have been told of.
    pub(super) fn next(&self) -> u64 {
        self.now.next
    }

    /// A digest of what it was last told of the detector, and how often it was.
    pub(super) fn health(&self) -> (&str, u64) {
        (&self.now.health, self.now.times)
    }

    /// It does not want the acts before `next`. Need not be durable: they are
    /// passed over again.
    pub(super) fn passed(&mut self, next: u64) {
        self.now.next = next;
    }

    /// It was told of the acts before `next`.
    pub(super) fn told(&mut self, next: u64) -> Result<(), String> {
        self.now.next = next;
        self.keep()
    }

    /// It was told of the detector.
    pub(super) fn told_health(&mut self, digest: &str) -> Result<(), String> {
        self.now.health = digest.to_owned();
        self.now.times += 1;
        self.keep()
    }

    /// Makes it durable.
    pub(super) fn keep(&mut self) -> Result<(), String> {
        if self.now != self.kept {
            self.write()?;
            self.kept = self.now.clone();
        }
        Ok(())
    }

    fn write(&self) -> Result<(), String> {
        let beside = self.path.with_extension("part");
        let write = || {
            let mut file = File::create(&beside)?;
            file.write_all(&serde_json::to_vec(&self.now)?)?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)?;
            self.path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
        };
        write().map_err(|error: std::io::Error| format!("{}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_where_it_was_and_never_beyond_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let mut cursor = Cursor::open(dir.path(), "a", 7).unwrap();
        assert_eq!(cursor.next(), 7);
        cursor.passed(9);
        assert_eq!(Cursor::open(dir.path(), "a", 99).unwrap().next(), 7, "not durable, so passed over again");
        cursor.told(10).unwrap();
        cursor.told_health("d").unwrap();
        let again = Cursor::open(dir.path(), "a", 99).unwrap();
        assert_eq!((again.next(), again.health()), (10, ("d", 1)));
        assert_eq!(Cursor::open(dir.path(), "a", 8).unwrap().next(), 8, "a shorter log");
        std::fs::write(dir.path().join("a.json"), "{").unwrap();
        assert!(Cursor::open(dir.path(), "a", 8).unwrap_err().to_string().contains("remove it"));
    }
}
