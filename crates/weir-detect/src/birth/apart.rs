//! One template, two kinds of users: some work off a list that many work off,
//! some give what nobody else gives. A campaign that takes over a public
//! harness's template is the second kind, and what the group as a whole shows
//! is the mixture of both, which tells of neither. Who is which is known from
//! epochs that are over; the second kind is born as a candidate of its own, at
//! 1 and with its own share of the budget, and holds on to what earlier epochs
//! knew of its members. Who turns out to work off a list is none of it.

use crate::candidate::{Candidate, Member};
use crate::constants::{APART_SHARE, COME_DAYS, GIVEN_LEAST, GROUP_UNITS, SAME_GROUP, candidates_at_once};
use crate::hash::join;
use crate::propose::may_found;
use crate::state::State;

/// Lets go of the members who by now are known to work off a list.
pub(super) fn let_go(state: &mut State) {
    let units = &state.units;
    for candidate in state.candidates.iter_mut().filter(|candidate| candidate.is_apart) {
        let pool = &mut candidate.pool;
        candidate.members.retain(|id, member| {
            let stays = units.get(id).is_none_or(|unit| !member.given(unit).is_of_a_list());
            if !stays {
                pool.remove(&member.history);
            }
            stays
        });
    }
}

/// The births of an epoch among candidates that hold both kinds.
pub(super) fn part(state: &mut State, (epoch, day): (i64, i64), most: u64) {
    let mut at_large = None;
    for place in 0..state.candidates.len() {
        if state.born >= most || state.candidates.len() >= candidates_at_once(state.units.len()) {
            return;
        }
        let candidate = &mut state.candidates[place];
        // Nothing repeats before the first came round to it; and what was found
        // stays found, whoever joins it.
        let is_young = epoch < candidate.born + day;
        let has_grown = candidate.exchanges * 8 >= candidate.parted_at * 9;
        if candidate.is_apart || candidate.alarm.is_some() || is_young || candidate.last != epoch || !has_grown {
            continue;
        }
        candidate.parted_at = candidate.exchanges.max(1);
        // Who has each task answered a fixed number of times works off no list.
        if candidate.has_each_answered_as_often() {
            continue;
        }
        let Some(own) = of_their_own(state, place) else { continue };
        if is_held(state, &own) {
            state.candidates[place].is_parted = true;
            continue;
        }
        let at_large = at_large.get_or_insert_with(|| super::at_large_of(state));
        let founds = |most| may_found(&own, &state.units, &state.facts, at_large, most) == Some(true);
        // Who copied the template has sent more than who has just come.
        if founds(f64::INFINITY) || founds(GIVEN_LEAST.into()) {
            state.born += 1;
            let since = came_since(&state.candidates[place], &own, epoch - COME_DAYS * day);
            let born = told_apart(state, &state.candidates[place], since, epoch);
            state.candidates[place].is_parted = true;
            state.candidates.push(born);
        }
    }
}

/// The working members known to give what is their own, where enough others
/// work off a list.
fn of_their_own(state: &State, place: usize) -> Option<Vec<u64>> {
    let (mut own, mut listed) = (Vec::new(), 0_u64);
    for (id, member) in &state.candidates[place].members {
        let Some(unit) = state.units.get(id).filter(|_| state.is_core(*id, member)) else { continue };
        let given = member.given(unit);
        if given.is_of_its_own() {
            own.push(*id);
        }
        listed += u64::from(given.is_of_a_list());
    }
    let least = (APART_SHARE * (own.len() as f64 + listed as f64)).max(GROUP_UNITS as f64);
    (own.len() as u64 >= GROUP_UNITS && listed as f64 >= least).then_some(own)
}

/// Whether most of them were told apart before.
fn is_held(state: &State, own: &[u64]) -> bool {
    state.candidates.iter().filter(|candidate| candidate.is_apart).any(|candidate| {
        let held = own.iter().filter(|unit| candidate.members.contains_key(unit)).count();
        held as f64 >= SAME_GROUP * own.len() as f64
    })
}

/// The epoch since which members count: the one given where at least half of them
/// came since then. A campaign that takes over a template is not what those do
/// who had it before.
fn came_since(candidate: &Candidate, own: &[u64], epoch: i64) -> Option<i64> {
    let came = own.iter().filter(|unit| candidate.members.get(unit).is_some_and(|member| member.since >= epoch)).count();
    (came * 2 >= own.len() && came as u64 >= GROUP_UNITS).then_some(epoch)
}

/// The candidate without those who work off a list: the same anchors, what was
/// known of the others' joint work, and none of its evidence.
fn told_apart(state: &State, from: &Candidate, since: Option<i64>, epoch: i64) -> Candidate {
    let mut candidate = Candidate {
        pivot: join(from.pivot, state.born),
        anchors: from.anchors.clone(),
        is_apart: true,
        ..Candidate::born(state.born, epoch)
    };
    for (id, member) in &from.members {
        if state.units.get(id).is_none_or(|unit| !member.given(unit).is_of_its_own()) {
            continue;
        }
        if since.is_some_and(|since| member.since < since) {
            candidate.before.insert(*id);
            continue;
        }
        let known = Member { bits: Default::default(), own: Default::default(), ..member.clone() };
        candidate.pool.add(&known.history);
        candidate.members.insert(*id, known);
    }
    candidate
}
