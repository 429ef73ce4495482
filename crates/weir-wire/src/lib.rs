//! The LLM APIs as bytes.
//!
//! Weir decides on a few facts of a request (which model, streamed or not, how
//! much output, which stored objects) and then sends *the caller's own bytes*
//! upstream. This crate is the part that reads those facts without rewriting
//! anything, reads usage out of answers that pass by, and renders the few
//! answers that Weir gives itself in the shape that the called API's clients
//! expect. It is pure: no I/O, no clock, no policy; every parser is a plain
//! function over bytes, so that it can be fuzzed.
//!
//! - [`Api`] and [`route`]: which API a method and path mean.
//! - [`head`]: what a request asks for, and the splice of its model name.
//! - [`prompt`]: what a request says, for its record.
//! - [`sse`]: server-sent events over arbitrary chunk boundaries.
//! - [`usage`]: token usage, endings and created objects of an answer.
//! - [`withhold`]: reasoning, log-probabilities and further choices taken out of an answer.
//! - [`error_shape`] and [`models_list`]: Weir's own answers.
//! - [`headers`]: which header names never cross the gateway.

mod api;
pub mod error_shape;
pub mod head;
pub mod headers;
mod json;
pub mod models_list;
pub mod prompt;
pub mod sse;
pub mod usage;
pub mod withhold;

pub use api::{Api, Family, route};
