use std::collections::{BTreeMap, BTreeSet};

use weir_exchange::LoggedExchange;

use super::*;

mod adversaries;
mod files;
mod people;

fn small(name: &str, accounts: u32, days: u32) -> Scenario {
    let mut scenario = Scenario::preset(name).unwrap();
    scenario.accounts = accounts;
    scenario.days = days;
    scenario
}

fn world(scenario: &Scenario) -> World {
    World::new(scenario, Corpus::built_in(), Arrivals::built_in()).unwrap()
}

/// A1 in a population of a few hundred, for seven days.
fn first() -> Scenario {
    let mut scenario = small("A1", 400, 7);
    scenario.campaigns[0].with.accounts = 30;
    scenario.campaigns[0].with.start = 2.0;
    scenario
}

fn all(world: &World) -> Vec<(LoggedExchange, Option<CampaignId>)> {
    world.stream().collect()
}

fn user_text(exchange: &LoggedExchange) -> &str {
    exchange.messages.iter().rev().find(|message| message.role == "user").map_or("", |message| &message.content)
}

#[test]
fn one_seed_one_stream_and_another_seed_another() {
    let scenario = first();
    let once = all(&world(&scenario));
    let twice = all(&world(&scenario));
    assert_eq!(once, twice);
    assert!(once.len() > 1_000, "{}", once.len());
    let other = all(&world(&Scenario { seed: 2, ..scenario }));
    assert_ne!(once, other);
    let names = |run: &[(LoggedExchange, Option<CampaignId>)]| {
        run.iter().map(|(exchange, _)| exchange.account.clone()).collect::<BTreeSet<_>>()
    };
    assert!(names(&once).is_disjoint(&names(&other)));
}

#[test]
fn a_record_used_again_holds_nothing_of_the_one_before() {
    let scenario = first();
    let world = world(&scenario);
    let mut stream = world.stream();
    let mut reused = LoggedExchange::default();
    for (fresh, campaign) in world.stream() {
        assert_eq!(stream.next_into(&mut reused), Some(campaign));
        assert_eq!(reused, fresh);
    }
    assert_eq!(stream.next_into(&mut reused), None);
}

#[test]
fn times_never_go_back_and_ids_are_told_apart() {
    let world = world(&first());
    let mut last = None;
    let mut ids = BTreeSet::new();
    for (exchange, _) in world.stream() {
        assert!(last <= Some(exchange.time), "{last:?} {:?}", exchange.time);
        last = Some(exchange.time);
        assert!(ids.insert(exchange.id.unwrap()));
    }
}

#[test]
fn the_truth_of_accounts_and_of_exchanges_agree() {
    let world = world(&first());
    let truth: BTreeMap<String, AccountTruth> = world.truth().map(|truth| (truth.account.clone(), truth)).collect();
    assert_eq!(truth.len(), 430);
    let members = truth.values().filter(|truth| !truth.campaigns.is_empty()).count();
    assert_eq!(members, 30);
    let mut seen = BTreeSet::new();
    for (exchange, campaign) in world.stream() {
        let account = &truth[&exchange.account];
        if let Some(campaign) = campaign {
            let member = account.campaigns.iter().any(|name| name == world.campaign_name(campaign));
            assert!(member || account.kind == Kind::StolenKey, "{account:?}");
            seen.insert(exchange.account);
        }
    }
    assert!(seen.len() >= 30);
}

#[test]
fn accounts_call_only_while_they_exist() {
    let world = world(&small("mix", 12_000, 3));
    let lives: BTreeMap<_, _> =
        world.accounts().map(|account| (account.account.clone(), (account.created, account.closed))).collect();
    assert_eq!(lives.len(), usize::try_from(world.account_count()).unwrap());
    for (exchange, _) in world.stream() {
        let (created, closed) = lives[&exchange.account];
        assert!(created.is_none_or(|created| created <= exchange.time));
        assert!(closed.is_none_or(|closed| exchange.time <= closed), "{:?} {closed:?}", exchange.time);
    }
}

#[test]
fn a_campaign_s_tasks_are_given_out_without_replacement() {
    let world = world(&first());
    let mut tasks = BTreeMap::<String, u32>::new();
    let (mut harvested, mut accounts) = (0, BTreeSet::new());
    for (exchange, campaign) in world.stream() {
        if campaign.is_some() {
            harvested += 1;
            *tasks.entry(user_text(&exchange).to_owned()).or_default() += 1;
            accounts.insert(exchange.account);
        }
    }
    assert!((2_000..4_500).contains(&harvested), "{harvested}");
    assert!(tasks.len() * 100 >= harvested * 99, "{} of {harvested}", tasks.len());
    assert!(accounts.len() >= 30);
}

#[test]
fn a_class_repeats_and_ordinary_people_do_not() {
    let repeats = |name: &str| {
        let world = world(&small(name, 2_000, 10));
        let kinds: BTreeMap<_, _> = world.truth().map(|truth| (truth.account, truth.kind)).collect();
        let mut by_kind = BTreeMap::<Kind, BTreeMap<String, BTreeSet<String>>>::new();
        for (exchange, _) in world.stream() {
            let texts = by_kind.entry(kinds[&exchange.account]).or_default();
            texts.entry(user_text(&exchange).to_owned()).or_default().insert(exchange.account);
        }
        by_kind
    };
    let by_kind = repeats("B4");
    let share = |kind: Kind| {
        let texts = &by_kind[&kind];
        let users: usize = texts.values().map(BTreeSet::len).sum();
        let alone = texts.values().filter(|users| users.len() == 1).count();
        1.0 - alone as f64 / users as f64
    };
    assert!(share(Kind::B4) > 0.5, "{}", share(Kind::B4));
    assert!(share(Kind::Benign) < 0.03, "{}", share(Kind::Benign));
}

#[test]
fn every_preset_can_be_run() {
    for name in Scenario::preset_names() {
        let mut scenario = small(name, 14_000, 1);
        scenario.look_alikes.iter_mut().for_each(|look_alikes| {
            look_alikes.groups = 1;
            look_alikes.accounts = Some((4, 30));
        });
        scenario.accounts = 1_200;
        for planted in &mut scenario.campaigns {
            planted.with.accounts = 20;
            planted.with.start = 0.0;
        }
        let world = world(&scenario);
        let exchanges = world.stream().count();
        assert!(exchanges > 300, "{name}: {exchanges}");
    }
    assert_eq!(Scenario::preset("no such thing"), None);
}

#[test]
fn what_cannot_be_is_refused_with_the_field_named() {
    let mut scenario = first();
    scenario.accounts = 10;
    let refused =
        |scenario: &Scenario| World::new(scenario, Corpus::built_in(), Arrivals::built_in()).unwrap_err().to_string();
    assert!(refused(&scenario).contains("only 10 benign ones"), "{}", refused(&scenario));
    let mut scenario = first();
    scenario.campaigns[0].with.cover = 1.5;
    assert!(refused(&scenario).starts_with("campaigns[0]: `cover` is 1.5"), "{}", refused(&scenario));
    let scenario = Scenario { start: "tomorrow".to_owned(), ..first() };
    assert!(refused(&scenario).starts_with("start: "), "{}", refused(&scenario));
    let scenario = Scenario { source: Some("nowhere".to_owned()), ..first() };
    assert!(refused(&scenario).contains("no source is called `nowhere`"), "{}", refused(&scenario));
}

mod any_mix {
    use proptest::prelude::*;

    use super::*;

    fn kinds(pick: fn(Kind) -> bool) -> impl Strategy<Value = Kind> {
        let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| pick(*kind)).collect();
        proptest::sample::select(kinds)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn can_be_run_and_its_truth_holds(
            seed: u64,
            adversaries in proptest::collection::vec((kinds(Kind::is_adversary), 5_u32..25), 0..3),
            look_alikes in proptest::collection::vec((kinds(Kind::is_look_alike), 1_u32..3, 2_u32..20), 0..4),
            innocents in 0_u32..4,
        ) {
            let campaigns = adversaries.iter().map(|(kind, accounts)| {
                Planted { kind: *kind, with: Campaign { accounts: *accounts, start: 0.0, per_day: 5.0, ..Campaign::of(*kind) } }
            });
            let scenario = Scenario {
                seed,
                days: 2,
                accounts: 300,
                campaigns: campaigns.collect(),
                look_alikes: look_alikes
                    .iter()
                    .map(|(kind, groups, accounts)| LookAlikes { kind: *kind, groups: *groups, accounts: Some((1, *accounts)) })
                    .collect(),
                innocents: Innocents { same_proxies: innocents, public_harness: innocents, forum_template: innocents, stolen_key: innocents, bystander: innocents },
                shocks: vec![Shock::Launch { day: 1.0, rise: 1.0 }, Shock::Outage { day: 0.5, hours: 2.0 }],
                ..Scenario::default()
            };
            let text = toml::to_string(&scenario).unwrap();
            prop_assert_eq!(&toml::from_str::<Scenario>(&text).unwrap(), &scenario);
            let world = world(&scenario);
            let benign = world.truth().filter(|truth| truth.campaigns.is_empty()).count();
            prop_assert_eq!(benign, 300);
            let names: BTreeSet<String> = world.accounts().map(|account| account.account).collect();
            prop_assert_eq!(names.len(), usize::try_from(world.account_count()).unwrap());
            let (start, end) = (world.start, world.end);
            let mut last = start;
            for (exchange, _) in world.stream() {
                prop_assert!(names.contains(&exchange.account));
                let at = exchange.time.millis();
                prop_assert!(last <= at && at < end);
                last = at;
                prop_assert!(!exchange.messages.is_empty());
            }
        }
    }
}
