//! A script is one whole response, rendered: its head's fixed part and the
//! bytes of each write. Playing it is [`super::playback`]'s work.
//!
//! Equal requests get equal bytes, so scripts are kept, and a benchmark that
//! sends one body over and over pays for a look-up and no rendering.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use super::answer::{Answer, identifier, tokens};
use super::ask::Ask;
use super::errors::ApiError;
use super::route::{Family, Route};
use super::steering::Shape;
use super::{chat, completions, embeddings, messages, responses};

/// Scripts kept at most, and the largest one that is kept, in bytes.
const KEPT_SCRIPTS: usize = 256;
const LARGEST_KEPT: usize = 1 << 20;

/// One rendered response.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) status: StatusCode,
    pub(super) family: Family,
    /// Server-sent events rather than one JSON document.
    pub(super) streamed: bool,
    /// What is written, one write each.
    pub(super) writes: Vec<Bytes>,
    pub(super) total_bytes: usize,
    pub(super) request_id: HeaderValue,
}

impl Script {
    pub(super) fn events(family: Family, seed: u64, writes: Vec<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            family,
            streamed: true,
            total_bytes: writes.iter().map(Bytes::len).sum(),
            writes,
            request_id: request_id(seed),
        }
    }

    pub(super) fn document(status: StatusCode, family: Family, seed: u64, body: &Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self {
            status,
            family,
            streamed: false,
            total_bytes: body.len(),
            writes: vec![body],
            request_id: request_id(seed),
        }
    }

    pub(super) fn error(error: &ApiError, family: Family) -> Self {
        Self::document(error.status, family, 0, &error.body(family))
    }

    /// Cuts the writes as the request steered them.
    fn shaped(mut self, shape: &Shape) -> Self {
        let mut writes = std::mem::take(&mut self.writes);
        if self.streamed && shape.comments {
            writes = with_comments(&writes);
        }
        if let (false, Some(parts)) = (self.streamed, shape.chunks) {
            let size = self.total_bytes.div_ceil(parts).max(1);
            writes = recut(&writes, size);
        }
        if let Some(size) = shape.write_bytes {
            writes = recut(&writes, size);
        }
        self.total_bytes = writes.iter().map(Bytes::len).sum();
        self.writes = writes;
        self
    }
}

fn request_id(seed: u64) -> HeaderValue {
    HeaderValue::from_str(&identifier("req_", seed)).unwrap_or_else(|_| HeaderValue::from_static("req_stand_in"))
}

/// Comments of the kinds that servers and proxies send to keep a stream open.
fn with_comments(writes: &[Bytes]) -> Vec<Bytes> {
    let mut all = vec![Bytes::from_static(b": stand-in processing \xf0\x9f\x8c\x8a\n\n")];
    for write in writes {
        all.push(write.clone());
        all.push(Bytes::from_static(b":keepalive\n\n"));
    }
    all
}

/// The same bytes in writes of `size`, wherever that falls.
fn recut(writes: &[Bytes], size: usize) -> Vec<Bytes> {
    let mut whole = Bytes::from(writes.concat());
    let mut parts = Vec::with_capacity(whole.len().div_ceil(size));
    while whole.len() > size {
        parts.push(whole.split_to(size));
    }
    parts.push(whole);
    parts
}

/// One server-sent event; Anthropic's and the Responses API's carry a name.
pub(super) fn event(name: Option<&str>, data: &Value) -> Bytes {
    match name {
        Some(name) => Bytes::from(format!("event: {name}\ndata: {data}\n\n")),
        None => Bytes::from(format!("data: {data}\n\n")),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ScriptKey {
    route: Route,
    fingerprint: u64,
    body_bytes: usize,
    shape: Shape,
}

/// The scripts rendered so far.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    kept: Mutex<HashMap<ScriptKey, Arc<Script>>>,
}

impl Scripts {
    /// The script for a request, rendered unless an equal one was before.
    pub(super) fn find(
        &self,
        route: Route,
        fingerprint: u64,
        body: &[u8],
        shape: &Shape,
    ) -> Result<Arc<Script>, ApiError> {
        let key = ScriptKey { route, fingerprint, body_bytes: body.len(), shape: shape.clone() };
        if let Some(script) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Arc::clone(script));
        }
        let script = Arc::new(render(route, fingerprint, body, shape)?);
        if script.total_bytes <= LARGEST_KEPT {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT_SCRIPTS {
                kept.clear();
            }
            kept.insert(key, Arc::clone(&script));
        }
        Ok(script)
    }
}

fn render(route: Route, seed: u64, body: &[u8], shape: &Shape) -> Result<Script, ApiError> {
    let ask = Ask::read(route, body)?;
    let script = render_shape(route, seed, body.len(), &ask, shape);
    let Some(least) = shape.huge.filter(|_| !script.streamed) else {
        return Ok(script.shaped(shape));
    };
    // Everything but the content has a fixed size, so measure it once empty.
    let mut sized = Shape { bytes: Some(0), ..shape.clone() };
    let frame = render_shape(route, seed, body.len(), &ask, &sized).total_bytes;
    sized.bytes = Some(least.saturating_sub(frame));
    Ok(render_shape(route, seed, body.len(), &ask, &sized).shaped(shape))
}

fn render_shape(route: Route, seed: u64, body_bytes: usize, ask: &Ask, shape: &Shape) -> Script {
    let answer = Answer::compose(ask, shape, seed, body_bytes);
    let family = route.family();
    let events = ask.stream.then(|| match route {
        Route::Chat => Some(chat::events(&answer, ask.include_usage)),
        Route::Completions => Some(completions::events(&answer, ask.include_usage)),
        Route::Responses => Some(responses::events(&answer)),
        Route::Messages => Some(messages::events(&answer)),
        _ => None,
    });
    if let Some(Some(events)) = events {
        return Script::events(family, seed, events);
    }
    let document = match route {
        Route::Chat => chat::document(&answer),
        Route::Completions => completions::document(&answer),
        Route::Responses => responses::document(&answer),
        Route::Embeddings => embeddings::document(&answer, ask),
        Route::Messages => messages::document(&answer),
        Route::CountTokens => serde_json::json!({"input_tokens": tokens(body_bytes)}),
        // The list of models is the server's, not an answer to a body.
        Route::Models(_) => Value::Null,
    };
    Script::document(StatusCode::OK, family, seed, &document)
}
