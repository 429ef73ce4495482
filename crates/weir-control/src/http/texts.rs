//! What a request said, where it is kept.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::answer::authenticated;
use super::{Answer, Shared};
use crate::refusal::Refusal;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    exchange: String,
    reason: String,
}

pub(super) async fn read(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Answer {
    let caller = authenticated(&shared, &headers)?;
    shared.control.may_read_texts(caller)?;
    let Asked { exchange, reason } =
        serde_json::from_slice(&body).map_err(|error| Refusal::invalid(error.to_string()))?;
    Ok(Json(Value::Object(shared.control.read_text(caller, &exchange, &reason).await?)))
}
