//! The formats of logs, and what a line of each says.

mod json;
mod litellm;
mod otel;

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::record;
use crate::LoggedExchange;

/// In what shape a log's lines are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Weir's own (contracts, section 5).
    #[default]
    Weir,
    /// LiteLLM's standard logging payloads.
    LiteLlm,
    /// OpenTelemetry's GenAI spans, OTLP as JSON.
    Otel,
}

/// The text names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a format: it is one of {}", Format::NAMES.join(", "))]
pub struct FormatError {
    name: String,
}

impl Format {
    /// The names of all formats.
    pub const NAMES: &'static [&'static str] = &["weir", "litellm", "otel"];
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(name: &str) -> Result<Format, FormatError> {
        match name {
            "weir" => Ok(Format::Weir),
            "litellm" => Ok(Format::LiteLlm),
            "otel" => Ok(Format::Otel),
            _ => Err(FormatError { name: name.chars().take(64).collect() }),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Format::Weir => "weir",
            Format::LiteLlm => "litellm",
            Format::Otel => "otel",
        })
    }
}

/// What a line is, once its exchanges have been taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// Exchanges, possibly several.
    Exchanges,
    /// Something else that is known.
    Other,
    /// Exchanges, and some that could not be read, for this reason.
    Partly(String),
}

impl Format {
    /// Appends the exchanges of a line to `exchanges`, or says what is wrong
    /// with it; then nothing was appended.
    pub(super) fn parse(self, line: &[u8], exchanges: &mut Vec<LoggedExchange>) -> Result<Held, String> {
        match self {
            Format::Weir => {
                if is_other_record(line) {
                    return Ok(Held::Other);
                }
                exchanges.push(record::parse(line)?);
                Ok(Held::Exchanges)
            }
            Format::LiteLlm => litellm::parse(line, exchanges).map(|()| Held::Exchanges),
            Format::Otel => {
                let before = exchanges.len();
                let unread = otel::parse(line, exchanges)?;
                let read = exchanges.len() - before;
                match unread.bad {
                    Some((_, reason)) if read == 0 => Err(reason),
                    Some((bad, reason)) => {
                        Ok(Held::Partly(format!("{bad} of its {} spans: {reason}", bad + read as u64)))
                    }
                    None if read == 0 => Ok(Held::Other),
                    None => Ok(Held::Exchanges),
                }
            }
        }
    }
}

/// Weir's own records hold decisions beside exchanges, told apart by a tag. A
/// decision has a time and an account too and must not be taken for a second
/// exchange.
fn is_other_record(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Tag<'line> {
        #[serde(borrow, default)]
        record: Option<std::borrow::Cow<'line, str>>,
    }
    if memchr::memmem::find(line, b"\"record\"").is_none() {
        return false;
    }
    let tag = serde_json::from_slice::<Tag<'_>>(line).ok().and_then(|tag| tag.record);
    tag.is_some_and(|tag| tag != "exchange")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_not_a_second_exchange() {
        let mut exchanges = Vec::new();
        let line = |record: &str| format!(r#"{{"time":"2026-05-01T00:00:00Z","account":"a","record":"{record}"}}"#);
        assert_eq!(Format::Weir.parse(line("decision").as_bytes(), &mut exchanges), Ok(Held::Other));
        assert!(exchanges.is_empty());
        assert_eq!(Format::Weir.parse(line("exchange").as_bytes(), &mut exchanges), Ok(Held::Exchanges));
        let quoted = br#"{"time":"2026-05-01T00:00:00Z","account":"a","messages":[{"role":"user","content":"my \"record\": decision"},{"record":"decision"}]}"#;
        assert_eq!(Format::Weir.parse(quoted, &mut exchanges), Ok(Held::Exchanges));
        assert_eq!(exchanges.len(), 2);
    }

    #[test]
    fn formats_have_names() {
        for name in Format::NAMES {
            assert_eq!(&name.parse::<Format>().unwrap().to_string(), name);
        }
        assert!("csv".parse::<Format>().unwrap_err().to_string().contains("weir"));
    }
}
