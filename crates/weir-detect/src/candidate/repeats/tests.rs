use super::*;
use crate::candidate::Member;
use crate::hash::join;

/// A family of so many accounts whose fills were given so often.
fn family(ordinal: u64, counts: &[u32], members: u64) -> Candidate {
    let joint = u64::from(counts.iter().sum::<u32>()) / members;
    let first = ordinal * 10_000;
    let members = (first..first + members).map(|unit| (unit, Member { joint, ..Member::default() })).collect();
    let mut family = Candidate { ordinal, members, fills: Sampled::of(counts), ..Candidate::default() };
    family.pool.lengths[6] = 100;
    family
}

fn repeats(counts: &[u32], members: u64) -> Repeats {
    family(1, counts, members).repeats()
}

#[test]
fn a_class_repeats_as_from_a_common_list_and_fixed_resampling_does_not() {
    assert!(repeats(&[31, 28, 33, 30, 29, 30, 27, 32, 30, 12], 40).speak_of_a_common_list());
    assert!(repeats(&[1, 1, 1, 9, 1, 2, 14, 1, 1, 3], 500).speak_of_a_common_list());
    assert!(!repeats(&[4; 40], 500).speak_of_a_common_list());
    assert!(!repeats(&[1; 40], 500).speak_of_a_common_list());
}

/// Four answers to each prompt are a tenth of forty accounts, and no list.
#[test]
fn a_fixed_number_of_times_is_no_list_in_a_small_group_either() {
    for (times, members) in [(4, 40), (3, 20), (8, 36)] {
        let fixed = repeats(&vec![times; 60], members);
        assert!(!fixed.speak_of_a_common_list() && fixed.are_fixed(), "{fixed:?}");
    }
    assert!(repeats(&[20; 20], 40).speak_of_a_common_list(), "of half of all it is their list, however evenly");
    // Users of a harness who each begin its list elsewhere give it evenly, and yet not so.
    let evenly: Vec<u32> = (0..110).map(|fill| 9 + fill % 8).collect();
    assert!(repeats(&evenly, 51).speak_of_a_common_list(), "{:?}", repeats(&evenly, 51));
    assert!(!repeats(&[1; 60], 40).are_fixed());
}

/// Fills that so many customers gave each, going round among them, and besides
/// openings that one of two hundred others gave.
fn dealt_round(fills: u64, times: u64, givers: u64, alone: u64) -> Repeats {
    let mut sampled = Sampled::default();
    for fill in 0..fills {
        (0..times).for_each(|turn| sampled.take((1 + (fill * times + turn) % givers) << 32, fill + 1));
    }
    (0..alone).for_each(|fill| sampled.take((1_000 + fill % 200) << 32, 1_000 + fill));
    let mut family = family(1, &[], givers + 200);
    family.fills = sampled;
    family.repeats()
}

/// Whoever copied the template asks for what nobody else asks for, and so spreads the
/// counts; those that repeat still do so as often, each by others.
#[test]
fn a_fixed_number_of_times_is_no_list_beside_openings_of_others_either() {
    for times in [4, 6, 8, 16] {
        let among_others = dealt_round(80, times, 100, 60);
        assert!(among_others.dispersion >= FILL_SPREAD, "{among_others:?}");
        assert!(!among_others.speak_of_a_common_list() && among_others.are_fixed(), "{among_others:?}");
    }
    // The same eight give every item: a list, worked off to its end.
    assert!(dealt_round(80, 8, 8, 60).speak_of_a_common_list());
    assert!(dealt_round(20, 60, 100, 60).speak_of_a_common_list(), "more than half of all");
}

/// Of an operator's tasks some only are asked again, twice or three times each.
#[test]
fn tasks_of_which_some_are_asked_again_as_often_are_no_list() {
    for times in [2, 3] {
        let some = dealt_round(60, times, 100, 190);
        assert!(some.is_peak && !some.speak_of_a_common_list(), "{some:?}");
        // The same few give them all.
        assert!(!dealt_round(60, times, times, 190).are_sampled());
    }
    let mut counts = [vec![1; 191], vec![2; 2], vec![3; 60], vec![4; 3]].concat();
    assert!(repeats(&counts, 140).is_peak);
    // One and the same number of them as chance makes of the least and the most.
    counts.extend([vec![2; 60], vec![4; 30], vec![5; 20]].concat());
    assert!(!repeats(&counts, 140).is_peak && repeats(&counts, 140).dispersion >= FILL_SPREAD);
}

/// Who choose by chance give no fixed number, whatever the mean and however much some
/// items are liked more than others.
#[test]
fn who_choose_by_chance_from_a_list_are_never_taken_for_samples_of_each_prompt() {
    for (share, likes, seed) in (0..128).map(|seed| ([1, 2, 3, 5, 8, 12, 20, 40][seed as usize % 8], 1 + seed / 8 % 4, seed)) {
        let mut sampled = Sampled::default();
        for (unit, fill) in (0..80_u64).flat_map(|unit| (0..120_u64).map(move |fill| (unit, fill))) {
            if join(join(unit, fill), seed) % 100 < share * (1 + fill % likes) {
                sampled.take((unit + 1) << 32, fill + 1);
            }
        }
        let mut class = family(1, &[], 80);
        class.fills = sampled;
        let repeats = class.repeats();
        assert!(!repeats.are_sampled(), "{share} {likes} {repeats:?}");
        // Of fewer, those that nobody gave are not known, and the rest is hardly spread.
        assert!(share < 5 || share * likes > 60 || repeats.speak_of_a_common_list(), "{share} {likes} {repeats:?}");
    }
}

#[test]
fn a_fill_counts_once_for_each_customer_who_gives_it_however_they_take_turns() {
    let mut sampled = Sampled::default();
    for turn in 0..40_u64 {
        sampled.take((turn % 2 + 1) << 32, 7);
        sampled.take((turn % 5 + 1) << 32, 9);
        sampled.take(1 << 32, 11);
    }
    let units: Vec<u32> = sampled.fills.values().map(|fill| fill.units).collect();
    assert_eq!(units, [2, 5, 1]);
}

/// Users of a list among many who share a phrase with them and repeat nothing.
#[test]
fn a_list_shows_among_openings_that_are_on_none() {
    let mut counts = vec![1; 240];
    counts.extend([60; 13]);
    assert!(repeats(&counts, 400).speak_of_a_common_list());
    // What many people type alike is no list.
    let mut counts = vec![1; 240];
    counts.extend([9, 12, 20]);
    assert!(!repeats(&counts, 400).speak_of_a_common_list());
}

/// Who turns out to be none of it takes along what it gave.
#[test]
fn fills_of_those_who_are_gone_say_nothing_of_those_who_stay() {
    let mut sampled = Sampled::default();
    (0..200_u64).for_each(|fill| sampled.take((1 + fill % 50) << 32, 2 * fill));
    (0..200_u64).for_each(|turn| sampled.take((100 + turn / 10) << 32, 2 * (turn % 10) + 1));
    let mut stayed = family(1, &[], 1);
    stayed.fills = sampled;
    stayed.fills.keep_of((100..120_u64).map(|unit| unit << 32));
    assert_eq!(stayed.repeats().fills, 10);
    assert!(stayed.repeats().speak_of_a_common_list());
}

/// Of two hundred openings eight are what three accounts give each.
fn some_repeats() -> Vec<u32> {
    let mut counts = vec![1; 176];
    counts.extend([3; 8]);
    counts
}

#[test]
fn few_repeats_speak_where_comparable_families_show_more() {
    let others: Vec<Candidate> = (2..10).map(|ordinal| family(ordinal, &some_repeats(), 40)).collect();
    let harvest = family(1, &[1; 200], 40);
    let deficit = harvest.deficit(&others).unwrap();
    assert!((20.0..30.0).contains(&deficit.expected) && deficit.seen == 0.0, "{deficit:?}");
    // None of eight is as low: the ninth's rank says three bits and no more.
    assert_eq!((deficit.families, deficit.as_few), (8, 0));
    assert!((deficit.bits - 9_f64.log2()).abs() < 1e-9, "{deficit:?}");
    // One that repeats as the others do lacks nothing.
    assert!(family(1, &some_repeats(), 40).deficit(&others).is_none_or(|deficit| deficit.bits < 0.2));
}

#[test]
fn each_family_that_shows_as_few_takes_from_what_they_say() {
    let mut others: Vec<Candidate> = (2..10).map(|ordinal| family(ordinal, &some_repeats(), 40)).collect();
    others.extend((10..14).map(|ordinal| family(ordinal, &[1; 200], 40)));
    let harvest = family(1, &[1; 200], 40);
    let deficit = harvest.deficit(&others).unwrap();
    assert_eq!((deficit.families, deficit.as_few), (12, 4));
    assert!((deficit.bits - (13.0_f64 / 5.0).log2()).abs() < 1e-9, "{deficit:?}");
}

#[test]
fn a_deficit_needs_ten_predicted_repeats_by_families_that_are_comparable() {
    let others = |change: &dyn Fn(&mut Candidate)| -> Vec<Candidate> {
        let mut all: Vec<Candidate> = (2..10).map(|ordinal| family(ordinal, &some_repeats(), 40)).collect();
        all.iter_mut().for_each(change);
        all
    };
    let harvest = family(1, &[1; 200], 40);
    assert!(harvest.deficit(&others(&|_| ())).is_some());
    // Too little was sent for ten.
    assert!(family(1, &[1; 100], 40).deficit(&others(&|_| ())).is_none());
    // Too few families are known.
    assert!(harvest.deficit(&others(&|_| ())[..FAMILIES_LEAST - 1]).is_none());
    // Found campaigns, users of lists, the same accounts, long openings: no reference.
    assert!(harvest.deficit(&others(&|other| other.alarm = Some(3))).is_none());
    assert!(harvest.deficit(&others(&|other| other.fills = Sampled::of(&[20; 20]))).is_none());
    assert!(harvest.deficit(&others(&|other| other.members.clone_from(&harvest.members))).is_none());
    assert!(harvest.deficit(&others(&|other| (other.pool.lengths[6], other.pool.lengths[9]) = (0, 100))).is_none());
    // And never the family itself.
    let mut all = others(&|_| ());
    all.truncate(FAMILIES_LEAST - 1);
    all.push(harvest.clone());
    assert!(harvest.deficit(&all).is_none());
}

/// A sample is a share of all fills, and predicts as many repeats as it would show.
#[test]
fn what_is_predicted_is_what_a_sample_would_show() {
    let step = u64::MAX / 4_000;
    let mut sampled = Sampled::default();
    (1..=2_000).for_each(|fill| sampled.take(fill << 40, fill * step));
    assert!((sampled.share() - 256.0 / 4_000.0).abs() < 0.01);
    let given = sampled.given as f64 / sampled.share();
    assert!((given / 4_000.0 - 1.0).abs() < 0.05, "{given}");
}
