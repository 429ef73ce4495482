//! What is let go of: what left no trace for long, and, where memory is short,
//! what can tell least. One budget holds customers, their links, and anchors.
//!
//! Under pressure go, in this order: anchors that two customers showed and no
//! third did within two days; anchors with too few users to found a candidate;
//! customers that were not seen for longest, those of candidates excepted; and
//! at last those seen once, by their keyed hash. Each step ends when there is
//! room. All of it depends on what was folded alone, so every order of reading
//! and every restart sheds the same.

use std::collections::BTreeSet;

use crate::constants::{FORGET_DAYS, GROUP_UNITS, HIGH_WATER, UNIT_HIGH_WATER};
use crate::hash::Table;
use crate::settings::Settings;
use crate::state::State;
use crate::unit::Unit;

/// Lets go of what is old, once a day, and of what there is no room for.
pub(crate) fn shed(state: &mut State, settings: &Settings, epoch: i64) {
    let is_daily = epoch.rem_euclid(settings.epochs_in_days(1)) == 0;
    if is_daily {
        let oldest = epoch - settings.epochs_in_days(FORGET_DAYS);
        state.anchors.retain(|_, anchor| anchor.last() >= oldest);
        forget_units(state, |_, unit| unit.last < oldest);
    }
    let room = Room::of(state, settings);
    if !room.is_short(state) {
        return;
    }
    let quick = epoch - settings.epochs_in_days(2);
    state.anchors.retain(|_, anchor| anchor.users() > 2 || anchor.last() >= quick);
    if room.is_short(state) {
        state.anchors.retain(|_, anchor| anchor.users() >= GROUP_UNITS || anchor.last() == epoch);
    }
    fit(&mut state.anchors);
    if room.is_short(state) {
        let most = room.units_beside(state.anchors.len());
        let mut seen: Vec<i64> = state.units.values().map(|unit| unit.last).collect();
        if seen.len() > most {
            let (_, &mut newest_gone, _) = seen.select_nth_unstable(state.units.len() - most - 1);
            let until = newest_gone.min(epoch - 1);
            forget_units(state, |_, unit| unit.last <= until);
        }
    }
    if room.is_short(state) {
        let most = room.units_beside(state.anchors.len());
        let mut once: Vec<u64> = state.units.iter().filter(|(_, unit)| unit.exchanges == 1).map(|(id, _)| *id).collect();
        let gone = state.units.len().saturating_sub(most).min(once.len());
        if gone > 0 {
            let place = once.len() - gone;
            let (_, &mut least_gone, _) = once.select_nth_unstable(place);
            forget_units(state, |id, unit| unit.exchanges == 1 && id >= least_gone);
        }
    }
}

/// How much there is.
#[derive(Debug, Clone, Copy)]
struct Room {
    bytes: u64,
}

impl Room {
    fn of(state: &State, settings: &Settings) -> Room {
        Room { bytes: settings.memory.saturating_sub(state.singles.bytes() + state.fills.bytes()) }
    }

    /// Whether what is there could take more than the budget.
    fn is_short(self, state: &State) -> bool {
        state.units.len() as u64 * UNIT_HIGH_WATER + state.anchors.len() as u64 * HIGH_WATER > self.bytes
    }

    /// Customers that there is room for beside so many anchors.
    fn units_beside(self, anchors: usize) -> usize {
        let left = self.bytes.saturating_sub(anchors as u64 * HIGH_WATER);
        usize::try_from(left / UNIT_HIGH_WATER).unwrap_or(usize::MAX)
    }
}

/// Forgets customers; a candidate's members stay.
fn forget_units(state: &mut State, is_gone: impl Fn(u64, &Unit) -> bool) {
    let claimed: BTreeSet<u64> = state.candidates.iter().flat_map(|c| c.members.keys().copied()).collect();
    let (pool, sample) = (&mut state.pool, &mut state.sample);
    state.units.retain(|id, unit| {
        let keep = !is_gone(*id, unit) || claimed.contains(id);
        if !keep {
            pool.remove(&unit.history);
            sample.remove(id);
        }
        keep
    });
    fit(&mut state.units);
}

/// A table that was large would stay large.
fn fit<V>(table: &mut Table<V>) {
    if table.capacity() > 4 * table.len().max(1024) {
        table.shrink_to(2 * table.len());
    }
}
