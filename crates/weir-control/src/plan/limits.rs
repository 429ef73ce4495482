//! Planning acts about limits: of parties, accounts and stages, of measures
//! `throttle`, and how models are metered.

use weir_acts::act::{Act, public};
use weir_acts::governed::Model;
use weir_acts::id::{LogId, MeasureId, ModelId};
use weir_acts::limits::{Limits, Rates, limits_at};
use weir_acts::state::Holder;
use weir_acts::words::Stage;

use super::{Plan, Planner, open};
use crate::command::{LimitSet, ModelMeter};
use crate::names;
use crate::refusal::Refusal;

/// The largest weight of a model: a token of it times this stays far from
/// what a counter holds.
const MOST_WEIGHT: u64 = 1_000_000_000;

/// What ends a limit.
const NONE: &str = "none";

/// Limits as they are typed, each field left out, `none` or a text.
pub(super) struct Typed<'a> {
    pub(super) requests: Option<&'a str>,
    pub(super) tokens: Option<&'a str>,
    pub(super) concurrent: Option<&'a str>,
    pub(super) spend: Option<&'a str>,
}

impl Typed<'_> {
    pub(super) fn is_empty(&self) -> bool {
        [self.requests, self.tokens, self.concurrent, self.spend].iter().all(Option::is_none)
    }

    /// What a `throttle` allows: these, else a few requests a minute, one at a
    /// time.
    pub(super) fn throttle(&self) -> Result<Limits, Refusal> {
        let limits = if self.is_empty() { Limits::THROTTLED } else { self.over(Limits::default())? };
        if limits.is_empty() {
            return Err(Refusal::invalid("a throttle that limits nothing is none: say what it allows"));
        }
        Ok(limits)
    }

    /// These in place of `former`, field by field.
    fn over(&self, former: Limits) -> Result<Limits, Refusal> {
        Ok(Limits {
            requests: rates("requests", self.requests, former.requests)?,
            tokens: rates("tokens", self.tokens, former.tokens)?,
            concurrent: concurrent(self.concurrent, former.concurrent)?,
            spend: rates("spend", self.spend, former.spend)?,
        })
    }
}

fn rates(field: &str, typed: Option<&str>, former: Rates) -> Result<Rates, Refusal> {
    match typed {
        None => Ok(former),
        Some(NONE) => Ok(Rates::default()),
        Some(text) => text.parse().map_err(|error| Refusal::invalid(format!("{field}: {error}, or `none`"))),
    }
}

fn concurrent(typed: Option<&str>, former: Option<u64>) -> Result<Option<u64>, Refusal> {
    match typed {
        None => Ok(former),
        Some(NONE) => Ok(None),
        Some(text) => match text.trim().parse::<u64>() {
            Ok(most) if most > 0 => Ok(Some(most)),
            _ => {
                let shown: String = text.chars().take(64).collect();
                Err(Refusal::invalid(format!(
                    "concurrent: `{shown}` is no number of requests; write 1 or more, or `none`"
                )))
            }
        },
    }
}

impl Planner<'_> {
    pub(super) fn limit_set(&self, command: &LimitSet) -> Result<Plan, Refusal> {
        let typed = Typed {
            requests: command.requests.as_deref(),
            tokens: command.tokens.as_deref(),
            concurrent: command.concurrent.as_deref(),
            spend: command.spend.as_deref(),
        };
        if typed.is_empty() {
            return Err(Refusal::invalid("say at least one of requests, tokens, concurrent and spend"));
        }
        if let Some(stage) = command.subject.strip_prefix("stage:") {
            let stage: Stage = stage.parse().map_err(|error| Refusal::invalid(format!("subject: {error}")))?;
            let former = self.state.stage_limits.get(&stage).map_or(&[][..], Vec::as_slice);
            let limits = typed.over(limits_at(former, self.at))?;
            let act = Act::LimitSet(open(public::LimitSet { stage: Some(stage), limits }));
            return Ok(Plan::one(self.entry(LogId::from_bytes([0; 10]), act), format!("stage:{stage}")));
        }
        let holder = names::holder(self.state, &command.subject)?;
        let former = match holder {
            Holder::Party(id) => self.state.parties.get(&id).map(|party| &party.limits),
            Holder::Account(id) => self.state.accounts.get(&id).map(|account| &account.limits),
            Holder::Person(_) => return Err(Refusal::invalid("a person is not limited; limit an account or a party")),
        };
        let limits = typed.over(limits_at(former.map_or(&[][..], Vec::as_slice), self.at))?;
        let act = Act::LimitSet(open(public::LimitSet { stage: None, limits }));
        Ok(Plan::one(self.entry(holder, act), holder))
    }

    /// The act by which a measure says what it allows.
    pub(super) fn measure_limit(&self, measure: MeasureId, limits: Limits) -> Act {
        Act::MeasureLimit(open(public::MeasureLimit { measure, limits }))
    }

    pub(super) fn model_meter(&self, command: &ModelMeter) -> Result<Plan, Refusal> {
        let model = self.served_model(&command.id)?;
        if command.weight.is_none() && command.max_input.is_none() {
            return Err(Refusal::invalid("say at least one of weight and max_input"));
        }
        let act = meter(Some((model, self)), command.weight, command.max_input)?;
        Ok(Plan::one(self.entry(model.id, act), model.id))
    }

    /// The entry by which a model just added says how it is metered.
    pub(super) fn first_meter(
        &self,
        model: ModelId,
        weight: Option<u64>,
        max_input: Option<u64>,
    ) -> Result<Option<weir_acts::Entry>, Refusal> {
        if weight.is_none() && max_input.is_none() {
            return Ok(None);
        }
        Ok(Some(self.entry(model, meter(None, weight, max_input)?)))
    }
}

fn meter(former: Option<(&Model, &Planner<'_>)>, weight: Option<u64>, max_input: Option<u64>) -> Result<Act, Refusal> {
    if weight.is_some_and(|weight| weight > MOST_WEIGHT) {
        return Err(Refusal::invalid(format!("a weight is at most {MOST_WEIGHT}")));
    }
    if max_input == Some(0) {
        return Err(Refusal::invalid("max_input is at least 1"));
    }
    let former = former.and_then(|(model, planner)| model.meter(planner.at));
    Ok(Act::ModelMeter(open(public::ModelMeter {
        weight: weight.or(former.and_then(|former| former.weight)),
        max_input: max_input.or(former.and_then(|former| former.max_input)),
    })))
}
