//! What an acknowledgement means: once `install` has returned, no byte of a
//! denied answer is handed to a socket, and nobody else is touched.

use weir_acts::Act;
use weir_acts::act::{private, public};
use weir_acts::directive::Unknown;
use weir_gateway::Stand;

use crate::caller::{Caller, Head, count, request};
use crate::house::{ACME, FOREIGN, House, NORWIND, QUIET, chat, house, streamed_chat};
use crate::routes::{WORK, error_message};
use crate::scene::{directive, parts};
use crate::tap::{STREAM_HEAD, Tap, Tapped};

struct Streaming {
    caller: Caller,
    head: Head,
    upstream: Tapped,
}

/// A stream under way, of which the caller has read one event.
fn streaming(house: &House, tap: &Tap, key: &str, model: &str) -> Streaming {
    let mut caller = house.caller();
    caller.send(&request("POST", "/v1/chat/completions", Some(key), &[], streamed_chat(model).as_bytes()));
    let mut upstream = tap.next();
    upstream.say(STREAM_HEAD);
    upstream.chunk("data: {\"first\":1}\n\n");
    let head = caller.head();
    caller.until_holds("first", 1);
    Streaming { caller, head, upstream }
}

#[test]
fn nothing_the_upstream_says_after_an_install_reaches_the_denied() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let mut denied: Vec<Streaming> = (0..20).map(|_| streaming(&house, &tap, NORWIND, "tapped-5")).collect();
    let mut spared: Vec<Streaming> = (0..20).map(|_| streaming(&house, &tap, ACME, "tapped-5")).collect();
    // Half an event is held by the gateway when the order comes.
    denied.iter_mut().for_each(|stream| stream.upstream.chunk("data: {\"half\":"));
    let swept = house.enact(directive("order-1", &["tapped-5"], FOREIGN));
    assert_eq!((swept.examined, swept.cut), (40, 20));
    for stream in &mut denied {
        stream.upstream.say_in_vain("8\r\n\"late\"}\n\r\n1\r\n\n\r\n0\r\n\r\n");
    }
    for stream in &mut spared {
        stream.upstream.chunk("data: {\"late\":1}\n\ndata: [DONE]\n\n");
        stream.upstream.say("0\r\n\r\n");
    }
    for mut stream in denied {
        let (body, is_whole) = stream.caller.body(&stream.head);
        let body = String::from_utf8(body).unwrap();
        let event = body.strip_prefix("data: {\"first\":1}\n\n").unwrap();
        let event: serde_json::Value = serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(event["error"]["code"], "release_denied");
        assert!(event["error"]["message"].as_str().unwrap().contains("Rule order-1/named (Rule 7(b))"), "{event}");
        assert!(is_whole, "the framing ends well, so that every client reads the event");
        stream.upstream.until_left();
    }
    for mut stream in spared {
        let (body, is_whole) = stream.caller.body(&stream.head);
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "data: {\"first\":1}\n\ndata: {\"late\":1}\n\ndata: [DONE]\n\n"
        );
        assert!(is_whole);
    }
    let (_, settled) = house.recorder.until_settled(40);
    let cut: Vec<_> = settled.iter().filter(|exchange| exchange.outcome.cut_by.is_some()).collect();
    assert_eq!(cut.len(), 20);
    assert!(cut.iter().all(|exchange| exchange.truncated && exchange.account == house.accounts[NORWIND].1));
    assert_eq!((house.metric("weir_cut_total"), house.metric("weir_truncated_total")), (20, 20));
}

#[test]
fn two_hundred_streams_half_of_them_silent() {
    let mut house = house();
    let mut streams = Vec::new();
    for number in 0..200 {
        let (key, is_silent) = (if number % 4 < 2 { ACME } else { NORWIND }, number % 2 == 0);
        // Who is to be cut must not be done before the order comes, however long it takes.
        let chunks = if key == ACME { "400" } else { "4000" };
        let pace: [(&str, &str); 2] = if is_silent {
            [("x-stand-in-chunks", "10"), ("x-stand-in-silent-after", "3")]
        } else {
            [("x-stand-in-chunks", chunks), ("x-stand-in-gap-ms", "5")]
        };
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(key), &pace, streamed_chat("atlas-5").as_bytes()));
        streams.push((key, is_silent, caller));
    }
    let mut streams: Vec<_> = streams
        .into_iter()
        .map(|(key, is_silent, mut caller)| {
            let head = caller.head();
            caller.until_holds("data:", if is_silent { 3 } else { 2 });
            (key, is_silent, caller, head)
        })
        .collect();
    let swept = house.enact(directive("order-1", &["atlas-5"], FOREIGN));
    assert_eq!(swept.cut, 100);
    for (_, _, caller, _) in &mut streams {
        caller.drain_socket();
    }
    let mut broken_off = 0;
    for (key, is_silent, mut caller, head) in streams {
        if key == ACME && is_silent {
            continue;
        }
        let held = count(&caller.buffer, b"data:");
        let (body, is_whole) = caller.body(&head);
        let text = String::from_utf8(body).unwrap();
        if key == ACME {
            assert!(is_whole && text.contains("[DONE]"), "untouched");
            continue;
        }
        if !is_whole {
            // An event was on its way just as the order came: it is broken off, since no other can be told behind it.
            assert!(!is_silent && count(text.as_bytes(), b"data:") <= held, "nothing followed");
            broken_off += 1;
            continue;
        }
        assert!(!text.contains("[DONE]"));
        let last = text.trim_end().rsplit("\n\n").next().unwrap();
        assert!(last.contains("release_denied"), "the last event says why: {last}");
        assert!(count(text.as_bytes(), b"data:") <= held + 1, "nothing but that event followed");
    }
    assert!(broken_off < 25, "{broken_off} of fifty were broken off, with five milliseconds between events");
}

#[test]
fn a_whole_answer_is_cut_wherever_it_stands() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let ask = |house: &House| {
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(NORWIND), &[], chat("tapped-5").as_bytes()));
        (caller, tap.next())
    };
    let (mut waiting, mut unanswered) = ask(&house);
    let (mut begun, mut half_said) = ask(&house);
    half_said.say("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n[1,2");
    let head = begun.head();
    while begun.buffer.len() < 4 {
        begun.drain_socket();
    }
    assert_eq!(house.enact(directive("order-1", &["tapped-5"], FOREIGN)).cut, 2);
    half_said.say_in_vain(",3,4]]");
    unanswered.say_in_vain("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]");
    let denied = waiting.answer();
    assert_eq!((denied.status(), denied.head.get("weir-rule")), (403, Some("order-1/named")));
    error_message(&denied, false);
    let (body, is_whole) = begun.body(&head);
    assert_eq!((&body[..], is_whole), (&b"[1,2"[..], false), "a part is never taken for the whole");
    unanswered.until_left();
    half_said.until_left();
}

#[test]
fn an_answer_that_lies_finished_in_a_buffer_is_cut() {
    let mut house = house();
    // The caller reads nothing, so that most of it stays within the gateway.
    let mut caller = house.caller();
    let huge = ("x-stand-in-huge", "60000000");
    caller.send(&request("POST", "/v1/chat/completions", Some(NORWIND), &[huge], chat("atlas-5").as_bytes()));
    let head = caller.head();
    let swept = house.enact(directive("order-1", &["atlas-5"], FOREIGN));
    assert_eq!(swept.cut, 1);
    let (body, is_whole) = caller.body(&head);
    assert!(!is_whole && body.len() < 60_000_000, "{}", body.len());
    house.stand_in.wait_until(std::time::Duration::from_secs(20), |counts| counts.in_flight == 0).unwrap();
    house.recorder.until_settled(1);
    house.until_nothing_is_in_flight();
}

#[test]
fn streams_are_told_in_the_shape_of_their_api() {
    let mut house = house();
    let mut asked = Vec::new();
    for work in WORK.iter().filter(|work| work.stream_end.is_some()) {
        let silent = [("x-stand-in-chunks", "10"), ("x-stand-in-silent-after", "4")];
        let mut caller = house.caller();
        caller.send(&request("POST", work.path, Some(NORWIND), &silent, work.streamed("atlas-5").as_bytes()));
        let head = caller.head();
        caller.until_holds("data:", 4);
        asked.push((work, caller, head));
    }
    assert_eq!(house.enact(directive("order-1", &["atlas-5"], FOREIGN)).cut, asked.len() as u64);
    for (work, mut caller, head) in asked {
        let (body, is_whole) = caller.body(&head);
        let body = String::from_utf8(body).unwrap();
        assert!(is_whole && !body.contains(work.stream_end.unwrap()), "{}", work.path);
        let event = body.trim_end().rsplit("\n\n").next().unwrap();
        let (name, data) = match event.split_once('\n') {
            Some((name, data)) => (Some(name), data),
            None => (None, event),
        };
        let named = work.is_anthropic || work.path == "/v1/responses";
        assert_eq!(name, named.then_some("event: error"), "{}", work.path);
        let data: serde_json::Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(data["error"]["type"], "permission_error", "{}", work.path);
    }
}

#[test]
fn a_condition_that_cannot_be_told_is_answered_as_the_order_says() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let mut unknown = streaming(&house, &tap, QUIET, "tapped-5");
    let mut lenient = directive("order-1", &["tapped-5"], FOREIGN);
    lenient.unknown = Unknown::Allow;
    assert_eq!(house.enact(lenient).cut, 0, "unknown stays");
    assert_eq!(house.enact(directive("order-2", &["tapped-5"], FOREIGN)).cut, 1, "unknown goes");
    let (body, _) = unknown.caller.body(&unknown.head);
    assert!(String::from_utf8(body).unwrap().contains("order-2/unknown"));
}

#[test]
fn whatever_touches_a_caller_cuts_its_answers() {
    let tap = Tap::open();
    type Change = fn(&mut House);
    let changes: &[(&str, u64, Change)] = &[
        ("key revoked", 1, |house| {
            let (_, account, key) = house.accounts[NORWIND];
            let act = Act::KeyRevoke(parts(public::KeyRevoke { key }, private::KeyRevoke {}));
            house.scene.act(&account.to_string(), act);
        }),
        ("account closed", 1, |house| {
            let (_, account, _) = house.accounts[NORWIND];
            house
                .scene
                .act(&account.to_string(), Act::AccountClose(parts(public::AccountClose {}, private::AccountClose {})));
        }),
        ("account suspended", 1, |house| {
            let (_, account, _) = house.accounts[NORWIND];
            house.scene.suspend(account);
        }),
        ("party closed", 1, |house| {
            let (party, _, _) = house.accounts[NORWIND];
            house.scene.act(&party.to_string(), Act::PartyClose(parts(public::PartyClose {}, private::PartyClose {})));
        }),
        ("model retired", 2, |house| {
            let model = house.models["tapped-5"];
            house
                .scene
                .act(&model.to_string(), Act::ModelRetire(parts(public::ModelRetire {}, private::ModelRetire {})));
        }),
        ("model sealed", 2, |house| {
            let model = house.models["tapped-5"];
            house.scene.stage(model, weir_acts::words::Stage::Sealed, &[]);
        }),
        ("another model's order", 0, |house| {
            house.scene.enact(directive("order-9", &["atlas-5"], FOREIGN), vec![], None);
        }),
    ];
    for (what, cut, change) in changes {
        let mut house = house();
        house.serve_from("tapped-5", &tap.base_url());
        let mut named = streaming(&house, &tap, NORWIND, "tapped-5");
        let mut other = streaming(&house, &tap, ACME, "tapped-5");
        change(&mut house);
        assert_eq!(house.install().cut, *cut, "{what}");
        for (stream, is_cut) in [(&mut named, *cut > 0), (&mut other, *cut > 1)] {
            stream.upstream.say_in_vain("5\r\nlate\n\r\n1\r\n\n\r\n0\r\n\r\n");
            let (body, is_whole) = stream.caller.body(&stream.head);
            let body = String::from_utf8(body).unwrap();
            assert!(is_whole);
            assert_eq!((body.contains("late"), body.contains("\"error\"")), (!is_cut, is_cut), "{what}: {body}");
        }
    }
}

#[test]
fn what_is_in_flight_can_be_asked() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let stream = streaming(&house, &tap, NORWIND, "tapped-5");
    let flights = house.gateway.in_flight();
    assert_eq!(flights.len(), 1);
    assert_eq!((flights[0].stand, flights[0].api), (Stand::Answering, "openai.chat"));
    assert_eq!((flights[0].account, flights[0].model.as_deref()), (house.accounts[NORWIND].1, Some("tapped-5")));
    drop(stream);
}

#[test]
fn installs_and_requests_at_once_leave_nobody_served_by_an_old_order() {
    let house = house();
    let address = house.address;
    let mut scene = house.scene.clone();
    let open = std::sync::Arc::new(weir_rules::Snapshot::of(&scene.world).unwrap());
    scene.enact(directive("order-1", &["atlas-5"], FOREIGN), vec![], None);
    let closed = std::sync::Arc::new(weir_rules::Snapshot::of(&scene.world).unwrap());
    let (open_size, closed_size) = (open.tree_size(), closed.tree_size());
    let asking: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let mut caller = Caller::new(address);
                let bytes = request("POST", "/v1/chat/completions", Some(NORWIND), &[], chat("atlas-5").as_bytes());
                let mut answered = 0;
                for _ in 0..300 {
                    caller.offer(&bytes);
                    // A severed answer ends its connection; a part of it is fine.
                    let Some(head) = caller.try_head() else {
                        caller = Caller::new(address);
                        continue;
                    };
                    answered += 1;
                    assert!(matches!(head.status, 200 | 403), "{head:?}");
                    if !caller.body(&head).1 {
                        caller = Caller::new(address);
                    }
                }
                answered
            })
        })
        .collect();
    use weir_rules::Enforce as _;
    let touched = weir_acts::Touched::default();
    while asking.iter().any(|thread| !thread.is_finished()) {
        house.gateway.install(std::sync::Arc::clone(&closed), &touched);
        house.gateway.install(std::sync::Arc::clone(&open), &touched);
    }
    let answered: usize = asking.into_iter().map(|thread| thread.join().unwrap()).sum();
    // The records tell which snapshot each decision was made on, and each must
    // have been decided as that one says.
    let mut decided = 0;
    for record in house.recorder.so_far() {
        if let weir_exchange::Record::Decision(decision) = record {
            let is_open = decision.tree_size == open_size;
            assert!(is_open || decision.tree_size == closed_size);
            assert_eq!(decision.ruling == weir_exchange::Ruling::Permit, is_open);
            decided += 1;
        }
    }
    // A severed connection may take a request with it that nobody has read.
    assert!(decided >= answered && answered > 0, "{decided} of {answered}");
}
