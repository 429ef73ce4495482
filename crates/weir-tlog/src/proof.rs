//! Inclusion and consistency proofs: made from any source of node hashes,
//! checked with nothing but the proof (RFC 6962 section 2.1, RFC 9162
//! sections 2.1.3.2 and 2.1.4.2).

mod check;
#[cfg(test)]
pub(crate) mod oracle;

use thiserror::Error;

use crate::CallbackError;
use crate::hash::{Hash, empty_root, node_hash};
use crate::tree::fold_subtrees;

pub use check::{check_consistency, check_inclusion};

/// Why a proof could not be made or does not hold.
#[derive(Debug, Error)]
pub enum ProofError {
    /// The entry is not in the tree.
    #[error("entry {index} is not in a tree of {size} entries")]
    NotInTree {
        /// Entry asked for.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The older tree is larger than the newer.
    #[error("a tree of {old} entries cannot have grown into one of {new}")]
    Shrunk {
        /// Size of the older tree.
        old: u64,
        /// Size of the newer tree.
        new: u64,
    },
    /// The proof has fewer or more hashes than the sizes ask for.
    #[error("the proof has {found} hashes, which is not the number its tree sizes ask for")]
    Length {
        /// Hashes in the proof.
        found: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to root {computed} of {size} entries, not to {wanted}")]
    Root {
        /// Size of the tree whose root differs.
        size: u64,
        /// Root the proof leads to.
        computed: Hash,
        /// Root it should lead to.
        wanted: Hash,
    },
    /// A node hash could not be had.
    #[error(transparent)]
    Source(#[from] HashSourceError),
}

/// A node's hash could not be had.
#[derive(Debug, Error)]
#[error("no hash of the node at level {level}, index {index}: {source}")]
pub struct HashSourceError {
    /// Level of the node; 0 holds the leaf hashes.
    pub level: u32,
    /// Index of the node in its level.
    pub index: u64,
    /// Why.
    #[source]
    pub source: CallbackError,
}

/// Gives the hash of any complete node of a tree: of the leaves
/// `index << level` up to, not including, `(index + 1) << level`.
pub trait HashSource {
    /// The hash of one node.
    fn node(&self, level: u32, index: u64) -> Result<Hash, HashSourceError>;
}

/// A tree whose leaf hashes are all in memory. Each node is hashed anew, so it
/// suits small trees, such as the rows of one import, and tests.
#[derive(Debug, Clone, Copy)]
pub struct LeafHashes<'a>(pub &'a [Hash]);

impl HashSource for LeafHashes<'_> {
    fn node(&self, level: u32, index: u64) -> Result<Hash, HashSourceError> {
        let range = || {
            let width = 1_usize.checked_shl(level)?;
            let start = usize::try_from(index).ok()?.checked_mul(width)?;
            self.0.get(start..start.checked_add(width)?)
        };
        let leaves = range().ok_or_else(|| HashSourceError {
            level,
            index,
            source: format!("the tree has only {} leaves", self.0.len()).into(),
        })?;
        Ok(complete_root(leaves))
    }
}

/// The root of a complete subtree: `hashes` is a power of two long.
pub(crate) fn complete_root(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                &[left, right] => node_hash(left, right),
                rest => rest.first().copied().unwrap_or_else(empty_root),
            })
            .collect();
    }
    level.first().copied().unwrap_or_else(empty_root)
}

/// The root of the first `size` leaves.
pub fn root_at(source: &dyn HashSource, size: u64) -> Result<Hash, HashSourceError> {
    if size == 0 {
        return Ok(empty_root());
    }
    subtree_root(source, 0, size)
}

/// Proof that entry `index` is in the tree of `size` entries: the sibling
/// hashes from the leaf up (RFC 6962 `PATH(m, D[n])`).
pub fn prove_inclusion(source: &dyn HashSource, index: u64, size: u64) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::NotInTree { index, size });
    }
    let (mut low, mut high) = (0_u64, size);
    let mut proof = Vec::new();
    while high.saturating_sub(low) > 1 {
        let middle = low.saturating_add(left_width(high.saturating_sub(low)));
        if index < middle {
            proof.push(subtree_root(source, middle, high)?);
            high = middle;
        } else {
            proof.push(subtree_root(source, low, middle)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proof that the tree of `old` entries is a prefix of the tree of `new`
/// (RFC 6962 `PROOF(m, D[n])`); empty when `old` is 0 or equals `new`.
pub fn prove_consistency(source: &dyn HashSource, old: u64, new: u64) -> Result<Vec<Hash>, ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut low, mut high) = (0_u64, new);
    let mut proof = Vec::new();
    while high != old {
        let middle = low.saturating_add(left_width(high.saturating_sub(low)));
        if old <= middle {
            proof.push(subtree_root(source, middle, high)?);
            high = middle;
        } else {
            proof.push(subtree_root(source, low, middle)?);
            low = middle;
        }
    }
    // When the old tree is itself a complete subtree the verifier knows its
    // root already, and RFC 6962 leaves it out.
    if low != 0 {
        proof.push(subtree_root(source, low, high)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The largest power of two below `width`, which is at least 2.
fn left_width(width: u64) -> u64 {
    let below = width.saturating_sub(1).max(1);
    1 << (u64::BITS - 1 - below.leading_zeros())
}

/// The root of leaves `low..high`, a subtree in the sense of RFC 6962: the
/// complete nodes it is made of, joined from the right.
fn subtree_root(source: &dyn HashSource, low: u64, high: u64) -> Result<Hash, HashSourceError> {
    let mut complete = Vec::new();
    let mut start = low;
    while start < high {
        let level = (u64::BITS - 1).saturating_sub((high - start).leading_zeros());
        complete.push(source.node(level, start >> level)?);
        start += 1 << level;
    }
    Ok(fold_subtrees(&complete).unwrap_or_else(empty_root))
}

#[cfg(test)]
mod tests;
