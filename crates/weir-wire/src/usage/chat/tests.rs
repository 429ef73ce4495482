use proptest::prelude::*;

use super::*;

/// What the general reader makes of a document.
fn general(json: &[u8]) -> Option<(Facts, bool)> {
    let mut facts = Facts::default();
    let is_error = observe_any(&mut facts, json)?;
    Some((facts, is_error))
}

/// Holds what a glance says, if it says anything, against the general reader; tells whether it did.
fn is_the_same(json: &[u8]) -> Result<bool, TestCaseError> {
    let Some(seen) = glance::document(json) else { return Ok(false) };
    let Some((facts, is_error)) = general(json) else {
        return Err(TestCaseError::fail("a glance read what the general reader does not"));
    };
    prop_assert_eq!(seen.id.as_deref(), facts.id.as_deref());
    prop_assert_eq!(seen.model.as_deref(), facts.model.as_deref());
    // Counted as both are, from nothing.
    let mut counted = Facts::default();
    seen.usage.into_iter().for_each(|usage| counted.count(usage));
    prop_assert_eq!(counted.counts, facts.counts);
    prop_assert_eq!(seen.is_error, is_error);
    prop_assert!(facts.objects.is_empty());
    Ok(true)
}

/// A value of any kind, more often one that may stand there.
fn value(deep: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => (0..3_000_u64).prop_map(|count| count.to_string()),
        1 => any::<u64>().prop_map(|count| count.to_string()),
        1 => any::<i64>().prop_map(|count| count.to_string()),
        1 => prop::sample::select(vec!["1e3", "-0", "3.0", "1e400", "01", "18446744073709551616", "-", "1.", "tru", "\"", "\"\\ud800\"", "\"\\u00e9\\n\"", "\u{1}"])
            .prop_map(str::to_owned),
        3 => Just("null".to_owned()),
        1 => any::<bool>().prop_map(|flag| flag.to_string()),
        4 => any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        1 => Just("{}".to_owned()),
        1 => Just("[]".to_owned()),
    ];
    if deep == 0 {
        return leaf.boxed();
    }
    prop_oneof![
        2 => leaf,
        3 => object(deep - 1),
        2 => prop::collection::vec(value(deep - 1), 0..3).prop_map(|values| format!("[{}]", values.join(", "))),
    ]
    .boxed()
}

const KEYS: [&str; 22] = [
    "id", "model", "usage", "error", "choices", "message", "delta", "audio", "prompt_tokens", "completion_tokens", "input_tokens",
    "output_tokens", "prompt_tokens_details", "completion_tokens_details", "input_tokens_details", "output_tokens_details",
    "cached_tokens", "cache_write_tokens", "reasoning_tokens", "content", "\\u0069d", "refusal",
];

fn object(deep: u32) -> BoxedStrategy<String> {
    let member = (prop::sample::select(&KEYS[..]), value(deep)).prop_map(|(key, value)| format!("\"{key}\" : {value}"));
    prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(","))).boxed()
}

/// An answer as the API gives it, with anything in its places.
fn answer() -> impl Strategy<Value = String> {
    let details = prop_oneof![Just("null".to_owned()), Just(r#"{"cached_tokens":3,"audio_tokens":0}"#.to_owned()), object(0)];
    let counts = (0..9_000_u64, value(0), details.clone(), details);
    let usage = counts.prop_map(|(input, output, of_input, of_output)| {
        format!(
            r#"{{"prompt_tokens":{input},"completion_tokens":{output},"prompt_tokens_details":{of_input},"completion_tokens_details":{of_output}}}"#
        )
    });
    let usage = prop_oneof![4 => usage, 1 => value(2)];
    let message = prop_oneof![4 => any::<String>().prop_map(|text| format!(r#"{{"role":"assistant","content":{}}}"#, serde_json::to_string(&text).unwrap())), 1 => value(2)];
    (value(0), message, usage, value(1), any::<bool>()).prop_map(|(id, message, usage, error, fails)| {
        let error = if fails { format!(r#","error":{error}"#) } else { String::new() };
        format!(r#"{{"id":{id},"model":"m","choices":[{{"index":0,"message":{message}}}],"usage":{usage}{error}}}"#)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_glance_tells_what_the_general_reader_does(json in prop_oneof![answer(), object(4), value(3)]) {
        is_the_same(json.as_bytes())?;
    }

    #[test]
    fn a_glance_at_what_is_cut_or_altered_tells_no_more(json in answer(), at: prop::sample::Index, byte: u8) {
        let mut bytes = json.into_bytes();
        let at = at.index(bytes.len());
        prop_assert!(!is_the_same(&bytes[..at])?);
        bytes[at] = byte;
        is_the_same(&bytes)?;
    }

    #[test]
    fn a_glance_at_any_bytes_is_answered(bytes: Vec<u8>) {
        is_the_same(&bytes)?;
    }
}

#[test]
fn plain_answers_are_read_at_a_glance() {
    for json in [
        r#"{"id":"c-1","model":"atlas-5","choices":[{"index":0,"message":{"role":"assistant","content":"a \"b\"","audio":null}}],"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":1}}}"#,
        r#" {"object":"text_completion","choices":[{"text":"a","logprobs":null}],"usage":null} "#,
        r#"{"object":"list","data":[{"embedding":[0.1,-2e-3]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}"#,
        r#"{"error":{"message":"no"}}"#,
    ] {
        assert!(is_the_same(json.as_bytes()).unwrap(), "{json}");
    }
    let deep = format!(r#"{{"usage":{{"prompt_tokens":1}},"x":{}{}}}"#, "[".repeat(126), "]".repeat(126));
    assert!(is_the_same(deep.as_bytes()).unwrap());
    // Deeper than the strict reader goes: left to the general one.
    let deeper = format!(r#"{{"usage":{{"prompt_tokens":1}},"x":{}{}}}"#, "[".repeat(400), "]".repeat(400));
    assert!(!is_the_same(deeper.as_bytes()).unwrap());
    assert!(general(deeper.as_bytes()).is_some());
    for odd in [
        r#"{"usage":null,"usage":{"prompt_tokens":1}}"#,
        r#"{"id":5}"#,
        r#"{"usage":{"prompt_tokens":1.5}}"#,
        r#"{"choices":[{"message":{"audio":{"id":"audio_1"}}}]}"#,
        r#"[null,null]"#,
    ] {
        assert!(!is_the_same(odd.as_bytes()).unwrap(), "{odd}");
    }
}
