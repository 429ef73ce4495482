//! An exchange as a provider's log tells it (contracts, section 5): what the
//! detector reads and the simulator writes. Only `time` and `account` are
//! required. A missing field is unknown, never imputed, so nearly everything
//! is an `Option`, and a field nobody declared here is passed over.
//!
//! This is apart from [`crate::ExchangeRecord`], which the gateway writes: that
//! one holds interned ids and never a prompt; this one is whatever a provider
//! kept, prompts included.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use weir_acts::Time;

use crate::Sketch;

/// One request and its answer, as logged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoggedExchange {
    /// The exchange's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When the request came.
    pub time: Time,
    /// The account that called.
    pub account: String,
    /// Its party, also read as `org`.
    #[serde(default, alias = "org", skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// The API called, for example `openai.chat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The model asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The model that answered, where it was another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_model: Option<String>,
    /// The conversation this is a turn of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// What was sent, oldest first.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<LoggedMessage>,
    /// What is kept of the messages, where they themselves are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sketch: Option<Sketch>,
    /// From where it was called.
    #[serde(default, deserialize_with = "or_default")]
    pub client: LoggedClient,
    /// What was asked for.
    #[serde(default, deserialize_with = "or_default")]
    pub params: LoggedParams,
    /// What it took.
    #[serde(default, deserialize_with = "or_default")]
    pub usage: LoggedUsage,
    /// How it ended.
    #[serde(default, deserialize_with = "or_default")]
    pub outcome: LoggedOutcome,
    /// The decision that let it through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// How many acts were folded into what it was decided on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree_size: Option<u64>,
    /// The person behind the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Counts the writer's exchanges, so that a gap shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Whether the answer stopped before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<bool>,
}

/// One message of what was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedMessage {
    /// `system`, `user`, `assistant` or `tool`.
    #[serde(default, deserialize_with = "or_default")]
    pub role: String,
    /// Its text. Content in parts is read as the texts of its parts, each on
    /// a line of its own; parts that are not text are passed over.
    #[serde(default, deserialize_with = "text_of_content")]
    pub content: String,
}

/// From where an exchange was called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedClient {
    /// The caller's address, as text: logs hold keyed hashes of it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The autonomous system that announces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// The TLS client's JA4 fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja4: Option<String>,
    /// What the client calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What an exchange asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LoggedParams {
    /// Most output tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// The sampling temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// How many choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Whether a stream was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Whether log-probabilities were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
}

/// What an exchange took, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedUsage {
    /// Tokens read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedOutcome {
    /// The HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether the model declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<bool>,
}

/// One line of the accounts file: what sign-up and billing know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedAccount {
    /// The account.
    pub account: String,
    /// The party that declared it as its own, also read as `org`.
    #[serde(default, alias = "org", skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Time>,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Time>,
    /// Who closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<ClosedBy>,
    /// The plan it pays for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// A fingerprint of its means of payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<String>,
    /// The domain of its e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_domain: Option<String>,
    /// The way it signed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signup_path: Option<String>,
    /// When it was found innocent: nothing of it is evidence from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<Time>,
    /// What was verified of it, for example `email`; `self` where its party is
    /// known by its own word alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
}

/// Who closed an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClosedBy {
    /// The provider, as enforcement.
    Provider,
    /// The customer.
    Customer,
}

/// `null` where an object or a list may stand is the same as its absence.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

fn text_of_content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(Content)
}

/// Takes text as it comes, without a copy of it in between: it is most of a log.
struct Content;

impl<'de> Visitor<'de> for Content {
    type Value = String;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("text, or a list of parts")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E>(self, text: String) -> Result<String, E> {
        Ok(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<String, A::Error> {
        let mut texts = Vec::new();
        while let Some(part) = parts.next_element::<Part>()? {
            texts.extend(part.0);
        }
        Ok(texts.join("\n"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(String::new())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_bool<E>(self, _: bool) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<String, E> {
        Ok(String::new())
    }
}

/// The text of a part, if it is one of text: bare, or in an object's `text`.
struct Part(Option<String>);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Part, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Object {
                #[serde(default)]
                text: Option<String>,
            },
            Text(String),
            Other(IgnoredAny),
        }
        Ok(Part(match Shape::deserialize(deserializer)? {
            Shape::Object { text } => text,
            Shape::Text(text) => Some(text),
            Shape::Other(_) => None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_s_own_line_is_read_and_written_back() {
        let line = r#"{"id":"x-1","time":"2026-05-01T00:00:00.123Z","account":"a-17","party":null,"api":"openai.chat","model":"atlas-5",
            "conversation":"c-9","messages":[{"role":"system","content":"..."},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}},{"type":"text","text":"b"}]}],
            "client":{"ip":"198.51.100.7","asn":64500,"ja4":"t13d1516h2_8daaf6152771_02713d6af862","user_agent":"openai-python/3.51.0"},
            "params":{"max_tokens":1024,"temperature":0.7,"n":1,"stream":true,"logprobs":false},
            "usage":{"input_tokens":212,"output_tokens":840},"outcome":{"status":200,"refusal":false},"unheard_of":[1]}"#;
        let exchange: LoggedExchange = serde_json::from_str(line).unwrap();
        assert_eq!(exchange.party, None);
        assert_eq!(exchange.messages[1].content, "a\nb");
        assert_eq!(exchange.params.logprobs, Some(false));
        let again: LoggedExchange = serde_json::from_str(&serde_json::to_string(&exchange).unwrap()).unwrap();
        assert_eq!(again, exchange);
    }

    #[test]
    fn content_of_any_shape_is_read_for_its_texts() {
        let content = |json: &str| {
            let line = format!(r#"{{"role":"user","content":{json}}}"#);
            serde_json::from_str::<LoggedMessage>(&line).unwrap().content
        };
        assert_eq!(content(r#""a\"b\u00fc""#), "a\"bü");
        assert_eq!(
            content(r#"[{"type":"text","text":"a"},"b",{"type":"image"},{"text":null},3,null,["x"],{"text":"c"}]"#),
            "a\nb\nc"
        );
        for empty in ["null", "3", "-3", "0.5", "true", "{\"text\":\"x\"}", "[]"] {
            assert_eq!(content(empty), "", "{empty}");
        }
        assert!(serde_json::from_str::<LoggedMessage>(r#"{"content":[}"#).is_err());
    }

    #[test]
    fn only_time_and_account_are_required_and_null_is_absence() {
        let exchange: LoggedExchange = serde_json::from_str(
            r#"{"time":"2026-05-01T00:00:00Z","account":"a","org":"acme","messages":null,"client":null,"usage":null}"#,
        )
        .unwrap();
        assert_eq!(exchange.party.as_deref(), Some("acme"));
        assert!(serde_json::from_str::<LoggedExchange>(r#"{"time":"2026-05-01T00:00:00Z"}"#).is_err());
        assert!(serde_json::from_str::<LoggedExchange>(r#"{"account":"a"}"#).is_err());
    }

    #[test]
    fn an_account_s_line_is_read() {
        let line = r#"{"account":"a-17","party":null,"created":"2026-01-01T00:00:00Z","closed":null,"closed_by":"provider","plan":"tier-1",
            "payment":"fp_9c1e","email_domain":"example.org","signup_path":"web","verified":"email"}"#;
        let account: LoggedAccount = serde_json::from_str(line).unwrap();
        assert_eq!(account.closed_by, Some(ClosedBy::Provider));
    }
}
