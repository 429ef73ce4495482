use super::*;
use crate::candidate::{Candidate, Member};
use crate::hash::join;
use crate::settings::Settings;
use crate::unit::{Facts, Unit};

/// Sixty members who call from one address and have one e-mail domain, among a thousand
/// others; each pays by the means given.
fn house(payment: impl Fn(u64) -> u64) -> (State, Vec<u64>, Standing) {
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
    let standing = Standing::of(&candidate, &core, &state);
    (state, core, standing)
}

/// Bits of what speaks of an open operator of such a house.
fn open_bits(payment: impl Fn(u64) -> u64) -> Vec<(String, f64)> {
    let (state, core, standing) = house(payment);
    let pieces = open_operator(&core, &standing, &state);
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

/// A domain is anybody's who registers it, so beside cards that each pay for several it is not
/// known whether it is a firm's; that accounts are new, or pay for themselves, a class says too.
#[test]
fn one_domain_alone_does_not_say_what_cards_and_exits_deny() {
    let piece = |block, bits| Piece { block, what: String::new(), bits, accounts: 60 };
    let (domain, new) = (piece("identity", DECIDES), piece("life", 5.0));
    let cards = piece("identity", LESSER_BITS);
    let own = piece("identity", LESSER_BITS / 2.0);
    let but = |pieces: &[Piece], payment: fn(u64) -> u64| but_for_a_domain(pieces, &house(payment).2);
    assert_eq!(but(&[domain.clone(), new.clone(), cards.clone()], |id| id / 8 + 10), Some(9.0));
    assert_eq!(but(&[domain.clone(), new.clone(), own], |id| id + 10), None);
    // One pays for all, or nobody knows who does.
    assert_eq!(but(&[domain.clone(), new.clone(), cards.clone()], |_| 9), None);
    assert_eq!(but(&[domain, new, cards], |_| 0), None);
}

/// Bits of what says that all of sixty members came by one path, by which so many of a
/// thousand others came.
fn door_bits(members: impl Fn(u64) -> u64, others: u64) -> f64 {
    let (mut state, mut candidate) = (State::new(&Settings::default()), Candidate::born(1, 0));
    for id in 0..1_060 {
        state.units.insert(id, Unit::default());
        let path = if id < 60 { members(id) } else { 1 + u64::from(id - 60 < others) };
        state.facts.insert(id, Facts { path, ..Facts::default() });
        state.sample.insert(id);
        if id < 60 {
            candidate.members.insert(id, Member::default());
        }
    }
    let core: Vec<u64> = (0..60).collect();
    one_door(&Standing::of(&candidate, &core, &state)).map_or(0.0, |piece| piece.bits)
}

#[test]
fn who_came_by_one_door_that_few_others_came_by_is_known_to_its_keeper() {
    assert_eq!(door_bits(|_| 2, 30), -LESSER_BITS);
    assert_eq!(door_bits(|id| 1 + u64::from(id >= 20), 30), -LESSER_BITS);
    // Many others came that way, or most of them by another.
    assert_eq!(door_bits(|_| 2, 300), 0.0);
    assert_eq!(door_bits(|id| 1 + u64::from(id >= 40), 30), 0.0);
}
