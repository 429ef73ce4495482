//! The misbehaviours that a request can ask for, and what the handle tells.

use std::io::Read as _;

use serde_json::{Value, json};
use weir_sim::stand_in::{StandIn, StandInConfig};

use crate::client::{call, leave, open, post, read_until};
use crate::{PATIENCE, start};

const CHAT: &str = "/v1/chat/completions";

fn ask(stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
}

#[test]
fn fails_as_often_as_asked() {
    let server = start();
    let steer = [("x-stand-in-status", "503"), ("x-stand-in-fail-times", "2"), ("x-stand-in-fail-key", "once")];
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(post(server.address(), CHAT, &steer, &ask(false)).status);
    }
    assert_eq!(statuses, [503, 503, 200, 200]);
    let always = [("x-stand-in-status", "529")];
    let reply = call(server.address(), "POST", "/v1/messages", &always, "{}");
    assert_eq!(reply.json()["error"]["type"], "overloaded_error");
    assert_eq!(reply.status, 529);
}

#[test]
fn goes_silent_until_the_client_leaves() {
    let server = start();
    for (body, after) in [(ask(true), "3"), (ask(true), "0"), (ask(false), "2")] {
        let before = server.cancelled();
        let steer = [("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", after)];
        let mut stream = open(server.address(), "POST", CHAT, &steer, &body.to_string());
        read_until(&mut stream, "\r\n\r\n");
        assert_eq!(server.in_flight(), 1);
        leave(stream);
        let left = server.wait_until(PATIENCE, |counts| counts.cancelled == before + 1 && counts.in_flight == 0);
        assert!(left.is_some(), "silent after {after}");
    }
}

#[test]
fn never_answers_and_notices_the_client_leaving() {
    let server = start();
    let steer = [("x-stand-in-hang", "1")];
    let stream = open(server.address(), "POST", CHAT, &steer, &ask(false).to_string());
    assert!(server.wait_until(PATIENCE, |counts| counts.in_flight == 1).is_some());
    leave(stream);
    assert!(server.wait_until(PATIENCE, |counts| counts.cancelled == 1).is_some());
}

#[test]
fn drops_the_connection_after_the_writes_asked_for() {
    let server = start();
    for after in [0, 1, 5] {
        let text = after.to_string();
        let steer = [("x-stand-in-chunks", "9"), ("x-stand-in-drop-after", text.as_str())];
        let reply = post(server.address(), CHAT, &steer, &ask(true));
        assert_eq!((reply.status, reply.chunks.len(), reply.complete), (200, after, false));
    }
    let steer = [("x-stand-in-chunks", "9"), ("x-stand-in-drop-after", "2")];
    let reply = post(server.address(), CHAT, &steer, &ask(false));
    assert!(!reply.complete && !reply.body().is_empty());
    assert_eq!(server.cancelled(), 0, "the server broke these, not the client");
}

#[test]
fn sizes_and_cuts_as_asked() {
    let server = start();
    let to = server.address();
    let huge = post(to, CHAT, &[("x-stand-in-huge", "3000000")], &ask(false));
    assert!((3_000_000..3_000_100).contains(&huge.body().len()), "{}", huge.body().len());
    let plain = post(to, CHAT, &[("x-stand-in-bytes", "400")], &ask(true));
    let steer = [("x-stand-in-bytes", "400"), ("x-stand-in-write-bytes", "7")];
    let cut = post(to, CHAT, &steer, &ask(true));
    assert_eq!(plain.body(), cut.body());
    assert!(cut.chunks.iter().rev().skip(1).all(|chunk| chunk.len() == 7));
    assert!(cut.chunks.iter().any(|chunk| std::str::from_utf8(chunk).is_err()), "within a character");
    let steer = [("x-stand-in-bytes", "400"), ("x-stand-in-comments", "1")];
    let commented = post(to, CHAT, &steer, &ask(true));
    assert_eq!(commented.events(), plain.events());
    assert!(commented.text().contains(":keepalive\n\n"));
}

#[test]
fn usage_can_be_missing_or_a_lie() {
    let server = start();
    let missing = post(server.address(), CHAT, &[("x-stand-in-no-usage", "1")], &ask(false));
    assert!(missing.json().get("usage").is_none());
    let lie = post(server.address(), CHAT, &[("x-stand-in-lie-usage", "123456")], &ask(false));
    assert_eq!(lie.json()["usage"]["completion_tokens"], 123_456);
}

#[test]
fn pauses_and_dribbles_without_changing_a_byte() {
    let server = start();
    let plain = post(server.address(), CHAT, &[("x-stand-in-chunks", "3")], &ask(true));
    let steer = [
        ("x-stand-in-chunks", "3"),
        ("x-stand-in-gap-ms", "1"),
        ("x-stand-in-first-ms", "1"),
        ("x-stand-in-slow-head", "1"),
    ];
    let slow = post(server.address(), CHAT, &steer, &ask(true));
    assert_eq!(plain.body(), slow.body());
    let mut stream = open(server.address(), "POST", CHAT, &steer, &ask(true).to_string());
    let mut buffer = [0; 64];
    assert_eq!(stream.read(&mut buffer[..1]).unwrap(), 1);
    assert_eq!(buffer[0], b'H');
}

#[test]
fn echoes_response_headers_and_refuses_unknown_steering() {
    let server = start();
    let steer = [("x-stand-in-header-weir-decision", "forged")];
    let reply = post(server.address(), CHAT, &steer, &ask(false));
    assert!(reply.head.contains("\r\nweir-decision: forged"), "{}", reply.head);
    let reply = post(server.address(), CHAT, &[("x-stand-in-chunk", "1")], &ask(false));
    assert_eq!(reply.status, 400);
}

#[test]
fn records_what_arrived_and_forgets_the_oldest() {
    let server = StandIn::start(StandInConfig { record: 2, ..StandInConfig::default() }).unwrap();
    for path in ["/v1/one", "/v1/two?q=1", "/v1/three"] {
        call(server.address(), "POST", path, &[("x-seen", "yes")], "bytes \u{1f30a}");
    }
    let recorded = server.requests();
    let paths: Vec<&str> = recorded.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/v1/two?q=1", "/v1/three"]);
    assert_eq!(recorded[0].headers["x-seen"], "yes");
    assert_eq!(&recorded[0].body[..], "bytes \u{1f30a}".as_bytes());
    server.set_recording(false);
    server.forget_requests();
    call(server.address(), "POST", "/v1/four", &[], "");
    assert!(server.requests().is_empty());
}

#[test]
fn accepts_only_the_credential_configured() {
    let config = StandInConfig { credential: Some("own".to_owned()), ..StandInConfig::default() };
    let server = StandIn::start(config).unwrap();
    let status = |headers: &[(&str, &str)]| post(server.address(), CHAT, headers, &ask(false)).status;
    assert_eq!(status(&[]), 401);
    assert_eq!(status(&[("authorization", "Bearer other")]), 401);
    assert_eq!(status(&[("authorization", "Bearer own")]), 200);
    assert_eq!(status(&[("x-api-key", "own")]), 200);
}

#[test]
fn runs_on_several_threads_and_on_the_callers_runtime() {
    let config = StandInConfig { threads: 2, ..StandInConfig::default() };
    let server = StandIn::start(config).unwrap();
    assert_eq!(post(server.address(), CHAT, &[], &ask(false)).status, 200);
    server.stop();

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let stand_in = StandIn::new(StandInConfig::default());
    let served = runtime.spawn(stand_in.serve(listener, async {
        let _stopped = stopped.await;
    }));
    assert_eq!(post(address, CHAT, &[], &ask(false)).status, 200);
    stop.send(()).unwrap();
    runtime.block_on(served).unwrap();
}

#[test]
fn a_taken_address_is_an_error_that_names_it() {
    let server = start();
    let config = StandInConfig { listen: server.address(), ..StandInConfig::default() };
    let refused = StandIn::start(config).unwrap_err().to_string();
    assert!(refused.contains(&server.address().to_string()), "{refused}");
}

#[test]
fn assumes_its_own_steering_only_where_a_request_has_none() {
    let assumed = [("x-stand-in-header-x-asked".parse().unwrap(), "no".parse().unwrap())];
    let config = StandInConfig { assumed: assumed.into_iter().collect(), ..StandInConfig::default() };
    let server = StandIn::start(config).unwrap();
    let said_no =
        |headers: &[(&str, &str)]| post(server.address(), CHAT, headers, &ask(false)).head.contains("x-asked: no");
    assert!(said_no(&[]));
    assert!(!said_no(&[("x-stand-in-bytes", "9")]));
}
