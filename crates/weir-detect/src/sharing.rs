//! How often two accounts of one operator share a value: `m` of Fellegi and
//! Sunter. Where accounts of declared organisations are known, they tell it, for
//! each kind of value by itself; where not, it is stated.
//!
//! Declared organisations hide nothing, so what they tell is biased: operators who
//! hide share less, and whoever does not share a value is spoken against too
//! strongly, by as many bits as `1 − m` is too small. It is said wherever it counts.

mod seats;

use std::collections::BTreeMap;

use crate::constants::{DECLARED_ACCOUNTS, DECLARED_LEAST, DECLARED_ORGANISATIONS};
use crate::standing::Kind;
use crate::unit::Facts;
pub(crate) use seats::{EpochSeats, Seats};

/// How many kinds of values are known of an account, from either source.
const OF_AN_ACCOUNT: usize = 4;

/// An organisation's accounts and their values; 0 where one is not known.
pub(crate) type Accounts = BTreeMap<u64, [u64; OF_AN_ACCOUNT]>;

/// Values of accounts of declared organisations, and what they tell; of organisations and
/// of the accounts of each those with the smallest keyed hashes, so that it does not
/// matter in which order they are noted.
#[derive(Debug, Clone, Default)]
struct Known {
    of: BTreeMap<u64, Accounts>,
    told: [Option<Told>; OF_AN_ACCOUNT],
}

impl Known {
    /// Notes what is known of an account.
    fn note(&mut self, organisation: u64, account: u64, note: impl FnOnce(&mut [u64; OF_AN_ACCOUNT])) {
        let accounts = self.of.entry(organisation).or_default();
        note(accounts.entry(account).or_default());
        if accounts.len() > DECLARED_ACCOUNTS {
            accounts.pop_last();
        }
        if self.of.len() > DECLARED_ORGANISATIONS {
            self.of.pop_last();
        }
    }

    fn sum_up(&mut self) {
        self.told = std::array::from_fn(|place| told(self.of.values(), place));
    }
}

/// What sign-up and billing know of accounts of declared organisations, as given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declared(Known);

/// The kinds that sign-up and billing know of each account; see [`Seats`] for those that
/// traffic shows.
const KINDS: [Kind; OF_AN_ACCOUNT] = [Kind::Payment, Kind::Mail, Kind::Path, Kind::Birth];

/// What declared organisations tell of a kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Told {
    /// The chance that two accounts of one organisation share a value.
    pub(crate) chance: f64,
    pub(crate) accounts: u64,
    pub(crate) organisations: u64,
}

impl Declared {
    /// Notes an account of a declared organisation.
    pub(crate) fn take(&mut self, organisation: u64, account: u64, facts: &Facts) {
        let values = [facts.payment, facts.mail, facts.path, facts.birth_week()];
        self.0.note(organisation, account, |known| *known = values);
    }

    /// Sums it up, when all were noted.
    pub(crate) fn sum_up(&mut self) {
        self.0.sum_up();
        self.0.of = BTreeMap::new();
    }

    /// What they tell of a kind, where enough is known.
    pub(crate) fn of(&self, kind: Kind) -> Option<Told> {
        KINDS.iter().position(|known| *known == kind).and_then(|place| self.0.told[place])
    }
}

/// Each organisation counts by its accounts.
fn told<'a>(organisations: impl Iterator<Item = &'a Accounts>, place: usize) -> Option<Told> {
    let (mut chance, mut accounts, mut several) = (0.0, 0, 0);
    for organisation in organisations {
        let mut counts = BTreeMap::<u64, u64>::new();
        for value in organisation.values().map(|values| values[place]).filter(|value| *value != 0) {
            *counts.entry(value).or_default() += 1;
        }
        let known: u64 = counts.values().sum();
        if known < 2 {
            continue;
        }
        let pairs: u64 = counts.values().map(|count| count * (count - 1)).sum();
        chance += pairs as f64 / (known - 1) as f64;
        accounts += known;
        several += 1;
    }
    (accounts >= DECLARED_LEAST).then(|| Told { chance: chance / accounts as f64, accounts, organisations: several })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(payment: u64, path: u64) -> Facts {
        Facts { payment, path, ..Facts::default() }
    }

    #[test]
    fn organisations_tell_what_their_accounts_share_and_nothing_of_what_is_not_known() {
        let mut declared = Declared::default();
        // One pays with one card and signs up in two ways; in another each has a card.
        (0..20).for_each(|account| declared.take(1, account, &facts(7, 1 + account % 2)));
        (20..40).for_each(|account| declared.take(2, account, &facts(100 + account, 1)));
        declared.sum_up();
        let payment = declared.of(Kind::Payment).unwrap();
        assert_eq!((payment.chance, payment.accounts, payment.organisations), (0.5, 40, 2));
        let path = declared.of(Kind::Path).unwrap();
        assert!((path.chance - (9.0 / 19.0 + 1.0) / 2.0).abs() < 1e-9, "{path:?}");
        assert_eq!((declared.of(Kind::Mail), declared.of(Kind::Address)), (None, None));
    }

    #[test]
    fn thirty_accounts_beside_another_of_theirs_are_needed() {
        let of = |organisations: u64, each: u64| {
            let mut declared = Declared::default();
            (0..organisations * each).for_each(|account| declared.take(account / each, account, &facts(7, 1)));
            declared.sum_up();
            declared.of(Kind::Payment).map(|told| told.accounts)
        };
        assert_eq!(of(1, 29), None);
        assert_eq!(of(1, 30), Some(30));
        assert_eq!(of(10, 3), Some(30));
        // Single accounts share with nobody and tell nothing.
        assert_eq!(of(50, 1), None);
    }

    #[test]
    fn it_does_not_matter_in_which_order_accounts_are_told_and_there_is_an_end_to_them() {
        let all: Vec<(u64, u64)> = (0..40_000).map(|account| (account % 700, account)).collect();
        let told = |all: &mut dyn Iterator<Item = &(u64, u64)>| {
            let mut declared = Declared::default();
            all.for_each(|(organisation, account)| declared.take(*organisation, *account, &facts(1 + account % 3, 1)));
            assert!(declared.0.of.len() <= DECLARED_ORGANISATIONS);
            declared.sum_up();
            declared.of(Kind::Payment).unwrap()
        };
        let straight = told(&mut all.iter());
        assert_eq!(told(&mut all.iter().rev()), straight);
        assert!(straight.accounts > 1_000);
    }
}
