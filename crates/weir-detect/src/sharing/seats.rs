//! What traffic shows of each account of a declared organisation: where it last called
//! from, with what client and what parameters. In all else an organisation is one
//! customer; here its accounts are looked at one by one, since they tell how often two
//! accounts of one operator share such a value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Accounts, Known, OF_AN_ACCOUNT, Told};
use crate::constants::DECLARED_ACCOUNTS;
use crate::profile::{EpochProfile, Event};
use crate::standing::Kind;

/// The kinds that traffic shows.
const KINDS: [Kind; OF_AN_ACCOUNT] = [Kind::Prefix, Kind::Address, Kind::Client, Kind::Marks];

/// What an epoch showed of one account; of each kind the known value with the largest key,
/// so that order does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seat([(u64, u64); OF_AN_ACCOUNT]);

impl Seat {
    fn of(key: u64, event: &Event) -> Seat {
        let values = [event.prefix, event.address, event.client, event.marks];
        Seat(values.map(|value| if value == 0 { (0, 0) } else { (key, value) }))
    }

    fn unite(&mut self, other: Seat) {
        for (known, other) in self.0.iter_mut().zip(other.0) {
            *known = other.max(*known);
        }
    }
}

/// What an epoch showed of an organisation's accounts: those with the smallest keyed
/// hashes, sorted, so that any split of an epoch gives the same. Behind a gateway every
/// account has a party and most parties one account, so it takes just the room it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EpochSeats(Vec<(u64, Seat)>);

impl EpochSeats {
    /// Notes an exchange of an account.
    pub(crate) fn take(&mut self, account: u64, key: u64, event: &Event) {
        self.unite(account, Seat::of(key, event));
    }

    /// Unites with what was seen elsewhere in the same epoch.
    pub(crate) fn merge(&mut self, other: EpochSeats) {
        other.0.into_iter().for_each(|(account, seat)| self.unite(account, seat));
    }

    fn unite(&mut self, account: u64, seat: Seat) {
        match self.0.binary_search_by_key(&account, |(account, _)| *account) {
            Ok(place) => self.0[place].1.unite(seat),
            Err(place) if place < DECLARED_ACCOUNTS => {
                self.0.truncate(DECLARED_ACCOUNTS - 1);
                if self.0.is_empty() {
                    self.0.reserve_exact(1);
                }
                self.0.insert(place, (account, seat));
            }
            Err(_) => {}
        }
    }
}

/// What was seen last of declared organisations' accounts, and what it tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seats(Known);

impl Seats {
    /// Takes an epoch in, of organisations that are declared.
    pub(crate) fn take(&mut self, profile: &EpochProfile, is_declared: impl Fn(u64) -> bool) {
        let declared = profile.units.iter().filter(|(unit, seen)| !seen.seats.0.is_empty() && is_declared(**unit));
        let mut has_changed = false;
        for (&organisation, seen) in declared {
            for (account, seat) in &seen.seats.0 {
                self.0.note(organisation, *account, |known| {
                    for (known, (_, value)) in known.iter_mut().zip(seat.0).filter(|(_, (_, value))| *value != 0) {
                        *known = value;
                    }
                });
            }
            has_changed = true;
        }
        if has_changed {
            self.0.sum_up();
        }
    }

    /// What they tell of a kind, where enough is known.
    pub(crate) fn of(&self, kind: Kind) -> Option<Told> {
        KINDS.iter().position(|known| *known == kind).and_then(|place| self.0.told[place])
    }

    /// A customer that was found innocent is forgotten.
    pub(crate) fn forget(&mut self, organisation: u64) {
        if self.0.of.remove(&organisation).is_some() {
            self.0.sum_up();
        }
    }

    /// What is written down of it.
    pub(crate) fn held(&self) -> &BTreeMap<u64, Accounts> {
        &self.0.of
    }

    /// Goes on from what was written down.
    pub(crate) fn put_back(&mut self, held: BTreeMap<u64, Accounts>) {
        self.0.of = held;
        self.0.sum_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An epoch in which forty accounts of an organisation call from two addresses, each
    /// with a client of its own, and one account of a customer that nobody declared.
    fn epoch(addresses: [u64; 2]) -> EpochProfile {
        let event = crate::Sketcher::new(&crate::Settings::default()).sketch(&Default::default()).event;
        let mut profile = EpochProfile::default();
        for account in 1..=40 {
            let address = addresses[usize::try_from(account % 2).unwrap()];
            let event = Event { address, client: 100 + account, ..event.clone() };
            profile.units.entry(9).or_default().seats.take(account, account, &event);
            profile.units.entry(8).or_default().seats.take(account, account, &event);
        }
        profile
    }

    #[test]
    fn the_latest_of_declared_accounts_tells_and_of_no_others() {
        let mut seats = Seats::default();
        seats.take(&epoch([3, 3]), |organisation| organisation == 9);
        assert_eq!(seats.of(Kind::Address).map(|told| (told.chance, told.accounts, told.organisations)), Some((1.0, 40, 1)));
        assert_eq!(seats.of(Kind::Client).map(|told| told.chance), Some(0.0));
        assert_eq!((seats.of(Kind::Prefix), seats.of(Kind::Payment)), (None, None), "not known");
        seats.take(&epoch([3, 4]), |organisation| organisation == 9);
        let apart = seats.of(Kind::Address).unwrap().chance;
        assert!((apart - 19.0 / 39.0).abs() < 1e-9, "{apart}");
        let mut again = Seats::default();
        again.put_back(seats.held().clone());
        assert_eq!(again.of(Kind::Address), seats.of(Kind::Address));
        again.forget(9);
        assert_eq!(again.of(Kind::Address), None);
    }

    #[test]
    fn an_epoch_in_parts_is_the_epoch_whole_and_there_is_an_end_to_it() {
        let event = crate::Sketcher::new(&crate::Settings::default()).sketch(&Default::default()).event;
        let calls: Vec<(u64, u64)> = (0..900_u64).map(|call| (call * 7919 % 211, call * 104_729 % 1009)).collect();
        let of = |calls: &mut dyn Iterator<Item = &(u64, u64)>| {
            let mut seats = EpochSeats::default();
            calls.for_each(|(account, key)| seats.take(*account, *key, &Event { address: key % 5, client: *key, ..event.clone() }));
            seats
        };
        let whole = of(&mut calls.iter());
        assert_eq!(whole.0.len(), DECLARED_ACCOUNTS);
        assert_eq!(of(&mut calls.iter().rev()), whole);
        let (mut left, right) = (of(&mut calls[..300].iter()), of(&mut calls[300..].iter()));
        left.merge(right);
        assert_eq!(left, whole);
    }
}
