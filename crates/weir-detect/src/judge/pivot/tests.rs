use super::*;
use crate::candidate::Member;
use crate::launch::Launches;
use crate::settings::Settings;
use crate::unit::Unit;

/// Twenty members and a thousand others a day after a launch, of each of whom so many
/// exchanges out of ten were with the new model.
fn state(members: impl Fn(u64) -> u8, others: impl Fn(u64) -> u8) -> (Candidate, State) {
    let mut state = State::new(&Settings::default());
    let mut candidate = Candidate::born(1, 0);
    state.launches = Launches::of_one(100);
    for unit in 0..1_020 {
        let new = if unit < 20 { members(unit) } else { others(unit) };
        state.units.insert(unit, Unit { last: 130, moved: Moved::of(new, 10), ..Unit::default() });
        state.sample.insert(unit);
        if unit < 20 {
            candidate.members.insert(unit, Member::default());
        }
    }
    (candidate, state)
}

fn pivot(candidate: &Candidate, state: &State) -> Option<Pivot> {
    Pivot::of(candidate, &(0..20).collect::<Vec<_>>(), state)
}

#[test]
fn a_group_that_goes_over_where_one_customer_in_ten_does_has_a_pivot() {
    let (candidate, state) = state(|_| 5, |unit| u8::from(unit % 10 == 0) * 10);
    let pivot = pivot(&candidate, &state).unwrap();
    let piece = pivot.piece().unwrap();
    assert_eq!((piece.bits, piece.accounts, piece.block), (LESSER_BITS, 20, "life cycle"));
    let (has_moved, bits, _) = pivot.of_member(&state, 3, true).unwrap();
    assert!(has_moved && (2.0..=LESSER_BITS).contains(&bits), "{bits}");
}

#[test]
fn on_a_day_on_which_everybody_goes_over_nothing_is_said() {
    for of_five in 0..5 {
        let (candidate, state) = state(|unit| u8::from(unit % 5 <= of_five) * 10, |unit| u8::from(unit % 5 <= of_five) * 10);
        assert!(pivot(&candidate, &state).is_none());
    }
}

#[test]
fn a_model_that_only_the_group_uses_is_its_own_and_was_not_launched() {
    let (candidate, state) = state(|_| 10, |_| 0);
    assert!(pivot(&candidate, &state).is_none());
}

#[test]
fn who_stays_where_the_group_goes_over_has_it_against_it_and_of_who_hardly_calls_nothing_is_known() {
    let (candidate, mut state) = state(|unit| u8::from(unit != 7) * 5, |unit| u8::from(unit % 10 == 0) * 10);
    state.units.get_mut(&8).unwrap().moved = Moved::of(2, 3);
    let pivot = pivot(&candidate, &state).unwrap();
    let (has_moved, bits, _) = pivot.of_member(&state, 7, true).unwrap();
    assert!(!has_moved && (-LESSER_BITS..-2.0).contains(&bits), "{bits}");
    assert!(pivot.of_member(&state, 8, true).is_none());
    state.left_out.add(5, &["moved to a new model within a day of its launch, as 18 of 19 other members"]).unwrap();
    assert!(pivot.of_member(&state, 5, true).is_none(), "a rerun leaves it out");
}

#[test]
fn others_who_call_as_often_are_the_measure() {
    // Who calls often goes over, who calls seldom does not; members call often.
    let (candidate, mut state) = state(|_| 10, |_| 0);
    for unit in 20..1_020 {
        let moved = if unit % 10 == 0 { Moved::of(40, 80) } else { Moved::of(0, 4) };
        state.units.get_mut(&unit).unwrap().moved = moved;
    }
    assert!(pivot(&candidate, &state).is_some(), "as often as neither");
    (0..20).for_each(|unit| state.units.get_mut(&unit).unwrap().moved = Moved::of(40, 80));
    assert!(pivot(&candidate, &state).is_none());
}
