//! Answers of Chat Completions, Completions and Embeddings.
//!
//! A stream tells its usage in one last event if `stream_options.include_usage`
//! was set, with `"usage":null` in all others; some servers send running totals
//! in every event. It ends with `data: [DONE]`.

use super::count::Count;
use super::{DONE, Ending, Facts, Usage, glance, mentions, tells_refusal};
use crate::head::ObjectKind;
use crate::sse::Event;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::LazyLock;

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"usage\""));
static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"error\""));
static AUDIO: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"audio\""));

#[derive(Deserialize)]
struct Document {
    id: Option<String>,
    model: Option<String>,
    usage: Option<OpenAiUsage>,
    error: Option<IgnoredAny>,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Message>,
    delta: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    audio: Option<Audio>,
}

#[derive(Deserialize)]
struct Audio {
    id: Option<String>,
}

/// Usage under both of OpenAI's sets of names. Some servers send both at once.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct OpenAiUsage {
    prompt_tokens: Count,
    completion_tokens: Count,
    input_tokens: Count,
    output_tokens: Count,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    input_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
}

#[derive(Clone, Copy, Deserialize, Default)]
#[serde(default)]
struct Details {
    cached_tokens: Count,
    cache_write_tokens: Count,
    reasoning_tokens: Count,
}

impl OpenAiUsage {
    pub(super) fn counts(&self) -> Usage {
        let input = [self.prompt_tokens_details, self.input_tokens_details].map(Option::unwrap_or_default);
        let output = [self.completion_tokens_details, self.output_tokens_details].map(Option::unwrap_or_default);
        let largest = |details: [Details; 2], part: fn(Details) -> Count| {
            details.map(|one| part(one).0).into_iter().max().unwrap_or(0)
        };
        Usage {
            input_tokens: self.prompt_tokens.0.max(self.input_tokens.0),
            output_tokens: self.completion_tokens.0.max(self.output_tokens.0),
            cached_input_tokens: largest(input, |details| details.cached_tokens),
            cache_write_tokens: largest(input, |details| details.cache_write_tokens),
            reasoning_tokens: largest(output, |details| details.reasoning_tokens),
        }
    }
}

pub(super) fn observe_event(facts: &mut Facts, event: Event<'_>) {
    if event.data.starts_with(DONE) {
        facts.end(Ending::Complete);
        return;
    }
    facts.refused |= tells_refusal(event.data, true);
    let is_first = !std::mem::replace(&mut facts.opened, true);
    if is_first || tells_usage(event.data) || mentions(event.data, &ERROR) || mentions(event.data, &AUDIO) {
        observe_document(facts, event.data, false);
    }
}

/// Whether a usage report, and not only `"usage":null`, may be there.
fn tells_usage(data: &[u8]) -> bool {
    USAGE.find_iter(data).any(|at| {
        let rest = data.get(at + b"\"usage\"".len()..).unwrap_or_default();
        !rest.starts_with(b":null") && !rest.starts_with(b": null")
    })
}

/// Reads one event, or a whole answer, in which case its being there is its end.
pub(super) fn observe_document(facts: &mut Facts, json: &[u8], is_whole_answer: bool) {
    let is_error = match glance::document(json) {
        Some(seen) => {
            facts.answered_by(seen.id.as_deref(), seen.model.as_deref());
            seen.usage.into_iter().for_each(|usage| facts.count(usage));
            seen.is_error
        }
        None => match observe_any(facts, json) {
            Some(is_error) => is_error,
            None => return,
        },
    };
    if is_error {
        facts.end(Ending::Failed);
    } else if is_whole_answer {
        facts.refused |= tells_refusal(json, true);
        facts.end(Ending::Complete);
    }
}

/// Reads a document of any shape, and says whether it tells an error; none where
/// it cannot be read.
fn observe_any(facts: &mut Facts, json: &[u8]) -> Option<bool> {
    let document = serde_json::from_slice::<Document>(json).ok()?;
    facts.answered_by(document.id.as_deref(), document.model.as_deref());
    if let Some(usage) = document.usage {
        facts.count(usage.counts());
    }
    for message in document.choices.iter().flatten().flat_map(|choice| [&choice.message, &choice.delta]).flatten() {
        facts.created(ObjectKind::Audio, message.audio.as_ref().and_then(|audio| audio.id.as_deref()));
    }
    Some(document.error.is_some())
}

#[cfg(test)]
mod tests;
