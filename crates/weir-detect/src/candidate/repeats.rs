//! How the fills of a group repeat across its accounts. A fill counts once for
//! each customer that gave it: the same turn sent again in a conversation is no
//! repeat, and neither is a customer's own list worked through twice.
//!
//! Two readings. *Too many*, heavily tailed, speak of a common list: a class, an
//! evaluation. *Too few* speak of work that is dealt out, and only by what
//! comparable families of the same log show: never by the family itself, which
//! would predict what it has, and never by an assumed pool of prompts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Candidate;
use crate::constants::{
    COMPARABLE_LENGTH, FAMILIES_LEAST, FILLS, FILL_CUSTOMERS, FILL_EVERYBODY, FILL_FIXED, FILL_REPEATED, FILL_SPREAD,
    FILL_WHOLE_GROUP, LESSER_BITS, REPEATS_COMPARED, REPEATS_LEAST, SAMPLED_ALIKE, SAMPLED_LEAST, SAME_GROUP,
};

/// A sampled fill and how many customers gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fill {
    /// Half-hashes of the latest customers, oldest first.
    latest: Vec<u32>,
    pub(super) units: u32,
}

impl Fill {
    /// Counts a customer once, as long as no more than [`FILL_CUSTOMERS`] others
    /// gave it in between.
    fn take(&mut self, unit: u64) {
        let unit = (unit >> 32) as u32;
        if self.latest.contains(&unit) {
            return;
        }
        if self.latest.len() >= FILL_CUSTOMERS {
            self.latest.remove(0);
        }
        self.latest.push(unit);
        self.units = self.units.saturating_add(1);
    }

    /// The pairs of customers that gave it.
    fn pairs(&self) -> f64 {
        let units = f64::from(self.units);
        units * (units - 1.0) / 2.0
    }
}

/// The fills with the smallest keyed hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sampled {
    fills: BTreeMap<u64, Fill>,
    /// Customers and fills, each pair once.
    given: u64,
    /// Of them, those of fills that more than one customer gave. Both are kept, not
    /// counted when they are asked for: they are asked for many times an epoch.
    repeated: u64,
}

impl Sampled {
    /// Counts a fill once for each customer.
    pub(super) fn take(&mut self, unit: u64, fill: u64) {
        let full = self.fills.len() >= FILLS;
        if full && self.fills.last_key_value().is_some_and(|(largest, _)| fill > *largest) {
            return;
        }
        let kept = self.fills.entry(fill).or_default();
        let before = kept.units;
        kept.take(unit);
        self.given += u64::from(kept.units - before);
        self.repeated += repeated(kept.units) - repeated(before);
        if self.fills.len() > FILLS
            && let Some((_, largest)) = self.fills.pop_last()
        {
            self.given -= u64::from(largest.units);
            self.repeated -= repeated(largest.units);
        }
    }

    /// Lets go of fills that none of the given customers gave of late.
    pub(crate) fn keep_of(&mut self, units: impl Iterator<Item = u64>) {
        let halves: BTreeSet<u32> = units.map(|unit| (unit >> 32) as u32).collect();
        self.fills.retain(|_, fill| fill.latest.iter().any(|unit| halves.contains(unit)));
        self.count();
    }

    /// Counts anew what is kept.
    fn count(&mut self) {
        self.given = self.fills.values().map(|fill| u64::from(fill.units)).sum();
        self.repeated = self.fills.values().map(|fill| repeated(fill.units)).sum();
    }

    /// The share of all fills that the sample is: hashes are even, so it is where
    /// the largest kept lies.
    fn share(&self) -> f64 {
        match self.fills.last_key_value() {
            Some((&largest, _)) if self.fills.len() >= FILLS => {
                (largest as f64 / u64::MAX as f64).max(f64::MIN_POSITIVE)
            }
            _ => 1.0,
        }
    }

    fn pairs(&self) -> f64 {
        self.fills.values().map(Fill::pairs).sum()
    }

    /// The share of openings that are of fills that more than one customer gave.
    fn repeated_share(&self) -> f64 {
        self.repeated as f64 / (self.given as f64).max(1.0)
    }

    /// Whether enough repeat to tell how.
    fn are_many(&self) -> bool {
        self.fills.len() >= 8 && self.repeated_share() >= FILL_REPEATED
    }

    #[cfg(test)]
    pub(super) fn of(counts: &[u32]) -> Sampled {
        let fill = |&units| Fill { latest: Vec::new(), units };
        let mut sampled = Sampled { fills: (0_u64..).zip(counts.iter().map(fill)).collect(), ..Sampled::default() };
        sampled.count();
        sampled
    }
}

/// The openings of a fill that so many gave, where they are a repeat.
fn repeated(units: u32) -> u64 {
    if units > 1 { u64::from(units) } else { 0 }
}

/// How a group's fills repeat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Repeats {
    pub(crate) fills: usize,
    /// Sampled fills that more than one customer gave.
    pub(crate) repeated: u64,
    /// The share of openings that are of those: a list shows among the openings that
    /// are on none, however many of these there are.
    pub(crate) share: f64,
    /// Customers a fill.
    pub(crate) mean: f64,
    /// Variance over mean of customers a fill.
    pub(crate) dispersion: f64,
    /// Share of the members that gave an average fill.
    pub(crate) of_members: f64,
    /// How many customers gave most of the fills that more than one gave.
    pub(crate) times: u32,
    /// The share of those fills that were given so often, or once less: the last
    /// answer to some is still to come.
    pub(crate) at_times: f64,
    /// Whether more were given so often than by chance (see [`is_a_peak`]).
    pub(crate) is_peak: bool,
    /// Customers known to have given one of those.
    pub(crate) givers: usize,
}

impl Repeats {
    fn are_many(&self) -> bool {
        self.fills >= 8 && self.share >= FILL_REPEATED
    }

    /// Whether fills repeat as among people who choose from one list: heavily
    /// tailed, or given by a good part of all members. A fixed small number of
    /// repeats each is how an operator samples a prompt several times.
    pub(crate) fn speak_of_a_common_list(&self) -> bool {
        let is_fixed = self.dispersion < FILL_FIXED;
        let of_all = if is_fixed { FILL_EVERYBODY } else { FILL_WHOLE_GROUP };
        let whole_group = self.of_members >= of_all && self.mean >= 3.0;
        self.are_many() && !self.are_sampled() && (whole_group || self.dispersion >= FILL_SPREAD)
    }

    /// Whether the fills that repeat do so a fixed number of times, whatever else is
    /// among them: those who copied a template give theirs once, and some tasks only are
    /// asked again. Who choose from a list give its items so often, and neither more nor
    /// less often, only where all of them work the whole of it off; then it is the same
    /// people who give each.
    fn are_sampled(&self) -> bool {
        let are_alike = self.times >= SAMPLED_LEAST && self.at_times >= SAMPLED_ALIKE;
        (are_alike || self.is_peak) && f64::from(self.times) < FILL_EVERYBODY * self.givers as f64
    }

    /// Whether each fill is given so many times and hardly any more or less often:
    /// an operator has each prompt answered that often. Who gives what others gave
    /// works off no list then.
    pub(crate) fn are_fixed(&self) -> bool {
        self.are_many() && !self.speak_of_a_common_list()
    }
}

/// The commonest of these numbers, the larger where two are, and the share that are
/// it or one less.
fn most_often(numbers: &[u32]) -> (u32, f64) {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for number in numbers {
        *counts.entry(*number).or_default() += 1;
    }
    let Some((&most, &count)) = counts.iter().max_by_key(|(_, count)| **count) else { return (0, 0.0) };
    let less = most.checked_sub(1).and_then(|less| counts.get(&less)).copied().unwrap_or(0);
    (most, (count + less) as f64 / numbers.len() as f64)
}

/// Whether more fills were given so often than where each customer chooses for itself,
/// whatever draws him to which. How many give a fill is then a mixture of Poisson
/// distributions; in one of those the n(k) that are given k times have k!·n(k) for the
/// moments of a measure, so that these are log-convex: k·n(k)² ≤ (k+1)·n(k−1)·n(k+1).
/// Whoever has each task answered k times makes far more of n(k). Two standard errors are
/// left on each of the three.
fn is_a_peak(given: impl Fn(u32) -> u64, times: u32) -> bool {
    let Some(less) = times.checked_sub(1).filter(|less| *less > 0) else { return false };
    let high = |count: u64| count as f64 + 2.0 * (count as f64).sqrt() + 2.0;
    let here = given(times) as f64;
    let low = here - 2.0 * here.sqrt();
    let by_chance = (1.0 + 1.0 / f64::from(times)) * high(given(less)) * high(given(times + 1));
    low > 0.0 && low * low > by_chance
}

/// What comparable families predict of a group's repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Deficit {
    /// Pairs of accounts that gave one fill, among those sampled.
    pub(crate) seen: f64,
    /// How many there would be at those families' rate.
    pub(crate) expected: f64,
    /// Those families.
    pub(crate) families: usize,
    /// Of them, those that show as few for what they sent.
    pub(crate) as_few: usize,
    pub(crate) bits: f64,
}

impl Candidate {
    /// Whether its fills repeat as those of people do who choose from one list.
    pub(crate) fn works_off_a_list(&self) -> bool {
        self.fills.are_many() && self.repeats().speak_of_a_common_list()
    }

    /// Whether each fill is given so many times (see [`Repeats::are_fixed`]).
    pub(crate) fn has_each_answered_as_often(&self) -> bool {
        self.fills.are_many() && self.repeats().are_fixed()
    }

    /// How the fills repeat across customers.
    pub(crate) fn repeats(&self) -> Repeats {
        let all = &self.fills.fills;
        let fills = all.len() as f64;
        let repeated = || all.values().filter(|fill| fill.units > 1);
        let mean = self.fills.given as f64 / fills.max(1.0);
        let (times, at_times) = most_often(&repeated().map(|fill| fill.units).collect::<Vec<_>>());
        let givers: BTreeSet<u32> = repeated().flat_map(|fill| fill.latest.iter().copied()).collect();
        let spread = all.values().map(|fill| (f64::from(fill.units) - mean).powi(2)).sum::<f64>() / fills.max(1.0);
        Repeats {
            fills: all.len(),
            repeated: repeated().count() as u64,
            share: self.fills.repeated_share(),
            mean,
            dispersion: spread / mean.max(1e-9),
            of_members: mean / self.members.len().max(1) as f64,
            times,
            at_times,
            is_peak: is_a_peak(|times| all.values().filter(|fill| fill.units == times).count() as u64, times),
            givers: givers.len(),
        }
    }

    /// The chance that two openings are of two accounts.
    fn apart(&self) -> f64 {
        let all: f64 = self.members.values().map(|member| member.joint as f64).sum();
        1.0 - self.members.values().map(|member| (member.joint as f64 / all.max(1.0)).powi(2)).sum::<f64>()
    }

    /// Pairs of two accounts' openings, as many as are in sight of the sample: at a
    /// chance ρ that two are one fill, ρ times as many repeats are expected in it.
    fn pairs_in_sight(&self) -> f64 {
        let share = self.fills.share();
        let given = self.fills.given as f64 / share;
        given * given / 2.0 * self.apart() * share
    }

    /// What openings are like in length, as a power of two of words.
    fn opening_length(&self) -> f64 {
        let lengths = (0_u32..).zip(self.pool.lengths);
        let sum: f64 = lengths.map(|(length, count)| f64::from(length) * count as f64).sum();
        sum / self.pool.lengths.iter().sum::<u64>().max(1) as f64
    }

    /// Whether another family is like this one but for who is behind it: benign as
    /// far as is known, of other accounts, with openings about as long that come from
    /// no list, and enough of them to tell how they repeat. Short openings are the
    /// same by chance, long ones are not.
    fn is_comparable(&self, other: &Candidate) -> bool {
        let enough = other.fills.given as f64 >= REPEATS_COMPARED;
        if other.ordinal == self.ordinal || other.alarm.is_some() || !enough || other.works_off_a_list() {
            return false;
        }
        let alike = (self.opening_length() - other.opening_length()).abs() <= COMPARABLE_LENGTH;
        let (few, many) = if self.members.len() <= other.members.len() { (self, other) } else { (other, self) };
        let both = || few.members.keys().filter(|unit| many.members.contains_key(unit)).count();
        alike && (both() as f64) < (1.0 - SAME_GROUP) * few.members.len() as f64
    }

    /// Whether its fills repeat less than those of comparable families: nothing
    /// where these predict fewer than [`REPEATS_LEAST`] repeats, or are too few
    /// themselves. How often a fill is given is heavily tailed, so its bits are those
    /// of the ratio and no more; and a family that shows as few without an operator
    /// is counted against each that shows more (the rank among them is the chance of
    /// so few, were this family one of them).
    pub(crate) fn deficit(&self, all: &[Candidate]) -> Option<Deficit> {
        let others: Vec<&Candidate> = all.iter().filter(|other| self.is_comparable(other)).collect();
        if others.len() < FAMILIES_LEAST {
            return None;
        }
        let rate = |family: &Candidate| family.fills.pairs() / family.pairs_in_sight().max(1.0);
        let reference = others.iter().map(|family| rate(family)).sum::<f64>() / others.len() as f64;
        let (seen, expected) = (self.fills.pairs(), reference * self.pairs_in_sight());
        if expected < REPEATS_LEAST || seen >= expected {
            return None;
        }
        let own = rate(self);
        let predicted: Vec<&&Candidate> =
            others.iter().filter(|family| reference * family.pairs_in_sight() >= REPEATS_LEAST).collect();
        let as_few = predicted.iter().filter(|family| rate(family) <= own).count();
        let rank = ((predicted.len() + 1) as f64 / (as_few + 1) as f64).log2();
        let bits = (expected / (seen + 1.0)).log2().min(rank).clamp(0.0, LESSER_BITS);
        Some(Deficit { seen, expected, families: predicted.len(), as_few, bits })
    }
}

#[cfg(test)]
mod tests;
