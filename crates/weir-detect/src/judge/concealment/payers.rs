//! Who pays. An operator who does not hide pays from one account, and unrelated people
//! each by means of their own. One operator's work that many means pay for hides him,
//! be it one for each account, or two, or one for every few of them; what a firm of its
//! own pays is left out of that.

use std::collections::BTreeMap;

use crate::candidate::Candidate;
use crate::constants::{LESSER_BITS, MOST_OF_MANY, OPEN_SHARE, OWN_PAYERS, SHARED_LEAST, SPLIT_PAYERS};
use crate::hash::Table;
use crate::judge::firms::Firms;
use crate::judge::{Piece, excess};
use crate::standing::{Kind, Standing};
use crate::state::State;

pub(super) fn piece(candidate: &Candidate, firms: &Firms, standing: &Standing, state: &State) -> Option<Piece> {
    let values = standing.kind(Kind::Payment)?;
    let mut inside = values.inside.clone();
    inside.retain(|payment, _| !firms.pays_for_one(*payment));
    own_payments(&inside, values.known)
        .or_else(|| split_payments(&inside, values.known, candidate, state))
        .or_else(|| many_payments(&inside, values.known))
}

/// One operator's work, and yet each account has its own means of payment, or shares it
/// with one other.
fn own_payments(inside: &BTreeMap<u64, u64>, known: u64) -> Option<Piece> {
    let alone: u64 = inside.values().filter(|&&count| count <= SHARED_LEAST).sum();
    let share = alone as f64 / known as f64;
    (share >= OWN_PAYERS).then(|| Piece {
        block: "identity",
        what: format!("{:.0} % of accounts pay by means of their own or of two, for one operator's work", share * 100.0),
        bits: LESSER_BITS / 2.0,
        accounts: alone,
    })
}

/// One operator's work, and some accounts have their own means of payment while others share one
/// with a few. No more than where each has its own: unrelated people pay so, too, with families
/// among them.
fn many_payments(inside: &BTreeMap<u64, u64>, known: u64) -> Option<Piece> {
    let (shared, most) = (shared_by_several(inside), inside.values().max().copied().unwrap_or(0));
    let (accounts, known) = (inside.values().sum::<u64>(), known as f64);
    let are_mixed = (shared as f64) < OPEN_SHARE * known && accounts as f64 >= OWN_PAYERS * known;
    (are_mixed && (most as f64) < MOST_OF_MANY * known).then(|| Piece {
        block: "identity",
        what: format!("{} means of payment pay for {accounts} accounts, each for few, for one operator's work", inside.len()),
        bits: LESSER_BITS / 2.0,
        accounts,
    })
}

/// Accounts that have their means of payment in common with several others.
fn shared_by_several(inside: &BTreeMap<u64, u64>) -> u64 {
    inside.values().filter(|&&count| count > SHARED_LEAST).sum()
}

/// One operator's work, paid for by several means, each for several accounts and none
/// for most. Families and small firms share a card as well, so it is held against how
/// many customers outside do.
fn split_payments(inside: &BTreeMap<u64, u64>, known: u64, candidate: &Candidate, state: &State) -> Option<Piece> {
    let shared = || inside.values().filter(|&&count| count > SHARED_LEAST);
    let (payers, accounts) = (shared().count(), shared_by_several(inside));
    let (share, most) = (accounts as f64 / known as f64, shared().max().copied().unwrap_or(0) as f64 / known as f64);
    if payers < SPLIT_PAYERS || share < OPEN_SHARE || most >= OPEN_SHARE {
        return None;
    }
    let outside = shared_outside(candidate, state)?;
    let bits = excess(share, outside, known as f64, LESSER_BITS);
    (bits > 0.0).then(|| Piece {
        block: "identity",
        what: format!(
            "{payers} means of payment each pay for several accounts of one operator's work and none for most: {:.0} % of \
             accounts, of others {:.0} %",
            share * 100.0,
            outside * 100.0
        ),
        bits,
        accounts,
    })
}

/// The share of customers outside that have their means of payment in common with
/// several others; all are gone through, for a sample would miss who shares.
fn shared_outside(candidate: &Candidate, state: &State) -> Option<f64> {
    let outside = || {
        let facts = state.facts.iter().filter(|(unit, facts)| facts.payment != 0 && !candidate.members.contains_key(unit));
        facts.map(|(_, facts)| facts.payment)
    };
    let mut counts: Table<u64> = Table::default();
    for payment in outside() {
        *counts.entry(payment).or_default() += 1;
    }
    let all: u64 = counts.values().sum();
    let shared: u64 = counts.values().filter(|&&count| count > SHARED_LEAST).sum();
    (all > 0).then(|| shared as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::Member;
    use crate::settings::Settings;
    use crate::unit::Facts;

    /// A hundred members and two thousand others, each with the means of payment given.
    fn piece_of(inside: impl Fn(u64) -> u64, outside: impl Fn(u64) -> u64) -> Option<Piece> {
        let (mut state, mut candidate) = (State::new(&Settings::default()), Candidate::born(1, 0));
        for unit in 0..2_100 {
            let payment = if unit < 100 { inside(unit) } else { 1_000_000 + outside(unit) };
            state.facts.insert(unit, Facts { payment, ..Facts::default() });
            state.sample.insert(unit);
            if unit < 100 {
                candidate.members.insert(unit, Member::default());
            }
        }
        let core: Vec<u64> = (0..100).collect();
        piece(&candidate, &Firms::default(), &Standing::of(&candidate, &core, &state), &state)
    }

    #[test]
    fn one_operator_s_costs_on_many_cards_are_hidden_however_they_are_dealt_out() {
        let own = piece_of(|unit| unit + 1, |unit| unit).unwrap();
        assert_eq!((own.bits, own.accounts), (LESSER_BITS / 2.0, 100));
        assert_eq!(piece_of(|unit| unit / 2 + 1, |unit| unit).unwrap(), own, "two on one");
        let split = piece_of(|unit| unit / 8 + 1, |unit| unit).unwrap();
        assert_eq!((split.bits, split.accounts), (LESSER_BITS, 100));
        assert!(split.what.starts_with("13 means of payment each pay for several accounts"), "{}", split.what);
    }

    #[test]
    fn a_payer_for_most_and_a_population_of_families_say_nothing() {
        assert!(piece_of(|unit| if unit < 60 { 1 } else { unit / 8 }, |unit| unit).is_none(), "an open payer");
        let all_share = piece_of(|unit| unit / 8 + 1, |unit| unit / 4);
        assert!(all_share.is_none_or(|piece| piece.bits < 0.1), "as everybody does");
        assert!(piece_of(|_| 0, |unit| unit).is_none(), "nothing is known");
    }

    #[test]
    fn a_few_clumps_among_many_who_pay_for_themselves_say_what_these_do() {
        let mixed = piece_of(|unit| if unit < 45 { unit / 5 + 1 } else { unit + 100 }, |unit| unit).unwrap();
        assert_eq!((mixed.bits, mixed.accounts), (LESSER_BITS / 2.0, 100));
        assert!(mixed.what.starts_with("64 means of payment pay for 100 accounts"), "{}", mixed.what);
        assert!(piece_of(|unit| if unit < 30 { 1 } else { unit + 100 }, |unit| unit).is_none(), "one of them pays for many");
    }
}
