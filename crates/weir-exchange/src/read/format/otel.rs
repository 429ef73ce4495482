//! OpenTelemetry's GenAI spans as OTLP JSON, one export a line, as the
//! collector's file exporter writes them ("Semantic conventions for generative
//! client AI spans" and the OTLP specification, JSON encoding).
//!
//! Spans of inference are exchanges (`gen_ai.operation.name` is `chat`,
//! `text_completion` or `generate_content`); other spans are passed over.
//!
//! | record | attribute of the span, else of its resource |
//! |---|---|
//! | `account` | `enduser.id`, else `user.id`, else `enduser.pseudo.id` |
//! | `api` | `gen_ai.provider.name` (formerly `gen_ai.system`) and the operation |
//! | `model`, `served_model` | `gen_ai.request.model`; `gen_ai.response.model` where it is another |
//! | `conversation` | `gen_ai.conversation.id` |
//! | `messages` | `gen_ai.system_instructions`, then `gen_ai.input.messages`: structured, or JSON in a text |
//! | `client` | `client.address`, `user_agent.original` |
//! | `params` | `gen_ai.request.max_tokens`, `.temperature`, `.choice.count` |
//! | `usage` | `gen_ai.usage.input_tokens`, `.output_tokens` |
//! | `outcome.status` | `http.response.status_code` |
//!
//! `time` is the span's start, `id` its trace's and its own id.

use std::borrow::Cow;

use serde_json::Value;
use weir_acts::Time;

use super::json::{count, number, text};
use crate::{LoggedClient, LoggedExchange, LoggedMessage, LoggedOutcome, LoggedParams, LoggedUsage};

const INFERENCE: &[&str] = &["chat", "text_completion", "generate_content"];

/// What a line held beside the exchanges that were appended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unread {
    /// Spans that are no exchanges.
    pub(super) other: u64,
    /// Spans that should be and cannot be read, and why the first.
    pub(super) bad: Option<(u64, String)>,
}

/// Appends the exchanges of an export.
pub(super) fn parse(line: &[u8], exchanges: &mut Vec<LoggedExchange>) -> Result<Unread, String> {
    let export: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let resources = export
        .get("resourceSpans")
        .and_then(Value::as_array)
        .ok_or("no `resourceSpans`: it is not OTLP JSON of traces")?;
    let mut unread = Unread::default();
    for resource in resources {
        let common = resource.get("resource").and_then(|resource| resource.get("attributes"));
        for scope in list(resource, "scopeSpans") {
            for span in list(scope, "spans") {
                match exchange(Attributes { own: span.get("attributes"), common }, span) {
                    Some(Ok(exchange)) => exchanges.push(exchange),
                    None => unread.other += 1,
                    Some(Err(reason)) => unread.bad.get_or_insert((0, reason)).0 += 1,
                }
            }
        }
    }
    Ok(unread)
}

fn list<'export>(value: &'export Value, name: &str) -> &'export [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[derive(Clone, Copy)]
struct Attributes<'export> {
    own: Option<&'export Value>,
    common: Option<&'export Value>,
}

impl<'export> Attributes<'export> {
    /// An attribute's value without its wrapping.
    fn get(&self, name: &str) -> Cow<'export, Value> {
        let of = |attributes: Option<&'export Value>| {
            attributes?
                .as_array()?
                .iter()
                .find(|attribute| attribute.get("key").and_then(Value::as_str) == Some(name))?
                .get("value")
        };
        of(self.own).or_else(|| of(self.common)).map_or(Cow::Owned(Value::Null), bare)
    }

    fn text(&self, name: &str) -> Option<String> {
        text(&self.get(name))
    }

    fn count(&self, name: &str) -> Option<u64> {
        count(&self.get(name))
    }
}

/// OTLP's `AnyValue` as the JSON it stands for.
fn bare(value: &Value) -> Cow<'_, Value> {
    for name in ["stringValue", "intValue", "doubleValue", "boolValue"] {
        if let Some(value) = value.get(name) {
            return Cow::Borrowed(value);
        }
    }
    if let Some(array) = value.get("arrayValue") {
        return Cow::Owned(list(array, "values").iter().map(|value| bare(value).into_owned()).collect());
    }
    if let Some(map) = value.get("kvlistValue") {
        let pair = |pair: &Value| {
            Some((
                pair.get("key")?.as_str()?.to_owned(),
                pair.get("value").map_or(Value::Null, |value| bare(value).into_owned()),
            ))
        };
        return Cow::Owned(Value::Object(list(map, "values").iter().filter_map(pair).collect()));
    }
    Cow::Owned(Value::Null)
}

/// The exchange that a span is, if it is one.
fn exchange(of: Attributes<'_>, span: &Value) -> Option<Result<LoggedExchange, String>> {
    let operation = of.text("gen_ai.operation.name")?;
    INFERENCE.contains(&operation.as_str()).then(|| inference(of, span, &operation))
}

fn inference(of: Attributes<'_>, span: &Value, operation: &str) -> Result<LoggedExchange, String> {
    let account = ["enduser.id", "user.id", "enduser.pseudo.id"].iter().find_map(|name| of.text(name));
    let nanos = span.get("startTimeUnixNano").and_then(count).and_then(|nanos| i64::try_from(nanos / 1_000_000).ok());
    let model = of.text("gen_ai.request.model");
    let provider = of.text("gen_ai.provider.name").or_else(|| of.text("gen_ai.system"));
    let id = |name: &str| span.get(name).and_then(text);
    Ok(LoggedExchange {
        id: id("traceId").zip(id("spanId")).map(|(trace, span)| format!("{trace}-{span}")),
        time: Time::from_millis(nanos.ok_or("a span's `startTimeUnixNano` is missing or no number")?),
        account: account.ok_or("a span names no account: `enduser.id`, `user.id` or `enduser.pseudo.id`")?,
        api: provider.map(|provider| format!("{provider}.{operation}")),
        served_model: of.text("gen_ai.response.model").filter(|served| Some(served) != model.as_ref()),
        model,
        conversation: of.text("gen_ai.conversation.id"),
        messages: messages(of),
        client: LoggedClient {
            ip: of.text("client.address"),
            user_agent: of.text("user_agent.original"),
            ..LoggedClient::default()
        },
        params: LoggedParams {
            max_tokens: of.count("gen_ai.request.max_tokens"),
            temperature: number(&of.get("gen_ai.request.temperature")),
            n: of.count("gen_ai.request.choice.count"),
            ..LoggedParams::default()
        },
        usage: LoggedUsage {
            input_tokens: of.count("gen_ai.usage.input_tokens"),
            output_tokens: of.count("gen_ai.usage.output_tokens"),
        },
        outcome: LoggedOutcome {
            status: of.count("http.response.status_code").and_then(|status| u16::try_from(status).ok()),
            refusal: None,
        },
        ..LoggedExchange::default()
    })
}

fn messages(of: Attributes<'_>) -> Vec<LoggedMessage> {
    let mut messages = Vec::new();
    let system = texts(&structured(of.get("gen_ai.system_instructions")));
    if !system.is_empty() {
        messages.push(LoggedMessage { role: "system".to_owned(), content: system });
    }
    for message in structured(of.get("gen_ai.input.messages")).as_array().map_or(&[][..], Vec::as_slice) {
        let role = message.get("role").and_then(text).unwrap_or_default();
        let content = message.get("parts").or_else(|| message.get("content")).map(texts).unwrap_or_default();
        messages.push(LoggedMessage { role, content });
    }
    messages
}

/// A structured attribute, which instrumentations may write as JSON in a text.
fn structured(value: Cow<'_, Value>) -> Value {
    match value.as_ref() {
        Value::String(json) => serde_json::from_str(json).unwrap_or_else(|_| value.into_owned()),
        _ => value.into_owned(),
    }
}

/// The texts among parts, each on a line of its own.
fn texts(parts: &Value) -> String {
    match parts {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let text = |part: &Value| part.get("content").and_then(Value::as_str).map(str::to_owned);
            parts.iter().filter_map(text).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After the conventions' examples, in OTLP's JSON encoding.
    const EXPORT: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"gateway"}}]},"scopeSpans":[{"scope":{"name":"x"},"spans":[
        {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat atlas-5","kind":3,"startTimeUnixNano":"1777593600250999999","endTimeUnixNano":"1777593602000000000","attributes":[
          {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},
          {"key":"gen_ai.request.model","value":{"stringValue":"atlas-5"}},{"key":"gen_ai.response.model","value":{"stringValue":"atlas-5-0401"}},
          {"key":"enduser.id","value":{"stringValue":"a-17"}},{"key":"gen_ai.conversation.id","value":{"stringValue":"conv_1"}},
          {"key":"gen_ai.request.max_tokens","value":{"intValue":"200"}},{"key":"gen_ai.request.temperature","value":{"doubleValue":0.5}},
          {"key":"gen_ai.usage.input_tokens","value":{"intValue":"100"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":180}},
          {"key":"gen_ai.system_instructions","value":{"stringValue":"[{\"type\":\"text\",\"content\":\"Be brief.\"}]"}},
          {"key":"gen_ai.input.messages","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"role","value":{"stringValue":"user"}},{"key":"parts","value":{"arrayValue":{"values":[
             {"kvlistValue":{"values":[{"key":"type","value":{"stringValue":"text"}},{"key":"content","value":{"stringValue":"Weather in Paris?"}}]}},
             {"kvlistValue":{"values":[{"key":"type","value":{"stringValue":"tool_call"}}]}}]}}}]}}]}}},
          {"key":"client.address","value":{"stringValue":"198.51.100.7"}}],"status":{"code":1}},
        {"traceId":"5b8e","spanId":"01","startTimeUnixNano":"1","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}}]},
        {"traceId":"5b8e","spanId":"02","startTimeUnixNano":"1","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}}]}]}]}]}"#;

    #[test]
    fn a_span_of_inference_becomes_an_exchange_and_others_are_passed_over() {
        let mut exchanges = Vec::new();
        let unread = parse(EXPORT.replace('\n', " ").as_bytes(), &mut exchanges).unwrap();
        let golden = r#"{"id":"5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174","time":"2026-05-01T00:00:00.250Z","account":"a-17","api":"openai.chat","model":"atlas-5","served_model":"atlas-5-0401","conversation":"conv_1","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Weather in Paris?"}],"client":{"ip":"198.51.100.7"},"params":{"max_tokens":200,"temperature":0.5},"usage":{"input_tokens":100,"output_tokens":180},"outcome":{}}"#;
        assert_eq!(serde_json::to_string(&exchanges[0]).unwrap(), golden);
        assert_eq!((exchanges.len(), unread.other), (1, 1));
        let (bad, reason) = unread.bad.unwrap();
        assert!(bad == 1 && reason.contains("enduser.id"), "{reason}");
    }

    #[test]
    fn what_is_no_export_is_a_bad_line() {
        assert!(parse(br#"{"resourceLogs":[]}"#, &mut Vec::new()).unwrap_err().contains("resourceSpans"));
        assert_eq!(parse(br#"{"resourceSpans":[{"scopeSpans":[{"spans":[3]}]}]}"#, &mut Vec::new()).unwrap().other, 1);
    }
}
