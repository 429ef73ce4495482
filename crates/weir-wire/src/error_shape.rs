//! Weir's own errors in the shape of the API that was called.
//!
//! A caller's program reads an error through the API's official client, so the
//! shape decides whether a person ever sees the reason. The shapes are those of
//! contracts, section 4. What the official Python clients do with them (openai
//! 3.54, anthropic 2.12, `_streaming.py`): by HTTP status they raise their own
//! typed error; in a stream, openai raises `APIError` for any `data` whose JSON
//! has a truthy `error`, and anthropic raises for the event named `error`.

use crate::json::write_string;
use crate::{Api, Family};

/// An error that Weir answers itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError<'a> {
    /// The HTTP status. In a stream that has begun it is not sent any more.
    pub status: u16,
    /// The stable code for programs, for example `release_denied`.
    pub code: &'a str,
    /// The API's error type, for example `permission_error`.
    pub kind: &'a str,
    /// The text for people.
    pub message: &'a str,
    /// The request field at fault, if one is.
    pub param: Option<&'a str>,
}

impl<'a> ApiError<'a> {
    /// An error with the type that goes with its status.
    pub fn new(status: u16, code: &'a str, message: &'a str) -> Self {
        ApiError { status, code, kind: kind_of_status(status), message, param: None }
    }

    /// The same error, naming the request field at fault.
    #[must_use]
    pub fn with_param(self, param: Option<&'a str>) -> Self {
        ApiError { param, ..self }
    }

    /// The body of an error answer.
    pub fn body(&self, family: Family) -> Vec<u8> {
        let mut out = Vec::with_capacity(128 + self.message.len());
        match family {
            Family::OpenAi => self.write_openai(&mut out),
            Family::Anthropic => self.write_anthropic(&mut out),
        }
        out
    }

    /// The event that ends a stream which is cut. No `[DONE]` or `message_stop`
    /// follows it: the stream must not look complete.
    ///
    /// It must be sent between two events; see [`crate::sse::SseScanner::unfinished`].
    pub fn stream_event(&self, api: Api) -> Vec<u8> {
        let mut out = Vec::with_capacity(160 + self.message.len());
        match api {
            Api::AnthropicMessages | Api::AnthropicCountTokens => {
                out.extend_from_slice(b"event: error\ndata: ");
                self.write_anthropic(&mut out);
            }
            Api::OpenAiResponses => {
                out.extend_from_slice(b"event: error\ndata: ");
                self.write_responses_event(&mut out);
            }
            Api::OpenAiChat | Api::OpenAiCompletions | Api::OpenAiEmbeddings | Api::OpenAiModels => {
                out.extend_from_slice(b"data: ");
                self.write_openai(&mut out);
            }
        }
        out.extend_from_slice(b"\n\n");
        out
    }

    fn write_openai(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"error\":");
        self.write_openai_error(out);
        out.push(b'}');
    }

    fn write_openai_error(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":");
        write_string(out, self.kind);
        self.write_code_message_param(out);
        out.push(b'}');
    }

    fn write_code_message_param(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"code\":");
        write_string(out, self.code);
        out.extend_from_slice(b",\"message\":");
        write_string(out, self.message);
        out.extend_from_slice(b",\"param\":");
        match self.param {
            Some(param) => write_string(out, param),
            None => out.extend_from_slice(b"null"),
        }
    }

    /// The documented event is flat, and a typed client reads it so; but the
    /// official Python and JavaScript clients raise only when there is an `error`
    /// member, and would hand a flat event on as one more item. So it has both.
    fn write_responses_event(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"error\"");
        self.write_code_message_param(out);
        out.extend_from_slice(b",\"sequence_number\":0,\"error\":");
        self.write_openai_error(out);
        out.push(b'}');
    }

    fn write_anthropic(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"error\",\"error\":{\"type\":");
        write_string(out, self.kind);
        out.extend_from_slice(b",\"message\":");
        write_string(out, self.message);
        out.extend_from_slice(b"}}");
    }
}

/// The error type that goes with a status, alike in both families.
pub fn kind_of_status(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn denied() -> ApiError<'static> {
        ApiError::new(403, "release_denied", "closed by \"order\".\nRule fixture/named")
    }

    #[test]
    fn bodies_have_exactly_the_contracts_shapes() {
        let openai = String::from_utf8(denied().body(Family::OpenAi)).unwrap();
        assert_eq!(
            openai,
            r#"{"error":{"type":"permission_error","code":"release_denied","message":"closed by \"order\".\nRule fixture/named","param":null}}"#
        );
        let anthropic = String::from_utf8(denied().body(Family::Anthropic)).unwrap();
        assert_eq!(
            anthropic,
            r#"{"type":"error","error":{"type":"permission_error","message":"closed by \"order\".\nRule fixture/named"}}"#
        );
        let named: Value = serde_json::from_slice(&denied().with_param(Some("model")).body(Family::OpenAi)).unwrap();
        assert_eq!(named["error"]["param"], "model");
    }

    #[test]
    fn stream_events_are_one_event_each_whatever_the_message() {
        for (_, _, api) in Api::ROUTES {
            let bytes = denied().stream_event(*api);
            let mut events = Vec::new();
            crate::sse::SseScanner::default().push(&bytes, &mut |event| {
                let name = event.event.map(|name| String::from_utf8(name.to_vec()).unwrap());
                events.push((name, serde_json::from_slice::<Value>(event.data).unwrap()));
            });
            let [(name, data)] = events.as_slice() else { panic!("{api:?}: {events:?}") };
            assert_eq!(data["error"]["message"], denied().message, "{api:?}");
            match api.family() {
                Family::Anthropic => assert_eq!((name.as_deref(), &data["type"]), (Some("error"), &json!("error"))),
                Family::OpenAi => assert_eq!(data["error"]["code"], "release_denied"),
            }
        }
    }

    #[test]
    fn the_responses_event_can_be_read_flat_too() {
        let bytes = denied().stream_event(Api::OpenAiResponses);
        let data = bytes.strip_prefix(b"event: error\ndata: ").unwrap();
        let data: Value = serde_json::from_slice(data).unwrap();
        assert_eq!(
            (&data["type"], &data["code"], &data["param"]),
            (&json!("error"), &json!("release_denied"), &Value::Null)
        );
    }

    #[test]
    fn types_follow_the_status() {
        let kinds = [400, 401, 403, 404, 408, 413, 415, 429, 500, 502, 503, 504].map(kind_of_status);
        assert_eq!(
            kinds,
            [
                "invalid_request_error",
                "authentication_error",
                "permission_error",
                "not_found_error",
                "timeout_error",
                "request_too_large",
                "invalid_request_error",
                "rate_limit_error",
                "api_error",
                "api_error",
                "overloaded_error",
                "timeout_error",
            ]
        );
    }
}
