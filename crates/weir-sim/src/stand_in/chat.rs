//! OpenAI's Chat Completions: <https://platform.openai.com/docs/api-reference/chat>.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, CREATED, Choice, Usage, identifier};
use super::script::event;

/// The last line of an OpenAI stream.
pub(super) const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");

/// The unstreamed answer.
pub(super) fn document(answer: &Answer) -> Value {
    let choices: Vec<Value> = (0..)
        .zip(&answer.choices)
        .map(|(index, choice)| {
            json!({
                "index": index,
                "message": message(answer, index, choice),
                "logprobs": logprobs(answer, &choice.deltas),
                "finish_reason": finish_reason(choice),
            })
        })
        .collect();
    let mut document = json!({
        "id": answer.id("chatcmpl-"),
        "object": "chat.completion",
        "created": CREATED,
        "model": answer.model,
        "choices": choices,
        "service_tier": "default",
        "system_fingerprint": "fp_stand_in",
    });
    if let Some(usage) = answer.usage {
        document["usage"] = usage_object(usage);
    }
    document
}

/// The streamed answer: a role, the deltas of every choice in turn, the
/// reasons each ended, the usage when asked for, and `[DONE]`.
pub(super) fn events(answer: &Answer, include_usage: bool) -> Vec<Bytes> {
    let usage = answer.usage.filter(|_| include_usage);
    let chunk = |index: u64, delta: Value, finish: Option<&str>| {
        let said: Vec<String> = delta["content"].as_str().map(str::to_owned).into_iter().collect();
        let choices = json!([{
            "index": index, "delta": delta, "logprobs": logprobs(answer, &said), "finish_reason": finish,
        }]);
        event(None, &envelope(answer, &choices, usage.map(|_| Value::Null)))
    };
    let mut writes = Vec::new();
    let deltas: Vec<Vec<Value>> =
        (0..).zip(&answer.choices).map(|(index, choice)| deltas(answer, index, choice)).collect();
    let longest = deltas.iter().map(Vec::len).max().unwrap_or(0);
    for turn in 0..longest {
        for (index, choice) in (0..).zip(&deltas) {
            if let Some(delta) = choice.get(turn) {
                writes.push(chunk(index, delta.clone(), None));
            }
        }
    }
    for (index, choice) in (0..).zip(&answer.choices) {
        writes.push(chunk(index, json!({}), Some(finish_reason(choice))));
    }
    if let Some(usage) = usage {
        writes.push(event(None, &envelope(answer, &json!([]), Some(usage_object(usage)))));
    }
    writes.push(DONE);
    writes
}

fn envelope(answer: &Answer, choices: &Value, usage: Option<Value>) -> Value {
    let mut envelope = json!({
        "id": answer.id("chatcmpl-"),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": "fp_stand_in",
        "choices": choices,
    });
    if let Some(usage) = usage {
        envelope["usage"] = usage;
    }
    envelope
}

fn message(answer: &Answer, index: u64, choice: &Choice) -> Value {
    let mut message = json!({"role": "assistant", "content": null, "refusal": null, "annotations": []});
    if !answer.reasoning.is_empty() {
        message["reasoning_content"] = Value::String(answer.thought());
    }
    match &choice.tool {
        Some(tool) => {
            message["tool_calls"] = json!([{
                "id": call_id(answer, index),
                "type": "function",
                "function": {"name": tool.name, "arguments": tool.arguments()},
            }]);
        }
        None => message["content"] = Value::String(choice.text()),
    }
    message
}

/// Log-probabilities as they come with `logprobs`; a delta stands for a token.
fn logprobs(answer: &Answer, said: &[String]) -> Value {
    if !answer.logprobs {
        return Value::Null;
    }
    let tokens = said.iter().map(|token| json!({"token": token, "logprob": -0.25, "bytes": null, "top_logprobs": []}));
    json!({"content": tokens.collect::<Vec<_>>(), "refusal": null})
}

fn deltas(answer: &Answer, index: u64, choice: &Choice) -> Vec<Value> {
    let Some(tool) = &choice.tool else {
        let opening = json!({"role": "assistant", "content": "", "refusal": null});
        let thought = answer.reasoning.iter().map(|text| json!({"reasoning_content": text}));
        let said = choice.deltas.iter().map(|text| json!({"content": text}));
        return std::iter::once(opening).chain(thought).chain(said).collect();
    };
    let opening = json!({"role": "assistant", "content": null, "tool_calls": [{
        "index": 0, "id": call_id(answer, index), "type": "function",
        "function": {"name": tool.name, "arguments": ""},
    }]});
    let fragments = tool
        .fragments
        .iter()
        .map(|fragment| json!({"tool_calls": [{"index": 0, "function": {"arguments": fragment}}]}));
    std::iter::once(opening).chain(fragments).collect()
}

fn call_id(answer: &Answer, index: u64) -> String {
    identifier("call_", answer.seed.wrapping_add(index))
}

fn finish_reason(choice: &Choice) -> &'static str {
    match (&choice.tool, choice.cut_short) {
        (Some(_), _) => "tool_calls",
        (None, true) => "length",
        (None, false) => "stop",
    }
}

/// Usage in the words of Chat Completions and the older Completions.
pub(super) fn usage_object(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input.saturating_add(usage.output),
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}
