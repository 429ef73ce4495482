//! Values of formats that are loose about types.

use serde_json::Value;

/// A text that is not empty; an empty one is what many writers put for unknown.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A whole number, also one in a text, as OTLP writes 64-bit numbers.
pub(super) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

pub(super) fn truth(value: &Value) -> Option<bool> {
    value.as_bool()
}
