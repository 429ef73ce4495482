//! What the detector says and does. It is an author like any other: what it
//! may do is a rule of authority, asked against the very state its acts follow.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;
use weir_acts::act::{Act, Parts, private, public};
use weir_acts::campaign::{Bits, Campaign, Seen};
use weir_acts::entry::{BY_DETECTOR, Entry};
use weir_acts::id::AccountId;
use weir_acts::state::State;
use weir_acts::words::{CampaignRole, CampaignStatus};
use weir_acts::{Digest, Time};
use weir_store::durable::{create_private_folder, overwrite_and_remove, sync_folder_of, write_file_atomically};

use super::Control;
use crate::command::CampaignAct;
use crate::refusal::{Refusal, RefusalKind};
use crate::writer::{JobPlan, Planned};

/// The most bytes of a dossier, and of the accounts of one act, that an act
/// carries.
const MOST_BYTES: usize = 48 << 10;

/// The folder of dossiers that are longer.
const WHOLE_DOSSIERS: &str = "campaigns";

/// Fields of a dossier that give way when it is too long, the first first.
const GIVE_WAY: [&str; 6] = ["samples", "families", "related", "not_used", "against", "evidence"];

const HOUR: i64 = 3_600_000;

/// How the detector fares, as it last said.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Detection {
    /// Whether it runs.
    pub on: bool,
    /// The length of an epoch, in seconds.
    pub epoch_seconds: u32,
    /// The end of the last epoch folded.
    pub folded: Option<Time>,
    /// How far the last record it took lies behind the last one written, in
    /// milliseconds.
    pub lag_ms: i64,
    /// Candidates ever born: what the error budget was spent on.
    pub born: u64,
    /// The e-value of ordinary traffic, as a logarithm to base 2: the mean of
    /// the placebos'.
    pub ordinary_log2_e: f64,
    /// Whether it proposes measures.
    pub proposes: bool,
    /// Why it does not run or not propose, or what it could not do.
    pub problem: Option<String>,
}

/// A finding as the detector hands it over.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The campaign's id.
    pub id: String,
    /// What is shown.
    pub status: CampaignStatus,
    /// Its linkage.
    pub log2_e: f64,
    /// When every axis was first shown.
    pub alarm: Time,
    /// Accounts with it.
    pub accounts: u64,
    /// Joint exchanges.
    pub exchanges: u64,
    /// Whether it goes on.
    pub growing: bool,
    /// The dossier as JSON.
    pub dossier: String,
    /// Its accounts.
    pub members: Vec<Seen>,
}

impl Control {
    /// How the detector fares.
    pub fn detection(&self) -> Detection {
        self.inner.detection.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Says how the detector fares.
    pub fn set_detection(&self, detection: Detection) {
        *self.inner.detection.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = detection;
    }

    /// Enters a finding into the log, or what is new about it; false where
    /// nothing is.
    ///
    /// # Errors
    /// When the rules do not let the detector, or it could not be made durable.
    pub async fn tell_campaign(&self, finding: Finding) -> Result<bool, Refusal> {
        if news(&self.published().state, &finding).is_none() {
            return Ok(false);
        }
        let (dossier, beside) = self.fitting(&finding)?;
        let whole = beside.map(|beside| beside.digest);
        let control = self.clone();
        let planned: Planned = Box::new(move |state, at| {
            let Some(members) = news(state, &finding) else { return Err(Refusal::conflict("nothing is new")) };
            let mut acts = vec![told(state.campaigns.get(finding.id.as_str()).map(AsRef::as_ref), &finding, dossier, whole)];
            acts.extend(in_parts(members).into_iter().map(|accounts| {
                let public = public::CampaignMembers { count: accounts.len() as u64 };
                Act::CampaignMembers(Parts { public, private: Some(private::CampaignMembers { accounts }) })
            }));
            for act in &acts {
                control.inner.authority.check_by(state, at, BY_DETECTOR, act.kind(), &weir_rules::ActFacts::default())?;
            }
            let entries = acts.into_iter().map(|act| by_detector(at, &finding.id, act)).collect();
            Ok(JobPlan { entries, answer: None, import: None })
        });
        let told = self.write(planned).await;
        if let Err(Refusal { kind: RefusalKind::Conflict | RefusalKind::Forbidden, .. }) = &told
            && let Some(Beside { digest, is_new: true }) = beside
        {
            self.forget_untold(digest);
        }
        told.map(|_| true)
    }

    /// Removes a dossier of which no act tells: nobody would find it to erase
    /// it. After other failures the act may be durable, and it stays.
    fn forget_untold(&self, kept: Digest) {
        let path = self.whole_dossier(kept);
        if let Err(error) = overwrite_and_remove(&path).and_then(|_| sync_folder_of(&path)) {
            tracing::error!(%error, file = %path.display(), "a dossier that was not told of could not be removed");
        }
    }

    /// Does about the campaign's members what the rules say is done without a
    /// person, or writes it down for one to approve. True where anything was
    /// done.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn act_automatically(&self, campaign: &str) -> Result<bool, Refusal> {
        let (published, now) = (self.published(), self.now());
        if self.automatic(&published.state, now, campaign)?.is_none() {
            return Ok(false);
        }
        let (control, id) = (self.clone(), campaign.to_owned());
        let planned: Planned = Box::new(move |state, at| {
            let command = control.automatic(state, at, &id)?.ok_or_else(|| Refusal::conflict("nothing is to be done"))?;
            let plan = control.allowed_plan(&control.planner(state, at, BY_DETECTOR), &command.into())?;
            Ok(JobPlan { entries: plan.entries, answer: None, import: None })
        });
        match self.write(planned).await {
            Ok(_) => Ok(true),
            Err(Refusal { kind: RefusalKind::Conflict | RefusalKind::Forbidden, message }) => {
                tracing::warn!(campaign, why = message, "no automatic measure was taken");
                Ok(false)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// What is to be done about `campaign` without being asked.
    fn automatic(&self, state: &State, at: Time, campaign: &str) -> Result<Option<CampaignAct>, Refusal> {
        let Some(found) = state.campaigns.get(campaign).filter(|found| found.ended.is_none()) else { return Ok(None) };
        if found.status == CampaignStatus::Suspected || found.unfound().is_some() || matches!(state.detector, Some((_, false, _))) {
            return Ok(None);
        }
        let Some(automatic) = self.inner.authority.automatic(state, at)? else { return Ok(None) };
        let planner = self.planner(state, at, BY_DETECTOR);
        let waits = state.drafts.values().any(|draft| {
            draft.closed.is_none()
                && *draft.by == *BY_DETECTOR
                && draft.drafted.plus_millis(crate::plan::drafts::WAITS_MILLIS) > at
                && draft.with.as_deref().is_some_and(|with| with.contains(&format!("\"{campaign}\"")))
        });
        if waits || planner.those_to_act_on(found, automatic.kind).is_empty() {
            return Ok(None);
        }
        let whole_hours = automatic.lasts % HOUR == 0;
        Ok(Some(CampaignAct {
            id: campaign.to_owned(),
            kind: automatic.kind,
            until: (!whole_hours).then(|| at.plus_millis(automatic.lasts)),
            hours: whole_hours.then(|| u32::try_from(automatic.lasts / HOUR).unwrap_or(u32::MAX)),
            reason: None,
            requests: None,
            tokens: None,
            concurrent: None,
            spend: None,
        }))
    }

    /// Enters into the log whether the detector proposes measures, where that
    /// is another than the log says.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn tell_health(&self, proposes: bool, log2_e: f64) -> Result<bool, Refusal> {
        let said = |state: &State| state.detector.is_none_or(|(_, proposes, _)| proposes);
        let before = self.published().state.detector.is_none_or(|(_, proposes, _)| proposes);
        if before == proposes {
            return Ok(false);
        }
        let control = self.clone();
        let planned: Planned = Box::new(move |state, at| {
            if said(state) == proposes {
                return Err(Refusal::conflict("nothing is new"));
            }
            let public = public::DetectorHealth { proposes, log2_e: Bits::of(log2_e) };
            let act = Act::DetectorHealth(Parts { public, private: None });
            control.inner.authority.check_by(state, at, BY_DETECTOR, act.kind(), &weir_rules::ActFacts::default())?;
            let nobody = weir_acts::id::LogId::from_bytes([0; 10]).to_string();
            Ok(JobPlan { entries: vec![by_detector(at, &nobody, act)], answer: None, import: None })
        });
        self.write(planned).await.map(|_| true)
    }

    /// The dossier as an act carries it; of a longer one what fits, with the
    /// digest of the whole, which is durable in the folder first.
    fn fitting(&self, finding: &Finding) -> Result<(String, Option<Beside>), Refusal> {
        if finding.dossier.len() <= MOST_BYTES {
            return Ok((finding.dossier.clone(), None));
        }
        let cannot = |error: &dyn std::fmt::Display| {
            Refusal::unavailable(format!("the dossier of campaign {} cannot be kept: {error}", finding.id))
        };
        let whole = Digest::of(finding.dossier.as_bytes());
        let path = self.whole_dossier(whole);
        let is_new = !path.try_exists().map_err(|error| cannot(&error))?;
        let beside = Some(Beside { digest: whole, is_new });
        if let Some(folder) = path.parent() {
            create_private_folder(folder).map_err(|error| cannot(&error))?;
        }
        write_file_atomically(&path, finding.dossier.as_bytes(), 0o600).map_err(|error| cannot(&error))?;
        let mut document: serde_json::Value =
            serde_json::from_str(&finding.dossier).map_err(|error| cannot(&error))?;
        let mut cut = String::new();
        for field in GIVE_WAY {
            if let Some(list) = document.get_mut(field) {
                *list = json!([]);
                let _ = write!(cut, "{}{field}", if cut.is_empty() { "" } else { ", " });
            }
            document["cut"] = cut.as_str().into();
            let text = document.to_string();
            if text.len() <= MOST_BYTES {
                return Ok((text, beside));
            }
        }
        Ok((json!({ "id": finding.id, "cut": "everything" }).to_string(), beside))
    }

    /// Where a dossier that no act carries whole is kept.
    pub(crate) fn whole_dossier(&self, whole: Digest) -> PathBuf {
        self.dir().join(WHOLE_DOSSIERS).join(format!("{}.json", whole.hex()))
    }
}

/// A dossier that lies whole beside the log.
#[derive(Debug, Clone, Copy)]
struct Beside {
    digest: Digest,
    /// Whether it was put there just now.
    is_new: bool,
}

/// The accounts to be told of where anything about the finding is new enough
/// to be told; none where nothing is, or the campaign was ended.
fn news(state: &State, finding: &Finding) -> Option<Vec<Seen>> {
    let Some(known) = state.campaigns.get(finding.id.as_str()) else { return Some(finding.members.clone()) };
    if known.ended.is_some() {
        return None;
    }
    let is_new = |seen: &&Seen| known.account(seen.account).is_none_or(|before| before.role != seen.role);
    let mut members: Vec<Seen> = finding.members.iter().filter(is_new).cloned().collect();
    let still: BTreeSet<AccountId> = finding.members.iter().map(|seen| seen.account).collect();
    let left = known.accounts().filter(|seen| seen.role == CampaignRole::Member && !still.contains(&seen.account));
    members.extend(left.map(no_longer_with_it));
    let has_grown = finding.exchanges * 4 >= known.exchanges * 5 && finding.exchanges > known.exchanges;
    let is_other = known.status != finding.status || known.growing != finding.growing || known.unfound().is_some();
    (!members.is_empty() || has_grown || is_other).then_some(members)
}

/// What is said of a member of which the finding tells no more: nothing is done
/// about it from then on.
fn no_longer_with_it(seen: &Seen) -> Seen {
    let (account, since) = (seen.account, seen.since);
    let against = [json!({ "what": "it is no longer found with the group", "bits": 0.0 })];
    let line = json!({ "account": account, "role": CampaignRole::Associated, "since": since, "top": [], "against": against });
    Seen { account, role: CampaignRole::Associated, bits: Bits::default(), since, line: line.to_string() }
}

fn told(known: Option<&Campaign>, finding: &Finding, dossier: String, whole: Option<Digest>) -> Act {
    let Finding { status, alarm, accounts, exchanges, growing, .. } = *finding;
    let log2_e = Bits::of(finding.log2_e);
    match known {
        None => Act::CampaignFound(Parts {
            public: public::CampaignFound { status, log2_e, accounts, exchanges, growing, alarm },
            private: Some(private::CampaignFound { dossier, whole }),
        }),
        Some(_) => Act::CampaignUpdate(Parts {
            public: public::CampaignUpdate { status, log2_e, accounts, exchanges, growing },
            private: Some(private::CampaignUpdate { dossier, whole }),
        }),
    }
}

/// Accounts in parts of bounded size.
fn in_parts(members: Vec<Seen>) -> Vec<Vec<Seen>> {
    let mut parts: Vec<Vec<Seen>> = Vec::new();
    let mut bytes = MOST_BYTES;
    for seen in members {
        // Escaped once more inside the act's own JSON.
        let size = 2 * seen.line.len() + 160;
        if bytes + size > MOST_BYTES || parts.is_empty() {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(part) = parts.last_mut() {
            part.push(seen);
        }
    }
    parts
}

pub(super) fn by_detector(at: Time, subject: &str, act: Act) -> Entry {
    Entry { at, by: BY_DETECTOR.to_owned(), approvals: Vec::new(), subject: subject.to_owned(), basis: None, act }
}
