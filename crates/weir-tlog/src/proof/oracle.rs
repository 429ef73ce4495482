//! RFC 6962 section 2.1 written down word for word: slow, and the judge of
//! everything faster in this crate's tests.

use crate::hash::{Hash, empty_root, node_hash};

fn split(count: usize) -> usize {
    let mut k = 1;
    while k * 2 < count {
        k *= 2;
    }
    k
}

/// `MTH(D[n])` over leaf hashes.
pub(crate) fn merkle_tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(merkle_tree_hash(left), merkle_tree_hash(right))
        }
    }
}

/// `PATH(m, D[n])`.
pub(crate) fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) =
        if m < k { (path(m, left), merkle_tree_hash(right)) } else { (path(m - k, right), merkle_tree_hash(left)) };
    proof.push(sibling);
    proof
}

/// `SUBPROOF(m, D[n], b)`.
pub(crate) fn subproof(m: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if known { Vec::new() } else { vec![merkle_tree_hash(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if m <= k {
        (subproof(m, left, known), merkle_tree_hash(right))
    } else {
        (subproof(m - k, right, false), merkle_tree_hash(left))
    };
    proof.push(sibling);
    proof
}
