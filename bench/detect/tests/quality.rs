//! Small versions of the benchmark that fail when quality drops: campaigns are
//! found, look-alikes are left alone, and under the null nothing is confirmed
//! more often than the budget allows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

use weir_detect::{Settings, Trial};
use weir_detect_bench::calibrate::{Calibrated, Mean, calibrate};
use weir_detect_bench::{Data, Run, removals, run};
use weir_sim::traffic::{Campaign, Kind, LookAlikes, Place, Scenario, VariantBy};

fn settings(alpha: f64) -> Settings {
    Settings { key: [7; 16], alpha, memory: 64 << 20, ..Settings::default() }
}

fn scenario(name: &str, seed: u64) -> Scenario {
    let mut scenario = Scenario::preset(name).unwrap();
    (scenario.seed, scenario.accounts, scenario.days) = (seed, 2000, 9);
    scenario.set_campaign_accounts(100);
    scenario
}

fn play(name: &str, seed: u64) -> Run {
    run(&scenario(name, seed), Data::default(), settings(0.01), &mut ()).unwrap()
}

fn assert_found(name: &str, recall: f64) {
    let done = play(name, 11);
    for campaign in &done.score.campaigns {
        assert!(campaign.found && campaign.confirmed, "{name}: {campaign:?}");
        assert!(campaign.recall >= recall && campaign.precision >= 0.95, "{name}: {campaign:?}");
    }
    assert_eq!(done.score.false_campaigns, 0, "{name}: {:?}", done.score);
}

#[test]
fn a_naive_campaign_is_found() {
    assert_found("A1", 0.9);
}

/// Two things are left that a copy does not bring: the weeks of sign-up, and that
/// work is dealt out.
#[test]
fn one_address_and_one_card_an_account_do_not_hide_it() {
    assert_found("A4", 0.95);
}

#[test]
fn twenty_variants_of_a_template_do_not_hide_it() {
    assert_found("A6", 0.9);
}

/// Twenty-five who copied it each send more than its accounts do, and resemble
/// themselves; each account is asked for itself.
#[test]
fn busier_people_who_copied_its_template_do_not_hide_quiet_accounts() {
    let mut scenario = scenario("A6", 4);
    (scenario.accounts, scenario.days) = (1500, 16);
    scenario.set_campaign_accounts(60);
    (scenario.campaigns[0].with.per_day, scenario.campaigns[0].with.days) = (2.2, Some(8.0));
    scenario.look_alikes = groups(1, Kind::is_look_alike);
    let done = run(&scenario, Data::default(), settings(0.01), &mut ()).unwrap();
    let campaign = &done.score.campaigns[0];
    assert!(campaign.found && campaign.recall >= 0.9 && campaign.precision >= 0.95, "{campaign:?}");
    assert!(done.score.flagged.is_empty() && done.score.false_campaigns == 0, "{:?}", done.score);
    let harvest = done.findings.dossiers.iter().flat_map(|dossier| &dossier.evidence);
    assert!(harvest.into_iter().any(|piece| piece.what.contains("each by its own exchanges")));
}

/// Then an account's turns resemble its own by the wording, which is no interest; and
/// the whole is told, and not only the few accounts of each wording.
#[test]
fn a_wording_that_each_account_keeps_does_not_hide_it() {
    let mut scenario = scenario("A6", 6);
    (scenario.accounts, scenario.campaigns[0].with.variants) = (3000, 5);
    scenario.campaigns[0].with.variant_by = VariantBy::Account;
    let done = run(&scenario, Data::default(), settings(0.01), &mut ()).unwrap();
    let campaign = &done.score.campaigns[0];
    assert!(campaign.found && campaign.recall >= 0.75 && campaign.precision >= 0.95, "{campaign:?}");
    assert!(done.score.flagged.is_empty(), "{:?}", done.score);
}

/// Nor are several campaigns one operator's whose accounts keep each its campaign's
/// wording, and whom a common phrase joins.
#[test]
fn campaigns_with_a_phrase_in_common_are_not_told_as_one() {
    let mut scenario = scenario("mix", 4);
    (scenario.accounts, scenario.days) = (4000, 8);
    let done = run(&scenario, Data::default(), settings(0.01), &mut ()).unwrap();
    let found: Vec<_> = done.score.campaigns.iter().filter(|campaign| campaign.found).collect();
    assert!(found.len() >= 6 && found.iter().all(|campaign| campaign.precision >= 0.95), "{:?}", done.score);
    assert!(done.score.flagged.is_empty(), "{:?}", done.score);
}

/// An operator may ask for several answers to each prompt; a class repeats otherwise.
#[test]
fn eight_answers_to_each_task_do_not_hide_it() {
    let mut scenario = scenario("A1", 11);
    scenario.campaigns[0].with.samples = 8;
    let done = run(&scenario, Data::default(), settings(0.01), &mut ()).unwrap();
    let campaign = &done.score.campaigns[0];
    assert!(campaign.found && campaign.recall >= 0.9 && campaign.precision >= 0.95, "{campaign:?}");
    assert_eq!(done.score.false_campaigns, 0, "{:?}", done.score);
}

/// The task is set in a turn of its own, which the model is made to have taken up; so no exchange is
/// its conversation's first, as none is that comes with examples.
#[test]
fn a_template_in_a_turn_before_the_task_does_not_hide_it() {
    let mut scenario = scenario("A1", 11);
    scenario.campaigns[0].with.place = Place::Turn;
    let done = run(&scenario, Data::default(), settings(0.01), &mut ()).unwrap();
    let campaign = &done.score.campaigns[0];
    assert!(campaign.found && campaign.recall >= 0.9 && campaign.precision >= 0.95, "{campaign:?}");
    assert!(done.score.flagged.is_empty() && done.score.false_campaigns == 0, "{:?}", done.score);
}

/// What an operator has his accounts do beside, so that they look like users of a list or
/// like customers whose keys were stolen, and one exit for all, so that they look like an office.
#[test]
fn neither_what_its_accounts_do_beside_nor_one_exit_hides_it() {
    let by_list = Campaign { cover: 0.4, cover_list: 60, ..Campaign::default() };
    let by_hand = Campaign { cover: 0.4, relayed: true, cover_by_hand: true, ..Campaign::default() };
    let one_exit = Campaign { exit_count: 1, ..Campaign::default() };
    for (name, change) in [("a list", by_list), ("by hand", by_hand), ("one exit", one_exit)] {
        let mut scenario = scenario("A1", 11);
        // Others behind the one exit would make it a public one.
        scenario.innocents.same_proxies = 0;
        let planted = &mut scenario.campaigns[0];
        planted.with = Campaign { accounts: planted.with.accounts, ..change };
        let done = run(&scenario, Data::default(), settings(0.01), &mut ()).unwrap();
        let [campaign] = &done.score.campaigns[..] else { panic!("{name}: {:?}", done.score) };
        assert!(campaign.found && campaign.recall >= 0.9 && campaign.precision >= 0.95, "{name}: {campaign:?}");
        assert!(done.score.flagged.is_empty() && done.score.false_campaigns == 0, "{name}: {:?}", done.score);
    }
}

/// Each is a tenth of an account's traffic, as phrases are; their users are the same.
#[test]
fn wrappers_in_ten_languages_do_not_hide_it() {
    assert_found("A11", 0.95);
}

#[test]
fn rotation_after_a_ban_does_not_hide_it() {
    assert_found("A9", 0.9);
}

/// A day's work, of which two weeks later only those speak who copied its template.
#[test]
fn a_campaign_that_ended_is_still_told() {
    let mut scenario = scenario("A5", 3);
    scenario.days = 21;
    scenario.campaigns.iter_mut().for_each(|planted| planted.with.days = Some(1.0));
    let done = run(&scenario, Data::default(), settings(0.01), &mut ()).unwrap();
    let [campaign] = &done.score.campaigns[..] else { panic!("{:?}", done.score) };
    assert!(campaign.found && campaign.confirmed && campaign.recall >= 0.9, "{campaign:?}");
    assert_eq!((done.score.false_campaigns, done.score.flagged.len()), (0, 0), "{:?}", done.score);
}

fn beside_every_look_alike(name: &str, seed: u64) -> Scenario {
    let mut scenario = scenario(name, seed);
    scenario.accounts = 3000;
    scenario.look_alikes = groups(2, |kind| kind.is_look_alike() && kind != Kind::B8);
    scenario
}

/// So many groups of each kind of which something holds.
fn groups(groups: u32, is_beside: impl Fn(Kind) -> bool) -> Vec<LookAlikes> {
    let beside = Kind::ALL.iter().copied().filter(|kind| is_beside(*kind));
    beside.map(|kind| LookAlikes { kind, groups, accounts: None }).collect()
}

/// Users of an evaluation harness show the campaign's phrases, and its template
/// where there are enough of them; they repeat each other, the campaign does not.
#[test]
fn a_harness_of_the_same_template_does_not_hide_it() {
    for name in ["A1", "A4"] {
        let done = run(&beside_every_look_alike(name, 8), Data::default(), settings(0.01), &mut ()).unwrap();
        let [campaign] = &done.score.campaigns[..] else { panic!("{name}: {:?}", done.score) };
        assert!(campaign.found && campaign.confirmed, "{name}: {campaign:?}");
        assert!(campaign.recall >= 0.9 && campaign.leaked * 3 < campaign.exchanges, "{name}: {campaign:?}");
        assert!(done.score.flagged.is_empty() && done.score.false_campaigns == 0, "{name}: {:?}", done.score);
    }
}

/// In this world a framed bystander signed up in the campaign's very week, and the
/// owner of a stolen key never calls, so that all its work is the thief's.
#[test]
fn neither_a_bystander_nor_the_owner_of_a_stolen_key_is_a_member() {
    // In A5 the bystander has an address that two of the campaign's accounts have.
    for name in ["A1", "A4", "A5"] {
        let done = run(&beside_every_look_alike(name, 12), Data::default(), settings(0.01), &mut ()).unwrap();
        assert!(done.score.flagged.is_empty() && done.score.false_campaigns == 0, "{name}: {:?}", done.score);
        let [campaign] = &done.score.campaigns[..] else { panic!("{name}: {:?}", done.score) };
        assert!(campaign.found && campaign.confirmed && campaign.recall >= 0.9, "{name}: {campaign:?}");
    }
}

/// Programs that work off short records of their own, joined by a phrase: by the
/// average of all turns they seem unlike themselves, and six such groups were
/// confirmed in a large mixture without an account of any campaign.
#[test]
fn programs_with_short_records_are_not_one_operator_s() {
    let mut scenario = scenario("B6", 4);
    (scenario.accounts, scenario.days) = (3000, 6);
    scenario.look_alikes = vec![LookAlikes { kind: Kind::B6, groups: 2, accounts: Some((400, 400)) }];
    let done = run(&scenario, Data::default(), settings(0.01), &mut ()).unwrap();
    assert!(done.born > 50, "hardly anything was under test: {}", done.born);
    assert_eq!(done.confirmed, 0, "{:?}", done.under_test.first());
}

#[test]
fn look_alikes_are_left_alone() {
    for name in ["B2", "B4", "document-tool", "small-firm", "B3"] {
        let done = play(name, 12);
        assert!(done.findings.members.iter().all(|line| line.role != weir_detect::Role::Member), "{name}");
        assert!(done.findings.dossiers.is_empty(), "{name}: {:?}", done.score);
    }
}

#[test]
fn without_the_accounts_file_a_finding_is_suspected_and_nobody_is_a_member() {
    let mut scenario = scenario("A1", 13);
    scenario.without_accounts_file = true;
    let done = run(&scenario, Data::default(), settings(0.01), &mut ()).unwrap();
    assert!(done.score.campaigns[0].found, "{:?}", done.score);
    assert!(!done.score.campaigns[0].confirmed);
    assert!(done.findings.members.iter().all(|line| line.role == weir_detect::Role::Associated));
}

#[test]
fn a_member_s_pieces_sum_to_its_bits_and_its_removal_set_suffices() {
    let done = play("A1", 14);
    let members: Vec<_> = done.findings.members.iter().filter(|line| line.role == weir_detect::Role::Member).collect();
    assert!(members.len() > 50);
    for line in members {
        let sum: f64 = line.top.iter().chain(&line.against).map(|piece| piece.bits).sum();
        assert!((sum - line.bits).abs() <= 0.01 * line.bits.abs(), "{line:?}");
        assert!(!line.smallest_removal.is_empty());
    }
}

/// A few at a time, so that the group is what it was.
#[test]
fn a_rerun_without_its_removal_set_finds_no_member_and_the_others_stay_found() {
    let told = removals(&scenario("A1", 14), Data::default(), &settings(0.01), 12, 4).unwrap();
    assert!(told.tested >= 10, "{told:?}");
    assert!(told.confirmed * 100 >= 95 * told.tested, "{told:?}");
    assert_eq!(told.beside_a_finding, told.confirmed, "{told:?}");
}

/// As many small logs as the environment asks for, else a few.
fn logs(fewest: u64) -> u64 {
    std::env::var("WEIR_CALIBRATION_LOGS").ok().and_then(|logs| logs.parse().ok()).unwrap_or(fewest)
}

/// Logs of unrelated people, stopped by the data in three ways.
fn calibrated(count: u64, trial: Trial) -> Vec<Calibrated> {
    (0..count).map(|seed| calibrate(seed, Data::default(), &[0.2], trial).unwrap()).collect()
}

fn means(logs: &[Calibrated]) -> [Mean; 6] {
    let of = |value: fn(&Calibrated) -> f64| Mean::of(logs.iter().map(value));
    [
        of(|log| log.mixture.fixed),
        of(|log| log.mixture.first_peak),
        of(|log| log.mixture.chosen),
        of(|log| log.first.fixed),
        of(|log| log.first.first_peak),
        of(|log| log.first.chosen),
    ]
}

#[test]
fn under_the_null_e_values_average_at_most_one_however_the_data_stops_them() {
    let logs = calibrated(logs(40), Trial::default());
    assert!(logs.iter().filter(|log| log.born > 0).count() * 2 > logs.len(), "hardly anything was ever under test");
    for mean in means(&logs) {
        assert!(mean.is_at_most(1.0), "{mean:?}");
    }
    let confirmed = logs.iter().filter(|log| !log.confirmed_at.is_empty()).count() as f64;
    let count = logs.len() as f64;
    assert!(confirmed <= 0.2 * count + 2.0 * (0.16 * count).sqrt(), "{confirmed} of {count} logs confirmed something");
}

#[test]
fn the_calibration_sees_a_detector_that_chooses_and_judges_on_the_same_epoch() {
    let logs = calibrated(logs(10), Trial { same_epoch: true, ..Trial::default() });
    let means = means(&logs);
    assert!(means.iter().any(|mean| !mean.is_at_most(1.0)), "{means:?}");
    let confirmed = logs.iter().filter(|log| !log.confirmed_at.is_empty()).count();
    assert!(confirmed * 5 > 2 * logs.len(), "only {confirmed} of {} logs confirmed something", logs.len());
}
