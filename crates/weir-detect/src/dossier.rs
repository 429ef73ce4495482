//! What is told of a finding: the entries of `campaigns.json` and the lines of
//! `members.jsonl` (contracts, section 6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_acts::Time;

/// An entry of `campaigns.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dossier {
    /// Stable across runs of one deployment.
    pub id: String,
    /// What was shown.
    pub status: Status,
    /// The linkage e-process now, as a logarithm to base 2.
    pub log2_e: f64,
    /// The end of the epoch in which it was confirmed.
    pub alarm: Time,
    /// Whether it goes on.
    pub state: State,
    /// Accounts listed: members and associated.
    pub accounts: u64,
    /// Joint exchanges seen (of the sampled ones).
    pub exchanges: u64,
    /// The first joint epoch's beginning.
    pub first: Time,
    /// The last joint epoch's end.
    pub last: Time,
    /// Bits on each axis.
    pub axes: Axes,
    /// What speaks for it.
    pub evidence: Vec<Evidence>,
    /// What speaks against it.
    pub against: Vec<Weighed>,
    /// Its templates.
    pub families: Vec<Family>,
    /// What was taken so far.
    pub taken: Taken,
    /// What innocent thing looks most like it.
    pub nearest_lookalike: Lookalike,
    /// Exchanges to read.
    pub samples: Vec<Sample>,
    /// Other findings with something in common.
    pub related: Vec<Related>,
    /// What acting would cost innocents.
    pub innocent_use: InnocentUse,
    /// What could not be used, and why.
    pub not_used: Vec<String>,
    /// What the error guarantee covers.
    pub guarantee: String,
    /// How to run it again.
    pub provenance: Provenance,
}

/// What a finding shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Linkage, harvest and concealment.
    Campaign,
    /// Linkage and harvest; concealment cannot be assessed, or by no more than that the
    /// accounts are new, or all that speaks against it is their one e-mail domain.
    Suspected,
}

/// Whether a finding goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Joint exchanges in the last day.
    Growing,
    /// None in the last day.
    Quiet,
}

/// Bits on each axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Axes {
    /// One operator.
    pub linkage: f64,
    /// The joint work builds a training set.
    pub harvest: f64,
    /// The operator is hidden; absent where it cannot be assessed.
    pub concealment: Option<f64>,
}

/// Something that speaks for a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its dependence block.
    pub block: String,
    /// In words.
    pub what: String,
    /// How much.
    pub bits: f64,
    /// How many accounts show it.
    pub accounts: u64,
}

/// Something with its weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    /// In words.
    pub what: String,
    /// How much; negative speaks against.
    pub bits: f64,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// Its text, slots as `⟨…⟩`. Text from a log: hostile.
    pub template: String,
    /// The share of the joint exchanges that show it.
    pub share: f64,
}

/// What was taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// Joint exchanges.
    pub exchanges: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Shares of the models.
    pub by_model: BTreeMap<String, f64>,
    /// Shares of the elicitation classes.
    pub by_class: BTreeMap<String, f64>,
}

/// The nearest innocent explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lookalike {
    /// What it would be.
    pub kind: String,
    /// Why it is not.
    pub told_apart_by: String,
}

/// An exchange to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Its id.
    pub exchange: String,
    /// Why it is shown.
    pub role: String,
}

/// Another finding with something in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Related {
    /// Its id.
    pub campaign: String,
    /// What is shared.
    pub shared: String,
}

/// What acting would cost innocents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InnocentUse {
    /// The members' exchanges outside the joint work (of the sampled ones).
    pub exchanges_outside: u64,
    /// When the oldest member signed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_account: Option<Time>,
}

/// How to run it again. The caller fills in inputs and command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// This crate's version.
    pub version: String,
    /// Digests of the inputs.
    pub inputs: Vec<String>,
    /// Digest of the constants.
    pub constants: String,
    /// The command line.
    pub command: String,
}

/// A line of `members.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberLine {
    /// The finding.
    pub campaign: String,
    /// The account.
    pub account: String,
    /// Whether it may be acted on.
    pub role: Role,
    /// Its own test, with it left out of the group.
    pub bits: f64,
    /// When it first took part.
    pub since: Time,
    /// Of its sampled exchanges since, the share that was joint work.
    pub share_of_own_traffic: f64,
    /// What brings its bits; sums to `bits` together with `against`.
    pub top: Vec<Weighed>,
    /// What speaks against.
    pub against: Vec<Weighed>,
    /// The fewest pieces of evidence without which it would not be a member; a rerun
    /// without them shows it (see [`crate::Detector::leave_out`]).
    pub smallest_removal: Vec<String>,
}

/// What an account is to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Shown to take part by its own test.
    Member,
    /// Seen with it; never acted on.
    Associated,
}
