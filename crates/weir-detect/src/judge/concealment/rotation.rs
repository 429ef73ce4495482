//! Accounts that take over from others, which the provider closed.

use crate::candidate::Candidate;
use crate::constants::CONCEALMENT_BITS;
use crate::judge::{Piece, excess};
use crate::state::State;

/// New accounts take up the work after the provider closed others.
pub(super) fn piece(candidate: &Candidate, core: &[u64], state: &State) -> Option<Piece> {
    // What comes after the epoch is not known yet, whenever the log is read.
    let end = state.epoch.unwrap_or(0).saturating_add(1).saturating_mul(state.epoch_millis);
    let closed: Vec<i64> = core
        .iter()
        .filter_map(|unit| state.facts.get(unit))
        .filter(|facts| facts.closed_by_provider)
        .filter_map(|facts| facts.closed)
        .filter(|closed| *closed < end)
        .collect();
    let first = *closed.iter().min()?;
    let after = core
        .iter()
        .filter_map(|unit| candidate.members.get(unit))
        .filter(|member| member.since * state.epoch_millis >= first)
        .count() as u64;
    let is_closed = |unit: &u64| state.facts.get(unit).is_some_and(|facts| facts.closed_by_provider);
    let outside: Vec<u64> = state.sampled_outside(candidate).collect();
    let share = |all: &[u64]| all.iter().filter(|unit| is_closed(unit)).count() as f64 / all.len().max(1) as f64;
    // A large group has closed accounts in it by chance.
    let bits = excess(share(core), share(&outside), core.len() as f64, CONCEALMENT_BITS);
    (closed.len() >= 3 && after >= 3 && bits > 0.0).then(|| Piece {
        block: "life cycle",
        what: format!(
            "{} accounts were closed by the provider ({:.1} %, of others {:.1} %) and {after} took up the work after that",
            closed.len(),
            share(core) * 100.0,
            share(&outside) * 100.0
        ),
        bits,
        accounts: after,
    })
}
