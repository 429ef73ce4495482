//! Exits taken in turn. An office calls from where it is; one operator's accounts that
//! call from many addresses by turns, each of which several of them use and none most,
//! come through exits that are rented so that they do not look like one.

use std::collections::{BTreeMap, BTreeSet};

use super::firms::Firms;
use super::{Piece, excess};
use crate::candidate::Candidate;
use crate::constants::{EXITS, EXITS_EACH, LESSER_BITS, OPEN_SHARE, STANDING_MOST};
use crate::state::State;
use crate::unit::Recent;

/// What it says of the hiding of a group.
pub(super) fn piece(candidate: &Candidate, firms: &Firms, core: &[u64], state: &State) -> Option<Piece> {
    let inside = Turns::of(core.iter().copied(), firms, state);
    if !inside.are_exits() {
        return None;
    }
    // Mobile networks and campuses have their customers' addresses change, too.
    let outside = Turns::of(state.sampled_outside(candidate), &Firms::default(), state);
    let bits = excess(inside.share(), outside.share(), inside.known as f64, LESSER_BITS);
    (bits > 0.0).then(|| Piece {
        block: "network",
        what: format!(
            "{:.0} % of accounts call from {EXITS_EACH} addresses or more that others of one operator's use too, {} in all and \
             none for most, {:.0} % of others do",
            inside.share() * 100.0,
            inside.exits.len(),
            outside.share() * 100.0
        ),
        bits,
        accounts: inside.in_turn,
    })
}

/// A group's exits, as one account is held against them.
#[derive(Debug)]
pub(crate) struct Exits {
    exits: BTreeMap<u64, u64>,
    /// Bits that taking them by turns says of an account.
    bits: f64,
}

impl Exits {
    /// Those of the given members; none where they have no exits.
    pub(crate) fn of(candidate: &Candidate, members: &[u64], state: &State) -> Option<Exits> {
        let inside = Turns::of(members.iter().copied(), &Firms::of(candidate, members, state), state);
        if !inside.are_exits() {
            return None;
        }
        let outside = state.sampled_outside(candidate).filter_map(|unit| state.units.get(&unit));
        let (known, by_turns) = outside.fold((0_u64, 0_u64), |(known, by_turns), unit| {
            (known + 1, by_turns + u64::from(taken(&unit.addresses, &inside.exits, 0) >= EXITS_EACH))
        });
        let of_others = (by_turns as f64 + 0.5) / (known as f64 + 1.0);
        let bits = (inside.share() / of_others).log2().clamp(0.0, STANDING_MOST);
        Some(Exits { exits: inside.exits, bits })
    }

    /// How many of them an account took that others of the group took besides, and what
    /// that says of it: nothing below [`EXITS_EACH`]. It is one of those they are of or not.
    pub(crate) fn of_account(&self, addresses: &Recent, is_inside: bool) -> Option<(usize, f64)> {
        let taken = taken(addresses, &self.exits, u64::from(is_inside));
        (taken >= EXITS_EACH).then_some((taken, self.bits))
    }
}

/// How many of the addresses are exits that more than one account took, `itself`, once or
/// not at all, not counted.
fn taken(addresses: &Recent, exits: &BTreeMap<u64, u64>, itself: u64) -> usize {
    let is_taken = |address: &u64| exits.get(address).is_some_and(|users| users.saturating_sub(itself) > 1);
    addresses.iter().filter(is_taken).count()
}

/// How customers' latest addresses are shared among them.
struct Turns {
    /// Customers with a known address.
    known: u64,
    /// Addresses that more than one of them used, and how many did.
    exits: BTreeMap<u64, u64>,
    /// Customers that used [`EXITS_EACH`] of them.
    in_turn: u64,
}

impl Turns {
    fn of(accounts: impl Iterator<Item = u64>, firms: &Firms, state: &State) -> Turns {
        let known: Vec<(u64, &Recent)> = accounts
            .filter_map(|id| Some((id, &state.units.get(&id)?.addresses)))
            .filter(|(_, addresses)| !addresses.is_empty())
            .collect();
        let mut exits: BTreeMap<u64, u64> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for &(id, addresses) in &known {
            // The lines of a firm's office are its own, however many of its keys use them.
            let customer = firms.customer(id);
            for address in addresses.iter().filter(|address| customer == id || seen.insert((customer, *address))) {
                *exits.entry(address).or_default() += 1;
            }
        }
        exits.retain(|_, users| *users > 1);
        let in_turn = known.iter().filter(|(_, addresses)| taken(addresses, &exits, 0) >= EXITS_EACH).count() as u64;
        Turns { known: known.len() as u64, exits, in_turn }
    }

    /// Whether they are rather exits than an office's lines.
    fn are_exits(&self) -> bool {
        let most = self.exits.values().max().copied().unwrap_or(0);
        self.exits.len() >= EXITS && (most as f64) < OPEN_SHARE * self.known as f64
    }

    fn share(&self) -> f64 {
        self.in_turn as f64 / self.known.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::Member;
    use crate::settings::Settings;

    /// A hundred members and two thousand others, each with the addresses given, in turn.
    fn crowd(inside: impl Fn(u64, u64) -> u64, outside: impl Fn(u64, u64) -> u64) -> (Candidate, State) {
        let mut state = State::new(&Settings::default());
        let mut candidate = Candidate::default();
        for unit in 0..2_100 {
            let mut known = crate::unit::Unit::default();
            for turn in 0..4 {
                known.addresses.take(1 + if unit < 100 { inside(unit, turn) } else { outside(unit, turn) });
            }
            state.units.insert(unit, known);
            state.sample_unit(unit);
            if unit < 100 {
                candidate.members.insert(unit, Member::default());
            }
        }
        (candidate, state)
    }

    fn piece_of(inside: impl Fn(u64, u64) -> u64, outside: impl Fn(u64, u64) -> u64) -> Option<Piece> {
        let (candidate, state) = crowd(inside, outside);
        piece(&candidate, &Firms::default(), &(0..100).collect::<Vec<_>>(), &state)
    }

    /// Home, office and two more of one's own.
    fn at_home(unit: u64, turn: u64) -> u64 {
        10_000 + 4 * unit + turn
    }

    #[test]
    fn who_goes_out_through_many_common_exits_by_turns_hides() {
        let rented = piece_of(|unit, turn| (unit * 7 + turn * 11) % 50, at_home).unwrap();
        assert_eq!((rented.bits, rented.accounts), (LESSER_BITS, 100));
        assert_eq!(piece_of(at_home, at_home), None, "each from his own");
        assert_eq!(piece_of(|unit, turn| [0, 1, 2, 10_000 + unit][turn as usize], at_home), None, "an office with three lines");
    }

    #[test]
    fn where_everybody_s_addresses_change_it_says_nothing() {
        let mobile = |unit: u64, turn: u64| (unit * 7 + turn * 11) % 50;
        let as_all_do = piece_of(mobile, |unit, turn| 100 + mobile(unit, turn));
        assert!(as_all_do.is_none_or(|piece| piece.bits < 0.1));
    }

    /// Of one exit or two that others took nothing is said: they are rented to anybody.
    #[test]
    fn who_takes_several_of_a_group_s_exits_is_told_and_who_meets_it_at_one_is_not() {
        let (candidate, state) = crowd(|unit, turn| (unit * 7 + turn * 11) % 50, at_home);
        let exits = Exits::of(&candidate, &(0..100).collect::<Vec<_>>(), &state).unwrap();
        let of = |addresses: &[u64], is_inside: bool| {
            let mut known = Recent::default();
            addresses.iter().for_each(|address| known.take(1 + address));
            exits.of_account(&known, is_inside)
        };
        assert_eq!(of(&[3, 17, 29, 10_000], false), Some((3, STANDING_MOST)));
        assert_eq!(of(&[3, 17, 10_000, 10_001], false), None);
        let (candidate, state) = crowd(at_home, at_home);
        assert!(Exits::of(&candidate, &(0..100).collect::<Vec<_>>(), &state).is_none());
    }
}
