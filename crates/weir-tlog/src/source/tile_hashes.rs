//! Node hashes out of a log's tiles, so that proofs can be made from nothing
//! but the published files.

use std::cell::RefCell;
use std::collections::HashMap;

use super::{LogSource, ReadError, read_hashes};
use crate::hash::Hash;
use crate::proof::{HashSource, HashSourceError, complete_root};
use crate::tile::{FULL_WIDTH, TILE_HEIGHT, TileId};

/// The tree of `size` entries of a log, as its tiles have it. Each tile is read
/// once. The tiles are not verified: check the proof made from them.
pub struct TileHashes<'a> {
    source: &'a dyn LogSource,
    size: u64,
    tiles: RefCell<HashMap<TileId, Vec<Hash>>>,
}

impl<'a> TileHashes<'a> {
    /// The tree of the first `size` entries of the log at `source`.
    pub fn new(source: &'a dyn LogSource, size: u64) -> Self {
        Self { source, size, tiles: RefCell::new(HashMap::new()) }
    }

    fn hashes(&self, tile: TileId) -> Result<Vec<Hash>, ReadError> {
        if let Some(hashes) = self.tiles.borrow().get(&tile) {
            return Ok(hashes.clone());
        }
        let hashes = read_hashes(self.source, tile)?;
        self.tiles.borrow_mut().insert(tile, hashes.clone());
        Ok(hashes)
    }
}

impl HashSource for TileHashes<'_> {
    fn node(&self, level: u32, index: u64) -> Result<Hash, HashSourceError> {
        let failed = |source| HashSourceError { level, index, source };
        let outside = || failed(format!("it is not in a tree of {} entries", self.size).into());
        let tile_level = u8::try_from(level / TILE_HEIGHT).map_err(|_| outside())?;
        let height = level % TILE_HEIGHT;
        let first = index.checked_shl(height).ok_or_else(outside)?;
        let tile = TileId::in_tree(tile_level, first / u64::from(FULL_WIDTH), self.size).ok_or_else(outside)?;
        let hashes = self.hashes(tile).map_err(|error| failed(error.into()))?;
        let start = usize::try_from(first % u64::from(FULL_WIDTH)).map_err(|_| outside())?;
        let below = hashes.get(start..start.saturating_add(1 << height)).ok_or_else(outside)?;
        Ok(complete_root(below))
    }
}
