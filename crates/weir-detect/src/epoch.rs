//! The fold of one epoch, in this order: weigh the candidates by what the epoch
//! shows, learn from it, and only then change what is under test.

use std::collections::BTreeSet;

use crate::anchor::{self, Anchor};
use crate::birth;
use crate::cleared;
use crate::candidate::{Candidate, Exemplar, Step};
use crate::constants::{DROP_DAYS, EXEMPLARS, REFERENCE_KEEP, candidates_at_once, threshold};
use crate::evidence::{Families, Joint, Scene, weigh};
use crate::fills::Listed;
use crate::hash::Table;
use crate::judge;
use crate::leave_out::{Item, LeftOut};
use crate::primed::Opened;
use crate::profile::{EpochProfile, Event};
use crate::settings::Settings;
use crate::shed::shed;
use crate::state::State;
use crate::unit::{During, Units};

/// A step of folding an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Candidates are weighed by what the epoch shows.
    Evidence,
    /// Customers and anchors take it in.
    Learning,
    /// What left no trace for long is forgotten.
    Forgetting,
    /// Anchors are clustered, candidates are born, grow and merge.
    Births,
    /// Candidates are confirmed and judged.
    Judging,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Stage; 5] = [Stage::Evidence, Stage::Learning, Stage::Forgetting, Stage::Births, Stage::Judging];
}

/// Folds one epoch that is over; `done` is told after each step.
pub(crate) fn fold(
    state: &mut State,
    settings: &Settings,
    epoch: i64,
    profile: &EpochProfile,
    done: &mut dyn FnMut(Stage),
) {
    if state.epoch.is_none() {
        state.begun = epoch;
    }
    state.epoch = Some(epoch);
    let without = cleared::clear(state, settings, epoch, profile);
    let profile = without.as_ref().unwrap_or(profile);
    let opened = Opened::of(profile, &state.units);
    let profile = opened.profile.as_ref().unwrap_or(profile);
    let listed = Listed::of(profile, &mut state.fills);
    weigh_all(state, epoch, profile, &listed);
    done(Stage::Evidence);
    state.launches.take(settings, state.begun, epoch, profile);
    let facts = &state.facts;
    state.seats.take(profile, |unit| facts.get(&unit).is_some_and(|facts| facts.declared));
    let active = learn(state, settings, (epoch, profile), &listed);
    opened.note(&mut state.units);
    done(Stage::Learning);
    forget(state, settings, epoch);
    done(Stage::Forgetting);
    birth::change_candidates(state, settings, epoch, profile, &active);
    done(Stage::Births);
    confirm(state, settings, epoch);
    done(Stage::Judging);
}

fn weigh_all(state: &mut State, epoch: i64, profile: &EpochProfile, listed: &Listed) {
    let mut candidates = std::mem::take(&mut state.candidates);
    let (joints, refused) = joint_of(&candidates, profile, &state.units, &state.left_out);
    let in_candidates: BTreeSet<u64> = joints.iter().flat_map(|joint| joint.keys().copied()).collect();
    let families = Families::of(&candidates);
    let scene = Scene::of(state, (profile, listed), families, |unit| in_candidates.contains(&unit));
    for (candidate, joint) in candidates.iter_mut().zip(&joints) {
        if joint.is_empty() {
            continue;
        }
        weigh(candidate, joint, &scene, state, epoch);
        note_step(candidate, epoch);
    }
    for Refused { place, unit, event } in refused {
        candidates[place].refuse(unit, event, listed);
    }
    let mut watch = std::mem::take(&mut state.watch);
    watch.look(state, epoch, &scene, &in_candidates);
    let (seen, bare) = (scene.likeness, scene.bare);
    note_ordinary(&mut state.ordinary, epoch, profile, &in_candidates);
    state.candidates = candidates;
    state.watch = watch;
    state.reference.fade(REFERENCE_KEEP);
    state.reference.add(&seen);
    state.bare.fade(REFERENCE_KEEP);
    state.bare.add(&bare);
}

/// Keeps the latest exchange of a few customers outside every candidate.
fn note_ordinary(kept: &mut Vec<Exemplar>, epoch: i64, profile: &EpochProfile, in_candidates: &BTreeSet<u64>) {
    let others = profile.units.iter().filter(|(unit, _)| !in_candidates.contains(unit));
    for (&unit, seen) in others.take(EXEMPLARS) {
        let Some((_, event)) = seen.events.first().filter(|(_, event)| event.has_text) else { continue };
        if kept.len() == 2 * EXEMPLARS {
            kept.remove(0);
        }
        kept.push(Exemplar {
            id: event.id.clone(),
            unit,
            epoch,
            model: event.model_name.clone(),
            output_tokens: event.output_tokens,
            text: event.excerpt.clone(),
        });
    }
}

fn note_step(candidate: &mut Candidate, epoch: i64) {
    candidate.steps.push(Step {
        epoch,
        members: candidate.members.len() as u64,
        exchanges: candidate.exchanges,
        output_tokens: candidate.habits.output_tokens,
        log2_e: candidate.log2_e,
    });
    if candidate.steps.len() >= 720 {
        let mut odd = false;
        candidate.steps.retain(|_| {
            odd = !odd;
            odd
        });
    }
}

/// An exchange that shows a candidate's template, of one who may not be of it.
struct Refused<'e> {
    place: usize,
    unit: u64,
    event: &'e Event,
}

/// Each candidate's joint exchanges; where it was told apart from those who work
/// off a list, of those alone whom earlier epochs know to do nothing of the kind.
fn joint_of<'e>(
    candidates: &[Candidate],
    profile: &'e EpochProfile,
    units: &Units,
    left_out: &LeftOut,
) -> (Vec<Joint<'e>>, Vec<Refused<'e>>) {
    let mut claims: Table<Vec<usize>> = Table::default();
    for (place, candidate) in candidates.iter().enumerate() {
        for &anchor in &candidate.anchors {
            claims.entry(anchor).or_default().push(place);
        }
    }
    let mut joints: Vec<Joint<'e>> = vec![Joint::new(); candidates.len()];
    let mut refused = Vec::new();
    if claims.is_empty() {
        return (joints, refused);
    }
    let mut shown = Vec::new();
    for (&unit, seen) in profile.units.iter().filter(|(unit, _)| !left_out.holds(**unit, Item::Template)) {
        let known = units.get(&unit).map(|unit| unit.given).unwrap_or_default();
        for (_, event) in &seen.events {
            shown.clear();
            shown.extend(event.anchors.iter().filter_map(|anchor| claims.get(anchor)).flatten().copied());
            shown.sort_unstable();
            shown.dedup();
            for &place in &shown {
                if candidates[place].may_be_of_it(unit, known) {
                    joints[place].entry(unit).or_default().push(event);
                } else {
                    refused.push(Refused { place, unit, event });
                }
            }
        }
    }
    (joints, refused)
}

/// Takes the epoch into what is known of customers and anchors; gives the
/// anchors that are due to be looked at: a pool that came whole in its first hour
/// wins no user any more, only uses.
fn learn(
    state: &mut State,
    settings: &Settings,
    (epoch, profile): (i64, &EpochProfile),
    listed: &Listed,
) -> BTreeSet<u64> {
    let launch = state.launches.latest().filter(|launch| launch.is_counted(epoch)).cloned();
    let during = During { epoch, day: settings.epochs_in_days(1), launch: launch.as_ref() };
    let mut active = Vec::new();
    let mut shown: Vec<u64> = Vec::new();
    for (&id, seen) in &profile.units {
        let unit = state.units.entry(id).or_default();
        unit.take(during, seen, &mut state.pool);
        for fill in seen.events.iter().filter_map(|(_, event)| event.given()) {
            unit.given.take(listed.holds(id, fill));
        }
        for (_, event) in &seen.events {
            state.habits.take(event);
        }
        shown.clear();
        shown.extend(seen.events.iter().flat_map(|(_, event)| &event.anchors));
        shown.sort_unstable();
        // Each lies somewhere else in memory: asked for together they come
        // together.
        state.singles.fetch(&shown);
        anchor::fetch(&state.anchors, &shown);
        for uses in shown.chunk_by(|left, right| left == right) {
            if show(state, epoch, id, uses[0], u32::try_from(uses.len()).unwrap_or(u32::MAX)) {
                active.push(uses[0]);
            }
        }
        state.sample_unit(id);
    }
    active.into_iter().collect()
}

/// A customer shows an anchor; true when it is due to be looked at, as it is then or
/// becomes by being shown again.
fn show(state: &mut State, epoch: i64, id: u64, anchor: u64, uses: u32) -> bool {
    if let Some(known) = state.anchors.get_mut(&anchor) {
        known.show(uses, epoch);
        let Some(unit) = state.units.get_mut(&id) else { return false };
        if unit.link(anchor, uses, epoch) {
            known.link(id);
        }
        return known.is_due();
    }
    let Some(first) = state.singles.sight(anchor, id) else { return false };
    let mut admitted = Anchor::admitted(uses, epoch);
    for (unit, uses) in [(first, 1), (id, uses)] {
        admitted.link(unit);
        if let Some(unit) = state.units.get_mut(&unit) {
            unit.link(anchor, uses, epoch);
        }
    }
    let is_due = admitted.is_due();
    state.anchors.insert(anchor, admitted);
    is_due
}

/// What left no trace for long goes, once a day, and what there is no room for.
fn forget(state: &mut State, settings: &Settings, epoch: i64) {
    shed(state, settings, epoch);
    if epoch.rem_euclid(settings.epochs_in_days(1)) != 0 {
        return;
    }
    let drop = epoch - settings.epochs_in_days(DROP_DAYS);
    state.candidates.retain(|candidate| candidate.confirmed.is_some() || candidate.last.max(candidate.born) >= drop);
    state.candidates.truncate(candidates_at_once(state.units.len()));
}

/// The one rule that confirms, and the axes that must hold beside it.
fn confirm(state: &mut State, settings: &Settings, epoch: i64) {
    let mut due = Vec::new();
    for (place, candidate) in state.candidates.iter_mut().enumerate().filter(|(_, c)| c.alarm.is_none()) {
        if candidate.confirmed.is_none() && candidate.log2_e >= threshold(settings.alpha, candidate.share) {
            candidate.confirmed = Some(epoch);
        }
        // Judged again while it is new, and then whenever it has grown.
        let is_new = candidate.confirmed.is_some_and(|confirmed| epoch - confirmed < 24);
        let has_grown = candidate.exchanges * 10 >= candidate.judged_at * 11;
        if candidate.confirmed.is_some() && candidate.last == epoch && (is_new || has_grown) {
            candidate.judged_at = candidate.exchanges;
            due.push(place);
        }
    }
    // Beside all others, which are what it is compared with.
    due.retain(|&place| judge::verdict(&state.candidates[place], state).status.is_some());
    for place in due {
        state.candidates[place].alarm = Some(epoch);
    }
}
