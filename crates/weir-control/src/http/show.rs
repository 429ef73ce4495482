//! Parties, accounts, models and directives as operators read them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_acts::draft::Draft;
use weir_acts::governed::Directive;
use weir_acts::holder::{Account, Claim, Life, Measure, Party};
use weir_acts::id::OperatorId;
use weir_acts::limits::limits_at;
use weir_acts::person::Person;
use weir_acts::records::Hold;
use weir_acts::state::Holder;
use weir_acts::words::Stage;
use weir_acts::{State as World, Time};

use super::answer::operator;
use super::listing::{Page, listed};
use super::{Answer, Shared};
use crate::names;
use crate::refusal::Refusal;

/// Accounts that a party's own answer names; the rest by `/account?party=`.
const MOST_ACCOUNTS: usize = 1_000;

pub(super) async fn parties(State(shared): State<Shared>, headers: HeaderMap, Query(page): Query<Page>) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let now = shared.control.now();
    let labelled = published.state.parties.iter().map(|(id, party)| (published.state.party_label(*id), party));
    Ok(Json(listed("parties", labelled, &page, |label, party| {
        json!({
            "id": label, "name": party.name.as_deref(), "kind": party.kind.as_str(),
            "accounts": party.accounts.len(), "open": party.life.holds(now),
        })
    })))
}

pub(super) async fn party(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let now = shared.control.now();
    let party = names::party(&published.state, &id)?;
    Ok(Json(party_shown(party, &published.state, now)))
}

fn party_shown(party: &Party, state: &World, now: Time) -> Value {
    let grants: Vec<Value> = party
        .grants
        .iter()
        .map(|grant| {
            json!({
                "id": grant.id.to_string(), "model": grant.model.as_ref(), "purpose": grant.purpose.as_deref(),
                "population": grant.population.as_deref(), "life": life(&grant.life, now),
            })
        })
        .collect();
    let lists: Vec<Value> =
        party.lists.iter().map(|list| json!({ "list": list.list.as_ref(), "life": life(&list.life, now) })).collect();
    let accounts: Vec<String> =
        party.accounts.iter().take(MOST_ACCOUNTS).map(|id| state.account_label(*id)).collect();
    json!({
        "id": party.handle.as_deref(), "subject": party.id.to_string(), "name": party.name.as_deref(),
        "kind": party.kind.as_str(), "life": life(&party.life, now), "claims": claims(&party.claims, now),
        "grants": grants, "lists": lists, "measures": measures(&party.measures, now), "accounts": accounts,
        "accounts_in_all": party.accounts.len(),
        "issuers": issuers(party, state, now), "people": people(party, state, now), "limits": limits_at(&party.limits, now),
    })
}

/// Persons of the party about whom something is recorded.
fn people(party: &Party, state: &World, now: Time) -> Vec<Value> {
    let own = state
        .persons
        .iter()
        .map(|(_, person)| person)
        .filter(|person| state.party_of(Holder::Person(person.id)) == Some(party.id));
    let shown = |person: &Arc<Person>| {
        json!({
            "id": names::label(state, Holder::Person(person.id)), "subject": person.id.to_string(),
            "claims": claims(&person.claims, now), "measures": measures(&person.measures, now),
        })
    };
    own.map(shown).collect()
}

pub(super) async fn holds(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let now = shared.control.now();
    let shown = |hold: &Hold| {
        json!({
            "id": hold.id.to_string(), "subject": names::label(&published.state, hold.on), "reason": hold.reason.as_deref(),
            "citation": hold.citation.as_deref(), "by": operator_label(&published.state, &hold.by),
            "placed": hold.life.from(), "lifted": hold.life.to, "holds": hold.life.holds(now),
        })
    };
    let mut all: Vec<&Hold> = published.state.holds.values().collect();
    all.sort_by_key(|hold| (hold.life.from(), hold.id));
    Ok(Json(json!({ "holds": all.into_iter().map(shown).collect::<Vec<Value>>() })))
}

fn issuers(party: &Party, state: &World, now: Time) -> Vec<Value> {
    let own = state.issuers.values().filter(|issuer| issuer.party == party.id);
    own.map(|issuer| {
        json!({
            "id": issuer.id.to_string(), "name": issuer.name.as_deref(), "url": issuer.url.as_deref(),
            "kinds": issuer.kinds, "max_level": issuer.max_level, "single_use": issuer.single_use,
            "keys_since": issuer.keys.as_ref().map(|keys| keys.since), "life": life(&issuer.life, now),
        })
    })
    .collect()
}

/// Whose accounts to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountsOf {
    party: String,
    after: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn accounts(State(shared): State<Shared>, headers: HeaderMap, Query(asked): Query<AccountsOf>) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let now = shared.control.now();
    let state = &published.state;
    let party = names::party(state, &asked.party)?;
    let own = party.accounts.iter().filter_map(|id| state.accounts.get(id));
    let labelled = own.map(|account| (state.account_label(account.id), account));
    let page = Page { after: asked.after, limit: asked.limit };
    Ok(Json(listed("accounts", labelled, &page, |label, account| {
        json!({
            "id": label, "open": account.life.holds(now), "suspended": suspended(account, now),
            "keys": account.keys.len(), "measures": account.measures.iter().filter(|measure| measure.life.holds(now)).count(),
        })
    })))
}

fn suspended(account: &Account, now: Time) -> bool {
    account.suspensions.iter().any(|span| span.holds(now))
}

pub(super) async fn account(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path((party, name)): Path<(String, String)>,
) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let account = names::account(&published.state, &format!("{party}/{name}"))?;
    Ok(Json(account_shown(account, &published.state, shared.control.now())))
}

fn account_shown(account: &Account, state: &World, now: Time) -> Value {
    let keys: Vec<Value> = account
        .keys
        .iter()
        .filter_map(|id| state.keys.get(id))
        .map(|key| json!({ "id": key.id.to_string(), "life": life(&key.life, now) }))
        .collect();
    json!({
        "id": state.account_label(account.id), "subject": account.id.to_string(), "life": life(&account.life, now),
        "suspended": suspended(account, now), "claims": claims(&account.claims, now),
        "measures": measures(&account.measures, now), "keys": keys, "limits": limits_at(&account.limits, now),
    })
}

fn claims(claims: &[Claim], now: Time) -> Vec<Value> {
    let shown = |claim: &Claim| {
        json!({
            "id": claim.id.to_string(), "kind": claim.kind.as_ref(), "value": claim.value, "level": claim.level,
            "by": claim.by.as_deref(), "evidence": claim.evidence, "life": life(&claim.life, now),
        })
    };
    claims.iter().map(shown).collect()
}

fn measures(measures: &[Measure], now: Time) -> Vec<Value> {
    let shown = |measure: &Measure| {
        json!({
            "id": measure.id.to_string(), "kind": measure.kind.as_str(), "reason": measure.reason.as_deref(),
            "by": measure.by.as_ref(), "limits": measure.limits.as_ref().map(|span| span.limits),
            "evidence_erased": measure.evidence_erased, "life": life(&measure.life, now),
        })
    };
    measures.iter().map(shown).collect()
}

pub(super) fn life(life: &Life, now: Time) -> Value {
    json!({ "from": life.from(), "to": life.to, "holds": life.holds(now) })
}

pub(super) async fn models(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let now = shared.control.now();
    let rows: Vec<Value> = published
        .state
        .models
        .values()
        .map(|model| {
            let list = model.span(now).and_then(|span| span.list.clone());
            let meter = model.meter(now);
            json!({
                "id": model.name.as_ref(), "subject": model.id.to_string(), "stage": model.stage(now).as_str(),
                "list": list.as_deref(), "upstream": model.upstream.as_deref(), "previous": model.previous.as_deref(),
                "weights": model.weights, "max_output": model.max_output,
                "weight": meter.and_then(|meter| meter.weight).unwrap_or(1),
                "max_input": meter.and_then(|meter| meter.max_input),
                "stage_limits": stage_limits(&published.state, model.stage(now), now), "life": life(&model.life, now),
            })
        })
        .collect();
    Ok(Json(json!({ "models": rows })))
}

/// What everybody together may take at a stage; null where nothing limits it.
fn stage_limits(state: &World, stage: Stage, now: Time) -> Value {
    let limits = state.stage_limits.get(&stage).map(|spans| limits_at(spans, now));
    json!(limits.filter(|limits| !limits.is_empty()))
}

/// A directive as one line of the list.
pub(super) fn directive_line(directive: &Directive, now: Time) -> Value {
    let text = directive.text.as_deref();
    json!({
        "id": text.map(|text| text.id.as_str()), "subject": directive.id.to_string(),
        "status": directive.status(now), "kind": text.map(|text| text.kind),
        "authority": text.map(|text| text.authority.as_str()), "models": text.map(|text| text.models.as_slice()),
        "drafted": directive.drafted, "effective": directive.life.map(|life| life.from()),
        "ended": directive.life.and_then(|life| life.to), "ended_by": directive.ended_by.as_deref(),
    })
}

/// A directive with its text and lists.
pub(super) fn directive(directive: &Directive, state: &World, now: Time) -> Value {
    let mut shown = directive_line(directive, now);
    let lists: Vec<Value> = directive
        .lists
        .iter()
        .flat_map(|lists| lists.iter())
        .map(|list| {
            let parties: Vec<String> = list.parties.iter().map(|party| state.party_label(*party)).collect();
            json!({ "list": list.list, "digest": list.digest, "parties": parties })
        })
        .collect();
    let enacted = directive.enacted.as_ref().map(|enacted| {
        json!({
            "at": enacted.at, "act": enacted.act, "by": operator_label(state, &enacted.by),
            "amends": enacted.amends.map(|id| id.to_string()), "sealed": enacted.sealed, "disclosed": enacted.disclosed,
        })
    });
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("drafted_by".into(), json!(operator_label(state, &directive.drafted_by)));
        fields.insert("source".into(), json!(directive.source));
        fields.insert("enacted".into(), json!(enacted));
        fields.insert("text".into(), json!(directive.text.as_deref()));
        fields.insert("lists".into(), json!(lists));
    }
    shown
}

/// An operator's name, or the id where the name is gone.
pub(super) fn operator_label(state: &World, id: &str) -> String {
    let operator = id.parse().ok().and_then(|id| state.operators.get(&id));
    operator.and_then(|operator| operator.name.as_deref()).unwrap_or(id).to_owned()
}

pub(super) async fn drafts(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let mut all: Vec<&Draft> = published.state.drafts.values().collect();
    all.sort_by_key(|draft| (draft.drafted, draft.id));
    let rows: Vec<Value> = all.into_iter().map(|draft| draft_line(draft, &published.state)).collect();
    Ok(Json(json!({ "drafts": rows })))
}

pub(super) async fn draft(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let found = id.parse().ok().and_then(|id| published.state.drafts.get(&id));
    let draft = found.ok_or_else(|| Refusal::not_found(format!("there is no draft `{id}`")))?;
    let mut shown = draft_line(draft, &published.state);
    shown["with"] = draft.with.as_deref().and_then(|with| serde_json::from_str(with).ok()).unwrap_or(Value::Null);
    shown["digest"] = json!(draft.digest());
    Ok(Json(shown))
}

fn draft_line(draft: &Draft, state: &World) -> Value {
    let name = |id: &str| {
        let operator = id.parse().ok().and_then(|id: OperatorId| state.operators.get(&id));
        operator.and_then(|operator| operator.name.as_deref()).unwrap_or(id).to_owned()
    };
    let approved: Vec<String> = draft.approvals.keys().map(|id| name(&id.to_string())).collect();
    json!({
        "id": draft.id.to_string(), "command": draft.command.as_ref(), "by": name(&draft.by), "drafted": draft.drafted,
        "status": draft.status(), "approved_by": approved,
    })
}
