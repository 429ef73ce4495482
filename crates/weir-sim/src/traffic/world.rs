//! A scenario with everything drawn that is drawn once: the groups, the
//! operators, their templates. What happens then is [`super::stream`].

mod plant;

use std::ops::Range;
use std::sync::Arc;

use weir_acts::Time;
use weir_exchange::LoggedAccount;

use super::campaign::Campaign;
use super::corpus::Corpus;
use super::group::Group;
use super::kind::Kind;
use super::persona::Persona;
use super::rhythm::{Arrivals, seconds};
use super::scenario::{Innocents, LookAlikes, Scenario, ScenarioError, Shock};
use super::template::Template;
use super::{lookalike, population};
use crate::random::{SeededRandom, millis, mix};

pub(super) use plant::exits;

/// A campaign's number in its world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CampaignId(pub u16);

/// What the truth says of an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AccountTruth {
    /// The account.
    pub account: String,
    /// The campaigns it is a member of. An innocent whose stolen key a campaign
    /// uses is a member of none.
    pub campaigns: Vec<String>,
    /// Why it is there.
    pub kind: Kind,
}

/// A campaign with everything that is fixed about it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) with: Campaign,
    pub(super) seed: u64,
    pub(super) source: u16,
    /// Groups that hold its accounts, one a wave.
    pub(super) waves: Range<usize>,
    /// Accounts of others that it calls with too.
    pub(super) stolen: Range<u32>,
    /// The first variant of the first template, which others may have copied.
    pub(super) template: Arc<Template>,
    pub(super) topics: Vec<u8>,
    pub(super) start: i64,
    pub(super) end: i64,
}

/// A scenario, ready to run. Immutable; a run keeps its state in its stream.
#[derive(Debug)]
pub struct World {
    pub(super) seed: u64,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) days: f64,
    pub(super) common: f64,
    pub(super) accounts: u32,
    pub(super) corpus: Corpus,
    pub(super) arrivals: Arrivals,
    pub(super) groups: Vec<Group>,
    pub(super) plans: Vec<Plan>,
    pub(super) shocks: Vec<Shock>,
    scenario: Scenario,
}

impl World {
    /// Draws everything that is drawn once.
    ///
    /// # Errors
    /// [`ScenarioError`] when the scenario cannot be.
    pub fn new(scenario: &Scenario, corpus: Corpus, arrivals: Arrivals) -> Result<Self, ScenarioError> {
        scenario.check()?;
        let start: Time = scenario
            .start
            .parse()
            .map_err(|error| ScenarioError::Field { at: "start".to_owned(), reason: format!("{error}") })?;
        let days = f64::from(scenario.days);
        let mut world = Self {
            seed: mix(scenario.seed ^ 0x776f_726c),
            start: start.millis(),
            end: start.millis() + millis(days * 86_400.0),
            days,
            common: scenario.common,
            accounts: 0,
            corpus,
            arrivals,
            groups: Vec::new(),
            plans: Vec::new(),
            shocks: scenario.shocks.clone(),
            scenario: scenario.clone(),
        };
        world.draw(scenario)?;
        Ok(world)
    }

    /// The scenario it was made from.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The corpus that texts are made of.
    #[must_use]
    pub fn corpus(&self) -> &Corpus {
        &self.corpus
    }

    /// The arrival processes.
    #[must_use]
    pub fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// How many accounts there are.
    #[must_use]
    pub fn account_count(&self) -> u32 {
        self.accounts
    }

    /// The name of a campaign.
    #[must_use]
    pub fn campaign_name(&self, id: CampaignId) -> &str {
        self.plans.get(usize::from(id.0)).map_or("", |plan| &plan.name)
    }

    /// The accounts file, line by line.
    pub fn accounts(&self) -> impl Iterator<Item = LoggedAccount> + '_ {
        self.each_account().map(|(group, index)| self.identity(group, index))
    }

    /// What every account is.
    pub fn truth(&self) -> impl Iterator<Item = AccountTruth> + '_ {
        self.groups.iter().enumerate().flat_map(move |(at, group)| {
            let campaigns: Vec<String> =
                self.plans.iter().filter(|plan| plan.waves.contains(&at)).map(|plan| plan.name.clone()).collect();
            (group.first..group.first + group.count).map(move |index| AccountTruth {
                account: self.account_name(index),
                campaigns: campaigns.clone(),
                kind: group.kind,
            })
        })
    }

    fn each_account(&self) -> impl Iterator<Item = (&Group, u32)> {
        self.groups.iter().flat_map(|group| (group.first..group.first + group.count).map(move |index| (group, index)))
    }

    /// An account's name, which tells nothing of why it is there.
    pub(super) fn account_name(&self, index: u32) -> String {
        let mut name = String::with_capacity(15);
        self.write_account_name(&mut name, index);
        name
    }

    pub(super) fn write_account_name(&self, out: &mut String, index: u32) {
        out.push_str("a-");
        super::push_code(out, self.account_seed(index));
    }

    pub(super) fn persona(&self, group: &Group, index: u32) -> Persona {
        Persona::draw(&self.corpus, &self.arrivals, group, self.account_seed(index))
    }

    /// When a launch was, if there is one.
    pub(super) fn launch(&self) -> Option<i64> {
        self.shocks.iter().find_map(|shock| match shock {
            Shock::Launch { day, .. } => Some(self.start + millis(day * 86_400.0)),
            _ => None,
        })
    }

    /// By how much everybody does more or less at a moment.
    pub(super) fn activity(&self, at: i64) -> f64 {
        let mut factor = 1.0;
        for shock in &self.shocks {
            let since = seconds(at - self.start) / 86_400.0 - shock.day();
            match shock {
                Shock::Launch { rise, .. } if (0.0..5.0).contains(&since) => {
                    factor *= 1.0 + rise * (-since / 1.5).exp()
                }
                Shock::Outage { hours, .. } if since >= 0.0 && since < hours / 24.0 => factor *= 0.15,
                Shock::Outage { hours, .. } if since >= 0.0 && since < (hours + 2.0) / 24.0 => factor *= 1.6,
                _ => {}
            }
        }
        factor
    }

    /// Whether nothing is answered at a moment.
    pub(super) fn is_out(&self, at: i64) -> bool {
        self.shocks.iter().any(|shock| match shock {
            Shock::Outage { day, hours } => {
                let since = seconds(at - self.start) / 86_400.0 - day;
                since >= 0.0 && since < hours / 24.0
            }
            _ => false,
        })
    }

    /// The share of conversations that begin with what goes round.
    pub(super) fn viral(&self, at: i64) -> f64 {
        self.shocks
            .iter()
            .map(|shock| match shock {
                Shock::Viral { day, hours, share } => {
                    let since = seconds(at - self.start) / 86_400.0 - day;
                    if since >= 0.0 && since < hours / 24.0 { *share } else { 0.0 }
                }
                _ => 0.0,
            })
            .fold(0.0, f64::max)
    }

    fn draw(&mut self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let source = self.source(scenario.source.as_deref(), "source")?;
        let mut benign: Vec<Group> = Vec::new();
        let mut random = SeededRandom::for_member(self.seed, 0x706c_616e);
        let mut look_alikes = 0;
        let fits = |planted: u32, count: u32| !scenario.fit || planted.saturating_add(count) <= scenario.accounts / 2;
        let rounds = scenario.look_alikes.iter().map(|look_alikes| look_alikes.groups).max().unwrap_or(0);
        // In turn, so that where not all fit some of each are there.
        for round in 0..rounds {
            for wanted in scenario.look_alikes.iter().filter(|wanted| round < wanted.groups) {
                let (least, most) = self.size(wanted);
                let count = log_between(least, most, &mut random);
                let mut group = lookalike::group(wanted.kind, random.next_bits(), count, self.days);
                if fits(look_alikes, count) {
                    look_alikes = look_alikes.saturating_add(count);
                    group.source = source;
                    benign.push(group);
                }
            }
        }
        for (at, planted) in scenario.campaigns.iter().enumerate() {
            self.plant(at, planted.kind, &planted.with, &mut random)?;
            let innocents = if planted.with.shared_accounts { Innocents::default() } else { scenario.innocents };
            self.plant_innocents(innocents, source, &mut random);
        }
        let innocents: u64 =
            self.groups.iter().filter(|group| !group.kind.is_adversary()).map(|group| u64::from(group.count)).sum();
        let planted = innocents + benign.iter().map(|group| u64::from(group.count)).sum::<u64>();
        let rest = u64::from(scenario.accounts)
            .checked_sub(planted)
            .and_then(|rest| u32::try_from(rest).ok())
            .ok_or(ScenarioError::TooMany { planted, accounts: scenario.accounts })?;
        let ordinary = population::ordinary(rest, scenario.per_day, random.next_bits(), source);
        for group in benign.into_iter().chain(ordinary) {
            self.add(group);
        }
        Ok(())
    }

    /// How many accounts a group may have; where groups are to fit, no kind
    /// takes more than its part of half the population.
    fn size(&self, wanted: &LookAlikes) -> (u32, u32) {
        let (least, most) = wanted.accounts.unwrap_or_else(|| lookalike::usual_size(wanted.kind));
        if !self.scenario.fit {
            return (least, most);
        }
        let kinds = u32::try_from(self.scenario.look_alikes.len()).unwrap_or(1).max(1);
        let cap = (self.scenario.accounts / 2 / kinds).max(1);
        (least.min(cap), most.min(cap))
    }

    fn add(&mut self, mut group: Group) -> Range<u32> {
        group.first = self.accounts;
        self.accounts = self.accounts.saturating_add(group.count);
        let range = group.first..self.accounts;
        if group.count > 0 {
            self.groups.push(group);
        }
        range
    }

    fn source(&self, name: Option<&str>, at: &str) -> Result<u16, ScenarioError> {
        let Some(name) = name else { return Ok(0) };
        self.corpus.source(name).ok_or_else(|| ScenarioError::Field {
            at: at.to_owned(),
            reason: format!(
                "no source is called `{name}`; there are {}",
                self.corpus.sources().collect::<Vec<_>>().join(", ")
            ),
        })
    }
}

/// Between two sizes, small ones more often.
fn log_between(least: u32, most: u32, random: &mut SeededRandom) -> u32 {
    let (low, high) = (f64::from(least).ln(), f64::from(most).ln());
    crate::random::whole((low + (high - low) * random.unit()).exp().round()).clamp(least, most)
}
