//! The record of an exchange. Only `time` and `account` are always there; a
//! missing field is unknown and never imputed.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use weir_acts::Time;
use weir_acts::id::{AccountId, PartyId};

use crate::id::DecisionId;

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExchangeRecord {
    /// Its id: that of its decision with `x-` in front.
    #[serde(serialize_with = "exchange_id")]
    pub id: DecisionId,
    /// When the request came.
    pub time: Time,
    /// The calling account.
    pub account: AccountId,
    /// Its party.
    pub party: PartyId,
    /// The person behind the request, where an assertion named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Arc<str>>,
    /// The API called.
    pub api: &'static str,
    /// The model asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// The model that answered, where it was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served_model: Option<Arc<str>>,
    /// The decision that let it through.
    pub decision: DecisionId,
    /// How many acts were folded into what it was decided on.
    pub tree_size: u64,
    /// Counts this process's exchanges as they end, so that a gap shows.
    pub seq: u64,
    /// From where it was called.
    pub client: Client,
    /// What was asked for.
    pub params: Params,
    /// What it took.
    #[serde(skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the answer stopped before its end.
    pub truncated: bool,
    /// From the request's arrival to the answer's end, in milliseconds.
    pub took_ms: u64,
}

/// From where a request was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// The address of the peer.
    pub ip: IpAddr,
    /// What it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Box<str>>,
}

/// What a request asked for, as far as it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Params {
    /// Most output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// How many choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Whether a stream was asked for.
    pub stream: bool,
}

/// What an exchange took: as the upstream told it, or as it was estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Whether Weir estimated it, because the upstream said nothing, stopped
    /// before it did, or said what cannot be.
    #[serde(skip_serializing_if = "is_false")]
    pub estimated: bool,
}

impl Usage {
    fn is_empty(&self) -> bool {
        self.input_tokens.is_none() && self.output_tokens.is_none()
    }
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The HTTP status the caller got.
    pub status: u16,
    /// The rule that cut it, where a change of rules did so under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_by: Option<Arc<str>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn exchange_id<S: Serializer>(id: &DecisionId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("x-{:08x}-{:08x}", id.segment, id.sequence))
}
