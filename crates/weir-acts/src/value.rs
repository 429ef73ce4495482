//! What a claim may say: a yes or no, a whole number, a word, or a set of
//! words. Nothing else, so that every condition over claims is decidable.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The type a claim kind was declared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// `true` or `false`.
    Bool,
    /// A 64-bit signed whole number.
    Long,
    /// A word.
    String,
    /// A set of words; written with commas.
    Set,
}

impl fmt::Display for ValueType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            ValueType::Bool => "bool",
            ValueType::Long => "long",
            ValueType::String => "string",
            ValueType::Set => "set",
        })
    }
}

/// The value of a claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// A word.
    String(Box<str>),
    /// A set of words, sorted so that equal sets have one form.
    Set(BTreeSet<Box<str>>),
}

/// A claim's value did not fit its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {expected}{hint}")]
pub struct ValueError {
    text: String,
    expected: ValueType,
    hint: &'static str,
}

/// The longest word a claim may hold, in bytes.
pub const MAX_WORD: usize = 256;
/// The most members a set may have.
pub const MAX_SET: usize = 256;

impl Value {
    /// The type of this value.
    pub const fn value_type(&self) -> ValueType {
        match self {
            Value::Bool(_) => ValueType::Bool,
            Value::Long(_) => ValueType::Long,
            Value::String(_) => ValueType::String,
            Value::Set(_) => ValueType::Set,
        }
    }

    /// Reads a value as a person types it: `true`, `3`, `research`, `XA,XB`.
    ///
    /// # Errors
    /// When the text does not fit the type or is too long.
    pub fn parse(text: &str, value_type: ValueType) -> Result<Value, ValueError> {
        let error = |hint| ValueError { text: text.chars().take(64).collect(), expected: value_type, hint };
        match value_type {
            ValueType::Bool => text.parse().map(Value::Bool).map_err(|_| error(": write true or false")),
            ValueType::Long => text.parse().map(Value::Long).map_err(|_| error(": write a whole number")),
            ValueType::String if is_word(text) => Ok(Value::String(text.into())),
            ValueType::String => Err(error(": 1 to 256 bytes without control characters")),
            ValueType::Set => {
                let members: BTreeSet<Box<str>> =
                    text.split(',').map(str::trim).filter(|member| !member.is_empty()).map(Into::into).collect();
                if members.len() > MAX_SET || !members.iter().all(|member| is_word(member)) {
                    return Err(error(": at most 256 words of 1 to 256 bytes, with commas"));
                }
                Ok(Value::Set(members))
            }
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_WORD && !text.chars().any(char::is_control)
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => write!(out, "{value}"),
            Value::Long(value) => write!(out, "{value}"),
            Value::String(value) => out.write_str(value),
            Value::Set(members) => {
                for (position, member) in members.iter().enumerate() {
                    if position > 0 {
                        out.write_str(",")?;
                    }
                    out.write_str(member)?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sets_have_one_form() {
        let one = Value::parse("XB, XA,XB", ValueType::Set).unwrap();
        assert_eq!(one, Value::parse("XA,XB", ValueType::Set).unwrap());
        assert_eq!(one.to_string(), "XA,XB");
        assert!(Value::parse("maybe", ValueType::Bool).unwrap_err().to_string().contains("true or false"));
    }

    proptest! {
        #[test]
        fn json_keeps_every_value(text in "[a-zA-Z0-9 ,.-]{0,40}", number: i64, truth: bool) {
            let mut values = vec![Value::Bool(truth), Value::Long(number)];
            values.extend(Value::parse(&text, ValueType::String));
            values.extend(Value::parse(&text, ValueType::Set));
            for value in values {
                let json = serde_json::to_string(&value).unwrap();
                prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
            }
        }
    }
}
