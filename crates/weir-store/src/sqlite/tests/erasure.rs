//! Erased means gone from the files, whatever was appended and erased around it.

use std::collections::BTreeSet;
use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

use super::*;

/// Private bytes that cannot be taken for another entry's: the same eight bytes all along.
fn marked(number: u64, bytes: usize) -> Vec<u8> {
    marker(number).iter().copied().cycle().take(bytes).collect()
}

fn marker(number: u64) -> [u8; 8] {
    (0xfeed_0000_0000_0000 | number << 8 | 0xed).to_be_bytes()
}

/// The numbers whose marker is in any file of the store. Only while the store is closed: reading
/// its file from this process would drop the locks of a connection that is open.
fn numbers_on_disk(folder: &Folder) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for file in fs::read_dir(folder.0.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for window in bytes.windows(8).filter(|window| window.starts_with(&[0xfe, 0xed])) {
            let number = u64::from_be_bytes(window.try_into().unwrap()) >> 8 & 0xffff_ffff;
            if window == marker(number) {
                found.insert(number);
            }
        }
    }
    found
}

#[test]
fn an_erased_part_is_in_no_file_even_if_the_process_dies_then() {
    let folder = Folder::fresh();
    let store = folder.open();
    append(&store, &[entry_with(&marked(0, 9000)), entry_with(&marked(1, 9000))]).unwrap();
    assert!(store.erase_private(0).unwrap());
    // Copied while open, as a dying process leaves it: nothing was tidied up by closing.
    let left_behind = Folder::fresh();
    for name in ["weir.db", "weir.db-wal"] {
        fs::copy(folder.0.path().join(name), left_behind.0.path().join(name)).unwrap();
    }
    assert_eq!(numbers_on_disk(&left_behind), BTreeSet::from([1]));
    let salts = fs::read(left_behind.file()).unwrap();
    assert_eq!(salts.windows(32).filter(|window| *window == [0xa5; 32]).count(), 1);
    let survivor = left_behind.open();
    assert_eq!(survivor.entry(0).unwrap().unwrap().private, crate::Private::Erased);
    survivor.check().unwrap();
}

#[test]
fn a_reader_in_the_way_is_reported_and_a_second_call_purges() {
    let folder = Folder::fresh();
    let store = folder.open();
    append(&store, &[entry_with(&marked(0, 100))]).unwrap();
    store.writer.tamper("PRAGMA busy_timeout = 0").unwrap();
    let reader = folder.prompt();
    reader.execute_batch("BEGIN; SELECT * FROM tree_head").unwrap();
    let error = store.erase_private(0).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    reader.execute_batch("COMMIT").unwrap();
    assert!(!store.erase_private(0).unwrap(), "already erased; the call purges");
    let wal = fs::metadata(folder.0.path().join("weir.db-wal")).unwrap();
    assert_eq!(wal.len(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, rng_seed: RngSeed::Fixed(2), ..ProptestConfig::default() })]

    /// Pages fill, overflow and empty; no copy of an erased part may stay in a gap. Parts are
    /// mostly small, since it is many to a page that SQLite moves about.
    #[test]
    fn no_history_leaves_a_copy_behind(
        batches in vec(vec(prop_oneof![20 => 8..200_usize, 1 => 8..9000_usize], 1..90), 1..4),
        order in vec(any::<Index>(), 1..120),
    ) {
        let folder = Folder::fresh();
        let store = folder.open();
        let mut kept = Vec::new();
        for sizes in batches {
            let first = store.head().unwrap().size;
            let parts: Vec<NewEntry> = (first..)
                .zip(&sizes)
                .map(|(number, &bytes)| entry_with(&marked(number, bytes)))
                .collect();
            append(&store, &parts).unwrap();
            kept.extend(first..first + parts.len() as u64);
            for which in order.iter().take(kept.len() / 2) {
                let number = kept.swap_remove(which.index(kept.len()));
                prop_assert!(store.erase_private(number).unwrap());
            }
        }
        store.check().unwrap();
        drop(store);
        prop_assert_eq!(numbers_on_disk(&folder), kept.into_iter().collect::<BTreeSet<_>>());
    }
}
