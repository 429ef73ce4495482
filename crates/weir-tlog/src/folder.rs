//! Publishing the log to a folder that any web server can serve.
//!
//! The folder is a projection of a durable store elsewhere and can be rebuilt
//! from it. Files go in one order: entries and tiles first, each as a temporary
//! file that is flushed and renamed, then their directories are flushed, and
//! the checkpoint comes last. So at any moment, also after a loss of power, the
//! checkpoint in the folder has all it needs beside it. Nothing published is
//! ever overwritten but the checkpoint.
//!
//! Known hole: when flushing a directory fails, some kernels report success the
//! next time although nothing was written. After [`PublishError::Disk`] retry
//! only what can be rebuilt; the folder can.

mod place;

use std::path::PathBuf;

use thiserror::Error;

use crate::CallbackError;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::disk::{Disk, RealDisk};
use crate::hash::{Hash, leaf_hash};
use crate::note::{SignedNote, VerifierKey};
use crate::source::{FolderSource, LogSource, ReadError, SourceError, read_hashes};
use crate::tile::{BundleId, FULL_WIDTH, LogPath, TileError, TileId, append_entry, encode_hashes};
use crate::tree::TileEdge;

use place::Placer;

/// Reads entry `index` from the durable store.
pub type ReadEntry<'a> = dyn FnMut(u64) -> Result<Vec<u8>, CallbackError> + 'a;

/// Why nothing, or not all, was published. The checkpoint in the folder is the
/// one of before in every case.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The checkpoint to publish is not one of this log.
    #[error("the checkpoint to publish: {0}")]
    Checkpoint(#[source] CheckpointError),
    /// The folder holds a checkpoint this log's key did not sign.
    #[error(
        "the folder holds a checkpoint that is not this log's ({0}); \
         publish to another folder, or move that log away"
    )]
    OtherLog(#[source] CheckpointError),
    /// The folder is ahead of the store: publishing would fork the log.
    #[error(
        "the folder's checkpoint has {published} entries, the new one {new}: \
         the store was restored from an older copy and must not sign again"
    )]
    Behind {
        /// Size in the folder.
        published: u64,
        /// Size to publish.
        new: u64,
    },
    /// The folder's checkpoint is of another history.
    #[error(
        "the folder's checkpoint over {size} entries has root {published}, \
         the store's entries give {computed}: these are two different logs"
    )]
    Fork {
        /// Size of the published checkpoint.
        size: u64,
        /// Its root.
        published: Hash,
        /// Root of the store's entries at that size.
        computed: Hash,
    },
    /// Signatures came for a checkpoint that is not in the folder.
    #[error("the folder's checkpoint is not the one of {size} entries that these signatures are for")]
    OtherCheckpoint {
        /// Size of the checkpoint with the new signatures.
        size: u64,
    },
    /// The entries do not give the root that was signed.
    #[error("the {size} entries give root {computed}, but {signed} was signed; nothing was published")]
    Root {
        /// Size of the new checkpoint.
        size: u64,
        /// Root the entries give.
        computed: Hash,
        /// Root in the new checkpoint.
        signed: Hash,
    },
    /// An entry could not be read.
    #[error("cannot read entry {index} from the store: {source}")]
    Entry {
        /// Index of the entry.
        index: u64,
        /// Why.
        #[source]
        source: CallbackError,
    },
    /// An entry does not fit a bundle.
    #[error("entry {index} cannot be published: {source}")]
    EntryTooLong {
        /// Index of the entry.
        index: u64,
        /// Why.
        #[source]
        source: TileError,
    },
    /// A published file is not what the entries give.
    #[error(
        "{path} is already published with other content and is not overwritten; \
         if the store is right, move that file away and publish from size 0"
    )]
    Differs {
        /// Path in the log.
        path: LogPath,
    },
    /// A file of the folder is missing or damaged.
    #[error("cannot continue from what is published: {0}; publish from size 0 to rebuild it")]
    Read(#[from] ReadError),
    /// The disk failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Disk {
        /// What was being done.
        action: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// What one call to [`FolderPublisher::publish`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The checkpoint now in the folder.
    pub checkpoint: Checkpoint,
    /// Tiles and bundles written; those that were there already not counted.
    pub files_written: u64,
}

/// Writes one log to one folder. There must be only one publisher for a folder
/// at a time; the owner of the store's lock is it.
#[derive(Debug)]
pub struct FolderPublisher<D: Disk = RealDisk> {
    folder: FolderSource<D>,
    keys: Vec<VerifierKey>,
}

impl FolderPublisher {
    /// Publishes the log of `key` to folder `root`, which must exist.
    pub fn new(root: impl Into<PathBuf>, key: VerifierKey) -> Self {
        Self::on_disk(root, key, RealDisk)
    }
}

impl<D: Disk> FolderPublisher<D> {
    /// The same on the given disk.
    pub fn on_disk(root: impl Into<PathBuf>, key: VerifierKey, disk: D) -> Self {
        Self { folder: FolderSource::on_disk(root, disk), keys: vec![key] }
    }

    /// From now on any of these keys of the log may have signed a checkpoint,
    /// as while one takes over from another.
    pub fn set_keys(&mut self, keys: Vec<VerifierKey>) {
        self.keys = keys;
    }

    /// The folder, to read from.
    pub fn folder(&self) -> &FolderSource<D> {
        &self.folder
    }

    /// The checkpoint in the folder, if there is one.
    pub fn published(&self) -> Result<Option<Checkpoint>, PublishError> {
        let bytes = self.folder.read(LogPath::Checkpoint);
        let bytes = bytes.map_err(ReadError::from)?;
        bytes.map(|bytes| Checkpoint::open_any(&bytes, &self.keys)).transpose().map_err(PublishError::OtherLog)
    }

    /// The same with its signatures.
    pub fn published_note(&self) -> Result<Option<SignedNote>, PublishError> {
        let bytes = self.folder.read(LogPath::Checkpoint).map_err(ReadError::from)?;
        let note = bytes.map(|bytes| SignedNote::parse(&bytes)).transpose();
        note.map_err(|error| PublishError::OtherLog(error.into()))
    }

    /// Puts the same checkpoint with other signatures in the place of the one
    /// in the folder, as when a witness cosigned it meanwhile.
    ///
    /// # Errors
    /// [`PublishError::OtherCheckpoint`] where the folder holds another one.
    pub fn replace_signatures(&mut self, signed_checkpoint: &str) -> Result<(), PublishError> {
        let new = Checkpoint::open_any(signed_checkpoint.as_bytes(), &self.keys).map_err(PublishError::Checkpoint)?;
        if self.published()?.as_ref() != Some(&new) {
            return Err(PublishError::OtherCheckpoint { size: new.size });
        }
        Placer::new(&self.folder).replace_checkpoint(signed_checkpoint)
    }

    /// Publishes the log up to `signed_checkpoint`.
    ///
    /// `old_size` is the size known to be published; 0 rebuilds everything and
    /// repairs what is missing. If the folder's own checkpoint is smaller it
    /// counts instead. Entries are read from the last full bundle before that
    /// size on, twice: the roots are checked before the first file is written.
    pub fn publish(
        &mut self,
        old_size: u64,
        read_entry: &mut ReadEntry<'_>,
        signed_checkpoint: &str,
    ) -> Result<Published, PublishError> {
        let checkpoint =
            Checkpoint::open_any(signed_checkpoint.as_bytes(), &self.keys).map_err(PublishError::Checkpoint)?;
        let published = self.published()?;
        if let Some(before) = published.as_ref().filter(|it| it.size > checkpoint.size) {
            return Err(PublishError::Behind { published: before.size, new: checkpoint.size });
        }
        let known = old_size.min(published.as_ref().map_or(0, |before| before.size));
        let edge = self.edge_at(known - known % u64::from(FULL_WIDTH))?;
        rehearse(edge.clone(), published.as_ref(), &checkpoint, read_entry)?;

        let mut placer = Placer::new(&self.folder);
        let full_tiles = write_tiles(edge, &checkpoint, read_entry, &mut placer)?;
        placer.sync_directories()?;
        placer.replace_checkpoint(signed_checkpoint)?;
        for tile in full_tiles {
            placer.remove_superseded_partials(tile)?;
        }
        Ok(Published { checkpoint, files_written: placer.files_written() })
    }

    /// The right edge of the published tree at `size`, a whole number of full
    /// bundles, out of the folder's own tiles.
    fn edge_at(&self, size: u64) -> Result<TileEdge, PublishError> {
        Ok(TileEdge::resume(size, &mut |tile| read_hashes(&self.folder, tile))?)
    }
}

/// Walks the entries without writing, so that nothing wrong is ever published.
fn rehearse(
    mut edge: TileEdge,
    published: Option<&Checkpoint>,
    checkpoint: &Checkpoint,
    read_entry: &mut ReadEntry<'_>,
) -> Result<(), PublishError> {
    refuse_fork(&edge, published)?;
    while edge.size() < checkpoint.size {
        let entry = entry_at(edge.size(), read_entry)?;
        edge.push(leaf_hash(&entry), |_, _| Ok::<(), PublishError>(()))?;
        refuse_fork(&edge, published)?;
    }
    same_root(&edge, checkpoint)
}

fn refuse_fork(edge: &TileEdge, published: Option<&Checkpoint>) -> Result<(), PublishError> {
    let Some(published) = published.filter(|it| it.size == edge.size()) else {
        return Ok(());
    };
    let computed = edge.root();
    if computed == published.root {
        return Ok(());
    }
    Err(PublishError::Fork { size: published.size, published: published.root, computed })
}

fn same_root(edge: &TileEdge, checkpoint: &Checkpoint) -> Result<(), PublishError> {
    let computed = edge.root();
    if computed == checkpoint.root {
        return Ok(());
    }
    Err(PublishError::Root { size: checkpoint.size, computed, signed: checkpoint.root })
}

/// Writes every bundle and tile from the edge up to the checkpoint's size and
/// returns the full tiles among them.
fn write_tiles<D: Disk>(
    mut edge: TileEdge,
    checkpoint: &Checkpoint,
    read_entry: &mut ReadEntry<'_>,
    placer: &mut Placer<'_, D>,
) -> Result<Vec<TileId>, PublishError> {
    let mut full_tiles = Vec::new();
    let first = edge.size() / u64::from(FULL_WIDTH);
    for index in first.. {
        let Some(bundle) = BundleId::in_tree(index, checkpoint.size) else {
            break;
        };
        let mut bytes = Vec::new();
        let mut leaves = Vec::new();
        for _ in 0..bundle.width {
            let position = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
            let index = bundle.first_entry().saturating_add(position);
            let entry = entry_at(index, read_entry)?;
            append_entry(&mut bytes, &entry).map_err(|source| PublishError::EntryTooLong { index, source })?;
            leaves.push(leaf_hash(&entry));
        }
        placer.place(LogPath::Bundle(bundle), &bytes)?;
        for leaf in leaves {
            edge.push(leaf, |tile, hashes: &[Hash]| {
                full_tiles.push(tile);
                placer.place(LogPath::Tile(tile), &encode_hashes(hashes))
            })?;
        }
    }
    for (tile, hashes) in edge.partial_tiles() {
        placer.place(LogPath::Tile(tile), &encode_hashes(hashes))?;
    }
    // The entries were read a second time; a store that gave others this time
    // must not get its checkpoint out.
    same_root(&edge, checkpoint)?;
    Ok(full_tiles)
}

fn entry_at(index: u64, read_entry: &mut ReadEntry<'_>) -> Result<Vec<u8>, PublishError> {
    read_entry(index).map_err(|source| PublishError::Entry { index, source })
}

impl From<SourceError> for PublishError {
    fn from(error: SourceError) -> Self {
        Self::Read(error.into())
    }
}

#[cfg(test)]
mod crashes;
#[cfg(test)]
mod tests;
