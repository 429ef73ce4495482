//! What limits a request, told beside the explanation of its decision; and all
//! limits in force with what was used of each.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_acts::id::{AccountId, MeasureId};
use weir_acts::limits::{Limited, Limits, Rates, Window};
use weir_acts::state::{Holder, State as World};
use weir_acts::view::Class;
use weir_acts::{Time, words::Stage};
use weir_rules::Snapshot;

use super::answer::operator;
use super::{Answer, Shared, UsedShown};
use crate::names;
use crate::refusal::Refusal;

/// One limit that a request is held to.
#[derive(Debug, Serialize)]
pub(super) struct LimitOn {
    /// Whose use is counted: `account`, `party`, `stage`, or `rule` for the
    /// account's use of what a rule permits.
    of: &'static str,
    /// What it is by: the rule that an exceeded limit names.
    rule: String,
    /// The measure, where one throttles.
    #[serde(skip_serializing_if = "Option::is_none")]
    measure: Option<MeasureId>,
    limits: Limits,
}

/// Everything that limits `account`'s use of `model` under `snapshot`. All of
/// it holds, so that the strictest wins field by field.
pub(super) fn on(snapshot: &Snapshot, account: AccountId, class: Class, model: &str) -> Vec<LimitOn> {
    let view = snapshot.view();
    let party = view.party_of(account);
    let scopes = [
        ("account", view.limits_of_account(account)),
        ("party", party.and_then(|party| view.limits_of_party(party))),
        ("stage", view.limits_of_stage(view.stage(model))),
    ];
    let mut all: Vec<LimitOn> = Vec::new();
    for (of, limited) in scopes {
        all.extend(limited.into_iter().flat_map(|limited| told(of, limited)));
    }
    let verdict = snapshot.decide(class, model);
    all.extend(verdict.limits.iter().map(|limit| LimitOn {
        of: "rule",
        rule: limit.rule.to_string(),
        measure: None,
        limits: limit.limits,
    }));
    all
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    subject: Option<String>,
}

/// Whom a limit is on, as the ledger and as people call them.
struct Subject {
    of: &'static str,
    scope: String,
    label: String,
}

/// What was used, by scope, field and window.
type Uses = HashMap<(String, &'static str, Option<Window>), UsedShown>;

/// Every limit in force, with what was used of it in its window; of one
/// subject where one is named. What rules limit is told as far as it was used.
pub(super) async fn list(State(shared): State<Shared>, headers: HeaderMap, Query(asked): Query<Asked>) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let (state, now) = (&published.state, shared.control.now());
    let uses: Uses = (shared.live.limits_used)()
        .into_iter()
        .map(|used| ((used.scope.clone(), used.field, used.window), used))
        .collect();
    let only = asked.subject.as_deref().map(|subject| scope_of(state, subject)).transpose()?;
    let mut rows = Vec::new();
    for (subject, limited) in in_force(state, now) {
        if only.as_ref().is_none_or(|only| *only == subject.scope) {
            rows.extend(told(subject.of, &limited).iter().flat_map(|limit| limit_rows(&subject, limit, &uses)));
        }
    }
    let mut by_rules: Vec<&UsedShown> = uses.values().filter(|used| used.scope.starts_with("rule:")).collect();
    by_rules.sort_by_key(|used| (used.scope.clone(), used.field, used.window));
    for used in by_rules {
        let Some((account, rule)) = used.scope.trim_start_matches("rule:").split_once(':') else { continue };
        if only.as_ref().is_none_or(|only| *only == format!("account:{account}")) {
            let label = account.parse().map_or_else(|_| account.to_owned(), |id| state.account_label(id));
            rows.push(json!({
                "subject": format!("account:{label}"), "of": "rule", "rule": rule, "field": used.field,
                "window": used.window.map(Window::as_str), "used": used.used, "held": used.held,
            }));
        }
    }
    Ok(Json(json!({ "at": now, "limits": rows })))
}

fn scope_of(state: &World, subject: &str) -> Result<String, Refusal> {
    if let Some(stage) = subject.strip_prefix("stage:") {
        let stage: Stage = stage.parse().map_err(|_| Refusal::invalid(format!("`{stage}` is no stage")))?;
        return Ok(format!("stage:{stage}"));
    }
    match names::holder(state, subject)? {
        Holder::Party(id) => Ok(format!("party:{id}")),
        Holder::Account(id) => Ok(format!("account:{id}")),
        Holder::Person(_) => Err(Refusal::invalid("limits are on parties, accounts and stages")),
    }
}

/// Who and what is limited at `now`, stages first.
fn in_force(state: &World, now: Time) -> Vec<(Subject, Arc<Limited>)> {
    let stages = state.stage_limits.iter().filter_map(|(stage, spans)| {
        let (scope, label) = (format!("stage:{stage}"), format!("stage:{stage}"));
        Some((Subject { of: "stage", scope, label }, Limited::of_stage(spans, now)?))
    });
    let parties = state.parties.iter().filter(|(_, party)| party.life.holds(now)).filter_map(|(id, party)| {
        let limited = Limited::of_holder(&party.limits, &party.measures, now)?;
        let (scope, label) = (format!("party:{id}"), names::label(state, Holder::Party(*id)));
        Some((Subject { of: "party", scope, label }, limited))
    });
    let accounts = state.accounts.iter().filter(|(_, account)| account.life.holds(now)).filter_map(|(id, account)| {
        let limited = Limited::of_holder(&account.limits, &account.measures, now)?;
        let (scope, label) = (format!("account:{id}"), names::label(state, Holder::Account(*id)));
        Some((Subject { of: "account", scope, label }, limited))
    });
    let mut all: Vec<_> = parties.chain(accounts).collect();
    all.sort_by(|(one, _), (other, _)| one.label.cmp(&other.label));
    stages.chain(all).collect()
}

/// One row for each field and window of a limit.
fn limit_rows(subject: &Subject, limit: &LimitOn, uses: &Uses) -> Vec<Value> {
    let row = |field: &'static str, window: Option<Window>, amount: u64| {
        let found = uses.get(&(subject.scope.clone(), field, window));
        let (used, held) = found.map_or((0, 0), |found| (found.used, found.held));
        json!({
            "subject": subject.label, "of": subject.of, "rule": limit.rule, "measure": limit.measure, "field": field,
            "window": window.map(Window::as_str), "amount": amount, "used": used, "held": held,
            "left": amount.saturating_sub(used.saturating_add(held)),
        })
    };
    let rates = |field, rates: &Rates| -> Vec<Value> {
        rates.iter().map(|rate| row(field, Some(rate.window), rate.amount)).collect()
    };
    let Limits { requests, tokens, concurrent, spend } = &limit.limits;
    let mut rows = rates("requests", requests);
    rows.extend(rates("tokens", tokens));
    rows.extend(concurrent.map(|amount| row("concurrent", None, amount)));
    rows.extend(rates("spend", spend));
    rows
}

fn told(of: &'static str, limited: &Limited) -> Vec<LimitOn> {
    let own = (!limited.own.is_empty()).then(|| LimitOn {
        of,
        rule: format!("limit/{of}"),
        measure: None,
        limits: limited.own,
    });
    let throttles = limited.throttles.iter().map(|throttle| LimitOn {
        of,
        rule: "measure/throttle".to_owned(),
        measure: Some(throttle.measure),
        limits: throttle.limits,
    });
    own.into_iter().chain(throttles).collect()
}
