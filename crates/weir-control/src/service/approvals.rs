//! Changes that take the consent of others: written down instead of refused,
//! approved, and done with the approval that suffices; and the one change that
//! no consent makes possible, after which nobody could change the rules.

use serde_json::value::RawValue;
use weir_acts::Time;
use weir_acts::draft::{Draft, counting};
use weir_acts::governed::Operator;
use weir_acts::state::State;
use weir_acts::words::Role;
use weir_rules::{ActFacts, Authority};

use super::Control;
use super::authority::{Caller, Compiled, facts_of};
use crate::command::Command;
use crate::plan::drafts::{Approvable, approvable};
use crate::plan::{Plan, Planner};
use crate::refusal::Refusal;

/// More approvals than any rule asks for.
pub(super) const MANY: u32 = 16;

impl Control {
    /// What to do about `command`, which the rules of authority refuse: write
    /// it down where approvals would change that, else refuse it.
    pub(super) fn draft_instead(
        &self,
        planner: &Planner<'_>,
        command: &Command,
        refusal: Refusal,
    ) -> Result<Plan, Refusal> {
        let (state, at) = (planner.state, planner.at);
        let allowed = |approvals: u32| {
            let facts = facts_of(command, state, at, approvals as usize);
            self.inner.authority.check_by(state, at, planner.by, command.action(), &facts).is_ok()
        };
        let Some(needed) = (1..=MANY).find(|approvals| allowed(*approvals)) else { return Err(refusal) };
        if let Command::DirectiveEnact(enact) = command {
            let message = format!("{}; others approve it by `weir approve {}`", refusal.message, enact.id);
            return Err(Refusal { message, ..refusal });
        }
        // It must be possible as it stands, or others would approve nothing.
        let plan = planner.plan(command)?;
        if !plan.secrets.is_empty() {
            let message = format!("{}; it shows a secret, so it cannot wait for approval", refusal.message);
            return Err(Refusal { message, ..refusal });
        }
        self.inner.authority.check_by(state, at, planner.by, "draft.add", &ActFacts::default())?;
        planner.draft(command, needed)
    }

    /// The approval of `id`, and the acts of what it approves once that is
    /// allowed.
    pub(super) fn approved(&self, planner: &Planner<'_>, approver: Caller, id: &str) -> Result<Plan, Refusal> {
        let (state, at) = (planner.state, planner.at);
        let mut plan = planner.plan(&crate::command::DraftApprove { id: id.to_owned() }.into())?;
        let Some(Approvable::Change(draft)) = approvable(state, id) else { return Ok(plan) };
        let command = command_of(draft)?;
        let could = facts_of(&command, state, at, MANY as usize);
        self.inner.authority.check(state, at, approver, command.action(), &could).map_err(|refusal| {
            let message = format!("only who could do it may approve it: {}", refusal.message);
            Refusal { message, ..refusal }
        })?;
        let mut next = state.clone();
        for entry in &plan.entries {
            next.apply(entry).map_err(|error| Refusal::conflict(error.problem.to_string()))?;
        }
        let Some(draft) = next.drafts.get(&draft.id) else { return Ok(plan) };
        let approvals = counting(&draft.approvals, &next.operators, &draft.by, at);
        let facts = facts_of(&command, &next, at, approvals.len());
        if let Err(refusal) = self.inner.authority.check_by(&next, at, &draft.by, command.action(), &facts) {
            plan.warnings.push(format!("approved; it still waits: {}", refusal.message));
            return Ok(plan);
        }
        let by_author = Planner { state: &next, by: &draft.by, approvals: &approvals, ..*planner };
        let done = by_author.plan(&command).map_err(|refusal| {
            let message = format!("the draft can no longer be carried out: {}; drop it", refusal.message);
            Refusal { message, ..refusal }
        })?;
        self.inner.authority.check_rules_stay_changeable(&next, at, &command, &done)?;
        plan.entries.extend(done.entries);
        plan.entries.push(planner.close(draft.id, true));
        plan.warnings.extend(done.warnings);
        plan.extras.extend(done.extras);
        plan.extras.insert("carried_out".into(), command.verb().into());
        Ok(plan)
    }
}

pub(super) fn command_of(draft: &Draft) -> Result<Command, Refusal> {
    let erased = || Refusal::conflict(format!("the text of draft {} was erased", draft.id));
    let unreadable =
        |error: serde_json::Error| Refusal::conflict(format!("draft {} cannot be read: {error}", draft.id));
    let with = RawValue::from_string(draft.with.as_deref().ok_or_else(erased)?.to_owned()).map_err(unreadable)?;
    Command::from_parts(&draft.command, &with).map_err(unreadable)
}

impl Compiled {
    /// Refuses what would leave nobody who could change the rules.
    pub(super) fn check_rules_stay_changeable(
        &self,
        state: &State,
        at: Time,
        command: &Command,
        plan: &Plan,
    ) -> Result<(), Refusal> {
        let matters = matches!(command, Command::RulesSet(_) | Command::RulesUpgrade(_) | Command::OperatorRevoke(_) | Command::TokenRevoke(_));
        if !matters {
            return Ok(());
        }
        let mut next = state.clone();
        for entry in &plan.entries {
            next.apply(entry).map_err(|error| Refusal::conflict(error.problem.to_string()))?;
        }
        let authority = Authority::compile(&next, at).map_err(|error| Refusal::invalid(error.to_string()))?;
        if rules_can_be_changed(&authority, &next, at) {
            return Ok(());
        }
        Err(Refusal::conflict("after this nobody could change the rules any more"))
    }
}

/// Whether some operators could change the rules, themselves or by adding
/// further ones.
fn rules_can_be_changed(authority: &Authority, state: &State, at: Time) -> bool {
    let able =
        |operator: &&Operator| operator.life.holds(at) && operator.tokens.values().any(|token| token.life.holds(at));
    let operators: Vec<&Operator> = state.operators.values().filter(able).collect();
    let may = |operator: &Operator, kind: &str, approvals: u32| {
        let facts = ActFacts { approvals, ..ActFacts::default() };
        authority.may(&operator.id.to_string(), &operator.roles, kind, &facts).is_ok()
    };
    let with_consent = |operator: &&&Operator, kind: &str| {
        let approves =
            |other: &&&Operator| other.id != operator.id && may(other, "draft.approve", 0) && may(other, kind, MANY);
        let approvals = u32::try_from(operators.iter().filter(approves).count()).unwrap_or(MANY);
        may(operator, kind, approvals)
    };
    if operators.iter().any(|operator| with_consent(&operator, "rules.set")) {
        return true;
    }
    let adds = operators.iter().any(|operator| with_consent(&operator, "operator.add"));
    let of_role = |role: &Role| {
        let facts = ActFacts { approvals: MANY, ..ActFacts::default() };
        let consents = authority.may("another", &[*role], "draft.approve", &ActFacts::default()).is_ok();
        consents && authority.may("somebody", &[*role], "rules.set", &facts).is_ok()
    };
    adds && Role::ALL.iter().any(of_role)
}
