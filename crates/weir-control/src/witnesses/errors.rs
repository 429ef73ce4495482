//! What can go wrong with witnesses.

use std::path::PathBuf;

use weir_store::FolderError;
use weir_tlog::{CheckpointError, NoteError};

/// Witnesses cannot be asked, or what they know cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum WitnessesError {
    /// What was kept of a witness cannot be read.
    #[error(
        "{path}: {why}: it tells how much a witness cosigned; put the file back from a copy, or remove it, and the witness will tell",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The file of authorities.
    #[error("log.witness_ca_file {path}: {why}")]
    Authorities {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// No thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// What is said when a witness knows more than this database.
pub(super) fn is_ahead(name: &str, theirs: u64, ours: u64) -> String {
    format!(
        "witness {name} cosigned a checkpoint of {theirs} acts of this log, but only {ours} were signed here: this \
         database is an older copy. Put back the newest one, with its signed-checkpoint; where it is lost, start a \
         new log in a new folder. If the witness is wrong, take it out of [log] witnesses"
    )
}
