//! What is to be simulated, as data: read from TOML or JSON, or a preset.

mod presets;

use serde::{Deserialize, Serialize};

use super::campaign::{Campaign, Dispatch};
use super::kind::Kind;

/// Groups of one look-alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LookAlikes {
    /// Which: `B1` to `B10`, `small-firm` and so on.
    pub kind: Kind,
    /// How many groups.
    #[serde(default = "one")]
    pub groups: u32,
    /// Accounts in a group: the kind's own range where absent, else drawn from
    /// this range, small ones more often.
    #[serde(default)]
    pub accounts: Option<(u32, u32)>,
}

/// A campaign of a named kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Planted {
    /// `A1` to `A14`; what it changes of the defaults is in `with` already
    /// when it comes from a preset.
    pub kind: Kind,
    /// Its parameters.
    #[serde(default)]
    pub with: Campaign,
}

/// Innocents planted beside each campaign, to be mistaken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Innocents {
    /// Customers behind the campaign's proxy exits.
    pub same_proxies: u32,
    /// Users of the public harness that it uses.
    pub public_harness: u32,
    /// People who copied its template from a forum.
    pub forum_template: u32,
    /// Customers with a stolen key.
    pub stolen_key: u32,
    /// Bystanders framed: its template, its exits, its harness.
    pub bystander: u32,
}

impl Innocents {
    /// A few of each.
    pub const SOME: Self =
        Self { same_proxies: 40, public_harness: 40, forum_template: 20, stolen_key: 3, bystander: 2 };
}

/// Something that happens to everybody at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields, rename_all = "kebab-case")]
pub enum Shock {
    /// A new model: activity rises by `rise` and falls back within days; each
    /// account takes the model up after a time of its own, or never.
    Launch {
        /// The day.
        day: f64,
        /// By how much activity rises, 1 is double.
        rise: f64,
    },
    /// Nothing is answered for some hours; then people make up for it.
    Outage {
        /// The day.
        day: f64,
        /// How long.
        hours: f64,
    },
    /// A prompt goes round: a share of conversations begins with it.
    Viral {
        /// The day.
        day: f64,
        /// How long.
        hours: f64,
        /// The share of conversations.
        share: f64,
    },
}

impl Shock {
    pub(super) fn day(self) -> f64 {
        match self {
            Self::Launch { day, .. } | Self::Outage { day, .. } | Self::Viral { day, .. } => day,
        }
    }
}

/// What is to be simulated. With the data it determines every byte.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Everything drawn is drawn from it.
    pub seed: u64,
    /// Days of traffic.
    pub days: u32,
    /// The first moment, RFC 3339.
    pub start: String,
    /// Benign accounts in all, look-alikes and planted innocents included.
    pub accounts: u32,
    /// Exchanges of the median ordinary account on a day.
    pub per_day: f64,
    /// The share of conversations that begin with what many people type
    /// alike: the heavy tail of repeats.
    pub common: f64,
    /// The file of prompts that benign texts come from; all where absent.
    pub source: Option<String>,
    /// Whether the accounts file is kept back.
    pub without_accounts_file: bool,
    /// Whether look-alikes are planted only as far as they fit: groups of at
    /// most their kind's part of half the population, and none beyond half.
    pub fit: bool,
    /// Groups of look-alikes among the benign accounts.
    pub look_alikes: Vec<LookAlikes>,
    /// Campaigns.
    pub campaigns: Vec<Planted>,
    /// Innocents beside each campaign.
    pub innocents: Innocents,
    /// What happens to everybody.
    pub shocks: Vec<Shock>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: "benign".to_owned(),
            seed: 1,
            days: 14,
            start: "2026-05-04T00:00:00Z".to_owned(),
            accounts: 20_000,
            per_day: 1.0,
            common: 0.02,
            source: None,
            without_accounts_file: false,
            fit: false,
            look_alikes: Vec::new(),
            campaigns: Vec::new(),
            innocents: Innocents::default(),
            shocks: Vec::new(),
        }
    }
}

/// Why a scenario cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// A field holds what cannot be.
    #[error("{at}: {reason}")]
    Field {
        /// Where.
        at: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The planted groups are more than the population.
    #[error(
        "the look-alikes and planted innocents are {planted} accounts, but only {accounts} benign ones are asked for; \
         ask for more or plant fewer"
    )]
    TooMany {
        /// Accounts planted.
        planted: u64,
        /// Accounts asked for.
        accounts: u32,
    },
}

impl Scenario {
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        let field = |at: &str, reason: String| Err(ScenarioError::Field { at: at.to_owned(), reason });
        if !(1..=3650).contains(&self.days) {
            return field("days", format!("{} is not between 1 and 3650", self.days));
        }
        if !(0.0..=1000.0).contains(&self.per_day) {
            return field("per-day", format!("{} is not between 0 and 1000", self.per_day));
        }
        if !(0.0..=1.0).contains(&self.common) {
            return field("common", format!("{} is no share between 0 and 1", self.common));
        }
        for (at, look_alikes) in self.look_alikes.iter().enumerate() {
            let at = format!("look-alikes[{at}]");
            if !look_alikes.kind.is_look_alike() {
                return field(&at, format!("`{}` is no look-alike", look_alikes.kind));
            }
            if look_alikes.accounts.is_some_and(|(least, most)| least == 0 || most < least) {
                return field(&at, "`accounts` must be a range from 1 upward, such as [5, 150]".to_owned());
            }
        }
        for (at, planted) in self.campaigns.iter().enumerate() {
            let at = format!("campaigns[{at}]");
            if !planted.kind.is_adversary() {
                return field(&at, format!("`{}` is no adversary", planted.kind));
            }
            if let Err(reason) = planted.with.check() {
                return field(&at, reason);
            }
            if planted.with.shared_accounts && planted.with.dispatch != Dispatch::Queue {
                return field(&at, "`shared-accounts` takes `dispatch = \"queue\"`".to_owned());
            }
            if planted.with.shared_accounts && at == "campaigns[0]" {
                return field(&at, "`shared-accounts` takes a campaign before it".to_owned());
            }
        }
        for (at, shock) in self.shocks.iter().enumerate() {
            if !shock.day().is_finite() {
                return field(&format!("shocks[{at}]"), "`day` is not a number".to_owned());
            }
        }
        Ok(())
    }
}

fn one() -> u32 {
    1
}
