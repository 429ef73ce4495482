use super::*;
use proptest::prelude::*;

fn streamed(api: Api, stream: &str) -> UsageMeter {
    let mut meter = UsageMeter::new(api, true);
    meter.observe_chunk(stream.as_bytes());
    meter
}

fn answered(api: Api, body: &str) -> UsageMeter {
    let mut meter = UsageMeter::new(api, false);
    meter.observe_body(body.as_bytes());
    meter
}

#[test]
fn later_reports_never_lower_a_count() {
    // The case of message_delta without input, and of one that says zero.
    let meter = streamed(
        Api::AnthropicMessages,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":7,\"cache_read_input_tokens\":3,\"output_tokens\":1}}}\n\n\
         event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":5}}\n\n\
         event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"input_tokens\":0,\"output_tokens\":9}}\n\n",
    );
    let expected = Usage { input_tokens: 10, output_tokens: 9, cached_input_tokens: 3, ..Usage::default() };
    assert_eq!((meter.usage(), meter.ending()), (Some(expected), Ending::Open));
}

#[test]
fn usage_that_comes_late_in_message_delta_is_taken() {
    let meter = streamed(
        Api::AnthropicMessages,
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":0,\"output_tokens\":0}}}\n\n\
         data: {\"type\":\"message_delta\",\"usage\":{\"input_tokens\":40,\"output_tokens\":6}}\n\n\
         data: {\"type\":\"message_stop\"}\n\n",
    );
    let expected = Usage { input_tokens: 40, output_tokens: 6, ..Usage::default() };
    assert_eq!((meter.usage(), meter.ending()), (Some(expected), Ending::Complete));
}

#[test]
fn odd_counts_read_as_zero_and_both_sets_of_names_are_known() {
    let meter = answered(
        Api::OpenAiChat,
        r#"{"usage":{"prompt_tokens":null,"input_tokens":12,"completion_tokens":3.0,"output_tokens":-1,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":2}}}"#,
    );
    let expected = Usage { input_tokens: 12, output_tokens: 3, reasoning_tokens: 2, ..Usage::default() };
    assert_eq!(meter.usage(), Some(expected));
}

#[test]
fn errors_in_answers_are_failures() {
    let openai = r#"{"error":{"type":"server_error","message":"no"}}"#;
    assert_eq!(answered(Api::OpenAiChat, openai).ending(), Ending::Failed);
    assert_eq!(answered(Api::OpenAiResponses, openai).ending(), Ending::Failed);
    let anthropic = r#"{"type":"error","error":{"type":"api_error","message":"no"}}"#;
    assert_eq!(answered(Api::AnthropicMessages, anthropic).ending(), Ending::Failed);
    assert_eq!(answered(Api::OpenAiChat, r#"{"error":null,"model":"atlas-5"}"#).ending(), Ending::Complete);
    assert_eq!(answered(Api::OpenAiChat, "{\"model\":").ending(), Ending::Open);
}

#[test]
fn an_end_mark_after_an_error_does_not_heal_it() {
    let meter = streamed(Api::OpenAiChat, "data: {\"error\":{\"message\":\"no\"}}\n\ndata: [DONE]\n\n");
    assert_eq!(meter.ending(), Ending::Failed);
}

#[test]
fn the_responses_endings() {
    for (kind, ending) in [
        ("response.completed", Ending::Complete),
        ("response.incomplete", Ending::Complete),
        ("response.failed", Ending::Failed),
        ("response.in_progress", Ending::Open),
    ] {
        let stream = format!("data: {{\"type\":\"{kind}\",\"response\":{{\"id\":\"resp_1\"}}}}\n\n");
        assert_eq!(streamed(Api::OpenAiResponses, &stream).ending(), ending, "{kind}");
    }
    let flat = "event: error\ndata: {\"type\":\"error\",\"code\":\"c\",\"message\":\"m\",\"param\":null}\n\n";
    assert_eq!(streamed(Api::OpenAiResponses, flat).ending(), Ending::Failed);
}

#[test]
fn spoken_answers_can_be_referred_to_later() {
    let meter =
        answered(Api::OpenAiChat, r#"{"choices":[{"message":{"content":null,"audio":{"id":"audio_1","data":""}}}]}"#);
    let audio = CreatedObject { kind: ObjectKind::Audio, id: "audio_1".to_owned() };
    assert_eq!(meter.created_objects(), [audio]);
}

#[test]
fn a_refusal_is_seen_in_each_api_s_own_word() {
    let refused = |api: Api, stream: bool, text: &str| {
        if stream { streamed(api, text).refused() } else { answered(api, text).refused() }
    };
    let chat = |message: &str| format!(r#"{{"choices":[{{"message":{{{message}}},"finish_reason":"stop"}}]}}"#);
    assert_eq!(refused(Api::OpenAiChat, false, &chat(r#""content":null,"refusal": "I cannot""#)), Some(true));
    assert_eq!(refused(Api::OpenAiChat, false, &chat(r#""content":"\"refusal\":1","refusal":null"#)), Some(false));
    assert_eq!(refused(Api::OpenAiChat, false, r#"{"error":{"message":"no"}}"#), None);
    let stream = "data: {\"choices\":[{\"delta\":{\"refusal\":null}}]}\n\ndata: {\"choices\":[{\"delta\":{\"refusal\":\"No\"}}]}\n\n";
    assert_eq!(refused(Api::OpenAiChat, true, stream), Some(true));
    assert_eq!(refused(Api::OpenAiChat, true, "data: {\"choices\":[]}\n\n"), None);
    assert_eq!(refused(Api::OpenAiChat, true, "data: {\"choices\":[]}\n\ndata: [DONE]\n\n"), Some(false));
    let message = |reason: &str| format!(r#"{{"type":"message","content":[],"stop_reason":{reason}}}"#);
    assert_eq!(refused(Api::AnthropicMessages, false, &message(r#""refusal""#)), Some(true));
    assert_eq!(refused(Api::AnthropicMessages, false, &message(r#""end_turn""#)), Some(false));
    assert_eq!(refused(Api::AnthropicMessages, false, &message("null")), Some(false));
    let delta = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"}}\n\n";
    assert_eq!(refused(Api::AnthropicMessages, true, delta), Some(true));
    let response = |part: &str| format!(r#"{{"output":[{{"type":"message","content":[{{{part}}}]}}],"tools":[{{"enum":["refusal"]}}]}}"#);
    assert_eq!(refused(Api::OpenAiResponses, false, &response(r#""type":"refusal","refusal":"No""#)), Some(true));
    assert_eq!(refused(Api::OpenAiResponses, false, &response(r#""type":"output_text","text":"\"type\":\"refusal\"""#)), Some(false));
}

#[test]
fn a_flood_of_objects_is_bounded() {
    let items: Vec<String> = (0..3000).map(|item| format!("{{\"id\":\"msg_{item}\"}}")).collect();
    let body = format!("{{\"id\":\"{}\",\"output\":[{}]}}", "r".repeat(300), items.join(","));
    let meter = answered(Api::OpenAiResponses, &body);
    assert_eq!(meter.created_objects().len(), MAX_OBJECTS);
    assert!(meter.created_objects().iter().all(|object| object.kind == ObjectKind::Item));
}

#[test]
fn text_cannot_pose_as_usage_or_as_an_end() {
    let text =
        serde_json::to_string("data: [DONE]\n\n\"usage\":{\"prompt_tokens\":1} \"error\": {} message_stop").unwrap();
    let chat = format!("data: {{\"id\":\"c\",\"choices\":[{{\"delta\":{{\"content\":{text}}}}}],\"usage\":null}}\n\n");
    let meter = streamed(Api::OpenAiChat, &chat.repeat(3));
    assert_eq!((meter.usage(), meter.ending(), meter.events()), (None, Ending::Open, 3));
    let delta = format!("event: content_block_delta\ndata: {{\"delta\":{{\"text\":{text}}}}}\n\n");
    assert_eq!(streamed(Api::AnthropicMessages, &delta).ending(), Ending::Open);
}

proptest! {
    #[test]
    fn no_bytes_can_upset_a_meter(
        chunks in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            prop::sample::select(vec![
                "data: {\"usage\":{\"prompt_tokens\":1e99}}\n\n", "data: {\"response\":{\"output\":[{}]}}\n\n", "event: message_start\n",
                "data: {\"message\":{\"usage\":{}}}\n\n", "data: [DONE]\n\n", "{\"usage\":", "\"error\"", "\n\n", "data: ",
            ]).prop_map(|text| text.as_bytes().to_vec()),
        ], 0..12),
        api in prop::sample::select(Api::ROUTES.to_vec()),
    ) {
        let mut meter = UsageMeter::new(api.2, true);
        let mut whole = UsageMeter::new(api.2, true);
        for chunk in &chunks {
            meter.observe_chunk(chunk);
        }
        whole.observe_chunk(&chunks.concat());
        whole.observe_body(b"");
        prop_assert_eq!(meter.usage(), whole.usage());
        prop_assert_eq!(meter.ending(), whole.ending());
        prop_assert_eq!(meter.events(), whole.events());
        UsageMeter::new(api.2, false).observe_body(&chunks.concat());
    }
}

#[test]
fn an_answer_that_tells_nothing_is_estimated_from_its_text_and_not_its_envelope() {
    let mut meter = UsageMeter::new(Api::OpenAiChat, true);
    let envelope = |text: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-1\",\"model\":\"atlas-5\",\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
        )
    };
    meter.observe_chunk(envelope("").as_bytes());
    for _ in 0..50 {
        meter.observe_chunk(envelope("word").as_bytes());
    }
    meter.observe_chunk(b"data: [DONE]\n\n");
    assert_eq!(meter.output_estimate(), 52, "a token an event");
    meter.observe_chunk(envelope(&"long ".repeat(800)).as_bytes());
    let estimate = meter.output_estimate();
    assert!((1_000..1_100).contains(&estimate), "{estimate} of some 4,200 letters");

    let mut meter = UsageMeter::new(Api::OpenAiChat, false);
    meter.observe_body(&[b'x'; 4_000]);
    assert_eq!(meter.output_estimate(), 1_000);
    let mut meter = UsageMeter::new(Api::OpenAiEmbeddings, false);
    meter.observe_body(&[b'1'; 4_000]);
    assert_eq!(meter.output_estimate(), 0, "numbers are no tokens");
}
