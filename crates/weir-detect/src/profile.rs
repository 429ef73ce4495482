//! What one epoch saw of each customer: an exact commutative monoid. Counters
//! add, sets of slots unite, and exchanges are sampled by the smallest keyed
//! hashes, so any order of reading and any split over threads and machines
//! give the same profile, bit for bit.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

use crate::constants::EVENTS_AN_EPOCH;
use crate::hash::Table;
use crate::sharing::EpochSeats;
use crate::text::Topic;

/// What is kept of one exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Event {
    /// Which sixty-fourth of the epoch.
    pub(crate) slot: u32,
    pub(crate) anchors: Box<[u64]>,
    pub(crate) fill: u64,
    pub(crate) conversation: u64,
    pub(crate) topic: Topic,
    pub(crate) length: u8,
    pub(crate) script: u8,
    pub(crate) hour: u8,
    pub(crate) asks: u8,
    /// What the user had said before its turn, as one value; 0 where that is the
    /// opening one, or stands for it (see `primed.rs`).
    pub(crate) before: u64,
    pub(crate) address: u64,
    pub(crate) prefix: u64,
    pub(crate) client: u64,
    /// The parameters asked for, as one value.
    pub(crate) marks: u64,
    pub(crate) model: u64,
    pub(crate) model_name: Box<str>,
    pub(crate) output_tokens: u32,
    pub(crate) id: Box<str>,
    /// Whether it may be shown: it is in the sample and had texts, be they kept
    /// or only sketched. Of others there is neither id nor excerpt.
    pub(crate) has_text: bool,
    /// The start of the texts, for the eyes of an analyst; empty where they
    /// were not kept.
    pub(crate) excerpt: Box<str>,
}

impl Event {
    /// Makes it an opening turn.
    pub(crate) fn open(&mut self) {
        self.before = 0;
    }

    /// Whether its conversation had an earlier turn of the user's.
    pub(crate) fn follows_up(&self) -> bool {
        self.before != 0
    }

    /// The fill of an opening turn, where it has one: what its sender was given to ask.
    pub(crate) fn given(&self) -> Option<u64> {
        (!self.follows_up() && self.fill != 0).then_some(self.fill)
    }
}

/// What an epoch saw of one customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnitEpoch {
    /// The account's name; the first in order where a party has several.
    pub(crate) name: Box<str>,
    pub(crate) exchanges: u64,
    pub(crate) output_tokens: u64,
    pub(crate) refusals: u64,
    /// One bit for each sixty-fourth of the epoch.
    pub(crate) slots: u64,
    /// The exchanges with the smallest keys, sorted by them.
    pub(crate) events: Vec<(u64, Event)>,
    /// Of an organisation, what its accounts called from and with.
    pub(crate) seats: EpochSeats,
}

impl UnitEpoch {
    /// Unites with what was seen elsewhere in the same epoch.
    pub(crate) fn merge(&mut self, other: UnitEpoch) {
        if self.name.is_empty() || (!other.name.is_empty() && other.name < self.name) {
            self.name = other.name;
        }
        self.exchanges = self.exchanges.saturating_add(other.exchanges);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.refusals = self.refusals.saturating_add(other.refusals);
        self.slots |= other.slots;
        self.seats.merge(other.seats);
        for (key, event) in other.events {
            self.keep(key, event);
        }
    }

    /// Keeps an event when its key is among the smallest. Of two with one key
    /// (a turn sent again) the smaller stays, so order does not matter.
    pub(crate) fn keep(&mut self, key: u64, event: Event) {
        if self.events.is_empty() {
            // Most customers call once in an epoch.
            self.events.reserve_exact(1);
        }
        match self.events.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(place) => {
                if event < self.events[place].1 {
                    self.events[place].1 = event;
                }
            }
            Err(place) if place < EVENTS_AN_EPOCH => {
                self.events.truncate(EVENTS_AN_EPOCH - 1);
                self.events.insert(place, (key, event));
            }
            Err(_) => {}
        }
    }
}

/// One epoch, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochProfile {
    pub(crate) units: BTreeMap<u64, UnitEpoch>,
}

impl EpochProfile {
    /// Adds one customer's share.
    pub(crate) fn add(&mut self, unit: u64, seen: UnitEpoch) {
        match self.units.entry(unit) {
            Entry::Vacant(vacant) => {
                vacant.insert(seen);
            }
            Entry::Occupied(mut occupied) => occupied.get_mut().merge(seen),
        }
    }

    /// Unites two parts of one epoch; exact, commutative and associative.
    pub fn merge(&mut self, other: EpochProfile) {
        for (unit, seen) in other.units {
            self.add(unit, seen);
        }
    }

    /// How many exchanges it holds.
    pub fn exchanges(&self) -> u64 {
        self.units.values().map(|seen| seen.exchanges).fold(0, u64::saturating_add)
    }

    /// How many customers it holds.
    pub fn customers(&self) -> usize {
        self.units.len()
    }
}

/// An epoch that is still going on: the same, gathered without an order, which
/// is cheaper by far while exchanges come one by one.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    units: Table<UnitEpoch>,
}

impl Gathering {
    /// What an epoch saw of a customer so far.
    pub(crate) fn unit(&mut self, unit: u64) -> &mut UnitEpoch {
        self.units.entry(unit).or_default()
    }

    /// The epoch in order.
    pub(crate) fn finish(self) -> EpochProfile {
        EpochProfile { units: self.units.into_iter().collect() }
    }
}
