//! A copy becomes the log again only when somebody says what the world has
//! seen last: a checkpoint from the published log, from a receipt, from whoever
//! kept one. The copy must lead to it. Where the copy ends before it, what came
//! in between is lost, and to sign again would be to tell two histories: then
//! nothing is changed, and what is lost is told.
//!
//! Configured witnesses are asked too, with the checkpoint that was given: that
//! takes no new signature, and they answer with how much they have cosigned.

use std::fs;
use std::path::{Path, PathBuf};

use weir_store::durable::{sync_folder_of, write_file_atomically};
use weir_store::kind::FolderKind;
use weir_store::{FolderError, StoreError};
use weir_tlog::{Checkpoint, CheckpointError, FrontierError, SignedNote};

use crate::backup::{BACKUP_FILE, BackupError, unconfirmed};
use crate::boot::{self, BootError};
use crate::publish::{SIGNED_FILE, frontier_at};
use crate::witnesses::{Witness, WitnessesError, ask_once};

/// A checkpoint that the world has seen, and where it was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The signed checkpoint.
    pub note: SignedNote,
    /// Whence it came, as a person says it.
    pub from: String,
}

/// Why a copy does not become the log.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Nothing is waiting for it.
    #[error("{} is not a backup that waits to be confirmed: it has no {BACKUP_FILE}", dir.display())]
    NotABackup {
        /// The folder.
        dir: PathBuf,
    },
    /// A checkpoint is not one of this log.
    #[error("{from} is no checkpoint of this log: {why}")]
    Foreign {
        /// Whence it came.
        from: String,
        /// What is wrong with it.
        why: CheckpointError,
    },
    /// The copy ends before what the world has seen.
    #[error(
        "the backup holds {found} acts, but {from} shows a checkpoint of {seen}: acts {found} to {last} are lost, and this folder never signs. Look for a newer backup; without one, start a new log in a new folder, and say publicly that this one ended with {seen} acts", last = seen.saturating_sub(1)
    )]
    Behind {
        /// Acts in the copy.
        found: u64,
        /// Acts the world has seen.
        seen: u64,
        /// Where.
        from: String,
    },
    /// The copy is of another history.
    #[error(
        "the first {seen} acts of the backup are not the ones of the checkpoint that {from} shows: this is the backup of a fork, and this folder never signs"
    )]
    Beside {
        /// Acts the world has seen.
        seen: u64,
        /// Where.
        from: String,
    },
    /// A witness did not confirm.
    #[error("witness {name} does not confirm it: {why}")]
    Witness {
        /// Which.
        name: String,
        /// What it said.
        why: String,
    },
    /// The folder.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// What the copy says about itself.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tree.
    #[error(transparent)]
    Tree(#[from] FrontierError),
    /// A file.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Witnesses cannot be asked.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
}

/// Makes the copy in `dir` the log again. `seen` is what the world has seen,
/// at least one checkpoint. Every act is read and hashed on the way.
///
/// # Errors
/// [`RestoreError`]; then the folder is as it was and still signs nothing.
pub fn confirm(
    dir: &Path,
    seen: &[Seen],
    witnesses: &[Witness],
    witness_ca: Option<&Path>,
    progress: &dyn Fn(u64, u64),
) -> Result<Checkpoint, RestoreError> {
    if unconfirmed(dir)?.is_none() {
        return Err(RestoreError::NotABackup { dir: dir.to_owned() });
    }
    let booted = boot::open(dir, FolderKind::Serve, None, progress)?;
    let keys = booted.keys.clone();
    let own = fs::read(dir.join(SIGNED_FILE)).ok();
    let own = own.and_then(|text| SignedNote::parse(&text).ok()).map(|note| Seen { note, from: SIGNED_FILE.into() });
    let mut latest: Option<(Checkpoint, SignedNote)> = None;
    for Seen { note, from } in own.iter().chain(seen) {
        let checkpoint = Checkpoint::open_any(note.to_string().as_bytes(), &keys)
            .map_err(|why| RestoreError::Foreign { from: from.clone(), why })?;
        let found = booted.frontier.size();
        if checkpoint.size > found {
            return Err(RestoreError::Behind { found, seen: checkpoint.size, from: from.clone() });
        }
        if frontier_at(&*booted.store, checkpoint.size)?.is_none_or(|tree| tree.root() != checkpoint.root) {
            return Err(RestoreError::Beside { seen: checkpoint.size, from: from.clone() });
        }
        if latest.as_ref().is_none_or(|(latest, _)| latest.size <= checkpoint.size) {
            latest = Some((checkpoint, note.clone()));
        }
    }
    let Some((checkpoint, note)) = latest else { return Err(RestoreError::NotABackup { dir: dir.to_owned() }) };
    for witness in witnesses {
        let asked = ask_once(witness, &note, witness_ca)?;
        asked.map_err(|why| RestoreError::Witness { name: witness.vkey.name().to_owned(), why })?;
    }
    write_file_atomically(&dir.join(SIGNED_FILE), note.to_string().as_bytes(), 0o600)?;
    // Last: until it is gone the folder signs nothing.
    let marker = dir.join(BACKUP_FILE);
    fs::remove_file(&marker).map_err(|source| BackupError::Io { doing: "removing", path: marker.clone(), source })?;
    sync_folder_of(&marker)?;
    Ok(checkpoint)
}
