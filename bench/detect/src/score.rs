//! Findings against the truth, in memory: the same rules as `weir score`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use weir_detect::{Findings, Role, Status};
use weir_sim::traffic::AccountTruth;

/// One campaign of the truth.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CampaignScore {
    /// Its name.
    pub campaign: String,
    /// Its accounts.
    pub accounts: usize,
    /// Its exchanges.
    pub exchanges: usize,
    /// Whether one dossier holds half of it and is half it.
    pub found: bool,
    /// Whether that dossier has status `campaign`.
    pub confirmed: bool,
    /// The share of its accounts in the best dossier.
    pub recall: f64,
    /// The share of that dossier's accounts that are its own.
    pub precision: f64,
    /// Exchanges up to the alarm.
    pub leaked: usize,
    /// Hours from the first exchange to the alarm.
    pub hours: Option<f64>,
}

/// What a run scored.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Score {
    /// Each campaign.
    pub campaigns: Vec<CampaignScore>,
    /// Benign accounts.
    pub benign: usize,
    /// Of them, members of a dossier with status `campaign`, by kind.
    pub flagged: BTreeMap<String, usize>,
    /// Dossiers of status `campaign` that found no campaign.
    pub false_campaigns: usize,
    /// Dossiers of status `suspected` that found no campaign.
    pub false_suspected: usize,
}

/// Scores findings. `of_campaigns` holds each campaign's exchanges by time.
pub fn score(findings: &Findings, truth: &[AccountTruth], of_campaigns: &BTreeMap<String, Vec<i64>>) -> Score {
    let kinds: BTreeMap<&str, &AccountTruth> = truth.iter().map(|line| (line.account.as_str(), line)).collect();
    let mut members: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let suspected: BTreeSet<&str> =
        findings.dossiers.iter().filter(|d| d.status == Status::Suspected).map(|d| d.id.as_str()).collect();
    for line in &findings.members {
        let counts = line.role == Role::Member || suspected.contains(line.campaign.as_str());
        if counts {
            members.entry(line.campaign.as_str()).or_default().insert(line.account.as_str());
        }
    }
    let mut score = Score { benign: truth.iter().filter(|t| t.campaigns.is_empty()).count(), ..Score::default() };
    let mut used = BTreeSet::new();
    for (name, times) in of_campaigns {
        let own: BTreeSet<&str> =
            truth.iter().filter(|t| t.campaigns.contains(name)).map(|t| t.account.as_str()).collect();
        let mut best =
            CampaignScore { campaign: name.clone(), accounts: own.len(), exchanges: times.len(), ..Default::default() };
        best.leaked = times.len();
        for dossier in &findings.dossiers {
            let Some(accounts) = members.get(dossier.id.as_str()) else { continue };
            let both = accounts.intersection(&own).count() as f64;
            let (recall, precision) = (both / own.len().max(1) as f64, both / accounts.len().max(1) as f64);
            if recall >= 0.5 && precision >= 0.5 {
                used.insert(dossier.id.as_str());
            }
            // A dossier that finds it goes before a larger one that does not.
            let finds = recall >= 0.5 && precision >= 0.5;
            if (finds, recall) > (best.found, best.recall) {
                (best.recall, best.precision) = (recall, precision);
                best.found = recall >= 0.5 && precision >= 0.5;
                best.confirmed = dossier.status == Status::Campaign;
                let alarm = dossier.alarm.millis();
                best.leaked = times.iter().filter(|time| **time < alarm).count();
                best.hours = times.first().map(|first| (alarm - first) as f64 / 3.6e6);
            }
        }
        score.campaigns.push(best);
    }
    for dossier in findings.dossiers.iter().filter(|dossier| !used.contains(dossier.id.as_str())) {
        match dossier.status {
            Status::Campaign => score.false_campaigns += 1,
            Status::Suspected => score.false_suspected += 1,
        }
    }
    let flagged: BTreeSet<&str> =
        findings.members.iter().filter(|line| line.role == Role::Member).map(|line| line.account.as_str()).collect();
    for account in flagged {
        if let Some(line) = kinds.get(account).filter(|line| line.campaigns.is_empty()) {
            *score.flagged.entry(line.kind.to_string()).or_default() += 1;
        }
    }
    score
}
