//! What a run is asked for on the command line: a scenario, changed.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use weir_detect::{Settings, Trial, Without};
use weir_sim::traffic::{Campaign, Innocents, Kind, LookAlikes, Scenario, Shock};

use crate::data::Data;

/// A scenario and how it is to be judged.
#[derive(Debug, Clone, Args)]
pub struct Asked {
    /// A preset
    #[arg(long, default_value = "first")]
    pub scenario: String,
    /// Benign accounts
    #[arg(long)]
    pub accounts: Option<u32>,
    /// Accounts of each campaign
    #[arg(long)]
    pub campaign_accounts: Option<u32>,
    /// Days of traffic
    #[arg(long)]
    pub days: Option<u32>,
    /// Everything drawn is drawn from it
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder with prompts and arrivals
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// A file of that folder to pass over, without its ending: a source of prompts, a family of arrivals
    #[arg(long, value_name = "NAME")]
    pub without_file: Vec<String>,
    /// The file of prompts that benign texts come from
    #[arg(long)]
    pub source: Option<String>,
    /// Keep the accounts file back
    #[arg(long)]
    pub without_accounts: bool,
    /// The chance, at most, of a false confirmation
    #[arg(long, default_value_t = 0.01)]
    pub alpha: f64,
    /// Parameters of every campaign, changed: a JSON object as in a scenario file
    #[arg(long)]
    pub with: Option<String>,
    /// Each campaign is a point of the adaptive adversary's space, drawn from this seed
    #[arg(long)]
    pub point: Option<u64>,
    /// So many groups of every look-alike beside, as far as they fit
    #[arg(long, default_value_t = 0)]
    pub look_alikes: u32,
    /// Campaigns after the first run on the accounts of the one before
    #[arg(long)]
    pub shared: bool,
    /// Draw everything from beyond the ranges that the detector was developed on
    #[arg(long)]
    pub held_out: Option<u64>,
    /// The day on which a model is launched, instead of the scenario's own
    #[arg(long, value_name = "DAY")]
    pub launch: Option<f64>,
    /// No innocents beside the campaigns
    #[arg(long)]
    pub no_innocents: bool,
    /// Leave a part of the evidence out
    #[arg(long, value_enum)]
    pub leave_out: Option<LeaveOut>,
    /// Multiply every stated chance of a member by this
    #[arg(long, default_value_t = 1.0)]
    pub m: f64,
    /// Multiply every prior's odds by this
    #[arg(long, default_value_t = 1.0)]
    pub prior: f64,
    /// Break the guarantee: choose bets by the epoch they are settled on
    #[arg(long)]
    pub same_epoch: bool,
    /// Mebibytes for anchors
    #[arg(long, default_value_t = 1024)]
    pub memory: u64,
    /// Seconds of an epoch
    #[arg(long, default_value_t = 3600)]
    pub epoch: u32,
}

/// See [`Without`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LeaveOut {
    /// What texts say.
    Text,
    /// Lockstep.
    Time,
    /// What speaks against.
    Negative,
    /// Repeats.
    Repeats,
    /// Likeness to oneself.
    Interchangeability,
    /// The group; pairs instead.
    Group,
    /// Going over to a new model.
    Pivot,
    /// Use out of line with the plan.
    Quota,
}

impl From<LeaveOut> for Without {
    fn from(part: LeaveOut) -> Without {
        match part {
            LeaveOut::Text => Without::Text,
            LeaveOut::Time => Without::Time,
            LeaveOut::Negative => Without::Negative,
            LeaveOut::Repeats => Without::Repeats,
            LeaveOut::Interchangeability => Without::Interchangeability,
            LeaveOut::Group => Without::Group,
            LeaveOut::Pivot => Without::Pivot,
            LeaveOut::Quota => Without::Quota,
        }
    }
}

impl Asked {
    /// The scenario asked for.
    ///
    /// # Errors
    /// When there is no such preset, or a parameter cannot be.
    pub fn scenario(&self) -> Result<Scenario> {
        let names = Scenario::preset_names().collect::<Vec<_>>().join(", ");
        let mut scenario =
            Scenario::preset(&self.scenario).with_context(|| format!("no such preset; there are {names}"))?;
        if let Some(seed) = self.held_out {
            scenario = crate::held_out::draw(seed)?;
        }
        scenario.seed = self.seed;
        scenario.without_accounts_file = self.without_accounts;
        scenario.source.clone_from(&self.source);
        if self.no_innocents {
            scenario.innocents = Innocents::default();
        }
        if let Some(accounts) = self.accounts {
            scenario.accounts = accounts;
        }
        if let Some(days) = self.days {
            scenario.days = days;
        }
        if self.look_alikes > 0 && !scenario.campaigns.is_empty() {
            let all = Kind::ALL.iter().filter(|kind| kind.is_look_alike() && **kind != Kind::B8);
            scenario.look_alikes =
                all.map(|&kind| LookAlikes { kind, groups: self.look_alikes, accounts: None }).collect();
        }
        for (at, planted) in scenario.campaigns.iter_mut().enumerate() {
            if let Some(point) = self.point {
                planted.with = Campaign::at(&Campaign::random_point(point + at as u64));
            }
            if let Some(changes) = &self.with {
                planted.with = changed(&planted.with, changes)?;
            }
        }
        if let Some(day) = self.launch {
            scenario.shocks.retain(|shock| !matches!(shock, Shock::Launch { .. }));
            scenario.shocks.push(Shock::Launch { day, rise: 0.6 });
        }
        if self.shared {
            scenario.campaigns.iter_mut().skip(1).for_each(|planted| planted.with.shared_accounts = true);
        }
        if let Some(accounts) = self.campaign_accounts {
            scenario.set_campaign_accounts(accounts);
        }
        Ok(scenario)
    }

    /// What it is made of.
    pub fn data(&self) -> Data<'_> {
        Data { folder: self.data.as_deref(), without: &self.without_file }
    }

    /// The settings asked for.
    pub fn settings(&self) -> Settings {
        let trial = Trial {
            without: self.leave_out.map(Without::from),
            m: self.m,
            prior: self.prior,
            same_epoch: self.same_epoch,
        };
        let (alpha, memory, epoch_seconds) = (self.alpha, self.memory << 20, self.epoch);
        Settings { key: [7; 16], alpha, memory, epoch_seconds, trial }
    }
}

/// A campaign with some of its parameters changed.
fn changed(with: &Campaign, changes: &str) -> Result<Campaign> {
    let mut all = serde_json::to_value(with)?;
    let changes: serde_json::Value = serde_json::from_str(changes).context("--with is no JSON")?;
    let (Some(all_fields), Some(changes)) = (all.as_object_mut(), changes.as_object()) else {
        bail!("--with is no JSON object");
    };
    for (name, value) in changes {
        all_fields.insert(name.clone(), value.clone());
    }
    serde_json::from_value(all).context("--with")
}
