//! What is answered, before any API's shape: the text, its deltas, the tool
//! call and the usage, from the fingerprint of the request body alone.

use super::ask::Ask;
use super::steering::Shape;
use super::text;
use crate::random::SeededRandom;

/// A server's clock would make two runs differ, so every answer was made at
/// this moment (2026-06-01T00:00:00Z, in Unix seconds).
pub(super) const CREATED: u64 = 1_780_272_000;

/// A token is taken to be this many bytes.
const BYTES_PER_TOKEN: usize = 4;

/// One tool call.
#[derive(Debug, Clone)]
pub(super) struct ToolCall {
    pub(super) name: String,
    /// A JSON object as text, cut into fragments.
    pub(super) fragments: Vec<String>,
}

impl ToolCall {
    pub(super) fn arguments(&self) -> String {
        self.fragments.concat()
    }
}

/// One choice of an answer.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) deltas: Vec<String>,
    pub(super) tool: Option<ToolCall>,
    /// Whether `max_tokens` cut the text short.
    pub(super) cut_short: bool,
}

impl Choice {
    pub(super) fn text(&self) -> String {
        self.deltas.concat()
    }
}

/// Tokens taken and given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    pub(super) input: u64,
    pub(super) output: u64,
    /// The part of the output that was reasoning.
    pub(super) reasoning: u64,
}

/// An answer, ready to take an API's shape.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) seed: u64,
    pub(super) model: String,
    pub(super) choices: Vec<Choice>,
    /// What was thought before it.
    pub(super) reasoning: Vec<String>,
    /// Whether log-probabilities were asked for.
    pub(super) logprobs: bool,
    /// Nothing when the request steered usage away.
    pub(super) usage: Option<Usage>,
}

impl Answer {
    pub(super) fn compose(ask: &Ask, shape: &Shape, seed: u64, body_bytes: usize) -> Self {
        let choices: Vec<Choice> = (0_u64..)
            .take(ask.choices)
            .map(|index| choice(ask, shape, SeededRandom::for_member(seed, index).next_bits()))
            .collect();
        let reasoning: Vec<String> = (0..shape.reasoning).map(|piece| format!("a thought of its own, {piece}; ")).collect();
        let thought = if reasoning.is_empty() { 0 } else { tokens(reasoning.iter().map(String::len).sum()) };
        let said = || choices.iter().map(|choice| output_tokens(choice, ask)).sum::<u64>();
        let usage = (!shape.no_usage).then(|| Usage {
            input: tokens(body_bytes),
            output: shape.lie_usage.unwrap_or_else(|| said().saturating_add(thought)),
            reasoning: thought,
        });
        Self { seed, model: ask.model.clone(), choices, reasoning, logprobs: ask.logprobs, usage }
    }

    /// All that was thought.
    pub(super) fn thought(&self) -> String {
        self.reasoning.concat()
    }

    /// An identifier such as `chatcmpl-6f…`, the same for the same request.
    pub(super) fn id(&self, prefix: &str) -> String {
        identifier(prefix, self.seed)
    }
}

/// A prefix and 24 hexadecimal digits.
pub(super) fn identifier(prefix: &str, seed: u64) -> String {
    let mut random = SeededRandom::new(seed);
    format!("{prefix}{:016x}{:08x}", random.next_bits(), random.next_bits() >> 32)
}

pub(super) fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes / BYTES_PER_TOKEN).unwrap_or(u64::MAX).saturating_add(1)
}

/// A text that was cut to what was allowed is as many tokens as that.
fn output_tokens(choice: &Choice, ask: &Ask) -> u64 {
    let tool = choice.tool.as_ref().map_or(0, |tool| tool.arguments().len());
    let counted = tokens(choice.deltas.iter().map(String::len).sum::<usize>().saturating_add(tool));
    match ask.max_tokens.filter(|_| choice.cut_short) {
        Some(most) => counted.min(u64::try_from(most).unwrap_or(u64::MAX)),
        None => counted,
    }
}

fn choice(ask: &Ask, shape: &Shape, seed: u64) -> Choice {
    if let Some(name) = &ask.tool {
        return tool_choice(name, shape, seed);
    }
    // Enough text that every delta asked for has something to say.
    let least = shape.chunks.map(|chunks| chunks.saturating_mul(8));
    let mut said = text::sentence(seed, shape.bytes.or(least));
    let mut cut_short = false;
    // A size that was steered is kept; only free text obeys `max_tokens`.
    if let (Some(most), None, None) = (ask.max_tokens, shape.bytes, shape.chunks) {
        let kept = text::shortened(&said, most.saturating_mul(BYTES_PER_TOKEN)).len();
        cut_short = kept < said.len();
        said.truncate(kept);
    }
    let count = shape.chunks.unwrap_or((said.len() / 12).max(1));
    Choice { deltas: owned(&text::pieces(&said, count)), tool: None, cut_short }
}

fn tool_choice(name: &str, shape: &Shape, seed: u64) -> Choice {
    let days = SeededRandom::new(seed).between(1, 7);
    // Characters of three and four bytes, and an escape, inside the arguments.
    let arguments = format!(r#"{{"city":"Xanthe 晴れ 🌤","days":{days},"unit":"celsius","note":"a \"quoted\" word"}}"#);
    Choice {
        deltas: vec!["Let me look ".to_owned(), "outside. 🌤".to_owned()],
        tool: Some(ToolCall {
            name: name.to_owned(),
            fragments: owned(&text::pieces(&arguments, shape.chunks.unwrap_or(6))),
        }),
        cut_short: false,
    }
}

fn owned(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}
