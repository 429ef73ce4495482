use super::*;

/// The most words and the longest history, with no wrapper left out.
const RICH: usize = STRATA / 2 - 1;

fn at(stratum: usize, excess: f64) -> Likeness {
    Likeness { excess, room: 1.0, stratum: Stratum(stratum) }
}

impl Relative {
    /// As of so many comparisons as are needed, at this share of the usual.
    pub(crate) fn seen(share: f64) -> Relative {
        let of = |value: f64| Moments { count: FAMILY_COMPARED, sum: value * FAMILY_COMPARED, squares: 0.0 };
        Relative { excess: of(share), usual: of(1.0) }
    }
}

impl Own {
    /// As of so many comparisons as are needed.
    pub(crate) fn seen(is_dealt: bool) -> Own {
        Own::of_bits(if is_dealt { 1.0 } else { -1.0 })
    }

    pub(crate) fn of_bits(bits: f64) -> Own {
        Own { count: DEALT_LEAST, bits }
    }
}

/// A reference of two strata in which people show this much of themselves, with a
/// spread of 0.05.
fn reference(poor: f64, rich: f64) -> Reference {
    let mut reference = Reference::default();
    for turn in 0..4_000 {
        let spread = if turn % 2 == 0 { 0.05 } else { -0.05 };
        reference.take(at(0, poor + spread));
        reference.take(at(RICH, rich + spread));
    }
    reference
}

#[test]
fn strata_go_by_words_and_by_history() {
    let strata = [(0.0, 1), (3.9, 1), (4.0, 1), (4.0, 3), (16.0, 2), (16.0, 200)];
    let of: Vec<usize> = strata.iter().map(|(words, history)| Stratum::of(*words, *history, false).0).collect();
    assert_eq!(of, [0, 0, 3, 4, 9, RICH]);
}

/// Who has a wrapper is held against others who have one, and against nobody else.
#[test]
fn strata_with_a_wrapper_are_apart_from_those_without() {
    assert_eq!(Stratum::of(16.0, 200, true).0, STRATA - 1);
    assert!(reference(0.02, 0.08).usual(Stratum(STRATA - 1)).is_none());
}

/// Turns of eight words that are always the same and four that are dealt out from sixty.
fn wrapped(first: u8, turn: u64) -> Event {
    let mut topic: Vec<u8> = (first..first + 8).collect();
    topic.extend((0..4).map(|word| 100 + (crate::hash::join(turn, word) % 60) as u8));
    topic.sort_unstable();
    topic.dedup();
    let blank = crate::sketch::Sketcher::new(&crate::Settings::default()).sketch(&weir_exchange::LoggedExchange::default()).event;
    Event { topic: crate::text::Topic::of(&topic), fill: turn, ..blank }
}

/// The wording that an account keeps looks like an interest until it is left out.
#[test]
fn a_wording_of_one_s_own_is_no_interest_once_it_is_left_out() {
    let (mut pool, mut all) = (Pool::default(), Vec::new());
    for account in 0..20_u64 {
        let mut own = History::default();
        (0..30).for_each(|turn| own.take(&wrapped(account as u8 % 5 * 8, account * 1_000 + turn)));
        pool.add(&own);
        all.push(own);
    }
    let mean = |wrapper| {
        let turn = |account: u64, own| likeness([wrapped(account as u8 % 5 * 8, account * 1_000 + 500)].iter(), own, &pool, true, wrapper);
        (0..).zip(&all).filter_map(|(account, own)| turn(account, own)).map(|value| value.excess).sum::<f64>() / 20.0
    };
    assert!(mean(Wrapper::Counted) >= LIKENESS_MOST, "{}", mean(Wrapper::Counted));
    assert!(mean(Wrapper::LeftOut) < 0.02, "{}", mean(Wrapper::LeftOut));
    // Of one turn alone nothing tells what is its wrapper.
    let mut once = History::default();
    once.take(&wrapped(0, 7));
    assert!(likeness([wrapped(0, 8)].iter(), &once, &pool, false, Wrapper::LeftOut).is_none());
}

/// Turns that tell nothing of their author bring nothing, however many they are.
#[test]
fn what_nobody_shows_of_themselves_is_not_bet_on() {
    let reference = reference(0.0, 0.08);
    assert!(reference.usual(Stratum(0)).is_none());
    assert!(TopicBet::of(at(0, -0.05), &reference, 0.5).is_none());
    assert!(TopicBet::of(at(RICH, -0.05), &reference, 0.5).is_some());
    // Of a stratum that was never seen, and of which less tells nothing, nothing is known.
    assert!(reference.usual(Stratum(4)).is_none());
    let (mut own, mut relative) = (Own::default(), Relative::default());
    for _ in 0..1_000 {
        own.take(at(0, -0.05), &reference);
        relative.take(at(0, -0.05), &reference);
    }
    assert_eq!((own.dealt_bits(), relative.share()), (0.0, None));
}

/// In a young log only those who work all day have long histories.
#[test]
fn what_is_usual_of_less_stands_in_for_more_and_never_the_other_way() {
    let mut reference = Reference::default();
    for turn in 0..400 {
        reference.take(at(4, 0.03 + if turn % 2 == 0 { 0.05 } else { -0.05 }));
    }
    assert!(reference.usual(Stratum(4)).is_some());
    // A longer history, and more words with one as long; not fewer of either.
    assert_eq!(reference.usual(Stratum(5)), reference.usual(Stratum(4)));
    assert_eq!(reference.usual(Stratum(7)), reference.usual(Stratum(4)));
    for less in [0, 1, 2, 3, 6] {
        assert!(reference.usual(Stratum(less)).is_none(), "{less}");
    }
}

/// Owners of programs with short records resemble themselves as owners of such
/// programs do: by the average over all turns they would seem to do one work.
#[test]
fn a_group_is_held_against_others_of_its_strata() {
    let reference = reference(0.01, 0.09);
    let (mut programs, mut all) = (Relative::default(), 0.0);
    let mut gain = Gain::default();
    for turn in 0..1_000 {
        let value = at(0, if turn % 2 == 0 { 0.06 } else { -0.04 });
        programs.take(value, &reference);
        all += value.excess / 1_000.0;
        gain.take(&TopicBet::of(value, &reference, 0.5).unwrap());
    }
    assert!((programs.share().unwrap() - 1.0).abs() < 0.2, "{programs:?}");
    // Half of what all strata show together is above it.
    assert!(all < 0.5 * reference.low().unwrap());
    assert_eq!(gain.stake(&TopicBet::of(at(0, 0.0), &reference, 0.5).unwrap()), 0.0);
}

#[test]
fn a_stake_begins_by_what_a_turn_can_tell_and_follows_what_was_won() {
    let reference = reference(0.01, 0.09);
    let bet = |stratum, excess| TopicBet::of(at(stratum, excess), &reference, 0.5).unwrap();
    let fresh = Gain::default();
    let (poor, rich) = (fresh.stake(&bet(0, 0.0)), fresh.stake(&bet(RICH, 0.0)));
    assert!(poor > 0.0 && poor * 3.0 < rich, "{poor} {rich}");
    // The stake is fixed before the turn is looked at.
    assert_eq!(fresh.stake(&bet(0, 0.1)), poor);
    let mut lost = Gain::default();
    (0..200).for_each(|_| lost.take(&bet(RICH, 0.1)));
    assert_eq!(lost.stake(&bet(0, 0.0)), 0.0);
}

#[test]
fn the_null_holds_less_where_families_or_this_hour_show_less() {
    let reference = reference(0.02, 0.08);
    let shown = |share: f64| {
        let mut now = Relative::default();
        for turn in 0..10_000 {
            now.take(at(RICH, share * 0.08 + if turn % 2 == 0 { 0.05 } else { -0.05 }), &reference);
        }
        now
    };
    assert_eq!(Reference::share(&Relative::default(), None), Some(LIKENESS_SHARE));
    assert_eq!(Reference::share(&shown(2.0), None), Some(LIKENESS_SHARE));
    assert!(Reference::share(&shown(0.5), None).unwrap() < 0.3);
    assert_eq!(Reference::share(&Relative::default(), Some(0.2)), Some(0.2));
    assert_eq!(Reference::share(&Relative::default(), Some(-0.1)), None);
}
