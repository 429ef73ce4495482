//! What each route answers, streamed and not.

use serde_json::{Value, json};

use crate::client::{call, post};
use crate::start;

fn question(stream: bool) -> Value {
    json!({"model": "mythos-5", "max_tokens": 500, "stream": stream,
        "messages": [{"role": "user", "content": "hello 水"}]})
}

fn weather(stream: bool, tools: Value) -> Value {
    json!({"model": "mythos-5", "max_tokens": 500, "stream": stream, "tools": tools,
        "messages": [{"role": "user", "content": "What is the weather?"}]})
}

fn joined(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

#[test]
fn a_stream_of_chat_says_what_the_document_says() {
    let server = start();
    let steer = [("x-stand-in-bytes", "300"), ("x-stand-in-chunks", "40")];
    let ask = json!({"model": "m", "stream": true, "n": 2, "messages": [],
        "stream_options": {"include_usage": true}});
    let streamed = post(server.address(), "/v1/chat/completions", &steer, &ask);
    assert!(streamed.complete && streamed.text().ends_with("data: [DONE]\n\n"));
    let events = streamed.events();
    // Per choice a role, forty deltas and an end; then the usage.
    assert_eq!(events.len(), 2 * 42 + 1);
    assert_eq!(events.len() + 1, streamed.chunks.len(), "one write an event");
    let last = events.last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert!(last["usage"]["completion_tokens"].as_u64().unwrap() > 0);
    assert_eq!(events[0]["usage"], Value::Null);
    let text = joined(&events, "/choices/0/delta/content");
    assert_eq!(text.len(), 600);
    assert!(events[0]["id"].as_str().unwrap().starts_with("chatcmpl-"));
}

#[test]
fn equal_requests_get_equal_answers() {
    let first = post(start().address(), "/v1/chat/completions", &[], &question(false)).json();
    let second = post(start().address(), "/v1/chat/completions", &[], &question(false)).json();
    assert_eq!(first, second);
    let other = json!({"model": "mythos-5", "messages": []});
    let other = post(start().address(), "/v1/chat/completions", &[], &other).json();
    assert_ne!(first["choices"], other["choices"]);
}

#[test]
fn chat_calls_a_tool_in_fragments() {
    let server = start();
    let tools = json!([{"type": "function", "function": {"name": "get_weather"}}]);
    let path = "/v1/chat/completions";
    let document = post(server.address(), path, &[], &weather(false, tools.clone())).json();
    let call = &document["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(document["choices"][0]["finish_reason"], "tool_calls");
    let arguments: Value = serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
    assert!(arguments["city"].as_str().unwrap().contains('晴'));
    let events = post(server.address(), path, &[], &weather(true, tools)).events();
    let fragments = "/choices/0/delta/tool_calls/0/function/arguments";
    assert!(events.iter().filter(|event| event.pointer(fragments).is_some()).count() > 3);
    let streamed: Value = serde_json::from_str(&joined(&events, fragments)).unwrap();
    assert_eq!(streamed["city"], arguments["city"]);
}

#[test]
fn messages_streams_named_events_in_order() {
    let server = start();
    let streamed = post(server.address(), "/v1/messages", &[], &question(true));
    let events = streamed.events();
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["message_start", "ping", "content_block_start"]);
    assert_eq!(kinds[kinds.len() - 3..], ["content_block_stop", "message_delta", "message_stop"]);
    for (event, text) in events.iter().zip(streamed.text().split("\n\n")) {
        assert!(text.starts_with(&format!("event: {}\n", event["type"].as_str().unwrap())));
    }
    assert!(events[0]["message"]["id"].as_str().unwrap().starts_with("msg_"));
    assert!(!joined(&events, "/delta/text").is_empty());
}

#[test]
fn messages_calls_a_tool_after_some_text() {
    let server = start();
    let tools = json!([{"name": "get_weather", "input_schema": {"type": "object"}}]);
    let document = post(server.address(), "/v1/messages", &[], &weather(false, tools.clone())).json();
    assert_eq!(document["stop_reason"], "tool_use");
    assert_eq!(document["content"][1]["input"]["unit"], "celsius");
    let events = post(server.address(), "/v1/messages", &[], &weather(true, tools)).events();
    let input: Value = serde_json::from_str(&joined(&events, "/delta/partial_json")).unwrap();
    assert_eq!(input["unit"], "celsius");
}

#[test]
fn responses_streams_to_a_completed_response() {
    let server = start();
    let ask = |stream| json!({"model": "m", "input": "hello", "stream": stream});
    let events = post(server.address(), "/v1/responses", &[], &ask(true)).events();
    assert_eq!(events[0]["type"], "response.created");
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
    }
    let text: String = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta")
        .filter_map(|event| event["delta"].as_str())
        .collect();
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], text);
    let document = post(server.address(), "/v1/responses", &[], &ask(false)).json();
    assert!(document["id"].as_str().unwrap().starts_with("resp_"));
    let mut cut = ask(false);
    cut["max_output_tokens"] = json!(3);
    let cut = post(server.address(), "/v1/responses", &[], &cut).json();
    assert_eq!(cut["status"], "incomplete");
}

#[test]
fn the_smaller_routes_answer() {
    let server = start();
    let to = server.address();
    let ask = json!({"model": "m", "prompt": "once"});
    let completion = post(to, "/v1/completions", &[], &ask).json();
    assert_eq!(completion["object"], "text_completion");
    let ask = json!({"model": "m", "input": ["a", "b"], "dimensions": 8});
    let embeddings = post(to, "/v1/embeddings", &[], &ask).json();
    assert_eq!(embeddings["data"][1]["embedding"].as_array().unwrap().len(), 8);
    let ask = json!({"model": "m", "input": "a", "dimensions": 9, "encoding_format": "base64"});
    let embeddings = post(to, "/v1/embeddings", &[], &ask).json();
    assert_eq!(embeddings["data"][0]["embedding"].as_str().unwrap().len(), 48);
    let counted = post(to, "/v1/messages/count_tokens", &[], &question(false)).json();
    assert!(counted["input_tokens"].as_u64().unwrap() > 10);
    let models = call(to, "GET", "/v1/models", &[], "").json();
    assert_eq!(models["data"][0]["object"], "model");
    let models = call(to, "GET", "/v1/models", &[("anthropic-version", "2023-06-01")], "").json();
    assert_eq!(models["data"][0]["type"], "model");
}

#[test]
fn what_is_wrong_is_said_in_the_shape_of_the_api() {
    let server = start();
    let to = server.address();
    let reply = call(to, "POST", "/v1/chat/completions", &[], "{");
    assert_eq!((reply.status, &reply.json()["error"]["type"]), (400, &json!("invalid_request_error")));
    let reply = call(to, "POST", "/v1/messages", &[], r#"{"model":"m"}"#);
    assert_eq!((reply.status, &reply.json()["type"]), (400, &json!("error")));
    assert_eq!(call(to, "POST", "/v1/nothing", &[], "{}").status, 404);
    assert_eq!(call(to, "GET", "/v1/responses", &[], "").status, 405);
}
