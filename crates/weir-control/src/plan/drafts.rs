//! Planning acts about drafts: a change that takes the approval of others is
//! written down, approved, and carried out with the approval that suffices.

use weir_acts::Time;
use weir_acts::act::{Act, private, public};
use weir_acts::digest::Digest;
use weir_acts::draft::Draft;
use weir_acts::governed::Directive;
use weir_acts::id::{DirectiveId, DraftId};
use weir_acts::state::State;

use super::{Plan, Planner, open, parts};
use crate::command::Command;
use crate::refusal::Refusal;

/// How long a draft can still be approved: seven days. Consent to what was
/// true weeks ago is no consent.
pub(crate) const WAITS_MILLIS: i64 = 7 * 24 * 3_600 * 1_000;

/// What an approval can be given to.
pub(crate) enum Approvable<'s> {
    /// A change that waits.
    Change(&'s Draft),
    /// A drafted directive.
    Directive(&'s Directive),
}

/// What `id` names: a draft, a directive by its own id, or by its random one.
pub(crate) fn approvable<'s>(state: &'s State, id: &str) -> Option<Approvable<'s>> {
    if let Some(draft) = id.parse::<DraftId>().ok().and_then(|id| state.drafts.get(&id)) {
        return Some(Approvable::Change(draft));
    }
    let by_random_id = id.parse::<DirectiveId>().ok().and_then(|id| state.directives.get(&id));
    by_random_id.or_else(|| state.directive_named(id)).map(Approvable::Directive)
}

/// Who wrote what `id` names.
pub(crate) fn author<'s>(state: &'s State, id: &str) -> Option<&'s str> {
    approvable(state, id).map(|found| match found {
        Approvable::Change(draft) => &*draft.by,
        Approvable::Directive(directive) => &*directive.drafted_by,
    })
}

/// Whether `draft` can still be approved at `at`.
pub(super) fn check_waits(draft: &Draft, at: Time) -> Result<(), Refusal> {
    if draft.closed.is_some() {
        return Err(Refusal::conflict(format!("draft {} was {} already", draft.id, draft.status())));
    }
    if draft.drafted.plus_millis(WAITS_MILLIS) <= at {
        return Err(Refusal::conflict(format!(
            "draft {} was written {} and lapsed after seven days: ask for the change again",
            draft.id, draft.drafted
        )));
    }
    Ok(())
}

impl Planner<'_> {
    /// Writes `command` down, to be done once `needed` others approve.
    pub(crate) fn draft(&self, command: &Command, needed: u32) -> Result<Plan, Refusal> {
        let json = serde_json::to_value(command).map_err(|error| Refusal::invalid(error.to_string()))?;
        let act = Act::DraftAdd(parts(
            public::DraftAdd { command: command.verb().to_owned() },
            private::DraftAdd { with: json["with"].to_string() },
        ));
        let id = DraftId::random()?;
        let mut plan = Plan::one(self.entry(id, act), id);
        plan.extras.insert("approvals_needed".into(), needed.into());
        let others = if needed == 1 {
            "1 other operator approves".to_owned()
        } else {
            format!("{needed} other operators approve")
        };
        plan.warnings.push(format!(
            "nothing is changed yet: `{}` is done once {others}, each by `weir approve {id}`, within seven days",
            command.verb(),
        ));
        Ok(plan)
    }

    pub(super) fn draft_approve(&self, id: &str) -> Result<Plan, Refusal> {
        let found =
            approvable(self.state, id).ok_or_else(|| Refusal::not_found(format!("there is no draft `{id}`")))?;
        let (subject, approvals, digest) = match found {
            Approvable::Change(draft) => {
                check_waits(draft, self.at)?;
                (draft.id.to_string(), &draft.approvals, draft.digest())
            }
            Approvable::Directive(directive) => {
                if directive.enacted.is_some() || directive.dropped.is_some() {
                    let status = directive.status(self.at);
                    return Err(Refusal::conflict(format!("`{id}` is {status}; only a draft is approved")));
                }
                (directive.id.to_string(), &directive.approvals, directive.digest())
            }
        };
        let saw: Digest = digest.ok_or_else(|| Refusal::conflict(format!("the text of `{id}` was erased")))?;
        if approvals.keys().any(|by| by.to_string() == self.by) {
            return Err(Refusal::conflict(format!("you have approved `{id}` already")));
        }
        let act = Act::DraftApprove(open(public::DraftApprove { saw }));
        Ok(Plan::one(self.entry(&subject, act), id))
    }

    pub(super) fn draft_drop(&self, id: DraftId) -> Result<Plan, Refusal> {
        let draft = self.state.drafts.get(&id);
        let draft = draft.ok_or_else(|| Refusal::not_found(format!("there is no draft {id}")))?;
        if draft.closed.is_some() {
            return Err(Refusal::conflict(format!("draft {id} was {} already", draft.status())));
        }
        Ok(Plan::one(self.close(id, false), id))
    }

    /// The act that ends a draft.
    pub(crate) fn close(&self, id: DraftId, carried_out: bool) -> weir_acts::Entry {
        self.entry(id, Act::DraftClose(open(public::DraftClose { carried_out })))
    }
}
