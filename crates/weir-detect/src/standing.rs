//! Standing evidence: values that were fixed at sign-up or hardly change. It
//! proposes and describes and is weighed for each member against the group with
//! that member left out; it never enters the e-process.
//!
//! One value, one likelihood ratio (Fellegi and Sunter 1969, as a star): the
//! chance of the member's value if it shares the group's operator, against the
//! value's frequency among customers outside the group. The frequency is never
//! taken inside, or a large campaign would hide itself by being common.

use std::collections::BTreeMap;

use crate::bet::Block;
use crate::candidate::Candidate;
use crate::constants::{DISPOSABLE_DAYS, ENRICHED, OLD_DAYS, ONSET_HOURS, SHARED_AT_MOST, SHARED_BY_OPERATOR, SHARED_LEAST, STANDING_KNOWN, STANDING_MOST};
use crate::leave_out::Item;
use crate::sharing::Told;
use crate::state::State;

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Prefix,
    Address,
    Client,
    Marks,
    Payment,
    Mail,
    Path,
    Birth,
    /// How old the account was at its first exchange.
    Age,
    /// When that was, of an account that was new then: put to work at the same time.
    /// Of an older one the log may not show the first.
    Onset,
}

impl Kind {
    pub(crate) const ALL: [Kind; 10] = [
        Kind::Prefix,
        Kind::Address,
        Kind::Client,
        Kind::Marks,
        Kind::Payment,
        Kind::Mail,
        Kind::Path,
        Kind::Birth,
        Kind::Age,
        Kind::Onset,
    ];

    pub(crate) fn block(self) -> Block {
        match self {
            Kind::Prefix | Kind::Address => Block::Network,
            Kind::Client | Kind::Marks => Block::Client,
            Kind::Payment | Kind::Mail | Kind::Path => Block::Identity,
            Kind::Birth | Kind::Age => Block::Life,
            Kind::Onset => Block::Time,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Prefix => "network",
            Kind::Address => "address",
            Kind::Client => "client",
            Kind::Marks => "request parameters",
            Kind::Payment => "means of payment",
            Kind::Mail => "e-mail domain",
            Kind::Path => "sign-up path",
            Kind::Birth => "week of sign-up",
            Kind::Age => "age at its first exchange",
            Kind::Onset => "hours of its first exchange",
        }
    }

    /// The field of the log or accounts file it is read from.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Kind::Prefix | Kind::Address => "client.ip",
            Kind::Client => "client.ja4 and client.user_agent",
            Kind::Marks => "params",
            Kind::Payment => "payment",
            Kind::Mail => "email_domain",
            Kind::Path => "signup_path",
            Kind::Birth | Kind::Age | Kind::Onset => "created",
        }
    }

    /// A customer's value; 0 when unknown.
    pub(crate) fn value(self, state: &State, id: u64) -> u64 {
        // Age is weighed by itself, and speaks against alone.
        if self != Kind::Age && state.left_out.holds(id, Item::Standing(self.block())) {
            return 0;
        }
        let unit = state.units.get(&id);
        let fact = state.facts.get(&id);
        match self {
            Kind::Prefix => unit.map_or(0, |unit| unit.prefix),
            Kind::Address => unit.and_then(|unit| unit.addresses.last()).unwrap_or(0),
            Kind::Client => unit.and_then(|unit| unit.clients.recent().last()).unwrap_or(0),
            Kind::Marks => unit.map_or(0, |unit| unit.marks),
            Kind::Payment => fact.map_or(0, |fact| fact.payment),
            Kind::Mail => fact.map_or(0, |fact| fact.mail),
            Kind::Path => fact.map_or(0, |fact| fact.path),
            Kind::Birth => fact.map_or(0, crate::unit::Facts::birth_week),
            Kind::Age => {
                let first = unit.map(|unit| unit.first * state.epoch_millis);
                let age = first.zip(fact.and_then(|fact| fact.created)).map(|(first, created)| first - created);
                age.map_or(0, |age| match age / 86_400_000 {
                    ..DISPOSABLE_DAYS => 1,
                    DISPOSABLE_DAYS..OLD_DAYS => 2,
                    _ => 3,
                })
            }
            Kind::Onset if Kind::Age.value(state, id) == 1 => {
                let hours = unit.map_or(0, |unit| unit.first * state.epoch_millis).div_euclid(ONSET_HOURS * 3_600_000);
                hours.unsigned_abs() + 1
            }
            Kind::Onset => 0,
        }
    }
}

/// What tells the chance that two accounts of one operator share a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum SharingBy {
    /// A judgement.
    Stated,
    /// Accounts of declared organisations.
    Declared(Told),
    /// The group, where more of it shares values that are rare outside.
    Group,
}

/// A kind's values inside the group and outside.
#[derive(Debug)]
pub(crate) struct Values {
    pub(crate) kind: Kind,
    pub(crate) inside: BTreeMap<u64, u64>,
    pub(crate) known: u64,
    outside: BTreeMap<u64, u64>,
    outside_known: u64,
    /// The chance that two of the operator's accounts share a value, and whence.
    sharing: f64,
    pub(crate) sharing_by: SharingBy,
    /// Bits of a member, on average over those known.
    pub(crate) mean: f64,
}

impl Values {
    /// None where too few members have a known value.
    fn of(kind: Kind, candidate: &Candidate, group: &[u64], state: &State) -> Option<Values> {
        let mut values = Values {
            kind,
            inside: BTreeMap::new(),
            known: 0,
            outside: BTreeMap::new(),
            outside_known: 0,
            sharing: 0.0,
            sharing_by: SharingBy::Stated,
            mean: 0.0,
        };
        for &unit in group {
            let value = kind.value(state, unit);
            if value != 0 {
                *values.inside.entry(value).or_default() += 1;
                values.known += 1;
            }
        }
        if (values.known as usize) < STANDING_KNOWN || (values.known as usize) * 2 < group.len() {
            return None;
        }
        for unit in state.sampled_outside(candidate) {
            let value = kind.value(state, unit);
            if value != 0 {
                *values.outside.entry(value).or_default() += 1;
                values.outside_known += 1;
            }
        }
        let known = values.known as f64;
        let enriched = values.inside.iter().filter(|(value, count)| **count > SHARED_LEAST && values.is_enriched(**value));
        let enriched: u64 = enriched.map(|(_, count)| count).sum();
        let declared = state.declared.of(kind).or_else(|| state.seats.of(kind));
        // That an operator puts accounts to work together the group alone can tell.
        let before = match kind {
            Kind::Onset => 0.0,
            _ => state.trial.chance(declared.map_or(SHARED_BY_OPERATOR, |told| told.chance)),
        };
        values.sharing = (enriched as f64 / known).clamp(before, SHARED_AT_MOST);
        values.sharing_by = match declared {
            _ if values.sharing > before => SharingBy::Group,
            Some(told) => SharingBy::Declared(told),
            None => SharingBy::Stated,
        };
        let sum: f64 = values.inside.iter().map(|(&value, &count)| count as f64 * values.bits(value, true)).sum();
        values.mean = sum / values.known as f64;
        Some(values)
    }

    /// How many inside have the value.
    pub(crate) fn count(&self, value: u64) -> u64 {
        self.inside.get(&value).copied().unwrap_or(0)
    }

    /// How many they are of those whose value is known.
    pub(crate) fn share(&self, value: u64) -> f64 {
        self.count(value) as f64 / self.known.max(1) as f64
    }

    /// How often customers outside show the value; half a customer is added, so
    /// that nothing is ever taken for impossible.
    pub(crate) fn outside(&self, value: u64) -> f64 {
        let count = self.outside.get(&value).copied().unwrap_or(0);
        (count as f64 + 0.5) / (self.outside_known as f64 + 1.0)
    }

    /// Whether it is far more frequent inside than outside; a value that nobody inside has
    /// is not.
    pub(crate) fn is_enriched(&self, value: u64) -> bool {
        self.share(value) >= ENRICHED * self.outside(value)
    }

    /// Bits that a member's value brings, against the group without it.
    pub(crate) fn bits(&self, value: u64, is_inside: bool) -> f64 {
        let with = self.count(value);
        let (others, of) = if is_inside { (with.saturating_sub(1), self.known.saturating_sub(1)) } else { (with, self.known) };
        let outside = self.outside(value);
        let shared = if others < SHARED_LEAST { 0.0 } else { others as f64 / (of as f64).max(1.0) };
        let given = self.sharing * shared + (1.0 - self.sharing) * outside;
        (given / outside).log2().clamp(-STANDING_MOST, STANDING_MOST)
    }

    /// The chance that was used, and whence it is, in words.
    pub(crate) fn sharing(&self) -> String {
        let by = match self.sharing_by {
            SharingBy::Stated => "stated".to_owned(),
            SharingBy::Group => "as in this group".to_owned(),
            SharingBy::Declared(told) => format!(
                "as in {} accounts of {} declared organisations, which do not hide: too much for those who do",
                told.accounts, told.organisations
            ),
        };
        format!("m {:.2}, {by}", self.sharing)
    }

    /// The value most members show, and how many do.
    pub(crate) fn modal(&self) -> Option<(u64, u64)> {
        self.inside.iter().max_by_key(|(value, count)| (**count, **value)).map(|(&value, &count)| (value, count))
    }
}

/// The standing evidence of a group: of each block, the kind of value that says
/// most. Blocks without a known kind are missing.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) all: Vec<Values>,
}

impl Standing {
    pub(crate) fn of(candidate: &Candidate, group: &[u64], state: &State) -> Standing {
        let all = Kind::ALL.into_iter().filter_map(|kind| Values::of(kind, candidate, group, state)).collect();
        Standing { all }
    }

    pub(crate) fn kind(&self, kind: Kind) -> Option<&Values> {
        self.all.iter().find(|values| values.kind == kind)
    }

    /// The kind of a block that says most of the group on average.
    pub(crate) fn block(&self, block: Block) -> Option<&Values> {
        // Age is weighed by itself, against a member only.
        let of_block = self.all.iter().filter(|values| values.kind.block() == block && values.kind != Kind::Age);
        of_block.max_by(|left, right| left.mean.total_cmp(&right.mean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 members and 1,000 others; the value 7 is shared by so many members.
    fn values(sharers: u64) -> Values {
        let mut inside: BTreeMap<u64, u64> = (100..200 - sharers).map(|value| (value, 1)).collect();
        inside.insert(7, sharers);
        let outside = (1000..2000).map(|value| (value, 1)).collect();
        Values { kind: Kind::Address, inside, known: 100, outside, outside_known: 1000, sharing: 0.5, sharing_by: SharingBy::Stated, mean: 0.0 }
    }

    /// Who signed up long before it first called, or at a time that is not known, says
    /// nothing by when that was.
    #[test]
    fn only_of_a_new_account_it_is_known_when_it_was_put_to_work() {
        let mut state = State::new(&crate::Settings::default());
        let day = 86_400_000;
        let first = 20_000 * 24;
        for (id, age) in [(1, Some(2)), (2, Some(DISPOSABLE_DAYS)), (3, Some(400)), (4, None), (5, Some(1))] {
            let late = i64::from(id == 5) * ONSET_HOURS;
            state.units.insert(id, crate::unit::Unit { first: first + late, ..Default::default() });
            let created = age.map(|age: i64| (first + late) * 3_600_000 - age * day);
            state.facts.insert(id, crate::unit::Facts { created, ..Default::default() });
        }
        let of = |id| Kind::Onset.value(&state, id);
        assert!(of(1) > 0 && of(5) == of(1) + 1, "{} {}", of(1), of(5));
        assert_eq!([of(2), of(3), of(4), of(6)], [0; 4]);
    }

    #[test]
    fn a_value_of_two_ties_them_to_each_other_and_not_to_the_group() {
        assert_eq!(values(2).bits(7, true), values(2).bits(150, true), "as one shared with nobody");
        assert!(values(2).bits(7, true) < 0.0);
        assert!(values(3).bits(7, true) > 1.0);
        // Of somebody who is not among those counted, two others are two others.
        assert!(values(2).bits(7, false) > 1.0);
    }
}
