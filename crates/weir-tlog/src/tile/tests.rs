//! Paths and bytes of tiles.

use proptest::prelude::*;

use super::*;
use crate::hash::leaf_hash;

fn tile(level: u8, index: u64, width: u16) -> LogPath {
    LogPath::Tile(TileId { level, index, width })
}

#[test]
fn paths_of_the_specification() {
    let bundle = |index, width| LogPath::Bundle(BundleId { index, width });
    for (path, text) in [
        (LogPath::Checkpoint, "checkpoint"),
        (tile(0, 0, 256), "tile/0/000"),
        (tile(1, 1_234_067, 256), "tile/1/x001/x234/067"),
        (tile(63, 999, 17), "tile/63/999.p/17"),
        (bundle(1000, 255), "tile/entries/x001/000.p/255"),
        (bundle(u64::MAX, 256), "tile/entries/x018/x446/x744/x073/x709/x551/615"),
    ] {
        assert_eq!(path.to_string(), text);
        assert_eq!(text.parse(), Ok(path));
    }
}

#[test]
fn other_spellings_are_refused() {
    for text in [
        "",
        "/checkpoint",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/+01",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/../000",
        "tile/entries/x018/x446/x744/x073/x709/x551/616",
        "tile/0/000/",
    ] {
        assert!(text.parse::<LogPath>().is_err(), "{text:?}");
    }
}

#[test]
fn the_specification_s_example_of_70_000_entries() {
    let width = |level, index| TileId::in_tree(level, index, 70_000).map(|tile| tile.width);
    assert_eq!(width(0, 272), Some(256));
    assert_eq!(width(0, 273), Some(112));
    assert_eq!(width(0, 274), None);
    assert_eq!(width(1, 0), Some(256));
    assert_eq!(width(1, 1), Some(17));
    assert_eq!(width(2, 0), Some(1));
    assert_eq!(width(3, 0), None);
    assert_eq!(width(63, 0), None);
    assert_eq!(BundleId::in_tree(273, 70_000).unwrap().width, 112);
}

#[test]
fn malformed_bytes_are_refused_with_the_place() {
    assert_eq!(decode_hashes(&[0; 33], 1), Err(TileError::TileLength { found: 33, wanted: 32 }));
    let bundle = encode_bundle(&["ab", ""]).unwrap();
    assert_eq!(bundle, [0, 2, b'a', b'b', 0, 0]);
    assert_eq!(decode_bundle(&bundle, 3), Err(TileError::BundleEnds { position: 2, width: 3, offset: 6 }));
    assert_eq!(decode_bundle(&bundle, 1), Err(TileError::BundleTrails { width: 1, extra: 2 }));
    assert_eq!(decode_bundle(&bundle[..3], 1), Err(TileError::BundleEnds { position: 0, width: 1, offset: 0 }));
}

#[test]
fn an_entry_has_at_most_65535_bytes() {
    let largest = vec![0_u8; MAX_ENTRY_BYTES];
    let bundle = encode_bundle(&[&largest]).unwrap();
    assert_eq!(decode_bundle(&bundle, 1).unwrap(), [&largest]);
    assert_eq!(
        encode_bundle(&[vec![0_u8; MAX_ENTRY_BYTES + 1]]),
        Err(TileError::EntryTooLong { bytes: MAX_ENTRY_BYTES + 1 })
    );
}

proptest! {
    #[test]
    fn every_path_is_read_back(level in 0..=path::MAX_LEVEL, index: u64, width in 1..=FULL_WIDTH) {
        let path = tile(level, index, width);
        prop_assert_eq!(path.to_string().parse(), Ok(path));
        let path = LogPath::Bundle(BundleId { index, width });
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn any_path_is_parsed_or_refused(text in "(tile/)?([0-9x]{0,4}/){0,4}[0-9.p]{0,6}") {
        if let Ok(path) = text.parse::<LogPath>() {
            prop_assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn bundles_are_read_back(entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
        let bundle = encode_bundle(&entries).unwrap();
        let read = decode_bundle(&bundle, u16::try_from(entries.len()).unwrap()).unwrap();
        prop_assert_eq!(read, entries);
    }

    #[test]
    fn any_bundle_is_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), width in 0..=FULL_WIDTH) {
        if let Ok(entries) = decode_bundle(&bytes, width) {
            prop_assert_eq!(encode_bundle(&entries).unwrap(), bytes);
        }
    }

    #[test]
    fn hash_tiles_are_read_back(count in 0_u16..=FULL_WIDTH) {
        let hashes: Vec<Hash> = (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        prop_assert_eq!(decode_hashes(&encode_hashes(&hashes), count), Ok(hashes));
    }
}
