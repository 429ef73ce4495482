use super::*;
use crate::candidate::Member;
use crate::hash::join;
use crate::settings::Settings;
use crate::unit::{Facts, Unit};

/// Bits of what speaks of an open operator, of sixty members who call from one address
/// and have one e-mail domain, among a thousand others; each pays by the means given.
fn open_bits(payment: impl Fn(u64) -> u64) -> Vec<(String, f64)> {
    let (mut state, mut candidate) = (State::new(&Settings::default()), Candidate::born(1, 0));
    for id in 0..1_060 {
        let is_member = id < 60;
        let mut unit = Unit::default();
        unit.addresses.take(if is_member { join(7, 7) } else { join(id, 1) });
        state.units.insert(id, unit);
        let mail = if is_member { 7 } else { 100 + id % 3 };
        state.facts.insert(id, Facts { payment: if is_member { payment(id) } else { 5_000 + id }, mail, ..Facts::default() });
        state.sample.insert(id);
        if is_member {
            candidate.members.insert(id, Member::default());
        }
    }
    let core: Vec<u64> = (0..60).collect();
    let pieces = open_operator(&core, &Standing::of(&candidate, &core, &state), &state);
    pieces.into_iter().map(|piece| (piece.what, piece.bits)).collect()
}

#[test]
fn an_office_pays_from_one_account() {
    let one = open_bits(|_| 9);
    assert!(one.len() == 3 && one.iter().all(|(what, bits)| *bits == DECIDES && what.ends_with("does not hide")), "{one:?}");
    // Who pays is not known: it may be one office.
    let unknown = open_bits(|_| 0);
    assert!(unknown.len() == 2 && unknown.iter().all(|(_, bits)| *bits == DECIDES), "{unknown:?}");
}

#[test]
fn where_many_pay_one_address_decides_nothing() {
    for payment in [|id| id + 10, |id| id / 8 + 10] {
        let many = open_bits(payment);
        let [(domain, decides), (address, says)] = &many[..] else { panic!("{many:?}") };
        assert!(domain.contains("e-mail domain") && *decides == DECIDES, "{many:?}");
        assert!(address.contains("address") && *says == -LESSER_BITS / 2.0, "{many:?}");
    }
}
