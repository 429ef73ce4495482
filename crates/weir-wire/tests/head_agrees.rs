//! What was decided is what is sent: whatever the head scanner accepts, two
//! other JSON parsers accept too and read the same. `serde_json` keeps the last
//! of two equal keys and `sonic_rs::get` finds the first, so agreement with both
//! means that no body smuggles in a second model.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly")]

use proptest::prelude::*;
use serde_json::Value;
use sonic_rs::{JsonContainerTrait, JsonValueTrait};
use weir_wire::Api;
use weir_wire::head::{self, HeadProblem};

/// Compares the scanner with both other parsers on one body.
fn check(body: &[u8]) -> Result<(), TestCaseError> {
    let tree = serde_json::from_slice::<Value>(body);
    let head = match head::scan(Api::OpenAiChat, body) {
        Ok(head) => head,
        Err(error) => {
            prop_assert!(error.at.offset <= body.len());
            if matches!(error.problem, HeadProblem::Json(_)) {
                prop_assert!(tree.is_err(), "only the scanner refuses: {error}");
            }
            return Ok(());
        }
    };
    let tree = tree.map_err(|error| TestCaseError::fail(format!("serde_json refuses: {error}")))?;
    prop_assert_eq!(tree["model"].as_str(), Some(head.model.as_ref()));
    prop_assert_eq!(tree["stream"].as_bool().unwrap_or(false), head.stream);
    prop_assert_eq!(tree["n"].as_u64(), head.n);
    prop_assert_eq!(tree["store"].as_bool(), head.store);
    let limit = tree["max_tokens"].as_u64().max(tree["max_completion_tokens"].as_u64());
    prop_assert_eq!(limit, head.output_limit);

    let sonic: sonic_rs::Value =
        sonic_rs::from_slice(body).map_err(|error| TestCaseError::fail(format!("sonic-rs refuses: {error}")))?;
    prop_assert_eq!(
        sonic.get("model").and_then(|model| model.as_str().map(str::to_owned)),
        Some(head.model.to_string())
    );
    let first = sonic_rs::get(body, ["model"]).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(first.as_str(), Some(head.model.as_ref()));
    prop_assert_eq!(sonic.get("stream").and_then(|stream| stream.as_bool()).unwrap_or(false), head.stream);
    let models = sonic.as_object().map(|object| object.iter().filter(|(key, _)| *key == "model").count());
    prop_assert_eq!(models, Some(1));

    let spliced = head::splice_model(body, &head, "fable-5");
    let mut expected = tree;
    expected["model"] = Value::from("fable-5");
    prop_assert_eq!(serde_json::from_slice::<Value>(&spliced).ok(), Some(expected));
    Ok(())
}

/// A string literal, with some characters written as escapes.
fn literal(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (text, any::<u64>()).prop_map(|(text, escapes)| {
        let mut out = String::from("\"");
        for (index, character) in text.chars().enumerate() {
            if escapes >> (index % 64) & 1 == 1 || character < ' ' || character == '"' || character == '\\' {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                out.push(character);
            }
        }
        out.push('"');
        out
    })
}

fn key() -> impl Strategy<Value = String> {
    let governed = prop::sample::select(vec![
        "model",
        "model",
        "stream",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "store",
        "stream_options",
        "messages",
        "input",
        "file_id",
        "id",
        "type",
        "tools",
        "metadata",
        "Model",
        "conversation",
        "seed",
    ]);
    literal(prop_oneof![6 => governed.prop_map(str::to_owned), 1 => ".{0,6}".prop_map(String::from)])
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        literal(prop::sample::select(vec!["atlas-5", "mythos-5", "é🌊", ""]).prop_map(str::to_owned)),
        literal(any::<String>()),
        prop::sample::select(vec![
            "true",
            "false",
            "null",
            "0",
            "-0",
            "1",
            "-1.5e+3",
            "1E-9",
            "18446744073709551616",
            "1e999"
        ])
        .prop_map(str::to_owned),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
        any::<u64>().prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec((key(), inner), 0..5).prop_map(object),
        ]
    })
}

fn object(members: Vec<(String, String)>) -> String {
    let members: Vec<String> = members.into_iter().map(|(key, value)| format!("{key}:\n {value}")).collect();
    format!("{{{}}}", members.join(",\t"))
}

/// A body likely to be accepted: one model, then members of any kind.
fn body() -> impl Strategy<Value = String> {
    let model = literal("[a-zé🌊\\\\\"-]{1,9}".prop_map(String::from));
    (prop::collection::vec((key(), value()), 0..3), model, prop::collection::vec((key(), value()), 0..3)).prop_map(
        |(mut before, model, after)| {
            before.push(("\"model\"".to_owned(), model));
            before.extend(after);
            object(before)
        },
    )
}

#[derive(Clone, Debug)]
enum Edit {
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
    Double(prop::sample::Index, prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let byte = prop_oneof![
        3 => prop::sample::select(b"{}[]\",:\\u0123456789truefalsn-+.eE \n\x00\x1f\x7f".to_vec()),
        1 => any::<u8>(),
    ];
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), byte.clone()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (at(), byte).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        at().prop_map(Edit::Remove),
        at().prop_map(Edit::Cut),
        (at(), at()).prop_map(|(from, to)| Edit::Double(from, to)),
    ]
}

fn apply(body: &mut Vec<u8>, edit: Edit) {
    if body.is_empty() {
        return;
    }
    match edit {
        Edit::Replace(at, byte) => *at.get_mut(body) = byte,
        Edit::Insert(at, byte) => body.insert(at.index(body.len()), byte),
        Edit::Remove(at) => drop(body.remove(at.index(body.len()))),
        Edit::Cut(at) => body.truncate(at.index(body.len())),
        Edit::Double(from, to) => {
            let (from, to) = (from.index(body.len()), to.index(body.len()));
            let piece = body[from.min(to)..from.max(to)].to_vec();
            body.splice(from.min(to)..from.min(to), piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn on_documents(body in body()) {
        check(body.as_bytes())?;
    }

    #[test]
    fn on_documents_with_bytes_changed(body in body(), edits in prop::collection::vec(edit(), 1..4)) {
        let mut bytes = body.into_bytes();
        for edit in edits {
            apply(&mut bytes, edit);
        }
        check(&bytes)?;
    }

    #[test]
    fn on_arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes)?;
    }

    #[test]
    fn a_second_model_is_always_refused(members in prop::collection::vec((key(), value()), 0..4), second in literal(Just("model".to_owned())), at in any::<prop::sample::Index>()) {
        let mut members = members;
        members.insert(0, ("\"model\"".to_owned(), "\"atlas-5\"".to_owned()));
        members.insert(at.index(members.len()), (second, "\"mythos-5\"".to_owned()));
        prop_assert!(head::scan(Api::OpenAiChat, object(members).as_bytes()).is_err());
    }
}

/// A replay of what a fuzzer starts with: every request fixture, with every
/// byte in turn replaced by one that means something to JSON.
#[test]
fn on_fixtures_with_one_byte_changed() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut bodies = 0;
    for api in std::fs::read_dir(fixtures).unwrap() {
        for file in std::fs::read_dir(api.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if !path.to_str().unwrap().ends_with(".json") {
                continue;
            }
            let body = std::fs::read(&path).unwrap();
            bodies += 1;
            for at in 0..body.len() {
                for byte in *b"\"\\{]:,0\x00\xFF" {
                    let mut changed = body.clone();
                    changed[at] = byte;
                    check(&changed).unwrap_or_else(|error| panic!("{path:?} byte {at}: {error}"));
                }
            }
        }
    }
    assert!(bodies > 5);
}

/// The strategies above are worth something only if many bodies get through.
#[test]
fn enough_generated_bodies_are_accepted() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let accepted = (0..1000)
        .filter(|_| {
            let body = body().new_tree(&mut runner).unwrap().current();
            head::scan(Api::OpenAiChat, body.as_bytes()).is_ok()
        })
        .count();
    assert!(accepted > 200, "{accepted} of 1000 were accepted");
}
