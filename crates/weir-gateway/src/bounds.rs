//! Which limits a request is held to, and what one that exceeds them is told.

use std::sync::Arc;
use std::time::Duration;

use weir_acts::limits::{Limited, Limits, Rate, Throttle};
use weir_acts::view::Caller;
use weir_acts::words::Stage;
use weir_rules::{Snapshot, Verdict};

use crate::answer::{Appeals, Refusal};
use crate::ledger::{Exceeded, Scope, What};
use crate::measures;

/// One set of limits on one scope.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) scope: Scope,
    by: By,
}

/// All that limits a request; none where nothing does, which is cheap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bounds(Option<Arc<[Bound]>>);

impl std::ops::Deref for Bounds {
    type Target = [Bound];

    fn deref(&self) -> &[Bound] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Whose limits they are.
#[derive(Debug, Clone)]
enum By {
    /// Set for a party, account or stage, or by measures on it.
    Limited(Arc<Limited>),
    /// Of a rule that permits, by its place in the verdict.
    Rule(Arc<Verdict>, usize),
}

impl Bound {
    pub(crate) fn limits(&self) -> &Limits {
        const NONE: &Limits = &Limits {
            requests: weir_acts::limits::Rates::NONE,
            tokens: weir_acts::limits::Rates::NONE,
            concurrent: None,
            spend: weir_acts::limits::Rates::NONE,
        };
        match &self.by {
            By::Limited(limited) => &limited.limits,
            By::Rule(verdict, place) => verdict.limits.get(*place).map_or(NONE, |limit| &limit.limits),
        }
    }
}

/// Everything that limits a request of `caller` for a model at `stage` that
/// `verdicts` permit, in the order of the scopes. Mostly nothing, and then
/// nothing is allocated.
pub(crate) fn bounds(snapshot: &Snapshot, caller: &Caller, stage: Stage, verdicts: &[Arc<Verdict>]) -> Bounds {
    let view = snapshot.view();
    let mut bounds: Vec<Bound> = Vec::new();
    let mut add = |scope: Scope, limited: Option<&Arc<Limited>>| {
        bounds.extend(limited.map(|limited| Bound { scope, by: By::Limited(Arc::clone(limited)) }));
    };
    add(Scope::Account(caller.account), view.limits_of_account(caller.account));
    add(Scope::Party(caller.party), view.limits_of_party(caller.party));
    add(Scope::Stage(stage), view.limits_of_stage(stage));
    for verdict in verdicts {
        let rules = verdict.limits.iter().enumerate().map(|(place, limit)| Bound {
            scope: Scope::Rule(caller.account, Arc::clone(&limit.rule)),
            by: By::Rule(Arc::clone(verdict), place),
        });
        bounds.extend(rules);
    }
    if verdicts.len() > 1 {
        // A model within the request may be permitted by the same rule.
        bounds.sort_by(|one, other| one.scope.cmp(&other.scope));
        bounds.dedup_by(|one, other| one.scope == other.scope);
    }
    Bounds((!bounds.is_empty()).then(|| bounds.into()))
}

/// What a request is told that exceeds `bound`.
pub(crate) fn refuse(bound: &Bound, exceeded: &Exceeded, appeals: &Appeals) -> Refusal {
    let allowed = allowed(exceeded.what);
    let measured = throttle(bound, exceeded.what).map(|throttle| {
        let of = if matches!(bound.scope, Scope::Party(_)) { "party" } else { "account" };
        let done = format!("A measure slows this {of} down to {allowed}{}. Rule {THROTTLE}", said(throttle));
        (Arc::from(THROTTLE), done)
    });
    let Some(wait) = exceeded.wait else {
        let what = format!("This request may take {} {}", exceeded.needed, unit(exceeded.what));
        let next = "Ask for a shorter answer or send less";
        let (rule, message) = match measured {
            Some((rule, done)) => (rule, format!("{what}, more than is ever allowed. {done}. {next}. {}", appeals.how())),
            None => {
                let (rule, who) = rule_and_scope(bound);
                let message = format!("{what}, more than {who} is ever allowed: {allowed}. Rule {rule}. {next}");
                (rule, message)
            }
        };
        return Refusal::new(429, "rate_limit_exceeded", message)
            .by_rule(rule)
            .retry_after(window_seconds(exceeded.what))
            .not_to_be_retried();
    };
    let seconds = whole_seconds(wait);
    let again = format!("Try again in {seconds} second{}", if seconds == 1 { "" } else { "s" });
    let (rule, message) = match measured {
        Some((rule, done)) => (rule, format!("{done}. {again}. {}", appeals.how())),
        None => {
            let (rule, who) = rule_and_scope(bound);
            let message = format!("The limit of {allowed} for {who} is reached. Rule {rule}. {again}");
            (rule, message)
        }
    };
    Refusal::new(429, "rate_limit_exceeded", message).by_rule(rule).retry_after(seconds)
}

/// The rule named where a measure slows down.
const THROTTLE: &str = "measure/throttle";

/// What the answer to a throttled request says was done, by which rule and how
/// to appeal; none where nothing slows it down.
pub(crate) fn notice(bounds: &[Bound], appeals: &Appeals) -> Option<(Arc<str>, String)> {
    let throttles = bounds.iter().find_map(|bound| match &bound.by {
        By::Limited(limited) => limited.throttles.first(),
        By::Rule(..) => None,
    });
    let notice = format!("A measure slows this account down{}. {}", said(throttles?), appeals.how());
    Some((THROTTLE.into(), notice))
}

/// What is told of a measure: which and why.
fn said(throttle: &Throttle) -> String {
    measures::said(throttle.measure, None, throttle.reason.as_deref(), throttle.evidence_erased)
}

/// The measure that is as strict as the limit exceeded, where one is.
fn throttle(bound: &Bound, what: What) -> Option<&Throttle> {
    let By::Limited(limited) = &bound.by else { return None };
    let sets = |limits: &Limits| match what {
        What::Requests(rate) => limits.requests.in_window(rate.window) == Some(rate.amount),
        What::Tokens(rate) => limits.tokens.in_window(rate.window) == Some(rate.amount),
        What::Spend(rate) => limits.spend.in_window(rate.window) == Some(rate.amount),
        What::Concurrent(most) => limits.concurrent == Some(most),
    };
    limited.throttles.iter().find(|throttle| sets(&throttle.limits))
}

fn rule_and_scope(bound: &Bound) -> (Arc<str>, String) {
    match &bound.scope {
        Scope::Account(_) => ("limit/account".into(), "this account".to_owned()),
        Scope::Party(_) => ("limit/party".into(), "this party".to_owned()),
        Scope::Stage(stage) => ("limit/stage".into(), format!("everybody together at stage `{stage}`")),
        Scope::Rule(_, rule) => (Arc::clone(rule), "each account under this rule".to_owned()),
    }
}

fn allowed(what: What) -> String {
    let rate = |rate: Rate| format!("{} {} a {}", rate.amount, unit(what), rate.window.word());
    match what {
        What::Requests(one) | What::Tokens(one) | What::Spend(one) => rate(one),
        What::Concurrent(most) => format!("{most} request{} at once", if most == 1 { "" } else { "s" }),
    }
}

fn unit(what: What) -> &'static str {
    match what {
        What::Requests(_) | What::Concurrent(_) => "requests",
        What::Tokens(_) => "tokens",
        What::Spend(_) => "of spend",
    }
}

/// The name by which metrics know it.
pub(crate) fn metric(bound: &Bound, what: What) -> (&'static str, &'static str) {
    let of = match &bound.scope {
        Scope::Account(_) => "account",
        Scope::Party(_) => "party",
        Scope::Stage(_) => "stage",
        Scope::Rule(..) => "rule",
    };
    let what = match what {
        What::Requests(_) => "requests",
        What::Tokens(_) => "tokens",
        What::Spend(_) => "spend",
        What::Concurrent(_) => "concurrent",
    };
    (of, what)
}

fn window_seconds(what: What) -> u64 {
    match what {
        What::Requests(rate) | What::Tokens(rate) | What::Spend(rate) => {
            u64::try_from(rate.window.millis() / 1_000).unwrap_or(1)
        }
        What::Concurrent(_) => 1,
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
}
