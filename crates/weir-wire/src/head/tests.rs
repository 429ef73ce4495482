use super::*;
use crate::json::JsonProblem;

#[track_caller]
fn accepted(api: Api, body: &str) -> RequestHead<'_> {
    scan(api, body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"))
}

#[track_caller]
fn refused(body: impl AsRef<[u8]>) -> HeadError {
    scan(Api::OpenAiChat, body.as_ref()).expect_err("the body must be refused")
}

fn references<'a>(head: &'a RequestHead<'_>) -> Vec<(&'static str, ObjectKind, &'a str)> {
    head.references.iter().map(|reference| (reference.field, reference.kind, reference.id.as_ref())).collect()
}

#[test]
fn a_chat_request_gives_up_its_head() {
    let body = r#" {"messages":[{"role":"user","content":"hi \"model\":\"other\""}], "model" : "atlas-5","stream":true,
        "stream_options":{"include_usage":true},"max_tokens":10,"max_completion_tokens":64,"n":2,"temperature":1e-1,"store":false} "#;
    let head = accepted(Api::OpenAiChat, body);
    assert_eq!(head.model, "atlas-5");
    assert!(matches!(head.model, Cow::Borrowed(_)));
    assert_eq!(&body[head.model_span.clone()], "\"atlas-5\"");
    assert!(head.stream && head.include_usage && !head.background && !head.has_media);
    assert_eq!((head.output_limit, head.n, head.store), (Some(64), Some(2), Some(false)));
    assert!(head.references.is_empty() && head.nested_models.is_empty());
}

#[test]
fn a_limit_the_api_does_not_obey_is_not_taken() {
    let body = r#"{"model":"atlas-5","max_output_tokens":1,"max_tokens":9}"#;
    assert_eq!(accepted(Api::OpenAiResponses, body).output_limit, Some(1));
    assert_eq!(accepted(Api::OpenAiChat, body).output_limit, Some(9));
    assert_eq!(accepted(Api::AnthropicCountTokens, body).output_limit, None);
}

#[test]
fn null_stands_for_an_absent_option() {
    let head_body = r#"{"model":"atlas-5","stream":null,"n":null,"max_tokens":null,"store":null,"stream_options":null,"previous_response_id":null,"conversation":null,"prompt":null,"input":null}"#;
    let head = accepted(Api::OpenAiResponses, head_body);
    assert!(!head.stream && head.n.is_none() && head.store.is_none() && head.references.is_empty());
}

#[test]
fn escaped_keys_and_names_are_read_for_what_they_mean() {
    let body = r#"{"\u006dodel":"\u0061tlas\u002d5","s\u0074ream":true}"#;
    let head = accepted(Api::OpenAiChat, body);
    assert_eq!(head.model, "atlas-5");
    assert!(head.stream);
    assert_eq!(accepted(Api::OpenAiChat, r#"{"model":"\ud83c\udf0a/5"}"#).model, "🌊/5");
}

#[test]
fn repeated_governed_keys_are_refused_where_the_second_stands() {
    let error = refused("{\"model\":\"a\",\n \"\\u006dodel\":\"b\"}");
    assert_eq!(error.problem, HeadProblem::Repeated("model"));
    assert_eq!(error.field, Some("model"));
    assert_eq!(error.at, Position { offset: 15, line: 2, column: 2 });
    assert_eq!(error.to_string(), "`model` is given twice; send it once, at line 2, column 2 (byte 15)");

    for key in ["stream", "max_tokens", "n", "store", "background", "previous_response_id"] {
        let error = refused(format!("{{\"model\":\"a\",\"{key}\":null,\"{key}\":null}}"));
        assert_eq!(error.problem, HeadProblem::Repeated(key));
    }
    let error = refused(r#"{"model":"a","stream_options":{"include_usage":false,"include_usage":true}}"#);
    assert_eq!(error.problem, HeadProblem::Repeated("stream_options.include_usage"));
    // A key that means nothing to governance may repeat: the bytes pass unchanged.
    accepted(Api::OpenAiChat, r#"{"model":"a","seed":1,"seed":2}"#);
}

#[test]
fn a_governed_key_in_another_case_is_refused() {
    for (key, name) in [("Model", "model"), ("STREAM", "stream"), ("\u{17F}tream", "stream"), ("Models", "models")] {
        let error = refused(format!("{{\"model\":\"a\",\"{key}\":\"b\"}}"));
        assert_eq!(error.problem, HeadProblem::OtherCase(name));
    }
}

#[test]
fn fields_that_route_to_another_model_are_refused() {
    for key in ["models", "fallbacks", "route", "provider", "preset", "engine", "model_list", "api_base", "extra_body"]
    {
        let error = refused(format!("{{\"model\":\"a\",\"{key}\":[\"b\"]}}"));
        assert_eq!((error.problem, error.field), (HeadProblem::Routing(key), Some(key)));
    }
    assert_eq!(refused(r#"{"model":"a","fall\u0062acks":null}"#).problem, HeadProblem::Routing("fallbacks"));
}

#[test]
fn the_model_must_be_a_short_plain_string() {
    assert_eq!(refused("{}").problem, HeadProblem::ModelMissing);
    assert_eq!(refused(r#"{"model":""}"#).problem, HeadProblem::ModelEmpty);
    assert_eq!(refused(r#"{"model":"a\u0000b"}"#).problem, HeadProblem::ModelControlCharacter);
    for value in ["null", "5", "[\"a\"]", "{\"id\":\"a\"}", "true"] {
        let error = refused(format!("{{\"model\": {value}}}"));
        assert_eq!((error.problem, error.at.offset), (HeadProblem::WrongType("model", "a string"), 10));
    }
    assert_eq!(refused(format!("{{\"model\":\"{}\"}}", "a".repeat(257))).problem, HeadProblem::ModelTooLong);
    accepted(Api::OpenAiChat, &format!("{{\"model\":\"{}\"}}", "a".repeat(256)));
}

#[test]
fn options_of_a_wrong_type_are_refused() {
    for (body, field) in [
        (r#"{"model":"a","stream":"true"}"#, "stream"),
        (r#"{"model":"a","stream":1}"#, "stream"),
        (r#"{"model":"a","max_tokens":"5"}"#, "max_tokens"),
        (r#"{"model":"a","max_tokens":5.0}"#, "max_tokens"),
        (r#"{"model":"a","max_tokens":-1}"#, "max_tokens"),
        (r#"{"model":"a","max_tokens":99999999999999999999}"#, "max_tokens"),
        (r#"{"model":"a","n":1e1}"#, "n"),
        (r#"{"model":"a","stream_options":[]}"#, "stream_options"),
        (r#"{"model":"a","previous_response_id":5}"#, "previous_response_id"),
    ] {
        let error = refused(body);
        assert_eq!(error.field, Some(field), "{body}");
        assert_eq!(error.problem.code(), "invalid_type", "{body}");
    }
}

#[test]
fn broken_json_is_refused_with_its_place() {
    use JsonProblem::*;
    let cases: &[(&[u8], JsonProblem, usize)] = &[
        (b"", UnexpectedEnd, 0),
        (b"\xEF\xBB\xBF{}", ByteOrderMark, 0),
        (b"{\"model\":\"\xFF\"}", InvalidUtf8, 10),
        (b"{\"model\":\"a\"", UnexpectedEnd, 12),
        (b"{\"model\":\"a", UnexpectedEnd, 11),
        (b"{\"model\":\"a\"} {}", TrailingData, 14),
        (b"{\"model\":\"a\"}\0", TrailingData, 13),
        (b"{\"model\":\"a\",}", Expected("a key in double quotes"), 13),
        (b"{,\"model\":\"a\"}", Expected("a key in double quotes"), 1),
        (b"{\"model\":\"a\" \"x\":1}", Expected("`,` or `}`"), 13),
        (b"{\"model\"=1}", Expected("`:`"), 8),
        (b"{'model':1}", Expected("a key in double quotes"), 1),
        (b"{\"x\":\"\n\"}", ControlCharacter, 6),
        (b"{\"x\":\"\\x41\"}", InvalidEscape, 6),
        (b"{\"x\":\"\\u00g0\"}", InvalidEscape, 6),
        (b"{\"x\":\"\\ud800\"}", LoneSurrogate, 6),
        (b"{\"x\":\"\\ud800\\u0041\"}", LoneSurrogate, 6),
        (b"{\"x\":\"\\udc00\"}", LoneSurrogate, 6),
        (b"{\"x\":01}", InvalidNumber, 5),
        (b"{\"x\":-}", InvalidNumber, 5),
        (b"{\"x\":1.}", InvalidNumber, 5),
        (b"{\"x\":1e+}", InvalidNumber, 5),
        (b"{\"x\":1e400}", NumberOutOfRange, 5),
        (b"{\"x\":.5}", Expected("a JSON value"), 5),
        (b"{\"x\":NaN}", Expected("a JSON value"), 5),
        (b"{\"x\":nul}", Expected("null"), 8),
        (b"{\"x\":truE}", Expected("true"), 8),
        (b"{\"x\":[1,]}", Expected("a JSON value"), 8),
        (b"{\"x\":[1 2]}", Expected("`,` or `]`"), 8),
        (b"{\"x\":1 /* c */}", Expected("`,` or `}`"), 7),
    ];
    for (body, problem, offset) in cases {
        let error = refused(body);
        assert_eq!((error.problem, error.at.offset), (HeadProblem::Json(*problem), *offset), "{}", body.escape_ascii());
    }
    assert_eq!(refused("[]").problem, HeadProblem::NotAnObject);
    assert_eq!(refused(" \"model\"").problem, HeadProblem::NotAnObject);
}

#[test]
fn nesting_is_bounded_in_every_kind_of_place() {
    for key in ["x", "metadata", "input", "tools", "container"] {
        let nested =
            |levels: usize| format!("{{\"model\":\"a\",\"{key}\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        accepted(Api::OpenAiResponses, &nested(126));
        let error = scan(Api::OpenAiResponses, nested(127).as_bytes()).unwrap_err();
        assert_eq!(error.problem, HeadProblem::Json(JsonProblem::TooDeep), "{key}");
    }
}

#[test]
fn stored_objects_are_found_wherever_the_api_would_read_them() {
    let body = r#"{"model":"atlas-5","background":true,"previous_response_id":"resp_1","conversation":{"id":"conv_1"},
        "prompt":{"id":"pmpt_1","variables":{"doc":{"type":"input_file","file_id":"file-v"}}},
        "input":[{"type":"item_reference","id":"msg_1"},{"id":"rs_1"},{"type":"message","role":"user","id":"msg_2",
          "content":[{"type":"input_image","file_id":"file-1"},{"type":"input_text","text":"\"file_id\":\"no\""}]}],
        "tools":[{"type":"file_search","vector_store_ids":["vs_1","vs_2"]},
          {"type":"code_interpreter","container":{"type":"auto","file_ids":["file-2"]}},{"type":"code_interpreter","container":"cntr_1"}]}"#;
    let head = accepted(Api::OpenAiResponses, body);
    assert!(head.background && head.has_media);
    assert_eq!(
        references(&head),
        [
            ("previous_response_id", ObjectKind::Response, "resp_1"),
            ("conversation", ObjectKind::Conversation, "conv_1"),
            ("prompt", ObjectKind::Prompt, "pmpt_1"),
            ("file_id", ObjectKind::File, "file-v"),
            ("item_reference", ObjectKind::Item, "msg_1"),
            ("item_reference", ObjectKind::Item, "rs_1"),
            ("file_id", ObjectKind::File, "file-1"),
            ("vector_store_ids", ObjectKind::VectorStore, "vs_1"),
            ("vector_store_ids", ObjectKind::VectorStore, "vs_2"),
            ("file_ids", ObjectKind::File, "file-2"),
            ("container", ObjectKind::Container, "cntr_1"),
        ]
    );
}

#[test]
fn anthropic_objects_are_found_and_tool_arguments_are_left_alone() {
    let body = r#"{"model":"fable-5","max_tokens":5,"container":{"id":"container_1"},"thread":{"type":"continue","previous_message_id":"msg_0"},
        "messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"file_1"}}]},
          {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"open","input":{"file_id":"mine","model":"x"}}]}],
        "tools":[{"name":"open","input_schema":{"properties":{"file_id":{"type":"string"}},"examples":[{"file_id":"x","model":"y"}]}}],
        "metadata":{"file_id":"label"}}"#;
    let head = accepted(Api::AnthropicMessages, body);
    assert!(head.has_media);
    assert!(head.nested_models.is_empty());
    assert_eq!(
        references(&head),
        [
            ("container", ObjectKind::Container, "container_1"),
            ("previous_message_id", ObjectKind::Message, "msg_0"),
            ("file_id", ObjectKind::File, "file_1"),
        ]
    );
}

#[test]
fn a_reference_key_in_another_case_or_spelling_still_counts() {
    let head_body = r#"{"model":"a","messages":[{"content":[{"File_ID":"file-1","\u0066ile_id":"file-2"}]}]}"#;
    let head = accepted(Api::OpenAiChat, head_body);
    assert_eq!(head.references.len(), 2);
}

#[test]
fn models_that_tools_and_moderation_would_run_are_named() {
    let body = r#"{"model":"fable-5","tools":[{"type":"advisor_20260301","name":"advisor","model":"mythos-5"},
        {"type":"image_generation","svg":{"model":"pictor-2"}},{"type":"function","function":{"name":"f","parameters":{"model":"no"}}}],
        "moderation":{"model":"warden-1"},"input":[{"type":"additional_tools","tools":[{"model":"mythos-6"}]}]}"#;
    let head = accepted(Api::OpenAiResponses, body);
    let nested: Vec<_> = head.nested_models.iter().map(|nested| (nested.field, nested.model.as_ref())).collect();
    assert_eq!(
        nested,
        [("tools", "mythos-5"), ("tools", "pictor-2"), ("moderation", "warden-1"), ("input", "mythos-6")]
    );
}

#[test]
fn a_flood_of_references_is_refused() {
    let ids = vec!["\"file-1\""; 5000].join(",");
    let error = refused(format!("{{\"model\":\"a\",\"file_ids\":[{ids}]}}"));
    assert_eq!(error.problem.code(), "too_many_references");
}

#[test]
fn the_prompt_of_a_completion_is_text_and_no_reference() {
    assert!(accepted(Api::OpenAiCompletions, r#"{"model":"a","prompt":"once"}"#).references.is_empty());
    assert!(accepted(Api::OpenAiCompletions, r#"{"model":"a","prompt":[[1,2],["x"]]}"#).references.is_empty());
}

#[test]
fn a_splice_changes_the_model_and_nothing_else() {
    let body = "{ \"a\":1, \"m\\u006fdel\" :\t\"mythos-5\" ,\"x\":\"mythos-5 é\"}";
    let head = accepted(Api::OpenAiChat, body);
    let spliced = splice_model(body.as_bytes(), &head, "fable \"5\"");
    let expected = body.replacen("\"mythos-5\"", "\"fable \\\"5\\\"\"", 1);
    assert_eq!(String::from_utf8(spliced).unwrap(), expected);
}

#[test]
fn a_splice_can_ask_for_one_choice_beside() {
    let body = "{\"n\" : 12,\"x\":{\"n\":9}, \"model\":\"mythos-5\"}";
    let head = accepted(Api::OpenAiChat, body);
    let spliced = |model, one_choice| String::from_utf8(splice(body.as_bytes(), &head, model, one_choice)).unwrap();
    assert_eq!(spliced(None, true), body.replacen("12", "1", 1));
    assert_eq!(spliced(Some("fable-5"), true), body.replacen("12", "1", 1).replacen("mythos", "fable", 1));
    assert_eq!(spliced(None, false), body);
    for few in ["{\"n\":1,\"model\":\"m\"}", "{\"n\":null,\"model\":\"m\"}", "{\"model\":\"m\"}"] {
        assert_eq!(splice(few.as_bytes(), &accepted(Api::OpenAiChat, few), None, true), few.as_bytes());
    }
}
