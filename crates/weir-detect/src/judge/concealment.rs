//! Concealment: is the common operator hidden? It needs positive evidence; that
//! no organisation was declared is none. One payer, one firm's e-mail domain or, where it
//! is not known that many pay, one office is an open operator, however alike the work.

mod new_accounts;
pub(super) mod open;
mod payers;
mod rotation;

use crate::candidate::Candidate;
use crate::constants::LESSER_BITS;
use crate::judge::firms::Firms;
use crate::judge::{Piece, exits};
use crate::standing::{Kind, Standing};
use crate::state::State;

/// None without facts on half of the members.
pub(crate) fn pieces(
    candidate: &Candidate,
    core: &[u64],
    (standing, firms): (&Standing, &Firms),
    state: &State,
) -> Option<Vec<Piece>> {
    let known = core.iter().filter(|unit| state.facts.contains_key(unit)).count();
    if known == 0 || known * 2 < core.len() {
        return None;
    }
    let mut pieces = open::pieces(core, standing, state);
    pieces.extend(firms.piece(core));
    pieces.extend(new_accounts::pieces(candidate, core, state));
    pieces.extend(payers::piece(candidate, firms, standing, state));
    pieces.extend(exits::piece(candidate, firms, core, state));
    pieces.extend(rotation::piece(candidate, core, state));
    pieces.extend(isolation(candidate, core, standing, state));
    Some(pieces)
}

/// Fewer shared networks, payments and clients than unrelated accounts have.
/// Only counted where chance predicts at least ten shared pairs.
fn isolation(candidate: &Candidate, core: &[u64], standing: &Standing, state: &State) -> Option<Piece> {
    // Cards are shared within families and firms, in clumps, so that a group
    // without one says little; networks are shared by chance.
    let kinds = [Kind::Prefix, Kind::Address];
    let best = kinds.into_iter().filter_map(|kind| {
        let values = standing.kind(kind)?;
        let mut counts = std::collections::BTreeMap::<u64, u64>::new();
        let mut known = 0_u64;
        for unit in state.sampled_outside(candidate) {
            let value = kind.value(state, unit);
            if value != 0 {
                *counts.entry(value).or_default() += 1;
                known += 1;
            }
        }
        let pairs = |counts: &std::collections::BTreeMap<u64, u64>| counts.values().map(|c| c * (c - 1)).sum::<u64>() as f64 / 2.0;
        let rate = pairs(&counts) / ((known * known.saturating_sub(1)) as f64 / 2.0).max(1.0);
        let n = values.known as f64;
        let expected = rate * n * (n - 1.0) / 2.0;
        let seen = pairs(&values.inside);
        (expected >= 10.0 && seen < expected / 2.0)
            .then(|| (((expected / (seen + 1.0)).log2() * 1.5).min(LESSER_BITS), kind, seen, expected))
    });
    let (bits, kind, seen, expected) = best.max_by(|left, right| left.0.total_cmp(&right.0))?;
    Some(Piece {
        block: kind.block().name(),
        what: format!("{seen:.0} pairs share a {}, where {expected:.0} would among unrelated accounts", kind.name()),
        bits,
        accounts: core.len() as u64,
    })
}
