//! What a detector takes of memory, counted from what its tables have reserved.

use crate::anchor::Anchor;
use crate::hash::Table;
use crate::state::State;
use crate::unit::{Edge, Unit};

/// Bytes by what they are for, overhead of tables included; allocations are
/// counted as multiples of sixteen bytes, as allocators make them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Customers remembered.
    pub customers: u64,
    /// What is kept of them, their links to anchors left out.
    pub customer_bytes: u64,
    /// Their links to anchors: postings.
    pub link_bytes: u64,
    /// Anchors that two customers showed, with samples of their users.
    pub anchors: u64,
    /// Bytes of those.
    pub anchor_bytes: u64,
    /// The table of anchors that one customer showed.
    pub single_bytes: u64,
    /// The table of opening turns and how many customers gave each.
    pub fill_bytes: u64,
}

impl Footprint {
    /// All of it.
    pub fn bytes(&self) -> u64 {
        self.customer_bytes + self.link_bytes + self.anchor_bytes + self.single_bytes + self.fill_bytes
    }

    pub(crate) fn of(state: &State) -> Footprint {
        let heap: usize = state.units.values().map(Unit::heap_bytes).sum();
        let links: usize = state.units.values().map(|unit| rounded(unit.edges.capacity() * size_of::<Edge>())).sum();
        let samples: usize = state.anchors.values().map(Anchor::heap_bytes).sum();
        Footprint {
            customers: state.units.len() as u64,
            customer_bytes: (table_bytes(&state.units) + heap) as u64,
            link_bytes: links as u64,
            anchors: state.anchors.len() as u64,
            anchor_bytes: (table_bytes(&state.anchors) + samples) as u64,
            single_bytes: state.singles.bytes(),
            fill_bytes: state.fills.bytes(),
        }
    }
}

/// A table's own bytes: a power of two of places, each with a byte of control.
fn table_bytes<V>(table: &Table<V>) -> usize {
    match table.capacity() {
        0 => 0,
        capacity => (capacity * 8 / 7).next_power_of_two() * (size_of::<(u64, V)>() + 1),
    }
}

/// An allocation of so many bytes.
pub(crate) fn rounded(bytes: usize) -> usize {
    bytes.next_multiple_of(16)
}
