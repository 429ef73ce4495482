//! `Idempotency-Key`: a request that is sent again, because its answer was
//! lost, gets the same answer and changes nothing. What was shown once, such
//! as a key, is not in the repeated answer: it was never kept.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value as Json, json};
use weir_acts::Digest;
use weir_store::Answered;

use super::Control;
use crate::refusal::Refusal;

/// The longest key taken.
const LONGEST_KEY: usize = 255;

/// Keys whose first request is under way.
#[derive(Default, Clone)]
pub(super) struct Pending(Arc<Mutex<HashSet<(String, String)>>>);

/// Holds a key while its request is under way.
pub(super) struct Held {
    pending: Pending,
    name: (String, String),
}

impl Drop for Held {
    fn drop(&mut self) {
        self.pending.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// A request that came with a key.
#[derive(Debug, Clone)]
pub(super) struct Keyed {
    /// Whose key.
    pub(super) scope: String,
    /// The key.
    pub(super) key: String,
    /// Digest of the request.
    pub(super) request: Digest,
}

impl Keyed {
    /// What is kept: the answer without its secrets. Index and leaf are the
    /// database's to tell.
    pub(super) fn answered(&self, index: u64, answer: &Map<String, Json>) -> Answered {
        let mut kept = answer.clone();
        kept.insert("act".into(), json!(index));
        Answered {
            scope: self.scope.clone(),
            key: self.key.clone(),
            request: self.request.0,
            answer: Json::Object(kept).to_string().into_bytes(),
        }
    }
}

impl Control {
    /// Takes hold of a key, or finds the answer already given under it.
    pub(super) fn hold(&self, keyed: &Keyed) -> Result<(Held, Option<Map<String, Json>>), Refusal> {
        if keyed.key.is_empty() || keyed.key.len() > LONGEST_KEY {
            return Err(Refusal::invalid(format!("an Idempotency-Key has 1 to {LONGEST_KEY} bytes")));
        }
        let name = (keyed.scope.clone(), keyed.key.clone());
        let pending = self.inner.pending.clone();
        if !pending.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone()) {
            return Err(Refusal::conflict(
                "a request with this Idempotency-Key is under way; ask again when it is done",
            ));
        }
        let held = Held { pending, name };
        let found = self
            .store()
            .answered(&keyed.scope, &keyed.key)
            .map_err(|error| Refusal::unavailable(format!("the database cannot be read: {error}")))?;
        let Some(found) = found else { return Ok((held, None)) };
        if found.request != keyed.request.0 {
            return Err(Refusal::conflict(
                "this Idempotency-Key was used for another request; use a new key for a new request",
            ));
        }
        Ok((held, Some(self.read_back(&found.answer)?)))
    }

    fn read_back(&self, answer: &[u8]) -> Result<Map<String, Json>, Refusal> {
        if answer.iter().all(|byte| *byte == 0) {
            return Err(Refusal::conflict(
                "what was answered under this Idempotency-Key was erased with whom it named; what was done stands",
            ));
        }
        let damaged = || Refusal::unavailable("the answer kept under this Idempotency-Key cannot be read");
        let mut answer: Map<String, Json> = serde_json::from_slice(answer).map_err(|_| damaged())?;
        let index = answer.get("act").and_then(Json::as_u64).ok_or_else(damaged)?;
        let entry = self.store().entry(index).ok().flatten().ok_or_else(damaged)?;
        answer.insert("leaf".into(), json!(weir_acts::hex::encode(&entry.leaf)));
        answer.insert("receipt".into(), json!(self.receipt_url(index)));
        answer.insert("repeated".into(), json!(true));
        Ok(answer)
    }
}
