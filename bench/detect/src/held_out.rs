//! Scenarios from beyond the ranges that the detector was developed on: sizes,
//! rates, pools, epochs of life and populations that no preset has. Each run of
//! them is written into the ledger, so that looking at them is known of.

use anyhow::{Context, Result};
use weir_sim::random::SeededRandom;
use weir_sim::traffic::{Campaign, Dispatch, Elicitation, Exits, Innocents, Kind, LookAlikes, Place, Planted, Scenario};

/// Draws one.
///
/// # Errors
/// When there is no plain preset.
pub(crate) fn draw(seed: u64) -> Result<Scenario> {
    let mut random = SeededRandom::for_member(seed, 0x6865_6c64);
    let mut between = |low: f64, high: f64| low * (high / low).powf(random.below(1 << 20) as f64 / f64::from(1 << 20));
    let mut scenario = Scenario::preset("plain").context("no such preset")?;
    scenario.accounts = between(3_000.0, 12_000.0) as u32;
    scenario.per_day = between(0.4, 2.5);
    scenario.common = between(0.005, 0.06);
    let with = Campaign {
        accounts: between(100.0, 600.0) as u32,
        per_day: between(4.0, 60.0),
        start: between(3.0, 7.0),
        jitter_hours: between(0.05, 10.0),
        looseness: between(0.1, 1.0),
        variants: between(1.0, 20.0) as u32,
        cover: between(0.01, 0.5),
        exit_count: between(40.0, 4_000.0) as u32,
        accounts_per_card: between(1.0, 40.0) as u32,
        mail_domains: between(1.0, 40.0) as u32,
        birth_spread: between(1.0, 60.0),
        repeats: between(0.005, 0.15),
        turns: between(1.0, 2.0),
        ..Campaign::default()
    };
    let mut pick = |of: usize| random.position(of);
    let kinds = Kind::ALL.iter().filter(|kind| kind.is_look_alike() && **kind != Kind::B8);
    scenario.look_alikes = kinds.map(|&kind| LookAlikes { kind, groups: 1, accounts: None }).collect();
    scenario.innocents = Innocents::SOME;
    let elicitation = [Elicitation::Reasoning, Elicitation::Judging, Elicitation::Cleaning, Elicitation::Rewriting];
    let with = Campaign {
        elicitation: vec![elicitation[pick(4)]],
        place: [Place::User, Place::System][pick(2)],
        dispatch: [Dispatch::Queue, Dispatch::Mimic][pick(2)],
        exits: [Exits::Proxies, Exits::Residential, Exits::Cloud][pick(3)],
        harness: pick(2) == 0,
        relayed: pick(2) == 0,
        plan: [None, Some("tier-1".to_owned()), Some("free".to_owned())][pick(3)].clone(),
        ..with
    };
    scenario.campaigns = vec![Planted { kind: Kind::A14, with }];
    Ok(scenario)
}
