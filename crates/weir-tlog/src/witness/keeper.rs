//! A witness with its memory: which logs it follows, and what it cosigned last
//! of each, in a folder. A checkpoint is on the disk before its cosignature
//! leaves, so a witness that dies at any moment never cosigns a second history.
//!
//! What is remembered of a log is the checkpoint with the witness's own
//! cosignature: so the memory is checked by the witness's key alone, and a log
//! that changes its key is still the same log.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::{AddCheckpoint, WitnessRefusal, WitnessedLog};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::disk::{Disk, RealDisk};
use crate::note::cosigner::{CosignatureError, Cosigner, CosignerKey};
use crate::note::{MAX_NOTE_BYTES, NoteError, NoteSignature, SignedNote, VerifierKey};

const TEMPORARY_PREFIX: &str = ".new-";
const REMEMBERED_SUFFIX: &str = ".checkpoint";
/// Bytes of an origin's hash that name its file: enough never to meet.
const NAME_BYTES: usize = 16;

/// Why a witness cannot start, or did not cosign.
#[derive(Debug, Error)]
pub enum WitnessError {
    /// The request was not to be cosigned.
    #[error(transparent)]
    Refused(#[from] WitnessRefusal),
    /// The memory could not be read or written; nothing was cosigned.
    #[error("cannot {action} {}: {source}", path.display())]
    Disk {
        /// What was being done.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What is remembered of a log is not what this witness wrote.
    #[error(
        "{} is damaged: {why}; without it a fork could be cosigned: put it back from a copy, \
         or begin a witness with a new key in a new folder",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// A witness of some logs.
#[derive(Debug)]
pub struct WitnessKeeper<D: Disk = RealDisk> {
    folder: PathBuf,
    disk: D,
    cosigner: Cosigner,
    logs: BTreeMap<String, WitnessedLog>,
}

impl WitnessKeeper {
    /// The witness with this key, remembering in `folder`, which must exist.
    /// Keys of one name are keys of one log, any of which may sign it.
    ///
    /// # Errors
    /// [`WitnessError::Damaged`], [`WitnessError::Disk`].
    pub fn open(
        folder: impl Into<PathBuf>,
        cosigner: Cosigner,
        keys: impl IntoIterator<Item = VerifierKey>,
    ) -> Result<Self, WitnessError> {
        Self::on_disk(folder, RealDisk, cosigner, keys)
    }
}

impl<D: Disk> WitnessKeeper<D> {
    /// The same on the given disk.
    ///
    /// # Errors
    /// As [`WitnessKeeper::open`].
    pub fn on_disk(
        folder: impl Into<PathBuf>,
        disk: D,
        cosigner: Cosigner,
        keys: impl IntoIterator<Item = VerifierKey>,
    ) -> Result<Self, WitnessError> {
        let mut keeper = Self { folder: folder.into(), disk, cosigner, logs: BTreeMap::new() };
        let mut by_origin: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
        for key in keys {
            let of_log = by_origin.entry(key.name().to_owned()).or_default();
            if !of_log.contains(&key) {
                of_log.push(key);
            }
        }
        for (origin, keys) in by_origin {
            let latest = keeper.remembered(&origin)?;
            keeper.logs.insert(origin, WitnessedLog::new(keys, latest));
        }
        // What an earlier process renamed may not be on the disk yet; what is
        // read here is what is answered from, so it must be.
        keeper.sync()?;
        Ok(keeper)
    }

    /// The key others verify cosignatures with.
    pub fn vkey(&self) -> CosignerKey {
        self.cosigner.vkey()
    }

    /// The logs followed, and the last checkpoint cosigned of each.
    pub fn logs(&self) -> impl Iterator<Item = (&str, Option<&Checkpoint>)> {
        self.logs.iter().map(|(origin, log)| (origin.as_str(), log.latest()))
    }

    /// Checks, remembers and cosigns, as one step. `time` is in seconds since
    /// 1970.
    ///
    /// # Errors
    /// [`WitnessError::Refused`]; [`WitnessError::Disk`] where the checkpoint
    /// could not be made durable, so that nothing was cosigned.
    pub fn add_checkpoint(&mut self, request: &AddCheckpoint, time: u64) -> Result<NoteSignature, WitnessError> {
        let origin = request.origin()?;
        let Some(log) = self.logs.get(&origin) else {
            return Err(WitnessRefusal::UnknownLog { origin }.into());
        };
        let admitted = log.check(request)?;
        let line = self.cosigner.cosign(admitted.note.text(), time);
        if log.latest() != Some(&admitted.checkpoint) {
            let malformed = |error: NoteError| WitnessRefusal::Checkpoint(error.into());
            // Only the own cosignature is kept: it is what is checked later,
            // and however many lines a log sends, the file stays small.
            let remembered = SignedNote::unsigned(admitted.note.text())
                .and_then(|note| note.with_signatures([line.clone()]))
                .map_err(malformed)?;
            self.remember(&origin, &remembered)?;
        }
        if let Some(log) = self.logs.get_mut(&origin) {
            log.advance(&admitted);
        }
        Ok(line)
    }

    fn file(&self, origin: &str) -> PathBuf {
        let digest: [u8; 32] = Sha256::digest(origin).into();
        let name: String = digest.iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name + REMEMBERED_SUFFIX)
    }

    fn remembered(&self, origin: &str) -> Result<Option<Checkpoint>, WitnessError> {
        let path = self.file(origin);
        let limit = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
        let Some(bytes) = on(self.disk.read(&path, limit), "read", &path)? else { return Ok(None) };
        let damaged = |why: String| WitnessError::Damaged { path: path.clone(), why };
        let note = SignedNote::parse(&bytes).map_err(|error| damaged(error.to_string()))?;
        self.vkey().verify(&note).map_err(|error: CosignatureError| damaged(error.to_string()))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|error: CheckpointError| damaged(error.to_string()))?;
        if checkpoint.origin != origin {
            return Err(damaged(format!("it is of log {:?}, not of {origin:?}", checkpoint.origin)));
        }
        Ok(Some(checkpoint))
    }

    fn remember(&self, origin: &str, note: &SignedNote) -> Result<(), WitnessError> {
        let path = self.file(origin);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let temporary = path.with_file_name(format!("{TEMPORARY_PREFIX}{name}"));
        on(self.disk.write_synced(&temporary, note.to_string().as_bytes()), "write", &temporary)?;
        on(self.disk.rename(&temporary, &path), "rename to", &path)?;
        self.sync()
    }

    fn sync(&self) -> Result<(), WitnessError> {
        on(self.disk.sync_dir(&self.folder), "flush directory", &self.folder)
    }
}

fn on<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<T, WitnessError> {
    result.map_err(|source| WitnessError::Disk { action, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
