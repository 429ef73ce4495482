//! Proposing: which anchors belong together, and which groups of them found a
//! candidate. Everything here reads epochs that are over; nothing here is
//! evidence.
//!
//! Anchors are clustered, not accounts: a template's anchors have the same
//! users. Pivots are taken in a seeded order; an anchor joins the first pivot
//! it agrees with, by the overlap of their users, and disagrees with all it
//! shares too few with. An anchor joins a pivot and never a member, so nothing
//! chains (Ailon, Charikar and Newman 2008).

use std::collections::BTreeSet;

use crate::anchor::{Anchor, Anchors};
use crate::constants::{
    ALIKE, ALIKE_PRIVATE, AT_ONCE_SHARE, AT_ONCE_USERS, SAME_GROUP, SPREAD, SPREAD_USERS, WORKING_SHARE, WORKING_USES,
};
use crate::hash::{Table, join};
use crate::unit::{Facts, Unit, Units};

/// Anchors with the same users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cluster {
    pub(crate) pivot: u64,
    pub(crate) anchors: BTreeSet<u64>,
    pub(crate) units: u64,
}

/// Clusters the given anchors. The result depends on them and the seed alone:
/// it starts fresh each time.
pub(crate) fn cluster(nodes: &BTreeSet<u64>, anchors: &Anchors, units: &Units, seed: u64) -> Vec<Cluster> {
    let mut order: Vec<(u64, &Anchor)> =
        nodes.iter().filter_map(|id| anchors.get(id).map(|anchor| (*id, anchor))).collect();
    // By size in powers of two, so that pivots are stable, and then by seed.
    order.sort_unstable_by_key(|(id, anchor)| (anchor.users().leading_zeros(), join(*id, seed), *id));
    let mut taken: BTreeSet<u64> = BTreeSet::new();
    let mut clusters = Vec::new();
    for (pivot, anchor) in order {
        if taken.contains(&pivot) {
            continue;
        }
        let mut near: BTreeSet<u64> = BTreeSet::new();
        for unit in anchor.sample.iter().filter_map(|unit| units.get(unit)) {
            near.extend(unit.edges.iter().map(|edge| edge.anchor));
        }
        let agrees = |id: &u64| {
            !taken.contains(id) && anchors.get(id).is_some_and(|other| anchor.overlaps(other, SAME_GROUP))
        };
        let mut group: BTreeSet<u64> = near.iter().copied().filter(agrees).collect();
        group.insert(pivot);
        taken.extend(group.iter().copied());
        clusters.push(Cluster { pivot, anchors: group, units: anchor.users() });
    }
    clusters
}

/// How its users work with an anchor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Working {
    /// The share of its users' traffic that shows it.
    pub(crate) share: f64,
    /// How often a user shows it.
    uses: f64,
}

impl Working {
    /// Those who work with a template show it often, those who share a phrase
    /// do not.
    pub(crate) fn of(anchor: &Anchor, id: u64, units: &Units) -> Working {
        let users: Vec<&Unit> = anchor.sample.iter().filter_map(|unit| units.get(unit)).collect();
        // Each one's edges lie somewhere else in memory: asked for together they come together.
        let first = |user: &Unit| user.edges.first().map_or(0, |edge| edge.anchor);
        std::hint::black_box(users.iter().fold(0, |read, user| read ^ first(user)));
        let (mut count, mut share, mut uses) = (0.0_f64, 0.0, 0.0);
        for unit in users {
            let own = unit.edges.iter().find(|edge| edge.anchor == id).map_or(0, |edge| edge.uses);
            count += 1.0;
            uses += f64::from(own);
            // Only sampled exchanges show their anchors.
            share += (f64::from(own) / f64::from(unit.sampled.max(1))).min(1.0);
        }
        Working { share: share / count.max(1.0), uses: uses / count.max(1.0) }
    }

    /// Whether it is work rather than a phrase.
    pub(crate) fn is_work(self, users: u64) -> bool {
        let at_once = users >= AT_ONCE_USERS && self.share >= AT_ONCE_SHARE;
        self.share >= WORKING_SHARE && (self.uses >= WORKING_USES || at_once)
    }
}

/// How often two customers at large share a value, for each dimension.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Spread {
    at_large: [Option<f64>; DIMENSIONS],
}

const DIMENSIONS: usize = 5;

impl Spread {
    /// Measures the population on a sample of it.
    pub(crate) fn of(sample: &BTreeSet<u64>, units: &Units, facts: &Table<Facts>) -> Spread {
        let sample: Vec<u64> = sample.iter().copied().collect();
        Spread { at_large: collisions(&sample, units, facts) }
    }

    /// Whether an anchor is public: its users, of whom some are given, are of as many ages, plans,
    /// clients and sign-up ways as the population. Never by how many they are.
    /// One dimension may be narrow (a tool brings its own client), age may not.
    /// Without sign-up facts nothing is public.
    pub(crate) fn is_public(&self, users: &[u64], units: &Units, facts: &Table<Facts>) -> bool {
        let here = collisions(users, units, facts);
        let wide: Vec<Option<bool>> = here
            .iter()
            .zip(&self.at_large)
            .map(|(here, large)| Some((*here)? <= SPREAD * (*large)? + 2.0 / users.len() as f64))
            .collect();
        let known = wide.iter().flatten().count();
        let spread = wide.iter().flatten().filter(|wide| **wide).count();
        wide[0] == Some(true) && known >= 2 && spread + 1 >= known
    }
}

/// The chance that two of the sampled customers share a value, where at least
/// a dozen and most of them have one.
fn collisions(sample: &[u64], units: &Units, facts: &Table<Facts>) -> [Option<f64>; DIMENSIONS] {
    let mut counts: [Table<u64>; DIMENSIONS] = Default::default();
    let unknown = Facts::default();
    for unit in sample {
        let fact = facts.get(unit).unwrap_or(&unknown);
        let client = units.get(unit).and_then(|unit| unit.clients.recent().last()).unwrap_or(0);
        let values = [fact.birth_week(), fact.plan, fact.path, fact.mail, client];
        for (counts, value) in counts.iter_mut().zip(values).filter(|(_, value)| *value != 0) {
            *counts.entry(value).or_default() += 1;
        }
    }
    counts.map(|counts| {
        let known: u64 = counts.values().sum();
        if (known as usize) < SPREAD_USERS || (known as usize) * 2 < sample.len() {
            return None;
        }
        let pairs: u64 = counts.values().map(|&count| count * (count - 1)).sum();
        Some(pairs as f64 / (known * (known - 1)) as f64)
    })
}

/// Values that a topic's bucket can have.
const BUCKETS: usize = u8::MAX as usize + 1;

/// How much of the variance of topics the account explains: the intra-account
/// correlation of a group's histories. About 0 where work is dealt out, above 0
/// among unrelated people. An account weighs as much as it sent, at most as much
/// as said: a few who sent much do not speak for many who have just come.
pub(crate) fn intra_account(group: impl Iterator<Item = u64>, units: &Units, most: f64) -> Option<f64> {
    // A place for each bucket there can be: the population is gone through in every epoch.
    let (mut pool, mut within) = ([0.0_f64; BUCKETS], [0.0_f64; BUCKETS]);
    let (mut all, mut weights) = (0.0, 0.0);
    for unit in group.filter_map(|unit| units.get(&unit)).filter(|unit| unit.history.count > 0) {
        let count = f64::from(unit.history.count);
        let weight = count.min(most);
        let is_known = unit.history.count >= 2;
        all += weight;
        weights += if is_known { weight } else { 0.0 };
        for (bucket, met) in unit.history.topics.iter() {
            let (bucket, met) = (usize::from(bucket), f64::from(met));
            // Counts are whole and small, so what weighs as much as it sent is so exactly
            // without a division, of which there would be two a bucket; and what was met
            // once was met with nothing.
            pool[bucket] += if weight < count { weight * met / count } else { met };
            if is_known && met > 1.0 {
                within[bucket] += weight * met * (met - 1.0) / (count * (count - 1.0));
            }
        }
    }
    if weights < 100.0 {
        return None;
    }
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (met, within) in pool.into_iter().zip(within) {
        let share = (met / all).min(1.0);
        let together = within / weights;
        covariance += together - share * share;
        variance += share * (1.0 - share);
    }
    (variance > 0.0).then(|| covariance / variance)
}

/// Whether some users of a template may found a candidate: it is private, or they
/// are interchangeable all the same. Where enough was seen to tell that they are
/// as different from each other as people at large, they may not; nothing where
/// that cannot be told.
pub(crate) fn may_found(
    users: &[u64],
    units: &Units,
    facts: &Table<Facts>,
    (spread, at_large): &(Spread, Option<f64>),
    most: f64,
) -> Option<bool> {
    let here = intra_account(users.iter().copied(), units, most)?;
    let large = at_large.filter(|large| *large > 0.0)?;
    let public = spread.is_public(users, units, facts);
    Some(here < large * if public { ALIKE } else { ALIKE_PRIVATE })
}
