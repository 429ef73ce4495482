//! Anthropic's Messages: <https://docs.anthropic.com/en/api/messages>.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Choice, ToolCall, Usage};
use super::script::event;

/// The unstreamed answer.
pub(super) fn document(answer: &Answer) -> Value {
    let mut blocks = Vec::new();
    let mut stop_reason = "end_turn";
    if let Some(choice) = answer.choices.first() {
        stop_reason = reason(choice);
        if !answer.reasoning.is_empty() {
            blocks.push(json!({"type": "thinking", "thinking": answer.thought(), "signature": answer.id("sig-")}));
        }
        blocks.push(json!({"type": "text", "text": choice.text()}));
        blocks.extend(choice.tool.as_ref().map(|tool| tool_block(answer, tool, arguments(tool))));
    }
    message(answer, &Value::Array(blocks), Some(stop_reason), answer.usage)
}

/// The streamed answer: named events, one block after the other, and the
/// usage in two halves, the input at the start and the output at the end.
pub(super) fn events(answer: &Answer) -> Vec<Bytes> {
    let mut writes = Vec::new();
    let mut push = |name: &str, mut data: Value| {
        data["type"] = Value::from(name);
        writes.push(event(Some(name), &data));
    };
    let at_start = answer.usage.map(|usage| Usage { output: 1, ..usage });
    push("message_start", json!({"message": message(answer, &json!([]), None, at_start)}));
    push("ping", json!({}));
    let Some(choice) = answer.choices.first() else {
        return writes;
    };
    let first = usize::from(!answer.reasoning.is_empty());
    if first > 0 {
        let block = json!({"type": "thinking", "thinking": "", "signature": ""});
        push("content_block_start", json!({"index": 0, "content_block": block}));
        for text in &answer.reasoning {
            let delta = json!({"type": "thinking_delta", "thinking": text});
            push("content_block_delta", json!({"index": 0, "delta": delta}));
        }
        let delta = json!({"type": "signature_delta", "signature": answer.id("sig-")});
        push("content_block_delta", json!({"index": 0, "delta": delta}));
        push("content_block_stop", json!({"index": 0}));
    }
    push("content_block_start", json!({"index": first, "content_block": {"type": "text", "text": ""}}));
    for text in &choice.deltas {
        let delta = json!({"index": first, "delta": {"type": "text_delta", "text": text}});
        push("content_block_delta", delta);
    }
    push("content_block_stop", json!({"index": first}));
    if let Some(tool) = &choice.tool {
        let block = tool_block(answer, tool, json!({}));
        push("content_block_start", json!({"index": first + 1, "content_block": block}));
        for fragment in &tool.fragments {
            let delta = json!({"type": "input_json_delta", "partial_json": fragment});
            push("content_block_delta", json!({"index": first + 1, "delta": delta}));
        }
        push("content_block_stop", json!({"index": first + 1}));
    }
    let mut last = json!({"delta": {"stop_reason": reason(choice), "stop_sequence": null}});
    if let Some(usage) = answer.usage {
        last["usage"] = json!({"output_tokens": usage.output});
    }
    push("message_delta", last);
    push("message_stop", json!({}));
    writes
}

fn message(answer: &Answer, content: &Value, stop_reason: Option<&str>, usage: Option<Usage>) -> Value {
    let mut message = json!({
        "id": answer.id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
    });
    if let Some(usage) = usage {
        message["usage"] = json!({
            "input_tokens": usage.input,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": usage.output,
            "service_tier": "standard",
        });
    }
    message
}

fn tool_block(answer: &Answer, tool: &ToolCall, input: Value) -> Value {
    json!({"type": "tool_use", "id": answer.id("toolu_"), "name": tool.name, "input": input})
}

fn arguments(tool: &ToolCall) -> Value {
    serde_json::from_str(&tool.arguments()).unwrap_or_else(|_| json!({}))
}

fn reason(choice: &Choice) -> &'static str {
    match (&choice.tool, choice.cut_short) {
        (Some(_), _) => "tool_use",
        (None, true) => "max_tokens",
        (None, false) => "end_turn",
    }
}
