//! What is taken out, what stays, and what is refused. Golden streams with
//! reasoning, log-probabilities and further choices are cut at every byte in
//! `tests/fixtures`.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "hush-hush";

fn text(api: Api, body: &str) -> Result<String, CannotWithhold> {
    let told = super::body(api, Parts::ALL, body.as_bytes())?;
    Ok(String::from_utf8(told.unwrap_or_else(|| body.as_bytes().to_vec())).unwrap())
}

fn stream(api: Api, chunks: &[&[u8]]) -> (String, Result<(), CannotWithhold>) {
    let mut withholding = WithholdingStream::new(api, Parts::ALL, 1 << 16);
    let mut out = Vec::new();
    let mut result = Ok(());
    for chunk in chunks {
        result = result.and_then(|()| withholding.push(chunk, &mut out));
    }
    if result.is_ok() {
        withholding.finish(&mut out);
    }
    (String::from_utf8(out).unwrap(), result)
}

fn event(api: Api, data: &str) -> String {
    let (out, result) = stream(api, &[format!("data: {data}\n\n").as_bytes()]);
    result.unwrap();
    out
}

#[test]
fn members_go_with_one_comma_and_nothing_else_moves() {
    for (before, after) in [
        (r#"{"choices":[{"message":{"reasoning":"x","content":"a"}}]}"#, r#"{"choices":[{"message":{"content":"a"}}]}"#),
        (
            r#"{ "choices" : [ { "message" : { "content" : "a" , "reasoning_content" : "x" } } ] }"#,
            r#"{ "choices" : [ { "message" : { "content" : "a" } } ] }"#,
        ),
        (
            "{\"choices\":[{\"message\":{\"a\":1,\n\"reasoning\":[{\"b\":\"}\"}],\n\"thinking_blocks\":[],\"z\":2}}]}",
            "{\"choices\":[{\"message\":{\"a\":1,\"z\":2}}]}",
        ),
        (r#"{"choices":[{"message":{"reasoning":1,"thinking":2, "z" : 3}}]}"#, r#"{"choices":[{"message":{"z" : 3}}]}"#),
        (r#"{"choices":[{"message":{"reasoning":"x","Reasoning":"y"}}]}"#, r#"{"choices":[{"message":{}}]}"#),
        (r#"{"reasoning":"x"}"#, r#"{}"#),
        (
            r#"{"choices":[{"index":1,"m":2},{"index":0,"text":"a"},{"index":2}],"usage":{"reasoning_tokens":5}}"#,
            r#"{"choices":[{"index":0,"text":"a"}],"usage":{"reasoning_tokens":5}}"#,
        ),
    ] {
        assert_eq!(text(Api::OpenAiChat, before).unwrap(), after);
    }
}

#[test]
fn keys_are_read_as_parsers_read_them() {
    for key in ["\\u0072easoning", "re\\u0061soning_content", "REASONING", "\\u0054hinking", "thought", "Provider_Specific_Fields"] {
        let body = format!(r#"{{"choices":[{{"delta":{{"{key}":"{SECRET}","content":"a"}}}}]}}"#);
        assert_eq!(event(Api::OpenAiChat, &body), "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", "{key}");
    }
    // Told twice: each time it is taken out.
    let twice = r#"{"choices":[{"delta":{"content":"a"},"delta":{"reasoning":"hush-hush"}}],"choices":[{"delta":{"reasoning":"hush-hush"}}]}"#;
    assert!(!event(Api::OpenAiChat, twice).contains(SECRET));
    let index = r#"{"choices":[{"index":1,"\u0069ndex":0,"delta":{"content":"hush-hush"}}]}"#;
    assert_eq!(stream(Api::OpenAiChat, &[b"data: ", index.as_bytes(), b"\n\n"]).1, Err(CannotWithhold::Twice("index")));
    let typed = r#"{"type":"content_block_delta","type":"ping","index":0,"delta":{"type":"thinking_delta"}}"#;
    assert_eq!(
        stream(Api::AnthropicMessages, &[b"data: ", typed.as_bytes(), b"\n\n"]).1,
        Err(CannotWithhold::Twice("type"))
    );
}

#[test]
fn probabilities_leave_the_shape_of_an_answer_without_them() {
    let chat = r#"{"choices":[{"index":0,"logprobs":{"content":[{"top_logprobs":[]}]},"message":{"content":"a"}}],"prompt_logprobs":[1]}"#;
    assert_eq!(
        text(Api::OpenAiChat, chat).unwrap(),
        r#"{"choices":[{"index":0,"logprobs":null,"message":{"content":"a"}}],"prompt_logprobs":null}"#
    );
    let untouched = r#"{"choices":[{"index":0,"logprobs" :  null,"message":{"content":"a"}}]}"#;
    assert_eq!(super::body(Api::OpenAiChat, Parts::ALL, untouched.as_bytes()), Ok(None));
    let responses = r#"{"top_logprobs":5,"reasoning":{"effort":"high"},"output":[{"type":"message","content":[{"type":"output_text","text":"a","logprobs":[{"token":"a"}]}]}]}"#;
    assert_eq!(
        text(Api::OpenAiResponses, responses).unwrap(),
        responses.replace(r#"[{"token":"a"}]"#, "[]")
    );
    let prompts = r#"{"choices":[{"index":0,"text":"a","logprobs":{"tokens":["a"]}},{"index":1,"text":"b","logprobs":null}]}"#;
    assert_eq!(
        text(Api::OpenAiCompletions, prompts).unwrap(),
        prompts.replace(r#"{"tokens":["a"]}"#, "null"),
        "choices of several prompts stay"
    );
}

#[test]
fn what_a_tool_is_called_with_is_the_callers_own() {
    let block = r#"{"content":[{"type":"tool_use","id":"t","name":"note","input":{"reasoning":"kept","thinking":{"logprobs":1}}}]}"#;
    assert_eq!(super::body(Api::AnthropicMessages, Parts::ALL, block.as_bytes()), Ok(None));
    let calls = r#"{"choices":[{"message":{"tool_calls":[{"function":{"name":"note","arguments":{"reasoning":"kept"}}}]}}]}"#;
    assert_eq!(super::body(Api::OpenAiChat, Parts::ALL, calls.as_bytes()), Ok(None));
    let text = r#"{"choices":[{"message":{"content":"\"reasoning\": not a member"}}]}"#;
    assert_eq!(super::body(Api::OpenAiChat, Parts::ALL, text.as_bytes()), Ok(None));
}

#[test]
fn an_event_of_further_choices_goes_but_one_that_tells_usage_stays() {
    let second = r#"{"choices":[{"index":1,"delta":{"content":"b"}}],"usage":null}"#;
    assert_eq!(event(Api::OpenAiChat, second), "");
    let with_usage = second.replace("null", r#"{"completion_tokens":9}"#);
    assert_eq!(
        event(Api::OpenAiChat, &with_usage),
        "data: {\"choices\":[],\"usage\":{\"completion_tokens\":9}}\n\n"
    );
    assert_eq!(event(Api::OpenAiChat, r#"{"choices":[],"usage":null}"#), "data: {\"choices\":[],\"usage\":null}\n\n");
}

#[test]
fn lines_that_stay_are_not_touched() {
    let api = Api::OpenAiChat;
    for same in [
        ": keep-alive\n\n",
        "id: 7\r\nretry: 10\r\ndata: {\"choices\":[]}\r\n\r\n",
        "data\n\n",
        "data:[DONE]\n\n",
        "data: [DONE]\r\r",
        "event: x\n\n",
        "\n\n\r\n",
        "\u{feff}data: {\"choices\":\ndata: []}\n\n",
        "data: {}",
        "data: {}\r",
    ] {
        assert_eq!(stream(api, &[same.as_bytes()]), (same.to_owned(), Ok(())), "{same:?}");
    }
    let spread = "id: 7\r\ndata:{\"choices\":[{\"delta\":{\r\n: a comment\r\ndata:\"reasoning\":\"hush\",\r\ndata:\"content\":\"a\"}}]}\r\nretry: 3\r\n\r\n";
    let told = "id: 7\r\ndata:{\"choices\":[{\"delta\":{\r\ndata:\"content\":\"a\"}}]}\r\n: a comment\r\nretry: 3\r\n\r\n";
    assert_eq!(stream(api, &[spread.as_bytes()]), (told.to_owned(), Ok(())));
    let marked = "\u{feff}data: {\"reasoning\":1}\n\n";
    assert_eq!(stream(api, &[marked.as_bytes()]), ("\u{feff}data: {}\n\n".to_owned(), Ok(())));
}

#[test]
fn blocks_are_numbered_without_those_that_went() {
    let events = [
        json!({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}),
        json!({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":SECRET}}),
        json!({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":SECRET}}),
        json!({"type":"content_block_stop","index":0}),
        json!({"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":SECRET}}),
        json!({"type":"content_block_stop","index":1}),
        json!({"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}),
        json!({"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"a"}}),
        json!({"type":"content_block_start","index":3,"content_block":{"type":"thinking","thinking":""}}),
        json!({"type":"content_block_stop","index":2}),
        json!({"type":"content_block_stop","index":3}),
        json!({"type":"content_block_start","index":4,"content_block":{"type":"tool_use","input":{}}}),
        json!({"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}),
    ];
    let whole: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let (told, result) = stream(Api::AnthropicMessages, &[whole.as_bytes()]);
    result.unwrap();
    let indexes: Vec<(String, Value)> = told
        .split("\n\n")
        .filter_map(|event| serde_json::from_str::<Value>(event.strip_prefix("data: ")?).ok())
        .map(|event| (event["type"].as_str().unwrap().to_owned(), event["index"].clone()))
        .collect();
    let expected = [
        ("content_block_start", json!(0)),
        ("content_block_delta", json!(0)),
        ("content_block_stop", json!(0)),
        ("content_block_start", json!(1)),
        ("message_delta", Value::Null),
    ];
    assert_eq!(indexes, expected.map(|(kind, index)| (kind.to_owned(), index)));
    assert!(!told.contains(SECRET));
}

#[test]
fn numbers_that_cannot_be_kept_straight_end_the_stream() {
    let start = |index: u64, kind: &str| format!("data: {}\n\n", json!({"type":"content_block_start","index":index,"content_block":{"type":kind}}));
    let out_of_order = start(1, "text") + &start(0, "thinking");
    assert_eq!(stream(Api::AnthropicMessages, &[out_of_order.as_bytes()]), (start(1, "text"), Err(CannotWithhold::Order)));
    let reused = start(0, "thinking") + &start(0, "text");
    assert_eq!(stream(Api::AnthropicMessages, &[reused.as_bytes()]), (String::new(), Err(CannotWithhold::Order)));
}

#[test]
fn what_cannot_be_read_one_way_only_is_refused() {
    for data in [
        "not json", "{\"a\":1", "{} {}", "[1]", "\"reasoning\"", "{\"choices\":{\"index\":0}}", "{\"choices\":[7]}",
        "{\"choices\":[{\"index\":-1}]}", "{\"choices\":[{\"index\":\"0\"}]}", "{\"a\":\"\\ud800\"}", "{\"a\":\u{1}}",
    ] {
        let (out, result) = stream(Api::OpenAiChat, &[b"data: ", data.as_bytes(), b"\n\n"]);
        assert!(result.is_err() && out.is_empty(), "{data}");
        assert!(super::body(Api::OpenAiChat, Parts::ALL, data.as_bytes()).is_err(), "{data}");
    }
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(stream(Api::OpenAiChat, &[b"data: ", deep.as_bytes(), b"\n\n"]).1, Err(CannotWithhold::Form("an object was due")));
    let deep = format!("{{\"a\":{deep}}}");
    assert_eq!(
        stream(Api::OpenAiChat, &[b"data: ", deep.as_bytes(), b"\n\n"]).1,
        Err(CannotWithhold::Json(JsonProblem::TooDeep))
    );
    assert!(stream(Api::OpenAiChat, &[b"data: \xff\n\n"]).1.is_err());
    assert!(stream(Api::AnthropicMessages, &[b"data: {}\n\n"]).1.is_err(), "an event without a type");
    assert!(stream(Api::AnthropicMessages, &[b"data: [DONE]\n\n"]).1.is_err(), "no mark of this API");
    let long = "x".repeat(1 << 16);
    for chunks in [vec![long.as_bytes(), b"y"], vec![b": ", long.as_bytes(), b"\n\n"]] {
        assert_eq!(stream(Api::OpenAiChat, &chunks), (String::new(), Err(CannotWithhold::TooLong(1 << 16))));
    }
}

/// JSON of any form with the words that matter strewn in, written with any
/// white space and escapes.
fn document() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "choices", "index", "message", "delta", "reasoning", "\\u0072easoning", "thinking", "logprobs", "content", "type",
        "output", "item", "part", "response", "output_index", "content_block", "usage", "text", "input",
    ]);
    let leaf = prop::sample::select(vec![
        "0", "1", "2", "null", "true", "\"thinking\"", "\"reasoning\"", "\"text\"", "\"content_block_start\"",
        "\"content_block_delta\"", "\"response.output_item.added\"", "\"a\\u0062\"", "-1.5e3",
    ]);
    let blank = prop::sample::select(vec!["", " ", "\n", "\t "]);
    leaf.prop_map(str::to_owned).prop_recursive(5, 40, 5, move |inner| {
        let member = (key.clone(), blank.clone(), inner.clone());
        let object = prop::collection::vec(member, 0..5).prop_map(|members| {
            let members: Vec<String> =
                members.iter().map(|(key, blank, value)| format!("{blank}\"{key}\"{blank}:{value}{blank}")).collect();
            format!("{{{}}}", members.join(","))
        });
        let list = prop::collection::vec(inner, 0..4).prop_map(|elements| format!("[ {} ]", elements.join(" , ")));
        prop_oneof![3 => object, 1 => list]
    })
}

const APIS: [Api; 4] = [Api::OpenAiChat, Api::OpenAiCompletions, Api::OpenAiResponses, Api::AnthropicMessages];

proptest! {
    /// Whatever is made of a document is JSON again, and there is nothing left
    /// in it to take out.
    #[test]
    fn what_is_told_is_json_and_stays_as_it_is(document in document(), api in prop::sample::select(APIS.to_vec())) {
        if let Ok(Some(told)) = super::body(api, Parts::ALL, document.as_bytes()) {
            prop_assert!(serde_json::from_slice::<Value>(&told).is_ok(), "{}", told.escape_ascii());
            prop_assert_eq!(super::body(api, Parts::ALL, &told), Ok(None));
        }
    }

    /// Any stream comes to the same wherever it is cut, errors included.
    #[test]
    fn cuts_make_no_difference(
        documents in prop::collection::vec(document(), 1..5),
        ends in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        cuts in prop::collection::vec(1usize..40, 0..30),
        api in prop::sample::select(APIS.to_vec()),
    ) {
        let events = documents.iter().map(|document| {
            let lines: String = document.split('\n').map(|line| format!("data: {line}{ends}")).collect();
            format!("event: e{ends}{lines}{ends}")
        });
        let whole: String = events.collect();
        let mut rest = whole.as_bytes();
        let mut chunks = Vec::new();
        for cut in cuts {
            let (chunk, after) = rest.split_at(cut.min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
        prop_assert_eq!(stream(api, &chunks), stream(api, &[whole.as_bytes()]));
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>, api in prop::sample::select(APIS.to_vec())) {
        let _ = super::body(api, Parts::ALL, &bytes);
        let mut out = Vec::new();
        let mut withholding = WithholdingStream::new(api, Parts::ALL, 64);
        if withholding.push(&bytes, &mut out).is_ok() {
            withholding.finish(&mut out);
        }
    }
}

/// What is named goes, and the rest stays byte for byte.
#[test]
fn parts_are_taken_out_one_by_one() {
    let (reasoning, logprobs, choices) = (
        Parts { reasoning: true, ..Parts::default() },
        Parts { logprobs: true, ..Parts::default() },
        Parts { choices: true, ..Parts::default() },
    );
    let chat = r#"{"choices":[{"index":0,"message":{"content":"a","reasoning":"x","provider_specific_fields":{}},"logprobs":{"content":[]}},{"index":1}]}"#;
    let message = r#"{"content":[{"type":"thinking","thinking":"x","signature":"y"},{"type":"text","text":"a"}]}"#;
    let response = r#"{"output":[{"type":"reasoning","id":"r"},{"type":"message","content":[{"type":"output_text","text":"a","logprobs":[1]}]}]}"#;
    for (api, before, parts, after) in [
        (
            Api::OpenAiChat,
            chat,
            reasoning,
            r#"{"choices":[{"index":0,"message":{"content":"a"},"logprobs":{"content":[]}},{"index":1}]}"#,
        ),
        (
            Api::OpenAiChat,
            chat,
            logprobs,
            r#"{"choices":[{"index":0,"message":{"content":"a","reasoning":"x"},"logprobs":null},{"index":1}]}"#,
        ),
        (
            Api::OpenAiChat,
            chat,
            choices,
            r#"{"choices":[{"index":0,"message":{"content":"a","reasoning":"x","provider_specific_fields":{}},"logprobs":{"content":[]}}]}"#,
        ),
        (Api::OpenAiChat, chat, Parts::default(), chat),
        (Api::AnthropicMessages, message, reasoning, r#"{"content":[{"type":"text","text":"a"}]}"#),
        (Api::AnthropicMessages, message, logprobs, message),
        (
            Api::OpenAiResponses,
            response,
            reasoning,
            r#"{"output":[{"type":"message","content":[{"type":"output_text","text":"a","logprobs":[1]}]}]}"#,
        ),
        (
            Api::OpenAiResponses,
            response,
            logprobs,
            r#"{"output":[{"type":"reasoning","id":"r"},{"type":"message","content":[{"type":"output_text","text":"a","logprobs":[]}]}]}"#,
        ),
    ] {
        let told = super::body(api, parts, before.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(told.unwrap_or_else(|| before.as_bytes().to_vec())).unwrap(), after, "{parts:?}");
    }
}

#[test]
fn of_a_stream_too_only_what_is_named_goes() {
    let events = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\"}}\n\n\
                  data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"s\"}}\n\n\
                  data: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
                  data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\"}}\n\n";
    for cut in 1..events.len() {
        for (parts, expected) in [
            (Parts { reasoning: false, ..Parts::ALL }, events.to_owned()),
            (
                Parts { reasoning: true, ..Parts::default() },
                "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\"}}\n\n".to_owned(),
            ),
        ] {
            let mut withholding = WithholdingStream::new(Api::AnthropicMessages, parts, 1 << 16);
            let mut out = Vec::new();
            withholding.push(&events.as_bytes()[..cut], &mut out).unwrap();
            withholding.push(&events.as_bytes()[cut..], &mut out).unwrap();
            withholding.finish(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{parts:?} cut at {cut}");
        }
    }
}
