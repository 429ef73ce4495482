//! Customers found innocent: what a person decided on appeal. Nothing of theirs
//! is evidence from the next epoch on, and what had been is taken back as far
//! as it spoke for a candidate; what spoke against stays.

use std::collections::BTreeMap;

use crate::constants::threshold;
use crate::profile::EpochProfile;
use crate::settings::Settings;
use crate::state::State;

/// Customers and when each was found innocent, in milliseconds.
pub(crate) type Cleared = BTreeMap<u64, i64>;

/// Takes out of what is known whoever was found innocent before the epoch's
/// end; gives the epoch without them where they are in it.
pub(crate) fn clear(state: &mut State, settings: &Settings, epoch: i64, profile: &EpochProfile) -> Option<EpochProfile> {
    let end = (epoch + 1).saturating_mul(state.epoch_millis);
    let units: Vec<u64> = state.cleared.iter().filter(|(_, at)| **at < end).map(|(unit, _)| *unit).collect();
    for unit in &units {
        forget(state, settings, *unit);
    }
    if !units.iter().any(|unit| profile.units.contains_key(unit)) {
        return None;
    }
    let mut without = profile.clone();
    for unit in units {
        without.units.remove(&unit);
    }
    Some(without)
}

fn forget(state: &mut State, settings: &Settings, unit: u64) {
    for candidate in &mut state.candidates {
        let Some(member) = candidate.members.remove(&unit) else { continue };
        candidate.pool.remove(&member.history);
        for (sum, bits) in candidate.bits.iter_mut().zip(member.bits) {
            *sum -= bits;
        }
        candidate.log2_e -= member.bits.iter().sum::<f64>().max(0.0);
        candidate.exemplars.retain(|exemplar| exemplar.unit != unit);
        candidate.cells.retain(|(of, ..)| *of != unit);
        if candidate.log2_e < threshold(settings.alpha, candidate.share) {
            (candidate.confirmed, candidate.alarm) = (None, None);
        }
    }
    if let Some(known) = state.units.remove(&unit) {
        state.pool.remove(&known.history);
        state.sample.remove(&unit);
    }
    state.seats.forget(unit);
    state.ordinary.retain(|exemplar| exemplar.unit != unit);
}
