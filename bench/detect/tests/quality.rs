//! Small versions of the benchmark that fail when quality drops: campaigns are
//! found, look-alikes are left alone, and under the null nothing is confirmed
//! more often than the budget allows.

use weir_detect::{Detector, Settings};
use weir_detect_bench::{Run, Watch, run};
use weir_sim::traffic::Scenario;

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
    run(&scenario(name, seed), None, settings(0.01), &mut ()).unwrap()
}

fn assert_found(name: &str) {
    let done = play(name, 11);
    for campaign in &done.score.campaigns {
        assert!(campaign.found && campaign.confirmed, "{name}: {campaign:?}");
        assert!(campaign.recall >= 0.9 && campaign.precision >= 0.95, "{name}: {campaign:?}");
    }
    assert_eq!(done.score.false_campaigns, 0, "{name}: {:?}", done.score);
}

#[test]
fn a_naive_campaign_is_found() {
    assert_found("A1");
}

#[test]
fn one_address_and_one_card_an_account_do_not_hide_it() {
    assert_found("A4");
}

#[test]
fn twenty_variants_of_a_template_do_not_hide_it() {
    assert_found("A6");
}

#[test]
fn rotation_after_a_ban_does_not_hide_it() {
    assert_found("A9");
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
    let done = run(&scenario, None, settings(0.01), &mut ()).unwrap();
    assert!(done.score.campaigns[0].found, "{:?}", done.score);
    assert!(!done.score.campaigns[0].confirmed);
    assert!(done.findings.members.iter().all(|line| line.role == weir_detect::Role::Associated));
}

#[test]
fn a_member_s_pieces_sum_to_its_bits_and_its_removal_set_suffices() {
    let done = play("A1", 14);
    let members: Vec<_> =
        done.findings.members.iter().filter(|line| line.role == weir_detect::Role::Member).collect();
    assert!(members.len() > 50);
    for line in members {
        let sum: f64 = line.top.iter().chain(&line.against).map(|piece| piece.bits).sum();
        assert!((sum - line.bits).abs() <= 0.01 * line.bits.abs(), "{line:?}");
        assert!(!line.smallest_removal.is_empty());
    }
}

/// Whether any candidate ever reached its threshold, looking after each epoch:
/// the most data-dependent of stopping rules.
#[derive(Default)]
struct Ever {
    confirmed: bool,
    /// The largest sum over candidates of their share of the budget times e.
    highest: f64,
}

impl Watch for Ever {
    fn epoch(&mut self, _: i64, detector: &Detector) {
        for candidate in detector.under_test() {
            self.confirmed |= candidate.log2_e >= candidate.needed;
            self.highest = self.highest.max(candidate.log2_e);
        }
    }
}

#[test]
fn under_the_null_linkage_is_confirmed_no_more_often_than_alpha() {
    let (mut confirmed, logs) = (0, 30);
    for seed in 0..logs {
        let mut scenario = Scenario::preset("B2").unwrap();
        (scenario.seed, scenario.accounts, scenario.days) = (1000 + seed, 400, 6);
        scenario.look_alikes.iter_mut().for_each(|group| group.accounts = Some((60, 60)));
        let mut ever = Ever::default();
        run(&scenario, None, settings(0.2), &mut ever).unwrap();
        confirmed += u32::from(ever.confirmed);
    }
    // Of 30, with chance 0.2 each, more than 10 come once in forty times.
    assert!(confirmed <= 10, "{confirmed} of {logs} logs of unrelated accounts confirmed something");
}
