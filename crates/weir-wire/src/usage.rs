//! What an answer cost, how it ended, and what it left behind.
//!
//! The meter looks on while an answer is relayed. It never changes a byte and
//! never fails: an answer it cannot read simply tells no usage. Most events of a
//! stream carry a few characters of text, so each is first searched for the few
//! words that matter and is parsed only if one is there. Inside a JSON string a
//! quote is escaped, so a word searched for with its quotes cannot be faked by
//! text; at worst an event is parsed for nothing.

mod anthropic;
mod chat;
mod count;
mod glance;
mod responses;
#[cfg(test)]
mod tests;

use crate::head::ObjectKind;
use crate::sse::{Event, SseScanner};
use crate::{Api, Family};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Token counts of one exchange, in one sense for all APIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All tokens of the input, those read from or written to a cache included
    /// (as `gen_ai.usage.input_tokens` counts them).
    pub input_tokens: u64,
    /// All tokens generated, reasoning included.
    pub output_tokens: u64,
    /// The part of the input that was read from a cache.
    pub cached_input_tokens: u64,
    /// The part of the input that was written to a cache.
    pub cache_write_tokens: u64,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: u64,
}

/// How an answer ended, as far as its bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// No end was seen: if the upstream has closed, the answer is truncated.
    Open,
    /// The API's own end mark was seen.
    Complete,
    /// The upstream reported an error in the answer.
    Failed,
}

/// An object the upstream made while answering, to which the same account may
/// refer later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedObject {
    /// What it is; the same kinds as in [`crate::head::Reference`].
    pub kind: ObjectKind,
    /// Its id.
    pub id: String,
}

/// Most created objects kept for one answer, and the longest id in bytes. More
/// is an upstream gone wrong; what is not kept cannot be referred to.
const MAX_OBJECTS: usize = 1024;
const MAX_ID_BYTES: usize = 256;

/// Bytes of text that are taken for a token where nobody counted.
const BYTES_PER_TOKEN: u64 = 4;

/// Marks such as `[DONE]` and pings are smaller than any envelope of text.
const SMALLEST_THAT_COUNTS: u64 = 24;

/// Looks on while one answer passes.
#[derive(Debug)]
pub struct UsageMeter {
    api: Api,
    scanner: Option<SseScanner>,
    facts: Facts,
    events: u64,
    /// Bytes of all events' data, or of the body.
    bytes: u64,
    /// Of the smallest event.
    smallest: u64,
}

impl UsageMeter {
    /// A meter for one answer of `api`. `streaming` says whether the *answer* is
    /// an event stream, by its content type: a request for a stream may be
    /// answered with plain JSON.
    pub fn new(api: Api, streaming: bool) -> Self {
        let scanner = streaming.then(SseScanner::default);
        UsageMeter { api, scanner, facts: Facts::default(), events: 0, bytes: 0, smallest: u64::MAX }
    }

    /// Takes the next chunk of an event stream, cut anywhere. Does nothing
    /// unless the meter was made for a stream.
    pub fn observe_chunk(&mut self, chunk: &[u8]) {
        let (api, facts, events) = (self.api, &mut self.facts, &mut self.events);
        let (bytes, smallest) = (&mut self.bytes, &mut self.smallest);
        if let Some(scanner) = &mut self.scanner {
            scanner.push(chunk, &mut |event| {
                let length = event.data.len() as u64;
                *events += 1;
                *bytes += length;
                if length > SMALLEST_THAT_COUNTS {
                    *smallest = length.min(*smallest);
                }
                observe_event(api, facts, event);
            });
        }
    }

    /// Takes a whole JSON answer.
    pub fn observe_body(&mut self, body: &[u8]) {
        self.bytes += body.len() as u64;
        match self.api {
            Api::OpenAiResponses => responses::observe_body(&mut self.facts, body),
            api if api.family() == Family::Anthropic => anthropic::observe_body(&mut self.facts, body),
            _ => chat::observe_document(&mut self.facts, body, true),
        }
    }

    /// What the upstream said the exchange cost. Of several reports in one
    /// stream the largest count of each kind is taken: they are running totals.
    pub fn usage(&self) -> Option<Usage> {
        let counts = self.facts.counts?;
        Some(match self.api.family() {
            Family::OpenAi => counts,
            // Anthropic counts cached input beside the rest, not within it.
            Family::Anthropic => {
                let cached = counts.cached_input_tokens.saturating_add(counts.cache_write_tokens);
                Usage { input_tokens: counts.input_tokens.saturating_add(cached), ..counts }
            }
        })
    }

    /// How the answer ended, so far.
    pub fn ending(&self) -> Ending {
        self.facts.ending
    }

    /// Whether the model declined, as far as the API has a word for that: OpenAI's
    /// `refusal`, Anthropic's stop reason of that name. Unknown while the answer
    /// has not ended, and where it failed.
    pub fn refused(&self) -> Option<bool> {
        if self.facts.refused {
            return Some(true);
        }
        (self.facts.ending == Ending::Complete).then_some(false)
    }

    /// The model that the upstream says answered.
    pub fn response_model(&self) -> Option<&str> {
        self.facts.model.as_deref()
    }

    /// The id of the answer itself.
    pub fn response_id(&self) -> Option<&str> {
        self.facts.id.as_deref()
    }

    /// What the upstream says it stored or keeps for later requests.
    pub fn created_objects(&self) -> &[CreatedObject] {
        &self.facts.objects
    }

    /// About how many tokens the answer so far is, from its bytes alone: four
    /// bytes of text are taken for one. In a stream nearly all bytes are the
    /// same envelope around a few letters, so what the smallest event is made
    /// of is taken off each; and an event is a token at least.
    pub fn output_estimate(&self) -> u64 {
        if self.api == Api::OpenAiEmbeddings || self.api == Api::AnthropicCountTokens {
            return 0;
        }
        let envelope = if self.smallest == u64::MAX { 0 } else { self.smallest.saturating_mul(self.events) };
        (self.bytes.saturating_sub(envelope) / BYTES_PER_TOKEN).max(self.events)
    }

    /// How many bytes of the answer were looked at: events' data, or the body.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many events have passed: a floor for the output of a stream that was
    /// cut before its usage came.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many bytes at the end of the stream so far are an unfinished event;
    /// see [`SseScanner::unfinished`].
    pub fn unfinished(&self) -> usize {
        self.scanner.as_ref().map_or(0, SseScanner::unfinished)
    }
}

fn observe_event(api: Api, facts: &mut Facts, event: Event<'_>) {
    match api {
        Api::OpenAiResponses => responses::observe_event(facts, event),
        api if api.family() == Family::Anthropic => anthropic::observe_event(facts, event),
        _ => chat::observe_event(facts, event),
    }
}

/// What has been learnt so far.
#[derive(Debug)]
struct Facts {
    counts: Option<Usage>,
    ending: Ending,
    model: Option<String>,
    id: Option<String>,
    objects: Vec<CreatedObject>,
    /// The first event has been looked at for the answer's id and model.
    opened: bool,
    /// The model was seen to decline.
    refused: bool,
}

impl Default for Facts {
    fn default() -> Self {
        Facts { counts: None, ending: Ending::Open, model: None, id: None, objects: Vec::new(), opened: false, refused: false }
    }
}

impl Facts {
    fn end(&mut self, ending: Ending) {
        // A failure stands even if an end mark follows it, as some servers send.
        self.ending = self.ending.max(ending);
    }

    fn answered_by(&mut self, id: Option<&str>, model: Option<&str>) {
        if self.id.is_none() {
            self.id = id.map(str::to_owned);
        }
        if self.model.is_none() {
            self.model = model.map(str::to_owned);
        }
    }

    fn count(&mut self, new: Usage) {
        let old = self.counts.unwrap_or_default();
        self.counts = Some(Usage {
            input_tokens: old.input_tokens.max(new.input_tokens),
            output_tokens: old.output_tokens.max(new.output_tokens),
            cached_input_tokens: old.cached_input_tokens.max(new.cached_input_tokens),
            cache_write_tokens: old.cache_write_tokens.max(new.cache_write_tokens),
            reasoning_tokens: old.reasoning_tokens.max(new.reasoning_tokens),
        });
    }

    fn created(&mut self, kind: ObjectKind, id: Option<&str>) {
        let Some(id) = id.filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES) else {
            return;
        };
        let known = self.objects.iter().any(|object| object.kind == kind && object.id == id);
        if !known && self.objects.len() < MAX_OBJECTS {
            self.objects.push(CreatedObject { kind, id: id.to_owned() });
        }
    }
}

/// The end of a stream of OpenAI's older APIs.
const DONE: &[u8] = b"[DONE]";

static REFUSAL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"refusal\""));

/// Whether `"refusal"` stands in `data` as a key with a value (`is_key`), or as
/// a type.
fn tells_refusal(data: &[u8], is_key: bool) -> bool {
    REFUSAL.find_iter(data).any(|at| {
        let rest = data.get(at + b"\"refusal\"".len()..).unwrap_or_default().trim_ascii_start();
        match rest.strip_prefix(b":") {
            Some(value) => is_key && !matches!(value.trim_ascii_start(), [b'n', ..] | [b'"', b'"', ..] | []),
            None => !is_key && data.get(..at).unwrap_or_default().trim_ascii_end().ends_with(b"\"type\":"),
        }
    })
}

/// Whether `word`, a key or value with its quotes, stands anywhere in `data`.
fn mentions(data: &[u8], word: &Finder<'static>) -> bool {
    word.find(data).is_some()
}
