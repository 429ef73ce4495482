//! Lockstep: whether a group's members work at each other's moments of an epoch,
//! beyond what everybody's rhythm and their own lead one to expect.

use super::{Joint, Scene};
use crate::constants::{LOCKSTEP_LEAST, LOCKSTEP_MOST, SLOTS};
use crate::profile::Event;

/// The moments at which the members taken so far worked, against everybody
/// else's rhythm within the epoch.
pub(super) struct Beats {
    expected: [f64; SLOTS as usize],
    counts: [f64; SLOTS as usize],
    total: f64,
}

impl Beats {
    pub(super) fn of(scene: &Scene<'_>, joint: &Joint<'_>) -> Beats {
        let mut others = scene.slots;
        for event in joint.values().flatten() {
            let slot = &mut others[(event.slot % SLOTS) as usize];
            *slot = (*slot - 1.0).max(0.0);
        }
        let slots = f64::from(SLOTS);
        let all = others.iter().sum::<f64>();
        // Smoothed towards an even rhythm, and then rounded up by what the
        // smoothing may be wrong: 1/expected is convex.
        let margin = 1.0 + slots / (all + slots);
        Beats { expected: others.map(|count| margin * (count + 1.0) / (all + slots)), counts: [0.0; 64], total: 0.0 }
    }

    /// How much more often than by the population's rhythm the earlier members
    /// worked at this one's moments, and than they did at the moments of its own
    /// earlier exchanges. A program that always calls at the full hour meets
    /// other such programs there without a common operator; under the null its
    /// moments now are drawn like those before, so the mean is 0.
    pub(super) fn payoff(&self, events: &[&Event], habit: &[u8]) -> Option<f64> {
        if self.total < LOCKSTEP_LEAST || events.is_empty() || habit.is_empty() {
            return None;
        }
        let ratio = |slot: usize| (self.counts[slot] / (self.total * self.expected[slot])).min(LOCKSTEP_MOST);
        let now = events.iter().map(|event| ratio((event.slot % SLOTS) as usize)).sum::<f64>() / events.len() as f64;
        let before = habit.iter().map(|&slot| ratio(usize::from(slot & 63))).sum::<f64>() / habit.len() as f64;
        Some((now - before.max(1.0)) / LOCKSTEP_MOST)
    }

    /// So that the next is held against the one before it alone.
    pub(super) fn forget(&mut self) {
        (self.counts, self.total) = ([0.0; 64], 0.0);
    }

    pub(super) fn take(&mut self, events: &[&Event]) {
        for event in events {
            self.counts[(event.slot % SLOTS) as usize] += 1.0;
        }
        self.total += events.len() as f64;
    }
}
