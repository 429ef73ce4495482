//! The head of a request: the few facts that Weir decides on.
//!
//! [`scan`] reads the whole body once, strictly, and borrows what it needs. The
//! body then goes upstream as it came, so the scanner must see what every other
//! JSON parser would see. Where parsers are known to differ (repeated keys, keys
//! that differ in case only, byte order marks, lone surrogates, deep nesting) the
//! body is refused with the place and the reason.

mod error;
mod fields;
mod nested;
mod scanner;
#[cfg(test)]
mod tests;

pub use crate::json::JsonProblem;
pub use error::{HeadError, HeadProblem, Position};
pub use fields::ObjectKind;
pub use scanner::scan;

use crate::Api;
use std::borrow::Cow;
use std::ops::Range;

/// Longest model name in bytes, after unescaping.
pub const MAX_MODEL_BYTES: usize = 256;

/// What a request asks for, as far as governance must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// The API the body was read for.
    pub api: Api,
    /// The model asked for: 1 to [`MAX_MODEL_BYTES`] bytes, no control characters.
    pub model: Cow<'a, str>,
    /// Where the model's string literal stands in the body, quotes included.
    pub model_span: Range<usize>,
    /// Whether the answer is asked for as server-sent events.
    pub stream: bool,
    /// The most output tokens the request allows for one choice, if it says so.
    /// Where an API has two names for it and both are given, the larger.
    pub output_limit: Option<u64>,
    /// How many choices are asked for (`n`), if the request says so.
    pub n: Option<u64>,
    /// Where that number stands in the body.
    pub n_span: Option<Range<usize>>,
    /// `stream_options.include_usage`: without it an OpenAI stream tells no usage.
    pub include_usage: bool,
    /// Every stored object the request leans on, in the order of the body.
    pub references: Vec<Reference<'a>>,
    /// Every other model the request names: tools that run a model of their own
    /// (advisors, image generation) and moderation. A decision that covers only
    /// [`RequestHead::model`] would leave these ungoverned.
    pub nested_models: Vec<NestedModel<'a>>,
    /// Whether the answer is to be made in the background and fetched later.
    pub background: bool,
    /// Whether the answer is to be stored, if the request says so.
    pub store: Option<bool>,
    /// Whether images, audio, video or documents are part of the input.
    pub has_media: bool,
}

/// A stored object a request leans on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The field that names it, for messages (`previous_response_id`).
    pub field: &'static str,
    /// What sort of object the field names.
    pub kind: ObjectKind,
    /// The object's id, as the caller sent it.
    pub id: Cow<'a, str>,
}

/// A second model that a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedModel<'a> {
    /// The top-level field it stands under (`tools`, `moderation`, `input`).
    pub field: &'static str,
    /// The model's name.
    pub model: Cow<'a, str>,
}

/// The body with the model's name replaced and every other byte as it was.
///
/// `head` must come from [`scan`] of this very `body`.
pub fn splice_model(body: &[u8], head: &RequestHead<'_>, new_model: &str) -> Vec<u8> {
    splice(body, head, Some(new_model), false)
}

/// The body with the model's name replaced, where there is another, and asking
/// for one choice, where it asks for more and shall not; every other byte as it
/// was.
///
/// `head` must come from [`scan`] of this very `body`.
pub fn splice(body: &[u8], head: &RequestHead<'_>, new_model: Option<&str>, one_choice: bool) -> Vec<u8> {
    let mut literals: Vec<(&Range<usize>, Vec<u8>)> = Vec::new();
    if let Some(new_model) = new_model {
        let mut literal = Vec::with_capacity(new_model.len() + 2);
        crate::json::write_string(&mut literal, new_model);
        literals.push((&head.model_span, literal));
    }
    let asks_for_more = head.n.is_some_and(|choices| choices > 1);
    literals.extend(head.n_span.as_ref().filter(|_| one_choice && asks_for_more).map(|span| (span, b"1".to_vec())));
    literals.sort_by_key(|(span, _)| span.start);
    let mut spliced = Vec::with_capacity(body.len() + new_model.map_or(0, str::len));
    let mut from = 0;
    for (span, literal) in literals {
        spliced.extend_from_slice(body.get(from..span.start).unwrap_or_default());
        spliced.extend_from_slice(&literal);
        from = span.end;
    }
    spliced.extend_from_slice(body.get(from..).unwrap_or_default());
    spliced
}
