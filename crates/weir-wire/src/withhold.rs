//! What a measure `withhold` takes out of answers, or a rule, which may name
//! some of it: the reasoning behind them, the probabilities of their tokens, and
//! choices beyond the first. These are
//! what a copy of a model is best trained on; the answer itself stays.
//!
//! An answer is walked, never rebuilt: what is withheld is cut out of its bytes
//! and every other byte stays as the upstream wrote it, white space and escapes
//! included. What each API has:
//!
//! | API | taken out | in its place |
//! |---|---|---|
//! | Chat Completions | `reasoning*`, `thinking*`, `thought*`, `provider_specific_fields` of a choice or message; content parts of such a type | nothing |
//! | Chat Completions | choices other than the first (`index` 0) | nothing; an event that held only such is left out |
//! | Chat Completions, Completions | `logprobs` and whatever else is named so | `null` |
//! | Responses | items and events of reasoning; `logprobs` | nothing, later items' `output_index` closes the gap; `[]` |
//! | Messages | blocks `thinking` and `redacted_thinking` with their events | nothing, later blocks' `index` closes the gap |
//!
//! Positions are renumbered because the official clients put a block or item
//! where its number says; the numbers of events themselves (`sequence_number`)
//! stay, and have gaps. `usage` is never touched: it tells what was generated.
//! The arguments of a tool call are the caller's own names and stay whatever they
//! are called. Completions keep all choices: there they are also the answers to
//! several prompts at once, and the request was limited to one choice for each.
//!
//! It fails closed. An answer that does not read one way only (not JSON, a
//! position told twice, an event beyond the limit) is not guessed at: the caller
//! of this module gets an error and must send nothing more. Reasoning that a
//! model server writes into the text of the answer itself cannot be told from it.

mod anthropic;
mod chat;
mod edits;
mod numbering;
mod responses;
mod stream;
#[cfg(test)]
mod tests;

pub use stream::WithholdingStream;

use crate::Api;
use crate::json::{Cursor, JsonError, JsonProblem};
use edits::Edit;
use thiserror::Error;

/// Why nothing can be taken out of an answer without a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CannotWithhold {
    /// The answer, or the data of an event, is not strict JSON.
    #[error("the answer is not JSON that every parser reads alike: {0}")]
    Json(JsonProblem),
    /// It is JSON of another form than the API's.
    #[error("the answer has not the form of its API: {0}")]
    Form(&'static str),
    /// Something that decides was told twice.
    #[error("the answer tells `{0}` twice")]
    Twice(&'static str),
    /// Blocks or items came in an order in which their numbers cannot be kept straight.
    #[error("the answer's parts are not in order")]
    Order,
    /// An event is longer than what is held back of a stream.
    #[error("an event of the answer is longer than {0} bytes")]
    TooLong(usize),
}

impl From<JsonError> for CannotWithhold {
    fn from(error: JsonError) -> Self {
        CannotWithhold::Json(error.problem)
    }
}

/// What is withheld of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The reasoning behind it.
    pub reasoning: bool,
    /// The probabilities of its tokens.
    pub logprobs: bool,
    /// Choices beyond the first.
    pub choices: bool,
}

impl Parts {
    /// All of it.
    pub const ALL: Parts = Parts { reasoning: true, logprobs: true, choices: true };
}

/// Takes what is withheld out of a whole JSON answer; none where nothing is in it.
///
/// # Errors
/// Where the answer does not read one way only; nothing of it may be sent then.
pub fn body(api: Api, parts: Parts, body: &[u8]) -> Result<Option<Vec<u8>>, CannotWithhold> {
    let mut walk = Walk::new(parts, body)?;
    match api {
        Api::OpenAiChat | Api::OpenAiCompletions => {
            chat::document(&mut walk, api)?;
        }
        Api::OpenAiResponses => responses::document(&mut walk)?,
        Api::AnthropicMessages => anthropic::document(&mut walk)?,
        Api::OpenAiEmbeddings | Api::OpenAiModels | Api::AnthropicCountTokens => return Ok(None),
    }
    walk.cursor.finish()?;
    Ok((!walk.edits.is_empty()).then(|| edits::apply(body, &walk.edits)))
}

/// What is to be done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Pass,
    Drop,
}

/// A walk over one JSON text, and what is to be cut out of it.
struct Walk<'a> {
    parts: Parts,
    cursor: Cursor<'a>,
    edits: Vec<Edit>,
}

impl<'a> Walk<'a> {
    fn new(parts: Parts, text: &'a [u8]) -> Result<Walk<'a>, CannotWithhold> {
        Ok(Walk { parts, cursor: Cursor::new(text)?, edits: Vec::new() })
    }
}

impl Walk<'_> {
    /// Whether a member of this name holds reasoning that is withheld. Names are
    /// compared without regard to case: some clients read them so.
    fn is_reasoning_name(&self, name: &str) -> bool {
        let is_reasoning =
            || ["reasoning", "thinking", "thought"].iter().any(|word| starts_with(name, word));
        // Where LiteLLM keeps a second copy of what it does not know.
        let is_copy = || name.eq_ignore_ascii_case("provider_specific_fields");
        (self.parts.reasoning && is_reasoning()) || ((self.parts.reasoning || self.parts.logprobs) && is_copy())
    }

    /// Whether a part, block, item or event of this type is reasoning that is
    /// withheld.
    fn is_reasoning_type(&self, kind: &str) -> bool {
        self.parts.reasoning && ["reasoning", "thinking", "thought"].iter().any(|word| contains(kind, word))
    }

    /// Whether a member of this name holds probabilities of tokens that are
    /// withheld.
    fn is_logprobs_name(&self, name: &str) -> bool {
        self.parts.logprobs && (contains(name, "logprob") || name.eq_ignore_ascii_case("completion_probabilities"))
    }
}

fn starts_with(name: &str, word: &str) -> bool {
    name.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

fn contains(name: &str, word: &str) -> bool {
    name.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}
