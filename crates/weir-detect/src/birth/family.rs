//! One template in several parts: an operator that asks in ten languages has a
//! wrapper in each, and each is a tenth of an account's traffic, which is how
//! phrases are shared, not how templates are worked with. But the parts have the
//! same users, far beyond what chance would have, so they are one family, and an
//! account's share of traffic is over the family.
//!
//! Customers keep few links, and many parts displace each other there. So how
//! much of it is work is told by the anchors' own counts, and by the epoch that
//! is over, which shows which parts come together in one exchange.

use std::collections::BTreeSet;

use crate::anchor::Anchor;
use crate::constants::{FAMILIES_AN_EPOCH, LINKED, FAMILY_USES, GROUP_UNITS, SAME_GROUP, WORKING_SHARE, WORKING_USES};
use crate::hash::Table;
use crate::profile::EpochProfile;
use crate::propose::Cluster;
use crate::state::State;

/// Whether an anchor that is no work by itself may be part of a template: its
/// users come back to it, which those who share a phrase or a list do not.
pub(super) fn may_be_part(anchor: &Anchor) -> bool {
    anchor.users() >= GROUP_UNITS && f64::from(anchor.uses()) >= FAMILY_USES * anchor.users() as f64
}

/// Families among anchors of which none is work by itself; the largest first.
pub(super) fn families(state: &State, profile: &EpochProfile, nodes: &BTreeSet<u64>) -> Vec<Cluster> {
    let mut order: Vec<(u64, u64)> = nodes.iter().filter_map(|id| Some((state.anchors.get(id)?.users(), *id))).collect();
    order.sort_unstable_by_key(|(users, id)| (std::cmp::Reverse(*users), *id));
    let mut taken: BTreeSet<u64> = BTreeSet::new();
    let mut families = Vec::new();
    let mut looked_at = 0;
    for (users, pivot) in order {
        if looked_at == FAMILIES_AN_EPOCH {
            break;
        }
        if taken.contains(&pivot) {
            continue;
        }
        looked_at += 1;
        let family = around(state, pivot);
        taken.extend(family.iter().copied());
        if family.len() > 1 && is_work(state, profile, pivot, &family) {
            families.push(Cluster { pivot, anchors: family, units: users });
        }
    }
    families
}

/// The anchors that have a pivot's users, by their samples; where they are looked
/// for are the links of those users.
fn around(state: &State, pivot: u64) -> BTreeSet<u64> {
    let mut family = BTreeSet::from([pivot]);
    let Some(anchor) = state.anchors.get(&pivot) else { return family };
    let mut linked: Table<u32> = Table::default();
    for unit in anchor.sample.iter().filter_map(|unit| state.units.get(unit)) {
        for edge in &unit.edges {
            *linked.entry(edge.anchor).or_default() += 1;
        }
    }
    let least = (LINKED * anchor.sample.len() as f64).max(2.0);
    let is_part = |id: &u64| {
        state.anchors.get(id).is_some_and(|other| may_be_part(other) && anchor.overlaps(other, SAME_GROUP))
    };
    family.extend(linked.into_iter().filter(|(_, units)| f64::from(*units) >= least).map(|(id, _)| id).filter(is_part));
    family
}

/// Whether a pivot's users work with a family, by all that was counted and by the
/// epoch alone; and whether it has several parts, of which each exchange shows one.
fn is_work(state: &State, profile: &EpochProfile, pivot: u64, family: &BTreeSet<u64>) -> bool {
    let Some(anchor) = state.anchors.get(&pivot) else { return false };
    let (mut active, mut share) = (0_u64, 0.0);
    let (mut showing, mut shown) = (0_u64, 0_u64);
    let (mut known, mut sampled, mut listed) = (0_u64, 0_u64, 0_u64);
    // Asked for each anchor of each exchange: a table answers at once, a tree does not.
    let of_family: Table<()> = family.iter().map(|id| (*id, ())).collect();
    for unit in &anchor.sample {
        let Some(unit_known) = state.units.get(unit) else { continue };
        known += 1;
        sampled += u64::from(unit_known.sampled);
        listed += u64::from(unit_known.given.is_of_a_list());
        let Some(seen) = profile.units.get(unit) else { continue };
        let mut of_unit = 0_u64;
        for (_, event) in &seen.events {
            let parts = event.anchors.iter().filter(|id| of_family.contains_key(id)).count();
            // Where one exchange shows the whole, there are no parts.
            if parts >= family.len() {
                return false;
            }
            shown += parts as u64;
            of_unit += u64::from(parts > 0);
        }
        active += 1;
        showing += of_unit;
        share += of_unit as f64 / seen.events.len().max(1) as f64;
    }
    // The items of a list have the same users, too.
    if active < GROUP_UNITS || showing == 0 || listed * 2 >= known {
        return false;
    }
    let uses: u64 = family.iter().filter_map(|id| state.anchors.get(id)).map(|anchor| u64::from(anchor.uses())).sum();
    // An exchange shows several anchors of one part.
    let exchanges = uses as f64 / (shown as f64 / showing as f64);
    let each = exchanges / anchor.users().max(1) as f64;
    let of_all = each / (sampled as f64 / known.max(1) as f64).max(1.0);
    share / active as f64 >= WORKING_SHARE && of_all >= WORKING_SHARE && each >= WORKING_USES
}

#[cfg(test)]
mod tests;
