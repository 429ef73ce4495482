//! Everything a detector remembers from one epoch to the next.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::anchor::{Anchors, Singles};
use crate::candidate::{Candidate, Exemplar, Member};
use crate::cleared::Cleared;
use crate::constants::SAMPLE_UNITS;
use crate::fills::Fills;
use crate::hash::Table;
use crate::launch::Launches;
use crate::leave_out::{Item, LeftOut};
use crate::likeness::Reference;
use crate::profile::Event;
use crate::settings::{Settings, Trial};
use crate::sharing::{Declared, Seats};
use crate::sketch::CLASSES;
use crate::unit::{Facts, Pool, Units};
use crate::watch::Watch;

/// What exchanges at large are like: the harvest axis is read against it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Habits {
    pub(crate) events: u64,
    pub(crate) openings: u64,
    pub(crate) output_tokens: u64,
    pub(crate) asks: [u64; CLASSES.len()],
}

impl Habits {
    pub(crate) fn take(&mut self, event: &Event) {
        self.events += 1;
        self.openings += u64::from(!event.follows_up());
        self.output_tokens += u64::from(event.output_tokens);
        for (bit, count) in self.asks.iter_mut().enumerate() {
            *count += u64::from(event.asks >> bit & 1);
        }
    }

    /// Without what a part of it did.
    pub(crate) fn without(&self, part: &Habits) -> Habits {
        let mut asks = self.asks;
        asks.iter_mut().zip(part.asks).for_each(|(all, part)| *all = all.saturating_sub(part));
        Habits {
            events: self.events.saturating_sub(part.events),
            openings: self.openings.saturating_sub(part.openings),
            output_tokens: self.output_tokens.saturating_sub(part.output_tokens),
            asks,
        }
    }
}

#[derive(Debug)]
pub(crate) struct State {
    /// The last epoch folded.
    pub(crate) epoch: Option<i64>,
    /// The first epoch folded.
    pub(crate) begun: i64,
    pub(crate) epoch_millis: i64,
    /// As set; not part of what is saved.
    pub(crate) trial: Trial,
    pub(crate) units: Units,
    /// Sign-up and billing facts, as given; not part of what is saved.
    pub(crate) facts: Table<Facts>,
    /// What accounts of declared organisations share; as given, not part of what is
    /// saved.
    pub(crate) declared: Declared,
    /// The same of what their traffic shows.
    pub(crate) seats: Seats,
    /// Customers found innocent; as given, not part of what is saved.
    pub(crate) cleared: Cleared,
    pub(crate) anchors: Anchors,
    pub(crate) singles: Singles,
    pub(crate) fills: Fills,
    pub(crate) candidates: Vec<Candidate>,
    /// Candidates ever born: the error budget rests on it, so it only grows.
    pub(crate) born: u64,
    pub(crate) reference: Reference,
    /// The same, where everybody's wrapper is left out.
    pub(crate) bare: Reference,
    pub(crate) pool: Pool,
    pub(crate) habits: Habits,
    pub(crate) launches: Launches,
    pub(crate) watch: Watch,
    /// Some exchanges of customers outside every candidate, to read beside.
    pub(crate) ordinary: Vec<Exemplar>,
    /// The units with the smallest keyed hashes: a sample without choice.
    pub(crate) sample: BTreeSet<u64>,
    /// Customers that others' indicators name, as given; not part of what is saved.
    pub(crate) named: BTreeSet<u64>,
    /// What a rerun leaves out; as given, not part of what is saved.
    pub(crate) left_out: LeftOut,
}

impl State {
    pub(crate) fn new(settings: &Settings) -> State {
        State {
            epoch: None,
            begun: 0,
            epoch_millis: settings.epoch_millis(),
            trial: settings.trial,
            units: Units::default(),
            facts: Table::default(),
            declared: Declared::default(),
            seats: Seats::default(),
            cleared: Cleared::default(),
            anchors: Anchors::default(),
            singles: Singles::of_bytes(settings.memory / 16),
            fills: Fills::of_bytes(settings.memory / 64),
            candidates: Vec::new(),
            born: 0,
            reference: Reference::default(),
            bare: Reference::default(),
            pool: Pool::default(),
            habits: Habits::default(),
            launches: Launches::default(),
            watch: Watch::default(),
            ordinary: Vec::new(),
            sample: BTreeSet::new(),
            named: BTreeSet::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Whether a member gives a good part of its own traffic to the joint work.
    pub(crate) fn is_core(&self, id: u64, member: &Member) -> bool {
        !self.left_out.holds(id, Item::Traffic) && self.units.get(&id).is_some_and(|unit| member.is_core(unit, self.trial))
    }

    /// Members who give a good part of their own traffic to the joint work, sorted.
    pub(crate) fn core_of(&self, candidate: &Candidate) -> Vec<u64> {
        candidate.members.iter().filter(|(id, member)| self.is_core(**id, member)).map(|(&id, _)| id).collect()
    }

    /// Sampled customers that are none of the candidate's members, which are held against them.
    pub(crate) fn sampled_outside(&self, candidate: &Candidate) -> impl Iterator<Item = u64> {
        self.sample.iter().copied().filter(|unit| !candidate.members.contains_key(unit))
    }

    /// Notes a unit for the sample.
    pub(crate) fn sample_unit(&mut self, unit: u64) {
        if self.sample.len() < SAMPLE_UNITS || self.sample.last().is_some_and(|last| unit < *last) {
            self.sample.insert(unit);
            if self.sample.len() > SAMPLE_UNITS {
                self.sample.pop_last();
            }
        }
    }
}
