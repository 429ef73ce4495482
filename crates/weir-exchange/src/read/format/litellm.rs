//! LiteLLM's `StandardLoggingPayload` (docs.litellm.ai, "StandardLoggingPayload
//! Specification"), one JSON object a line, or a list of them on a line as its
//! generic logging sends them.
//!
//! | record | payload |
//! |---|---|
//! | `account` | `metadata.user_api_key_hash`, else `metadata.user_api_key_user_id` |
//! | `party` | `metadata.user_api_key_org_id`, else `metadata.user_api_key_team_id` |
//! | `person` | `end_user` |
//! | `time` | `startTime`, seconds since the epoch |
//! | `model`, `served_model` | `model_group`; `model` where it is another |
//! | `conversation` | `trace_id` |
//! | `client.ip` | `requester_ip_address`, also in `metadata` |
//! | `client.user_agent` | a request tag that begins with `User-Agent: ` |
//! | `outcome.status` | 200 for `success`, else a number in `error_information.error_code` |

use serde_json::Value;
use weir_acts::Time;

use super::json::{count, number, text, truth};
use crate::{LoggedClient, LoggedExchange, LoggedMessage, LoggedOutcome, LoggedParams, LoggedUsage};

/// What stands where a payload's texts were taken out before it was logged. It
/// is the same for everybody and says nothing.
const REDACTED: &str = "redacted-by-litellm";

/// Appends the exchanges on a line.
pub(super) fn parse(line: &[u8], exchanges: &mut Vec<LoggedExchange>) -> Result<(), String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let before = exchanges.len();
    let read = match value {
        Value::Array(payloads) => {
            payloads.iter().try_for_each(|payload| payload_of(payload).map(|one| exchanges.push(one)))
        }
        payload => payload_of(&payload).map(|one| exchanges.push(one)),
    };
    read.inspect_err(|_| exchanges.truncate(before))
}

fn payload_of(value: &Value) -> Result<LoggedExchange, String> {
    let value = value.get("standard_logging_object").unwrap_or(value);
    let of = |name: &str| value.get(name).unwrap_or(&Value::Null);
    let metadata = |name: &str| of("metadata").get(name).unwrap_or(&Value::Null);
    let parameter = |name: &str| of("model_parameters").get(name).unwrap_or(&Value::Null);
    let account = text(metadata("user_api_key_hash")).or_else(|| text(metadata("user_api_key_user_id")));
    let account =
        account.ok_or("neither `metadata.user_api_key_hash` nor `metadata.user_api_key_user_id` names an account")?;
    let model = text(of("model"));
    let asked = text(of("model_group")).or_else(|| model.clone());
    Ok(LoggedExchange {
        id: text(of("id")),
        time: seconds(of("startTime")).ok_or("field `startTime` is not a number of seconds")?,
        account,
        party: text(metadata("user_api_key_org_id")).or_else(|| text(metadata("user_api_key_team_id"))),
        api: text(of("call_type")),
        served_model: model.filter(|model| Some(model) != asked.as_ref()),
        model: asked,
        conversation: text(of("trace_id")),
        messages: messages(of("messages")),
        client: LoggedClient {
            ip: text(of("requester_ip_address")).or_else(|| text(metadata("requester_ip_address"))),
            user_agent: user_agent(of("request_tags")),
            ..LoggedClient::default()
        },
        params: LoggedParams {
            max_tokens: count(parameter("max_tokens")).or_else(|| count(parameter("max_completion_tokens"))),
            temperature: number(parameter("temperature")),
            n: count(parameter("n")),
            stream: truth(of("stream")).or_else(|| truth(parameter("stream"))),
            logprobs: truth(parameter("logprobs")),
        },
        usage: LoggedUsage { input_tokens: count(of("prompt_tokens")), output_tokens: count(of("completion_tokens")) },
        outcome: LoggedOutcome { status: status(value), refusal: None },
        person: text(of("end_user")),
        ..LoggedExchange::default()
    })
}

fn seconds(value: &Value) -> Option<Time> {
    let millis = number(value)? * 1_000.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is looked at")]
    (millis.abs() < 9e15).then_some(Time::from_millis(millis.round() as i64))
}

fn messages(value: &Value) -> Vec<LoggedMessage> {
    let user = |content: &str| LoggedMessage { role: "user".to_owned(), content: content.to_owned() };
    let mut messages = match value {
        Value::String(prompt) => vec![user(prompt)],
        Value::Array(list) => list.iter().filter_map(|message| serde_json::from_value(message.clone()).ok()).collect(),
        _ => Vec::new(),
    };
    messages.retain(|message| message.content != REDACTED);
    messages
}

fn user_agent(tags: &Value) -> Option<String> {
    let tags = tags.as_array()?;
    tags.iter().find_map(|tag| Some(tag.as_str()?.strip_prefix("User-Agent: ")?.to_owned()))
}

fn status(value: &Value) -> Option<u16> {
    match value.get("status")?.as_str()? {
        "success" => Some(200),
        _ => text(value.get("error_information")?.get("error_code")?)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After the fields of the specification.
    const PAYLOAD: &str = r#"{"id":"chatcmpl-9","trace_id":"t-1","call_type":"acompletion","stream":true,"response_cost":0.002,
        "status":"success","total_tokens":30,"prompt_tokens":18,"completion_tokens":12,"startTime":1777593600.25,"endTime":1777593602.5,
        "completionStartTime":1777593601.0,"model":"atlas-5-0401","model_id":"m-1","model_group":"atlas-5","api_base":"https://models.example",
        "metadata":{"user_api_key_hash":"88dc28","user_api_key_alias":null,"user_api_key_team_id":"team-2","user_api_key_org_id":null,
          "user_api_key_user_id":"u-3","requester_ip_address":"198.51.100.7"},
        "cache_hit":false,"request_tags":["User-Agent: openai-python","User-Agent: openai-python/3.51.0"],"end_user":"","requester_ip_address":null,
        "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"image_url","image_url":{"url":"x"}}]}],
        "response":{"choices":[]},"model_parameters":{"max_tokens":64,"temperature":0.2,"stream":true},"hidden_params":{}}"#;

    #[test]
    fn a_payload_becomes_an_exchange_and_what_it_does_not_say_stays_unknown() {
        let line = PAYLOAD.replace('\n', " ");
        let mut exchanges = Vec::new();
        parse(line.as_bytes(), &mut exchanges).unwrap();
        let golden = r#"{"id":"chatcmpl-9","time":"2026-05-01T00:00:00.250Z","account":"88dc28","party":"team-2","api":"acompletion","model":"atlas-5","served_model":"atlas-5-0401","conversation":"t-1","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],"client":{"ip":"198.51.100.7","user_agent":"openai-python"},"params":{"max_tokens":64,"temperature":0.2,"stream":true},"usage":{"input_tokens":18,"output_tokens":12},"outcome":{"status":200}}"#;
        assert_eq!(serde_json::to_string(&exchanges[0]).unwrap(), golden);
    }

    #[test]
    fn lists_wrappings_failures_and_redacted_texts() {
        let line = r#"[{"standard_logging_object":{"startTime":1,"metadata":{"user_api_key_user_id":"u"},"status":"failure","error_information":{"error_code":"429"},"messages":"redacted-by-litellm"}},
            {"startTime":2,"metadata":{"user_api_key_hash":"h"},"status":"failure","messages":"one prompt"}]"#;
        let mut exchanges = Vec::new();
        parse(line.replace('\n', " ").as_bytes(), &mut exchanges).unwrap();
        assert_eq!((exchanges[0].account.as_str(), exchanges[0].outcome.status), ("u", Some(429)));
        assert!(exchanges[0].messages.is_empty(), "what everybody's log shows is nobody's text");
        assert_eq!((exchanges[1].outcome.status, exchanges[1].messages[0].content.as_str()), (None, "one prompt"));
        let broken = br#"[{"startTime":2,"metadata":{"user_api_key_hash":"h"}},{"startTime":2,"metadata":{}}]"#;
        assert!(parse(broken, &mut exchanges).unwrap_err().contains("user_api_key_hash"));
        assert_eq!(exchanges.len(), 2, "nothing of a bad line is kept");
    }
}
