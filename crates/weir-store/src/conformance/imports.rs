//! Rows of imports: staged unseen, shown by the append that settles them, all or none.

use super::Place;
use super::building::{append_at, append_next, entries, entry, hash, head};
use crate::{Append, MAX_ENTRY_BYTES, NewRow, Private, PrivatePart, Settled, Store, StoreError, StoredRow};

fn row(number: u64) -> NewRow {
    let private = PrivatePart { salt: hash(!number), bytes: format!("name in row {number}").into_bytes() };
    NewRow { bytes: format!("{{\"row\":{number}}}").into_bytes(), private }
}

fn rows(numbers: std::ops::Range<u64>) -> Vec<NewRow> {
    numbers.map(row).collect()
}

fn as_stored(number: u64) -> StoredRow {
    let NewRow { bytes, private } = row(number);
    StoredRow { row: number, bytes, private: Private::Kept(private) }
}

/// Appends one entry where the log stands, which settles `name`.
fn settle(store: &dyn Store, name: &str, rows: u64) -> Result<u64, StoreError> {
    let size = store.head()?.size;
    let added = [entry(size)];
    let imports = [Settled { name, rows, position: 0 }];
    store.append(Append { imports: &imports, ..append_at(size, &added) })?;
    Ok(size)
}

/// Rows staged in several calls come back in order with the entry that settled them, now and
/// after opening again; before, nobody sees any.
pub fn rows_show_with_their_entry_and_not_before(place: &impl Place) {
    let store = place.open().unwrap();
    append_next(&*store, &entries(0..2)).unwrap();
    store.stage_rows("one", 0, &rows(0..3)).unwrap();
    store.stage_rows("two", 0, &rows(0..1)).unwrap();
    store.stage_rows("one", 3, &rows(3..5)).unwrap();
    assert_eq!(store.staged().unwrap(), ["one", "two"]);
    for entry in 0..4 {
        assert_eq!(store.rows(entry, 0, 10).unwrap(), []);
    }
    assert_eq!(settle(&*store, "one", 5).unwrap(), 2);
    assert_eq!(store.staged().unwrap(), ["two"]);
    drop(store);
    let store = place.open().unwrap();
    assert_eq!(store.rows(2, 0, 10).unwrap(), (0..5).map(as_stored).collect::<Vec<_>>());
    assert_eq!(store.rows(2, 1, 2).unwrap(), [as_stored(1), as_stored(2)]);
    assert_eq!(store.rows(2, 5, 10).unwrap(), []);
    assert_eq!(store.rows(2, u64::MAX, usize::MAX).unwrap(), []);
    assert_eq!(store.rows(u64::MAX, 0, 10).unwrap(), []);
    assert_eq!(settle(&*store, "two", 1).unwrap(), 3);
    assert_eq!(store.rows(3, 0, 10).unwrap(), [as_stored(0)]);
    assert_eq!(store.rows(2, 4, 10).unwrap(), [as_stored(4)]);
}

/// What is not as it was staged does not settle, and the append is refused whole.
pub fn an_append_that_settles_what_is_not_staged_is_refused_whole(place: &impl Place) {
    let store = place.open().unwrap();
    store.stage_rows("one", 0, &rows(0..3)).unwrap();
    for (name, count) in [("one", 2), ("one", 4), ("none", 3)] {
        let error = settle(&*store, name, count).unwrap_err();
        assert!(matches!(error, StoreError::Inconsistent { .. }), "{error}");
    }
    assert_eq!(store.head().unwrap(), head(0));
    assert_eq!(store.entries(0, 10).unwrap(), []);
    settle(&*store, "one", 3).unwrap();
    let again = settle(&*store, "one", 3).unwrap_err();
    assert!(matches!(again, StoreError::Inconsistent { .. }), "{again}");
    let more = store.stage_rows("one", 3, &rows(3..4)).unwrap_err();
    assert!(matches!(more, StoreError::Inconsistent { .. }), "{more}");
    assert_eq!(store.head().unwrap(), head(1));
    assert_eq!(store.rows(0, 0, 10).unwrap().len(), 3);
}

/// Rows are staged in order, each once, and none that is too large.
pub fn rows_are_staged_in_order(place: &impl Place) {
    let store = place.open().unwrap();
    store.stage_rows("one", 0, &rows(0..2)).unwrap();
    for from in [0, 1, 3] {
        let error = store.stage_rows("one", from, &rows(from..from + 1)).unwrap_err();
        assert!(matches!(error, StoreError::Inconsistent { .. }), "{error}");
    }
    let large = NewRow { bytes: vec![b'x'; MAX_ENTRY_BYTES + 1], ..row(3) };
    let error = store.stage_rows("one", 2, &[row(2), large]).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { position: 1, .. }), "{error}");
    store.stage_rows("one", 2, &rows(2..3)).unwrap();
    settle(&*store, "one", 3).unwrap();
    assert_eq!(store.rows(0, 0, 10).unwrap(), (0..3).map(as_stored).collect::<Vec<_>>());
}

/// A staged import can be thrown away piece by piece; one in the log cannot.
pub fn only_staged_rows_are_thrown_away(place: &impl Place) {
    let store = place.open().unwrap();
    store.stage_rows("kept", 0, &rows(0..5)).unwrap();
    store.stage_rows("gone", 0, &rows(0..5)).unwrap();
    settle(&*store, "kept", 5).unwrap();
    assert!(store.discard("kept", 10).unwrap(), "nothing staged is left of it");
    assert!(store.discard("unheard of", 10).unwrap());
    assert!(!store.discard("gone", 2).unwrap());
    assert_eq!(store.staged().unwrap(), ["gone"]);
    let begun_anew = settle(&*store, "gone", 5).unwrap_err();
    assert!(matches!(begun_anew, StoreError::Inconsistent { .. }), "{begun_anew}");
    let pieces = (0..100).take_while(|_| !store.discard("gone", 2).unwrap()).count();
    assert!(pieces < 100, "it is never gone");
    assert_eq!(store.staged().unwrap(), [] as [&str; 0]);
    assert_eq!(store.rows(0, 0, 10).unwrap().len(), 5);
    store.stage_rows("gone", 0, &rows(7..8)).unwrap();
    assert_eq!(settle(&*store, "gone", 1).unwrap(), 1);
    assert_eq!(store.rows(1, 0, 10).unwrap().len(), 1);
}

/// Erasing takes the private part of one row and leaves everything else.
pub fn an_erased_row_stays_erased_and_the_others_stand(place: &impl Place) {
    let store = place.open().unwrap();
    store.stage_rows("one", 0, &rows(0..3)).unwrap();
    assert!(!store.erase_row(0, 1).unwrap(), "it is not in the log");
    settle(&*store, "one", 3).unwrap();
    assert!(store.erase_row(0, 1).unwrap());
    assert!(!store.erase_row(0, 1).unwrap(), "erased twice");
    assert!(!store.erase_row(0, 3).unwrap(), "there is no such row");
    assert!(!store.erase_row(1, 0).unwrap(), "there is no such entry");
    drop(store);
    let store = place.open().unwrap();
    let erased = StoredRow { private: Private::Erased, ..as_stored(1) };
    assert_eq!(store.rows(0, 0, 10).unwrap(), [as_stored(0), erased, as_stored(2)]);
}
