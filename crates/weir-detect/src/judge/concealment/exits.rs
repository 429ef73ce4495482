//! Exits taken in turn. An office calls from where it is; one operator's accounts that
//! call from many addresses by turns, each of which several of them use and none most,
//! come through exits that are rented so that they do not look like one.

use std::collections::BTreeMap;

use crate::candidate::Candidate;
use crate::constants::{EXITS, EXITS_EACH, LESSER_BITS, OPEN_SHARE};
use crate::judge::{Piece, excess};
use crate::state::State;

pub(super) fn piece(candidate: &Candidate, core: &[u64], state: &State) -> Option<Piece> {
    let inside = Turns::of(core.iter().copied(), state);
    if inside.exits < EXITS || inside.most >= OPEN_SHARE * inside.known as f64 {
        return None;
    }
    // Mobile networks and campuses have their customers' addresses change, too.
    let outside = Turns::of(state.sampled_outside(candidate), state);
    let bits = excess(inside.share(), outside.share(), inside.known as f64, LESSER_BITS);
    (bits > 0.0).then(|| Piece {
        block: "network",
        what: format!(
            "{:.0} % of accounts call from {EXITS_EACH} addresses or more that others of one operator's use too, {} in all and \
             none for most, {:.0} % of others do",
            inside.share() * 100.0,
            inside.exits,
            outside.share() * 100.0
        ),
        bits,
        accounts: inside.in_turn,
    })
}

/// How customers' latest addresses are shared among them.
struct Turns {
    /// Customers with a known address.
    known: u64,
    /// Addresses that more than one of them used.
    exits: usize,
    /// Customers that used the commonest.
    most: f64,
    /// Customers that used [`EXITS_EACH`] of them.
    in_turn: u64,
}

impl Turns {
    fn of(customers: impl Iterator<Item = u64>, state: &State) -> Turns {
        let known: Vec<_> = customers
            .filter_map(|unit| state.units.get(&unit))
            .map(|unit| &unit.addresses)
            .filter(|addresses| !addresses.is_empty())
            .collect();
        let mut users: BTreeMap<u64, u64> = BTreeMap::new();
        for address in known.iter().flat_map(|addresses| addresses.iter()) {
            *users.entry(address).or_default() += 1;
        }
        users.retain(|_, users| *users > 1);
        let takes_turns = |addresses: &&&crate::unit::Recent| {
            addresses.iter().filter(|address| users.contains_key(address)).count() >= EXITS_EACH
        };
        Turns {
            known: known.len() as u64,
            exits: users.len(),
            most: users.values().max().copied().unwrap_or(0) as f64,
            in_turn: known.iter().filter(takes_turns).count() as u64,
        }
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
    fn piece_of(inside: impl Fn(u64, u64) -> u64, outside: impl Fn(u64, u64) -> u64) -> Option<Piece> {
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
        piece(&candidate, &(0..100).collect::<Vec<_>>(), &state)
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
}
