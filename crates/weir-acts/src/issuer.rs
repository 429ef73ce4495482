//! Who speaks for a party's people: what the fold keeps of an issuer.

use std::sync::Arc;

use crate::holder::Life;
use crate::id::{IssuerId, PartyId};
use crate::time::Time;

/// An issuer of assertions about persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its random id.
    pub id: IssuerId,
    /// For whose people it speaks.
    pub party: PartyId,
    /// What its assertions bear as `iss`; none where erased, and then none is
    /// accepted.
    pub name: Option<Arc<str>>,
    /// Where its key set is published.
    pub url: Option<Arc<str>>,
    /// The kinds of claim it may speak for.
    pub kinds: Vec<Arc<str>>,
    /// The highest level it may claim.
    pub max_level: u8,
    /// Whether each assertion is used once.
    pub single_use: bool,
    /// Its keys; none where there are none yet, or they were erased.
    pub keys: Option<Keys>,
    /// From registration to removal.
    pub life: Life,
}

/// A key set as it was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Index of the act that brought it: the issuer's version.
    pub act: u64,
    /// When.
    pub since: Time,
    /// The JWK set as JSON.
    pub set: Arc<str>,
}
