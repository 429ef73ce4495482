//! Answers of the Responses API.
//!
//! A stream opens with `response.created` and ends with `response.completed`,
//! `response.incomplete` (a limit was met: a proper end) or `response.failed`;
//! each holds the whole response object. What is stored upstream shows here: the
//! response, its conversation, its items, and containers its tools ran in.

use super::chat::OpenAiUsage;
use super::{Ending, Facts, mentions, tells_refusal};
use crate::head::ObjectKind;
use crate::sse::Event;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::LazyLock;

static RESPONSE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"response\""));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"error\""));

#[derive(Deserialize)]
struct StreamEvent {
    #[serde(rename = "type")]
    kind: Option<String>,
    response: Option<Response>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Response {
    id: Option<String>,
    model: Option<String>,
    conversation: Option<Conversation>,
    #[serde(default)]
    output: Option<Vec<Item>>,
    usage: Option<OpenAiUsage>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Conversation {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    id: Option<String>,
    container_id: Option<String>,
}

pub(super) fn observe_event(facts: &mut Facts, event: Event<'_>) {
    if event.data.starts_with(super::DONE) || !(mentions(event.data, &RESPONSE) || mentions(event.data, &ERROR)) {
        return;
    }
    let Ok(found) = serde_json::from_slice::<StreamEvent>(event.data) else {
        return;
    };
    if let Some(response) = &found.response {
        observe_response(facts, response);
    }
    match found.kind.as_deref() {
        Some("response.completed" | "response.incomplete") => {
            facts.refused |= tells_refusal(event.data, false);
            facts.end(Ending::Complete);
        }
        Some("response.failed" | "response.cancelled" | "error") => facts.end(Ending::Failed),
        _ if found.error.is_some() => facts.end(Ending::Failed),
        _ => {}
    }
}

pub(super) fn observe_body(facts: &mut Facts, body: &[u8]) {
    let Ok(response) = serde_json::from_slice::<Response>(body) else {
        return;
    };
    observe_response(facts, &response);
    facts.refused |= tells_refusal(body, false);
    facts.end(if response.error.is_some() { Ending::Failed } else { Ending::Complete });
}

fn observe_response(facts: &mut Facts, response: &Response) {
    facts.answered_by(response.id.as_deref(), response.model.as_deref());
    facts.created(ObjectKind::Response, response.id.as_deref());
    facts.created(ObjectKind::Conversation, response.conversation.as_ref().and_then(|found| found.id.as_deref()));
    for item in response.output.iter().flatten() {
        facts.created(ObjectKind::Item, item.id.as_deref());
        facts.created(ObjectKind::Container, item.container_id.as_deref());
    }
    if let Some(usage) = &response.usage {
        facts.count(usage.counts());
    }
}
