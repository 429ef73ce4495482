//! What a group's members used: addresses and clients, and who had them before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::constants::GROUP_VALUES;

/// Values that members used, and who: a member's own earlier value says nothing
/// of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Values(BTreeMap<u64, (u64, bool)>);

/// One of a group's values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared {
    pub(crate) value: u64,
    first: u64,
    several: bool,
}

impl Shared {
    /// Whether anyone but this customer used it.
    pub(crate) fn is_used_by_others(self, unit: u64) -> bool {
        self.several || self.first != unit
    }
}

impl Values {
    /// Notes a value, of which those with the smallest keyed hashes are kept.
    pub(crate) fn take(&mut self, value: u64, unit: u64) {
        if value == 0 {
            return;
        }
        let (first, several) = self.0.entry(value).or_insert((unit, false));
        *several |= *first != unit;
        if self.0.len() > GROUP_VALUES {
            self.0.pop_last();
        }
    }

    /// Whether anyone but this customer used it.
    pub(crate) fn used_by_others(&self, value: u64, unit: u64) -> bool {
        self.0.get(&value).is_some_and(|&(first, several)| Shared { value, first, several }.is_used_by_others(unit))
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Shared> {
        self.0.iter().map(|(&value, &(first, several))| Shared { value, first, several })
    }

    /// Values that two groups have in common.
    pub(crate) fn shared(&self, other: &Values) -> usize {
        self.0.keys().filter(|value| other.0.contains_key(value)).count()
    }

    pub(super) fn extend(&mut self, other: Values) {
        for (value, (unit, several)) in other.0 {
            self.take(value, unit);
            if let Some(entry) = self.0.get_mut(&value) {
                entry.1 |= several;
            }
        }
    }
}
