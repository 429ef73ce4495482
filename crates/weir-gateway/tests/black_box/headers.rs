//! Which headers pass, and which never do.

use crate::caller::request;
use crate::house::{ACME, House, UPSTREAM_SECRET, chat, house};
use crate::routes::WORK;

/// What must not reach an upstream: name, and a value to look for.
const DROPPED: &[(&str, &str)] = &[
    ("cookie", "session=secret-1"),
    ("weir-decision", "secret-2"),
    ("weir-anything", "secret-3"),
    ("x-forwarded-for", "203.0.113.61"),
    ("x-forwarded-proto", "secret-4"),
    ("forwarded", "for=203.0.113.62"),
    ("via", "1.1 secret-5"),
    ("x-real-ip", "203.0.113.63"),
    ("proxy-authorization", "Basic secret-6"),
    ("keep-alive", "timeout=secret-7"),
    ("te", "secret-8"),
    ("upgrade", "secret-9"),
    ("connection", "x-hop, keep-alive"),
    ("x-hop", "secret-10"),
    ("api-key", "secret-11"),
    ("accept-encoding", "br;q=secret-12"),
];

/// What passes, known or not.
const PASSED: &[(&str, &str)] = &[
    ("anthropic-version", "2023-06-01"),
    ("anthropic-beta", "a-2026-01-01,b-2026-02-02"),
    ("openai-organization", "org-1"),
    ("openai-project", "proj-1"),
    ("x-stainless-lang", "python"),
    ("idempotency-key", "k-1"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("user-agent", "test/1"),
    ("accept", "application/json"),
    ("x-unknown", "caf\u{e9}"),
];

fn sent(house: &House, headers: &[(&str, &str)]) -> http::HeaderMap {
    house.stand_in.forget_requests();
    let answer = house.ask(ACME, "/v1/chat/completions", headers, &chat("atlas-5"));
    assert_eq!(answer.status(), 200, "{}", answer.text());
    house.stand_in.requests().remove(0).headers
}

#[test]
fn what_concerns_the_caller_alone_stays_here() {
    let house = house();
    let all: Vec<_> = DROPPED.iter().chain(PASSED).copied().collect();
    let sent = sent(&house, &all);
    for (name, value) in DROPPED {
        let values: Vec<_> = sent.get_all(*name).iter().collect();
        let expected: &[&str] = if *name == "accept-encoding" { &["identity"] } else { &[] };
        assert_eq!(values, expected, "{name}");
        for (other, found) in &sent {
            assert!(!found.as_bytes().windows(value.len()).any(|part| part == value.as_bytes()), "{name} in {other}");
        }
    }
    for (name, value) in PASSED {
        assert_eq!(sent.get(*name).map(http::HeaderValue::as_bytes), Some(value.as_bytes()), "{name}");
    }
    assert_eq!(sent["host"], house.stand_in.address().to_string());
    assert_eq!(sent["authorization"], format!("Bearer {UPSTREAM_SECRET}"));
    assert_eq!(sent.get_all("content-length").iter().count(), 1);
    let values: Vec<_> = sent.iter().filter(|(name, _)| name.as_str().starts_with("x-api")).collect();
    assert!(values.is_empty(), "{values:?}");
}

#[test]
fn forwarding_headers_pass_from_a_trusted_peer() {
    let house = House::with(|config| config.trusted_peers = vec!["127.0.0.0/8".parse().unwrap()]);
    let sent = sent(&house, &[("x-forwarded-for", "203.0.113.61"), ("cookie", "a=b")]);
    assert_eq!(sent["x-forwarded-for"], "203.0.113.61");
    assert!(!sent.contains_key("cookie"), "trust is about forwarding alone");
}

#[test]
fn no_key_of_the_callers_and_no_secret_of_weirs_ever_leaves() {
    let house = house();
    for work in WORK {
        for (name, value) in [("authorization", format!("Bearer {ACME}")), ("x-api-key", ACME.to_owned())] {
            let body = work.body("atlas-5");
            let bytes = request("POST", work.path, None, &[(name, &value)], body.as_bytes());
            assert_eq!(house.caller().ask(&bytes).status(), 200, "{}", work.path);
        }
    }
    let requests = house.stand_in.requests();
    assert_eq!(requests.len(), 2 * WORK.len());
    for (number, sent) in requests.iter().enumerate() {
        let dump = format!("{sent:?}");
        assert!(!dump.contains(ACME) && !dump.contains("weir-"), "{dump}");
        let (ours, other) =
            if WORK[number / 2].is_anthropic { ("x-api-key", "authorization") } else { ("authorization", "x-api-key") };
        assert!(sent.headers[ours].to_str().unwrap().ends_with(UPSTREAM_SECRET), "{dump}");
        assert!(!sent.headers.contains_key(other), "{dump}");
    }
}

#[test]
fn the_upstreams_headers_pass_but_for_weirs_and_the_connections() {
    let house = house();
    let asked: &[(&str, &str)] = &[
        ("x-stand-in-header-weir-decision", "forged"),
        ("x-stand-in-header-weir-served-model", "forged"),
        ("x-stand-in-header-set-cookie", "a=b"),
        ("x-stand-in-header-alt-svc", "h3=\":443\""),
        ("x-stand-in-header-x-ratelimit-remaining", "9"),
        ("x-stand-in-header-openai-processing-ms", "12"),
        ("x-stand-in-header-x-unknown", "1"),
    ];
    let answer = house.ask(ACME, "/v1/chat/completions", asked, &chat("atlas-5"));
    let head = &answer.head;
    assert!(head.headers.iter().all(|(_, value)| value != "forged"), "{head:?}");
    for dropped in ["weir-served-model", "set-cookie", "alt-svc"] {
        assert_eq!(head.get(dropped), None);
    }
    for (name, value) in [("x-ratelimit-remaining", "9"), ("openai-processing-ms", "12"), ("x-unknown", "1")] {
        assert_eq!(head.get(name), Some(value));
    }
    assert!(head.get("x-request-id").is_some(), "the upstream's request id helps both sides");
}

#[test]
fn a_missing_credential_is_the_operators_affair() {
    let mut house = house();
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone").display().to_string();
    house.change(|scene| {
        use weir_acts::Act;
        use weir_acts::act::{private, public};
        let id = weir_acts::id::ModelId::from_bytes([0xaa; 10]);
        let public = public::ModelAdd { model: "lost-5".into(), previous: None, weights: None, max_output: None };
        let private =
            private::ModelAdd { upstream: "http://127.0.0.1:9".into(), credential: Some(format!("file:{gone}")) };
        scene.act(&id.to_string(), Act::ModelAdd(crate::scene::parts(public, private)));
        scene.stage(id, weir_acts::words::Stage::General, &[]);
    });
    let answer = house.chat(ACME, "lost-5");
    assert_eq!(answer.status(), 502);
    assert!(!answer.text().contains("gone") && !answer.text().contains("127.0.0.1"), "{}", answer.text());
}
