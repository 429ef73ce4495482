//! What a request held is settled: given back once at whatever point its
//! caller leaves, charged what it took, and never nothing nor beyond bounds.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::caller::request;
use crate::house::{ACME, House, chat, house, streamed_chat};
use crate::limits::{CHAT, Of, set};
use crate::tap::{STREAM_HEAD, Tap};

const PATIENCE: Duration = Duration::from_secs(20);

/// What is counted for the account after whatever happened: what is left of a
/// thousand tokens a day, found by asking for ever less.
fn tokens_left(house: &House) -> u64 {
    let fits = |most: u64| {
        let body = format!(r#"{{"model":"atlas-5","max_tokens":{most},"messages":[]}}"#);
        let hang = [("x-stand-in-hang", "1")];
        let mut caller = house.caller();
        // Counted before it is sent: of a look before the stand-in may not yet have seen the end.
        let received = house.stand_in.counts().received;
        caller.send(&request("POST", CHAT, Some(ACME), &hang, body.as_bytes()));
        loop {
            caller.drain_socket();
            if !caller.buffer.is_empty() {
                return None;
            }
            if house.stand_in.counts().received > received {
                return Some(body.len() as u64 + most);
            }
            std::thread::yield_now();
        }
    };
    let left = (1..=100).rev().find_map(|tenth| fits(tenth * 100)).unwrap_or(0);
    house.until_nothing_is_in_flight();
    left
}

#[test]
fn leaving_at_any_point_gives_everything_back_once() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    set(&mut house, Of::Account, r#"{"concurrent":1,"tokens":["1000000/day"]}"#);
    set(&mut house, Of::Stage, r#"{"concurrent":1}"#);
    let send = |headers: &[(&str, &str)], body: &str| {
        let mut caller = house.caller();
        caller.send(&request("POST", CHAT, Some(ACME), headers, body.as_bytes()));
        caller
    };
    let next_is_seated = |point: &str| {
        house.until_nothing_is_in_flight();
        let answer = house.chat(ACME, "atlas-5");
        assert_eq!(answer.status(), 200, "after leaving {point}: {}", answer.text());
    };
    // Before its body came whole: nothing was held.
    let mut caller = house.caller();
    let bytes = request("POST", CHAT, Some(ACME), &[], chat("atlas-5").as_bytes());
    caller.send(&bytes[..bytes.len() - 3]);
    drop(caller);
    next_is_seated("in mid-body");
    // While it waits for the head of an answer.
    let waiting = send(&[("x-stand-in-hang", "1")], &chat("atlas-5"));
    house.stand_in.wait_until(PATIENCE, |counts| counts.in_flight == 1).unwrap();
    assert_eq!(house.chat(ACME, "atlas-5").status(), 429, "the seat is taken");
    drop(waiting);
    next_is_seated("while waiting");
    // While it waits to be sent again.
    let retrying = send(&[], &chat("tapped-5"));
    tap.next().say("HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n");
    while house.gateway.in_flight().iter().all(|flight| flight.stand != weir_gateway::Stand::Retrying) {
        std::thread::yield_now();
    }
    drop(retrying);
    next_is_seated("while retrying");
    // In mid-stream, and when the upstream breaks off.
    let mut streaming =
        send(&[("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", "5")], &streamed_chat("atlas-5"));
    streaming.head();
    streaming.until_holds("data:", 5);
    drop(streaming);
    next_is_seated("in mid-stream");
    let mut broken = send(&[("x-stand-in-chunks", "9"), ("x-stand-in-drop-after", "5")], &streamed_chat("atlas-5"));
    let head = broken.head();
    assert!(!broken.body(&head).1);
    next_is_seated("a broken stream");
    // After the last byte, the connection staying open or closing.
    let mut whole = send(&[], &chat("atlas-5"));
    assert_eq!(whole.answer().status(), 200);
    next_is_seated("an open connection");
    drop(whole);
    // An upstream that refuses, and one that is not there.
    assert_eq!(send(&[("x-stand-in-status", "500")], &chat("atlas-5")).answer().status(), 500);
    next_is_seated("an upstream's error");
    house.recorder.until_settled(14);
    assert_eq!(house.metric("weir_requests_in_flight"), 0);
}

#[test]
fn what_is_charged_is_never_nothing_once_it_was_sent() {
    let mut house = house();
    set(&mut house, Of::Account, r#"{"tokens":["1000000/day"]}"#);
    let ask = |headers: &[(&str, &str)], body: &str| {
        let mut caller = house.caller();
        caller.send(&request("POST", CHAT, Some(ACME), headers, body.as_bytes()));
        caller
    };
    let settled = |times| house.recorder.until_settled(times).1;
    // Without a word on usage.
    assert_eq!(ask(&[("x-stand-in-no-usage", "1")], &chat("atlas-5")).answer().status(), 200);
    assert_eq!(ask(&[("x-stand-in-chunks", "50")], &streamed_chat("atlas-5")).answer().status(), 200);
    for exchange in settled(2) {
        assert!(exchange.usage.estimated, "{exchange:?}");
        assert!(exchange.usage.input_tokens > Some(0) && exchange.usage.output_tokens > Some(5), "{exchange:?}");
    }
    // Left while waiting, and in mid-stream.
    let waiting = ask(&[("x-stand-in-hang", "1")], &chat("atlas-5"));
    house.stand_in.wait_until(PATIENCE, |counts| counts.in_flight == 1).unwrap();
    drop(waiting);
    let left = settled(1);
    assert!(left[0].usage.estimated && left[0].usage.input_tokens > Some(0), "{left:?}");
    let mut streaming =
        ask(&[("x-stand-in-chunks", "90"), ("x-stand-in-silent-after", "40")], &streamed_chat("atlas-5"));
    streaming.head();
    streaming.until_holds("data:", 40);
    drop(streaming);
    let left = settled(1);
    assert!(left[0].usage.estimated && left[0].usage.output_tokens >= Some(40), "{left:?}");
    // What the upstream refused took nothing; what it told is believed.
    assert_eq!(ask(&[("x-stand-in-status", "400")], &chat("atlas-5")).answer().status(), 400);
    assert_eq!(settled(1)[0].usage.input_tokens, None);
    assert_eq!(ask(&[], &chat("atlas-5")).answer().status(), 200);
    assert!(!settled(1)[0].usage.estimated);
}

#[test]
fn an_upstream_that_lies_is_bounded() {
    let body = r#"{"model":"atlas-5","max_tokens":50,"messages":[{"role":"user","content":"hello"}]}"#;
    let lies =
        [("x-stand-in-lie-usage", "18446744073709551615"), ("x-stand-in-lie-usage", "0"), ("x-stand-in-no-usage", "1")];
    for lie in lies {
        let mut house = house();
        set(&mut house, Of::Account, r#"{"tokens":["100000/day"]}"#);
        assert_eq!(house.ask(ACME, CHAT, &[lie], body).status(), 200);
        let (_, settled) = house.recorder.until_settled(1);
        let output = settled[0].usage.output_tokens.unwrap();
        // The whole of a small answer's bytes is the most that is believed.
        assert!(settled[0].usage.estimated && (1..4_000).contains(&output), "{lie:?}: {output}");
        assert_eq!(house.chat(ACME, "atlas-5").status(), 200, "{lie:?} does not lock the account out");
    }
    // Negative, fractional, repeated and contradictory numbers, in a stream.
    let usages = [
        r#"{"prompt_tokens":-5,"completion_tokens":-7}"#,
        r#"{"prompt_tokens":1e300,"completion_tokens":1e300}"#,
        r#"{"prompt_tokens":"many","completion_tokens":null}"#,
        r#"{"prompt_tokens":9}"#,
    ];
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    set(&mut house, Of::Account, r#"{"tokens":["100000/day"]}"#);
    for usage in usages {
        let mut caller = house.caller();
        caller.send(&request("POST", CHAT, Some(ACME), &[], streamed_chat("tapped-5").as_bytes()));
        let mut upstream = tap.next();
        upstream.say(STREAM_HEAD.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"));
        for _ in 0..2 {
            upstream.chunk(&format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\n"));
        }
        upstream.chunk("data: [DONE]\n\n");
        upstream.say("0\r\n\r\n");
        assert!(caller.answer().is_whole);
        let (_, settled) = house.recorder.until_settled(1);
        let told = settled[0].usage;
        assert!(told.estimated && told.output_tokens > Some(0), "{usage}: {told:?}");
        assert!(told.input_tokens.unwrap() + told.output_tokens.unwrap() <= 2 << 20, "{usage}: {told:?}");
    }
}

#[test]
fn what_was_left_is_what_was_not_used() {
    let mut house = house();
    set(&mut house, Of::Account, r#"{"tokens":["10000/day"]}"#);
    let whole = tokens_left(&house);
    assert!(whole > 9_000, "{whole}");
    let before = AtomicU64::new(whole);
    // Each look leaves while waiting and is charged its prompt alone.
    for _ in 0..3 {
        let left = tokens_left(&house);
        let was = before.swap(left, Ordering::Relaxed);
        assert!(left <= was && was - left < 1_000, "{was} to {left}");
    }
}
