//! Tiles (c2sp.org/tlog-tiles): the tree and the entries cut into files of 256,
//! their coordinates, their paths and their bytes.
//!
//! A full tile never changes; a partial one (`.p/<W>`) never changes either,
//! because its width is part of its name.

mod path;

use std::fmt;

use thiserror::Error;

use crate::hash::Hash;

pub use path::{LogPath, PathError};

/// Hashes in a full hash tile, entries in a full bundle.
pub const FULL_WIDTH: u16 = 256;
/// Tree levels in one tile: 256 is two to the eighth.
pub const TILE_HEIGHT: u32 = 8;
/// Largest entry, in bytes: its length is written as a uint16.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;
/// Largest entry bundle, in bytes.
pub const MAX_BUNDLE_BYTES: u64 = FULL_WIDTH as u64 * (2 + u16::MAX as u64);

const LENGTH_PREFIX_BYTES: usize = 2;

/// The coordinates of one hash tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// Tile level: 0 holds leaf hashes, each above it the roots of full tiles
    /// below. At most 63.
    pub level: u8,
    /// Which tile of its level, from 0.
    pub index: u64,
    /// Hashes in it: 256, or 1 to 255 when partial.
    pub width: u16,
}

/// The coordinates of one entry bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId {
    /// Which bundle, from 0; it starts at entry `256 * index`.
    pub index: u64,
    /// Entries in it: 256, or 1 to 255 when partial.
    pub width: u16,
}

impl TileId {
    /// The tile as the tree of `size` entries needs it, or `None` if that tree
    /// has no hash in it.
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let width = width_in(hashes_at(level, size), index)?;
        Some(Self { level, index, width })
    }

    /// Whether the tile holds all 256 hashes.
    pub fn is_full(&self) -> bool {
        self.width == FULL_WIDTH
    }

    /// The full tile of the same place, which may have replaced this one.
    pub fn full(self) -> Self {
        Self { width: FULL_WIDTH, ..self }
    }

    /// The entry bundle beside a tile of level 0.
    pub fn bundle(&self) -> BundleId {
        BundleId { index: self.index, width: self.width }
    }
}

impl BundleId {
    /// The bundle as the tree of `size` entries needs it, or `None` if that
    /// tree has no entry in it.
    pub fn in_tree(index: u64, size: u64) -> Option<Self> {
        width_in(size, index).map(|width| Self { index, width })
    }

    /// Whether the bundle holds all 256 entries.
    pub fn is_full(&self) -> bool {
        self.width == FULL_WIDTH
    }

    /// The full bundle of the same place.
    pub fn full(self) -> Self {
        Self { width: FULL_WIDTH, ..self }
    }

    /// The tile of level 0 that holds the hashes of these entries.
    pub fn tile(&self) -> TileId {
        TileId { level: 0, index: self.index, width: self.width }
    }

    /// Index in the log of the first entry.
    pub fn first_entry(&self) -> u64 {
        self.index.saturating_mul(u64::from(FULL_WIDTH))
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&LogPath::Tile(*self), formatter)
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&LogPath::Bundle(*self), formatter)
    }
}

/// How many hashes tile level `level` of a tree of `size` entries has.
pub fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(TILE_HEIGHT.saturating_mul(u32::from(level))).unwrap_or(0)
}

fn width_in(hashes: u64, index: u64) -> Option<u16> {
    let start = index.checked_mul(u64::from(FULL_WIDTH))?;
    let width = hashes.checked_sub(start)?.min(u64::from(FULL_WIDTH));
    u16::try_from(width).ok().filter(|&width| width > 0)
}

/// Why the bytes of a tile or bundle were refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TileError {
    /// A hash tile of another length than its width asks for.
    #[error("the tile has {found} bytes, its width asks for {wanted}")]
    TileLength {
        /// Bytes found.
        found: usize,
        /// Bytes expected.
        wanted: usize,
    },
    /// The bundle ends inside an entry.
    #[error("the bundle ends within entry {position} of {width}, at byte {offset}")]
    BundleEnds {
        /// Position of the entry in the bundle, from 0.
        position: usize,
        /// Entries the bundle should have.
        width: u16,
        /// Where the entry starts.
        offset: usize,
    },
    /// Bytes follow the last entry.
    #[error("{extra} bytes follow the last of {width} entries in the bundle")]
    BundleTrails {
        /// Entries the bundle should have.
        width: u16,
        /// Bytes left over.
        extra: usize,
    },
    /// The entry does not fit its length prefix.
    #[error("an entry has {bytes} bytes, more than the {MAX_ENTRY_BYTES} a bundle can carry")]
    EntryTooLong {
        /// Its length.
        bytes: usize,
    },
}

/// The bytes of a hash tile.
pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Reads a hash tile of exactly `width` hashes.
pub fn decode_hashes(bytes: &[u8], width: u16) -> Result<Vec<Hash>, TileError> {
    let (chunks, rest) = bytes.as_chunks::<{ Hash::BYTES }>();
    if chunks.len() != usize::from(width) || !rest.is_empty() {
        return Err(TileError::TileLength {
            found: bytes.len(),
            wanted: usize::from(width).saturating_mul(Hash::BYTES),
        });
    }
    Ok(chunks.iter().copied().map(Hash).collect())
}

/// Appends one entry, with its length, to the bytes of a bundle.
pub fn append_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
    let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { bytes: entry.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The bytes of a bundle of these entries.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, TileError> {
    let mut bundle = Vec::new();
    for entry in entries {
        append_entry(&mut bundle, entry.as_ref())?;
    }
    Ok(bundle)
}

/// Reads a bundle of exactly `width` entries.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::with_capacity(usize::from(width));
    let mut rest = bytes;
    for position in 0..usize::from(width) {
        let Some((entry, after)) = split_entry(rest) else {
            return Err(TileError::BundleEnds { position, width, offset: bytes.len().saturating_sub(rest.len()) });
        };
        entries.push(entry);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(TileError::BundleTrails { width, extra: rest.len() });
    }
    Ok(entries)
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_PREFIX_BYTES>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests;
