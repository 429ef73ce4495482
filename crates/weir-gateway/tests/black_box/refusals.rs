//! Requests that are not taken: each gets one clear error.

use std::time::Duration;

use crate::caller::{Answer, request};
use crate::house::{ACME, House, chat, house};
use crate::routes::error_message;

fn refused(house: &House, body: &[u8]) -> Answer {
    house.caller().ask(&request("POST", "/v1/chat/completions", Some(ACME), &[], body))
}

#[test]
fn bodies_that_two_parsers_might_read_in_two_ways() {
    let house = house();
    let messages = r#""messages":[{"role":"user","content":"hi"}]"#;
    let model = r#""model":"atlas-5""#;
    let cases: &[(&str, String, &str, Option<&str>)] = &[
        ("twice", format!(r#"{{{model},{messages},{model}}}"#), "ambiguous_field", Some("model")),
        (
            "twice, escaped",
            format!(r#"{{{model},"m\u006fdel":"atlas-5",{messages}}}"#),
            "ambiguous_field",
            Some("model"),
        ),
        ("other case", format!(r#"{{{model},"Model":"atlas-5",{messages}}}"#), "ambiguous_field", Some("model")),
        ("models", format!(r#"{{{model},"models":["mythos-5"],{messages}}}"#), "unsupported_field", Some("models")),
        ("fallbacks", format!(r#"{{{model},"fallbacks":[],{messages}}}"#), "unsupported_field", Some("fallbacks")),
        (
            "escaped fallbacks",
            format!(r#"{{{model},"fallb\u0061cks":[],{messages}}}"#),
            "unsupported_field",
            Some("fallbacks"),
        ),
        ("trailing data", format!(r#"{{{model},{messages}}}{{}}"#), "invalid_json", None),
        ("trailing brace", format!(r#"{{{model},{messages}}}}}"#), "invalid_json", None),
        ("two documents", format!("{{{model}}}\n{{{model}}}"), "invalid_json", None),
        ("cut off", format!(r#"{{{model},{messages}"#), "invalid_json", None),
        ("empty", String::new(), "invalid_json", None),
        ("a list", format!("[{{{model}}}]"), "invalid_json", None),
        ("no model", format!("{{{messages}}}"), "model_required", Some("model")),
        ("empty model", format!(r#"{{"model":"",{messages}}}"#), "model_required", Some("model")),
        ("model null", format!(r#"{{"model":null,{messages}}}"#), "invalid_type", Some("model")),
        ("stream as text", format!(r#"{{{model},"stream":"true",{messages}}}"#), "invalid_type", Some("stream")),
        ("a byte order mark", format!("\u{feff}{{{model},{messages}}}"), "invalid_json", None),
        ("a comment", format!("{{{model}/**/,{messages}}}"), "invalid_json", None),
        ("NaN", format!(r#"{{{model},"temperature":NaN,{messages}}}"#), "invalid_json", None),
        ("half a surrogate", format!(r#"{{{model},"user":"\ud800",{messages}}}"#), "invalid_json", None),
    ];
    for (what, body, code, param) in cases {
        let answer = refused(&house, body.as_bytes());
        assert_eq!(answer.status(), 400, "{what}");
        let error = &answer.json()["error"];
        assert_eq!((error["code"].as_str(), error["param"].as_str()), (Some(*code), *param), "{what}: {error}");
        assert!(error["message"].as_str().unwrap().contains(", at line "), "{what} says where: {error}");
    }
    assert_eq!(house.stand_in.counts().received, 0);
    assert!(house.recorder.so_far().is_empty(), "nothing was decided");
}

#[test]
fn bodies_that_are_not_utf_8() {
    let house = house();
    for bytes in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"] {
        let mut body = br#"{"model":"atlas-5","user":""#.to_vec();
        body.extend_from_slice(bytes);
        body.extend_from_slice(br#""}"#);
        let answer = refused(&house, &body);
        assert_eq!((answer.status(), answer.json()["error"]["code"].as_str()), (400, Some("invalid_json")));
    }
    assert_eq!(house.stand_in.counts().received, 0);
}

#[test]
fn encoded_bodies_are_not_read() {
    let house = house();
    for encoding in ["gzip", "deflate", "br", "zstd", "identity, gzip", "GZIP"] {
        let answer = house.ask(ACME, "/v1/messages", &[("content-encoding", encoding)], "\u{1f}");
        assert_eq!(answer.status(), 415, "{encoding}");
        assert!(error_message(&answer, true).contains("plain JSON"));
    }
    let plain = house.ask(ACME, "/v1/chat/completions", &[("content-encoding", "identity")], &chat("atlas-5"));
    assert_eq!(plain.status(), 200);
}

#[test]
fn large_bodies_are_refused_whether_or_not_their_length_is_told() {
    let house = House::with(|config| config.limits.body_bytes = 1000);
    let body = "x".repeat(1001);
    let answer = house.ask(ACME, "/v1/messages", &[], &body);
    assert_eq!((answer.status(), answer.head.get("connection")), (413, Some("close")));
    assert!(error_message(&answer, true).contains("larger than 1000 bytes"));
    let mut caller = house.caller();
    caller.send(format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\ntransfer-encoding: chunked\r\n\r\n"
    ).as_bytes());
    for _ in 0..11 {
        caller.offer(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes());
    }
    assert_eq!(caller.answer().status(), 413);
    assert_eq!(house.stand_in.counts().received, 0);
}

#[test]
fn a_caller_that_goes_on_sending_still_reads_why() {
    let house = house();
    let mut caller = house.caller();
    let length = 33 << 20;
    caller.send(
        format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\ncontent-length: {length}\r\n\r\n")
            .as_bytes(),
    );
    // As clients do: everything first, and only then a look at the answer.
    for _ in 0..33 {
        caller.offer(&vec![b'x'; 1 << 20]);
    }
    assert_eq!(caller.answer().status(), 413);
}

#[test]
fn heads_that_are_too_large_or_no_heads() {
    let house = House::with(|config| config.limits.head_bytes = 16 << 10);
    let long = "x".repeat(20 << 10);
    let mut caller = house.caller();
    caller.offer(&request("GET", "/v1/models", Some(ACME), &[("x-long", &long)], b""));
    assert_eq!(caller.head().status, 431);
    for broken in
        ["nonsense\r\n\r\n", "GET /v1/models HTTP/1.1\r\nno colon\r\n\r\n", "GET /v1/models HTTP/1.1\r\na : b\r\n\r\n"]
    {
        let mut caller = house.caller();
        caller.send(broken.as_bytes());
        assert_eq!(caller.head().status, 400, "{broken:?}");
    }
}

#[test]
fn a_head_that_does_not_come_is_told_so() {
    let house = House::with(|config| config.limits.head_timeout = Duration::from_millis(150));
    let mut caller = house.caller();
    caller.send(b"POST /v1/messages HTTP/1.1\r\nhost: a\r\n");
    let answer = caller.answer();
    assert_eq!(answer.status(), 408);
    assert!(answer.text().contains("did not come in time"), "{}", answer.text());
    assert!(caller.is_closed());
    let mut second = house.caller();
    let served = second.ask(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("atlas-5").as_bytes()));
    assert_eq!(served.status(), 200);
    second.send(b"POST");
    assert_eq!(second.head().status, 408, "the time of a later head counts from its own first byte");
}

#[test]
fn a_body_that_does_not_come_is_told_so() {
    let house = House::with(|config| config.limits.body_timeout = Duration::from_millis(150));
    let whole = request("POST", "/v1/messages", Some(ACME), &[], chat("atlas-5").as_bytes());
    let mut caller = house.caller();
    caller.send(&whole[..whole.len() - 1]);
    let answer = caller.answer();
    assert_eq!((answer.status(), answer.head.get("connection")), (408, Some("close")));
    error_message(&answer, true);
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let house = House::with(|config| config.limits.idle_timeout = Duration::from_millis(150));
    let mut fresh = house.caller();
    let mut used = house.caller();
    used.ask(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("atlas-5").as_bytes()));
    assert!(fresh.is_closed() && used.is_closed());
}

#[test]
fn two_framings_are_refused_wherever_they_stand() {
    let house = house();
    let first = request("POST", "/v1/chat/completions", Some(ACME), &[], chat("atlas-5").as_bytes());
    for headers in [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 4",
        "Transfer-Encoding: chunked\r\nContent-Length: 00000000000000000000000000000000000000000000000000000000000000004",
        "content-length: 4\r\nx: y\r\ntransfer-encoding:\tchunked",
    ] {
        let smuggled = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {ACME}\r\n{headers}\r\n\r\n\
             0\r\n\r\nGET /v1/models HTTP/1.1\r\n\r\n"
        );
        let mut caller = house.caller();
        caller.send(&[&first[..], smuggled.as_bytes()].concat());
        assert_eq!(caller.answer().status(), 200, "the request before it is served");
        let answer = caller.answer();
        assert_eq!(answer.status(), 400, "{headers:?}");
        assert_eq!(answer.json()["error"]["code"], "ambiguous_framing");
        assert!(caller.is_closed(), "{headers:?}: nothing after it is read");
    }
    for headers in [
        "content-length: 4\r\ncontent-length: 5",
        "content-length: -1",
        "transfer-encoding: gzip",
        "content-length: 4, 4",
    ] {
        let mut caller = house.caller();
        caller.send(
            format!("POST /v1/messages HTTP/1.1\r\nhost: a\r\nx-api-key: {ACME}\r\n{headers}\r\n\r\nabcd").as_bytes(),
        );
        let head = caller.try_head();
        assert!(head.as_ref().is_none_or(|head| head.status == 400), "{headers:?}: {head:?}");
    }
    assert_eq!(house.stand_in.counts().received, 4);
}

#[test]
fn keys_that_are_none() {
    let house = house();
    let chat = chat("atlas-5");
    let cases: &[&[(&str, &str)]] = &[
        &[],
        &[("authorization", "Bearer ")],
        &[("authorization", "Basic c2stYWNtZQ==")],
        &[("authorization", ACME)],
        &[("x-api-key", "")],
        &[("x-api-key", ACME), ("authorization", "Bearer sk-other")],
        &[("x-api-key", ACME), ("x-api-key", ACME)],
        &[("api-key", ACME)],
    ];
    for headers in cases {
        let bytes = request("POST", "/v1/chat/completions", None, headers, chat.as_bytes());
        let answer = house.caller().ask(&bytes);
        assert_eq!(answer.status(), 401, "{headers:?}");
        assert_eq!(answer.json()["error"]["type"], "authentication_error");
        assert!(!answer.text().contains(ACME), "a key is never told back");
    }
    let query = request("POST", &format!("/v1/chat/completions?api_key={ACME}"), None, &[], chat.as_bytes());
    assert_eq!(house.caller().ask(&query).status(), 401);
}
