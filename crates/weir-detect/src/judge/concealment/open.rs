//! An operator who does not hide: one payer, one firm's e-mail domain, one office, a
//! declared organisation, or somebody known who let all of them in.

use crate::constants::{DECIDES, LESSER_BITS, MAIL_SERVICE, OPEN_SHARE, OWN_DOOR};
use crate::judge::{Piece, sum};
use crate::standing::{Kind, Standing, Values};
use crate::state::State;

pub(super) fn pieces(core: &[u64], standing: &Standing, state: &State) -> Vec<Piece> {
    let mut pieces = open_operator(core, standing, state);
    pieces.extend(one_door(standing));
    pieces
}

/// What its other pieces say of hiding, where nothing but an e-mail domain of most accounts
/// makes its operator an open one: many pay, and cards that each pay for several or exits
/// taken by turns say that he hides. Anybody who registers a domain has one for all his
/// accounts, and so has a firm, so it is not known which he is.
pub(crate) fn but_for_a_domain(pieces: &[Piece], standing: &Standing) -> Option<f64> {
    let is_one = of_most(standing.kind(Kind::Mail)?).is_some();
    let hides = |piece: &Piece| piece.bits >= LESSER_BITS && ["identity", "network"].contains(&piece.block);
    (is_one && payers_are_many(standing) && pieces.iter().any(hides)).then(|| sum(pieces) - DECIDES)
}

fn open_operator(core: &[u64], standing: &Standing, state: &State) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // An office pays from one account. Where many are known to pay, one address is the
    // least that an operator can save on, and speaks against hiding no more than a means of
    // payment each speaks for it.
    let payers_are_many = payers_are_many(standing);
    for kind in [Kind::Payment, Kind::Mail, Kind::Address] {
        let Some(values) = standing.kind(kind) else { continue };
        let Some(count) = of_most(values) else { continue };
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

/// Most came by a way to sign up that hardly anyone else came by: whoever invited them, gave
/// them vouchers or registered them is known to the provider.
fn one_door(standing: &Standing) -> Option<Piece> {
    let values = standing.kind(Kind::Path)?;
    let (value, count) = values.modal()?;
    let is_door = values.share(value) >= OPEN_SHARE && values.outside(value) < OWN_DOOR;
    is_door.then(|| Piece {
        block: "identity",
        what: format!(
            "{count} of {} accounts came by one sign-up path, and few others did: who gives it out is known",
            values.known
        ),
        bits: -LESSER_BITS,
        accounts: count,
    })
}

/// How many have the value that most have in common; none where there is none such, or a
/// mail service's domain or a public exit's address is.
fn of_most(values: &Values) -> Option<u64> {
    let (value, count) = values.modal()?;
    let is_common = values.kind != Kind::Payment && values.outside(value) >= MAIL_SERVICE;
    (values.share(value) >= OPEN_SHARE && count > 1 && !is_common).then_some(count)
}

/// Whether it is known who pays for most, and no one of them for most.
fn payers_are_many(standing: &Standing) -> bool {
    standing.kind(Kind::Payment).is_some_and(|payers| share_of_most(payers) < OPEN_SHARE)
}

/// The share of members with the value that most of them have.
fn share_of_most(values: &Values) -> f64 {
    values.modal().map_or(0.0, |(value, _)| values.share(value))
}

#[cfg(test)]
mod tests;
