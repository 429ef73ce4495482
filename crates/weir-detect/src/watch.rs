//! The detector watches itself. Beside the candidates run placebos: groups of
//! ordinary customers outside every candidate, each of one client software (as
//! users of a tool are), chosen before they are looked at by nothing else but
//! keyed hashes, and weighed by the very code that weighs candidates, with all
//! their exchanges as joint. Under the null each is an e-process, and so is
//! their mean, and all the more the mean without the largest (which is left out
//! because an operator's own software may be a campaign that is not known yet).
//! That it ever reaches 1/δ in a round has a chance of at most δ (Ville). Where
//! it does, e-values of ordinary traffic have drifted above one, the guarantee
//! does not hold for this traffic, and nothing more is to rest on it until a
//! whole round has passed below.
//!
//! A round is a day of epochs; each begins with fresh groups, since a process
//! that has lost for long would not show a drift that begins late.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::candidate::{Candidate, Member};
use crate::constants::{PLACEBOS, PLACEBO_CHANCE, PLACEBO_ROUND, PLACEBO_UNITS};
use crate::evidence::{Joint, Scene, weigh};
use crate::hash::join;
use crate::profile::EpochProfile;
use crate::state::State;

/// What is kept of the watch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Watch {
    /// The epoch in which the round began; none before the first.
    begun: Option<i64>,
    groups: Vec<Candidate>,
    /// Whether the mean has reached the bound in this round.
    reached: bool,
    /// Whether it had when the last round ended.
    drifted: bool,
}

/// How ordinary traffic fares by the detector's own measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Health {
    /// The mean e-value of the placebos without the largest, as a logarithm to
    /// base 2.
    pub ordinary_log2_e: f64,
    /// What it must not reach.
    pub bound: f64,
    /// Whether it has, in this round or the one before.
    pub drifted: bool,
}

impl Watch {
    pub(crate) fn health(&self) -> Health {
        // Those without exchanges are at 1 still.
        let values: Vec<f64> = self.groups.iter().map(|group| group.log2_e.exp2()).collect();
        let largest = values.iter().copied().fold(0.0, f64::max);
        let mean = match values.len() {
            0 | 1 => 1.0,
            several => (values.iter().sum::<f64>() - largest).max(f64::MIN_POSITIVE) / (several - 1) as f64,
        };
        Health { ordinary_log2_e: mean.log2(), bound: bound(), drifted: self.reached || self.drifted }
    }

    /// Weighs the placebos by what the epoch shows, and begins a new round when
    /// one is over. `candidates` are the customers in candidates.
    pub(crate) fn look(&mut self, state: &State, epoch: i64, scene: &Scene<'_>, in_candidates: &BTreeSet<u64>) {
        // Until there are two groups there is nothing to watch.
        if self.groups.len() < 2 || self.begun.is_none_or(|begun| epoch - begun >= PLACEBO_ROUND) {
            self.drifted = self.reached;
            self.reached = false;
            self.begun = Some(epoch);
            self.groups = groups(state, epoch, in_candidates);
        }
        for group in &mut self.groups {
            // Who is a candidate's by now is no ordinary customer; that was
            // decided by epochs that are over.
            group.members.retain(|unit, member| {
                let stays = !in_candidates.contains(unit);
                if !stays {
                    group.pool.remove(&member.history);
                }
                stays
            });
            let joint = joint_of(group, scene.profile);
            if !joint.is_empty() {
                weigh(group, &joint, scene, state, epoch);
                group.exemplars.clear();
                group.cells.clear();
            }
        }
        self.reached |= self.health().ordinary_log2_e >= bound();
    }
}

fn bound() -> f64 {
    -PLACEBO_CHANCE.log2()
}

fn joint_of<'e>(group: &Candidate, profile: &'e EpochProfile) -> Joint<'e> {
    let of = |unit: &u64| {
        let seen = profile.units.get(unit)?;
        Some((*unit, seen.events.iter().map(|(_, event)| event).collect()))
    };
    group.members.keys().filter_map(of).collect()
}

/// Fresh groups of customers known before this epoch, each of one client.
fn groups(state: &State, epoch: i64, in_candidates: &BTreeSet<u64>) -> Vec<Candidate> {
    // The round decides the order, so that groups differ from round to round.
    let order = |value: u64| join(value, epoch.unsigned_abs());
    let mut of_client: BTreeMap<u64, BTreeMap<u64, u64>> = BTreeMap::new();
    for unit in state.sample.iter().filter(|unit| !in_candidates.contains(unit)) {
        let Some(known) = state.units.get(unit) else { continue };
        of_client.entry(known.clients.recent().last().unwrap_or(0)).or_default().insert(order(*unit), *unit);
    }
    let mut chosen: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for units in of_client.into_values() {
        let units: Vec<u64> = units.into_values().collect();
        chosen.extend(units.chunks_exact(PLACEBO_UNITS).map(|units| (order(units[0]), units.to_vec())));
    }
    let member = || Member { since: epoch, ..Member::default() };
    let group = |units: Vec<u64>| Candidate {
        members: units.into_iter().map(|unit| (unit, member())).collect(),
        born: epoch,
        first: epoch,
        last: epoch,
        ..Candidate::default()
    };
    chosen.into_values().take(PLACEBOS).map(group).collect()
}
