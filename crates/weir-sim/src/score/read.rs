//! The files that a score is made from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use weir_acts::Time;

use crate::traffic::Kind;

/// Why nothing can be scored.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}, line {line}: {reason}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

/// An account of the truth.
pub(super) struct Account {
    pub(super) kind: u16,
    pub(super) campaigns: u32,
}

/// A campaign of the truth.
#[derive(Default)]
pub(super) struct Own {
    pub(super) kind: String,
    pub(super) accounts: BTreeSet<u32>,
    pub(super) times: Vec<Time>,
}

/// What was so.
pub(super) struct Truth {
    pub(super) accounts: Vec<Account>,
    pub(super) kinds: Vec<String>,
    pub(super) campaigns: BTreeMap<String, Own>,
    names: HashMap<String, u32>,
}

/// A finding.
pub(super) struct Dossier {
    pub(super) id: String,
    pub(super) confirmed: bool,
    pub(super) alarm: Option<Time>,
    pub(super) accounts: BTreeSet<u32>,
}

/// What was found.
pub(super) struct Found {
    pub(super) dossiers: Vec<Dossier>,
}

/// A line of the truth, as `AccountTruth` is written; its kind is any name, so that a log
/// from elsewhere can be scored too.
#[derive(Deserialize)]
struct OfAnAccount {
    account: String,
    #[serde(default)]
    campaigns: Vec<String>,
    kind: String,
}

#[derive(Deserialize)]
struct SignedUp {
    account: String,
}

#[derive(Deserialize)]
struct ExchangeTruth {
    id: String,
    campaign: Option<String>,
}

#[derive(Deserialize)]
struct Logged {
    id: String,
    time: Time,
}

#[derive(Deserialize)]
struct Campaign {
    id: String,
    status: Status,
    #[serde(default)]
    alarm: Option<Time>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Campaign,
    Suspected,
}

#[derive(Deserialize)]
struct Member {
    campaign: String,
    account: String,
    role: Role,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Role {
    Member,
    Associated,
}

impl Truth {
    pub(super) fn read(sim: &Path) -> Result<Self, ScoreError> {
        let mut truth =
            Self { accounts: Vec::new(), kinds: Vec::new(), campaigns: BTreeMap::new(), names: HashMap::new() };
        for_each(&sim.join("truth.jsonl"), |_, line: OfAnAccount| {
            truth.add(line);
            Ok(())
        })?;
        truth.read_others(&sim.join("accounts.jsonl"))?;
        truth.read_times(sim)?;
        Ok(truth)
    }

    fn add(&mut self, line: OfAnAccount) {
        let index = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX);
        let known = self.kinds.iter().position(|kind| *kind == line.kind);
        let kind = known.unwrap_or_else(|| {
            self.kinds.push(line.kind.clone());
            self.kinds.len() - 1
        });
        for campaign in &line.campaigns {
            let own = self.campaigns.entry(campaign.clone()).or_default();
            own.kind.clone_from(&line.kind);
            own.accounts.insert(index);
        }
        let kind = u16::try_from(kind).unwrap_or(u16::MAX);
        self.accounts.push(Account { kind, campaigns: u32::try_from(line.campaigns.len()).unwrap_or(u32::MAX) });
        self.names.insert(line.account, index);
    }

    /// Accounts of which the truth says nothing are no campaign's: a truth from
    /// elsewhere may name the guilty alone.
    fn read_others(&mut self, path: &Path) -> Result<(), ScoreError> {
        let is_there = path.try_exists().map_err(|source| ScoreError::Read { path: path.to_owned(), source })?;
        if !is_there {
            return Ok(());
        }
        for_each(path, |_, line: SignedUp| {
            if !self.names.contains_key(&line.account) {
                self.add(OfAnAccount { account: line.account, campaigns: Vec::new(), kind: Kind::Benign.to_string() });
            }
            Ok(())
        })
    }

    /// The times of campaigns' exchanges: the truth and the log tell the same
    /// exchanges in the same order.
    fn read_times(&mut self, sim: &Path) -> Result<(), ScoreError> {
        let mut campaign_of = HashMap::new();
        for_each(&sim.join("exchange-truth.jsonl"), |_, line: ExchangeTruth| {
            if let Some(campaign) = line.campaign {
                campaign_of.insert(line.id, campaign);
            }
            Ok(())
        })?;
        for path in logs(sim)? {
            for_each(&path, |_, line: Logged| {
                if let Some(own) = campaign_of.get(&line.id).and_then(|campaign| self.campaigns.get_mut(campaign)) {
                    own.times.push(line.time);
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Found {
    pub(super) fn read(found: &Path, truth: &Truth) -> Result<Self, ScoreError> {
        let path = found.join("campaigns.json");
        let file = File::open(&path).map_err(|source| ScoreError::Read { path: path.clone(), source })?;
        let campaigns: Vec<Campaign> = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| ScoreError::Line { path, line: error.line() as u64, reason: error.to_string() })?;
        let mut dossiers: Vec<Dossier> = campaigns
            .into_iter()
            .map(|campaign| Dossier {
                confirmed: campaign.status == Status::Campaign,
                id: campaign.id,
                alarm: campaign.alarm,
                accounts: BTreeSet::new(),
            })
            .collect();
        let at: HashMap<String, usize> =
            dossiers.iter().enumerate().map(|(at, dossier)| (dossier.id.clone(), at)).collect();
        let path = found.join("members.jsonl");
        for_each(&path, |line, member: Member| {
            let wrong = |reason: String| ScoreError::Line { path: path.clone(), line, reason };
            let dossier = at
                .get(&member.campaign)
                .ok_or_else(|| wrong(format!("no dossier has the id `{}`", member.campaign)))?;
            let account = truth.names.get(&member.account).ok_or_else(|| {
                wrong(format!(
                    "the account `{}` is not in the simulation: were these findings made from its log?",
                    member.account
                ))
            })?;
            let dossier = &mut dossiers[*dossier];
            if (member.role == Role::Member) == dossier.confirmed {
                dossier.accounts.insert(*account);
            }
            Ok(())
        })?;
        Ok(Self { dossiers })
    }
}

/// The files of the log, in order.
fn logs(sim: &Path) -> Result<Vec<PathBuf>, ScoreError> {
    let failed = |source| ScoreError::Read { path: sim.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(sim).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("exchanges") && (name.ends_with(".jsonl.gz") || name.ends_with(".jsonl")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn for_each<T: DeserializeOwned>(
    path: &Path,
    mut each: impl FnMut(u64, T) -> Result<(), ScoreError>,
) -> Result<(), ScoreError> {
    let failed = |source| ScoreError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mut reader: Box<dyn BufRead> = if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(file)))
    } else {
        Box::new(BufReader::with_capacity(1 << 18, file))
    };
    let mut text = Vec::new();
    let mut line = 0;
    loop {
        text.clear();
        if reader.read_until(b'\n', &mut text).map_err(failed)? == 0 {
            return Ok(());
        }
        line += 1;
        let value = serde_json::from_slice(&text).map_err(|error| ScoreError::Line {
            path: path.to_owned(),
            line,
            reason: error.to_string(),
        })?;
        each(line, value)?;
    }
}
