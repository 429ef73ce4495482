//! Use out of line with the plan: accounts that each do far more in a day than
//! customers of their plan do, or that did so from their first day on. What a plan
//! allows is not known, so the plan's own customers are the measure: a limit that
//! all of them meet says nothing.

use std::collections::BTreeMap;

use crate::candidate::Candidate;
use crate::constants::{ENRICHED, HEAVY_USE, PLAN_KNOWN, QUOTA_BITS, STANDING_KNOWN};
use crate::judge::{Piece, excess};
use crate::settings::Without;
use crate::standing::Kind;
use crate::state::State;

/// The stronger of both: heavy use from the first day on is heavy use.
pub(crate) fn piece(candidate: &Candidate, core: &[u64], state: &State) -> Option<Piece> {
    if state.trial.leaves_out(Without::Quota) {
        return None;
    }
    let outside: Vec<u64> = state.sampled_outside(candidate).collect();
    let heavy = Heavy::of(&outside, state);
    let pieces = [
        told(core, &outside, |unit| heavy.use_of(state, unit), |inside, others, of| {
            format!(
                "use out of line with the plan: {:.0} % of {of} accounts call more in a day than nine of ten customers of their plan, \
                 {:.0} % of others",
                inside * 100.0,
                others * 100.0
            )
        }),
        told(core, &outside, |unit| heavy.first_day_of(state, unit), |inside, others, of| {
            format!(
                "new accounts at the most within a day: {:.0} % of {of} called on their first day, and since, more than nine of ten \
                 customers of their plan, {:.0} % of other new ones",
                inside * 100.0,
                others * 100.0
            )
        }),
    ];
    pieces.into_iter().flatten().max_by(|left, right| left.bits.total_cmp(&right.bits))
}

/// How much is much, by plan: what one customer in so many exceeds.
struct Heavy(BTreeMap<u64, f64>);

impl Heavy {
    fn of(outside: &[u64], state: &State) -> Heavy {
        let mut rates: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for unit in outside {
            if let Some((plan, rate)) = rate_of(state, *unit) {
                rates.entry(plan).or_default().push(rate);
            }
        }
        rates.retain(|_, rates| rates.len() >= PLAN_KNOWN);
        let cut = |mut rates: Vec<f64>| {
            rates.sort_by(f64::total_cmp);
            rates[((1.0 - HEAVY_USE) * rates.len() as f64) as usize]
        };
        Heavy(rates.into_iter().map(|(plan, rates)| (plan, cut(rates))).collect())
    }

    /// Whether a customer does more in a day; none where its plan is not known well
    /// enough.
    fn use_of(&self, state: &State, unit: u64) -> Option<bool> {
        let (plan, rate) = rate_of(state, unit)?;
        Some(rate > *self.0.get(&plan)?)
    }

    /// Whether an account that was new when it first called did so on its first day,
    /// and since.
    fn first_day_of(&self, state: &State, unit: u64) -> Option<bool> {
        let is_heavy = self.use_of(state, unit)?;
        let (plan, first_day) = (state.facts.get(&unit)?.plan, state.units.get(&unit)?.first_day);
        (Kind::Age.value(state, unit) == 1).then_some(is_heavy && f64::from(first_day) > *self.0.get(&plan)?)
    }
}

/// A customer's plan and its exchanges a day since it was first seen: people call much
/// on one evening and not for days. A declared organisation's accounts are one
/// customer, whose plan is no account's.
fn rate_of(state: &State, unit: u64) -> Option<(u64, f64)> {
    let facts = state.facts.get(&unit).filter(|facts| facts.plan != 0 && !facts.declared)?;
    let known = state.units.get(&unit)?;
    let epochs = state.epoch.unwrap_or(known.last) + 1 - known.first;
    let days = (epochs * state.epoch_millis) as f64 / 86_400_000.0;
    Some((facts.plan, known.exchanges as f64 / days.max(1.0)))
}

/// What a property that is known of some says, where many more members have it.
fn told(
    core: &[u64],
    outside: &[u64],
    has_it: impl Fn(u64) -> Option<bool>,
    what: impl Fn(f64, f64, usize) -> String,
) -> Option<Piece> {
    let known = |units: &[u64]| -> Vec<bool> { units.iter().filter_map(|unit| has_it(*unit)).collect() };
    let (inside, others) = (known(core), known(outside));
    // Most of the group must be known, and enough of the others.
    if inside.len() < STANDING_KNOWN || inside.len() * 2 < core.len() || others.len() < PLAN_KNOWN {
        return None;
    }
    let having = |known: &[bool]| known.iter().filter(|has_it| **has_it).count() as f64;
    let of_members = having(&inside) / inside.len() as f64;
    let of_others = (having(&others) + 0.5) / (others.len() as f64 + 1.0);
    let bits = excess(of_members, of_others, inside.len() as f64, QUOTA_BITS);
    (bits > 0.0 && of_members >= ENRICHED * of_others).then(|| Piece {
        block: "life cycle",
        what: what(of_members, of_others, inside.len()),
        bits,
        accounts: inside.iter().filter(|has_it| **has_it).count() as u64,
    })
}

#[cfg(test)]
mod tests;
