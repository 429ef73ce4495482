//! Each evasion does what it says, seen from the log alone.

use super::*;

/// A campaign of forty accounts among a few hundred, for eight days.
fn run(kind: Kind, change: impl Fn(&mut Campaign)) -> World {
    let mut scenario = small(kind.as_str(), 400, 8);
    for planted in &mut scenario.campaigns {
        planted.with.accounts = 40;
        planted.with.start = 1.0;
        change(&mut planted.with);
    }
    world(&scenario)
}

fn harvest(world: &World) -> Vec<LoggedExchange> {
    world.stream().filter(|(_, campaign)| campaign.is_some()).map(|(exchange, _)| exchange).collect()
}

fn beginnings(exchanges: &[LoggedExchange], length: usize) -> BTreeSet<String> {
    exchanges.iter().map(|exchange| user_text(exchange).chars().take(length).collect()).collect()
}

fn day(world: &World, exchange: &LoggedExchange) -> usize {
    usize::try_from(world.day_of(exchange.time.millis())).unwrap()
}

#[test]
fn one_template_is_one_and_twenty_variants_are_twenty() {
    let naive = harvest(&run(Kind::A1, |_| {}));
    assert_eq!(beginnings(&naive, 60).len(), 1);
    let varied = beginnings(&harvest(&run(Kind::A6, |_| {})), 400).len();
    assert!(varied > 20, "{varied}");
    let openings = beginnings(&harvest(&run(Kind::A6, |_| {})), 20).len();
    assert!((3..=20).contains(&openings), "{openings}");
    let one_each = run(Kind::A6, |with| with.variant_by = VariantBy::Account);
    let mut by_account = BTreeMap::<String, BTreeSet<String>>::new();
    for exchange in harvest(&one_each) {
        by_account.entry(exchange.account.clone()).or_default().insert(user_text(&exchange).chars().take(30).collect());
    }
    assert!(by_account.values().all(|openings| openings.len() == 1));
}

#[test]
fn a_wrapper_is_fixed_in_each_of_ten_languages() {
    let openings = beginnings(&harvest(&run(Kind::A11, |_| {})), 20);
    assert_eq!(openings.len(), 10, "{openings:?}");
}

#[test]
fn cover_is_the_share_asked_for() {
    for (dispatch, cover) in [(Dispatch::Queue, 0.5), (Dispatch::Mimic, 0.5), (Dispatch::Queue, 0.9)] {
        let world = run(Kind::A7, |with| (with.dispatch, with.cover, with.start) = (dispatch, cover, 0.0));
        let members: BTreeSet<String> =
            world.truth().filter(|truth| !truth.campaigns.is_empty()).map(|truth| truth.account).collect();
        let (mut own, mut conversations) = (0.0, BTreeSet::new());
        let mut cover_exchanges = 0.0;
        for (exchange, campaign) in world.stream().filter(|(exchange, _)| members.contains(&exchange.account)) {
            if campaign.is_some() {
                own += 1.0;
            } else {
                cover_exchanges += 1.0;
                conversations.insert(exchange.conversation);
            }
        }
        let covers = if dispatch == Dispatch::Mimic { conversations.len() as f64 } else { cover_exchanges };
        let share = covers / (covers + own);
        assert!((share - cover).abs() < 0.12, "{dispatch:?} {cover}: {share}");
    }
}

#[test]
fn cover_may_be_taken_from_a_public_list() {
    let world = run(Kind::A7, |with| (with.cover_list, with.start) = (40, 0.0));
    let members: BTreeSet<String> =
        world.truth().filter(|truth| !truth.campaigns.is_empty()).map(|truth| truth.account).collect();
    let is_cover = |(exchange, campaign): &(LoggedExchange, Option<CampaignId>)| {
        campaign.is_none() && members.contains(&exchange.account)
    };
    let cover: Vec<String> =
        world.stream().filter(is_cover).map(|(exchange, _)| exchange.messages[0].content.clone()).collect();
    let items: BTreeSet<&String> = cover.iter().collect();
    assert!(cover.len() > 10 * items.len() && items.len() <= 40, "{} of {}", items.len(), cover.len());
}

#[test]
fn cover_may_be_asked_by_hand() {
    let world = run(Kind::A7, |with| (with.cover_by_hand, with.start) = (true, 0.0));
    let members: BTreeSet<String> =
        world.truth().filter(|truth| !truth.campaigns.is_empty()).map(|truth| truth.account).collect();
    let (mut by_hand, mut by_program) = (BTreeSet::new(), BTreeSet::new());
    for (exchange, campaign) in world.stream().filter(|(exchange, _)| members.contains(&exchange.account)) {
        let clients = if campaign.is_some() { &mut by_program } else { &mut by_hand };
        clients.insert(exchange.client.ja4);
    }
    assert!(by_program.len() == 1 && by_hand.is_disjoint(&by_program), "{by_program:?} {by_hand:?}");
}

#[test]
fn a_banned_pool_is_followed_by_one_that_was_made_before() {
    let world = run(Kind::A9, |_| {});
    let accounts: Vec<_> = world.accounts().zip(world.truth()).filter(|(_, truth)| truth.kind == Kind::A9).collect();
    let closed: Vec<_> = accounts.iter().filter_map(|(account, _)| account.closed).collect();
    assert_eq!(closed.len(), 20);
    let ban = *closed.iter().min().unwrap();
    let second: BTreeSet<&str> = accounts
        .iter()
        .filter(|(account, _)| account.closed.is_none())
        .map(|(account, _)| account.account.as_str())
        .collect();
    assert!(accounts.iter().all(|(account, _)| account.created.unwrap() < ban));
    let innocent_keys: BTreeSet<String> =
        world.truth().filter(|truth| truth.kind == Kind::StolenKey).map(|truth| truth.account).collect();
    let (mut before, mut after) = (0, 0);
    for exchange in harvest(&world).iter().filter(|exchange| !innocent_keys.contains(&exchange.account)) {
        let of_second = second.contains(exchange.account.as_str());
        if exchange.time < ban { before += u32::from(of_second) } else { after += u32::from(of_second) }
    }
    assert!(before == 0 && after > 300, "{before} {after}");
    let unknown = run(Kind::A9, |with| with.closed_known = false);
    assert!(
        unknown
            .accounts()
            .zip(unknown.truth())
            .all(|(account, truth)| truth.kind != Kind::A9 || account.closed.is_none())
    );
}

#[test]
fn a_ramp_rises_and_loud_accounts_are_loud() {
    let world = run(Kind::A8, |with| with.ramp = 6.0);
    let mut by_day = [0_u32; 8];
    for exchange in harvest(&world) {
        by_day[day(&world, &exchange)] += 1;
    }
    assert!(by_day[0] == 0 && by_day[1] * 3 < by_day[6] && by_day[2] < by_day[5], "{by_day:?}");
    let loud = run(Kind::A3, |with| with.accounts = 3);
    let exchanges = harvest(&loud).len();
    assert!((10_000..22_000).contains(&exchanges), "{exchanges}");
    let quiet = harvest(&run(Kind::A2, |_| {})).len();
    assert!((1_000..2_200).contains(&quiet), "{quiet}");
}

#[test]
fn a_pivot_comes_within_a_day_of_the_launch() {
    let mut scenario = small("A10", 400, 8);
    scenario.campaigns[0].with.start = 1.0;
    scenario.shocks = vec![Shock::Launch { day: 4.0, rise: 0.5 }];
    let world = world(&scenario);
    let mut share = [(0.0, 0.0); 8];
    for exchange in harvest(&world) {
        let at = day(&world, &exchange);
        share[at].0 += f64::from(u8::from(exchange.model.as_deref() == Some("atlas-6")));
        share[at].1 += 1.0;
    }
    assert_eq!(share[3].0, 0.0);
    let pivoted = share[4].0 / share[4].1;
    assert!((pivoted - 0.5).abs() < 0.06, "{pivoted}");
}

#[test]
fn one_household_and_one_card_each_or_shared_ones() {
    let distinct = |kind: Kind| {
        let world = run(kind, |_| {});
        let cards: BTreeSet<_> = world
            .accounts()
            .zip(world.truth())
            .filter(|(_, truth)| truth.kind == kind)
            .map(|(account, _)| account.payment)
            .collect();
        let mut exits = BTreeMap::<String, BTreeSet<String>>::new();
        for exchange in harvest(&world) {
            exits.entry(exchange.client.ip.unwrap()).or_default().insert(exchange.account);
        }
        let shared = exits.values().filter(|accounts| accounts.len() > 1).count();
        (cards.len(), shared * 100 / exits.len())
    };
    let (cards, shared) = distinct(Kind::A1);
    assert!(cards <= 6 && shared > 80, "{cards} {shared}");
    let (cards, shared) = distinct(Kind::A4);
    assert!(cards == 40 && shared < 20, "{cards} {shared}");
}

#[test]
fn two_campaigns_share_a_pool_and_may_share_accounts() {
    let exits = |world: &World, name: &str| -> BTreeSet<String> {
        world
            .stream()
            .filter(|(_, campaign)| campaign.is_some_and(|id| world.campaign_name(id) == name))
            .filter_map(|(exchange, _)| exchange.client.ip)
            .collect()
    };
    let apart = run(Kind::A13, |with| with.exit_count = 50);
    let common = exits(&apart, "a13-1").intersection(&exits(&apart, "a13-2")).count();
    assert!(common > 40, "{common}");
    assert!(apart.truth().all(|truth| truth.campaigns.len() <= 1));
    let mut scenario = small("A13", 400, 8);
    scenario.campaigns[1].with.shared_accounts = true;
    let shared = world(&scenario);
    let both = shared.truth().filter(|truth| truth.campaigns.len() == 2).count();
    assert_eq!(both, usize::try_from(scenario.campaigns[0].with.accounts).unwrap());
}

#[test]
fn rerouted_users_bring_no_template_and_jitter_breaks_the_order() {
    let rerouted = harvest(&run(Kind::A12, |_| {}));
    let openings = beginnings(&rerouted, 25).len();
    assert!(rerouted.len() > 500 && openings * 3 > rerouted.len(), "{openings} of {}", rerouted.len());
    let jittered = harvest(&run(Kind::A1, |with| with.jitter_hours = 6.0)).len();
    assert!(jittered > 3_000, "{jittered}");
}

#[test]
fn the_adaptive_one_s_space_holds_only_campaigns_that_can_be() {
    for seed in 0..60 {
        let with =
            Campaign { accounts: 15, start: 0.0, days: Some(1.0), ..Campaign::at(&Campaign::random_point(seed)) };
        let mut scenario = small("A14", 300, 1);
        scenario.campaigns[0].with = with;
        assert!(world(&scenario).stream().next().is_some());
    }
    let plain = Campaign::at(&[]);
    assert_eq!((plain.variants, plain.cover, plain.languages, plain.accounts_per_card), (1, 0.0, 1, 20));
}
