//! Where a log is read from: a folder here, a web server or memory elsewhere.
//! Nothing that comes from a source is trusted; sizes are bounded before
//! anything is read.

mod tile_hashes;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::CallbackError;
use crate::disk::{Disk, RealDisk};
use crate::hash::Hash;
use crate::note::MAX_NOTE_BYTES;
use crate::tile::{BundleId, FULL_WIDTH, LogPath, MAX_ENTRY_BYTES, TileError, TileId, decode_bundle, decode_hashes};

pub use tile_hashes::TileHashes;

/// A log laid out as c2sp.org/tlog-tiles, read file by file.
pub trait LogSource {
    /// The bytes of one file; `None` when the log does not have it. Read no
    /// more than [`max_bytes`] and return [`SourceError::TooLarge`] beyond.
    fn read(&self, path: LogPath) -> Result<Option<Vec<u8>>, SourceError>;

    /// Widths of the partial files kept beside `full`, if the source can tell.
    /// Those that a larger tree left behind are checked too.
    fn partial_widths(&self, _full: LogPath) -> Result<Vec<u16>, SourceError> {
        Ok(Vec::new())
    }
}

/// A file of the log could not be read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The disk or the network failed.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Path in the log.
        path: LogPath,
        /// What failed.
        #[source]
        source: CallbackError,
    },
    /// The file is larger than any such file may be.
    #[error("{path} is larger than the {max_bytes} bytes it may have")]
    TooLarge {
        /// Path in the log.
        path: LogPath,
        /// The limit.
        max_bytes: u64,
    },
}

/// A tile or bundle is not there or not what it should be.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The checkpoint's size asks for it and it is not there.
    #[error("{path} is missing")]
    Missing {
        /// Path in the log.
        path: LogPath,
    },
    /// A hash tile of a wrong length.
    #[error("{path} is damaged: {source}")]
    Tile {
        /// Path in the log.
        path: LogPath,
        /// What is wrong.
        #[source]
        source: TileError,
    },
    /// A bundle whose entries cannot be told apart.
    #[error("{path} is damaged at entry {entry}: {source}")]
    Bundle {
        /// Path in the log.
        path: LogPath,
        /// Index in the log of the first entry that cannot be read.
        entry: u64,
        /// What is wrong.
        #[source]
        source: TileError,
    },
}

/// The most bytes the file at `path` can have.
pub fn max_bytes(path: LogPath) -> u64 {
    let most = match path {
        LogPath::Checkpoint => MAX_NOTE_BYTES,
        LogPath::Tile(tile) => usize::from(tile.width).saturating_mul(Hash::BYTES),
        LogPath::Bundle(bundle) => usize::from(bundle.width).saturating_mul(MAX_ENTRY_BYTES.saturating_add(2)),
    };
    u64::try_from(most).unwrap_or(u64::MAX)
}

/// Reads a hash tile. A log may replace a partial tile by the full one, so the
/// full one is asked for when the partial one is missing.
pub fn read_hashes(source: &dyn LogSource, tile: TileId) -> Result<Vec<Hash>, ReadError> {
    let (bytes, found) = match source.read(LogPath::Tile(tile))? {
        Some(bytes) => (bytes, tile),
        None => match source.read(LogPath::Tile(tile.full()))? {
            Some(bytes) => (bytes, tile.full()),
            None => return Err(missing(LogPath::Tile(tile))),
        },
    };
    let mut hashes =
        decode_hashes(&bytes, found.width).map_err(|source| ReadError::Tile { path: LogPath::Tile(found), source })?;
    hashes.truncate(usize::from(tile.width));
    Ok(hashes)
}

/// Reads an entry bundle, or the full one that replaced it, and returns its
/// entries, at least as many as asked for.
pub fn read_bundle(source: &dyn LogSource, bundle: BundleId) -> Result<Vec<Vec<u8>>, ReadError> {
    let (bytes, found) = match source.read(LogPath::Bundle(bundle))? {
        Some(bytes) => (bytes, bundle),
        None => match source.read(LogPath::Bundle(bundle.full()))? {
            Some(bytes) => (bytes, bundle.full()),
            None => return Err(missing(LogPath::Bundle(bundle))),
        },
    };
    let entries = decode_bundle(&bytes, found.width).map_err(|source| ReadError::Bundle {
        path: LogPath::Bundle(found),
        entry: first_unreadable(found, &source),
        source,
    })?;
    let wanted = usize::from(bundle.width);
    Ok(entries.into_iter().take(wanted).map(<[u8]>::to_vec).collect())
}

fn missing(path: LogPath) -> ReadError {
    ReadError::Missing { path }
}

fn first_unreadable(bundle: BundleId, error: &TileError) -> u64 {
    let position = match *error {
        TileError::BundleEnds { position, .. } => position,
        _ => usize::from(bundle.width),
    };
    bundle.first_entry().saturating_add(u64::try_from(position).unwrap_or(u64::MAX))
}

/// A log in a folder: `checkpoint`, `tile/...`, as [`crate::FolderPublisher`]
/// writes it.
#[derive(Debug, Clone)]
pub struct FolderSource<D: Disk = RealDisk> {
    root: PathBuf,
    disk: D,
}

impl FolderSource {
    /// The log in folder `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::on_disk(root, RealDisk)
    }
}

impl<D: Disk> FolderSource<D> {
    /// The log in folder `root` of the given disk.
    pub fn on_disk(root: impl Into<PathBuf>, disk: D) -> Self {
        Self { root: root.into(), disk }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn disk(&self) -> &D {
        &self.disk
    }

    pub(crate) fn locate(&self, path: LogPath) -> PathBuf {
        self.root.join(path.to_string())
    }

    /// The directory of the partial files of a full tile or bundle.
    pub(crate) fn partials_of(&self, full: LogPath) -> PathBuf {
        self.root.join(format!("{full}.p"))
    }
}

impl<D: Disk> LogSource for FolderSource<D> {
    fn read(&self, path: LogPath) -> Result<Option<Vec<u8>>, SourceError> {
        let max_bytes = max_bytes(path);
        let read = self.disk.read(&self.locate(path), max_bytes);
        let bytes = read.map_err(|error| SourceError::Read { path, source: error.into() })?;
        let length = bytes.as_ref().map_or(0, Vec::len);
        if u64::try_from(length).unwrap_or(u64::MAX) > max_bytes {
            return Err(SourceError::TooLarge { path, max_bytes });
        }
        Ok(bytes)
    }

    fn partial_widths(&self, full: LogPath) -> Result<Vec<u16>, SourceError> {
        let names = self.disk.list(&self.partials_of(full));
        let names = names.map_err(|error| SourceError::Read { path: full, source: error.into() })?;
        let width = |name: String| {
            let width: u16 = name.parse().ok()?;
            ((1..FULL_WIDTH).contains(&width) && width.to_string() == name).then_some(width)
        };
        Ok(names.into_iter().filter_map(width).collect())
    }
}

#[cfg(test)]
mod tests;
