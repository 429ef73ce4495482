//! The rightmost tile of every level: what is needed to write the next tiles
//! without reading the whole tree again.

use super::{Frontier, fold_subtrees};
use crate::hash::{Hash, empty_root};
use crate::tile::{FULL_WIDTH, TILE_HEIGHT, TileId, hashes_at};

/// The unfinished tile of each level, level 0 first, of a tree that grows leaf
/// by leaf. No level ever holds 256 hashes: a full tile is handed out at once
/// and its root moves one level up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileEdge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl TileEdge {
    /// The edge of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a tree of `size` whose partial tiles `read_tile` returns.
    /// `read_tile` must return exactly as many hashes as the tile is wide; the
    /// caller checks them by comparing [`TileEdge::root`] with a known root.
    pub fn resume<E>(size: u64, read_tile: &mut dyn FnMut(TileId) -> Result<Vec<Hash>, E>) -> Result<Self, E> {
        let mut levels = Vec::new();
        for level in 0..u8::MAX {
            let hashes = hashes_at(level, size);
            if hashes == 0 {
                break;
            }
            let unfinished = hashes / u64::from(FULL_WIDTH);
            let tile = TileId::in_tree(level, unfinished, size);
            levels.push(tile.map(&mut *read_tile).transpose()?.unwrap_or_default());
        }
        Ok(Self { size, levels })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf; `on_full` receives each tile it completes, from the
    /// leaves up.
    pub fn push<E>(&mut self, leaf: Hash, mut on_full: impl FnMut(TileId, &[Hash]) -> Result<(), E>) -> Result<(), E> {
        self.size = self.size.saturating_add(1);
        let mut hash = leaf;
        for level in 0..u8::MAX {
            let depth = usize::from(level);
            if self.levels.len() <= depth {
                self.levels.push(Vec::new());
            }
            let Some(unfinished) = self.levels.get_mut(depth) else {
                break;
            };
            unfinished.push(hash);
            if unfinished.len() < usize::from(FULL_WIDTH) {
                break;
            }
            let finished = std::mem::take(unfinished);
            let index = hashes_at(level, self.size) / u64::from(FULL_WIDTH);
            let tile = TileId { level, index: index.saturating_sub(1), width: FULL_WIDTH };
            on_full(tile, &finished)?;
            hash = finished.into_iter().collect::<Frontier>().root();
        }
        Ok(())
    }

    /// The partial tiles of the tree as it is now, from the leaves up.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        let size = self.size;
        (0..u8::MAX).zip(&self.levels).filter_map(move |(level, hashes)| {
            let width = u16::try_from(hashes.len()).ok().filter(|&width| width > 0)?;
            let tile = TileId {
                level,
                index: size.checked_shr(TILE_HEIGHT.saturating_mul(u32::from(level) + 1)).unwrap_or(0),
                width,
            };
            Some((tile, hashes.as_slice()))
        })
    }

    /// RFC 6962 root of the tree.
    pub fn root(&self) -> Hash {
        let mut right: Option<Hash> = None;
        for hashes in &self.levels {
            // The part of the tree right of this level's hashes is smaller
            // than any of them, so it joins as the last, incomplete subtree.
            let level: Frontier = hashes.iter().copied().collect();
            let mut subtrees = level.hashes().to_vec();
            subtrees.extend(right);
            right = fold_subtrees(&subtrees);
        }
        right.unwrap_or_else(empty_root)
    }
}
