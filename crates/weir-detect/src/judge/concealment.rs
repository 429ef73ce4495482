//! Concealment: is the common operator hidden? It needs positive evidence; that
//! no organisation was declared is none. One payer, one firm's e-mail domain or, where it
//! is not known that many pay, one office is an open operator, however alike the work.

mod payers;

use crate::candidate::Candidate;
use crate::constants::{
    CONCEALMENT_BITS, DECIDES, DISPOSABLE_DAYS, LESSER_BITS, MAIL_SERVICE, OPEN_SHARE,
};
use crate::judge::{Piece, excess, exits, quota};
use crate::standing::{Kind, Standing, Values};
use crate::state::State;

/// None without facts on half of the members.
pub(crate) fn pieces(candidate: &Candidate, core: &[u64], standing: &Standing, state: &State) -> Option<Vec<Piece>> {
    let known = core.iter().filter(|unit| state.facts.contains_key(unit)).count();
    if known == 0 || known * 2 < core.len() {
        return None;
    }
    let mut pieces = open_operator(core, standing, state);
    pieces.extend(disposable(candidate, core, state));
    pieces.extend(payers::piece(candidate, standing, state));
    pieces.extend(exits::piece(candidate, core, state));
    pieces.extend(rotation(candidate, core, state));
    pieces.extend(isolation(candidate, core, standing, state));
    pieces.extend(quota::piece(candidate, core, state));
    Some(pieces)
}

fn open_operator(core: &[u64], standing: &Standing, state: &State) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // An office pays from one account. Where many are known to pay, one address is the
    // least that an operator can save on, and speaks against hiding no more than a means of
    // payment each speaks for it.
    let payers_are_many = standing.kind(Kind::Payment).is_some_and(|payers| share_of_most(payers) < OPEN_SHARE);
    for kind in [Kind::Payment, Kind::Mail, Kind::Address] {
        let Some(values) = standing.kind(kind) else { continue };
        let Some((value, count)) = values.modal() else { continue };
        let common = kind != Kind::Payment && values.outside(value) >= MAIL_SERVICE;
        if share_of_most(values) < OPEN_SHARE || count <= 1 || common {
            continue;
        }
        let decides = kind != Kind::Address || !payers_are_many;
        let (bits, says) = match decides {
            true => (DECIDES, "an operator who does not hide"),
            false => (-LESSER_BITS / 2.0, "little of hiding"),
        };
        pieces.push(Piece {
            block: kind.block().name(),
            what: format!("{count} of {} accounts have one {}: {says}", values.known, kind.name()),
            bits,
            accounts: count,
        });
    }
    let declared = core.iter().filter(|unit| state.facts.get(unit).is_some_and(|facts| facts.declared)).count();
    if declared * 2 > core.len() {
        pieces.push(Piece {
            block: "identity",
            what: format!("{declared} of {} belong to declared organisations", core.len()),
            bits: DECIDES,
            accounts: declared as u64,
        });
    }
    pieces
}

/// The share of members with the value that most of them have.
fn share_of_most(values: &Values) -> f64 {
    values.modal().map_or(0.0, |(value, _)| values.share(value))
}

/// Accounts made for this work: signed up shortly before it.
fn disposable(candidate: &Candidate, core: &[u64], state: &State) -> Option<Piece> {
    let days = |unit: u64, epoch: i64, millis: i64| {
        let created = state.facts.get(&unit)?.created?;
        Some((epoch * millis - created) < DISPOSABLE_DAYS * 86_400_000)
    };
    let millis = state.epoch_millis;
    let inside: Vec<bool> = core
        .iter()
        .filter_map(|unit| days(*unit, candidate.members.get(unit)?.since.min(state.units.get(unit)?.first), millis))
        .collect();
    let outside: Vec<bool> = state
        .sampled_outside(candidate)
        .filter_map(|unit| days(unit, state.units.get(&unit)?.first, millis))
        .collect();
    let share = |young: &[bool]| young.iter().filter(|young| **young).count() as f64 / young.len().max(1) as f64;
    if inside.is_empty() || outside.is_empty() {
        return None;
    }
    let bits = excess(share(&inside), share(&outside), inside.len() as f64, CONCEALMENT_BITS);
    (bits > 0.0).then(|| Piece {
        block: "life cycle",
        what: format!(
            "{:.0} % signed up within {DISPOSABLE_DAYS} days of their first exchange, {:.0} % of others",
            share(&inside) * 100.0,
            share(&outside) * 100.0
        ),
        bits,
        accounts: inside.iter().filter(|young| **young).count() as u64,
    })
}

/// New accounts take up the work after the provider closed others.
fn rotation(candidate: &Candidate, core: &[u64], state: &State) -> Option<Piece> {
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

#[cfg(test)]
mod tests;
