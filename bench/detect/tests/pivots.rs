//! A group that goes over to a new model in its first day, and use out of line with
//! the plan: told of campaigns that do so, and of nobody else.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::collections::BTreeMap;

use weir_detect::{Role, Settings, Trial, UnderTest, Without};
use weir_detect_bench::{Data, Run, run};
use weir_sim::traffic::{Scenario, Shock};

fn scenario(name: &str) -> Scenario {
    let mut scenario = Scenario::preset(name).unwrap();
    (scenario.seed, scenario.accounts, scenario.days) = (11, 2000, 9);
    scenario.set_campaign_accounts(100);
    scenario
}

/// A model is launched on the second day of the campaign.
fn with_a_launch(name: &str) -> Scenario {
    let mut scenario = scenario(name);
    scenario.shocks = vec![Shock::Launch { day: 6.0, rise: 0.6 }];
    scenario
}

fn play(scenario: &Scenario, without: Option<Without>) -> Run {
    let trial = Trial { without, ..Trial::default() };
    let settings = Settings { key: [7; 16], memory: 64 << 20, trial, ..Settings::default() };
    run(scenario, Data::default(), settings, &mut ()).unwrap()
}

/// Of the dossier's evidence, and of how many members', some begins so.
fn told(done: &Run, what: &str) -> (bool, usize) {
    let begins = |text: &str| text.starts_with(what);
    let of_group = done.findings.dossiers.iter().flat_map(|dossier| &dossier.evidence).any(|piece| begins(&piece.what));
    let members = done.findings.members.iter().filter(|line| line.role == Role::Member);
    (of_group, members.filter(|line| line.top.iter().any(|piece| begins(&piece.what))).count())
}

fn assert_found_alone(done: &Run) {
    let score = &done.score;
    assert!(score.campaigns.iter().all(|campaign| campaign.found && campaign.recall >= 0.95), "{score:?}");
    assert!(score.flagged.is_empty() && score.false_campaigns == 0, "{score:?}");
}

/// Groups without an account of a campaign of which it would speak.
fn innocents(done: &Run, bits: fn(&UnderTest) -> f64) -> usize {
    let is_innocent = |kinds: &BTreeMap<String, usize>| !kinds.keys().any(|kind| kind.starts_with('A'));
    done.under_test.iter().filter(|(group, kinds)| bits(group) > 0.0 && is_innocent(kinds)).count()
}

#[test]
fn a_campaign_that_goes_over_to_a_new_model_at_once_shows_it() {
    let done = play(&with_a_launch("A10"), None);
    assert_found_alone(&done);
    assert!(told(&done, "pivot to a new model").0);
    assert!(told(&done, "moved to a new model").1 >= 80, "{:?}", told(&done, "moved to a new model"));
    assert_eq!(innocents(&done, |group| group.pivot), 0);
    let without = play(&with_a_launch("A10"), Some(Without::Pivot));
    assert_found_alone(&without);
    assert_eq!((told(&without, "pivot to a new model"), told(&without, "moved to a new model")), ((false, 0), (false, 0)));
}

/// Ordinary people beside look-alikes; on the day of a launch many try the model.
#[test]
fn on_a_launch_day_nobody_is_found_for_trying_the_model() {
    // A few groups of a tool may go over together; most must not.
    for (name, most) in [("B8", 0), ("benign", 5)] {
        let done = play(&with_a_launch(name), None);
        assert!(done.findings.dossiers.is_empty(), "{name}: {:?}", done.score);
        assert!(done.born > 20, "{name}: {}", done.born);
        assert!(innocents(&done, |group| group.pivot) <= most, "{name}");
    }
}

#[test]
fn much_use_on_a_small_plan_is_told_and_the_same_use_on_a_large_one_is_not() {
    for (plan, is_told) in [("free", true), ("tier-2", false)] {
        let mut scenario = scenario("A1");
        scenario.campaigns.iter_mut().for_each(|planted| planted.with.plan = Some(plan.to_owned()));
        let done = play(&scenario, None);
        assert_found_alone(&done);
        let quota = ["use out of line with the plan", "new accounts at the most"].iter().any(|what| told(&done, what).0);
        assert_eq!(quota, is_told, "{plan}");
    }
}
