//! What is detected as it flows, with a restart after every epoch, is what
//! `weir detect` finds in the whole; and what a crash left unsaid is said by the
//! next start.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail as tests do")]

mod keys;
mod running;
mod vanish;

use std::sync::Arc;

use prometheus_client::registry::Registry;
use tokio::runtime::Runtime;
use weir::demo::crowd::Known;
use weir::node::{DetectOf, Following};
use weir_acts::Touched;
use weir_acts::words::CampaignRole;
use weir_control::service::{Caller, Running};
use weir_control::{Control, boot};
use weir_detect::{EpochProfile, Findings, Intake};
use weir_exchange::LoggedExchange;
use weir_rules::{Enforce, Snapshot, Swept};
use weir_store::kind::FolderKind;

struct Nobody;

impl Enforce for Nobody {
    fn install(&self, _: Arc<Snapshot>, _: &Touched) -> Swept {
        Swept::default()
    }
}

const KEY: [u8; 16] = [5; 16];

/// A log with the demo's crowd in it, and what the crowd did as records.
struct House {
    runtime: Runtime,
    control: Control,
    running: Running,
    known: Known,
    config: DetectOf,
    log: Vec<LoggedExchange>,
    dir: tempfile::TempDir,
}

impl House {
    fn new(hours: i64) -> House {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let booted = boot::open(dir.path(), FolderKind::Demo, Some("log.example.org/weir"), &|_, _| {}).unwrap();
        let (control, starter) = Control::new(booted).unwrap();
        let running = starter.start(Arc::new(Nobody)).unwrap();
        let known = Known::new().unwrap();
        let operator = control.published().state.operators.values().next().unwrap().id;
        runtime.block_on(known.register(&control, Caller { operator })).unwrap();
        let accounts = known.write_accounts(dir.path(), control.now()).unwrap();
        let config = DetectOf { memory: 16 << 20, accounts: Some(accounts), ..DetectOf::default() };
        let log = recorded(&control, &known, hours);
        House { runtime, control, running, known, config, log, dir }
    }

    fn start(&self) -> Box<Following> {
        let mut registry = Registry::default();
        let handle = self.runtime.handle().clone();
        let ready = Following::prepare(self.config.clone(), KEY, self.control.clone(), handle, &mut registry);
        ready.unwrap().unwrap()
    }

    /// The exchanges behind one.
    fn after(&self, seq: u64) -> &[LoggedExchange] {
        &self.log[usize::try_from(seq).unwrap()..]
    }

    /// What the batch finds in the epochs that are over by the log itself.
    fn batch(&self) -> Findings {
        self.batch_until(|_| Vec::new())
    }

    /// The same, and then in those that `rest` gives.
    fn batch_until(&self, rest: impl Fn(Intake) -> Vec<(i64, EpochProfile)>) -> Findings {
        let mut detector = self.start().anew();
        let sketcher = detector.sketcher();
        let mut intake = Intake::default();
        for exchange in &self.log {
            intake.take(sketcher.sketch(exchange));
            while let Some((epoch, profile)) = intake.next_over() {
                detector.fold(epoch, &profile).unwrap();
            }
        }
        for (epoch, profile) in rest(intake) {
            detector.fold(epoch, &profile).unwrap();
        }
        detector.findings()
    }
}

/// What the crowd did in so many hours, as the records tell it: accounts and
/// parties by their ids.
fn recorded(control: &Control, known: &Known, hours: i64) -> Vec<LoggedExchange> {
    let published = control.published();
    let state = &published.state;
    let mut log = known.exchanges(hours);
    for (seq, exchange) in (1..).zip(&mut log) {
        let account = state.party_named(&exchange.account.to_ascii_lowercase()).unwrap();
        exchange.party = Some(account.id.to_string());
        exchange.account = account.accounts[0].to_string();
        exchange.seq = Some(seq);
    }
    log
}

/// Takes what comes until an epoch was folded; false at the end.
fn one_epoch(work: &mut Following, log: &[LoggedExchange]) -> bool {
    let before = work.detector().folded();
    for exchange in log {
        let seq = exchange.seq.unwrap();
        work.take(std::slice::from_ref(exchange), seq);
        work.close_epochs();
        if work.detector().folded() != before {
            return true;
        }
    }
    false
}

#[test]
fn live_and_batch_come_to_the_same_across_a_restart_at_every_epoch() {
    let house = House::new(22);
    let (mut restarts, mut last) = (0, None);
    loop {
        let mut work = house.start();
        assert!(work.detector().folded() >= last, "an epoch was forgotten");
        last = work.detector().folded();
        let after = work.after();
        if !one_epoch(&mut work, house.after(after)) {
            // The batch folds nothing either of what is not over.
            let live = work.detector().findings();
            assert!(!live.dossiers.is_empty(), "nothing was found in {restarts} epochs");
            assert_eq!(live, house.batch());
            assert_eq!(work.detector().born(), house.control.detection().born);
            break;
        }
        restarts += 1;
    }
    assert!(restarts >= 15, "{restarts}");
    // What was found is in the log, and what the rules have done about it.
    let published = house.control.published();
    let campaign = published.state.campaigns.values().next().unwrap();
    let is_right = |account| {
        let party = published.state.customer_of(account).map(|party| published.state.party_label(party)).unwrap();
        house.known.campaign.contains(&party)
    };
    let members: Vec<_> = campaign.accounts().filter(|seen| seen.role == CampaignRole::Member).collect();
    assert!(members.len() * 10 >= house.known.campaign.len() * 9, "{}", members.len());
    assert!(members.iter().all(|seen| is_right(seen.account)));
    assert_eq!(campaign.measures.len(), members.len());
    house.running.stop();
}

/// Others' word that these accounts are of a campaign; in place of what was kept.
fn feed(house: &House, dossier: &weir_detect::Dossier, accounts: &[&str]) {
    let key = weir_stix::IdentifierKey::new([9; 32]);
    let bundle = weir_stix::bundle(&weir_stix::Export {
        dossier,
        named: accounts.iter().map(|account| (weir_stix::IdentifierKind::Account, *account)).collect(),
        from: "Lab",
        tlp: weir_stix::Tlp::Amber,
        expires: house.control.now().plus_millis(86_400_000),
        key: &key,
        with_key: false,
    });
    // Where nothing was kept there is no folder.
    let _absent = std::fs::remove_dir_all(house.dir.path().join(weir::indicators::INDICATORS));
    weir::indicators::keep(house.dir.path(), bundle.to_string().as_bytes(), &key).unwrap();
}

#[test]
fn others_indicators_are_heeded_live_and_a_feed_of_everybody_says_nothing() {
    let house = House::new(22);
    let without = house.batch();
    let dossier = &without.dossiers[0];
    let member = without.members.iter().find(|line| line.role == weir_detect::Role::Member).unwrap();
    let published = house.control.published();
    let look_alikes: Vec<String> = house.known.look_alikes.iter()
        .map(|party| published.state.party_named(party).unwrap().accounts[0].to_string())
        .collect();
    let mut named = vec![member.account.as_str()];
    named.extend(look_alikes.iter().map(String::as_str));

    let mut work = house.start();
    let half = house.log.len() / 2;
    for (number, exchange) in house.log.iter().enumerate() {
        if number == half {
            feed(&house, dossier, &named);
        }
        work.take(std::slice::from_ref(exchange), exchange.seq.unwrap());
        work.close_epochs();
    }
    let heeded = work.detector().findings();
    let line = heeded.members.iter().find(|line| line.account == member.account).unwrap();
    assert!(line.top.iter().any(|piece| piece.what.contains("others' indicators name it")), "{line:?}");
    let gained = line.bits - member.bits;
    assert!(gained > 0.0 && gained <= 4.0, "{gained}");
    let is_member = |line: &&weir_detect::MemberLine| line.role == weir_detect::Role::Member;
    for innocent in heeded.members.iter().filter(is_member) {
        assert!(!look_alikes.contains(&innocent.account), "{innocent:?}");
    }
    drop(work);

    let everybody: Vec<String> = published.state.accounts.iter().map(|(id, _)| id.to_string()).collect();
    feed(&house, dossier, &everybody.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(house.start().detector().findings(), without, "as if it were not there");
    house.running.stop();
}

#[test]
fn what_a_crash_left_unsaid_is_said_by_the_next_start_and_nothing_twice() {
    let house = House::new(16);
    let found = |house: &House| house.control.published().state.campaigns.len();
    let mut work = house.start();
    let mut taken = 0;
    while found(&house) == 0 {
        assert!(one_epoch(&mut work, house.after(taken)), "nothing was found");
        taken = work.last();
    }
    let size = house.control.published().state.size;
    // As after a crash right behind the act: the memory was durable before it.
    let mut again = house.start();
    assert_eq!(again.detector().folded(), work.detector().folded());
    let after = again.after();
    one_epoch(&mut again, house.after(after));
    let published = house.control.published();
    assert_eq!(published.state.campaigns.len(), 1);
    let measures: Vec<_> = published.state.campaigns.values().flat_map(|campaign| campaign.measures.keys()).collect();
    let parties: std::collections::BTreeSet<_> = measures.iter().map(|id| published.state.measures.get(id)).collect();
    assert_eq!(measures.len(), parties.len(), "somebody has a measure twice; {size} acts before");
    house.running.stop();
}

#[test]
fn a_disk_that_takes_nothing_keeps_the_detector_quiet_and_loses_nothing() {
    let house = House::new(16);
    let mut work = house.start();
    // The memory's file cannot be replaced by one while it is a folder.
    let file = house.dir.path().join("detect.state");
    std::fs::create_dir(&file).unwrap();
    std::fs::write(file.join("in-the-way"), b"").unwrap();
    let mut at = 0;
    for exchange in &house.log {
        let seq = exchange.seq.unwrap();
        work.take(std::slice::from_ref(exchange), seq);
        work.close_epochs();
        if !work.detector().findings().dossiers.is_empty() {
            at = seq;
            break;
        }
    }
    assert!(at > 0, "nothing was found");
    assert!(house.control.published().state.campaigns.is_empty(), "it was said before it was durable");
    assert!(house.control.detection().problem.unwrap().contains("durable"));
    std::fs::remove_dir_all(&file).unwrap();
    one_epoch(&mut work, house.after(at));
    assert_eq!(house.control.published().state.campaigns.len(), 1);
    assert_eq!(house.control.detection().problem, None);
    house.running.stop();
}
