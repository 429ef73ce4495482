//! Answers of the Messages API.
//!
//! A stream opens with `message_start`, which counts the input, tells running
//! totals in `message_delta`, often without the input, and ends with
//! `message_stop`. A count taken from one of them alone is wrong.

use super::count::Count;
use super::{Ending, Facts, Usage, mentions};
use crate::head::ObjectKind;
use crate::sse::Event;
use memchr::memmem::Finder;
use serde::Deserialize;
use std::sync::LazyLock;

/// Begins the type of every event that matters, for streams without event names.
static MESSAGE_EVENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"message_"));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"error\""));

#[derive(Deserialize)]
struct StreamEvent {
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<Message>,
    delta: Option<Delta>,
    usage: Option<AnthropicUsage>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    model: Option<String>,
    container: Option<Container>,
    stop_reason: Option<StopReason>,
    usage: Option<AnthropicUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StopReason {
    Refusal,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Delta {
    stop_reason: Option<StopReason>,
    container: Option<Container>,
}

#[derive(Deserialize)]
struct Container {
    id: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AnthropicUsage {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Count,
}

impl AnthropicUsage {
    fn counts(&self) -> Usage {
        Usage {
            input_tokens: self.input_tokens.0,
            output_tokens: self.output_tokens.0,
            cached_input_tokens: self.cache_read_input_tokens.0,
            cache_write_tokens: self.cache_creation_input_tokens.0,
            reasoning_tokens: self.output_tokens_details.as_ref().map_or(0, |details| details.thinking_tokens.0),
        }
    }
}

pub(super) fn observe_event(facts: &mut Facts, event: Event<'_>) {
    match event.event {
        // Both official clients act on the name alone here.
        Some(b"message_stop") => return facts.end(Ending::Complete),
        Some(b"error") => return facts.end(Ending::Failed),
        Some(b"message_start" | b"message_delta") => {}
        Some(_) => return,
        None if mentions(event.data, &MESSAGE_EVENT) || mentions(event.data, &ERROR) => {}
        None => return,
    }
    let Ok(found) = serde_json::from_slice::<StreamEvent>(event.data) else {
        return;
    };
    if let Some(message) = &found.message {
        observe_message(facts, message);
    }
    if let Some(usage) = &found.usage {
        facts.count(usage.counts());
    }
    facts.refused |= matches!(found.delta, Some(Delta { stop_reason: Some(StopReason::Refusal), .. }));
    if let Some(container) = found.delta.as_ref().and_then(|delta| delta.container.as_ref()) {
        facts.created(ObjectKind::Container, container.id.as_deref());
    }
    match found.kind.as_deref() {
        Some("message_stop") => facts.end(Ending::Complete),
        Some("error") => facts.end(Ending::Failed),
        _ => {}
    }
}

pub(super) fn observe_body(facts: &mut Facts, body: &[u8]) {
    let Ok(message) = serde_json::from_slice::<Message>(body) else {
        return;
    };
    observe_message(facts, &message);
    facts.end(if message.kind.as_deref() == Some("error") { Ending::Failed } else { Ending::Complete });
}

fn observe_message(facts: &mut Facts, message: &Message) {
    facts.answered_by(message.id.as_deref(), message.model.as_deref());
    facts.refused |= matches!(message.stop_reason, Some(StopReason::Refusal));
    facts.created(ObjectKind::Message, message.id.as_deref());
    facts.created(ObjectKind::Container, message.container.as_ref().and_then(|container| container.id.as_deref()));
    if let Some(usage) = &message.usage {
        facts.count(usage.counts());
    }
}
