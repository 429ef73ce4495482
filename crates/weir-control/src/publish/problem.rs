//! Why a log is not signed or not published.

use std::path::PathBuf;

use weir_acts::Time;
use weir_store::{FolderError, StoreError};
use weir_tlog::folder::PublishError;
use weir_tlog::{CheckpointError, FrontierError, NoteError};

use crate::backup::BackupError;
use crate::log_keys::LogKeyError;
use crate::witnesses::WitnessesError;

/// Why the log cannot be signed or published.
#[derive(Debug, thiserror::Error)]
pub enum PublicationError {
    /// The database ends before what was signed.
    #[error(
        "the database holds {found} acts, but a checkpoint of {signed} acts was signed: this is an older copy; put back the newest database, or start a new log in a new folder"
    )]
    Behind {
        /// Acts in the database.
        found: u64,
        /// Acts signed for.
        signed: u64,
    },
    /// The database ends before what a witness cosigned.
    #[error(
        "the database holds {found} acts, but {path} says that a witness cosigned {cosigned}: this is an older copy; put back the newest database, or start a new log in a new folder", path = path.display()
    )]
    BehindWitness {
        /// Acts in the database.
        found: u64,
        /// Acts cosigned.
        cosigned: u64,
        /// Where that is kept.
        path: PathBuf,
    },
    /// The database holds another history than the one a witness cosigned.
    #[error(
        "the first {cosigned} acts of the database are not the ones that a witness cosigned, as {path} has it: this database is a fork; put back the one that was signed", path = path.display()
    )]
    BesideWitness {
        /// Acts cosigned.
        cosigned: u64,
        /// Where that is kept.
        path: PathBuf,
    },
    /// Something showed that this database may not sign any more.
    #[error("{0}")]
    Halted(String),
    /// The folder is a backup that nobody has confirmed.
    #[error(
        "{dir} is a backup of {size} acts, made at {at}: before it signs again, say what the world has seen last of this log, by `weir restore --data {dir} --latest URL-OF-THE-LOG` (or a checkpoint or receipt that somebody kept)", dir = dir.display()
    )]
    Unconfirmed {
        /// The folder.
        dir: PathBuf,
        /// Acts in it.
        size: u64,
        /// When it was made.
        at: Time,
    },
    /// What a backup says about itself cannot be read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The log's keys.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
    /// Witnesses.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// The database holds another history than the one signed.
    #[error(
        "the first {signed} acts of the database are not the ones a checkpoint was signed for: this database is a fork; put back the one that was signed"
    )]
    Fork {
        /// Acts signed for.
        signed: u64,
    },
    /// The last signed checkpoint cannot be read.
    #[error("{path}: {why}: without it a fork could be signed; restore the file from a backup no older than the database", path = path.display())]
    Signed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: CheckpointError,
    },
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The tiles could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The checkpoint could not be signed.
    #[error(transparent)]
    Sign(#[from] CheckpointError),
    /// The note could not be put together.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The tree could not be rebuilt.
    #[error(transparent)]
    Tree(#[from] FrontierError),
}
