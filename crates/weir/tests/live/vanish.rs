//! A campaign that is found no more: the log says so, and what the detector took by
//! itself is lifted after a day of epochs, however often it is started anew.

use std::sync::Arc;

use weir::node::Following;
use weir_acts::campaign::Campaign;
use weir_acts::words::CampaignStatus;
use weir_control::service::Finding;
use weir_control::{Control, boot};
use weir_exchange::LoggedExchange;
use weir_store::kind::FolderKind;

use crate::{House, Nobody, one_epoch};

const HOUR: i64 = 3_600_000;

/// Epochs until what is found no more is lifted: the first, and a day of them.
const UNTIL_LIFTED: usize = 25;

impl House {
    /// A house in which the campaign was found and acted on, and the detector that
    /// did. Ids are drawn anew in each log, and in a few of them nothing is found.
    fn acted() -> (House, Box<Following>) {
        let draw = |_| {
            let house = House::new(22);
            let mut work = house.start();
            for exchange in &house.log {
                work.take(std::slice::from_ref(exchange), exchange.seq.unwrap());
                work.close_epochs();
            }
            (house, work)
        };
        (0..8).map(draw).find(|(house, _)| !holding(&house.control).is_empty()).unwrap()
    }

    /// The only campaign.
    fn campaign(&self) -> Arc<Campaign> {
        Arc::clone(self.control.published().state.campaigns.values().next().unwrap())
    }

    /// What comes later: an hour after another, one exchange of an ordinary customer
    /// each, all of them in epochs that end after everything that was done.
    fn later(&self, hours: i64, first_seq: u64) -> Vec<LoggedExchange> {
        let ordinary = |exchange: &&LoggedExchange| {
            let account = exchange.account.parse().unwrap();
            self.campaign().account(account).is_none()
        };
        let one = self.log.iter().find(ordinary).unwrap();
        let last = self.log.last().unwrap().time.max(self.control.now());
        let first = last.millis() / HOUR + 1;
        let at = |hour: i64| weir_acts::Time::from_millis((first + hour) * HOUR + HOUR / 2);
        let of = |(seq, hour)| LoggedExchange { time: at(hour), seq: Some(seq), ..one.clone() };
        (first_seq..).zip(0..hours).map(of).collect()
    }

    /// Loses the detector's memory, while the records from before are gone too.
    fn forget(&self) {
        std::fs::remove_file(self.dir.path().join("detect.state")).unwrap();
    }
}

/// Measures of the detector's that hold, of all campaigns.
fn holding(control: &Control) -> Vec<String> {
    let published = control.published();
    let (state, now) = (&published.state, control.now());
    let parties = state.parties.iter().map(|(_, party)| party);
    let measures = parties.flat_map(|party| party.measures.iter().filter(|measure| measure.life.holds(now)));
    measures.map(|measure| measure.id.to_string()).collect()
}

fn next_epoch(house: &House, later: &[LoggedExchange]) -> Box<Following> {
    let mut work = house.start();
    let after = usize::try_from(work.after()).unwrap();
    assert!(one_epoch(&mut work, &later[after..]));
    work
}

#[test]
fn what_is_found_no_more_says_so_and_is_lifted_after_a_day_with_a_restart_at_every_epoch() {
    let (house, work) = House::acted();
    drop(work);
    let (before, taken) = (house.campaign(), holding(&house.control));
    assert!(!taken.is_empty() && before.unfound().is_none());
    house.forget();
    let later = house.later(40, 1);
    for epoch in 1..UNTIL_LIFTED {
        next_epoch(&house, &later);
        assert_eq!(holding(&house.control), taken, "after {epoch} epochs");
        let campaign = house.campaign();
        assert_eq!((campaign.state(), campaign.accounts), ("unfound", 0), "after {epoch} epochs");
        assert_eq!((&campaign.dossier, campaign.acted_on()), (&before.dossier, before.acted_on()), "as last told");
    }
    let said = house.campaign().unfound();
    next_epoch(&house, &later);
    assert!(holding(&house.control).is_empty());
    assert_eq!(house.campaign().unfound(), said, "it is said once");
    house.running.stop();
}

#[test]
fn what_a_crash_kept_from_being_lifted_is_lifted_by_the_next_start() {
    let (house, work) = House::acted();
    drop(work);
    let taken = holding(&house.control);
    house.forget();
    let later = house.later(40, 1);
    for _ in 1..UNTIL_LIFTED {
        next_epoch(&house, &later);
    }
    // The memory is durable, and then nothing can be entered into the log.
    let mut last = house.start();
    let House { runtime, control, running, known, config, log, dir } = house;
    running.stop();
    let after = usize::try_from(last.after()).unwrap();
    assert!(one_epoch(&mut last, &later[after..]));
    assert!(control.detection().problem.is_some());
    assert_eq!(holding(&control), taken);
    // As after a crash: the log is opened anew.
    drop((last, control, runtime));
    let booted = boot::open(dir.path(), FolderKind::Demo, None, &|_, _| {}).unwrap();
    let (control, starter) = Control::new(booted).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = starter.start(Arc::new(Nobody)).unwrap();
    let house = House { runtime, control, running, known, config, log, dir };
    assert_eq!(holding(&house.control), taken);
    next_epoch(&house, &later);
    assert!(holding(&house.control).is_empty());
    house.running.stop();
}

#[test]
fn who_is_a_member_of_what_the_campaign_became_keeps_the_measure() {
    let (house, mut work) = House::acted();
    let campaign = house.campaign();
    // As if the detector had told of the same customers under another id before.
    let other = Finding {
        id: "other-20260504".to_owned(),
        status: CampaignStatus::Campaign,
        log2_e: campaign.log2_e.get(),
        alarm: campaign.alarm,
        accounts: campaign.accounts,
        exchanges: campaign.exchanges,
        growing: true,
        dossier: "{}".to_owned(),
        members: campaign.accounts().cloned().collect(),
    };
    house.runtime.block_on(house.control.tell_campaign(other)).unwrap();
    assert!(house.runtime.block_on(house.control.act_automatically("other-20260504")).unwrap());
    let later = house.later(UNTIL_LIFTED as i64 + 5, house.log.len() as u64 + 1);
    for exchange in &later {
        work.take(std::slice::from_ref(exchange), exchange.seq.unwrap());
        work.close_epochs();
    }
    let published = house.control.published();
    let [found, other] = [&campaign.id[..], "other-20260504"].map(|id| &published.state.campaigns[id]);
    assert!(found.unfound().is_none() && other.unfound().is_some());
    let holds = |id: &weir_acts::id::MeasureId| holding(&house.control).contains(&id.to_string());
    // Who is found to be no member meanwhile has both lifted.
    let still: Vec<_> = found.accounts().filter(|seen| seen.role == weir_acts::words::CampaignRole::Member).collect();
    assert!(still.len() * 10 >= campaign.acted_on() * 9, "{} of {}", still.len(), campaign.acted_on());
    assert!(other.measures.keys().filter(|id| holds(id)).count() >= still.len());
    house.running.stop();
}
