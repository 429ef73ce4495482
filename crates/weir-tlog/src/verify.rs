//! Checking a whole log from its published files alone: the checkpoint's
//! signature, every entry, every stored hash, the root. This is what a stranger
//! runs, so it names the first bad thing and never stops at "invalid".

mod replay;

use thiserror::Error;

use crate::CallbackError;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::note::VerifierKey;
use crate::proof::{HashSourceError, ProofError, check_consistency, prove_consistency};
use crate::source::{LogSource, ReadError, SourceError, TileHashes};
use crate::tile::{BundleId, LogPath};

use replay::Replay;

/// The first thing found wrong with a log.
#[derive(Debug, Error)]
pub enum VerifyFailure {
    /// There is no checkpoint, so no log.
    #[error("the log has no checkpoint; is this the folder or address of a log?")]
    NoCheckpoint,
    /// The checkpoint is malformed, not signed by the key, or of another log.
    #[error("the checkpoint is not to be trusted: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A file that the checkpoint's size asks for is missing or damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry is not the one the log signed.
    #[error("entry {index} in {path} was altered: it hashes to {computed}, the log holds {stored}")]
    Entry {
        /// Index of the entry.
        index: u64,
        /// Bundle it is in.
        path: LogPath,
        /// Hash of the entry as it is.
        computed: Hash,
        /// Hash in the tile of level 0.
        stored: Hash,
    },
    /// A stored hash is not the hash of what lies below it.
    #[error("{path} was altered: its hash {position} is {stored}, the entries give {computed}")]
    Tile {
        /// The tile.
        path: LogPath,
        /// Position of the hash in the tile, from 0.
        position: usize,
        /// Hash the entries give.
        computed: Hash,
        /// Hash found.
        stored: Hash,
    },
    /// A partial file of an earlier, smaller tree disagrees with the log.
    #[error("{path}, kept for readers of an older checkpoint, disagrees with the log")]
    OlderPartial {
        /// The file.
        path: LogPath,
    },
    /// Entries were altered together with the tile of their hashes, but not
    /// with the tile above it.
    #[error(
        "entries {first} to {last} and the tile of their hashes were altered together: \
         {path} holds another hash for them"
    )]
    EntryRange {
        /// First entry of the range.
        first: u64,
        /// Last entry of the range.
        last: u64,
        /// The tile that still knows better.
        path: LogPath,
    },
    /// Entries and tiles agree with each other but not with the checkpoint.
    #[error(
        "the {size} entries give root {computed}, the checkpoint was signed over {signed}: \
         entries and tiles were replaced together, or the log signed something else"
    )]
    Root {
        /// Size in the checkpoint.
        size: u64,
        /// Root the entries give.
        computed: Hash,
        /// Root in the checkpoint.
        signed: Hash,
    },
    /// Every hash holds, but the reader of entries refused one.
    #[error("entry {index} was refused: {source}")]
    Refused {
        /// Index of the entry.
        index: u64,
        /// Why.
        #[source]
        source: CallbackError,
    },
    /// The newer checkpoint does not contain the older one.
    #[error(
        "the log was rewritten between the checkpoints of {old} and {new} entries, \
         or its tiles were altered: {source}"
    )]
    Inconsistent {
        /// Size of the older checkpoint.
        old: u64,
        /// Size of the newer checkpoint.
        new: u64,
        /// What does not hold.
        #[source]
        source: ProofError,
    },
    /// The tiles needed to compare two checkpoints could not be read.
    #[error("cannot compare the checkpoints: {0}")]
    Hashes(#[from] HashSourceError),
}

impl From<SourceError> for VerifyFailure {
    fn from(error: SourceError) -> Self {
        Self::Read(error.into())
    }
}

/// Receives each entry with its index; an error is reported as
/// [`VerifyFailure::Refused`].
pub type OnEntry<'a> = dyn FnMut(u64, &[u8]) -> Result<(), CallbackError> + 'a;

/// What was checked when everything held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint, signed by the given key.
    pub checkpoint: Checkpoint,
    /// Entries whose hash was recomputed.
    pub entries: u64,
    /// Hash tiles compared, full and partial.
    pub tiles: u64,
}

/// Checks the log at `source` against `key`.
///
/// `on_entry` sees every entry in order while its stored leaf hash matches;
/// what it gathers is to be trusted only when the whole returns `Ok`, since the
/// root is known last. `progress` is told after each bundle how many entries of
/// how many are done.
pub fn verify_log(
    source: &dyn LogSource,
    key: &VerifierKey,
    on_entry: &mut OnEntry<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, VerifyFailure> {
    verify_log_of_any(source, std::slice::from_ref(key), on_entry, progress)
}

/// As [`verify_log`], where a log has several keys, one of which must have
/// signed.
pub fn verify_log_of_any(
    source: &dyn LogSource,
    keys: &[VerifierKey],
    on_entry: &mut OnEntry<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, VerifyFailure> {
    let bytes = source.read(LogPath::Checkpoint)?.ok_or(VerifyFailure::NoCheckpoint)?;
    let checkpoint = Checkpoint::open_any(&bytes, keys)?;
    let mut replay = Replay::new(source);
    for index in 0.. {
        let Some(bundle) = BundleId::in_tree(index, checkpoint.size) else {
            break;
        };
        replay.bundle(bundle, on_entry)?;
        progress(replay.entries(), checkpoint.size);
    }
    let tiles = replay.finish(&checkpoint)?;
    Ok(Verified { entries: checkpoint.size, tiles, checkpoint })
}

/// The log's current checkpoint, if `key` signed it.
pub fn read_checkpoint(source: &dyn LogSource, key: &VerifierKey) -> Result<Checkpoint, VerifyFailure> {
    let bytes = source.read(LogPath::Checkpoint)?.ok_or(VerifyFailure::NoCheckpoint)?;
    Ok(Checkpoint::open(&bytes, key)?)
}

/// Checks from the log's tiles that the tree of `old` is a prefix of the tree
/// of `new`: that nothing the older checkpoint covered was rewritten.
///
/// Both checkpoints must have been opened with the log's key.
pub fn verify_consistency(source: &dyn LogSource, old: &Checkpoint, new: &Checkpoint) -> Result<(), VerifyFailure> {
    if old.origin != new.origin {
        return Err(VerifyFailure::Checkpoint(CheckpointError::Origin {
            found: old.origin.clone(),
            wanted: new.origin.clone(),
        }));
    }
    let hashes = TileHashes::new(source, new.size);
    let checked = prove_consistency(&hashes, old.size, new.size)
        .and_then(|proof| check_consistency(old.size, old.root, new.size, new.root, &proof));
    checked.map_err(|error| match error {
        ProofError::Source(error) => VerifyFailure::Hashes(error),
        source => VerifyFailure::Inconsistent { old: old.size, new: new.size, source },
    })
}

#[cfg(test)]
mod tests;
