//! What else could be done with the same fields. Each baseline sees the same
//! exchanges as the detector and gives groups of accounts at each of its
//! settings; which setting is used is chosen afterwards, on the very log it is
//! scored on, as the one that finds most among those that flag no more innocent
//! accounts than the budget allows. That is more than a deployment could do,
//! and it is in their favour.

mod addresses;
mod components;
mod minhash;
mod rates;
mod splink;
mod synchrotrap;

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use weir_exchange::{LoggedAccount, LoggedExchange};

pub use addresses::Addresses;
pub use components::Components;
pub use minhash::MinHash;
pub use rates::Rates;
pub use splink::Splink;
pub use synchrotrap::SynchroTrap;

/// A detector to compare with.
pub trait Baseline {
    /// What it is, in a few words.
    fn name(&self) -> &'static str;
    /// Sees one exchange of an account.
    fn see(&mut self, account: u32, exchange: &LoggedExchange);
    /// Is told what the accounts file says of an account that was seen.
    fn know(&mut self, _account: u32, _known: &LoggedAccount) {}
    /// Everything was seen.
    ///
    /// # Errors
    /// When it is another program, and that fails.
    fn ready(&mut self) -> Result<()> {
        Ok(())
    }
    /// Its settings, the most cautious first.
    fn settings(&self) -> Vec<f64>;
    /// The groups it flags at a setting.
    fn groups(&self, setting: f64) -> Vec<Vec<u32>>;
}

/// All that need no other program, in the order of the tables.
pub fn all() -> Vec<Box<dyn Baseline>> {
    vec![
        Box::new(Rates::default()),
        Box::new(Addresses::default()),
        Box::new(Components::default()),
        Box::new(MinHash::default()),
        Box::new(SynchroTrap::default()),
    ]
}

/// What the truth says of an account: the campaign it is of, if any.
pub type Truth = Vec<Option<usize>>;

/// How a baseline did at the setting that its budget allows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scored {
    /// The baseline.
    pub name: &'static str,
    /// Innocent accounts it might flag.
    pub budget: usize,
    /// The setting, or none where each flags more.
    pub setting: Option<f64>,
    /// Campaigns of which half is in one group that is half theirs.
    pub found: usize,
    /// Campaigns in all.
    pub campaigns: usize,
    /// The share of campaign accounts flagged.
    pub recall: f64,
    /// The share of flagged accounts that are a campaign's.
    pub precision: f64,
    /// Innocent accounts flagged.
    pub benign: usize,
}

/// Scores a baseline at the setting that recalls most accounts within the
/// budget.
pub fn score(baseline: &dyn Baseline, truth: &Truth, budget: usize) -> Scored {
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for campaign in truth.iter().flatten() {
        *sizes.entry(*campaign).or_default() += 1;
    }
    let accounts: usize = sizes.values().sum();
    let mut best = Scored {
        name: baseline.name(),
        budget,
        setting: None,
        found: 0,
        campaigns: sizes.len(),
        recall: 0.0,
        precision: 1.0,
        benign: 0,
    };
    for setting in baseline.settings() {
        let (mut found, mut guilty, mut benign) = (std::collections::BTreeSet::new(), 0, 0);
        for group in baseline.groups(setting) {
            let mut of: BTreeMap<usize, usize> = BTreeMap::new();
            for campaign in group.iter().filter_map(|&account| truth.get(account as usize).copied().flatten()) {
                *of.entry(campaign).or_default() += 1;
            }
            let inside: usize = of.values().sum();
            guilty += inside;
            benign += group.len() - inside;
            for (campaign, count) in of {
                if count * 2 >= sizes[&campaign] && count * 2 >= group.len() {
                    found.insert(campaign);
                }
            }
        }
        let recall = guilty as f64 / accounts.max(1) as f64;
        if benign <= budget && (found.len(), recall) > (best.found, best.recall) {
            let precision = guilty as f64 / (guilty + benign).max(1) as f64;
            best = Scored { setting: Some(setting), found: found.len(), recall, precision, benign, ..best };
        }
    }
    best
}

/// Sets of accounts joined through what they share.
#[derive(Debug, Default)]
struct Joined {
    parent: Vec<u32>,
}

impl Joined {
    fn root(&mut self, account: u32) -> u32 {
        let place = account as usize;
        if place >= self.parent.len() {
            let from = self.parent.len() as u32;
            self.parent.extend(from..=account);
        }
        let mut at = account;
        while self.parent[at as usize] != at {
            self.parent[at as usize] = self.parent[self.parent[at as usize] as usize];
            at = self.parent[at as usize];
        }
        at
    }

    fn join(&mut self, left: u32, right: u32) {
        let (left, right) = (self.root(left), self.root(right));
        let (low, high) = (left.min(right), left.max(right));
        self.parent[high as usize] = low;
    }

    /// Sets with at least so many accounts.
    fn groups(mut self, least: usize) -> Vec<Vec<u32>> {
        let mut of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for account in 0..self.parent.len() as u32 {
            let root = self.root(account);
            of.entry(root).or_default().push(account);
        }
        of.into_values().filter(|group| group.len() >= least).collect()
    }
}

/// A 64-bit hash of bytes (FNV-1a with a finish): baselines need no key.
fn hash(bytes: &[u8]) -> u64 {
    let folded = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    finish(folded)
}

/// Spreads a hash's bits (the finish of MurmurHash3).
fn finish(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The texts that a template would be seen in: system and last user message.
fn texts(exchange: &LoggedExchange) -> impl Iterator<Item = &str> {
    let of = |role: &'static str| move |message: &&weir_exchange::LoggedMessage| message.role == role;
    let system = exchange.messages.iter().find(of("system"));
    let user = exchange.messages.iter().rev().find(of("user"));
    system.into_iter().chain(user).map(|message| message.content.as_str())
}

#[cfg(test)]
mod tests;
