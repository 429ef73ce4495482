//! The built-in words: enough to recombine into tens of thousands of prompts
//! that nobody wrote. All names and places are invented.

mod frames;
mod names;
mod topics;

pub(super) use frames::{ADJECTIVES, CONTEXTS, REQUESTS};
pub(super) use names::{FAMILY, GIVEN, PLACES};
pub(super) use topics::TOPICS;

/// What many people really type alike: the stated heavy tail of repeats.
pub(super) const COMMON: &[&str] = &[
    "hi",
    "hello",
    "test",
    "continue",
    "thanks",
    "ok",
    "yes",
    "hey",
    "who are you?",
    "what can you do?",
    "tell me a joke",
    "write a poem",
    "go on",
    "explain",
    "help",
    "good morning",
    "summarize this",
    "no",
    "why?",
    "please continue",
    "make it shorter",
    "can you help me?",
    "translate to english",
    "fix the grammar",
    "write a story",
    "what is the weather today?",
    "are you there?",
    "try again",
    "more",
    "give me an example",
];
