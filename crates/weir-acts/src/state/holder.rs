//! Whom a claim, a measure or a hold is about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{AccountId, IdError, PartyId, PersonId};

/// A party, an account or a person: what claims and measures are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A party.
    Party(PartyId),
    /// An account.
    Account(AccountId),
    /// One of an issuer's people.
    Person(PersonId),
}

impl FromStr for Holder {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Holder, IdError> {
        match text.split_once('-') {
            Some(("a", _)) => text.parse().map(Holder::Account),
            Some(("u", _)) => text.parse().map(Holder::Person),
            _ => text.parse().map(Holder::Party),
        }
    }
}

impl Serialize for Holder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Holder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Holder, D::Error> {
        deserializer.deserialize_str(crate::id::Parsed::<Holder>::new("the id of a party or an account"))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Party(id) => fmt::Display::fmt(id, out),
            Holder::Account(id) => fmt::Display::fmt(id, out),
            Holder::Person(id) => fmt::Display::fmt(id, out),
        }
    }
}
