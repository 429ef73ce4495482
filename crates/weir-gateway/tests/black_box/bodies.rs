//! What passes unchanged: every byte of a request's body, every byte of an
//! answer's.

use crate::caller::{Caller, request};
use crate::house::{ACME, House, chat, house, streamed_chat};
use crate::routes::WORK;
use crate::tap::Tap;

/// Fields nobody knows, odd white space, numbers no parser would write so,
/// escapes, text of several bytes a character.
const ODD: &str = "\r\n\t { \"zz_unknown\" : [ 1.50e+03, -0, {\"a\":{}} , \"\\u00e9\\/\" ] ,\n\
    \"mod\\u0065l\"\t:\"atlas\\u002d5\",   \"messages\" : [{\"role\":\"user\",\"content\":\"日本 🦀 \\ud83e\\udd80\"}] , \
    \"metadata\":{\"model\":\"fable-5\",\"models\":[\"mythos-5\"]} } \n ";

#[test]
fn a_request_body_reaches_the_upstream_as_it_was_sent() {
    let house = house();
    let answer = house.ask(ACME, "/v1/chat/completions", &[], ODD);
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(house.stand_in.requests()[0].body, ODD.as_bytes());
}

#[test]
fn however_it_is_cut_on_its_way() {
    let house = house();
    let whole = request("POST", "/v1/chat/completions", Some(ACME), &[], ODD.as_bytes());
    let mut caller = house.caller();
    for cut in (0..whole.len()).step_by(3) {
        house.stand_in.forget_requests();
        caller.send(&whole[..cut]);
        caller.send(&whole[cut..]);
        assert_eq!(caller.answer().status(), 200, "cut at {cut}");
        assert_eq!(house.stand_in.requests()[0].body, ODD.as_bytes(), "cut at {cut}");
    }
}

#[test]
fn a_chunked_request_body_is_joined() {
    let house = house();
    let mut caller = house.caller();
    for size in [1, 2, 7, 64, 4096] {
        house.stand_in.forget_requests();
        let mut bytes = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-api-key: {ACME}\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        .into_bytes();
        for piece in ODD.as_bytes().chunks(size) {
            bytes.extend_from_slice(format!("{:x};extension=1\r\n", piece.len()).as_bytes());
            bytes.extend_from_slice(piece);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\nx-trailer: 1\r\n\r\n");
        assert_eq!(caller.ask(&bytes).status(), 200, "chunks of {size}");
        let upstream = &house.stand_in.requests()[0];
        assert_eq!(upstream.body, ODD.as_bytes());
        assert_eq!(upstream.headers.get("content-length").unwrap(), &ODD.len().to_string());
        assert!(!upstream.headers.contains_key("transfer-encoding") && !upstream.headers.contains_key("x-trailer"));
    }
}

/// What the stand-in itself answers, without Weir in between.
fn directly(house: &House, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let answer = Caller::new(house.stand_in.address()).ask(&request("POST", path, None, headers, body.as_bytes()));
    assert_eq!(answer.status(), 200);
    answer.body
}

#[test]
fn an_answer_is_what_the_upstream_said_byte_for_byte() {
    let house = house();
    for work in WORK {
        let body = work.body("atlas-5");
        let direct = directly(&house, work.path, &[], &body);
        let through = house.ask(ACME, work.path, &[], &body);
        assert_eq!(through.body, direct, "{}", work.path);
        assert_eq!(through.head.get("content-length"), Some(direct.len().to_string().as_str()));
    }
}

#[test]
fn a_stream_is_what_the_upstream_said_however_it_was_cut() {
    let house = house();
    for work in WORK.iter().filter(|work| work.stream_end.is_some()) {
        let body = work.streamed("atlas-5").replace("hello", "what is the weather in 東京 🦀?");
        let comments = ("x-stand-in-comments", "1");
        for write in ["1", "2", "3", "5", "7", "11", "64", "1000000"] {
            let headers = [comments, ("x-stand-in-chunks", "4"), ("x-stand-in-write-bytes", write)];
            let direct = directly(&house, work.path, &headers, &body);
            let through = house.ask(ACME, work.path, &headers, &body);
            assert_eq!(through.body, direct, "{} in writes of {write}", work.path);
            assert!(through.is_whole);
        }
    }
}

#[test]
fn every_boundary_of_a_stream_is_crossed() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let stream = ": 東京\r\n\r\nevent: a\r\ndata: {\"x\":\"🦀\"}\n\ndata:1\ndata: 2\r\rid: 7\n\ndata: [DONE]\n\n";
    for cut in 1..stream.len() {
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], streamed_chat("tapped-5").as_bytes()));
        let mut upstream = tap.next();
        upstream.say(crate::tap::STREAM_HEAD);
        let head = caller.head();
        let (left, right) = stream.as_bytes().split_at(cut);
        for piece in [left, right] {
            upstream.say(format!("{:x}\r\n", piece.len()));
            upstream.say(piece);
            upstream.say("\r\n");
        }
        upstream.say("0\r\n\r\n");
        assert_eq!(caller.body(&head), (stream.as_bytes().to_vec(), true), "cut at {cut}");
    }
}

#[test]
fn whole_events_pass_at_once_and_half_ones_wait() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let mut caller = house.caller();
    caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], streamed_chat("tapped-5").as_bytes()));
    let mut upstream = tap.next();
    upstream.say(crate::tap::STREAM_HEAD);
    upstream.chunk("data: one\n\ndata: t");
    let head = caller.head();
    caller.until_holds("data: one\n\n", 1);
    upstream.chunk("wo\n\n");
    caller.until_holds("data: two\n\n", 1);
    upstream.chunk("data: half");
    upstream.say("0\r\n\r\n");
    let (body, is_whole) = caller.body(&head);
    assert_eq!((std::str::from_utf8(&body).unwrap(), is_whole), ("data: one\n\ndata: two\n\ndata: half", true));
}

#[test]
fn an_event_too_large_to_hold_back_passes_too() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let mut caller = house.caller();
    caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], streamed_chat("tapped-5").as_bytes()));
    let mut upstream = tap.next();
    upstream.say(crate::tap::STREAM_HEAD);
    let event = format!("data: {}\n\n", "x".repeat(3 << 20));
    upstream.chunk(&event);
    upstream.say("0\r\n\r\n");
    let answer = caller.answer();
    assert!(answer.is_whole && answer.body == event.as_bytes());
}

#[test]
fn large_bodies_pass_in_both_directions() {
    let house = house();
    let text = "y".repeat(9 << 20);
    let body = format!(r#"{{"model":"atlas-5","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let headers = [("x-stand-in-huge", "20000000")];
    let direct = directly(&house, "/v1/chat/completions", &headers, &body);
    let through = house.ask(ACME, "/v1/chat/completions", &headers, &body);
    assert!(through.body == direct && direct.len() >= 20_000_000);
}

#[test]
fn an_upstreams_own_error_passes_as_it_is() {
    let house = house();
    for status in ["400", "404", "422", "500"] {
        let answer = house.ask(ACME, "/v1/chat/completions", &[("x-stand-in-status", status)], &chat("atlas-5"));
        assert_eq!(answer.status().to_string(), status);
        assert!(answer.head.get("weir-decision").is_some());
        assert!(answer.json()["error"]["message"].is_string(), "{}", answer.text());
    }
}
