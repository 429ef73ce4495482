//! Planning measures: on somebody who is named, and on the members of a
//! campaign.

use std::borrow::Cow;

use weir_acts::Time;
use weir_acts::act::{Act, private, public};
use weir_acts::id::MeasureId;
use weir_acts::state::Holder;
use weir_acts::words::MeasureKind;

use super::holders::no_such;
use super::limits::Typed;
use super::{Plan, Planner, open, parts};
use crate::command::MeasureTake;
use crate::names::check_text;
use crate::refusal::Refusal;

/// Measures that a rule enforces which logs begun by an earlier version lack.
const BY_RULE: [(MeasureKind, &str); 2] =
    [(MeasureKind::Fallback, "measure/fallback"), (MeasureKind::Verify, "measure/verify")];

/// The longest reason of a measure, in bytes.
const MAX_REASON: usize = 2_000;

/// What is done, on whomever it is.
pub(super) struct Taking<'c> {
    pub(super) kind: MeasureKind,
    pub(super) until: Option<Time>,
    pub(super) reason: Cow<'c, str>,
    /// What a `throttle` allows.
    pub(super) limits: Typed<'c>,
}

impl<'c> Taking<'c> {
    fn of(command: &'c MeasureTake) -> Taking<'c> {
        let limits = Typed {
            requests: command.requests.as_deref(),
            tokens: command.tokens.as_deref(),
            concurrent: command.concurrent.as_deref(),
            spend: command.spend.as_deref(),
        };
        Taking { kind: command.kind, until: command.until, reason: Cow::from(&command.reason), limits }
    }
}

impl Planner<'_> {
    pub(super) fn measure_take(&self, command: &MeasureTake) -> Result<Plan, Refusal> {
        let (holder, person) = self.subject(&command.subject)?;
        let mut plan = self.measure_on(holder, &Taking::of(command))?.after(person);
        if let (Some(campaign), Some(id)) = (&command.campaign, plan.id.as_deref().and_then(|id| id.parse().ok())) {
            plan.entries.push(self.evidence(campaign, id, command.kind, holder)?);
        }
        Ok(plan)
    }

    /// The acts of a measure on `holder`.
    pub(super) fn measure_on(&self, holder: Holder, taking: &Taking<'_>) -> Result<Plan, Refusal> {
        for (_, rule) in BY_RULE.iter().filter(|(kind, _)| *kind == taking.kind) {
            self.needs_rule(rule)?;
        }
        if taking.kind == MeasureKind::Throttle && matches!(holder, Holder::Person(_)) {
            return Err(Refusal::invalid("a throttle is on a party or an account; a person's is not enforced"));
        }
        let warnings = match taking.kind {
            MeasureKind::Fallback => self.fallback_warnings(),
            _ => Vec::new(),
        };
        let limits = match taking.kind {
            MeasureKind::Throttle => Some(taking.limits.throttle()?),
            _ if taking.limits.is_empty() => None,
            kind => return Err(Refusal::invalid(format!("measure `{kind}` has no limits; `throttle` has"))),
        };
        check_text("the reason", &taking.reason, MAX_REASON)?;
        if taking.until.is_some_and(|until| until <= self.at) {
            return Err(Refusal::invalid("the measure would have ended already"));
        }
        let id = MeasureId::random()?;
        let act = Act::MeasureTake(parts(
            public::MeasureTake { measure: id, kind: taking.kind, until: taking.until },
            private::MeasureTake { reason: taking.reason.to_string() },
        ));
        let mut plan = Plan::one(self.entry(holder, act), id);
        plan.entries.extend(limits.map(|limits| self.entry(holder, self.measure_limit(id, limits))));
        plan.warnings = warnings;
        Ok(plan)
    }

    /// Refuses a measure that no rule would enforce.
    fn needs_rule(&self, rule: &str) -> Result<(), Refusal> {
        if self.state.rules.get(rule).is_some_and(|rule| rule.life.holds(self.at)) {
            return Ok(());
        }
        Err(Refusal::conflict(format!(
            "rule `{rule}`, which enforces this measure, is not in force in this log; `weir rules upgrade` brings it in"
        )))
    }

    /// Says what a `fallback` will do where nothing can be fallen back to.
    fn fallback_warnings(&self) -> Vec<String> {
        let mut served = self.state.models.values().filter(|model| model.life.holds(self.at));
        if served.any(|model| model.previous.is_some()) {
            return Vec::new();
        }
        vec!["no model has a previous one, so this refuses every model".to_owned()]
    }

    pub(super) fn measure_lift(&self, id: MeasureId) -> Result<Plan, Refusal> {
        let holder = *self.state.measures.get(&id).ok_or_else(|| no_such("measure", id))?;
        Ok(Plan::one(self.entry(holder, Act::MeasureLift(open(public::MeasureLift { measure: id }))), id))
    }
}
