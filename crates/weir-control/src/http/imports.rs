//! Imports: announced, sent in pieces, ended.
//!
//! `POST /admin/v1/import`, `PUT /admin/v1/import/{id}/{offset}` for each piece
//! in order, `POST /admin/v1/import/{id}/finish`. A piece whose answer was lost
//! is sent again as it was.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{authenticated, blocking, operator};
use super::{Answer, Failure, Shared, admin};
use crate::imports::Faults;
use crate::refusal::Refusal;
use crate::service::{Begun, Ended, ImportBegin};

pub(super) async fn begin(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Answer {
    let caller = authenticated(&shared, &headers)?;
    let begin: ImportBegin =
        serde_json::from_slice(&body).map_err(|error| Refusal::invalid(format!("import: {error}")))?;
    let key = admin::idempotency_key(&headers)?;
    let control = shared.control.clone();
    let begun = blocking(move || control.import_begin(caller, begin, key)).await?;
    Ok(Json(match begun {
        Begun::Open(id) => json!({ "import": id.to_string() }),
        Begun::Done(accepted) => json!({ "done": Value::Object(accepted.0) }),
    }))
}

pub(super) async fn chunk(
    State(shared): State<Shared>,
    Path((id, offset)): Path<(String, u64)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let caller = authenticated(&shared, &headers)?;
    let id = named(&id)?;
    let control = shared.control.clone();
    let taken = blocking(move || control.import_chunk(caller, id, offset, &body)).await?;
    Ok(Json(taken).into_response())
}

pub(super) async fn finish(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let caller = authenticated(&shared, &headers)?;
    Ok(match shared.control.import_finish(caller, named(&id)?).await? {
        Ended::Accepted(accepted) => Json(Value::Object(accepted.0)).into_response(),
        Ended::Faulty(faults) => faulty(&faults),
    })
}

pub(super) async fn cancel(State(shared): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let caller = authenticated(&shared, &headers)?;
    shared.control.import_cancel(caller, named(&id)?)?;
    Ok(Json(json!({})))
}

fn faulty(faults: &Faults) -> Response {
    let count = faults.faults.len();
    let refusal = Refusal::invalid(format!("{count} lines are wrong; nothing was imported"));
    let body = json!({ "error": refusal, "faults": faults.faults, "stopped": faults.stopped });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn named(id: &str) -> Result<weir_acts::id::ImportId, Failure> {
    Ok(id.parse().map_err(|error: weir_acts::id::IdError| Refusal::invalid(error.to_string()))?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowAsked {
    act: u64,
    subject: String,
}

/// Receipts of an import's rows about one subject, without the act's own.
pub(super) async fn rows(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Answer {
    operator(&shared, &headers, "open")?;
    let RowAsked { act, subject } =
        serde_json::from_slice(&body).map_err(|error| Refusal::invalid(error.to_string()))?;
    let control = shared.control.clone();
    let rows = blocking(move || {
        let mut rows = control.row_receipts(act, &subject)?;
        let stored = control.store().entry(act).map_err(|error| Refusal::unavailable(error.to_string()))?;
        let entry = stored.and_then(|stored| String::from_utf8(stored.bytes).ok());
        rows.iter_mut().for_each(|row| row.entry.clone_from(&entry));
        Ok(rows)
    });
    Ok(Json(json!({ "rows": rows.await? })))
}
