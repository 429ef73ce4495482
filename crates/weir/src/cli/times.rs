//! Values of the command line that have a word or form of their own.

use serde::de::DeserializeOwned;
use weir_acts::Time;

/// A moment: RFC 3339 with its offset.
pub(super) fn time(text: &str) -> Result<Time, String> {
    text.parse::<Time>().map_err(|error| format!("{error}; write it as 2026-06-12T17:21:00-04:00"))
}

/// One of the words that a type is written with.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).map_err(|error| error.to_string())
}
