//! Entries and heads for the checks. The hashes are made up: the store must not look at them.

use crate::{Append, NewEntry, PrivatePart, Store, StoreError, TreeHead};

/// A made-up hash that differs for each number.
pub(super) fn hash(number: u64) -> [u8; 32] {
    let mut hash = [0; 32];
    for (byte, position) in hash.iter_mut().zip(1_u64..) {
        *byte = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(position).to_le_bytes()[7]
            ^ number.to_le_bytes()[(position % 8) as usize];
    }
    hash
}

pub(super) fn entry(number: u64) -> NewEntry {
    NewEntry { bytes: format!("{{\"v\":1,\"n\":{number}}}").into_bytes(), leaf: hash(number), private: None }
}

pub(super) fn private_entry(number: u64) -> NewEntry {
    let bytes = format!("name of party {number}").into_bytes();
    NewEntry { private: Some(PrivatePart { salt: hash(!number), bytes }), ..entry(number) }
}

pub(super) fn entries(numbers: std::ops::Range<u64>) -> Vec<NewEntry> {
    numbers.map(entry).collect()
}

/// The head of a log of this size, with a frontier as long as a real one.
pub(super) fn head(size: u64) -> TreeHead {
    if size == 0 {
        return TreeHead::empty();
    }
    let frontier = (0..u64::from(size.count_ones())).map(|place| hash(size ^ place << 32)).collect();
    TreeHead { size, root: hash(size.wrapping_add(1 << 40)), frontier }
}

/// The append of these entries onto a log of this size, without answers or facts.
pub(super) fn append_at(size: u64, entries: &[NewEntry]) -> Append<'_> {
    Append {
        expected_size: size,
        expected_root: head(size).root,
        entries,
        head: head(size + entries.len() as u64),
        answers: &[],
        imports: &[],
        facts: &[],
    }
}

/// Appends where the log stands.
pub(super) fn append_next(store: &dyn Store, entries: &[NewEntry]) -> Result<(), StoreError> {
    let size = store.head()?.size;
    store.append(append_at(size, entries))
}
