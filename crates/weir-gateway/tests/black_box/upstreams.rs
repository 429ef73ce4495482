//! What upstreams do to a request: answer in place of another, refuse, break
//! off, stay away.

use std::time::Duration;

use weir_acts::directive::Answer as DirectiveAnswer;
use weir_exchange::Ruling;

use crate::caller::request;
use crate::house::{ACME, FOREIGN, House, NORWIND, chat, house, streamed_chat};
use crate::routes::WORK;
use crate::scene::directive;
use crate::tap::{STREAM_HEAD, Tap};

fn fallback_order(id: &str, models: &[&str]) -> weir_acts::directive::DirectiveText {
    let mut order = directive(id, models, FOREIGN);
    order.answer = DirectiveAnswer::Fallback;
    order
}

#[test]
fn a_fallback_serves_the_previous_model_and_says_so() {
    let mut house = house();
    house.enact(fallback_order("order-1", &["fable-5"]));
    for work in WORK {
        house.stand_in.forget_requests();
        let body = work.body("fable-5").replace(",\"", " ,\n\"zz\":[1.0, 2],\"");
        let answer = house.ask(NORWIND, work.path, &[], &body);
        assert_eq!(answer.status(), 200, "{}", work.path);
        assert_eq!(answer.head.get("weir-served-model"), Some("fable-4"));
        let sent = &house.stand_in.requests()[0];
        assert_eq!(sent.body, body.replace("fable-5", "fable-4").as_bytes(), "only the name was replaced");
        assert_eq!(sent.headers["content-length"], sent.body.len().to_string());
    }
    assert_eq!(house.chat(ACME, "fable-5").head.get("weir-served-model"), None);
    let (decided, settled) = house.recorder.until_settled(WORK.len() + 1);
    assert_eq!((decided[0].ruling, decided[0].served_model.as_deref()), (Ruling::Fallback, Some("fable-4")));
    assert_eq!((settled[0].model.as_deref(), settled[0].served_model.as_deref()), (Some("fable-5"), Some("fable-4")));
}

#[test]
fn a_fallback_is_one_hop_and_decided_afresh() {
    let mut house = house();
    house.enact(fallback_order("order-1", &["fable-5"]));
    house.enact(directive("order-2", &["fable-4"], FOREIGN));
    let denied = house.chat(NORWIND, "fable-5");
    assert_eq!((denied.status(), denied.head.get("weir-rule")), (403, Some("order-1/named")));
    assert_eq!(house.stand_in.counts().received, 0);
}

#[test]
fn a_stream_never_turns_into_a_fallback_and_a_fallback_lives_on() {
    let mut house = house();
    let ask = |house: &House, key| {
        let mut caller = house.caller();
        let silent = [("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", "3")];
        caller.send(&request("POST", "/v1/chat/completions", Some(key), &silent, streamed_chat("fable-5").as_bytes()));
        let head = caller.head();
        caller.until_holds("data:", 3);
        (caller, head)
    };
    let (mut before, head) = ask(&house, NORWIND);
    assert_eq!(house.enact(fallback_order("order-1", &["fable-5"])).cut, 1);
    assert!(String::from_utf8(before.body(&head).0).unwrap().contains("release_denied"));
    let (mut during, head) = ask(&house, NORWIND);
    assert_eq!(head.get("weir-served-model"), Some("fable-4"));
    assert_eq!(house.enact(directive("order-3", &["atlas-5"], FOREIGN)).cut, 0, "another model's order");
    assert_eq!(house.enact(directive("order-2", &["fable-4"], FOREIGN)).cut, 1, "its own model's");
    assert!(String::from_utf8(during.body(&head).0).unwrap().contains("order-2/named"));
}

#[test]
fn a_busy_upstream_is_asked_again() {
    let house = house();
    for (status, key) in [("429", "a"), ("503", "b")] {
        let steer = [("x-stand-in-status", status), ("x-stand-in-fail-times", "2"), ("x-stand-in-fail-key", key)];
        let before = house.stand_in.counts().received;
        assert_eq!(house.ask(ACME, "/v1/chat/completions", &steer, &chat("atlas-5")).status(), 200);
        assert_eq!(house.stand_in.counts().received - before, 3);
    }
    let bodies: Vec<_> = house.stand_in.requests().into_iter().map(|request| request.body).collect();
    assert!(bodies.iter().all(|body| body == chat("atlas-5").as_bytes()));
    assert_eq!(house.metric("weir_retries_total"), 4);
    let (decided, settled) = house.recorder.until_settled(2);
    assert_eq!((decided.len(), settled.len()), (2, 2), "one decision and one exchange a request");
}

#[test]
fn an_upstream_that_stays_busy_or_names_a_long_wait_answers_itself() {
    let house = house();
    let busy = house.ask(ACME, "/v1/messages", &[("x-stand-in-status", "429")], &WORK[4].body("atlas-5"));
    assert_eq!(busy.status(), 429);
    assert_eq!(house.stand_in.counts().received, 3);
    let long = [("x-stand-in-status", "429"), ("x-stand-in-header-retry-after", "30")];
    let told = house.ask(ACME, "/v1/chat/completions", &long, &chat("atlas-5"));
    assert_eq!((told.status(), told.head.get("retry-after")), (429, Some("30")));
    assert_eq!(house.stand_in.counts().received, 4, "sent once");
}

#[test]
fn other_failures_are_not_repeated() {
    let house = house();
    for status in ["500", "502", "504", "529"] {
        let before = house.stand_in.counts().received;
        let answer = house.ask(ACME, "/v1/chat/completions", &[("x-stand-in-status", status)], &chat("atlas-5"));
        assert_eq!(answer.status().to_string(), status);
        assert_eq!(house.stand_in.counts().received - before, 1, "{status}");
    }
}

#[test]
fn each_retry_decides_again() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let mut caller = house.caller();
    caller.send(&request("POST", "/v1/chat/completions", Some(NORWIND), &[], chat("tapped-5").as_bytes()));
    let mut first = tap.next();
    // A second is long enough for the order to come while the retry waits, and
    // the order itself ends the wait.
    first.say("HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n");
    while house.gateway.in_flight()[0].stand != weir_gateway::Stand::Retrying {
        std::thread::yield_now();
    }
    house.enact(directive("order-1", &["tapped-5"], FOREIGN));
    let answer = caller.answer();
    assert_eq!((answer.status(), answer.head.get("weir-rule")), (403, Some("order-1/named")));
    assert!(tap.is_quiet(), "it was not sent again");
}

#[test]
fn an_upstream_that_breaks_off_is_not_asked_again() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let mut caller = house.caller();
    let bytes = request("POST", "/v1/chat/completions", Some(ACME), &[], chat("tapped-5").as_bytes());
    caller.send(&bytes);
    drop(tap.next());
    let answer = caller.answer();
    assert_eq!((answer.status(), answer.json()["error"]["type"].as_str()), (502, Some("api_error")));
    assert!(tap.is_quiet());
    caller.send(&bytes);
    let mut upstream = tap.next();
    upstream.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n123");
    drop(upstream);
    let head = caller.head();
    assert_eq!(head.status, 200, "what was said before the break is told");
    assert_eq!(caller.body(&head), (b"123".to_vec(), false), "a part is never taken for the whole");
    let (_, settled) = house.recorder.until_settled(2);
    assert_eq!((settled[0].outcome.status, settled[0].truncated), (502, false));
    assert_eq!((settled[1].outcome.status, settled[1].truncated), (200, true));
}

#[test]
fn an_upstream_that_lies_about_its_framing_is_not_believed() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("tapped-5").as_bytes()));
        tap.next().say(head);
        assert_eq!(caller.answer().status(), 502, "{head:?}");
    }
    let mut caller = house.caller();
    caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], streamed_chat("tapped-5").as_bytes()));
    let mut upstream = tap.next();
    upstream.say(STREAM_HEAD);
    upstream.chunk("data: 1\n\n");
    let head = caller.head();
    upstream.say("zz\r\n");
    assert!(!caller.body(&head).1);
}

#[test]
fn the_breaker_opens_and_closes() {
    let mut house = House::with(|config| {
        config.upstream.breaker_failures = 2;
        config.upstream.breaker_pause = Duration::from_millis(400);
    });
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let ask = |house: &House| {
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("tapped-5").as_bytes()));
        caller
    };
    for _ in 0..2 {
        let mut caller = ask(&house);
        drop(tap.next());
        assert_eq!(caller.answer().status(), 502);
    }
    let open = ask(&house).answer();
    assert_eq!(open.status(), 503);
    assert_eq!(
        (open.json()["error"]["code"].as_str(), open.head.get("retry-after")),
        (Some("upstream_unavailable"), Some("1"))
    );
    assert!(tap.is_quiet(), "it is left alone");
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200, "other upstreams are not");
    // After the pause one request tries.
    let mut caller = loop {
        let mut caller = ask(&house);
        if let Some(mut upstream) = tap.try_next() {
            upstream.say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]");
            break caller;
        }
        assert_eq!(caller.answer().status(), 503);
    };
    assert_eq!(caller.answer().status(), 200);
}

#[test]
fn an_upstream_that_is_not_there() {
    let mut house = house();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    house.serve_from("gone-5", &format!("http://{nobody}"));
    let answer = house.chat(ACME, "gone-5");
    assert_eq!(answer.status(), 502);
    assert!(!answer.text().contains("127.0.0.1"), "where it is, is the operator's affair: {}", answer.text());
    assert_eq!(house.metric("weir_retries_total"), 2, "not a byte was accepted, so it was tried again");
}

#[test]
fn an_upstream_that_does_not_answer_in_time() {
    let house = House::with(|config| config.upstream.first_byte_timeout = Duration::from_millis(150));
    let answer = house.ask(ACME, "/v1/chat/completions", &[("x-stand-in-hang", "1")], &chat("atlas-5"));
    assert_eq!((answer.status(), answer.json()["error"]["type"].as_str()), (504, Some("timeout_error")));
    house.stand_in.wait_until(Duration::from_secs(20), |counts| counts.cancelled == 1).unwrap();
}

#[test]
fn a_silence_in_mid_stream_may_be_limited() {
    let house = House::with(|config| config.upstream.gap_timeout = Some(Duration::from_millis(150)));
    let silent = [("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", "3")];
    let answer = house.ask(ACME, "/v1/chat/completions", &silent, &streamed_chat("atlas-5"));
    assert!(!answer.is_whole, "a part is never taken for the whole");
    let (_, settled) = house.recorder.until_settled(1);
    assert!(settled[0].truncated);
}

#[test]
fn a_body_without_framing_lasts_until_the_close() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let mut caller = house.caller();
    caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("tapped-5").as_bytes()));
    let mut upstream = tap.next();
    assert!(upstream.head.starts_with("POST /v1/chat/completions HTTP/1.1\r\nhost: "));
    assert_eq!(upstream.body, chat("tapped-5").as_bytes());
    upstream.say("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{\"a\":1}");
    drop(upstream);
    let answer = caller.answer();
    assert_eq!((answer.text(), answer.is_whole), ("{\"a\":1}", true));
}

#[test]
fn connections_to_an_upstream_are_used_again() {
    let house = House::with(|config| config.workers = 1);
    let mut caller = house.caller();
    let bytes = request("POST", "/v1/chat/completions", Some(ACME), &[], streamed_chat("atlas-5").as_bytes());
    for _ in 0..20 {
        assert_eq!(caller.ask(&bytes).status(), 200);
    }
    // A broken stream's connection is not.
    let answer = house.ask(ACME, "/v1/chat/completions", &[("x-stand-in-drop-after", "2")], &streamed_chat("atlas-5"));
    assert!(!answer.is_whole);
    assert_eq!(caller.ask(&bytes).status(), 200);
}

#[test]
fn an_upstream_that_is_well_again_is_served_at_once() {
    let mut house = House::with(|config| {
        config.upstream.breaker_failures = 1;
        config.upstream.breaker_pause = Duration::from_secs(600);
        config.upstream.health_path = Some("/health".into());
        config.upstream.health_interval = Duration::from_millis(20);
    });
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let mut caller = house.caller();
    let bytes = request("POST", "/v1/chat/completions", Some(ACME), &[], chat("tapped-5").as_bytes());
    caller.send(&bytes);
    drop(tap.next());
    assert_eq!(caller.answer().status(), 502);
    assert_eq!(caller.ask(&bytes).status(), 503, "left alone");
    let mut asked = tap.next();
    assert!(asked.head.starts_with("GET /health HTTP/1.1"), "{}", asked.head);
    assert!(!asked.head.contains(crate::house::UPSTREAM_SECRET), "a look costs no credential");
    asked.say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    // The next look begins after this one was judged.
    let _next = tap.next();
    caller.send(&bytes);
    loop {
        let mut upstream = tap.next();
        if upstream.head.starts_with("POST") {
            upstream.say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]");
            break;
        }
    }
    assert_eq!(caller.answer().status(), 200);
}

#[test]
fn a_measure_has_its_account_served_by_the_previous_model_and_says_so() {
    let mut house = house();
    let (_, account, _) = house.accounts[ACME];
    house.change(|scene| {
        scene.measure(&account.to_string(), weir_acts::words::MeasureKind::Fallback);
    });
    let answer = house.chat(ACME, "fable-5");
    assert_eq!((answer.status(), answer.head.get("weir-served-model")), (200, Some("fable-4")));
    assert_eq!(answer.head.get("weir-rule"), Some("measure/fallback"));
    let notice = answer.head.get("weir-notice").unwrap();
    assert!(notice.contains("previous models alone") && notice.contains("Appeal: https://weir.example"), "{notice}");
    let older = house.chat(ACME, "fable-4");
    assert_eq!((older.status(), older.head.get("weir-served-model")), (200, None), "it is the last of its line");
    for model in ["atlas-5", "mythos-5"] {
        let denied = house.chat(ACME, model);
        assert_eq!((denied.status(), denied.head.get("weir-rule")), (403, Some("measure/fallback")), "{model}");
        assert!(denied.text().contains("Appeal: "), "{}", denied.text());
    }
    assert_eq!(house.chat(NORWIND, "fable-5").head.get("weir-served-model"), None, "nobody else");
    // Decided afresh: an order on the previous model holds.
    house.enact(directive("order-1", &["fable-4"], "principal.us_person == true"));
    assert_eq!(house.chat(ACME, "fable-5").status(), 403);
}

#[test]
fn a_measure_falls_back_by_one_hop_and_never_in_mid_stream() {
    let mut house = house();
    let upstream = house.stand_in.base_url();
    house.change(|scene| {
        use weir_acts::act::{private, public};
        let id = weir_acts::id::ModelId::from_bytes([0xaa; 10]);
        let public = public::ModelAdd {
            model: "fable-7".into(),
            previous: Some("fable-5".into()),
            weights: None,
            max_output: None,
        };
        let private = private::ModelAdd { upstream: upstream.clone(), credential: None };
        scene.act(&id.to_string(), weir_acts::Act::ModelAdd(crate::scene::parts(public, private)));
        scene.stage(id, weir_acts::words::Stage::General, &[]);
    });
    let silent = [("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", "3")];
    let ask = |house: &House, model: &str| {
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &silent, streamed_chat(model).as_bytes()));
        let head = caller.head();
        (caller, head)
    };
    let (mut before, head) = ask(&house, "fable-5");
    let (_, account, _) = house.accounts[ACME];
    let swept = house.change(|scene| {
        scene.measure(&account.to_string(), weir_acts::words::MeasureKind::Fallback);
    });
    assert_eq!(swept.cut, 1);
    let told = String::from_utf8(before.body(&head).0).unwrap();
    assert!(told.contains("measure/fallback"), "{told}");
    // One hop: from fable-7 to fable-5, not on to fable-4; and it lives on
    // through acts that do not concern it.
    let (mut during, head) = ask(&house, "fable-7");
    assert_eq!(head.get("weir-served-model"), Some("fable-5"));
    assert_eq!(house.enact(directive("order-3", &["atlas-5"], FOREIGN)).cut, 0);
    assert_eq!(house.enact(directive("order-2", &["fable-5"], "principal.us_person == true")).cut, 1);
    assert!(String::from_utf8(during.body(&head).0).unwrap().contains("order-2/named"));
}
