//! The log itself: what is appended is what is read, now and after opening again.

use super::Place;
use super::building::{append_at, append_next, entries, entry, hash, head, private_entry};
use crate::{Answered, Append, EMPTY_ROOT, MAX_ENTRY_BYTES, NewEntry, Private, StoreError, StoredEntry, TreeHead};

/// A new store has size 0, the root of the empty tree, and nothing in it.
pub fn a_new_store_is_the_empty_tree(place: &impl Place) {
    let store = place.open().unwrap();
    assert_eq!(store.head().unwrap(), TreeHead::empty());
    assert_eq!(store.head().unwrap().root, EMPTY_ROOT);
    assert_eq!(store.entries(0, 10).unwrap(), []);
    assert_eq!(store.leaves(0, 10).unwrap(), [] as [[u8; 32]; 0]);
    assert_eq!(store.entry(0).unwrap(), None);
    assert!(!store.erase_private(0).unwrap());
}

/// Bytes, hashes, frontier and private parts come back as they went in, also after opening again.
pub fn an_append_is_read_back_as_it_was_given(place: &impl Place) {
    let store = place.open().unwrap();
    let odd = NewEntry { bytes: vec![0, 255, b'\n'], leaf: [0; 32], private: None };
    let empty = NewEntry { bytes: Vec::new(), leaf: [255; 32], private: None };
    let given = [entry(0), private_entry(1), odd, empty];
    append_next(&*store, &given[..1]).unwrap();
    append_next(&*store, &given[1..]).unwrap();
    let expected: Vec<StoredEntry> = (0_u64..).zip(&given).map(as_stored).collect();
    assert_eq!(store.entries(0, 10).unwrap(), expected);
    drop(store);
    let store = place.open().unwrap();
    assert_eq!(store.head().unwrap(), head(4));
    assert_eq!(store.entries(0, 10).unwrap(), expected);
    for stored in expected {
        assert_eq!(store.entry(stored.index).unwrap(), Some(stored));
    }
}

fn as_stored((index, given): (u64, &NewEntry)) -> StoredEntry {
    let private = given.private.clone().map_or(Private::None, Private::Kept);
    StoredEntry { index, bytes: given.bytes.clone(), leaf: given.leaf, private }
}

/// A range is cut at both ends, and beyond the end is nothing.
pub fn reading_starts_and_stops_where_asked(place: &impl Place) {
    let store = place.open().unwrap();
    append_next(&*store, &entries(0..10)).unwrap();
    let indexes = |from, limit| -> Vec<u64> {
        let found = store.entries(from, limit).unwrap();
        let leaves = store.leaves(from, limit).unwrap();
        assert!(found.iter().map(|stored| &stored.leaf).eq(&leaves));
        found.into_iter().map(|stored| stored.index).collect()
    };
    assert_eq!(indexes(0, 0), []);
    assert_eq!(indexes(3, 4), [3, 4, 5, 6]);
    assert_eq!(indexes(8, 100), [8, 9]);
    assert_eq!(indexes(0, usize::MAX).len(), 10);
    assert_eq!(indexes(10, 1), []);
    assert_eq!(indexes(u64::MAX, 1), []);
    assert_eq!(store.entry(10).unwrap(), None);
    assert_eq!(store.entry(u64::MAX).unwrap(), None);
    assert!(!store.erase_private(u64::MAX).unwrap());
}

/// An append built on another size or another root is told so and writes nothing.
pub fn the_head_is_compared_before_it_is_swapped(place: &impl Place) {
    let store = place.open().unwrap();
    append_next(&*store, &entries(0..3)).unwrap();
    let next = entries(3..4);
    for size in [0, 2, 4] {
        let error = store.append(append_at(size, &next)).unwrap_err();
        let told = matches!(error, StoreError::Stale { expected, found: 3 } if expected == size);
        assert!(told, "{error}");
    }
    let forked = Append { expected_root: hash(77), ..append_at(3, &next) };
    let error = store.append(forked).unwrap_err();
    assert!(matches!(error, StoreError::OtherRoot { size: 3 }), "{error}");
    assert_eq!(store.head().unwrap(), head(3));
    assert_eq!(store.entries(0, 10).unwrap().len(), 3);
    store.append(append_at(3, &next)).unwrap();
    assert_eq!(store.head().unwrap(), head(4));
}

/// An append that contradicts itself is refused whole, and the next one works.
pub fn a_refused_append_leaves_nothing_behind(place: &impl Place) {
    let store = place.open().unwrap();
    append_next(&*store, &entries(0..2)).unwrap();
    let added = [private_entry(2), private_entry(3)];
    let answers = [answered("first"), answered("first")];
    let facts = [("clock".to_owned(), Some(vec![1]))];
    let whole = Append { answers: &answers[..1], facts: &facts, ..append_at(2, &added) };

    let wrong_size = Append { head: head(5), ..whole.clone() };
    let error = store.append(wrong_size).unwrap_err();
    assert!(matches!(error, StoreError::Inconsistent { .. }), "{error}");
    let beyond_counting = Append { expected_size: u64::MAX, ..whole.clone() };
    let error = store.append(beyond_counting).unwrap_err();
    assert!(matches!(error, StoreError::Inconsistent { .. }), "{error}");
    let root_from_nothing = Append { entries: &[], head: head(2), ..whole.clone() };
    let root_from_nothing = Append { head: TreeHead { root: hash(9), ..root_from_nothing.head }, ..root_from_nothing };
    let error = store.append(root_from_nothing).unwrap_err();
    assert!(matches!(error, StoreError::Inconsistent { .. }), "{error}");
    // This one is found out only after its entries were written.
    let answered_twice = Append { answers: &answers, ..whole.clone() };
    let error = store.append(answered_twice).unwrap_err();
    assert!(matches!(error, StoreError::AlreadyAnswered { .. }), "{error}");

    assert_eq!(store.head().unwrap(), head(2));
    assert_eq!(store.entries(0, 10).unwrap().len(), 2);
    assert_eq!(store.answered("operator-1", "first").unwrap(), None);
    assert_eq!(store.fact("clock").unwrap(), None);
    store.append(whole).unwrap();
    assert_eq!(store.entries(2, 10).unwrap().len(), 2);
    assert_eq!(store.fact("clock").unwrap(), Some(vec![1]));
}

fn answered(key: &str) -> Answered {
    Answered { scope: "operator-1".to_owned(), key: key.to_owned(), request: hash(5), answer: b"done".to_vec() }
}

/// The limit is exact, and the error names the entry.
pub fn the_largest_entry_fits_and_one_byte_more_does_not(place: &impl Place) {
    let store = place.open().unwrap();
    let sized = |bytes: usize| NewEntry { bytes: vec![b'x'; bytes], ..entry(0) };
    let error = append_next(&*store, &[entry(0), sized(MAX_ENTRY_BYTES + 1)]).unwrap_err();
    let told = matches!(error, StoreError::TooLarge { position: 1, bytes } if bytes > 65_535);
    assert!(told, "{error}");
    assert_eq!(store.head().unwrap(), TreeHead::empty());
    append_next(&*store, &[sized(MAX_ENTRY_BYTES)]).unwrap();
    assert_eq!(store.entry(0).unwrap().unwrap().bytes.len(), MAX_ENTRY_BYTES);
}

/// A large batch is one step, and survives opening again.
pub fn a_batch_of_ten_thousand_is_one_step(place: &impl Place) {
    const SIZE: u64 = 10_000;
    let store = place.open().unwrap();
    let batch: Vec<NewEntry> = (0..SIZE).map(private_entry).collect();
    append_next(&*store, &batch).unwrap();
    drop(store);
    let store = place.open().unwrap();
    assert_eq!(store.head().unwrap(), head(SIZE));
    let leaves = store.leaves(0, usize::MAX).unwrap();
    assert!(leaves.iter().eq(batch.iter().map(|given| &given.leaf)));
    let last = store.entries(SIZE - 1, 10).unwrap();
    assert_eq!(last, [as_stored((SIZE - 1, batch.last().unwrap()))]);
}
