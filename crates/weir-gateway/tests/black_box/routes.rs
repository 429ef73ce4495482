//! Every route, served and denied, streamed and whole.

use serde_json::json;

use crate::caller::{Answer, count, request};
use crate::house::{ACME, FOREIGN, House, NORWIND, chat, house};
use crate::scene::directive;

/// A route that asks for a model's work.
pub(crate) struct Work {
    pub(crate) path: &'static str,
    body: &'static str,
    pub(crate) is_anthropic: bool,
    /// What only a whole stream of this API holds; none where it has no streams.
    pub(crate) stream_end: Option<&'static str>,
}

pub(crate) const WORK: &[Work] = &[
    Work {
        path: "/v1/chat/completions",
        body: r#""messages":[{"role":"user","content":"hello"}]"#,
        is_anthropic: false,
        stream_end: Some("data: [DONE]"),
    },
    Work {
        path: "/v1/completions",
        body: r#""prompt":"hello""#,
        is_anthropic: false,
        stream_end: Some("data: [DONE]"),
    },
    Work {
        path: "/v1/responses",
        body: r#""input":"hello""#,
        is_anthropic: false,
        stream_end: Some("response.completed"),
    },
    Work { path: "/v1/embeddings", body: r#""input":"hello""#, is_anthropic: false, stream_end: None },
    Work {
        path: "/v1/messages",
        body: r#""max_tokens":64,"messages":[{"role":"user","content":"hello"}]"#,
        is_anthropic: true,
        stream_end: Some("message_stop"),
    },
    Work {
        path: "/v1/messages/count_tokens",
        body: r#""messages":[{"role":"user","content":"hello"}]"#,
        is_anthropic: true,
        stream_end: None,
    },
];

impl Work {
    pub(crate) fn body(&self, model: &str) -> String {
        format!(r#"{{"model":"{model}",{}}}"#, self.body)
    }

    pub(crate) fn streamed(&self, model: &str) -> String {
        format!(r#"{{"model":"{model}","stream":true,{}}}"#, self.body)
    }
}

/// The message of an error answer, with its shape checked.
pub(crate) fn error_message(answer: &Answer, is_anthropic: bool) -> String {
    assert_eq!(answer.head.get("content-type"), Some("application/json"));
    let body = answer.json();
    if is_anthropic {
        assert_eq!(body["type"], "error");
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    } else {
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
        assert!(body["error"].as_object().unwrap().contains_key("param"), "{body}");
    }
    body["error"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn every_route_of_work_is_served_whole() {
    let house = house();
    for work in WORK {
        house.stand_in.forget_requests();
        let answer = house.ask(ACME, work.path, &[], &work.body("atlas-5"));
        assert_eq!((answer.status(), answer.is_whole), (200, true), "{}: {}", work.path, answer.text());
        assert!(answer.head.get("weir-decision").unwrap().starts_with("dec-"), "{:?}", answer.head);
        assert_eq!(answer.head.get("weir-served-model"), None);
        let requests = house.stand_in.requests();
        assert_eq!(requests.len(), 1);
        assert_eq!((requests[0].path.as_str(), &requests[0].body[..]), (work.path, work.body("atlas-5").as_bytes()));
    }
    let (decided, settled) = house.recorder.until_settled(WORK.len());
    assert_eq!((decided.len(), settled.len()), (WORK.len(), WORK.len()));
    for (exchange, work) in settled.iter().zip(WORK) {
        assert_eq!(exchange.outcome.status, 200);
        // What counting costs, nobody tells.
        let tells_usage = work.path != "/v1/messages/count_tokens";
        assert_eq!(exchange.usage.input_tokens.is_some(), tells_usage, "{}", work.path);
        assert!(!exchange.truncated, "{}", work.path);
    }
}

#[test]
fn every_route_of_work_is_served_as_a_stream() {
    let house = house();
    let streams = WORK.iter().filter_map(|work| Some((work, work.stream_end?)));
    let mut asked = 0;
    for (work, end) in streams {
        let answer = house.ask(ACME, work.path, &[("x-stand-in-chunks", "40")], &work.streamed("atlas-5"));
        assert_eq!((answer.status(), answer.is_whole), (200, true), "{}", work.path);
        assert!(answer.head.get("content-type").unwrap().starts_with("text/event-stream"));
        assert_eq!(answer.head.get("x-accel-buffering"), Some("no"));
        assert!(answer.head.get("cache-control").unwrap().contains("no-transform"));
        assert_eq!(answer.head.get("content-length"), None);
        assert!(count(&answer.body, end.as_bytes()) >= 1, "{}: {}", work.path, answer.text());
        asked += 1;
    }
    let (_, settled) = house.recorder.until_settled(asked);
    assert!(settled.iter().all(|exchange| !exchange.truncated && exchange.params.stream), "{settled:?}");
}

#[test]
fn a_denied_call_is_told_why_in_the_shape_of_its_api() {
    let mut house = house();
    house.enact(directive("order-1", &["atlas-5"], FOREIGN));
    for work in WORK {
        let answer = house.ask(NORWIND, work.path, &[], &work.body("atlas-5"));
        assert_eq!(answer.status(), 403, "{}", work.path);
        assert_eq!(answer.head.get("weir-rule"), Some("order-1/named"));
        let decision = answer.head.get("weir-decision").unwrap();
        assert!(decision.starts_with("dec-"), "{decision}");
        let message = error_message(&answer, work.is_anthropic);
        assert!(message.contains("Rule order-1/named (Rule 7(b))"), "{message}");
        assert!(message.contains("Appeal: https://weir.example/access/v1/appeals, answered by "), "{message}");
        let error = &answer.json()["error"];
        assert_eq!(error["type"], "permission_error");
        if !work.is_anthropic {
            assert_eq!((&error["code"], &error["param"]), (&json!("release_denied"), &json!(null)));
        }
        let served = house.ask(ACME, work.path, &[], &work.body("atlas-5"));
        assert_eq!(served.status(), 200, "{} serves those not named", work.path);
    }
    assert_eq!(house.stand_in.counts().received, WORK.len() as u64, "no denied request went upstream");
}

#[test]
fn the_sealed_the_retired_and_the_unknown_look_alike() {
    let house = house();
    for work in WORK {
        let sealed = house.ask(ACME, work.path, &[], &work.body("hidden-6"));
        let unknown = house.ask(ACME, work.path, &[], &work.body("nobody-9"));
        assert_eq!((sealed.status(), unknown.status()), (404, 404), "{}", work.path);
        assert_eq!(sealed.text().replace("hidden-6", "nobody-9"), unknown.text());
        let names = |answer: &Answer| answer.head.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&sealed), names(&unknown));
    }
    assert_eq!(house.stand_in.counts().received, 0);
}

fn listed(house: &House, key: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    house.caller().ask(&request("GET", path, Some(key), headers, b""))
}

fn names(answer: &Answer) -> Vec<String> {
    let models = answer.json()["data"].as_array().unwrap().clone();
    models.iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_caller_sees_the_models_it_may_use_and_no_others() {
    let mut house = house();
    let all = listed(&house, ACME, "/v1/models", &[]);
    assert_eq!(all.status(), 200);
    assert_eq!(names(&all), ["atlas-5", "fable-4", "fable-5", "listed-5", "mythos-5"]);
    assert_eq!(names(&listed(&house, NORWIND, "/v1/models", &[])), ["atlas-5", "fable-4", "fable-5"]);
    house.enact(directive("order-1", &["atlas-5"], FOREIGN));
    let anthropic = listed(&house, NORWIND, "/v1/models", &[("anthropic-version", "2023-06-01")]);
    assert_eq!(names(&anthropic), ["fable-4", "fable-5"]);
    assert_eq!(anthropic.json()["has_more"], false);
    assert_eq!(house.stand_in.counts().received, 0, "lists are Weir's own");
    let (_, settled) = house.recorder.until_settled(3);
    assert_eq!(settled[0].api, "openai.models");
}

#[test]
fn one_model_is_shown_as_it_is_served() {
    let mut house = house();
    assert_eq!(listed(&house, ACME, "/v1/models/atlas-5", &[]).json()["id"], "atlas-5");
    assert_eq!(listed(&house, ACME, "/v1/models/hidden-6", &[]).status(), 404);
    house.enact(directive("order-1", &["atlas-5"], FOREIGN));
    let denied = listed(&house, NORWIND, "/v1/models/atlas-5", &[("anthropic-version", "2023-06-01")]);
    assert_eq!((denied.status(), denied.head.get("weir-rule")), (403, Some("order-1/named")));
    error_message(&denied, true);
}

#[test]
fn one_connection_carries_many_requests() {
    let house = house();
    let mut caller = house.caller();
    for number in 0..50 {
        let model = if number % 3 == 0 { "hidden-6" } else { "atlas-5" };
        let answer = caller.ask(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat(model).as_bytes()));
        assert_eq!(answer.status(), if number % 3 == 0 { 404 } else { 200 });
    }
    let pipelined: Vec<u8> = (0..20)
        .flat_map(|number| {
            let model = if number % 2 == 0 { "atlas-5" } else { "hidden-6" };
            request("POST", "/v1/chat/completions", Some(ACME), &[], chat(model).as_bytes())
        })
        .collect();
    caller.send(&pipelined);
    for number in 0..20 {
        assert_eq!(caller.answer().status(), if number % 2 == 0 { 200 } else { 404 }, "{number}");
    }
}
