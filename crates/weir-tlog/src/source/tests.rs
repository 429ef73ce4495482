//! Reading logs: the disk, the limits, and node hashes out of tiles.

use proptest::prelude::*;

use super::*;
use crate::proof::{HashSource as _, check_inclusion, prove_consistency, prove_inclusion, root_at};
use crate::test_log::{checkpoint, entry, published};
use crate::{LeafHashes, leaf_hash};

#[test]
fn a_real_folder_is_read_with_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let source = FolderSource::new(folder.path());
    assert_eq!(source.read(LogPath::Checkpoint).unwrap(), None);
    std::fs::write(folder.path().join("checkpoint"), vec![b'a'; MAX_NOTE_BYTES]).unwrap();
    let read = source.read(LogPath::Checkpoint).unwrap().unwrap();
    assert_eq!(read.len(), MAX_NOTE_BYTES);
    std::fs::write(folder.path().join("checkpoint"), vec![b'a'; MAX_NOTE_BYTES + 1]).unwrap();
    assert!(matches!(source.read(LogPath::Checkpoint), Err(SourceError::TooLarge { .. })));
    std::fs::remove_file(folder.path().join("checkpoint")).unwrap();
    std::fs::create_dir(folder.path().join("checkpoint")).unwrap();
    assert!(matches!(source.read(LogPath::Checkpoint), Err(SourceError::Read { .. })));
}

#[test]
fn a_full_tile_stands_in_for_a_partial_one_that_is_gone() {
    let source = published(&[300]).source();
    let partial = TileId::in_tree(0, 0, 200).unwrap();
    let hashes = read_hashes(&source, partial).unwrap();
    assert_eq!(hashes.len(), 200);
    assert_eq!(hashes[199], leaf_hash(&entry(199)));
    let entries = read_bundle(&source, partial.bundle()).unwrap();
    assert_eq!(entries.len(), 200);
    assert_eq!(entries[199], entry(199));
    assert!(matches!(read_hashes(&source, TileId::in_tree(0, 2, 600).unwrap()), Err(ReadError::Missing { .. })));
}

#[test]
fn proofs_from_tiles_reach_across_levels() {
    let size = 70_000;
    let source = published(&[size]).source();
    let tiles = TileHashes::new(&source, size);
    let head = checkpoint(size);
    assert_eq!(root_at(&tiles, size).unwrap(), head.root);
    for index in [0, 255, 256, 65_535, 65_536, 69_999] {
        let proof = prove_inclusion(&tiles, index, size).unwrap();
        check_inclusion(leaf_hash(&entry(index)), index, size, head.root, &proof).unwrap();
    }
    assert!(tiles.node(0, size).is_err());
    assert!(tiles.node(17, 0).is_err());
    assert!(tiles.node(u32::MAX, u64::MAX).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn tiles_give_the_proofs_that_leaves_give(size in 1_u64..900, seed: u64, other: u64) {
        let leaves: Vec<_> = (0..size).map(|index| leaf_hash(&entry(index))).collect();
        let source = published(&[size]).source();
        let tiles = TileHashes::new(&source, size);
        let index = seed % size;
        prop_assert_eq!(
            prove_inclusion(&tiles, index, size).unwrap(),
            prove_inclusion(&LeafHashes(&leaves), index, size).unwrap()
        );
        let old = other % size;
        prop_assert_eq!(
            prove_consistency(&tiles, old, size).unwrap(),
            prove_consistency(&LeafHashes(&leaves), old, size).unwrap()
        );
    }
}
