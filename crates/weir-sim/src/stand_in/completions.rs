//! OpenAI's older Completions: <https://platform.openai.com/docs/api-reference/completions>.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, CREATED, Choice};
use super::chat::{DONE, usage_object};
use super::script::event;

/// The unstreamed answer.
pub(super) fn document(answer: &Answer) -> Value {
    let choices: Vec<Value> = (0..)
        .zip(&answer.choices)
        .map(|(index, choice)| choice_object(index, &choice.text(), Some(finish_reason(choice))))
        .collect();
    let mut document = envelope(answer, &Value::Array(choices));
    if let Some(usage) = answer.usage {
        document["usage"] = usage_object(usage);
    }
    document
}

/// The streamed answer.
pub(super) fn events(answer: &Answer, include_usage: bool) -> Vec<Bytes> {
    let mut writes = Vec::new();
    for (index, choice) in (0..).zip(&answer.choices) {
        let endings = std::iter::once(("", Some(finish_reason(choice))));
        let said = choice.deltas.iter().map(|text| (text.as_str(), None));
        for (text, finish) in said.chain(endings) {
            let choices = json!([choice_object(index, text, finish)]);
            writes.push(event(None, &envelope(answer, &choices)));
        }
    }
    if let Some(usage) = answer.usage.filter(|_| include_usage) {
        let mut last = envelope(answer, &json!([]));
        last["usage"] = usage_object(usage);
        writes.push(event(None, &last));
    }
    writes.push(DONE);
    writes
}

fn envelope(answer: &Answer, choices: &Value) -> Value {
    json!({
        "id": answer.id("cmpl-"),
        "object": "text_completion",
        "created": CREATED,
        "model": answer.model,
        "system_fingerprint": "fp_stand_in",
        "choices": choices,
    })
}

fn choice_object(index: u64, text: &str, finish: Option<&str>) -> Value {
    json!({"index": index, "text": text, "logprobs": null, "finish_reason": finish})
}

fn finish_reason(choice: &Choice) -> &'static str {
    if choice.cut_short { "length" } else { "stop" }
}
