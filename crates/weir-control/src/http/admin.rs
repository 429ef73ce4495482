//! Changes: `POST /admin/v1/{noun}/{verb}` with the command as JSON.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::authenticated;
use super::{Answer, Shared};
use crate::command::Command;
use crate::refusal::Refusal;

pub(super) async fn change(
    State(shared): State<Shared>,
    Path((noun, verb)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    carry_out(&shared, &format!("{noun}.{verb}"), &headers, &body).await
}

/// `/party/{verb}`, whose path is also that of a party to be shown.
pub(super) async fn change_party(
    State(shared): State<Shared>,
    Path(verb): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    carry_out(&shared, &format!("party.{verb}"), &headers, &body).await
}

/// `/draft/{verb}`, whose path is also that of a draft to be shown.
pub(super) async fn change_draft(
    State(shared): State<Shared>,
    Path(verb): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    carry_out(&shared, &format!("draft.{verb}"), &headers, &body).await
}

/// `/campaign/{verb}`, whose path is also that of a campaign to be shown.
pub(super) async fn change_campaign(
    State(shared): State<Shared>,
    Path(verb): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    carry_out(&shared, &format!("campaign.{verb}"), &headers, &body).await
}

/// `/log/{verb}`, whose path is also that of an act to be shown.
pub(super) async fn change_log(
    State(shared): State<Shared>,
    Path(verb): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    carry_out(&shared, &format!("log.{verb}"), &headers, &body).await
}

/// `/directive/{verb}`, whose path is also that of a directive to be shown.
pub(super) async fn change_directive(
    State(shared): State<Shared>,
    Path(verb): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    carry_out(&shared, &format!("directive.{verb}"), &headers, &body).await
}

pub(super) async fn change_of_part(
    State(shared): State<Shared>,
    Path((noun, middle, verb)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    carry_out(&shared, &format!("{noun}.{middle}.{verb}"), &headers, &body).await
}

async fn carry_out(shared: &Shared, verb: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
    let caller = authenticated(shared, headers)?;
    if !Command::VERBS.contains(&verb) {
        let shown: String = verb.chars().take(64).collect();
        return Err(Refusal::not_found(format!("there is no change `{shown}`")).into());
    }
    let wrong = |error: &dyn std::fmt::Display| Refusal::invalid(format!("{verb}: {error}"));
    let body: &RawValue = serde_json::from_slice(body).map_err(|error| wrong(&error))?;
    let command = Command::from_parts(verb, body).map_err(|error| wrong(&error))?;
    let key = idempotency_key(headers)?;
    let accepted = shared.control.change(caller, command, key).await?;
    Ok(Json(Value::Object(accepted.0)))
}

/// The `Idempotency-Key` of a request, where it has one.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let key = headers.get("idempotency-key").map(|key| key.to_str().map(str::to_owned)).transpose();
    key.map_err(|_| Refusal::invalid("the Idempotency-Key is not ASCII"))
}
