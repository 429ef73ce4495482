//! What a webhook is told.

use serde_json::{Map, Value, json};
use weir_acts::Digest;

use super::DETECTOR_HEALTH;
use super::cursor::Cursor;
use crate::service::Control;

/// An event: the same bytes under the same id each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) body: Vec<u8>,
    /// Of what is told of the detector.
    pub(super) digest: String,
}

/// What is told of an act: its public part as the log shows it to outsiders, and
/// where its receipt is.
pub(super) fn of_act(control: &Control, index: u64, bytes: &[u8]) -> Option<Event> {
    let entry: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let kind = entry.get("kind")?.as_str()?.to_owned();
    let said = |name: &str| entry.get(name).cloned().unwrap_or(Value::Null);
    let body = json!({
        "type": kind,
        "timestamp": said("at"),
        "data": {
            "act": index,
            "by": said("by"),
            "subject": said("subject"),
            "public": said("public"),
            "receipt": control.receipt_url(index),
        },
    });
    Some(Event { id: format!("act-{index}"), kind, body: body.to_string().into_bytes(), digest: String::new() })
}

/// What is told of the detector, where it is something new.
pub(super) fn of_health(control: &Control, cursor: &Cursor) -> Option<Event> {
    let (last, times) = cursor.health();
    let detection = control.detection();
    let health = json!({ "on": detection.on, "proposes": detection.proposes, "problem": detection.problem });
    // What is wrong may be told in other words each time, with other numbers.
    let stands = format!("{} {} {}", detection.on, detection.proposes, detection.problem.is_some());
    let digest = Digest::of(stands.as_bytes()).to_string();
    // Never having said anything and being off is no news.
    let is_silent = last.is_empty() && !detection.on && detection.problem.is_none();
    if digest == last || is_silent {
        return None;
    }
    let body = json!({ "type": DETECTOR_HEALTH, "timestamp": control.now(), "data": health });
    Some(Event {
        id: format!("detector-{times}-{}", digest.get(7..23).unwrap_or_default()),
        kind: DETECTOR_HEALTH.to_owned(),
        body: body.to_string().into_bytes(),
        digest,
    })
}
