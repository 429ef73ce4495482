//! Who asks, and whether the rules of authority let them. Both are asked twice
//! for a change: when the request comes in, and again by the writer against
//! the very state the act will follow, so that a revocation in the same moment
//! is obeyed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use subtle::ConstantTimeEq as _;
use weir_acts::entry::BY_DETECTOR;
use weir_acts::governed::{Operator, Rule};
use weir_acts::id::{MeasureId, OperatorId};
use weir_acts::state::State;
use weir_acts::words::{MeasureKind, Role, Stage};
use weir_acts::{Digest, Time};
use weir_rules::{ActFacts, Authority, Automatic, hours_of};

use super::Control;
use crate::command::Command;
use crate::names;
use crate::plan::{authors_of_appealed, drafts};
use crate::refusal::{Refusal, RefusalKind};
use crate::secrets::OperatorToken;

/// An operator who showed a valid token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub operator: OperatorId,
}

type Rules = Arc<std::collections::BTreeMap<Arc<str>, Rule>>;

/// Answers beyond which all are forgotten.
const MOST_ANSWERS: usize = 4_096;

/// The rules of authority, compiled once for each set of rules in the state.
#[derive(Default)]
pub(super) struct Compiled(Mutex<Option<Kept>>);

struct Kept {
    rules: Rules,
    authority: Arc<Authority>,
    /// What these rules permitted: they decide by what is asked and nothing
    /// else.
    permitted: HashSet<Asked>,
}

/// All that the rules of authority are asked with.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Asked {
    by: String,
    roles: Vec<Role>,
    action: String,
    author: Option<String>,
    stage: Option<Stage>,
    measure: Option<MeasureKind>,
    hours: Option<i64>,
    approvals: u32,
}

impl Asked {
    fn of(by: &str, roles: &[Role], action: &str, facts: &ActFacts<'_>) -> Asked {
        // Named one by one, so that a fact that is added is asked with too.
        let ActFacts { author, stage, measure, hours, approvals } = *facts;
        Asked {
            by: by.to_owned(),
            roles: roles.to_vec(),
            action: action.to_owned(),
            author: author.map(str::to_owned),
            stage,
            measure,
            hours,
            approvals,
        }
    }
}

impl Compiled {
    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, state: &State, at: Time) -> Result<Arc<Authority>, Refusal> {
        let mut kept = self.kept();
        if let Some(kept) = kept.as_ref().filter(|kept| Arc::ptr_eq(&kept.rules, &state.rules)) {
            return Ok(Arc::clone(&kept.authority));
        }
        let authority = Authority::compile(state, at)
            .map_err(|error| Refusal::unavailable(format!("the rules of authority cannot be compiled: {error}")))?;
        let authority = Arc::new(authority);
        let rules = Arc::clone(&state.rules);
        *kept = Some(Kept { rules, authority: Arc::clone(&authority), permitted: HashSet::new() });
        Ok(authority)
    }

    /// How long what the action `of` deletes is kept, in milliseconds, and by which rule; none
    /// where they are kept for good.
    pub(super) fn retention(&self, state: &State, at: Time, of: &str) -> Result<Option<(String, i64)>, Refusal> {
        Ok(self.of(state, at)?.retention_of(of).map(|(rule, keep)| (rule.to_string(), keep)))
    }

    /// Whether `caller` may do what `action` names under `state`.
    pub(super) fn check(
        &self,
        state: &State,
        at: Time,
        caller: Caller,
        action: &str,
        facts: &ActFacts<'_>,
    ) -> Result<(), Refusal> {
        self.check_by(state, at, &caller.operator.to_string(), action, facts)
    }

    /// As [`Compiled::check`], of an operator's id or the detector.
    pub(super) fn check_by(
        &self,
        state: &State,
        at: Time,
        by: &str,
        action: &str,
        facts: &ActFacts<'_>,
    ) -> Result<(), Refusal> {
        let roles = match by {
            BY_DETECTOR => &[][..],
            by => {
                let operator = by.parse().ok().and_then(|id: OperatorId| state.operators.get(&id));
                let holds = operator.filter(|operator| operator.life.holds(at));
                holds.ok_or_else(unauthenticated)?.roles.as_slice()
            }
        };
        let authority = self.of(state, at)?;
        let asked = Asked::of(by, roles, action, facts);
        let of_these_rules = |kept: &&mut Kept| Arc::ptr_eq(&kept.authority, &authority);
        if self.kept().as_mut().filter(of_these_rules).is_some_and(|kept| kept.permitted.contains(&asked)) {
            return Ok(());
        }
        authority.may(by, roles, action, facts).map_err(|refusal| {
            if refusal.alarm {
                tracing::error!(%refusal, "a rule of authority could not be evaluated");
            }
            let lacking = refusal.rule.is_none().then(|| weir_rules::lacking_for(state, at, action)).flatten();
            Refusal::forbidden(match lacking {
                Some(rule) => format!(
                    "{refusal}; this log was begun before there was rule `{rule}`, which speaks of it: see `weir rules upgrade`"
                ),
                None => refusal.to_string(),
            })
        })?;
        if let Some(kept) = self.kept().as_mut().filter(of_these_rules) {
            if kept.permitted.len() >= MOST_ANSWERS {
                kept.permitted.clear();
            }
            kept.permitted.insert(asked);
        }
        Ok(())
    }

    /// What the detector does by itself about a campaign's members.
    pub(super) fn automatic(&self, state: &State, at: Time) -> Result<Option<Automatic>, Refusal> {
        Ok(self.of(state, at)?.automatic().map(|(_, done)| done))
    }
}

impl Control {
    /// Who shows `token`.
    ///
    /// # Errors
    /// When it opens nothing; the refusal does not say why.
    pub fn authenticate(&self, token: &str) -> Result<Caller, Refusal> {
        let published = self.published();
        let now = self.now();
        let id = OperatorToken::id_of(token).ok_or_else(unauthenticated)?;
        let shown = Digest::of(token.as_bytes());
        let opens = |operator: &&Operator| {
            operator.life.holds(now)
                && operator.tokens.get(&id).is_some_and(|kept| {
                    let same = kept.digest.is_some_and(|kept| kept.0.ct_eq(&shown.0).into());
                    kept.life.holds(now) && same
                })
        };
        let operator = published.state.operators.values().find(opens).ok_or_else(unauthenticated)?;
        Ok(Caller { operator: operator.id })
    }

    /// Whether `caller` may `read` or `open`.
    ///
    /// # Errors
    /// When not.
    pub fn may(&self, caller: Caller, action: &str) -> Result<(), Refusal> {
        let published = self.published();
        self.inner.authority.check(&published.state, self.now(), caller, action, &ActFacts::default())
    }
}

/// What authority over `command` with so many `approvals` depends on, as far
/// as `state` tells.
pub(super) fn facts_of<'s>(command: &Command, state: &'s State, at: Time, approvals: usize) -> ActFacts<'s> {
    let facts = match command {
        Command::StageSet(set) => ActFacts { stage: Some(set.stage), ..ActFacts::default() },
        Command::DirectiveEnact(enact) => {
            let author = state.directive_named(&enact.id).map(|directive| &*directive.drafted_by);
            ActFacts { author, ..ActFacts::default() }
        }
        Command::AppealDecide(decide) => {
            let appeal = state.appeals.get(&decide.id);
            let author = appeal.and_then(|appeal| authors_of_appealed(state, appeal).next());
            ActFacts { author, ..ActFacts::default() }
        }
        Command::DraftApprove(approve) => {
            ActFacts { author: drafts::author(state, &approve.id), ..ActFacts::default() }
        }
        Command::MeasureLift(lift) => facts_of_lifting(state, lift.id),
        Command::MeasureTake(take) => {
            let hours = take.until.map(|until| hours_of(until.since(at)));
            ActFacts { measure: Some(take.kind), hours, ..ActFacts::default() }
        }
        Command::CampaignAct(act) => {
            let hours = act.until.map(|until| hours_of(until.since(at))).or(act.hours.map(i64::from));
            ActFacts { measure: Some(act.kind), hours, ..ActFacts::default() }
        }
        _ => ActFacts::default(),
    };
    ActFacts { approvals: u32::try_from(approvals).unwrap_or(u32::MAX), ..facts }
}

/// What authority over lifting a measure depends on: who took it, and which it is.
pub(crate) fn facts_of_lifting(state: &State, id: MeasureId) -> ActFacts<'_> {
    let measure = names::measure(state, id);
    ActFacts { author: measure.map(|(_, taken)| &*taken.by), measure: measure.map(|(_, taken)| taken.kind), ..ActFacts::default() }
}

pub(super) fn unauthenticated() -> Refusal {
    Refusal {
        kind: RefusalKind::Unauthenticated,
        message: "no valid operator token: send `Authorization: Bearer TOKEN`; the first token lies in operator.token of the data folder".into(),
    }
}
