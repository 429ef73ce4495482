//! Changes: a command is planned and checked by the writer against the state
//! it will follow, and answered once its acts are in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value as Json, json};
use tokio::sync::oneshot;
use weir_acts::draft::counting;
use weir_acts::entry::Approval;
use weir_acts::state::State;
use weir_acts::{Digest, Time};
use weir_rules::ActFacts;

use super::Control;
use super::authority::{Caller, facts_of};
use super::idempotency::Keyed;
use crate::command::{Command, LogKey, MeasureTake};
use crate::log_keys;
use crate::plan::{Erasing, Plan, Planner};
use crate::refusal::Refusal;
use crate::writer::{Job, JobPlan, Planned, Written};

/// The answer to an accepted change.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted(pub Map<String, Json>);

/// What planning leaves behind for the answer.
type Answer = Arc<Mutex<Map<String, Json>>>;

impl Control {
    /// Carries out `command` for `caller`, once under an `Idempotency-Key`.
    ///
    /// # Errors
    /// When it is refused or could not be made durable; nothing was changed.
    pub async fn change(&self, caller: Caller, command: Command, key: Option<String>) -> Result<Accepted, Refusal> {
        if matches!(command, Command::TextRead(_)) {
            return Err(Refusal::invalid("a text is read by POST /admin/v1/exchange/text"));
        }
        let keyed = key.map(|key| {
            let request = serde_json::to_vec(&command).map_err(|error| Refusal::invalid(error.to_string()))?;
            Ok::<_, Refusal>(Keyed { scope: caller.operator.to_string(), key, request: Digest::of(&request) })
        });
        let keyed = keyed.transpose()?;
        let _held = match &keyed {
            None => None,
            Some(keyed) => match self.hold(keyed)? {
                (_, Some(answer)) => return Ok(Accepted(answer)),
                (held, None) => Some(held),
            },
        };
        let (command, waiting) = self.with_new_log_key(command)?;
        let moved = self.moved_since_preview(&command, caller).await?;
        let erasing = self.erasing(&command, caller).await?;
        let erases = !erasing.found.is_empty();
        let answer = Answer::default();
        let planned = self.planned(caller, command, (keyed, moved, erasing), Arc::clone(&answer));
        let written = self.write(planned).await;
        if let (Err(_), Some(waiting)) = (&written, waiting) {
            // A key without an act is nobody's; one that stays does no harm.
            let _removed = log_keys::remove(&waiting);
        }
        let written = written?;
        let mut answer = std::mem::take(&mut *answer.lock().unwrap_or_else(PoisonError::into_inner));
        if erases && let Some(why) = self.erased().await {
            answer.insert("warnings".into(), json!([why]));
        }
        self.fill_in(&mut answer, &written);
        Ok(Accepted(answer))
    }

    /// A change of the log's key with a fresh key that waits in its file; other
    /// commands as they are.
    fn with_new_log_key(&self, command: Command) -> Result<(Command, Option<PathBuf>), Refusal> {
        let Command::LogKey(LogKey { overlap_days, statement }) = command else { return Ok((command, None)) };
        if statement.is_some() {
            return Err(Refusal::invalid("log.key: the server makes the key and its statement"));
        }
        let prepared = log_keys::prepare(self.dir());
        let (path, statement) = prepared.map_err(|error| Refusal::unavailable(format!("no new key: {error}")))?;
        Ok((LogKey { overlap_days, statement: Some(statement) }.into(), Some(path)))
    }

    /// Carries out many commands as one transaction: all or none. For seeding;
    /// `by` is an operator's id or `weir`.
    ///
    /// # Errors
    /// When any is refused; nothing was changed.
    pub async fn change_all(&self, by: String, commands: Vec<Command>) -> Result<Vec<Accepted>, Refusal> {
        let answers: Arc<Mutex<Vec<Accepted>>> = Arc::default();
        let kept = Arc::clone(&answers);
        let control = self.clone();
        let planned: Planned = Box::new(move |state, at| {
            let mut trial = state.clone();
            let mut entries = Vec::new();
            for command in &commands {
                let planner = control.planner(&trial, at, &by);
                let plan = planner.plan(command)?;
                for entry in &plan.entries {
                    trial.apply(entry).map_err(|error| Refusal::conflict(error.problem.to_string()))?;
                }
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(Accepted(answer_of(&plan)));
                entries.extend(plan.entries);
            }
            Ok(JobPlan { entries, answer: None, import: None })
        });
        self.write(planned).await?;
        Ok(std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Appends what `plan` makes of the state, outside any command.
    pub(crate) async fn write(&self, plan: Planned) -> Result<Written, Refusal> {
        let (reply, answered) = oneshot::channel();
        let gone = || Refusal::unavailable("this server is stopping; nothing was changed");
        self.jobs().ok_or_else(gone)?.send(Job { plan, reply }).map_err(|_| gone())?;
        answered.await.map_err(|_| {
            Refusal::unavailable("the writer stopped before it answered: ask the log whether the act is in it")
        })?
    }

    pub(super) fn planner<'a>(&'a self, state: &'a State, at: Time, by: &'a str) -> Planner<'a> {
        Planner { state, at, by, pepper: &self.inner.pepper, approvals: &[], last_preview: None, erasing: None }
    }

    /// The plan of `command`, once the rules of authority allow it; of a draft
    /// where they would with approvals.
    fn planned_of(
        &self,
        state: &State,
        at: Time,
        caller: Caller,
        command: &Command,
        erasing: &Erasing,
    ) -> Result<Plan, Refusal> {
        let by = caller.operator.to_string();
        let approvals = given(command, state, &by, at);
        let planner = Planner { approvals: &approvals, erasing: Some(erasing), ..self.planner(state, at, &by) };
        if let Command::DraftApprove(approve) = command {
            let facts = facts_of(command, state, at, approvals.len());
            self.inner.authority.check(state, at, caller, command.action(), &facts)?;
            return self.approved(&planner, caller, &approve.id);
        }
        let preview = self.last_preview_of(command);
        let plan = self.allowed_plan(&Planner { last_preview: preview.as_ref(), ..planner }, command)?;
        self.inner.authority.check_rules_stay_changeable(state, at, command, &plan)?;
        Ok(plan)
    }

    /// The plan of `command` by whom the planner names, or of its draft.
    pub(super) fn allowed_plan(&self, planner: &Planner<'_>, command: &Command) -> Result<Plan, Refusal> {
        let (state, at, by) = (planner.state, planner.at, planner.by);
        let facts = facts_of(command, state, at, planner.approvals.len());
        if let Err(refusal) = self.inner.authority.check_by(state, at, by, command.action(), &facts) {
            return self.draft_instead(planner, command, refusal);
        }
        let names_campaign = matches!(command, Command::MeasureTake(MeasureTake { campaign: Some(_), .. }));
        if names_campaign || matches!(command, Command::CampaignAct(_)) {
            self.inner.authority.check_by(state, at, by, "measure.evidence", &ActFacts::default())?;
        }
        planner.plan(command)
    }

    fn planned(
        &self,
        caller: Caller,
        command: Command,
        (keyed, moved, erasing): (Option<Keyed>, Vec<String>, Erasing),
        answer: Answer,
    ) -> Planned {
        let control = self.clone();
        Box::new(move |state, at| {
            let mut plan = control.planned_of(state, at, caller, &command, &erasing)?;
            plan.warnings.extend(moved);
            let mut told = answer_of(&plan);
            let kept = keyed.map(|keyed| {
                let mut without_secrets = told.clone();
                for secret in plan.secrets {
                    without_secrets.remove(*secret);
                }
                keyed.answered(state.size, &without_secrets)
            });
            if plan.entries.len() > 1 {
                told.insert("acts".into(), json!(plan.entries.len()));
            }
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = told;
            Ok(JobPlan { entries: plan.entries, answer: kept, import: None })
        })
    }

    pub(crate) fn fill_in(&self, answer: &mut Map<String, Json>, written: &Written) {
        let rest = std::mem::take(answer);
        answer.insert("act".into(), json!(written.index));
        answer.insert("leaf".into(), json!(weir_acts::hex::encode(&written.leaf.0)));
        answer.insert("receipt".into(), json!(self.receipt_url(written.index)));
        answer.extend(rest);
    }
}

/// The approvals that count for `command` by `by`: those of the drafted
/// directive that it enacts.
fn given(command: &Command, state: &State, by: &str, at: Time) -> Vec<Approval> {
    let Command::DirectiveEnact(enact) = command else { return Vec::new() };
    let directive = state.directive_named(&enact.id);
    directive.map_or_else(Vec::new, |directive| counting(&directive.approvals, &state.operators, by, at))
}

pub(super) fn answer_of(plan: &Plan) -> Map<String, Json> {
    let mut answer = plan.extras.clone();
    if let Some(id) = &plan.id {
        answer.insert("id".into(), json!(id));
    }
    if !plan.warnings.is_empty() {
        answer.insert("warnings".into(), json!(plan.warnings));
    }
    answer
}
