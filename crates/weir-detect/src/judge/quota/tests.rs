use super::*;
use crate::candidate::Member;
use crate::settings::Settings;
use crate::unit::{Facts, Unit};

const DAY: i64 = 86_400_000;
/// Members, then old customers of a small plan, of a large one, and new ones of the small.
const MEMBERS: u64 = 20;

/// Ten days of: twenty members of plan 1 who signed up the day before, with so many
/// exchanges a day; 200 customers of plan 1 with up to ten, 200 of plan 2 with up to a
/// hundred; 40 of plan 1 who signed up as late as the members.
fn state(a_day: u64) -> (Candidate, State) {
    let mut state = State::new(&Settings::default());
    let mut candidate = Candidate::born(1, 0);
    state.epoch = Some(1_000 + 239);
    for unit in 0..MEMBERS + 440 {
        let (plan, a_day, age) = match unit {
            0..20 => (1, a_day, 1),
            20..220 => (1, unit % 10 + 1, 100),
            220..420 => (2, unit % 100 + 1, 100),
            _ => (1, unit % 10 + 1, 1),
        };
        let first_day = a_day as u16;
        state.units.insert(unit, Unit { first: 1_000, last: 1_239, exchanges: 10 * a_day, first_day, ..Unit::default() });
        state.facts.insert(unit, Facts { plan, created: Some(1_000 * 3_600_000 - age * DAY), ..Facts::default() });
        state.sample.insert(unit);
        if unit < MEMBERS {
            candidate.members.insert(unit, Member::default());
        }
    }
    (candidate, state)
}

fn piece_of(candidate: &Candidate, state: &State) -> Option<Piece> {
    piece(candidate, &(0..MEMBERS).collect::<Vec<_>>(), state)
}

#[test]
fn accounts_that_each_do_what_hardly_anybody_of_their_plan_does_are_out_of_line() {
    let (candidate, state) = state(30);
    let piece = piece_of(&candidate, &state).unwrap();
    assert_eq!((piece.bits, piece.accounts), (QUOTA_BITS, MEMBERS));
    const { assert!(QUOTA_BITS + crate::constants::LESSER_BITS / 2.0 < crate::constants::CONCEALMENT_BITS) };
}

#[test]
fn ordinary_use_of_a_plan_says_nothing_and_neither_does_a_limit_that_everybody_meets() {
    for a_day in [1, 5, 9] {
        let (candidate, state) = state(a_day);
        assert!(piece_of(&candidate, &state).is_none(), "{a_day} a day");
    }
    let (candidate, mut state) = state(30);
    state.units.values_mut().for_each(|unit| (unit.exchanges, unit.first_day) = (300, 30));
    assert!(piece_of(&candidate, &state).is_none(), "all are at thirty a day");
}

#[test]
fn the_same_use_is_in_line_with_a_larger_plan() {
    let (candidate, mut state) = state(30);
    (0..MEMBERS).for_each(|unit| state.facts.get_mut(&unit).unwrap().plan = 2);
    assert!(piece_of(&candidate, &state).is_none());
}

#[test]
fn a_plan_of_which_few_are_known_tells_nothing() {
    let (candidate, mut state) = state(30);
    (0..MEMBERS).for_each(|unit| state.facts.get_mut(&unit).unwrap().plan = 3);
    assert!(piece_of(&candidate, &state).is_none());
    (0..MEMBERS).for_each(|unit| state.facts.get_mut(&unit).unwrap().plan = 0);
    assert!(piece_of(&candidate, &state).is_none());
}

#[test]
fn who_is_heavy_from_the_first_day_on_is_held_against_other_new_accounts() {
    let (_, state) = state(30);
    let outside: Vec<u64> = (MEMBERS..MEMBERS + 440).collect();
    let heavy = Heavy::of(&outside, &state);
    assert_eq!(heavy.first_day_of(&state, 3), Some(true));
    assert_eq!(heavy.first_day_of(&state, 25), None, "it signed up long before");
    assert_eq!(heavy.first_day_of(&state, 421), Some(false));
}
