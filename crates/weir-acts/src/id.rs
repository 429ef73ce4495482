//! Subjects of acts are random ids: the log is public for ever, so an id must
//! say nothing about whom it names. A letter tells what kind of thing it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what} id: expected `{prefix}-` and 20 hex digits")]
pub struct IdError {
    text: String,
    what: &'static str,
    prefix: &'static str,
}

/// Reads something from its text without a copy of that.
pub(crate) struct Parsed<T> {
    what: &'static str,
    of: std::marker::PhantomData<T>,
}

impl<T> Parsed<T> {
    pub(crate) const fn new(what: &'static str) -> Parsed<T> {
        Parsed { what, of: std::marker::PhantomData }
    }
}

impl<T: FromStr<Err: fmt::Display>> serde::de::Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.what)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 10]);

        impl $name {
            /// The letter that opens the written form.
            pub const PREFIX: &'static str = $prefix;

            /// From 80 bits, which the caller draws at random.
            pub const fn from_bytes(bytes: [u8; 10]) -> Self {
                Self(bytes)
            }

            /// The 80 bits.
            pub const fn bytes(&self) -> &[u8; 10] {
                &self.0
            }

            /// A fresh random id.
            ///
            /// # Errors
            /// When the operating system has no randomness to give.
            pub fn random() -> Result<Self, getrandom::Error> {
                let mut bytes = [0; 10];
                getrandom::fill(&mut bytes)?;
                Ok(Self(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(crate::hex::Spelled::new(concat!($prefix, "-"), &self.0).as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "-"))
                    .and_then(crate::hex::decode::<10>)
                    .map(Self)
                    .ok_or_else(|| IdError {
                        text: text.chars().take(64).collect(),
                        what: $what,
                        prefix: $prefix,
                    })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(crate::hex::Spelled::new(concat!($prefix, "-"), &self.0).as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(crate::id::Parsed::<Self>::new(concat!("the id of ", $what)))
            }
        }
    )*};
}

ids! {
    /// An institution or a person that asks for access.
    PartyId, "p", "a party";
    /// What a party calls with.
    AccountId, "a", "an account";
    /// An API key. Public: it names a key without opening anything.
    KeyId, "k", "a key";
    /// One claim about a party or an account.
    ClaimId, "c", "a claim";
    /// Something served.
    ModelId, "m", "a model";
    /// A party's leave to use a model.
    GrantId, "g", "a grant";
    /// An order or request from an authority, from draft to end.
    DirectiveId, "d", "a directive";
    /// Someone who may act.
    OperatorId, "o", "an operator";
    /// An operator's token.
    TokenId, "t", "a token";
    /// What is done about a party or an account.
    MeasureId, "s", "a measure";
    /// The affected party's answer.
    AppealId, "y", "an appeal";
    /// Who speaks for a party's people.
    IssuerId, "i", "an issuer";
    /// Parties and accounts that came at once.
    ImportId, "import", "an import";
    /// A person behind an issuer's assertions, once something is recorded about them.
    PersonId, "u", "a person";
    /// What must be kept for a dispute.
    HoldId, "h", "a hold";
    /// A change that waits for approval.
    DraftId, "draft", "a draft";
    /// The log itself, as the subject of its own first act.
    LogId, "l", "a log";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused_by_name() {
        let party = PartyId::from_bytes([7; 10]);
        assert_eq!(party.to_string().parse::<PartyId>().unwrap(), party);
        let error = party.to_string().parse::<AccountId>().unwrap_err();
        assert!(error.to_string().contains("an account id"), "{error}");
    }
}
