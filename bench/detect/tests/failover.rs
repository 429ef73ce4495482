//! After a pool is acted on, its templates stay watched: what the next pool gets
//! before its accounts are associated, and before they are members; and that a
//! copied template alone frames nobody.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests may fail loudly; the curve is for a reader")]

use std::collections::{BTreeMap, BTreeSet};

use weir_acts::Time;
use weir_detect::{Detector, Intake, Role, Settings};
use weir_exchange::{ClosedBy, LoggedAccount, LoggedExchange};
use weir_sim::traffic::{Arrivals, Corpus, Scenario, World};

const HOUR: i64 = 3_600_000;

/// When the first pool is shut out, and the next takes its work up.
const BAN_HOUR: i64 = 30;

fn world() -> World {
    let mut scenario = Scenario::preset("A1").unwrap();
    (scenario.seed, scenario.accounts, scenario.days, scenario.per_day) = (5, 600, 3, 8.0);
    scenario.set_campaign_accounts(60);
    for planted in &mut scenario.campaigns {
        (planted.with.start, planted.with.per_day) = (0.25, 48.0);
    }
    World::new(&scenario, Corpus::built_in(), Arrivals::built_in()).unwrap()
}

/// What a pool's accounts are to the findings, epoch by epoch.
struct Curve {
    /// Exchanges that the pool had got by the end of the epoch.
    exchanges: u64,
    /// Accounts of it seen by then.
    seen: usize,
    associated: usize,
    members: usize,
}

#[test]
fn the_next_pool_is_associated_within_its_first_hundreds_of_exchanges_and_copies_frame_nobody() {
    let world = world();
    let start: i64 = "2026-05-04T00:00:00Z".parse::<Time>().unwrap().millis();
    let ban = start + BAN_HOUR * HOUR;
    let pool: BTreeSet<String> =
        world.truth().filter(|truth| !truth.campaigns.is_empty()).map(|truth| truth.account).collect();
    let next = |account: &str| format!("next-{account}");
    let mut accounts: Vec<LoggedAccount> = world.accounts().collect();
    for row in accounts.clone().iter().filter(|row| pool.contains(&row.account)) {
        accounts.push(LoggedAccount { account: next(&row.account), created: Some(Time::from_millis(ban)), ..row.clone() });
    }
    for row in accounts.iter_mut().filter(|row| pool.contains(&row.account)) {
        (row.closed, row.closed_by) = (Some(Time::from_millis(ban)), Some(ClosedBy::Provider));
    }
    let settings = Settings { key: [9; 16], memory: 64 << 20, ..Settings::default() };
    let mut detector = Detector::new(settings, &accounts);
    let sketcher = detector.sketcher();
    let mut intake = Intake::default();
    let (mut stream, mut exchange) = (world.stream(), LoggedExchange::default());
    let (mut got, mut seen) = (0_u64, BTreeSet::new());
    let mut curve: Vec<Curve> = Vec::new();
    while stream.next_into(&mut exchange).is_some() {
        if exchange.time.millis() >= ban && pool.contains(&exchange.account) {
            exchange.account = next(&exchange.account);
            got += 1;
            seen.insert(exchange.account.clone());
        }
        intake.take(sketcher.sketch(&exchange));
        while let Some((epoch, profile)) = intake.next_over() {
            detector.fold(epoch, &profile).unwrap();
            if (epoch + 1) * HOUR <= ban {
                continue;
            }
            let lines = detector.findings().members;
            let roles: BTreeMap<&str, Role> =
                lines.iter().filter(|line| line.account.starts_with("next-")).map(|line| (line.account.as_str(), line.role)).collect();
            let members = roles.values().filter(|role| **role == Role::Member).count();
            curve.push(Curve { exchanges: got, seen: seen.len(), associated: roles.len(), members });
        }
    }
    println!("exchanges\tseen\twith it\tmembers");
    for point in &curve {
        println!("{}\t{}\t{}\t{}", point.exchanges, point.seen, point.associated, point.members);
    }
    // By the time it has got five hundred, most of its accounts are known.
    let by_then = curve.iter().find(|point| point.associated * 10 >= point.seen * 8 && point.associated >= 30).unwrap();
    assert!(by_then.exchanges <= 500, "{}", by_then.exchanges);
    let last = curve.last().unwrap();
    assert!(last.members * 10 >= last.seen * 8, "{} of {} are members in the end", last.members, last.seen);
    // Whoever copied the template from a forum, and bystanders framed with the
    // pool's exits and harness beside it, are no members.
    let innocent: BTreeSet<String> =
        world.truth().filter(|truth| truth.campaigns.is_empty()).map(|truth| truth.account).collect();
    let findings = detector.findings();
    let accused: Vec<_> =
        findings.members.iter().filter(|line| line.role == Role::Member && innocent.contains(&line.account)).collect();
    assert!(accused.is_empty(), "{accused:?}");
    let copied = findings.members.iter().filter(|line| innocent.contains(&line.account)).count();
    assert!(copied > 0, "nobody copied the template, so nothing was shown");
}
