//! What a request body asks for, read loosely: the stand-in needs a dozen
//! fields, and a real server's checks of all the others are not its business.

use serde_json::Value;

use super::errors::ApiError;
use super::route::Route;

/// The fields of a request that change the answer.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) choices: usize,
    pub(super) max_tokens: Option<usize>,
    pub(super) logprobs: bool,
    /// The tool that should be called, when the last user text asks for it.
    pub(super) tool: Option<String>,
    /// How many embeddings, of how many dimensions, and whether in base64.
    pub(super) inputs: usize,
    pub(super) dimensions: usize,
    pub(super) base64: bool,
}

impl Ask {
    /// Reads a request body.
    ///
    /// # Errors
    /// A 400 that names the field, for what the real servers refuse too: a
    /// body that is not JSON, no `model`, no `max_tokens` where it is required.
    pub(super) fn read(route: Route, body: &[u8]) -> Result<Self, ApiError> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| ApiError::bad_request(format!("the body is not JSON: {error}")))?;
        let model = body
            .get("model")
            .and_then(Value::as_str)
            .ok_or_else(|| ApiError::field("model", "model: field required"))?;
        let max_tokens = max_tokens(&body);
        if route == Route::Messages && max_tokens.is_none() {
            return Err(ApiError::field("max_tokens", "max_tokens: field required"));
        }
        Ok(Self {
            model: model.to_owned(),
            stream: flag(&body, "stream"),
            include_usage: body.get("stream_options").is_some_and(|options| flag(options, "include_usage")),
            choices: choices(&body)?,
            max_tokens,
            logprobs: flag(&body, "logprobs"),
            tool: tool_to_call(&body),
            inputs: body.get("input").and_then(Value::as_array).map_or(1, Vec::len),
            dimensions: dimensions(&body)?,
            base64: body.get("encoding_format").and_then(Value::as_str) == Some("base64"),
        })
    }
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn whole(body: &Value, name: &str) -> Option<usize> {
    body.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
}

fn max_tokens(body: &Value) -> Option<usize> {
    ["max_completion_tokens", "max_tokens", "max_output_tokens"].into_iter().find_map(|name| whole(body, name))
}

/// OpenAI allows up to 128 choices.
fn choices(body: &Value) -> Result<usize, ApiError> {
    match body.get("n") {
        None | Some(Value::Null) => Ok(1),
        Some(_) => whole(body, "n")
            .filter(|choices| (1..=128).contains(choices))
            .ok_or_else(|| ApiError::field("n", "n: must be a whole number from 1 to 128")),
    }
}

fn dimensions(body: &Value) -> Result<usize, ApiError> {
    match body.get("dimensions") {
        None | Some(Value::Null) => Ok(64),
        Some(_) => whole(body, "dimensions")
            .filter(|dimensions| (1..=4096).contains(dimensions))
            .ok_or_else(|| ApiError::field("dimensions", "dimensions: must be a whole number from 1 to 4096")),
    }
}

/// A tool is called when tools are offered, not forbidden, and the last
/// message is a user's text about the weather: a tool's result ends the loop.
fn tool_to_call(body: &Value) -> Option<String> {
    let tools = body.get("tools")?.as_array()?;
    let choice = body.get("tool_choice");
    let kind = choice.and_then(|choice| choice.as_str().or_else(|| choice.get("type")?.as_str()));
    if kind == Some("none") || !asks_for_weather(body) {
        return None;
    }
    let names: Vec<&str> = tools.iter().filter_map(tool_name).collect();
    let fitting = names.iter().find(|name| name.contains("weather"));
    fitting.or_else(|| names.first()).map(|name| (*name).to_owned())
}

/// Chat nests the name under `function`; the other two APIs do not.
fn tool_name(tool: &Value) -> Option<&str> {
    tool.get("function").unwrap_or(tool).get("name")?.as_str()
}

fn asks_for_weather(body: &Value) -> bool {
    let Some(turns) = body.get("messages").or_else(|| body.get("input")) else {
        return false;
    };
    let content = match turns {
        Value::Array(turns) => turns
            .last()
            .filter(|turn| turn.get("role").and_then(Value::as_str) == Some("user"))
            .and_then(|turn| turn.get("content")),
        text => Some(text),
    };
    match content {
        Some(Value::String(text)) => mentions_weather(text),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).any(mentions_weather),
        _ => false,
    }
}

fn mentions_weather(text: &str) -> bool {
    text.to_lowercase().contains("weather")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn tool(route: Route, body: &Value) -> Option<String> {
        Ask::read(route, body.to_string().as_bytes()).unwrap().tool
    }

    #[test]
    fn calls_a_tool_only_when_the_user_asks() {
        let tools = json!([{"type": "function", "function": {"name": "get_weather"}}]);
        let mut body = json!({"model": "m", "tools": tools,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Weather?"}]}]});
        assert_eq!(tool(Route::Chat, &body).as_deref(), Some("get_weather"));
        body["tool_choice"] = json!("none");
        assert_eq!(tool(Route::Chat, &body), None);
        body["tool_choice"] = json!("auto");
        body["messages"] = json!([{"role": "user", "content": "weather"},
            {"role": "tool", "tool_call_id": "c", "content": "weather: fine"}]);
        assert_eq!(tool(Route::Chat, &body), None);
    }

    #[test]
    fn reads_the_tools_of_the_flat_apis() {
        let body = json!({"model": "m", "input": "the weather, please",
            "tools": [{"type": "function", "name": "other"}, {"type": "function", "name": "weather_at"}]});
        assert_eq!(tool(Route::Responses, &body).as_deref(), Some("weather_at"));
    }

    #[test]
    fn refuses_what_the_real_servers_refuse() {
        for (route, body) in [
            (Route::Chat, "{"),
            (Route::Chat, "{}"),
            (Route::Chat, r#"{"model":"m","n":0}"#),
            (Route::Messages, r#"{"model":"m"}"#),
            (Route::Embeddings, r#"{"model":"m","dimensions":"x"}"#),
        ] {
            assert!(Ask::read(route, body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            // Random bytes are never an object with a model, so all are refused.
            prop_assert!(Ask::read(Route::Chat, &body).is_err());
        }
    }
}
