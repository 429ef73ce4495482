//! OpenAI's Responses: <https://platform.openai.com/docs/api-reference/responses>.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, CREATED, Choice, ToolCall};
use super::script::event;

/// The unstreamed answer.
pub(super) fn document(answer: &Answer) -> Value {
    let Some(choice) = answer.choices.first() else {
        return response(answer, "completed", &json!([]));
    };
    let mut output = Vec::new();
    if !answer.reasoning.is_empty() {
        output.push(reasoning_item(answer, &answer.thought()));
    }
    output.push(item(answer, choice, "completed"));
    response(answer, ending(choice), &Value::Array(output))
}

/// The streamed answer: every event carries its name and a sequence number,
/// and there is no `[DONE]`.
pub(super) fn events(answer: &Answer) -> Vec<Bytes> {
    let mut stream = EventStream::default();
    for name in ["response.created", "response.in_progress"] {
        let open = without_usage(response(answer, "in_progress", &json!([])));
        stream.push(name, json!({"response": open}));
    }
    if let Some(choice) = answer.choices.first() {
        if !answer.reasoning.is_empty() {
            reasoning_events(&mut stream, answer);
        }
        let added = json!({"output_index": at(answer), "item": item_in_progress(answer, choice)});
        stream.push("response.output_item.added", added);
        match &choice.tool {
            Some(tool) => call_events(&mut stream, answer, tool),
            None => text_events(&mut stream, answer, choice),
        }
        let done = json!({"output_index": at(answer), "item": item(answer, choice, "completed")});
        stream.push("response.output_item.done", done);
        let last = format!("response.{}", ending(choice));
        stream.push(&last, json!({"response": document(answer)}));
    }
    stream.writes
}

#[derive(Default)]
struct EventStream {
    writes: Vec<Bytes>,
    sequence: u64,
}

impl EventStream {
    fn push(&mut self, name: &str, mut data: Value) {
        data["type"] = Value::from(name);
        data["sequence_number"] = Value::from(self.sequence);
        self.sequence += 1;
        self.writes.push(event(Some(name), &data));
    }
}

fn text_events(stream: &mut EventStream, answer: &Answer, choice: &Choice) {
    let at = json!({"item_id": item_id(answer, choice), "output_index": at(answer), "content_index": 0});
    let with = |more: Value| merged(at.clone(), more);
    stream.push("response.content_part.added", with(json!({"part": part("")})));
    for delta in &choice.deltas {
        let data = with(json!({"delta": delta, "logprobs": []}));
        stream.push("response.output_text.delta", data);
    }
    let text = choice.text();
    stream.push("response.output_text.done", with(json!({"text": text, "logprobs": []})));
    stream.push("response.content_part.done", with(json!({"part": part(&text)})));
}

fn call_events(stream: &mut EventStream, answer: &Answer, tool: &ToolCall) {
    let at = json!({"item_id": answer.id("fc_"), "output_index": at(answer)});
    for fragment in &tool.fragments {
        let data = merged(at.clone(), json!({"delta": fragment}));
        stream.push("response.function_call_arguments.delta", data);
    }
    let data = merged(at, json!({"name": tool.name, "arguments": tool.arguments()}));
    stream.push("response.function_call_arguments.done", data);
}

/// The place of the answer itself among the items.
fn at(answer: &Answer) -> usize {
    usize::from(!answer.reasoning.is_empty())
}

fn reasoning_item(answer: &Answer, thought: &str) -> Value {
    let summary = if thought.is_empty() { json!([]) } else { json!([{"type": "summary_text", "text": thought}]) };
    json!({"type": "reasoning", "id": answer.id("rs_"), "summary": summary})
}

fn reasoning_events(stream: &mut EventStream, answer: &Answer) {
    let at = json!({"item_id": answer.id("rs_"), "output_index": 0, "summary_index": 0});
    let with = |more: Value| merged(at.clone(), more);
    stream.push("response.output_item.added", json!({"output_index": 0, "item": reasoning_item(answer, "")}));
    let part = |text: &str| json!({"part": {"type": "summary_text", "text": text}});
    stream.push("response.reasoning_summary_part.added", with(part("")));
    for piece in &answer.reasoning {
        stream.push("response.reasoning_summary_text.delta", with(json!({"delta": piece})));
    }
    let thought = answer.thought();
    stream.push("response.reasoning_summary_text.done", with(json!({"text": thought})));
    stream.push("response.reasoning_summary_part.done", with(part(&thought)));
    stream.push("response.output_item.done", json!({"output_index": 0, "item": reasoning_item(answer, &thought)}));
}

fn merged(mut object: Value, more: Value) -> Value {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}

fn item_id(answer: &Answer, choice: &Choice) -> String {
    answer.id(if choice.tool.is_some() { "fc_" } else { "msg_" })
}

fn item(answer: &Answer, choice: &Choice, status: &str) -> Value {
    let id = item_id(answer, choice);
    match &choice.tool {
        Some(tool) => json!({
            "type": "function_call", "id": id, "call_id": answer.id("call_"), "status": status,
            "name": tool.name, "arguments": tool.arguments(),
        }),
        None => json!({
            "type": "message", "id": id, "status": status, "role": "assistant",
            "content": [part(&choice.text())],
        }),
    }
}

fn item_in_progress(answer: &Answer, choice: &Choice) -> Value {
    let mut item = item(answer, choice, "in_progress");
    match choice.tool {
        Some(_) => item["arguments"] = Value::from(""),
        None => item["content"] = json!([]),
    }
    item
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn ending(choice: &Choice) -> &'static str {
    if choice.cut_short { "incomplete" } else { "completed" }
}

fn without_usage(mut response: Value) -> Value {
    response["usage"] = Value::Null;
    response
}

fn response(answer: &Answer, status: &str, output: &Value) -> Value {
    let incomplete = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
    let usage = answer.usage.map(|usage| {
        json!({
            "input_tokens": usage.input,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.input.saturating_add(usage.output),
        })
    });
    json!({
        "id": answer.id("resp_"), "object": "response", "created_at": CREATED,
        "status": status, "background": false, "error": null,
        "incomplete_details": incomplete, "instructions": null, "max_output_tokens": null,
        "model": answer.model, "output": output, "parallel_tool_calls": true,
        "previous_response_id": null, "reasoning": {"effort": null, "summary": null},
        "service_tier": "default", "store": false, "temperature": 1.0,
        "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [],
        "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "usage": usage,
        "metadata": {},
    })
}
