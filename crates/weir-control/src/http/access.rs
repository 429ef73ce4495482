//! What the affected may see and ask, with the account's own key.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_acts::id::{AppealId, MeasureId};
use weir_exchange::DecisionId;

use super::answer::{bearer, blocking};
use super::{Answer, Failure, Shared};
use crate::refusal::Refusal;
use crate::service::{AccessCaller, Against};

/// Records reach their file a moment after the decision; so long is waited.
const RECORD_TRIES: u32 = 10;
const RECORD_PAUSE: Duration = Duration::from_millis(100);

fn caller(shared: &Shared, headers: &HeaderMap) -> Result<AccessCaller, Failure> {
    let own = headers.get("x-api-key").and_then(|key| key.to_str().ok());
    Ok(shared.control.account_of_key(bearer(headers).or(own).unwrap_or_default())?)
}

pub(super) async fn decision(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let caller = caller(&shared, &headers)?;
    let id: DecisionId = id.parse().map_err(|error| Refusal::invalid(format!("{error}")))?;
    let account = caller.account.id.to_string();
    for attempt in 0..RECORD_TRIES {
        if attempt > 0 {
            tokio::time::sleep(RECORD_PAUSE).await;
        }
        let control = shared.control.clone();
        let Some(record) = blocking(move || control.decision(id)).await?.map(|found| found.told) else { continue };
        if record["account"] != account.as_str() {
            break;
        }
        return Ok(Json(shown(&record)));
    }
    Err(Refusal::not_found(format!("there is no decision {id} about this account")).into())
}

/// What the affected sees of a record: all but how Weir is run inside.
fn shown(record: &Value) -> Value {
    let fields = ["id", "time", "tree_size", "api", "model", "served_model", "stage", "ruling", "rules"];
    let mut told = serde_json::Map::new();
    for field in fields {
        if !record[field].is_null() {
            told.insert(field.to_owned(), record[field].clone());
        }
    }
    told.insert("appeal".into(), json!("POST /access/v1/appeals {\"decision\":\"...\",\"text\":\"...\"}"));
    Value::Object(told)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filed {
    #[serde(default)]
    decision: Option<String>,
    #[serde(default)]
    measure: Option<MeasureId>,
    text: String,
}

pub(super) async fn file_appeal(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Answer {
    let caller = caller(&shared, &headers)?;
    let filed: Filed = serde_json::from_slice(&body).map_err(|error| Refusal::invalid(error.to_string()))?;
    let against = match (filed.decision, filed.measure) {
        (Some(decision), None) => {
            Against::Decision(decision.parse().map_err(|error| Refusal::invalid(format!("{error}")))?)
        }
        (None, Some(measure)) => Against::Measure(measure),
        _ => return Err(Refusal::invalid("name one `decision` or one `measure`").into()),
    };
    let accepted = shared.control.file_appeal(caller, against, filed.text).await?;
    Ok(Json(Value::Object(accepted.0)))
}

pub(super) async fn appeal(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let caller = caller(&shared, &headers)?;
    let id: AppealId = id.parse().map_err(|error| Refusal::invalid(format!("{error}")))?;
    Ok(Json(shared.control.own_appeal(&caller, id)?))
}
