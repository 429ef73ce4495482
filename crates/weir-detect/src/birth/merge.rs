//! Candidates that turn out to be one group.

use std::collections::BTreeMap;

use crate::candidate::Candidate;
use crate::constants::{SAME_GROUP, TAKEN_ON};
use crate::hash::Table;
use crate::state::State;

/// Two candidates with mostly the same members are one: but not where one has
/// shown itself to be several groups, of which the other may be one. A campaign
/// that is the greater part of those who show a phrase would be lost among the
/// rest.
pub(super) fn merge(state: &mut State) {
    let several: Vec<bool> = state.candidates.iter().map(|candidate| candidate.may_hold_others()).collect();
    let is_one = |&((left, right), shared): &((usize, usize), u64)| {
        several[left] == several[right]
            && state.candidates[left].is_apart == state.candidates[right].is_apart
            && are_one(state, (left, right), shared, several[left])
    };
    let mut pairs = in_both(&state.candidates);
    pairs.retain(is_one);
    let mut gone: BTreeMap<usize, usize> = BTreeMap::new();
    for ((left, right), _) in pairs {
        let root = |mut place: usize| {
            while let Some(&into) = gone.get(&place) {
                place = into;
            }
            place
        };
        // What was merged is of the kind of what it went into.
        let (left, right) = (root(left), root(right));
        if left != right {
            let (into, from) = if left < right { (left, right) } else { (right, left) };
            gone.insert(from, into);
            let other = std::mem::take(&mut state.candidates[from]);
            state.candidates[into].absorb(other);
        }
    }
    let mut place = 0;
    state.candidates.retain(|_| {
        place += 1;
        !gone.contains_key(&(place - 1))
    });
}

/// Whether two candidates that share so many members are one. What was found takes on
/// nobody's work that is mostly others': of those beside whom its members show a phrase in
/// passing. Nor, once it has others among its members, anything that was not found, however
/// many members are the same: that has been with those others for longer, and in the mixture
/// is lost what tells of a campaign. It is found by itself or not at all.
fn are_one(state: &State, (left, right): (usize, usize), shared: u64, are_several: bool) -> bool {
    let (left, right) = (&state.candidates[left], &state.candidates[right]);
    let all = (left.members.len() + right.members.len()) as u64 - shared;
    let are_mostly_the_same = shared as f64 >= SAME_GROUP * all as f64;
    match (left.alarm.is_some(), right.alarm.is_some()) {
        (true, true) => are_mostly_the_same || do_the_same_work(state, left, right),
        (true, false) => are_mostly_the_same && !are_several && is_mostly_of(state, right, left),
        (false, true) => are_mostly_the_same && !are_several && is_mostly_of(state, left, right),
        (false, false) => are_mostly_the_same,
    }
}

/// Whether those who work with one candidate are mostly members of another, found one.
fn is_mostly_of(state: &State, candidate: &Candidate, found: &Candidate) -> bool {
    let working = state.core_of(candidate);
    let of_it = working.iter().filter(|id| found.members.contains_key(id)).count();
    of_it as f64 >= TAKEN_ON * working.len() as f64
}

/// Whether those who work with either of two found candidates are the same, whoever else
/// shows a phrase of one: each would be told as a campaign of its own.
fn do_the_same_work(state: &State, left: &Candidate, right: &Candidate) -> bool {
    let (left, right) = (state.core_of(left), state.core_of(right));
    let both = left.iter().filter(|id| right.binary_search(id).is_ok()).count();
    both as f64 >= SAME_GROUP * (left.len() + right.len() - both) as f64
}

/// How many members each two candidates have in common, where they have any, in their
/// order; who is a member of very many tells of none.
fn in_both(candidates: &[Candidate]) -> Vec<((usize, usize), u64)> {
    let mut joined: Vec<(u64, usize)> = Vec::new();
    for (place, candidate) in candidates.iter().enumerate() {
        joined.extend(candidate.members.keys().map(|&unit| (unit, place)));
    }
    joined.sort_unstable();
    let mut both: Table<((usize, usize), u64)> = Table::default();
    for places in joined.chunk_by(|(left, _), (right, _)| left == right).filter(|places| (2..=64).contains(&places.len())) {
        for (at, &(_, left)) in places.iter().enumerate() {
            for &(_, right) in &places[at + 1..] {
                both.entry(pair(left, right)).or_insert(((left, right), 0)).1 += 1;
            }
        }
    }
    let mut both: Vec<((usize, usize), u64)> = both.into_values().collect();
    both.sort_unstable();
    both
}

/// A number for each pair of places, of which any bits are as good as others.
fn pair(left: usize, right: usize) -> u64 {
    ((left as u64) << 32 | right as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
}

#[cfg(test)]
mod tests;
