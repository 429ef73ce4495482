//! What is recorded about one of an issuer's people. Nobody is registered:
//! persons are known by the assertions that requests bear, and only whom a
//! claim or measure is about gets an id of their own.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::digest::Digest;
use crate::hex;
use crate::holder::{Claim, Measure};
use crate::id::{IssuerId, PersonId};

/// Whom an assertion is about: its issuer, and a digest of the issuer's name
/// for them, so that records of one person belong together without naming them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey {
    /// Who says so.
    pub issuer: IssuerId,
    /// The first half of SHA-256 of `sub`.
    pub sub: [u8; 16],
}

/// The text was not an issuer's id, `#` and 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a person is written as an issuer's id, `#` and 32 hex digits")]
pub struct PersonKeyError;

impl PersonKey {
    /// Of the person whom `issuer` calls `sub`.
    pub fn of(issuer: IssuerId, sub: &str) -> PersonKey {
        let digest = Digest::of(sub.as_bytes()).0;
        PersonKey { issuer, sub: std::array::from_fn(|place| digest[place]) }
    }
}

impl fmt::Display for PersonKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}#{}", self.issuer, hex::encode(&self.sub))
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for PersonKey {
    type Err = PersonKeyError;

    fn from_str(text: &str) -> Result<PersonKey, PersonKeyError> {
        let (issuer, sub) = text.split_once('#').ok_or(PersonKeyError)?;
        let issuer = issuer.parse().map_err(|_| PersonKeyError)?;
        Ok(PersonKey { issuer, sub: hex::decode(sub).ok_or(PersonKeyError)? })
    }
}

/// A person about whom something is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their random id.
    pub id: PersonId,
    /// Whose word for them it is.
    pub issuer: IssuerId,
    /// The issuer's name for them; none where erased or withheld, and then
    /// nothing recorded here is known to be about anybody.
    pub sub: Option<Arc<str>>,
    /// Claims about them.
    pub claims: Vec<Claim>,
    /// Measures on them.
    pub measures: Vec<Measure>,
}

impl Person {
    /// What assertions about them are known by.
    pub fn key(&self) -> Option<PersonKey> {
        self.sub.as_deref().map(|sub| PersonKey::of(self.issuer, sub))
    }
}
