use super::*;
use crate::candidate::Member;
use crate::hash::join;
use crate::settings::Settings;
use crate::unit::{Facts, Unit};

/// Who an account of the group is.
#[derive(Clone, Copy)]
struct Shown {
    payment: u64,
    mail: u64,
    addresses: [u64; 3],
}

/// The firms among a group of sixty, beside a thousand others who use one mail service.
fn firms_of(shown: impl Fn(u64) -> Shown) -> (Firms, Vec<u64>) {
    let (mut state, mut candidate) = (State::new(&Settings::default()), Candidate::born(1, 0));
    for id in 0..1_060 {
        let mut unit = Unit::default();
        let is_member = id < 60;
        let of = if is_member { shown(id) } else { Shown { payment: 5_000 + id, mail: 1, addresses: [join(id, 1); 3] } };
        of.addresses.into_iter().for_each(|address| unit.addresses.take(address));
        state.units.insert(id, unit);
        state.facts.insert(id, Facts { payment: of.payment, mail: of.mail, ..Facts::default() });
        state.sample.insert(id);
        if is_member {
            candidate.members.insert(id, Member::default());
        }
    }
    let core: Vec<u64> = (0..60).collect();
    (Firms::of(&candidate, &core, &state), core)
}

fn count(shown: impl Fn(u64) -> Shown) -> usize {
    firms_of(shown).0.of.len()
}

/// Twelve firms of five, each with two lines.
fn firm(id: u64) -> Shown {
    let firm = 1_000 + id / 5;
    Shown { payment: firm, mail: firm, addresses: [join(firm, 2), join(firm, 2 + id % 2), join(firm, 3)] }
}

#[test]
fn several_firms_that_ask_alike_are_so_many_customers() {
    let (firms, core) = firms_of(firm);
    assert_eq!(firms.of.len(), 60);
    assert_eq!([firms.customer(0), firms.customer(4), firms.customer(5)], [1_000, 1_000, 1_001]);
    assert_eq!((firms.accounts_with(7), firms.accounts_with(60)), (Some(5), None));
    assert!(firms.pays_for_one(1_011) && !firms.pays_for_one(9));
    let piece = firms.piece(&core).unwrap();
    assert_eq!((piece.bits, piece.accounts), (-LESSER_BITS / 2.0, 60));
    assert!(piece.what.starts_with("60 of 60 accounts are of 12 customers"), "{}", piece.what);
    // By a mail service that all have, too; with nobody in an office; where one in five is out of it.
    assert_eq!(count(|id| Shown { mail: 1, ..firm(id) }), 60);
    assert_eq!(count(|id| Shown { addresses: [join(id, 5); 3], ..firm(id) }), 60);
    let travels = |id: u64| if id.is_multiple_of(5) { Shown { addresses: [join(id, 7); 3], ..firm(id) } } else { firm(id) };
    assert_eq!(count(travels), 60);
    // Ten and ten on two cards, six such firms: each is one.
    let two_cards = |id: u64| Shown { payment: 2_000 + id / 5, ..firm(id / 10 * 10) };
    let (firms, _) = firms_of(two_cards);
    assert_eq!((firms.of.len(), firms.customer(0), firms.customer(9)), (60, 2_000, 2_000));
    assert!(firms.pays_for_one(2_000) && firms.pays_for_one(2_001));
    assert_eq!(count(|id| Shown { mail: 1, ..two_cards(id) }), 0, "two cards that go out by one exit");
    assert_eq!(count(|id| Shown { payment: 2_000 + id / 5, ..firm(id / 15 * 15) }), 0, "three");
}

#[test]
fn an_operator_s_cards_cross_his_exits() {
    let exit = |id: u64, turn: u64| join((id * 7 + turn * 11) % 20, 4);
    let pool = |id: u64| Shown { addresses: [0, 1, 2].map(|turn| exit(id, turn)), ..firm(id) };
    let (firms, core) = firms_of(pool);
    assert!(firms.of.is_empty() && firms.piece(&core).is_none());
}

#[test]
fn or_his_domains_and_where_nothing_is_common_no_firm_is_shown() {
    assert_eq!(count(|id| Shown { mail: 7 + id % 6, ..firm(id) }), 0, "six domains over all cards");
    assert_eq!(count(|id| Shown { addresses: [join(id, 5); 3], mail: 1, ..firm(id) }), 0, "an address each");
    assert_eq!(count(|id| Shown { payment: 1_000 + id / 2, ..firm(id) }), 0, "two to a card are a family");
    assert_eq!(count(|id| Shown { payment: 0, ..firm(id) }), 0, "it is not known who pays");
}

#[test]
fn of_a_group_in_which_few_are_firms_nothing_is_said() {
    let some = |id: u64| if id < 20 { firm(id) } else { Shown { payment: id, mail: 1, addresses: [join(id, 6); 3] } };
    let (firms, core) = firms_of(some);
    assert_eq!(firms.of.len(), 20);
    assert!(firms.piece(&core).is_none());
}
