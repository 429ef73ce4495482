//! The record of a decision: its five inputs and its outcome, so that anyone
//! with the log can compute it again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_acts::claims::Claims;
use weir_acts::id::{AccountId, IssuerId, KeyId, PartyId};
use weir_acts::words::Stage;
use weir_acts::{Digest, Time};

use crate::id::DecisionId;

/// How it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ruling {
    /// The request went on.
    Permit,
    /// It was denied.
    Deny,
    /// The model does not exist for the caller.
    Missing,
    /// It was denied, and the previous model served it.
    Fallback,
}

impl Ruling {
    /// The name that records and metrics have.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Ruling::Permit => "permit",
            Ruling::Deny => "deny",
            Ruling::Missing => "missing",
            Ruling::Fallback => "fallback",
        }
    }
}

/// An assertion that holds once and was used: its record is what keeps it from
/// being used again, across restarts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UsedAssertion {
    /// Whose it was.
    pub issuer: IssuerId,
    /// SHA-256 of its `jti`.
    pub jti: Digest,
    /// When it ceases to hold.
    pub expires: Time,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionRecord {
    /// Its id.
    pub id: DecisionId,
    /// When it was made.
    pub time: Time,
    /// How many acts were folded into what it was made on.
    pub tree_size: u64,
    /// The calling account.
    pub account: AccountId,
    /// Its party.
    pub party: PartyId,
    /// The key used.
    pub key: KeyId,
    /// The person behind the request, where an assertion named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Arc<str>>,
    /// What its issuer claimed of that person, so that an auditor can compute
    /// the decision again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_claims: Option<Arc<Claims>>,
    /// The assertion that was used up, where it holds once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion: Option<UsedAssertion>,
    /// The API called.
    pub api: &'static str,
    /// The model asked for; none where models were listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// The model that may answer, where a fallback does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served_model: Option<Arc<str>>,
    /// The stage the model stood at.
    pub stage: Stage,
    /// How it was decided.
    pub ruling: Ruling,
    /// The determining rules.
    pub rules: Vec<Arc<str>>,
}
