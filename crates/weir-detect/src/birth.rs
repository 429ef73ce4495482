//! What is under test in the next epoch: candidates take on anchors of their
//! own members, those that turn out to be one are merged, and the most telling
//! new groups are born. All of it reads epochs that are over.

mod apart;
mod family;
mod merge;

use std::collections::BTreeSet;

use crate::anchor::{self, Anchors};
use crate::candidate::{Candidate, Member};
use crate::constants::{
    ANCHORS_A_CANDIDATE, DEDICATED, HARDLY_ELSE, SAME_GROUP, TAKEN_ON, TAKEN_ON_MEMBERS,
    births_an_epoch, candidates_at_once,
};
use crate::hash::Table;
use crate::profile::EpochProfile;
use crate::propose::{Cluster, Spread, Working, cluster, intra_account, may_found};
use crate::settings::{Settings, Trial, Without};
use crate::state::State;
use crate::unit::Units;

pub(crate) fn change_candidates(state: &mut State, settings: &Settings, epoch: i64, profile: &EpochProfile, active: &BTreeSet<u64>) {
    let before = state.born;
    apart::let_go(state);
    let most = before + births_an_epoch(state.units.len());
    apart::part(state, (epoch, settings.epochs_in_days(1)), most);
    bear(state, settings, (epoch, most), profile, active);
    if grow(state, epoch) || state.born > before {
        merge::merge(state);
    }
}

/// A candidate takes on the anchors that are shown by its members and hardly
/// anyone else: other variants of its template. True when any looked.
fn grow(state: &mut State, epoch: i64) -> bool {
    let (units, anchors) = (&state.units, &state.anchors);
    let mut any = false;
    let has_more = |c: &&mut Candidate| c.last == epoch && c.exchanges * 4 >= c.grown_at * 5;
    for candidate in state.candidates.iter_mut().filter(has_more) {
        candidate.grown_at = candidate.exchanges.max(1);
        any = true;
        // Told apart it has anchors that others show as well.
        if !candidate.is_apart {
            prune(candidate, anchors, units, state.trial);
        }
        let least = 3.0_f64.max(TAKEN_ON_MEMBERS * candidate.members.len() as f64);
        for (anchor, members) in shown_by(candidate, units, least) {
            if candidate.anchors.len() >= ANCHORS_A_CANDIDATE {
                break;
            }
            let users = anchors.get(&anchor).map_or(f64::INFINITY, |anchor| anchor.users() as f64);
            if members as f64 >= HARDLY_ELSE * users {
                candidate.anchors.insert(anchor);
            }
        }
    }
    any
}

/// Anchors not its own that so many of its members are linked to at least, with how
/// many they are, in the order of their keyed hashes.
fn shown_by(candidate: &Candidate, units: &Units, least: f64) -> Vec<(u64, u64)> {
    let mut shown: Table<u64> = Table::default();
    for unit in candidate.members.keys().filter_map(|unit| units.get(unit)) {
        for edge in &unit.edges {
            *shown.entry(edge.anchor).or_default() += 1;
        }
    }
    let is_new = |(anchor, members): &(u64, u64)| *members as f64 >= least && !candidate.anchors.contains(anchor);
    let mut new: Vec<(u64, u64)> = shown.into_iter().filter(is_new).collect();
    new.sort_unstable();
    new
}

/// Lets go of anchors that turned out to be shown mostly by people who do other
/// work, and of the members who showed nothing else.
fn prune(candidate: &mut Candidate, anchors: &Anchors, units: &Units, trial: Trial) {
    let works = |(id, member): (&u64, &Member)| {
        let unit = units.get(id)?;
        member.is_core(unit, trial).then_some(*id)
    };
    let working: BTreeSet<u64> = candidate.members.iter().filter_map(works).collect();
    let before = candidate.anchors.len();
    // By the anchors' own samples: a customer with many variants of a template
    // is linked to a few of them at a time.
    let keeps = |anchor: &u64| {
        let sample = anchors.get(anchor).map_or(&[][..], |anchor| &anchor.sample);
        let shown = sample.iter().filter(|unit| working.contains(unit)).count();
        shown > 0 && shown as f64 >= TAKEN_ON / 2.0 * sample.len() as f64
    };
    if !candidate.anchors.iter().any(keeps) {
        return;
    }
    candidate.anchors.retain(keeps);
    if candidate.anchors.len() == before {
        return;
    }
    let (pool, claimed) = (&mut candidate.pool, &candidate.anchors);
    candidate.members.retain(|id, member| {
        let shows = working.contains(id)
            || units.get(id).is_some_and(|unit| unit.edges.iter().any(|edge| claimed.contains(&edge.anchor)));
        if !shows {
            pool.remove(&member.history);
        }
        shows
    });
    candidate.fills.keep_of(candidate.members.keys().copied());
}

/// Anchors asked for together; that many fit into the cache beside what they are looked
/// at with.
const AT_ONCE: usize = 64;

/// The births of an epoch: few, for each costs budget for ever.
fn bear(state: &mut State, settings: &Settings, (epoch, most): (i64, u64), profile: &EpochProfile, active: &BTreeSet<u64>) {
    if state.born >= most {
        return;
    }
    let several: Vec<bool> = state.candidates.iter().map(|candidate| candidate.may_hold_others()).collect();
    let claimed = claimed(state, &several);
    let within = within(state, &several);
    let (mut nodes, mut parts) = (BTreeSet::new(), BTreeSet::new());
    let looked_at: Vec<u64> = active.union(&within).filter(|id| !claimed.contains(id)).copied().collect();
    for some in looked_at.chunks(AT_ONCE) {
        anchor::fetch(&state.anchors, some);
        for &id in some {
            let Some(anchor) = state.anchors.get_mut(&id) else { continue };
            if !anchor.look() {
                continue;
            }
            if Working::of(anchor, id, &state.units).is_work(anchor.users()) {
                nodes.insert(id);
            } else if family::may_be_part(anchor) {
                parts.insert(id);
            }
        }
    }
    if nodes.is_empty() && parts.is_empty() || state.candidates.len() >= candidates_at_once(state.units.len()) {
        return;
    }
    let seed = u64::from_le_bytes(settings.key[..8].try_into().unwrap_or_default());
    // The population at large, where anything is to be held against it.
    let mut at_large = None;
    let mut clusters = cluster(&nodes, &state.anchors, &state.units, seed);
    let families = family::families(state, profile, &parts);
    let of_parts: BTreeSet<u64> = families.iter().map(|family| family.pivot).collect();
    clusters.extend(families);
    clusters.sort_by_key(|cluster| (std::cmp::Reverse(cluster.units), cluster.pivot));
    for cluster in clusters {
        let Some(pivot) = state.anchors.get(&cluster.pivot) else { continue };
        if belongs_to_one(state, &several, &cluster, of_parts.contains(&cluster.pivot)) {
            continue;
        }
        let at_large = at_large.get_or_insert_with(|| at_large_of(state));
        let is_private = || !at_large.0.is_public(&pivot.sample, &state.units, &state.facts);
        if !may_found(&pivot.sample, &state.units, &state.facts, at_large, f64::INFINITY).unwrap_or_else(is_private) {
            continue;
        }
        state.born += 1;
        let candidate = found(state, &cluster, epoch);
        state.candidates.push(candidate);
        if state.born == most {
            break;
        }
    }
}

/// The population at large: how its facts are spread, and how much its customers
/// resemble themselves.
fn at_large_of(state: &State) -> (Spread, Option<f64>) {
    let spread = Spread::of(&state.sample, &state.units, &state.facts);
    let correlation = intra_account(state.sample.iter().copied(), &state.units, f64::INFINITY)
        .filter(|_| !state.trial.leaves_out(Without::Interchangeability));
    (spread, correlation)
}

/// Anchors that found nothing more. One that turned out to join several groups
/// holds on to those anchors alone that nearly all of its members show: the groups
/// within it may be told apart by the others.
fn claimed(state: &State, several: &[bool]) -> BTreeSet<u64> {
    let mut claimed = BTreeSet::new();
    for (candidate, &is_several) in state.candidates.iter().zip(several) {
        let least = if is_several { HARDLY_ELSE * candidate.members.len() as f64 } else { 0.0 };
        let holds = |anchor: &&u64| state.anchors.get(anchor).is_some_and(|known| known.users() as f64 >= least);
        claimed.extend(candidate.anchors.iter().filter(holds).copied());
    }
    claimed
}

/// What the members of those are linked to that turned out to be several
/// groups, whenever they have grown: their anchors win no new users any more.
fn within(state: &mut State, several: &[bool]) -> BTreeSet<u64> {
    let mut within = BTreeSet::new();
    for (candidate, _) in state.candidates.iter_mut().zip(several).filter(|(_, is_several)| **is_several) {
        if candidate.exchanges * 4 < candidate.split_at * 5 {
            continue;
        }
        candidate.split_at = candidate.exchanges.max(1);
        let members = candidate.members.keys().filter_map(|id| state.units.get(id));
        within.extend(members.flat_map(|unit| unit.edges.iter().map(|edge| edge.anchor)));
    }
    within
}

/// Whether a cluster's users are mostly one candidate's members: then it is not
/// news, and grows into that candidate when it is large enough. Of a template in
/// parts they must work with the candidate: whoever shows one of ten parts shows it in
/// passing, and would be held there among strangers.
fn belongs_to_one(state: &State, several: &[bool], cluster: &Cluster, is_in_parts: bool) -> bool {
    let Some(pivot) = state.anchors.get(&cluster.pivot) else { return true };
    // Those born a moment ago are not yet known to be several.
    let known = several.iter().copied().chain(std::iter::repeat(false));
    let is_large = |candidate: &Candidate| pivot.users() as f64 >= SAME_GROUP * candidate.members.len() as f64;
    state.candidates.iter().zip(known).filter(|(one, is_several)| !is_several && is_large(one)).any(|(candidate, _)| {
        let is_of_it = |unit: &&u64| {
            candidate.members.get(unit).is_some_and(|member| !is_in_parts || state.is_core(**unit, member))
        };
        let members = pivot.sample.iter().filter(is_of_it).count();
        members as f64 >= TAKEN_ON * pivot.sample.len() as f64
    })
}

fn found(state: &State, cluster: &Cluster, epoch: i64) -> Candidate {
    let mut candidate =
        Candidate { pivot: cluster.pivot, anchors: cluster.anchors.clone(), ..Candidate::born(state.born, epoch) };
    // Founders are known by their links; a large anchor's are not all in its
    // sample, the others join when they show it again.
    let sampled = cluster.anchors.iter().filter_map(|anchor| state.anchors.get(anchor)).flat_map(|a| &a.sample);
    let founders: BTreeSet<u64> = sampled.copied().collect();
    for id in founders {
        let Some(unit) = state.units.get(&id) else { continue };
        let mut member = Member { last: unit.last, ..Member::joining(epoch, Some(unit), &cluster.anchors) };
        if member.shown as f64 >= DEDICATED * f64::from(unit.sampled) {
            member.history = unit.history.clone();
            candidate.pool.add(&member.history);
        }
        candidate.members.insert(id, member);
    }
    candidate
}
