//! The record of an exchange. Only `time` and `account` are always there; a
//! missing field is unknown and never imputed.

use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use weir_acts::Time;
use weir_acts::id::{AccountId, PartyId};

use crate::{KeptText, Sketch};
use crate::id::DecisionId;
use crate::logged::{LoggedClient, LoggedExchange, LoggedOutcome, LoggedParams, LoggedUsage};

/// One request and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExchangeRecord {
    /// Its id: that of its decision with `x-` in front.
    #[serde(serialize_with = "DecisionId::serialize_exchange")]
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
    /// Counts exchanges as they end, from 1 on over all restarts, so that a gap
    /// shows; given by the queue that takes them. Which run it was is the first
    /// half of the id.
    pub seq: u64,
    /// The conversation it is a turn of, where the API has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Box<str>>,
    /// What is kept of its texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sketch: Option<Sketch>,
    /// Its texts, sealed, where the rules say that they are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<KeptText>,
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
    /// The address of the peer, or the one that a trusted proxy tells.
    pub ip: IpAddr,
    /// The autonomous system it is in, as a trusted proxy tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// The TLS client's JA4 fingerprint, as a trusted proxy tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ja4: Option<Box<str>>,
    /// What it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Box<str>>,
}

impl Client {
    /// Of whom only the address is known.
    #[must_use]
    pub fn at(ip: IpAddr) -> Client {
        Client { ip, asn: None, ja4: None, user_agent: None }
    }
}

/// What a request asked for, as far as it was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Params {
    /// Most output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// How many choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// The sampling temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Whether log-probabilities were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
}

impl Params {
    /// What reading their line gives.
    #[must_use]
    pub fn as_logged(&self) -> LoggedParams {
        // A reader may come to another last digit than the one that was written.
        let as_read = |number: f64| serde_json::from_str(&serde_json::to_string(&number).ok()?).ok()?;
        LoggedParams {
            max_tokens: self.max_tokens,
            temperature: self.temperature.and_then(as_read),
            n: self.n,
            stream: Some(self.stream),
            logprobs: self.logprobs,
        }
    }
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
    /// Whether the model declined, where the answer told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<bool>,
    /// The rule that cut it, where a change of rules did so under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_by: Option<Arc<str>>,
}

impl From<&ExchangeRecord> for LoggedExchange {
    /// What reading the record's line gives.
    fn from(record: &ExchangeRecord) -> LoggedExchange {
        let ExchangeRecord { client, params, usage, outcome, .. } = record;
        let owned = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        LoggedExchange {
            id: Some(record.id.exchange()),
            time: record.time,
            account: record.account.to_string(),
            party: Some(record.party.to_string()),
            api: Some(record.api.to_owned()),
            model: owned(&record.model),
            served_model: owned(&record.served_model),
            conversation: record.conversation.as_deref().map(str::to_owned),
            messages: Vec::new(),
            sketch: record.sketch.clone(),
            client: LoggedClient {
                ip: Some(client.ip.to_string()),
                asn: client.asn,
                ja4: client.ja4.as_deref().map(str::to_owned),
                user_agent: client.user_agent.as_deref().map(str::to_owned),
            },
            params: params.as_logged(),
            usage: LoggedUsage { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens },
            outcome: LoggedOutcome { status: Some(outcome.status), refusal: outcome.refusal },
            decision: Some(record.decision.to_string()),
            tree_size: Some(record.tree_size),
            person: owned(&record.person),
            seq: Some(record.seq),
            truncated: Some(record.truncated),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
