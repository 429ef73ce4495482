//! Proofs against the naive oracle and against `ct-merkle`, and every way to
//! spoil one.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::oracle::{merkle_tree_hash, path, subproof};
use super::*;
use crate::hash::leaf_hash;

fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| format!("entry {n}").into_bytes()).collect()
}

fn leaves(count: usize) -> Vec<Hash> {
    entries(count).iter().map(|entry| leaf_hash(entry)).collect()
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}

#[test]
fn every_proof_of_every_small_tree_is_the_oracle_s_and_holds() {
    let leaves = leaves(40);
    for size in 0..=leaves.len() {
        let tree = &leaves[..size];
        let root = root_at(&LeafHashes(&leaves), wide(size)).unwrap();
        assert_eq!(root, merkle_tree_hash(tree));
        for (index, leaf) in tree.iter().enumerate() {
            let proof = prove_inclusion(&LeafHashes(tree), wide(index), wide(size)).unwrap();
            assert_eq!(proof, path(index, tree));
            check_inclusion(*leaf, wide(index), wide(size), root, &proof).unwrap();
        }
        for old in 1..=size {
            let proof = prove_consistency(&LeafHashes(tree), wide(old), wide(size)).unwrap();
            assert_eq!(proof, subproof(old, tree, true));
            let old_root = merkle_tree_hash(&leaves[..old]);
            check_consistency(wide(old), old_root, wide(size), root, &proof).unwrap();
        }
    }
}

#[test]
fn an_independent_crate_makes_the_same_proofs() {
    for size in 1..=33 {
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        entries(size).into_iter().for_each(|entry| theirs.push(entry));
        let leaves = leaves(size);
        let root = root_at(&LeafHashes(&leaves), wide(size)).unwrap();
        assert_eq!(theirs.root().as_bytes().as_slice(), root.as_bytes());
        for index in 0..size {
            let ours = prove_inclusion(&LeafHashes(&leaves), wide(index), wide(size)).unwrap();
            let bytes: Vec<u8> = ours.iter().flat_map(|hash| hash.0).collect();
            assert_eq!(theirs.prove_inclusion(index).as_bytes(), bytes);
        }
        for added in 1..size {
            let old = wide(size - added);
            let ours = prove_consistency(&LeafHashes(&leaves), old, wide(size)).unwrap();
            let bytes: Vec<u8> = ours.iter().flat_map(|hash| hash.0).collect();
            assert_eq!(theirs.prove_consistency(added).as_bytes(), bytes);
        }
    }
}

#[test]
fn questions_without_an_answer_are_refused() {
    let leaves = leaves(3);
    let source = LeafHashes(&leaves);
    assert!(matches!(prove_inclusion(&source, 3, 3), Err(ProofError::NotInTree { index: 3, size: 3 })));
    assert!(matches!(prove_consistency(&source, 4, 3), Err(ProofError::Shrunk { old: 4, new: 3 })));
    assert!(matches!(prove_inclusion(&source, 0, 9), Err(ProofError::Source(_))));
    let root = merkle_tree_hash(&leaves);
    assert!(check_inclusion(leaves[0], 3, 3, root, &[]).is_err());
    assert!(check_consistency(4, root, 3, root, &[]).is_err());
    assert!(check_consistency(0, empty_root(), 3, root, &[]).is_ok());
    assert!(check_consistency(0, root, 3, root, &[]).is_err());
    assert!(check_consistency(3, root, 3, leaves[0], &[]).is_err());
    assert!(check_consistency(3, root, 3, root, &[root]).is_err());
    assert!(check_consistency(3, root, 5, root, &[]).is_err());
}

/// Every proof that differs from `proof` by one hash changed, dropped or added.
fn spoiled(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let other = leaf_hash(b"not in the tree");
    let mut all = vec![[proof, &[other]].concat(), [&[other], proof].concat()];
    for position in 0..proof.len() {
        let mut changed = proof.to_vec();
        changed[position].0[0] ^= 1;
        all.push(changed);
        let mut shorter = proof.to_vec();
        shorter.remove(position);
        all.push(shorter);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_spoiled_inclusion_proof_never_holds(size in 1_usize..300, seed: u64) {
        let leaves = leaves(size);
        let (index, size) = (seed % wide(size), wide(size));
        let leaf = leaves[usize::try_from(index).unwrap()];
        let root = root_at(&LeafHashes(&leaves), size).unwrap();
        let proof = prove_inclusion(&LeafHashes(&leaves), index, size).unwrap();
        check_inclusion(leaf, index, size, root, &proof).unwrap();
        for bad in spoiled(&proof) {
            prop_assert!(check_inclusion(leaf, index, size, root, &bad).is_err());
        }
        prop_assert!(check_inclusion(root, index, size, leaf, &proof).is_err() || size == 1);
        for other in (0..size).filter(|&other| other != index) {
            prop_assert!(check_inclusion(leaf, other, size, root, &proof).is_err());
        }
    }

    #[test]
    fn a_spoiled_consistency_proof_never_holds(old in 1_usize..300, grown in 1_usize..300) {
        let leaves = leaves(old + grown);
        let (old, new) = (wide(old), wide(old + grown));
        let old_root = root_at(&LeafHashes(&leaves), old).unwrap();
        let new_root = root_at(&LeafHashes(&leaves), new).unwrap();
        let proof = prove_consistency(&LeafHashes(&leaves), old, new).unwrap();
        check_consistency(old, old_root, new, new_root, &proof).unwrap();
        for bad in spoiled(&proof) {
            prop_assert!(check_consistency(old, old_root, new, new_root, &bad).is_err());
        }
        prop_assert!(check_consistency(old, new_root, new, old_root, &proof).is_err());
    }

    #[test]
    fn any_proof_is_checked_without_panic(index: u64, size: u64, other: u64, count in 0_usize..70) {
        let proof = leaves(count);
        let root = empty_root();
        prop_assert!(check_inclusion(root, index, size, root, &proof).is_err());
        if size.max(1) != other.max(1) {
            let held = check_consistency(size.max(1), root, other.max(1), root, &proof);
            prop_assert!(held.is_err());
        }
    }
}
