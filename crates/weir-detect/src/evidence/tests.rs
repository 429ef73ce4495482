use super::*;
use crate::settings::Settings;
use crate::sketch::Sketcher;
use weir_exchange::LoggedExchange;

/// What an epoch of this account's exchanges from these addresses adds.
fn call(profile: &mut EpochProfile, sketcher: &Sketcher, account: u32, addresses: impl Iterator<Item = u32>) {
    for (at, address) in addresses.enumerate() {
        let mut exchange = LoggedExchange {
            id: Some(format!("x-{account}-{at}-{address}")),
            account: format!("a-{account}"),
            ..LoggedExchange::default()
        };
        exchange.client.ip = Some(format!("10.9.{}.{}", address / 256, address % 256));
        sketcher.sketch(&exchange).add_to(profile);
    }
}

/// A hundred customers of whom half come from an address the group has used, and
/// two who call from everywhere: what is expected of an unrelated customer's
/// address stays about a half.
#[test]
fn whoever_calls_from_everywhere_does_not_stand_for_the_population() {
    let settings = Settings::default();
    let sketcher = Sketcher::new(&settings);
    let mut state = State::new(&settings);
    let (mut before, mut profile) = (EpochProfile::default(), EpochProfile::default());
    for account in 0..102 {
        call(&mut before, &sketcher, account, [60_000 + account].into_iter());
    }
    for (&id, seen) in &before.units {
        state.units.entry(id).or_default().take(crate::unit::During { epoch: 0, day: 24, launch: None }, seen, &mut state.pool);
    }
    for account in 0..100 {
        call(&mut profile, &sketcher, account, [if account < 50 { 7 } else { 1_000 + account }].into_iter());
    }
    for account in 100..102 {
        call(&mut profile, &sketcher, account, (0..500).map(|at| 2_000 + account * 1_000 % 7_000 + at));
    }
    let nothing = Listed::default();
    let scene = Scene::of(&state, (&profile, &nothing), Families::default(), |_| false);
    let new = scene.addresses.values();
    assert!(new.len() > 140, "{}", new.len());
    // Two members, who are none of those, used address 7 before.
    let address = new.iter().copied().max_by_key(|value| new.iter().filter(|other| *other == value).count());
    let mut candidate = Candidate::default();
    let event = Event { address: address.unwrap(), ..profile.units.values().next().unwrap().events[0].1.clone() };
    for unit in [1, 2] {
        candidate.take(0, (unit, None), (&[&event], &Listed::default()), 1);
    }
    let shared = Shared::of(&candidate, &scene, &Joint::new());
    assert!((0.7..0.8).contains(&shared.addresses), "{}", shared.addresses);
}
