//! The log: its files for everybody as c2sp.org/tlog-tiles lays them out, and
//! its acts with their private parts for operators.

use std::io::ErrorKind;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_acts::{Time, hex};
use weir_store::{Private, StoredEntry};
use weir_tlog::{Checkpoint, FolderSource, LogPath, LogSource as _, Receipt, SignedNote, TileHashes};

use super::answer::{blocking, operator};
use super::{Answer, Failure, Shared};
use crate::audit;
use crate::names;
use crate::publish::PROJECTION;
use crate::refusal::Refusal;
use crate::service::Control;

/// How long a receipt waits for the checkpoint that will cover it.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(5);

/// The most acts of one answer.
const MOST_ACTS: usize = 1_000;

fn with_type(body: impl Into<Body>, kind: &'static str, keep: &'static str) -> Response {
    let mut response = body.into().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

const TEXT: &str = "text/plain; charset=utf-8";
const FRESH: &str = "no-store";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

pub(super) async fn vkey(State(shared): State<Shared>) -> Response {
    with_type(format!("{}\n", shared.control.vkey()), TEXT, FRESH)
}

pub(super) async fn file(State(shared): State<Shared>, Path(path): Path<String>) -> Result<Response, Failure> {
    let not_there = || Refusal::not_found(format!("the log has no file /log/{path}"));
    let path_in_log: LogPath = path.parse().map_err(|_| not_there())?;
    let file = shared.control.dir().join(PROJECTION).join(&path);
    let bytes = match tokio::fs::read(&file).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(not_there().into()),
        Err(error) => return Err(Refusal::unavailable(format!("the log cannot be read: {error}")).into()),
    };
    if path_in_log.is_immutable() {
        return Ok(with_type(bytes, "application/octet-stream", FOR_EVER));
    }
    Ok(with_type(bytes, TEXT, FRESH))
}

pub(super) async fn receipt(State(shared): State<Shared>, Path(index): Path<u64>) -> Result<Response, Failure> {
    let size = shared.control.published().state.size;
    if index >= size {
        return Err(Refusal::not_found(format!("the log has {size} acts and no act {index}")).into());
    }
    let mut signed = shared.control.signed();
    let covered = async { signed.wait_for(|size| *size > index).await.is_ok() };
    if !tokio::time::timeout(RECEIPT_PATIENCE, covered).await.unwrap_or(false) {
        return Err(Refusal::unavailable(format!("act {index} is not yet under a checkpoint; ask again")).into());
    }
    let control = shared.control.clone();
    let text = blocking(move || make_receipt(&control, index)).await?;
    Ok(with_type(text, TEXT, FRESH))
}

fn make_receipt(control: &Control, index: u64) -> Result<String, Refusal> {
    let cannot = |error: &dyn std::fmt::Display| Refusal::unavailable(format!("no receipt can be made: {error}"));
    let source = FolderSource::new(control.dir().join(PROJECTION));
    let signed = source.read(LogPath::Checkpoint).map_err(|error| cannot(&error))?;
    let signed = signed.ok_or_else(|| cannot(&"there is no checkpoint yet"))?;
    let published = SignedNote::parse(&signed).map_err(|error| cannot(&error))?;
    let note = best_cosigned(published, control.cosignatures().cosigned(), index);
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| cannot(&error))?;
    let receipt = Receipt::make(&TileHashes::new(&source, checkpoint.size), index, &note.to_string())
        .map_err(|error| cannot(&error))?;
    Ok(receipt.to_string())
}

/// Of the published checkpoint and those that witnesses cosigned last, the one
/// with the most signatures that covers act `index`; the published one where
/// none has more.
fn best_cosigned(published: SignedNote, cosigned: Vec<SignedNote>, index: u64) -> SignedNote {
    let covers = |note: &SignedNote| Checkpoint::parse(note.text()).is_ok_and(|checkpoint| checkpoint.size > index);
    cosigned
        .into_iter()
        .filter(covers)
        .fold(published, |best, note| if note.signatures().len() > best.signatures().len() { note } else { best })
}

/// Which acts to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    #[serde(default)]
    from: u64,
    limit: Option<usize>,
}

pub(super) async fn acts(State(shared): State<Shared>, headers: HeaderMap, Query(span): Query<Span>) -> Answer {
    operator(&shared, &headers, "read")?;
    let control = shared.control.clone();
    let shown = blocking(move || {
        let limit = span.limit.unwrap_or(100).min(MOST_ACTS);
        let stored = control.store().entries(span.from, limit).map_err(|error| unreadable(&error))?;
        let acts: Vec<Value> = stored.iter().map(|stored| act_shown(stored, false)).collect();
        Ok(json!({ "size": control.published().state.size, "acts": acts }))
    });
    Ok(Json(shown.await?))
}

pub(super) async fn act(State(shared): State<Shared>, headers: HeaderMap, Path(index): Path<u64>) -> Answer {
    let caller = operator(&shared, &headers, "read")?;
    let may_open = shared.control.may(caller, "open").is_ok();
    let control = shared.control.clone();
    let shown = blocking(move || {
        let stored = control.store().entry(index).map_err(|error| unreadable(&error))?;
        let stored = stored.ok_or_else(|| Refusal::not_found(format!("the log has no act {index}")))?;
        Ok(act_shown(&stored, may_open))
    });
    Ok(Json(shown.await?))
}

fn unreadable(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::unavailable(format!("the database cannot be read: {error}"))
}

/// An act as operators see it; the private part only for those who may open.
fn act_shown(stored: &StoredEntry, may_open: bool) -> Value {
    let raw = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null);
    let private = match &stored.private {
        Private::Kept(part) if may_open => raw(&part.bytes),
        _ => Value::Null,
    };
    json!({
        "act": stored.index, "leaf": hex::encode(&stored.leaf), "entry": raw(&stored.bytes),
        "private": private, "erased": stored.private == Private::Erased,
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    subject: String,
}

pub(super) async fn open(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Result<Response, Failure> {
    operator(&shared, &headers, "open")?;
    let Opened { subject } = serde_json::from_slice(&body).map_err(|error| Refusal::invalid(error.to_string()))?;
    let control = shared.control.clone();
    let bundle = blocking(move || {
        let published = control.published();
        let holder = names::holder(&published.state, &subject)?;
        audit::open_bundle(&control, &published.state, holder)
    });
    Ok(with_type(bundle.await?, "application/x-ndjson", FRESH))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exported {
    from: Time,
    to: Time,
    #[serde(default)]
    subject: Option<String>,
}

/// The files of records, held against what sealed them.
pub(super) async fn records(State(shared): State<Shared>, headers: HeaderMap) -> Answer {
    operator(&shared, &headers, "open")?;
    let control = shared.control.clone();
    let found = blocking(move || Ok(audit::check_records(&control))).await?;
    Ok(Json(json!({ "good": found.is_good(), "lines": found.lines(), "records": found })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stretch {
    from: Time,
    to: Time,
}

/// The sealed files of records of a stretch of time, and the acts that sealed
/// them.
pub(super) async fn segments(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(Stretch { from, to }): Query<Stretch>,
) -> Answer {
    operator(&shared, &headers, "open")?;
    if to <= from {
        return Err(Refusal::invalid("`to` must be after `from`").into());
    }
    let told = |sealed: weir_acts::records::SealedSegment| {
        json!({
            "name": sealed.name, "act": sealed.act, "sealed": sealed.at, "first": sealed.first, "last": sealed.last,
            "bytes": sealed.bytes, "digest": sealed.digest, "deleted": sealed.deleted,
        })
    };
    let segments: Vec<Value> = shared.control.segments_between(from, to).into_iter().map(told).collect();
    Ok(Json(json!({ "segments": segments })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Piece {
    #[serde(default)]
    offset: u64,
}

/// A piece of a sealed file of records.
pub(super) async fn segment(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(name): Path<String>,
    Query(Piece { offset }): Query<Piece>,
) -> Result<Response, Failure> {
    operator(&shared, &headers, "open")?;
    let control = shared.control.clone();
    let bytes = blocking(move || control.segment_bytes(&name, offset)).await?;
    Ok(with_type(bytes, "application/x-ndjson", FRESH))
}

pub(super) async fn export(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Result<Response, Failure> {
    operator(&shared, &headers, "open")?;
    let Exported { from, to, subject } =
        serde_json::from_slice(&body).map_err(|error| Refusal::invalid(error.to_string()))?;
    let control = shared.control.clone();
    // The log that is copied with it is to reach as far as what it tells of.
    let size = control.published().state.size;
    let mut signed = control.signed();
    let covered = async { signed.wait_for(|signed| *signed >= size).await.is_ok() };
    if !tokio::time::timeout(RECEIPT_PATIENCE, covered).await.unwrap_or(false) {
        return Err(Refusal::unavailable("the last acts are not yet under a checkpoint; ask again").into());
    }
    let bundle = blocking(move || {
        let published = control.published();
        let subject = subject.map(|subject| names::holder(&published.state, &subject)).transpose()?;
        audit::export_bundle(&control, &published.state, &audit::Export { from, to, subject })
    });
    Ok(with_type(bundle.await?, "application/x-ndjson", FRESH))
}
