//! The load generators against the stand-in.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail as tests do")]

use std::time::Duration;

use weir_sim::load::{Caller, CallerCounts, Live, LiveConfig, LoadError, OpenLoop, Target, closed_loop, open_loop};
use weir_sim::stand_in::{StandIn, StandInConfig, StandInHandle};

const TIMEOUT: Duration = Duration::from_secs(60);

fn start() -> StandInHandle {
    StandIn::start(StandInConfig::default()).unwrap()
}

fn target(server: &StandInHandle, connections: usize) -> Target {
    Target { address: server.address(), connections, timeout: TIMEOUT }
}

/// The n-th request asks for n bytes of text, so that every one is told apart.
fn request(steering: &'static str) -> impl Fn(u64, &mut Vec<u8>) + Sync {
    move |number, buffer| {
        let body = r#"{"model":"m","messages":[],"stream":true}"#;
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-seen: {number}\r\n{steering}\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        buffer.extend_from_slice(head.as_bytes());
    }
}

fn numbers_seen(server: &StandInHandle) -> Vec<u64> {
    let mut seen: Vec<u64> =
        server.requests().iter().map(|request| request.headers["x-seen"].to_str().unwrap().parse().unwrap()).collect();
    seen.sort_unstable();
    seen
}

#[test]
fn a_closed_loop_sends_each_request_once_and_reads_each_answer() {
    let server = start();
    let run = closed_loop(&target(&server, 4), 200, request("")).unwrap();
    assert_eq!((run.failed, run.unsent, run.with_status(200)), (0, 0, 200), "{:?}", run.failures);
    assert_eq!(numbers_seen(&server), (0..200).collect::<Vec<_>>());
    assert_eq!(server.cancelled(), 0);
    assert!(run.samples.iter().all(|sample| sample.body_bytes > 100));
    assert!(run.samples.iter().all(|sample| sample.first_byte_ns <= sample.latency_ns));
}

#[test]
fn an_open_loop_times_each_request_from_when_it_was_due() {
    let server = start();
    let schedule = OpenLoop { rate: 1_000.0, duration: Duration::from_millis(200) };
    let run = open_loop(&target(&server, 3), schedule, request("")).unwrap();
    assert_eq!((run.failed, run.unsent, run.samples.len()), (0, 0, 200));
    for (number, sample) in run.samples.iter().enumerate() {
        assert!(sample.intended_ns.abs_diff(number as u64 * 1_000_000) < 10);
        assert!(sample.late_ns <= sample.first_byte_ns);
    }
    assert_eq!(numbers_seen(&server), (0..200).collect::<Vec<_>>());
}

#[test]
fn a_stalled_target_is_charged_for_the_requests_it_kept_waiting() {
    let server = start();
    let schedule = OpenLoop { rate: 1_000.0, duration: Duration::from_millis(10) };
    let slow = request("x-stand-in-first-ms: 20\r\n");
    let run = open_loop(&target(&server, 1), schedule, slow).unwrap();
    // Ten requests due within 10 ms, served one by one at 20 ms each: the last
    // cannot have ended before 200 ms, of which it was waiting for nearly all.
    let last = run.samples.last().unwrap();
    assert!(last.latency_ns >= 190_000_000 && last.late_ns >= 170_000_000, "{last:?}");
}

#[test]
fn answers_that_break_off_are_failures_with_words() {
    let server = start();
    let broken = request("x-stand-in-drop-after: 2\r\n");
    let run = closed_loop(&target(&server, 2), 10, broken).unwrap();
    assert_eq!((run.failed, run.samples.len()), (10, 0));
    assert!(run.failures.iter().any(|words| words.contains("cut off")), "{:?}", run.failures);
}

#[test]
fn what_cannot_start_is_an_error() {
    let server = start();
    let schedule = OpenLoop { rate: 0.0, duration: TIMEOUT };
    let refused = open_loop(&target(&server, 1), schedule, request(""));
    assert!(matches!(refused, Err(LoadError::Rate { .. })));
    let gone = target(&server, 1);
    server.stop();
    let refused = closed_loop(&gone, 1, request(""));
    assert!(matches!(refused, Err(LoadError::Connect { .. })));
}

/// Runs a live population until the counts say enough.
fn live_until(server: &StandInHandle, enough: impl Fn(&[CallerCounts]) -> bool) -> Vec<CallerCounts> {
    let caller =
        |label: &str| Caller { label: label.to_owned(), key: format!("weir_{label}"), model: "fable-5".to_owned() };
    let config = LiveConfig { seed: 3, pause_ms: (0, 1) };
    let callers = vec![caller("acme/one"), caller("acme/two")];
    let live = Live::new(&server.base_url(), callers, config).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut seen = 0;
        loop {
            // The server's event, then a look at the counts.
            let more = async {
                seen = server.until(|counts| counts.received >= seen + 10).await.received;
            };
            std::sync::Arc::clone(&live).run(more).await;
            if enough(&live.counts()) {
                return live.counts();
            }
        }
    })
}

#[test]
fn a_live_population_uses_both_apis_and_counts_what_it_got() {
    let server = start();
    let counts = live_until(&server, |counts| {
        counts.iter().all(|caller| caller.by_status.get(&200).is_some_and(|times| *times > 10))
    });
    assert!(counts.iter().all(|caller| caller.cut == 0 && caller.failed == 0), "{counts:?}");
    let requests = server.requests();
    for path in ["/v1/chat/completions", "/v1/messages"] {
        for stream in ["\"stream\":true", "\"stream\":false"] {
            assert!(requests.iter().any(|request| {
                request.path == path && std::str::from_utf8(&request.body).unwrap().contains(stream)
            }));
        }
    }
    assert!(requests.iter().all(|request| {
        let key = request.headers.get("x-api-key").or(request.headers.get("authorization"));
        key.unwrap().to_str().unwrap().contains("weir_acme/")
    }));
}

#[test]
fn a_live_population_counts_refusals_by_status() {
    let config = StandInConfig { credential: Some("other".to_owned()), ..StandInConfig::default() };
    let server = StandIn::start(config).unwrap();
    let counts = live_until(&server, |counts| counts.iter().all(|caller| caller.by_status.contains_key(&401)));
    assert!(counts.iter().all(|caller| caller.by_status.len() == 1), "{counts:?}");
}
