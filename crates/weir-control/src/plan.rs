//! From a command to the acts that would carry it out. Planning is pure but
//! for the randomness of ids and keys: it looks at a state and either names
//! the acts or refuses with one sentence. Nothing is changed here.

pub(crate) mod campaigns;
mod directives;
pub(crate) mod drafts;
mod erasing;
mod governed;
mod holders;
mod issuers;
mod limits;
mod log_key;
mod measures;
mod operators;
mod records;
mod texts;

pub use erasing::{Erasing, Names};
pub(crate) use holders::authors_of_appealed;

use serde_json::{Map, Value as Json};
use weir_acts::Time;
use weir_acts::act::{Act, Parts};
use weir_acts::entry::{Approval, Basis, Entry};
use weir_acts::state::State;

use crate::command::Command;
use crate::refusal::Refusal;
use weir_acts::key::Pepper;

/// The acts that carry out a command, and what its answer says beside them.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The acts, in order; appended in one transaction or not at all.
    pub entries: Vec<Entry>,
    /// The id of what was made or changed.
    pub id: Option<String>,
    /// More fields of the answer, such as the key that is shown once.
    pub extras: Map<String, Json>,
    /// Names of the extras that are secrets: shown once, never stored.
    pub secrets: &'static [&'static str],
    /// Sentences for the operator that do not stop the act.
    pub warnings: Vec<String>,
}

/// What planning may look at.
#[derive(Debug, Clone, Copy)]
pub struct Planner<'a> {
    /// The state the acts will follow.
    pub state: &'a State,
    /// The time they will bear.
    pub at: Time,
    /// The operator's id, or `weir`.
    pub by: &'a str,
    /// The secret under which API keys are stored.
    pub pepper: &'a Pepper,
    /// Who consented; every act of the plan names them.
    pub approvals: &'a [Approval],
    /// Digest and counts of the last preview shown of the directive named.
    pub last_preview: Option<&'a LastPreview>,
    /// What an erasure would erase, found in the log.
    pub erasing: Option<&'a Erasing>,
}

/// What an operator was last shown about a draft.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LastPreview {
    /// Digest of the preview.
    pub digest: weir_acts::Digest,
    /// How many acts the log had.
    pub tree_size: u64,
    /// The counts shown.
    pub counts: Counts,
}

/// The four counts of a preview.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Accounts that keep what they had.
    pub keep: u64,
    /// Accounts that lose a model.
    pub lose: u64,
    /// Accounts about which the condition cannot be told.
    pub unknown: u64,
    /// Accounts that had none of the models.
    pub without_access: u64,
}

impl Plan {
    pub(crate) fn one(entry: Entry, id: impl ToString) -> Plan {
        Plan { entries: vec![entry], id: Some(id.to_string()), ..Plan::default() }
    }

    /// The same, after another act in the same transaction.
    pub(crate) fn after(mut self, first: Option<Entry>) -> Plan {
        if let Some(first) = first {
            self.entries.insert(0, first);
        }
        self
    }
}

impl Planner<'_> {
    /// Plans a command.
    ///
    /// # Errors
    /// When it does not fit the state or says something no act may say.
    pub fn plan(&self, command: &Command) -> Result<Plan, Refusal> {
        match command {
            Command::OperatorAdd(command) => self.operator_add(command),
            Command::OperatorRevoke(command) => self.operator_revoke(&command.name),
            Command::TokenIssue(command) => self.token_issue(&command.name),
            Command::TokenRevoke(command) => self.token_revoke(&command.name),
            Command::LogKey(command) => self.log_key(command),
            Command::PartyAdd(command) => self.party_add(command),
            Command::PartyClose(command) => self.party_close(&command.id),
            Command::ClaimDeclare(command) => self.claim_declare(command),
            Command::ClaimAdd(command) => self.claim_add(command),
            Command::ClaimRetract(command) => self.claim_retract(command.id),
            Command::AccountAdd(command) => self.account_add(&command.account),
            Command::AccountSuspend(command) => self.account_suspend(&command.account),
            Command::AccountRestore(command) => self.account_restore(&command.account),
            Command::AccountClose(command) => self.account_close(&command.account),
            Command::IssuerAdd(command) => self.issuer_add(command),
            Command::IssuerRemove(command) => self.issuer_remove(command.id),
            Command::KeyIssue(command) => self.key_issue(&command.account),
            Command::KeyRevoke(command) => self.key_revoke(command.id),
            Command::ModelAdd(command) => self.model_add(command),
            Command::ModelMeter(command) => self.model_meter(command),
            Command::ModelRetire(command) => self.model_retire(&command.id),
            Command::StageSet(command) => self.stage_set(command),
            Command::GrantAdd(command) => self.grant_add(command),
            Command::GrantRevoke(command) => self.grant_revoke(command.id),
            Command::RulesSet(command) => self.rules_set(&command.files),
            Command::RulesUpgrade(command) => self.rules_upgrade(&command.rules),
            Command::DirectiveDraft(command) => self.directive_draft(command),
            Command::DirectiveEnact(command) => self.directive_enact(&command.id),
            Command::DirectiveLift(command) => self.directive_lift(command),
            Command::DirectiveDrop(command) => self.directive_drop(&command.id),
            Command::DraftApprove(command) => self.draft_approve(&command.id),
            Command::DraftDrop(command) => self.draft_drop(command.id),
            Command::MeasureTake(command) => self.measure_take(command),
            Command::CampaignAct(command) => self.campaign_act(command),
            Command::CampaignEnd(command) => self.campaign_end(command),
            Command::LimitSet(command) => self.limit_set(command),
            Command::MeasureLift(command) => self.measure_lift(command.id),
            Command::AppealDecide(command) => self.appeal_decide(command),
            Command::HoldPlace(command) => self.hold_place(command),
            Command::HoldLift(command) => self.hold_lift(command.id),
            Command::TextRead(command) => self.text_read(command),
            Command::PrivateErase(command) => self.private_erase(command),
        }
    }

    fn entry(&self, subject: impl ToString, act: Act) -> Entry {
        self.entry_on(subject, None, act)
    }

    fn entry_on(&self, subject: impl ToString, basis: Option<Basis>, act: Act) -> Entry {
        Entry {
            at: self.at,
            by: self.by.to_owned(),
            approvals: self.approvals.to_vec(),
            subject: subject.to_string(),
            basis,
            act,
        }
    }
}

/// Both parts of an act.
const fn parts<P, S>(public: P, private: S) -> Parts<P, S> {
    Parts { public, private: Some(private) }
}

/// An act with nothing private.
const fn open<P, S>(public: P) -> Parts<P, S> {
    Parts { public, private: None }
}
