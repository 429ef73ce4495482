//! The right edge against a tree computed by RFC 6962's own recursion.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::hash::leaf_hash;
use crate::proof::oracle::merkle_tree_hash;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// All tiles of a tree, collected leaf by leaf.
fn tiles_by_edge(leaves: &[Hash]) -> (BTreeMap<TileId, Vec<Hash>>, TileEdge) {
    let mut tiles = BTreeMap::new();
    let mut edge = TileEdge::new();
    for leaf in leaves {
        edge.push(*leaf, |tile, hashes: &[Hash]| {
            tiles.insert(tile, hashes.to_vec());
            Ok::<(), ()>(())
        })
        .unwrap();
    }
    for (tile, hashes) in edge.partial_tiles() {
        tiles.insert(tile, hashes.to_vec());
    }
    (tiles, edge)
}

#[test]
fn the_root_is_rfc_6962_s_at_every_size() {
    let leaves = leaves(600);
    let mut frontier = Frontier::new();
    let mut edge = TileEdge::new();
    assert_eq!(frontier.root(), empty_root());
    assert_eq!(edge.root(), empty_root());
    for (count, leaf) in leaves.iter().enumerate() {
        frontier.push(*leaf);
        edge.push(*leaf, |_, _| Ok::<(), ()>(())).unwrap();
        let expected = merkle_tree_hash(&leaves[..=count]);
        assert_eq!(frontier.root(), expected, "size {}", count + 1);
        assert_eq!(edge.root(), expected, "size {}", count + 1);
    }
}

#[test]
fn a_stored_frontier_goes_on_where_it_stopped() {
    let leaves = leaves(100);
    for stop in 0..leaves.len() {
        let first: Frontier = leaves[..stop].iter().copied().collect();
        let mut second = Frontier::from_hashes(first.size(), first.hashes().to_vec()).unwrap();
        leaves[stop..].iter().for_each(|leaf| second.push(*leaf));
        assert_eq!(second, leaves.iter().copied().collect());
    }
}

#[test]
fn an_impossible_frontier_is_refused() {
    assert!(matches!(Frontier::from_hashes(3, vec![empty_root()]), Err(FrontierError::Length { wanted: 2, .. })));
    assert!(matches!(Frontier::from_hashes(1 << 63, vec![empty_root()]), Err(FrontierError::TooLarge { .. })));
}

#[test]
fn the_edge_gives_the_tiles_of_the_specification() {
    let leaves = leaves(70_000);
    let (tiles, edge) = tiles_by_edge(&leaves);
    let mut expected = tiles_for_growth(0, 70_000);
    expected.sort();
    assert_eq!(tiles.keys().copied().collect::<Vec<_>>(), expected);
    assert_eq!(expected.len(), 274 + 2 + 1);
    let level_1 = TileId::in_tree(1, 1, 70_000).unwrap();
    assert_eq!(tiles[&level_1][3], merkle_tree_hash(&leaves[259 * 256..260 * 256]));
    let level_2 = TileId::in_tree(2, 0, 70_000).unwrap();
    assert_eq!(tiles[&level_2], [merkle_tree_hash(&leaves[..65_536])]);
    assert_eq!(edge.root(), merkle_tree_hash(&leaves));
}

#[test]
fn growth_lists_each_new_tile_once() {
    assert_eq!(tiles_for_growth(0, 0), []);
    assert_eq!(tiles_for_growth(5, 5), []);
    assert_eq!(tiles_for_growth(6, 5), []);
    let paths = |old, new| -> Vec<String> { tiles_for_growth(old, new).iter().map(ToString::to_string).collect() };
    assert_eq!(paths(0, 1), ["tile/0/000.p/1"]);
    assert_eq!(paths(255, 256), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(paths(256, 257), ["tile/0/001.p/1"]);
    assert_eq!(paths(250, 600), ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn growth_adds_exactly_what_is_missing(old in 0_u64..1500, grown in 0_u64..1500) {
        let new = old + grown;
        let before: Vec<TileId> = tiles_for_growth(0, old);
        let mut missing: Vec<TileId> = tiles_for_growth(0, new);
        missing.retain(|tile| !before.contains(tile));
        let mut listed = tiles_for_growth(old, new);
        listed.sort();
        missing.sort();
        prop_assert_eq!(listed, missing);
    }

    #[test]
    fn an_edge_resumed_from_its_tiles_is_the_same(size in 0_u64..1200) {
        let (tiles, edge) = tiles_by_edge(&leaves(size));
        let resumed = TileEdge::resume(size, &mut |tile| tiles.get(&tile).cloned().ok_or(tile));
        let resumed = resumed.unwrap();
        prop_assert_eq!(resumed.root(), edge.root());
        prop_assert_eq!(resumed.size(), edge.size());
    }
}
