//! The id of a decision: the segment of records it is written in and its
//! place among that process's decisions, so that it is unique without a
//! central counter and can be found without an index.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use weir_acts::hex;

/// Names one decision: `dec-` and two hexadecimal numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionId {
    /// The segment that was being written when the process started.
    pub segment: u32,
    /// Counted from the start of the process.
    pub sequence: u32,
}

/// The text was not the id of a decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the id of a decision: expected `dec-`, 8 hex digits, `-` and 8 hex digits")]
pub struct DecisionIdError {
    text: String,
}

/// The text was not the id of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the id of an exchange: expected `x-`, 8 hex digits, `-` and 8 hex digits")]
pub struct ExchangeIdError {
    text: String,
}

/// Length of the written form in bytes.
const LENGTH: usize = 21;

impl DecisionId {
    /// The written form, without allocating.
    pub fn to_ascii(self) -> [u8; LENGTH] {
        let mut text = *b"dec-00000000-00000000";
        hex::write(&self.segment.to_be_bytes(), &mut text[4..12]);
        hex::write(&self.sequence.to_be_bytes(), &mut text[13..21]);
        text
    }
}

impl DecisionId {
    /// The id of the exchange that came of it: `x-` in place of `dec-`.
    #[must_use]
    pub fn exchange(self) -> String {
        ascii(&self.exchange_ascii()).to_owned()
    }

    /// The same, without allocating.
    pub fn exchange_ascii(self) -> [u8; LENGTH - 2] {
        let mut text = *b"x-00000000-00000000";
        hex::write(&self.segment.to_be_bytes(), &mut text[2..10]);
        hex::write(&self.sequence.to_be_bytes(), &mut text[11..19]);
        text
    }

    /// As the record of its exchange has it.
    pub(crate) fn serialize_exchange<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(ascii(&self.exchange_ascii()))
    }

    /// The decision of the exchange called `text`.
    ///
    /// # Errors
    /// When that is not the id of an exchange.
    pub fn of_exchange(text: &str) -> Result<DecisionId, ExchangeIdError> {
        let read = text.strip_prefix("x-").and_then(|rest| format!("dec-{rest}").parse().ok());
        read.ok_or_else(|| ExchangeIdError { text: text.chars().take(64).collect() })
    }
}

/// Digits and hyphens are always text.
fn ascii(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}

impl fmt::Display for DecisionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(ascii(&self.to_ascii()))
    }
}

impl FromStr for DecisionId {
    type Err = DecisionIdError;

    fn from_str(text: &str) -> Result<DecisionId, DecisionIdError> {
        let parsed = text.strip_prefix("dec-").and_then(|rest| rest.split_once('-')).and_then(|(segment, sequence)| {
            Some(DecisionId { segment: read_hex(segment)?, sequence: read_hex(sequence)? })
        });
        parsed.ok_or_else(|| DecisionIdError { text: text.chars().take(64).collect() })
    }
}

/// Exactly eight lower-case digits, so that an id has one spelling.
fn read_hex(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if digits.len() != 8 || !is_plain {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

impl Serialize for DecisionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(ascii(&self.to_ascii()))
    }
}
