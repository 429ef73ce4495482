//! How many tokens a request may take, and how many it took.
//!
//! Before: the prompt is at most the bytes of the body, since a token is a byte
//! at least, or what the model can be made to read where the body leans on what
//! is not in it (media, stored objects); the answer is at most what the request
//! allows, within what the model ever writes. After: what the upstream says,
//! within what can be; where it says nothing, an estimate, and never nothing.

use weir_wire::Api;
use weir_wire::usage::Usage;

use crate::phases::accept::{Asked, What};

/// What a model's operator said of its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Metering {
    /// What a token counts against spend.
    pub(crate) weight: u64,
    /// Most tokens that a request can make it read.
    pub(crate) max_input: Option<u64>,
    /// Most tokens that it writes in one choice.
    pub(crate) max_output: Option<u64>,
}

/// What a prompt with media reserves where the model's cap is not stated.
const UNSTATED_INPUT: u64 = 131_072;
/// What an answer reserves where neither the request nor the model says.
const UNSTATED_OUTPUT: u64 = 16_384;
/// What no request is believed to have taken where nothing is stated: the
/// longest contexts and answers that are sold end here.
const MOST_BELIEVED: u64 = 1 << 20;
/// A prompt's bytes that are taken for a token where nobody counted.
const BYTES_PER_TOKEN: u64 = 4;
/// Even tokens of long runs of blanks are shorter than this.
const LONGEST_TOKEN: u64 = 4_096;

/// What a request takes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Most {
    pub(crate) input: u64,
    pub(crate) output: u64,
    /// Whether that is known and not assumed.
    pub(crate) is_bounded: bool,
    /// What is believed of the upstream's count, at most.
    believed_input: u64,
    believed_output: u64,
    /// What the prompt is taken for where nobody counted.
    guessed_input: u64,
}

impl Most {
    /// Of a request for a model metered so.
    pub(crate) fn of(asked: &Asked, metering: &Metering) -> Most {
        let body = (asked.body.len() as u64).max(1);
        let leans_on_more = matches!(&asked.what, What::Work(work) if work.has_media || !work.references.is_empty());
        let shape = Shape { body, leans_on_more, asked: asked.params.max_tokens, choices: asked.params.n };
        Most::of_shape(asked.api, &shape, metering)
    }

    fn of_shape(api: Api, shape: &Shape, metering: &Metering) -> Most {
        let Shape { body, leans_on_more, asked, choices } = *shape;
        if api == Api::AnthropicCountTokens {
            // It answers with a number and reads nothing.
            return Most::NOTHING;
        }
        let input = if leans_on_more { metering.max_input.unwrap_or(UNSTATED_INPUT).max(body) } else { body };
        let guessed_input = if leans_on_more { input } else { body.div_ceil(BYTES_PER_TOKEN) };
        let believed_input = input.max(metering.max_input.unwrap_or(MOST_BELIEVED));
        if api == Api::OpenAiEmbeddings {
            return Most { input, output: 0, is_bounded: true, believed_input, believed_output: 0, guessed_input };
        }
        let stated = match (asked, metering.max_output) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        };
        let choices = choices.unwrap_or(1).max(1);
        let output = stated.unwrap_or(UNSTATED_OUTPUT).saturating_mul(choices);
        let believed_output = if stated.is_some() { output } else { MOST_BELIEVED.max(output) };
        let is_bounded = stated.is_some() && (!leans_on_more || metering.max_input.is_some());
        Most { input, output, is_bounded, believed_input, believed_output, guessed_input }
    }

    /// Of what asks for no work.
    pub(crate) const NOTHING: Most =
        Most { input: 0, output: 0, is_bounded: true, believed_input: 0, believed_output: 0, guessed_input: 0 };

    /// Prompt and answer together.
    pub(crate) fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// What of a request decides what it may take.
#[derive(Debug, Clone, Copy)]
struct Shape {
    body: u64,
    leans_on_more: bool,
    asked: Option<u64>,
    choices: Option<u64>,
}

/// What was seen of an answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// What the upstream said it took.
    pub(crate) told: Option<Usage>,
    /// Whether that was its last word: the answer came to its end.
    pub(crate) is_final: bool,
    /// The answer's tokens, guessed from its text.
    pub(crate) estimate: u64,
    /// The answer's bytes.
    pub(crate) bytes: u64,
    /// The events of a stream.
    pub(crate) events: u64,
}

/// What a request took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Took {
    pub(crate) input: u64,
    pub(crate) output: u64,
    /// Whether any of it is not the upstream's word.
    pub(crate) is_estimated: bool,
}

impl Took {
    /// What a request of at most `most` took, from what was seen.
    pub(crate) fn of(most: &Most, seen: &Seen) -> Took {
        if *most == Most::NOTHING {
            return Took::default();
        }
        let (input, input_estimated) = match seen.told.map(|told| told.input_tokens).filter(|told| *told > 0) {
            Some(told) if told <= most.believed_input => (told, false),
            // A count that cannot be is none: what was reserved counts.
            Some(_) => (most.input, true),
            None => (most.guessed_input.clamp(1, most.input.max(1)), true),
        };
        let (output, output_estimated) = output_of(most, seen);
        Took { input, output, is_estimated: input_estimated || output_estimated }
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

fn output_of(most: &Most, seen: &Seen) -> (u64, bool) {
    if most.output == 0 {
        return (0, false);
    }
    // An answer is cut to what was allowed, so a guess beyond is a wrong one.
    let guess = seen.estimate.min(most.output.max(seen.events)).max(1);
    let told = seen.told.map_or(0, |told| told.output_tokens);
    if told == 0 {
        return (guess, true);
    }
    // What was seen to pass may exceed what was allowed.
    let believed = most.believed_output.max(seen.bytes);
    if told > believed {
        return (guess.max(most.output), true);
    }
    if !seen.is_final {
        return (told.max(guess), true);
    }
    // Opening and closing events say nothing; of the others each says a token,
    // or, of the tersest server, a good part of one.
    let least = (seen.bytes / LONGEST_TOKEN).max(seen.events.saturating_sub(16) / 8);
    if told < least { (guess.max(least), true) } else { (told, false) }
}

#[cfg(test)]
mod tests;
