//! How good findings are, held against the truth of a simulation.
//!
//! A campaign is found when one dossier holds at least half of its accounts
//! and at least half of that dossier's accounts are its own. Of a dossier with
//! status `campaign` its members count; of a `suspected` one, which has none,
//! the accounts associated with it, and it is counted apart.

mod read;
mod shown;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::Serialize;
use weir_acts::Time;

pub use read::ScoreError;
use read::{Dossier, Found, Truth};

/// A share seen, with Wilson's interval at 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// The share; absent where there is nothing to share.
    pub share: Option<f64>,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Share {
    /// `count` of `of`.
    #[must_use]
    pub fn new(count: u64, of: u64) -> Self {
        let (low, high) = wilson(count, of);
        let share = (of > 0).then(|| float(count) / float(of));
        Self { count, of, share, low, high }
    }
}

/// Wilson's score interval at 95 % (Wilson, 1927): it keeps its meaning at 0
/// and at 1, where the usual one has no width.
#[must_use]
pub fn wilson(count: u64, of: u64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    if of == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (float(of), float(count) / float(of));
    let middle = p + Z * Z / (2.0 * n);
    let width = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    let low = if count == 0 { 0.0 } else { ((middle - width) / scale).max(0.0) };
    let high = if count == of { 1.0 } else { ((middle + width) / scale).min(1.0) };
    (low, high)
}

/// One campaign of the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CampaignScore {
    /// Its name.
    pub campaign: String,
    /// Its kind.
    pub kind: String,
    /// Its accounts.
    pub accounts: u64,
    /// Its exchanges in all.
    pub exchanges: u64,
    /// The dossier that found it, if one did.
    pub dossier: Option<String>,
    /// Whether that dossier has status `campaign`.
    pub confirmed: bool,
    /// Of its accounts, those in the dossier; where none found it, in the one
    /// that holds most.
    pub recall: Share,
    /// Of that dossier's accounts, those that are its own.
    pub precision: Share,
    /// Exchanges before and at the alarm; all where there was none.
    pub leaked: u64,
    /// Hours from its first exchange to the alarm.
    pub hours_to_alarm: Option<f64>,
}

/// One way of counting: confirmed dossiers, or suspected ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counted {
    /// Dossiers.
    pub dossiers: u64,
    /// Dossiers that found no campaign.
    pub false_dossiers: u64,
    /// Campaigns found.
    pub recall: Share,
    /// Accounts of found campaigns that are in the dossiers that found them.
    pub account_recall: Share,
    /// Accounts in dossiers that found a campaign that are that campaign's.
    pub account_precision: Share,
    /// Accounts of no campaign in any dossier, of all such.
    pub benign_flagged: Share,
    /// The same by kind, those with any.
    pub flagged_by_kind: BTreeMap<String, Share>,
}

/// What `weir score` says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Each campaign, by name.
    pub campaigns: Vec<CampaignScore>,
    /// Dossiers with status `campaign`, whose members count.
    pub confirmed: Counted,
    /// Dossiers with status `suspected`, whose associated accounts count.
    pub suspected: Counted,
    /// Campaigns found by either.
    pub recall_of_either: Share,
}

/// Holds what was found against the truth.
///
/// # Errors
/// [`ScoreError`] when a file is missing or is not what it should be.
pub fn score(found: &Path, sim: &Path) -> Result<Score, ScoreError> {
    let truth = Truth::read(sim)?;
    let found = Found::read(found, &truth)?;
    Ok(judge(&found, &truth))
}

fn judge(found: &Found, truth: &Truth) -> Score {
    let campaigns: Vec<CampaignScore> = truth.campaigns.keys().map(|name| campaign(name, found, truth)).collect();
    let hits = campaigns.iter().filter(|campaign| campaign.dossier.is_some()).count() as u64;
    Score {
        confirmed: counted(&campaigns, found, truth, true),
        suspected: counted(&campaigns, found, truth, false),
        recall_of_either: Share::new(hits, campaigns.len() as u64),
        campaigns,
    }
}

fn campaign(name: &str, found: &Found, truth: &Truth) -> CampaignScore {
    let own = &truth.campaigns[name];
    let common = |dossier: &Dossier| dossier.accounts.intersection(&own.accounts).count() as u64;
    let holds = |dossier: &Dossier| {
        let common = common(dossier);
        common > 0 && 2 * common >= own.accounts.len() as u64 && 2 * common >= dossier.accounts.len() as u64
    };
    // A confirmed dossier before a suspected one, the fullest of several.
    let best = found
        .dossiers
        .iter()
        .filter(|dossier| common(dossier) > 0)
        .max_by_key(|dossier| (holds(dossier), dossier.confirmed, common(dossier)));
    let finder = best.filter(|dossier| holds(dossier));
    let shares = best.map_or((0, 0), |dossier| (common(dossier), dossier.accounts.len() as u64));
    let alarm = finder.and_then(|dossier| dossier.alarm);
    CampaignScore {
        campaign: name.to_owned(),
        kind: own.kind.clone(),
        accounts: own.accounts.len() as u64,
        exchanges: own.times.len() as u64,
        dossier: finder.map(|dossier| dossier.id.clone()),
        confirmed: finder.is_some_and(|dossier| dossier.confirmed),
        recall: Share::new(shares.0, own.accounts.len() as u64),
        precision: Share::new(shares.0, shares.1),
        leaked: own.times.iter().filter(|time| alarm.is_none_or(|alarm| **time <= alarm)).count() as u64,
        hours_to_alarm: alarm.zip(own.times.iter().min()).map(|(alarm, first)| hours(alarm, *first)),
    }
}

fn counted(campaigns: &[CampaignScore], found: &Found, truth: &Truth, confirmed: bool) -> Counted {
    let by_id: HashMap<&str, &Dossier> = found.dossiers.iter().map(|dossier| (dossier.id.as_str(), dossier)).collect();
    let hits: Vec<&CampaignScore> =
        campaigns.iter().filter(|campaign| campaign.dossier.is_some() && campaign.confirmed == confirmed).collect();
    let finders: BTreeSet<&str> = hits.iter().filter_map(|hit| hit.dossier.as_deref()).collect();
    let dossiers: Vec<&Dossier> = found.dossiers.iter().filter(|dossier| dossier.confirmed == confirmed).collect();
    let (mut right, mut held) = (0, 0);
    for id in &finders {
        let accounts = &by_id[id].accounts;
        held += accounts.len() as u64;
        // Two campaigns on the same accounts may share a dossier.
        let own: Vec<&BTreeSet<u32>> = hits
            .iter()
            .filter(|hit| hit.dossier.as_deref() == Some(*id))
            .map(|hit| &truth.campaigns[&hit.campaign].accounts)
            .collect();
        right += accounts.iter().filter(|account| own.iter().any(|own| own.contains(account))).count() as u64;
    }
    let flagged: BTreeSet<u32> = dossiers.iter().flat_map(|dossier| dossier.accounts.iter().copied()).collect();
    let mut by_kind = BTreeMap::<&str, (u64, u64)>::new();
    for (at, account) in (0_u32..).zip(&truth.accounts).filter(|(_, account)| account.campaigns == 0) {
        let counts = by_kind.entry(&truth.kinds[usize::from(account.kind)]).or_default();
        counts.0 += u64::from(flagged.contains(&at));
        counts.1 += 1;
    }
    let benign = by_kind.values().fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
    Counted {
        dossiers: dossiers.len() as u64,
        false_dossiers: dossiers.iter().filter(|dossier| !finders.contains(dossier.id.as_str())).count() as u64,
        recall: Share::new(hits.len() as u64, campaigns.len() as u64),
        account_recall: Share::new(
            hits.iter().map(|hit| hit.recall.count).sum(),
            hits.iter().map(|hit| hit.recall.of).sum(),
        ),
        account_precision: Share::new(right, held),
        benign_flagged: Share::new(benign.0, benign.1),
        flagged_by_kind: by_kind
            .into_iter()
            .filter(|(_, counts)| counts.0 > 0)
            .map(|(kind, counts)| (kind.to_owned(), Share::new(counts.0, counts.1)))
            .collect(),
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of accounts are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of a run are far below 2^52")]
fn hours(later: Time, earlier: Time) -> f64 {
    later.since(earlier) as f64 / 3_600_000.0
}

#[cfg(test)]
mod tests;
