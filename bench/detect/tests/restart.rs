//! A detector that is written down and read back after every epoch, while a
//! campaign is told apart from the users of a harness with its very template,
//! says what one that was never interrupted says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it met and stops")]

use weir_detect::{Detector, Settings};
use weir_detect_bench::{Data, Run, Watch, run};
use weir_exchange::LoggedAccount;
use weir_sim::traffic::{Arrivals, Corpus, Kind, LookAlikes, Scenario, World};

fn settings() -> Settings {
    Settings { key: [7; 16], memory: 16 << 20, ..Settings::default() }
}

/// A naive campaign beside every look-alike, among them users of an evaluation
/// harness with the campaign's template.
fn scenario() -> Scenario {
    let mut scenario = Scenario::preset("A1").unwrap();
    (scenario.seed, scenario.accounts, scenario.days) = (8, 3000, 7);
    scenario.set_campaign_accounts(100);
    let beside = Kind::ALL.iter().filter(|kind| kind.is_look_alike() && **kind != Kind::B8);
    scenario.look_alikes = beside.map(|&kind| LookAlikes { kind, groups: 2, accounts: None }).collect();
    scenario
}

/// What was seen of the candidates told apart.
#[derive(Default)]
struct Seen {
    /// How many epochs had been folded when there was the first.
    first: Option<usize>,
    epochs: usize,
    restarts: usize,
    /// What was written down at the end.
    last: Vec<u8>,
    /// None where nothing is restarted.
    accounts: Option<Vec<LoggedAccount>>,
}

impl Watch for Seen {
    fn epoch(&mut self, _: i64, detector: &mut Detector) {
        self.epochs += 1;
        if detector.under_test().iter().any(|candidate| candidate.is_apart) {
            self.first.get_or_insert(self.epochs);
        }
        self.last = detector.save().unwrap();
        if let Some(accounts) = &self.accounts {
            *detector = Detector::restore(settings(), accounts, &self.last).unwrap();
            self.restarts += 1;
        }
    }
}

fn play(accounts: Option<Vec<LoggedAccount>>) -> (Run, Seen) {
    let mut seen = Seen { accounts, ..Seen::default() };
    let done = run(&scenario(), Data::default(), settings(), &mut seen).unwrap();
    (done, seen)
}

#[test]
fn a_restart_at_every_epoch_across_a_split_changes_nothing() {
    let world = World::new(&scenario(), Corpus::built_in(), Arrivals::built_in()).unwrap();
    let (whole, straight) = play(None);
    let (restarted, seen) = play(Some(world.accounts().collect()));
    let split = straight.first.unwrap_or_else(|| panic!("nobody was told apart: {:?}", whole.score));
    assert!(split > 1 && split < straight.epochs, "restarts on both sides: {split} of {}", straight.epochs);
    assert_eq!(seen.restarts, straight.epochs);
    assert_eq!(seen.first, Some(split));
    assert!(!whole.findings.dossiers.is_empty() && !whole.findings.members.is_empty(), "{:?}", whole.score);
    let found =
        whole.under_test.iter().any(|(candidate, _)| candidate.is_apart && candidate.log2_e >= candidate.needed);
    assert!(found, "{:?}", whole.under_test.iter().take(3).collect::<Vec<_>>());
    assert_eq!(restarted.findings, whole.findings);
    assert_eq!(seen.last, straight.last);
    assert_eq!(format!("{:?}", restarted.under_test), format!("{:?}", whole.under_test));
}
