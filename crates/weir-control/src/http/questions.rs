//! Questions of operators about what is, was or would be in force.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_acts::Time;
use weir_acts::claims::Claims;
use weir_acts::id::AccountId;
use weir_acts::person::PersonKey;
use weir_acts::view::Class;
use weir_acts::world::World;
use weir_exchange::DecisionId;
use weir_rules::policies::Policies;
use weir_rules::{RuleFile, Snapshot, explain as explain_class};

use super::answer::{blocking, operator};
use super::{Answer, Shared, limits};
use crate::command::UploadedFile;
use crate::names;
use crate::refusal::Refusal;
use crate::service::Control;

/// A moment to ask about; none is now.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct At {
    at: Option<Time>,
}

/// What is in force at a moment. Past and coming moments are answered from
/// the intervals of the present fold.
fn at_moment(control: &Control, at: Option<Time>) -> Result<Snapshot, Refusal> {
    let published = control.published();
    let now = control.now();
    match at {
        None if published.snapshot.covers(now) => Ok(Snapshot::clone(&published.snapshot)),
        at => {
            let world = World::new(published.state.clone(), at.unwrap_or(now));
            Snapshot::of(&world).map_err(|error| Refusal::unavailable(error.to_string()))
        }
    }
}

pub(super) async fn rules(State(shared): State<Shared>, headers: HeaderMap, Query(query): Query<At>) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let at = query.at.unwrap_or_else(|| shared.control.now());
    let policies = Policies::compile(&published.state, at).map_err(|error| Refusal::unavailable(error.to_string()))?;
    let told = |id: &str| policies.rules().iter().find(|rule| &*rule.id == id);
    let mut shown: Vec<Value> = Vec::new();
    for (id, rule) in published.state.rules.iter().filter(|(_, rule)| rule.life.holds(at)) {
        let compiled = told(id);
        shown.push(json!({
            "id": id.as_ref(), "cedar": rule.cedar.as_ref(), "from": rule.life.from(), "to": rule.life.to,
            "effect": compiled.map(|rule| rule.effect), "reason": compiled.map(|rule| rule.reason.as_str()),
            "citation": compiled.and_then(|rule| rule.citation.as_deref()),
        }));
    }
    for rule in policies.rules().iter().filter(|rule| !published.state.rules.contains_key(&rule.id)) {
        shown.push(json!({
            "id": rule.id.as_ref(), "cedar": rule.cedar.as_ref(), "from": null, "to": null,
            "effect": rule.effect, "reason": rule.reason.as_str(), "citation": rule.citation.as_deref(),
        }));
    }
    Ok(Json(json!({ "rules": shown })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    files: Vec<UploadedFile>,
}

pub(super) async fn check_rules(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Answer {
    operator(&shared, &headers, "read")?;
    let Files { files } = serde_json::from_slice(&body).map_err(|error| Refusal::invalid(error.to_string()))?;
    let files: Vec<RuleFile> = files.into_iter().map(|file| RuleFile { name: file.name, text: file.text }).collect();
    let published = shared.control.published();
    let wanted =
        weir_rules::check_rules(&files, &published.state.kinds).map_err(|error| Refusal::invalid(error.to_string()))?;
    let change = weir_rules::change_rules(&published.state, shared.control.now(), &wanted)
        .map_err(|id| Refusal::conflict(format!("rule id `{id}` was used before with another text")))?;
    let added: Vec<&str> = change.policies.iter().map(|policy| policy.id.as_str()).collect();
    Ok(Json(json!({ "added": added, "removed": change.removed, "kept": wanted.len() - added.len() })))
}

/// What this version's base rules are to the log.
pub(super) async fn lacking_rules(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let found = weir_rules::upgrade(&published.state, shared.control.now());
    let otherwise: Vec<Value> = found
        .otherwise
        .iter()
        .map(|rule| json!({ "id": rule.id, "in_force": rule.in_force, "in_log": &*rule.in_log, "here": rule.here }))
        .collect();
    Ok(Json(json!({ "lacking": found.lacking, "otherwise": otherwise })))
}

pub(super) async fn directives(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let now = shared.control.now();
    let mut all: Vec<_> = published.state.directives.values().collect();
    all.sort_by_key(|directive| directive.draft);
    let shown: Vec<Value> = all.into_iter().map(|directive| super::show::directive_line(directive, now)).collect();
    Ok(Json(json!({ "directives": shown })))
}

pub(super) async fn directive(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let directive = published
        .state
        .directive_named(&id)
        .ok_or_else(|| Refusal::not_found(format!("there is no directive `{id}`")))?;
    Ok(Json(super::show::directive(directive, &published.state, shared.control.now())))
}

pub(super) async fn preview(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let caller = operator(&shared, &headers, "read")?;
    let preview = shared.control.preview(caller, id).await?;
    let shown = serde_json::to_value(&preview).map_err(|error| Refusal::unavailable(error.to_string()))?;
    Ok(Json(shown))
}

pub(super) async fn who_can(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(model): Path<String>,
    Query(query): Query<At>,
) -> Answer {
    operator(&shared, &headers, "read")?;
    let control = shared.control.clone();
    let shown = blocking(move || {
        let state = control.published();
        let snapshot = at_moment(&control, query.at)?;
        if !state.state.models.contains_key(model.as_str()) {
            return Err(Refusal::not_found(format!("there is no model `{model}`")));
        }
        let mut accounts: Vec<Value> = weir_rules::who_can(&snapshot, &model)
            .filter_map(|id| state.state.accounts.get(&id))
            .map(|account| {
                let party = state.state.party_label(account.party);
                json!({ "party": party, "account": state.state.account_label(account.id) })
            })
            .collect();
        accounts.sort_by_key(|row| row["account"].as_str().unwrap_or_default().to_owned());
        Ok(json!({ "model": model, "at": snapshot.at(), "tree_size": snapshot.tree_size(), "accounts": accounts }))
    });
    Ok(Json(shown.await?))
}

/// Which decision to explain: one that was made, or one that would be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Explained {
    account: Option<String>,
    model: Option<String>,
    decision: Option<String>,
    at: Option<Time>,
}

pub(super) async fn explain(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<Explained>,
) -> Answer {
    operator(&shared, &headers, "read")?;
    let control = shared.control.clone();
    let shown = blocking(move || match (query.decision, query.account, query.model) {
        (Some(id), None, None) => explain_decision(&control, &id),
        (None, Some(account), Some(model)) => explain_account(&control, &account, &model, query.at),
        _ => Err(Refusal::invalid("give `account` and `model`, or `decision`")),
    });
    Ok(Json(shown.await?))
}

fn explain_account(control: &Control, account: &str, model: &str, at: Option<Time>) -> Result<Value, Refusal> {
    let published = control.published();
    let id = names::account(&published.state, account)?.id;
    let snapshot = at_moment(control, at)?;
    let class = snapshot
        .view()
        .class(id)
        .ok_or_else(|| Refusal::conflict(format!("`{account}` was not open at {}", snapshot.at())))?;
    let mut explanation = serde_json::to_value(explain_class(&snapshot, class, model))
        .map_err(|error| Refusal::unavailable(error.to_string()))?;
    explanation["limits"] = json!(limits::on(&snapshot, id, class, model));
    Ok(explanation)
}

fn explain_decision(control: &Control, id: &str) -> Result<Value, Refusal> {
    let id: DecisionId = id.parse().map_err(|error| Refusal::invalid(format!("{error}")))?;
    let found = control.decision(id)?.ok_or_else(|| {
        Refusal::not_found(format!("there is no record of {id}; records are written a moment after the decision"))
    })?;
    let sealed = control.published().state.segments.get(&found.segment).map(|sealed| sealed.act);
    let record = found.told;
    let read = |field: &str| record[field].as_str().unwrap_or_default();
    let (Ok(at), Ok(account)) = (read("time").parse::<Time>(), read("account").parse()) else {
        return Err(Refusal::unavailable(format!("the record of {id} cannot be read")));
    };
    let tree_size = record["tree_size"].as_u64().unwrap_or_default();
    let mut world = control.world_of(tree_size)?;
    world.advance(at);
    let snapshot = Snapshot::of(&world).map_err(|error| Refusal::unavailable(error.to_string()))?;
    let class = class_of(&snapshot, account, &record);
    let explanation = match (record["model"].as_str(), class) {
        (Some(model), Some(class)) => {
            let mut shown = serde_json::to_value(explain_class(&snapshot, class, model))
                .map_err(|error| Refusal::unavailable(error.to_string()))?;
            shown["limits"] = json!(limits::on(&snapshot, account, class, model));
            shown
        }
        _ => Value::Null,
    };
    let erased = control.published().state.erased.range(..tree_size).count();
    let note = (erased > 0).then(|| {
        format!("{erased} private parts that were known then were erased since; what rested on them is unknown now")
    });
    Ok(json!({ "decision": record, "sealed_by_act": sealed, "explanation": explanation, "note": note }))
}

/// The class under which a recorded decision was made: the account's, with the
/// claims of the person behind the request where one was asserted.
fn class_of(snapshot: &Snapshot, account: AccountId, record: &Value) -> Option<Class> {
    let class = snapshot.view().class(account)?;
    let person = record["person"].as_str().and_then(|person| person.parse::<PersonKey>().ok());
    match Claims::deserialize(&record["person_claims"]) {
        Ok(claims) => snapshot.view().class_of_person(class, &claims, person.as_ref()),
        Err(_) => Some(class),
    }
}

pub(super) async fn in_flight(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    operator(&shared, &headers, "read")?;
    let published = shared.control.published();
    let shown: Vec<Value> = (shared.live.in_flight)()
        .into_iter()
        .map(|flight| {
            let account = published.state.account_label(flight.account);
            json!({ "account": account, "api": flight.api, "model": flight.model.as_deref(), "since": flight.since })
        })
        .collect();
    Ok(Json(json!({ "in_flight": shown })))
}
