//! Checking proofs with nothing but the proof, by the iterative algorithms of
//! RFC 9162 sections 2.1.3.2 and 2.1.4.2, on purpose written unlike the
//! recursion that makes them.

use super::ProofError;
use crate::hash::{Hash, empty_root, node_hash};

/// Checks that `leaf` is entry `index` of the tree of `size` entries and `root`.
pub fn check_inclusion(leaf: Hash, index: u64, size: u64, root: Hash, proof: &[Hash]) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::NotInTree { index, size });
    }
    let wrong_length = || ProofError::Length { found: proof.len() };
    let mut node = index;
    let mut last = size - 1;
    let mut computed = leaf;
    for sibling in proof {
        if last == 0 {
            return Err(wrong_length());
        }
        if is_right_child(node) || node == last {
            computed = node_hash(*sibling, computed);
            skip_lone_levels(&mut node, &mut last);
        } else {
            computed = node_hash(computed, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length());
    }
    same_root(size, computed, root)
}

/// Checks that the tree of `old_size` entries and `old_root` is a prefix of the
/// tree of `new_size` entries and `new_root`.
pub fn check_consistency(
    old_size: u64,
    old_root: Hash,
    new_size: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::Shrunk { old: old_size, new: new_size });
    }
    let wrong_length = || ProofError::Length { found: proof.len() };
    if old_size == 0 || old_size == new_size {
        if !proof.is_empty() {
            return Err(wrong_length());
        }
        // Every tree extends the empty one, and a tree extends itself.
        let expected = if old_size == 0 { empty_root() } else { new_root };
        return same_root(old_size, old_root, expected);
    }
    let mut node = old_size - 1;
    let mut last = new_size - 1;
    while is_right_child(node) {
        node >>= 1;
        last >>= 1;
    }
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or_else(wrong_length)?;
        (*first, rest)
    };
    let (mut old_computed, mut new_computed) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(wrong_length());
        }
        if is_right_child(node) || node == last {
            old_computed = node_hash(*sibling, old_computed);
            new_computed = node_hash(*sibling, new_computed);
            skip_lone_levels(&mut node, &mut last);
        } else {
            new_computed = node_hash(new_computed, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length());
    }
    same_root(old_size, old_computed, old_root)?;
    same_root(new_size, new_computed, new_root)
}

fn is_right_child(node: u64) -> bool {
    node & 1 == 1
}

/// Goes up while the node is the last of its level and has no sibling there.
fn skip_lone_levels(node: &mut u64, last: &mut u64) {
    while !is_right_child(*node) && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

fn same_root(size: u64, computed: Hash, wanted: Hash) -> Result<(), ProofError> {
    if computed == wanted {
        return Ok(());
    }
    Err(ProofError::Root { size, computed, wanted })
}
