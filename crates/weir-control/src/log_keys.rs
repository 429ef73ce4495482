//! The files of the log's keys, and how one takes over from another.
//!
//! A new key is on disk, under a name of its own, before the act that names it;
//! the act decides; and only then the files are given the names of their parts.
//! Every step may be the last before a crash: whoever starts next goes by the
//! act, and does what is left to do.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use weir_acts::Time;
use weir_acts::state::LogKey;
use weir_store::FolderError;
use weir_store::durable::{read_secret_file, sync_folder_of, write_file_atomically};
use weir_tlog::{Ed25519Signer, KeyChange, KeyChangeError, NoteError, NoteSigner as _, VerifierKey};
use zeroize::Zeroizing;

use crate::boot::{LOG_KEY_FILE, VKEY_FILE};

/// The key before, while it signs beside its successor.
pub const PREVIOUS_KEY_FILE: &str = "log.key.previous";
/// What the name of a key that waits for its act begins with; its id follows.
const NEXT_PREFIX: &str = "log.key.next.";

/// Why the log cannot be signed with its key.
#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    /// A key that signs is not there.
    #[error("the key {vkey} that signs this log is in none of the key files; restore {path} from a backup", path = path.display())]
    Lost {
        /// Which key.
        vkey: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// A key file does not hold a key.
    #[error("{path}: {why}", path = path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The log names a key that is none.
    #[error("the log names `{vkey}` as its key, which is none: {why}")]
    Named {
        /// What it names.
        vkey: String,
        /// What is wrong with it.
        why: NoteError,
    },
    /// The statement of a change.
    #[error(transparent)]
    Change(#[from] KeyChangeError),
    /// A key could not be made.
    #[error(transparent)]
    Make(#[from] NoteError),
    /// A file.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file.
    #[error("{doing} {path}: {source}", path = path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Every key that the log names, the present one first.
///
/// # Errors
/// [`LogKeyError::Named`].
pub fn named(keys: &[LogKey]) -> Result<Vec<VerifierKey>, LogKeyError> {
    let parse = |key: &LogKey| {
        VerifierKey::parse(&key.vkey).map_err(|why| LogKeyError::Named { vkey: key.vkey.to_string(), why })
    };
    keys.iter().rev().map(parse).collect()
}

/// A fresh key that waits in `dir` for its act, and the word of both keys.
///
/// # Errors
/// When it cannot be made or kept.
pub(crate) fn prepare(dir: &Path) -> Result<(PathBuf, String), LogKeyError> {
    let path = dir.join(LOG_KEY_FILE);
    let present =
        read(&path)?.ok_or_else(|| LogKeyError::Lost { vkey: "at present".to_owned(), path: path.clone() })?;
    let next = Ed25519Signer::generate(present.name())?;
    let statement = KeyChange::sign(&present, &next)?;
    let path = dir.join(format!("{NEXT_PREFIX}{:08x}", next.key_id()));
    write_file_atomically(&path, next.to_secret_file_text().as_bytes(), 0o600)?;
    Ok((path, statement))
}

/// Gives the key files the names that `keys`, as the log has them, ask for, and
/// returns the keys that sign at `now`, the present one first. May be called
/// again after every crash.
///
/// # Errors
/// When the present key is in none of the files.
pub(crate) fn settle(dir: &Path, keys: &[LogKey], now: Time) -> Result<Vec<Ed25519Signer>, LogKeyError> {
    let path = dir.join(LOG_KEY_FILE);
    let Some((present, before)) = keys.split_last() else {
        return Ok(read(&path)?.into_iter().collect());
    };
    let mut held = read(&path)?;
    if held.as_ref().is_none_or(|key| key.vkey().to_string() != *present.vkey) {
        let next = next_file(dir, &present.vkey)?;
        let lost = || LogKeyError::Lost { vkey: present.vkey.to_string(), path: path.clone() };
        let next = next.ok_or_else(lost)?;
        if held.is_some() {
            rename(&path, &dir.join(PREVIOUS_KEY_FILE))?;
        }
        rename(&next, &path)?;
        sync_folder_of(&path)?;
        held = read(&path)?;
        // None of those that wait any more could follow this one.
        for waiting in next_files(dir)? {
            remove(&waiting)?;
        }
    }
    let Some(signer) = held else {
        return Err(LogKeyError::Lost { vkey: present.vkey.to_string(), path });
    };
    let mut signers = vec![signer];
    signers.extend(previous(dir, before, now)?);
    Ok(signers)
}

/// Removes keys that wait for an act that will never come: made by a process
/// that ended before it wrote the act. Called by the next process before it
/// takes requests, when what the log names has been settled; how many there
/// were.
///
/// # Errors
/// When they cannot be read or removed.
pub(crate) fn clear_waiting(dir: &Path) -> Result<usize, LogKeyError> {
    let waiting = next_files(dir)?;
    waiting.iter().try_for_each(|path| remove(path))?;
    Ok(waiting.len())
}

/// The key before the present one, while it signs beside it; its file goes
/// when it no longer does.
fn previous(dir: &Path, before: &[LogKey], now: Time) -> Result<Option<Ed25519Signer>, LogKeyError> {
    let path = dir.join(PREVIOUS_KEY_FILE);
    let Some(key) = read(&path)? else { return Ok(None) };
    let signs = before.iter().find(|named| *named.vkey == *key.vkey().to_string()).and_then(|named| named.until);
    if signs.is_some_and(|until| now < until) {
        return Ok(Some(key));
    }
    remove(&path)?;
    Ok(None)
}

fn next_files(dir: &Path) -> Result<Vec<PathBuf>, LogKeyError> {
    let io = |source| LogKeyError::Io { doing: "reading", path: dir.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_name().to_string_lossy().starts_with(NEXT_PREFIX) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn next_file(dir: &Path, vkey: &str) -> Result<Option<PathBuf>, LogKeyError> {
    for path in next_files(dir)? {
        if read(&path)?.is_some_and(|key| key.vkey().to_string() == vkey) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn read(path: &Path) -> Result<Option<Ed25519Signer>, LogKeyError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    let secret = |why: String| LogKeyError::Secret { path: path.to_owned(), why };
    let bytes = Zeroizing::new(read_secret_file(path)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| secret("this is not text".into()))?;
    Ed25519Signer::from_secret_file_text(text).map(Some).map_err(|error| secret(error.to_string()))
}

fn rename(from: &Path, to: &Path) -> Result<(), LogKeyError> {
    fs::rename(from, to).map_err(|source| LogKeyError::Io { doing: "renaming", path: from.to_owned(), source })
}

/// Removes a key that nobody signs with any more.
pub(crate) fn remove(path: &Path) -> Result<(), LogKeyError> {
    fs::remove_file(path).map_err(|source| LogKeyError::Io { doing: "removing", path: path.to_owned(), source })
}

/// Writes down for others the key that the published checkpoint is signed with.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn show(dir: &Path, vkey: &VerifierKey) -> Result<(), LogKeyError> {
    let path = dir.join(VKEY_FILE);
    let text = format!("{vkey}\n");
    if fs::read(&path).is_ok_and(|found| found == text.as_bytes()) {
        return Ok(());
    }
    Ok(write_file_atomically(&path, text.as_bytes(), 0o644)?)
}

#[cfg(test)]
mod tests;
