//! Scenarios that have a name.

use super::{Innocents, LookAlikes, Planted, Scenario, Shock};
use crate::traffic::campaign::{Campaign, Dispatch, Exits, Place, VariantBy};
use crate::traffic::kind::Kind;
use crate::traffic::template::Elicitation;

/// The look-alikes that are planted together.
const ALL_LOOK_ALIKES: [Kind; 13] = [
    Kind::B1,
    Kind::B2,
    Kind::B3,
    Kind::B4,
    Kind::B5,
    Kind::B6,
    Kind::B7,
    Kind::B9,
    Kind::B10,
    Kind::SmallFirm,
    Kind::OpenLaboratory,
    Kind::FreeTier,
    Kind::DocumentTool,
];

impl Scenario {
    /// A preset: the name of an adversary or a look-alike, `benign` (every
    /// look-alike, as many groups as fit, at most a hundred of each), `plain`
    /// (ordinary accounts alone), `first` (A1 among B2 and B4) or `mix`.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        let mut scenario = Self { name: name.to_owned(), fit: true, ..Self::default() };
        match name {
            "plain" => {}
            "benign" => {
                scenario.look_alikes = ALL_LOOK_ALIKES.iter().map(|kind| groups(*kind, 100)).collect();
                scenario.shocks = usual_shocks();
            }
            "first" => {
                scenario.campaigns = vec![planted(Kind::A1)];
                scenario.look_alikes = vec![groups(Kind::B2, 1), groups(Kind::B4, 1)];
            }
            "mix" => {
                scenario.look_alikes = ALL_LOOK_ALIKES.iter().map(|kind| groups(*kind, 3)).collect();
                let kinds = [Kind::A1, Kind::A4, Kind::A5, Kind::A6, Kind::A9, Kind::A10, Kind::A11];
                scenario.campaigns = kinds.into_iter().map(planted).collect();
                scenario.innocents = Innocents::SOME;
                scenario.shocks = usual_shocks();
            }
            _ => {
                let kind: Kind = name.parse().ok()?;
                scenario.name = kind.to_string();
                scenario.plant(kind);
            }
        }
        Some(scenario)
    }

    /// The names of all presets.
    pub fn preset_names() -> impl Iterator<Item = &'static str> {
        ["plain", "benign", "first", "mix"]
            .into_iter()
            .chain(Kind::ALL.iter().filter(|kind| **kind != Kind::Benign).map(|kind| kind.as_str()))
    }

    /// One kind alone, at its usual size.
    fn plant(&mut self, kind: Kind) {
        if kind.is_adversary() {
            self.campaigns.push(planted(kind));
            self.innocents = Innocents::SOME;
            if kind == Kind::A10 {
                self.shocks = vec![Shock::Launch { day: 9.0, rise: 0.6 }];
            }
            if kind == Kind::A13 {
                let mut second = planted(kind);
                second.with.elicitation = vec![Elicitation::Judging];
                self.campaigns.push(second);
            }
        } else if kind.is_look_alike() {
            let most = crate::traffic::lookalike::usual_size(kind).1;
            let several = if most < 10 { 100 } else { 1 };
            self.look_alikes.push(LookAlikes { kind, groups: several, accounts: Some((most, most)) });
            if kind == Kind::B8 {
                self.shocks = usual_shocks();
            }
        } else {
            self.campaigns.push(planted(Kind::A1));
            let some = Innocents::SOME;
            let none = Innocents::default();
            self.innocents = match kind {
                Kind::SameProxies => Innocents { same_proxies: some.same_proxies, ..none },
                Kind::PublicHarness => Innocents { public_harness: some.public_harness, ..none },
                Kind::ForumTemplate => Innocents { forum_template: some.forum_template, ..none },
                Kind::StolenKey => Innocents { stolen_key: some.stolen_key, ..none },
                Kind::Bystander => Innocents { bystander: some.bystander, ..none },
                _ => none,
            };
        }
    }

    /// Sets the accounts of every campaign.
    pub fn set_campaign_accounts(&mut self, accounts: u32) {
        for planted in &mut self.campaigns {
            planted.with.accounts = accounts;
        }
    }
}

fn groups(kind: Kind, groups: u32) -> LookAlikes {
    LookAlikes { kind, groups, accounts: None }
}

/// A launch, an outage and a prompt that goes round.
fn usual_shocks() -> Vec<Shock> {
    vec![
        Shock::Launch { day: 8.4, rise: 0.8 },
        Shock::Outage { day: 5.6, hours: 3.0 },
        Shock::Viral { day: 10.5, hours: 30.0, share: 0.03 },
    ]
}

fn planted(kind: Kind) -> Planted {
    Planted { kind, with: Campaign::of(kind) }
}

impl Campaign {
    /// The parameters that an adversary is known for; of A14 a point in the
    /// middle of its space.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        let naive = Self::default();
        match kind {
            Kind::A2 => Self { accounts: 500, per_day: 5.5, ..naive },
            Kind::A3 => Self { accounts: 100, per_day: 700.0, plan: Some("tier-3".to_owned()), ..naive },
            Kind::A4 => Self { exits: Exits::Residential, accounts_per_card: 1, mail_domains: 0, ..naive },
            Kind::A5 => Self { dispatch: Dispatch::Mimic, jitter_hours: 6.0, ..naive },
            Kind::A6 => Self { variants: 20, variant_by: VariantBy::Exchange, ..naive },
            Kind::A7 => Self { cover: 0.5, relayed: true, ..naive },
            Kind::A8 => Self { ramp: 30.0, ..naive },
            Kind::A9 => Self { waves: 2, prewarm: 3.0, ..naive },
            Kind::A10 => Self { pivot: 0.5, ..naive },
            Kind::A11 => Self { languages: 10, ..naive },
            Kind::A12 => Self { template: false, relayed: true, dispatch: Dispatch::Mimic, turns: 2.5, ..naive },
            Kind::A13 => Self { pool: Some("pool".to_owned()), ..naive },
            Kind::A14 => Self {
                exits: Exits::Residential,
                accounts_per_card: 1,
                mail_domains: 0,
                dispatch: Dispatch::Mimic,
                jitter_hours: 6.0,
                variants: 50,
                looseness: 0.8,
                variant_by: VariantBy::Account,
                cover: 0.5,
                ramp: 10.0,
                harness: false,
                place: Place::User,
                ..naive
            },
            _ => naive,
        }
    }
}
