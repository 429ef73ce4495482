//! Callers that leave, and a gateway that does.

use std::time::Duration;

use weir_gateway::Drained;

use crate::caller::{Caller, request};
use crate::house::{ACME, House, chat, house, streamed_chat};
use crate::keeping::certificate;

const PATIENCE: Duration = Duration::from_secs(20);

fn drain(house: &mut House, patience: Duration) -> Drained {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(house.handle.take().unwrap().drain(patience))
}

#[test]
fn a_caller_that_leaves_takes_its_request_with_it() {
    let house = house();
    let ask = |headers: &[(&str, &str)], body: &str| {
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(ACME), headers, body.as_bytes()));
        caller
    };
    let waiting = ask(&[("x-stand-in-hang", "1")], &chat("atlas-5"));
    let mut silent = ask(&[("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", "3")], &streamed_chat("atlas-5"));
    let mut talking = ask(&[("x-stand-in-chunks", "100000"), ("x-stand-in-gap-ms", "2")], &streamed_chat("atlas-5"));
    silent.head();
    talking.head();
    silent.until_holds("data:", 3);
    talking.until_holds("data:", 3);
    house.stand_in.wait_until(PATIENCE, |counts| counts.in_flight == 3).unwrap();
    drop((waiting, silent, talking));
    let counts = house.stand_in.wait_until(PATIENCE, |counts| counts.in_flight == 0).unwrap();
    assert_eq!(counts.cancelled, 3);
    let (_, settled) = house.recorder.until_settled(3);
    let mut outcomes: Vec<_> = settled.iter().map(|exchange| (exchange.outcome.status, exchange.truncated)).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [(200, true), (200, true), (499, false)]);
    house.until_nothing_is_in_flight();
}

#[test]
fn a_caller_that_reads_nothing_is_cut_off() {
    let house = House::with(|config| config.limits.write_timeout = Duration::from_millis(200));
    let mut caller = house.caller();
    let huge = ("x-stand-in-huge", "60000000");
    caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[huge], chat("atlas-5").as_bytes()));
    let head = caller.head();
    house.stand_in.wait_until(PATIENCE, |counts| counts.in_flight == 0).unwrap();
    house.recorder.until_settled(1);
    assert!(!caller.body(&head).1);
}

#[test]
fn a_drain_finishes_what_is_under_way_and_takes_nothing_new() {
    let mut house = house();
    let mut idle = house.caller();
    let bytes = request("POST", "/v1/chat/completions", Some(ACME), &[], chat("atlas-5").as_bytes());
    assert_eq!(idle.ask(&bytes).status(), 200);
    let mut streams: Vec<Caller> = (0..10).map(|_| house.caller()).collect();
    let pace = [("x-stand-in-chunks", "30"), ("x-stand-in-gap-ms", "10")];
    for caller in &mut streams {
        caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &pace, streamed_chat("atlas-5").as_bytes()));
        caller.until_holds_any();
    }
    let reading = std::thread::spawn(move || streams.into_iter().map(|mut caller| caller.answer()).collect::<Vec<_>>());
    assert_eq!(drain(&mut house, PATIENCE), Drained::Whole);
    for answer in reading.join().unwrap() {
        assert!(answer.is_whole && answer.text().contains("[DONE]"));
    }
    assert!(idle.is_closed());
    assert!(std::net::TcpStream::connect(house.address).is_err(), "nobody listens any more");
    let (_, settled) = house.recorder.until_settled(11);
    assert!(settled.iter().all(|exchange| !exchange.truncated), "every exchange is settled before the end");
}

#[test]
fn a_drain_has_an_end() {
    let mut house = house();
    let mut caller = house.caller();
    let silent = [("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", "3")];
    caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &silent, streamed_chat("atlas-5").as_bytes()));
    let head = caller.head();
    assert_eq!(drain(&mut house, Duration::from_millis(100)), Drained::Broken);
    assert!(!caller.body(&head).1);
    house.stand_in.wait_until(PATIENCE, |counts| counts.in_flight == 0).unwrap();
    assert_eq!(house.recorder.until_settled(1).1.len(), 1, "what was broken off is settled too");
}

#[test]
fn a_handshake_that_never_ends_holds_no_drain() {
    let (_folder, files) = certificate();
    let mut inner = House::with(|config| {
        config.tls = Some(files.clone());
        config.workers = 1;
        // Were it waited for, so would the test.
        config.limits.head_timeout = Duration::from_secs(86_400);
    });
    let half_open = std::net::TcpStream::connect(inner.address).unwrap();
    // One worker takes connections in turn: it holds that one, once it has
    // answered another.
    let mut outer = House::with(|config| config.upstream.ca_file = Some(files.certificate.clone()));
    outer.serve_from("atlas-tls", &format!("https://localhost:{}", inner.address.port()));
    assert_eq!(outer.chat(ACME, "atlas-tls").status(), 401);
    drop(outer);
    assert_eq!(drain(&mut inner, Duration::from_secs(86_400)), Drained::Whole);
    drop(half_open);
}
