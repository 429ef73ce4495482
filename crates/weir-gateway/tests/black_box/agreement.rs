//! What was decided is what is sent, by the word of two JSON parsers that no
//! one here wrote: of any body that passes, both read the very model that the
//! decision was made about, and the upstream got that very body.

use std::sync::{LazyLock, Mutex};

use proptest::prelude::*;
use sonic_rs::{JsonContainerTrait as _, JsonValueTrait as _};
use weir_exchange::Record;

use crate::caller::{Answer, Caller, request};
use crate::house::{ACME, FOREIGN, House, NORWIND, house};
use crate::scene::directive;

/// The model by serde_json and by sonic-rs, which must agree.
fn model_by_others(body: &[u8]) -> Option<String> {
    let by_serde: serde_json::Value = serde_json::from_slice(body).ok()?;
    let by_serde = by_serde.as_object()?.get("model")?.as_str()?.to_owned();
    let by_sonic: sonic_rs::Value = sonic_rs::from_slice(body).expect("serde_json read it");
    let by_sonic = by_sonic.as_object()?.get(&"model")?.as_str()?.to_owned();
    assert_eq!(by_serde, by_sonic);
    Some(by_serde)
}

/// Every member of every level with the key `model`, in the order they stand.
fn top_level_models(body: &[u8]) -> usize {
    struct Counted(usize);
    impl<'de> serde::de::Visitor<'de> for Counted {
        type Value = usize;
        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(mut self, mut map: A) -> Result<usize, A::Error> {
            while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                self.0 += usize::from(key.eq_ignore_ascii_case("model"));
            }
            Ok(self.0)
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    serde::Deserializer::deserialize_map(&mut reader, Counted(0)).unwrap()
}

struct Setting {
    house: House,
    caller: Caller,
}

/// One house for all cases, with an order that makes one caller fall back.
static SETTING: LazyLock<Mutex<Setting>> = LazyLock::new(|| {
    let mut house = house();
    let mut order = directive("order-1", &["fable-5"], FOREIGN);
    order.answer = weir_acts::directive::Answer::Fallback;
    house.enact(order);
    let caller = house.caller();
    Mutex::new(Setting { house, caller })
});

/// Sends a body and holds what came of it against the other parsers. Returns
/// what went upstream.
fn check(key: &str, body: &[u8]) -> Result<Option<Vec<u8>>, TestCaseError> {
    let mut setting = SETTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Setting { house, caller } = &mut *setting;
    house.stand_in.forget_requests();
    let _earlier = house.recorder.so_far();
    let answer = caller.ask(&request("POST", "/v1/chat/completions", Some(key), &[], body));
    let decided = house.recorder.so_far().into_iter().find_map(|record| match record {
        Record::Decision(decision) => Some(decision),
        Record::Exchange(_) => None,
    });
    let sent = house.stand_in.requests();
    match (decided, sent.first()) {
        (None, None) => prop_assert_eq!(answer.status(), 400),
        (None, Some(_)) => prop_assert!(false, "sent without a decision"),
        (Some(decision), sent) => {
            // The stand-in may find other fault with it; that is its answer.
            let by_others = model_by_others(body);
            prop_assert_eq!(by_others.as_deref(), decision.model.as_deref());
            prop_assert_eq!(top_level_models(body), 1);
            let Some(sent) = sent else {
                prop_assert!(matches!(answer.status(), 403 | 404), "{}", answer.status());
                return Ok(None);
            };
            check_sent(body, &sent.body, decision.served_model.as_deref(), &answer)?;
        }
    }
    Ok(sent.first().map(|sent| sent.body.to_vec()))
}

fn check_sent(body: &[u8], sent: &[u8], served: Option<&str>, answer: &Answer) -> Result<(), TestCaseError> {
    let Some(served) = served else {
        prop_assert_eq!(body, sent);
        prop_assert_eq!(answer.head.get("weir-served-model"), None);
        return Ok(());
    };
    let by_others = model_by_others(sent);
    prop_assert_eq!(by_others.as_deref(), Some(served));
    prop_assert_eq!(answer.head.get("weir-served-model"), Some(served));
    // Nothing else was changed.
    let mut expected: serde_json::Value = serde_json::from_slice(body).unwrap();
    expected["model"] = served.into();
    prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(sent).unwrap(), expected);
    Ok(())
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(r#""model""#.to_owned()),
        2 => prop::sample::select(vec![r#""m\u006fdel""#, r#""\u006Dodel""#, r#""Model""#, r#""MODEL""#, r#""model ""#,
            r#""mode\u006c\u0000""#, r#""models""#, r#""fallbacks""#, r#""\u006Dodels""#, r#""engine""#, r#""provider""#])
            .prop_map(str::to_owned),
        2 => prop::sample::select(vec![r#""messages""#, r#""stream""#, r#""n""#, r#""metadata""#, r#""tools""#])
            .prop_map(str::to_owned),
        3 => "\"[a-z_]{0,8}\"",
    ]
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        6 => prop::sample::select(vec![r#""atlas-5""#, r#""fable-5""#, r#""mythos-5""#, r#""hidden-6""#, r#""atl\u0061s-5""#,
            r#""fable\u002d5""#, r#""Atlas-5""#, r#""atlas-5 ""#]).prop_map(str::to_owned),
        1 => Just("null".to_owned()),
        1 => Just("true".to_owned()),
        1 => "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?",
        1 => "\"[a-zé日🦀 ]{0,12}\"",
        1 => "\"(\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F]{4}){0,4}\"",
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((key(), inner), 0..4).prop_map(|members| object(&members, "")),
        ]
    })
}

fn object(members: &[(String, String)], space: &str) -> String {
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("{space}{key}{space}:{space}{value}{space}")).collect();
    format!("{space}{{{}}}{space}", members.join(","))
}

fn body() -> impl Strategy<Value = String> {
    let members = prop::collection::vec((key(), value()), 0..7);
    (members, "[ \t\r\n]{0,2}", any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut members, space, place, plain)| {
            // Most cases name one model, so that most are decided.
            if plain {
                members.retain(|(key, _)| !key.to_ascii_lowercase().contains("ode"));
                let place = place.index(members.len() + 1);
                members.insert(place, (r#""model""#.to_owned(), r#""fable-5""#.to_owned()));
            }
            object(&members, &space)
        },
    )
}

fn caller() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![ACME, NORWIND])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_object_is_decided_as_others_read_it(key in caller(), body in body()) {
        check(key, body.as_bytes())?;
    }

    #[test]
    fn so_is_any_damaged_one(key in caller(), body in body(), place: prop::sample::Index, byte: u8, cut: bool) {
        let mut body = body.into_bytes();
        let place = place.index(body.len());
        if cut { body.truncate(place) } else { body[place] = byte }
        check(key, &body)?;
    }

    #[test]
    fn so_are_bytes_of_any_sort(body in prop::collection::vec(any::<u8>(), 0..60)) {
        check(ACME, &body)?;
    }
}

#[test]
fn a_body_with_everything_in_it_is_decided_and_sent() {
    // So that the properties above cannot hold by refusing everything.
    let body = r#" {"a":{"model":"x","models":[]},"model":"fable-5","b":[1e5,"é"],"messages":[{"role":"user","content":"hi"}]} "#;
    let sent = check(NORWIND, body.as_bytes()).unwrap().unwrap();
    assert_eq!(sent, body.replace("fable-5", "fable-4").as_bytes());
}
