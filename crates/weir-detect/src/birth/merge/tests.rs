use super::*;
use crate::candidate::Member;
use crate::settings::Settings;
use crate::unit::Unit;

/// A candidate with which some of its members work, and others show it in passing.
fn candidate(state: &mut State, ordinal: u64, working: std::ops::Range<u64>, passing: std::ops::Range<u64>) -> Candidate {
    let mut candidate = Candidate { ordinal, share: 0.1, log2_e: 1.0, ..Candidate::default() };
    for (id, joint) in working.map(|id| (id, 30)).chain(passing.map(|id| (id, 1))) {
        state.units.entry(id).or_insert_with(|| Unit { sampled: 30, ..Unit::default() });
        candidate.members.insert(id, Member { joint, ..Member::default() });
    }
    candidate
}

fn merged(of: impl Fn(&mut State) -> [Candidate; 2]) -> usize {
    let mut state = State::new(&Settings::default());
    state.candidates = of(&mut state).into();
    merge(&mut state);
    state.candidates.len()
}

#[test]
fn what_was_found_does_not_take_on_others_work() {
    let found = |candidate: Candidate| Candidate { confirmed: Some(5), alarm: Some(5), ..candidate };
    // Forty users of a tool beside whom a hundred show one of its phrases.
    let tool = |state: &mut State| candidate(state, 1, 100..140, 0..100);
    assert_eq!(merged(|state| [tool(state), found(candidate(state, 2, 0..100, 0..0))]), 2);
    // Before either was found they are one, as far as anybody knows.
    assert_eq!(merged(|state| [tool(state), candidate(state, 2, 0..100, 0..0)]), 1);
    // A part of its own work is its own.
    assert_eq!(merged(|state| [candidate(state, 1, 0..90, 0..0), found(candidate(state, 2, 0..100, 0..0))]), 1);
}

#[test]
fn what_was_found_is_not_mixed_with_what_was_not_once_others_show_it() {
    let found = |candidate: Candidate| Candidate { confirmed: Some(5), alarm: Some(5), ..candidate };
    let several = |candidate: Candidate| Candidate { is_parted: true, ..candidate };
    // A hundred accounts, and thirty others who show the same sentence, in both.
    let older = |state: &mut State| several(candidate(state, 1, 0..130, 0..0));
    let newer = |state: &mut State| several(candidate(state, 2, 0..100, 100..120));
    assert_eq!(merged(|state| [older(state), found(newer(state))]), 2);
    assert_eq!(merged(|state| [found(older(state)), newer(state)]), 2);
    assert_eq!(merged(|state| [older(state), newer(state)]), 1);
    assert_eq!(merged(|state| [found(older(state)), found(newer(state))]), 1);
}

#[test]
fn found_ones_with_the_same_workers_are_one_whoever_shows_a_phrase_of_one() {
    let found = |candidate: Candidate| Candidate { confirmed: Some(5), alarm: Some(5), ..candidate };
    // A hundred accounts work with both; of one many others show a phrase in passing.
    let narrow = |state: &mut State| candidate(state, 1, 0..100, 0..0);
    let wide = |state: &mut State| candidate(state, 2, 0..100, 100..900);
    assert_eq!(merged(|state| [found(narrow(state)), found(wide(state))]), 1);
    // What is not found may be the others' work.
    assert_eq!(merged(|state| [narrow(state), found(wide(state))]), 2);
    // Those who work with it are others for the most part.
    let others = |state: &mut State| candidate(state, 2, 60..160, 160..900);
    assert_eq!(merged(|state| [found(narrow(state)), found(others(state))]), 2);
}
