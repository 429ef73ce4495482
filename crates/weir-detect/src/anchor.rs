//! Anchors: pieces of text that a second customer showed. Until then an anchor
//! is one line in a bounded table; admitted, it keeps a sample of its users.
//! Accounts link to anchors and never to each other, so no pair is ever made.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::constants::{GROUP_UNITS, UNITS_SAMPLED};
use crate::footprint::rounded;
use crate::hash::Table;

/// An admitted anchor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Anchor {
    /// Links made to it; a customer that lost its link makes another.
    pub(crate) units: u64,
    /// Of them, those with the smallest keyed hashes, sorted.
    pub(crate) sample: Vec<u64>,
    pub(crate) uses: u64,
    pub(crate) last: i64,
    /// Uses when it was last looked at as a founder.
    pub(crate) looked_at: u64,
}

impl Anchor {
    /// Whether it has the users to found a candidate, and a quarter more uses
    /// than when it was last looked at.
    pub(crate) fn is_due(&self) -> bool {
        self.uses * 4 >= self.looked_at * 5 && self.users() >= GROUP_UNITS
    }

    /// The same; notes that it is looked at.
    pub(crate) fn look(&mut self) -> bool {
        let is_due = self.is_due();
        if is_due {
            self.looked_at = self.uses;
        }
        is_due
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        rounded(self.sample.capacity() * size_of::<u64>())
    }

    pub(crate) fn link(&mut self, unit: u64) {
        self.units += 1;
        if let Err(place) = self.sample.binary_search(&unit)
            && place < UNITS_SAMPLED
        {
            self.sample.insert(place, unit);
            self.sample.truncate(UNITS_SAMPLED);
        }
    }

    /// Customers that ever linked to it: exactly while the sample holds them all,
    /// else from how densely their hashes lie (Bar-Yossef and others 2002).
    pub(crate) fn users(&self) -> u64 {
        match self.sample.last() {
            Some(&largest) if self.sample.len() == UNITS_SAMPLED => {
                let density = (largest as f64 / u64::MAX as f64).max(f64::MIN_POSITIVE);
                ((UNITS_SAMPLED - 1) as f64 / density).min(self.units as f64) as u64
            }
            _ => self.sample.len() as u64,
        }
    }

    /// The Jaccard index of two anchors' users: of the smallest hashes of the
    /// union, the share in both.
    pub(crate) fn overlap(&self, other: &Anchor) -> f64 {
        let (mut left, mut right) = (self.sample.as_slice(), other.sample.as_slice());
        let (mut union, mut both) = (0_u32, 0_u32);
        while union < UNITS_SAMPLED as u32 {
            let order = match (left.first(), right.first()) {
                (Some(one), Some(other)) => one.cmp(other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => break,
            };
            union += 1;
            both += u32::from(order == Ordering::Equal);
            left = if order == Ordering::Greater { left } else { &left[1..] };
            right = if order == Ordering::Less { right } else { &right[1..] };
        }
        f64::from(both) / f64::from(union.max(1))
    }
}

/// Anchors by their keyed hash.
pub(crate) type Anchors = Table<Anchor>;

/// Anchors seen with one customer only: a table of fixed size, by slot. A newer
/// anchor takes an older one's slot, so memory is bounded and what is lost is
/// the oldest single sightings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Singles {
    slots: Vec<(u64, u64)>,
}

impl Singles {
    /// As many slots as fit into so many bytes, at least a thousand.
    pub(crate) fn of_bytes(bytes: u64) -> Singles {
        let slots = usize::try_from(bytes / size_of::<(u64, u64)>() as u64).unwrap_or(usize::MAX);
        Singles { slots: vec![(0, 0); slots.clamp(1024, 1 << 32)] }
    }

    pub(crate) fn bytes(&self) -> u64 {
        (self.slots.len() * size_of::<(u64, u64)>()) as u64
    }

    /// Has the lines of some anchors in the cache, so that looking at them one
    /// after the other does not wait for the memory each time.
    pub(crate) fn fetch(&self, anchors: &[u64]) {
        let read = anchors.iter().fold(0, |read, &anchor| read ^ self.slots[self.place(anchor)].0);
        std::hint::black_box(read);
    }

    fn place(&self, anchor: u64) -> usize {
        ((u128::from(anchor) * self.slots.len() as u128) >> 64) as usize
    }

    /// Notes a sighting; gives the earlier customer when it was another.
    pub(crate) fn sight(&mut self, anchor: u64, unit: u64) -> Option<u64> {
        let place = self.place(anchor);
        let (held, first) = self.slots[place];
        if held != anchor {
            self.slots[place] = (anchor, unit);
            return None;
        }
        if first == unit {
            return None;
        }
        self.slots[place] = (0, 0);
        Some(first)
    }

    /// The slots that hold something, for writing them down.
    pub(crate) fn held(&self) -> Vec<(u64, u64)> {
        self.slots.iter().copied().filter(|(anchor, _)| *anchor != 0).collect()
    }

    /// Puts back what was written down, into a table of the same size.
    pub(crate) fn put_back(&mut self, held: Vec<(u64, u64)>) {
        for (anchor, unit) in held {
            self.sight(anchor, unit);
        }
    }
}
