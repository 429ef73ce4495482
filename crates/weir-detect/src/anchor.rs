//! Anchors: pieces of text that a second customer showed. Until then an anchor
//! is one line in a bounded table; admitted, it keeps a sample of its users.
//! Accounts link to anchors and never to each other, so no pair is ever made.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::constants::{GROUP_UNITS, UNITS_SAMPLED};
use crate::footprint::rounded;
use crate::hash::Table;

/// An admitted anchor. There are many of few users each, so it takes just the room it
/// needs; counts of sampled exchanges fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Anchor {
    /// Links made to it; a customer that lost its link makes another.
    units: u32,
    /// Of them, those with the smallest keyed hashes, sorted.
    pub(crate) sample: Box<[u64]>,
    uses: u32,
    /// The epoch of the last use, as an edge has it.
    last: i32,
    /// Uses when it was last looked at as a founder.
    looked_at: u32,
}

impl Anchor {
    /// One that two customers showed, the first of them once before.
    pub(crate) fn admitted(uses: u32, epoch: i64) -> Anchor {
        let mut anchor = Anchor { uses: 1, ..Anchor::default() };
        anchor.show(uses, epoch);
        anchor
    }

    /// Notes that it was shown in an epoch.
    pub(crate) fn show(&mut self, uses: u32, epoch: i64) {
        self.uses = self.uses.saturating_add(uses);
        self.last = short(epoch);
    }

    pub(crate) fn uses(&self) -> u32 {
        self.uses
    }

    /// The epoch in which it was shown last.
    pub(crate) fn last(&self) -> i64 {
        i64::from(self.last)
    }

    /// Whether it has the users to found a candidate, and a quarter more uses
    /// than when it was last looked at.
    pub(crate) fn is_due(&self) -> bool {
        u64::from(self.uses) * 4 >= u64::from(self.looked_at) * 5 && self.users() >= GROUP_UNITS
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
        rounded(size_of_val(&*self.sample))
    }

    pub(crate) fn link(&mut self, unit: u64) {
        self.units = self.units.saturating_add(1);
        // Most users of what many show: one look into memory where a search takes several.
        if self.sample.len() == UNITS_SAMPLED && self.sample.last().is_some_and(|largest| unit > *largest) {
            return;
        }
        let Err(place) = self.sample.binary_search(&unit) else { return };
        if self.sample.len() < UNITS_SAMPLED {
            let (before, behind) = self.sample.split_at(place);
            self.sample = before.iter().chain(&[unit]).chain(behind).copied().collect();
        } else if let Some(from @ [_, ..]) = self.sample.get_mut(place..) {
            // The largest gives way.
            from.rotate_right(1);
            from[0] = unit;
        }
    }

    /// Customers that ever linked to it: exactly while the sample holds them all,
    /// else from how densely their hashes lie (Bar-Yossef and others 2002).
    pub(crate) fn users(&self) -> u64 {
        match self.sample.last() {
            Some(&largest) if self.sample.len() == UNITS_SAMPLED => {
                let density = (largest as f64 / u64::MAX as f64).max(f64::MIN_POSITIVE);
                ((UNITS_SAMPLED - 1) as f64 / density).min(f64::from(self.units)) as u64
            }
            _ => self.sample.len() as u64,
        }
    }

    /// Whether the Jaccard index of two anchors' users is at least so much.
    pub(crate) fn overlaps(&self, other: &Anchor, least: f64) -> bool {
        let (few, many) = (self.sample.len().min(other.sample.len()), self.sample.len().max(other.sample.len()));
        // No more than the fewer are in both, and the more are all in the union: what most
        // anchors are told apart by without a look at who their users are.
        few as f64 >= least * many as f64 && self.overlap(other) >= least
    }

    /// The Jaccard index of two anchors' users: of the smallest hashes of the
    /// union, the share in both.
    fn overlap(&self, other: &Anchor) -> f64 {
        let (mut left, mut right) = (&*self.sample, &*other.sample);
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

/// An epoch's number, as far as it fits: epochs of ten seconds do for centuries.
pub(crate) fn short(epoch: i64) -> i32 {
    i32::try_from(epoch).unwrap_or(if epoch < 0 { i32::MIN } else { i32::MAX })
}

/// Anchors by their keyed hash.
pub(crate) type Anchors = Table<Anchor>;

/// Has some anchors in the cache, and where a new user goes into their samples, so that
/// looking at them one after the other does not wait for the memory each time.
pub(crate) fn fetch(anchors: &Anchors, ids: &[u64]) {
    let known: Vec<&Anchor> = ids.iter().filter_map(|id| anchors.get(id)).collect();
    let middle = |anchor: &Anchor| anchor.sample.get(anchor.sample.len() / 2).copied().unwrap_or(0);
    std::hint::black_box(known.iter().fold(0, |read, anchor| read ^ middle(anchor)));
}

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

    /// The same for these.
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
