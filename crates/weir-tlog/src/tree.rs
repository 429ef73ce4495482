//! The growing tree, held by its right edge: [`Frontier`] is the smallest state
//! that can append and give the root, [`TileEdge`] the smallest that can also
//! give the tiles.

mod edge;

use thiserror::Error;

use crate::checkpoint::MAX_TREE_SIZE;
use crate::hash::{Hash, empty_root, node_hash};
use crate::tile::{FULL_WIDTH, TileId, hashes_at};

pub use edge::TileEdge;

/// The roots of the complete subtrees of a tree, largest first: one for each
/// bit set in its size. Enough to append and to compute the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Hash>,
}

/// A stored frontier that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrontierError {
    /// One hash is needed for each bit set in the size.
    #[error("a tree of {size} entries has {wanted} complete subtrees, {found} hashes were stored")]
    Length {
        /// Size given.
        size: u64,
        /// Hashes given.
        found: usize,
        /// Hashes needed.
        wanted: u32,
    },
    /// Larger than any tree a checkpoint can name.
    #[error("a tree of {size} entries is larger than the largest allowed, {MAX_TREE_SIZE}")]
    TooLarge {
        /// Size given.
        size: u64,
    },
}

impl Frontier {
    /// The frontier of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frontier stored as [`Frontier::hashes`] for a tree of `size`.
    pub fn from_hashes(size: u64, hashes: Vec<Hash>) -> Result<Self, FrontierError> {
        if size > MAX_TREE_SIZE {
            return Err(FrontierError::TooLarge { size });
        }
        if u32::try_from(hashes.len()) != Ok(size.count_ones()) {
            return Err(FrontierError::Length { size, found: hashes.len(), wanted: size.count_ones() });
        }
        Ok(Self { size, subtrees: hashes })
    }

    /// The roots of the complete subtrees, largest first: what to store.
    pub fn hashes(&self) -> &[Hash] {
        &self.subtrees
    }

    /// Appends one leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing one in the size is a complete subtree that the new
        // leaf makes the left half of a larger one.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.subtrees.pop() else {
                break;
            };
            hash = node_hash(left, hash);
        }
        self.subtrees.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// RFC 6962 root of the tree.
    pub fn root(&self) -> Hash {
        fold_subtrees(&self.subtrees).unwrap_or_else(empty_root)
    }
}

impl FromIterator<Hash> for Frontier {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut frontier = Self::new();
        leaves.into_iter().for_each(|leaf| frontier.push(leaf));
        frontier
    }
}

/// Joins the roots of neighbouring subtrees, the largest first; `None` of none.
pub(crate) fn fold_subtrees(subtrees: &[Hash]) -> Option<Hash> {
    subtrees.iter().rev().copied().reduce(|right, left| node_hash(left, right))
}

/// Every tile, full or partial, that a tree of `new_size` has and one of
/// `old_size` has not, level by level from the leaves. The entry bundles to
/// write are those of the tiles of level 0.
pub fn tiles_for_growth(old_size: u64, new_size: u64) -> Vec<TileId> {
    let mut tiles = Vec::new();
    for level in 0..u8::MAX {
        let old_hashes = hashes_at(level, old_size);
        let new_hashes = hashes_at(level, new_size);
        if new_hashes == 0 {
            break;
        }
        if old_hashes >= new_hashes {
            continue;
        }
        let first = old_hashes / u64::from(FULL_WIDTH);
        let grown = (first..).map_while(|index| TileId::in_tree(level, index, new_size));
        tiles.extend(grown);
    }
    tiles
}

#[cfg(test)]
mod tests;
