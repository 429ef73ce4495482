//! What the gateway keeps to: the moment a snapshot ends, what was recorded of
//! stored objects, TLS.

use std::time::Duration;

use weir_acts::Time;
use weir_acts::act::PolicyText;
use weir_exchange::Record;
use weir_gateway::{KeepText, Made, Place, RecordQueue, Taken, TlsFiles};

use crate::caller::request;
use crate::house::{ACME, FOREIGN, House, NORWIND, chat, house, streamed_chat};
use crate::scene::directive;
use crate::tap::{STREAM_HEAD, Tap};

#[test]
fn at_the_next_change_a_request_waits_for_the_successor() {
    let mut house = house();
    let change = house.clock_now().plus_millis(60_000);
    let mut order = directive("order-1", &["atlas-5"], FOREIGN);
    order.effective = Some(change);
    house.enact(order);
    assert_eq!(house.gateway.snapshot().view().next_change, Some(change));
    house.clock.set(Time::from_millis(change.millis() - 1));
    assert_eq!(house.chat(NORWIND, "atlas-5").status(), 200, "up to the last moment before");
    house.clock.set(change);
    let mut waiting = house.caller();
    waiting.send(&request("POST", "/v1/chat/completions", Some(NORWIND), &[], chat("atlas-5").as_bytes()));
    while house.gateway.in_flight().is_empty() {
        std::thread::yield_now();
    }
    house.scene.now = change;
    house.scene.world.advance(change);
    house.install();
    let answer = waiting.answer();
    assert_eq!((answer.status(), answer.head.get("weir-rule")), (403, Some("order-1/named")));
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200);
    assert_eq!(house.stand_in.counts().received, 2);
}

#[test]
fn without_a_successor_nobody_is_served_by_the_old_rules() {
    let mut house = house();
    let change = house.clock_now().plus_millis(60_000);
    let mut order = directive("order-1", &["atlas-5"], FOREIGN);
    order.effective = Some(change);
    house.enact(order);
    house.clock.set(change);
    let answer = house.chat(ACME, "atlas-5");
    assert_eq!((answer.status(), answer.json()["error"]["code"].as_str()), (503, Some("rules_unavailable")));
    assert!(answer.head.get("retry-after").is_some());
    assert_eq!(house.stand_in.counts().received, 0);
}

#[test]
fn a_restricted_model_is_not_asked_before_the_decision_is_on_the_disk() {
    let house = house();
    house.recorder.hold();
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200, "a general one does not wait");
    let mut waiting = house.caller();
    waiting.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("listed-5").as_bytes()));
    // The writer is hurried: it does not sleep out a pause of an hour.
    house.recorder.queue.gather(Duration::from_secs(3_600));
    let Taken { records, before: place, .. } = house.recorder.queue.take(Duration::ZERO).unwrap();
    assert_eq!(records.len(), 3, "two decisions and an exchange");
    // The first has been answered, and may be about to leave.
    while house.gateway.in_flight().len() > 1 {
        std::thread::yield_now();
    }
    assert_eq!((house.gateway.in_flight().len(), house.stand_in.counts().received), (1, 1));
    house.recorder.queue.written(place);
    assert_eq!(waiting.answer().status(), 200);
    assert_eq!(house.stand_in.counts().received, 2);
}

/// Says so of all that is queued, as the writer would.
fn writer_says(house: &House, say: impl Fn(&RecordQueue, Place)) {
    house.recorder.queue.gather(Duration::from_secs(3_600));
    if let Some(taken) = house.recorder.queue.take(Duration::ZERO) {
        say(&house.recorder.queue, taken.before);
    }
}

#[test]
fn an_answer_ends_only_when_its_record_is_kept() {
    for body in [chat("atlas-5"), streamed_chat("atlas-5")] {
        let house = house();
        house.recorder.hold_exchanges();
        let mut waiting = house.caller();
        waiting.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], body.as_bytes()));
        house.stand_in.wait_until(Duration::from_secs(30), |counts| counts.received == 1).unwrap();
        // The writer is hurried once the answer is there, and hears of the exchange.
        house.recorder.queue.gather(Duration::from_secs(3_600));
        let taken = house.recorder.queue.take(Duration::ZERO).unwrap();
        let is_exchange = |record: &Record| matches!(record, Record::Exchange(exchange) if !exchange.truncated);
        assert!(taken.records.iter().any(is_exchange), "{:?}", taken.records);
        assert!(!taken.must_sync, "a general model does not wait for the disk");
        assert_eq!(house.gateway.in_flight().len(), 1);
        house.recorder.queue.handed_over(taken.before);
        assert_eq!(waiting.answer().status(), 200);
    }
}

/// The bytes of an answer whose length is told.
const SIZED: [&str; 2] = ["HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n", "{\"id\":\"a-1\"}"];

/// A restricted model behind a tap, a request to it under way, and its
/// decision on the disk.
fn restricted(house: &mut House, tap: &Tap) -> crate::caller::Caller {
    house.serve_restricted_from("tapped-5", &tap.base_url());
    house.recorder.hold_exchanges();
    let mut waiting = house.caller();
    waiting.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("tapped-5").as_bytes()));
    writer_says(house, RecordQueue::written);
    waiting
}

#[test]
fn a_restricted_answer_waits_for_the_disk_and_is_refused_where_its_record_cannot_be_kept() {
    let (mut house, tap) = (house(), Tap::open());
    let mut waiting = restricted(&mut house, &tap);
    tap.next().say(SIZED.concat());
    writer_says(&house, RecordQueue::handed_over);
    waiting.drain_socket();
    assert_eq!((house.gateway.in_flight().len(), waiting.buffer.len()), (1, 0), "to be handed over is not enough");
    house.recorder.queue.set_failed(true);
    let answer = waiting.answer();
    assert_eq!((answer.status(), answer.json()["error"]["code"].as_str()), (503, Some("record_unavailable")));
    assert!(answer.head.get("weir-decision").is_some());
    // The connection is good for more.
    house.recorder.queue.set_failed(false);
    assert_eq!(waiting.ask(&request("GET", "/v1/models", None, &[], b"")).status(), 401);
}

#[test]
fn a_restricted_answer_whose_head_is_gone_breaks_off_where_its_record_cannot_be_kept() {
    let (mut house, tap) = (house(), Tap::open());
    let mut waiting = restricted(&mut house, &tap);
    let mut upstream = tap.next();
    upstream.say(SIZED[0]);
    let head = waiting.head();
    upstream.say(SIZED[1]);
    writer_says(&house, RecordQueue::handed_over);
    house.recorder.queue.set_failed(true);
    let (body, is_whole) = waiting.body(&head);
    assert!(body.is_empty() && !is_whole, "its last bytes never came");
}

#[test]
fn a_short_answer_that_waits_for_its_record_is_refused_once_it_is_denied() {
    let (mut house, tap) = (house(), Tap::open());
    house.serve_from("tapped-5", &tap.base_url());
    house.recorder.hold_exchanges();
    let mut waiting = house.caller();
    waiting.send(&request("POST", "/v1/chat/completions", Some(NORWIND), &[], chat("tapped-5").as_bytes()));
    tap.next().say(SIZED.concat());
    house.recorder.queue.gather(Duration::from_secs(3_600));
    assert_eq!(house.enact(directive("order-1", &["tapped-5"], FOREIGN)).cut, 1);
    let answer = waiting.answer();
    assert_eq!((answer.status(), answer.head.get("weir-rule")), (403, Some("order-1/named")));
}

#[test]
fn an_answer_of_a_told_length_comes_whole_in_whatever_pieces_it_came() {
    let (mut house, tap) = (house(), Tap::open());
    house.serve_from("tapped-5", &tap.base_url());
    let whole = SIZED.concat();
    for at in 1..whole.len() {
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("tapped-5").as_bytes()));
        let mut upstream = tap.next();
        upstream.say(&whole[..at]);
        upstream.say(&whole[at..]);
        let answer = caller.answer();
        assert_eq!((answer.status(), answer.text(), answer.is_whole), (200, SIZED[1], true), "parted at {at}");
        assert_eq!(answer.head.get("content-length"), Some("12"));
    }
}

#[test]
fn nothing_of_an_answer_that_waits_for_its_record_passes_once_it_is_denied() {
    let (mut house, tap) = (house(), Tap::open());
    house.serve_from("tapped-5", &tap.base_url());
    house.recorder.hold_exchanges();
    let mut waiting = house.caller();
    waiting.send(&request("POST", "/v1/chat/completions", Some(NORWIND), &[], streamed_chat("tapped-5").as_bytes()));
    let mut upstream = tap.next();
    upstream.say(STREAM_HEAD);
    upstream.chunk("data: {\"first\":1}\n\n");
    let head = waiting.head();
    // It has gone: of what is on its way when the order comes the rest is broken off, and nothing can be told.
    waiting.until_holds("first", 1);
    upstream.chunk("data: [DONE]\n\n");
    house.recorder.queue.gather(Duration::from_secs(3_600));
    house.enact(directive("order-1", &["tapped-5"], FOREIGN));
    let (body, is_whole) = waiting.body(&head);
    let body = String::from_utf8(body).unwrap();
    assert!(is_whole && body.contains("order-1") && !body.contains("[DONE]"), "{body}");
}

#[test]
fn where_the_decision_cannot_be_written_a_restricted_model_is_never_asked() {
    let mut house = house();
    house.recorder.hold();
    let mut waiting = house.caller();
    waiting.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("listed-5").as_bytes()));
    house.recorder.queue.gather(Duration::from_secs(3_600));
    house.recorder.queue.set_failed(true);
    let answer = waiting.answer();
    assert_eq!((answer.status(), answer.json()["error"]["code"].as_str()), (503, Some("record_unavailable")));
    house.recorder.queue.set_failed(false);
    // An order while it waits is obeyed, whatever becomes of the record.
    let mut waiting = house.caller();
    waiting.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("listed-5").as_bytes()));
    house.recorder.queue.gather(Duration::from_secs(3_600));
    house.enact(directive("order-1", &["listed-5"], "principal.us_person == true"));
    let answer = waiting.answer();
    assert_eq!((answer.status(), answer.head.get("weir-rule")), (403, Some("order-1/named")));
    assert_eq!(house.stand_in.counts().received, 0);
}

#[test]
fn a_stored_object_is_for_the_account_that_made_it_on_that_model() {
    let house = house();
    let made = house.ask(ACME, "/v1/responses", &[], r#"{"model":"atlas-5","input":"hi"}"#);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    house.recorder.until_settled(1);
    let account = house.accounts[ACME].1;
    assert_eq!(house.objects.made_by(&id), Some(Made { by: account, on: "atlas-5".into() }));
    let follow = |key, model: &str, id: &str| {
        let body = format!(r#"{{"model":"{model}","input":"go on","previous_response_id":"{id}"}}"#);
        house.ask(key, "/v1/responses", &[], &body)
    };
    assert_eq!(follow(ACME, "atlas-5", &id).status(), 200);
    for (what, answer) in [
        ("another account", follow(NORWIND, "atlas-5", &id)),
        ("another model", follow(ACME, "fable-5", &id)),
        ("an unknown object", follow(ACME, "atlas-5", "resp_unknown")),
    ] {
        assert_eq!(answer.status(), 403, "{what}");
        let error = &answer.json()["error"];
        assert_eq!(
            (error["code"].as_str(), error["param"].as_str()),
            (Some("unknown_object"), Some("previous_response_id"))
        );
    }
    for body in [
        r#"{"model":"atlas-5","input":"x","conversation":"conv_1"}"#,
        r#"{"model":"atlas-5","input":"x","conversation":{"id":"conv_1"}}"#,
        r#"{"model":"atlas-5","input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]}"#,
        r#"{"model":"atlas-5","input":"x","background":true}"#,
    ] {
        assert_eq!(house.ask(ACME, "/v1/responses", &[], body).status(), 403, "{body}");
    }
    assert_eq!(house.stand_in.counts().received, 2);
}

#[test]
fn a_streamed_answers_object_is_remembered_too() {
    let house = house();
    let answer = house.ask(ACME, "/v1/responses", &[], r#"{"model":"atlas-5","input":"hi","stream":true}"#);
    house.recorder.until_settled(1);
    let objects = house.objects.0.lock().unwrap();
    let (id, made) = objects.iter().find(|(id, _)| id.starts_with("resp_")).unwrap();
    assert!(answer.text().contains(id.as_str()) && &*made.on == "atlas-5");
}

#[test]
fn a_model_within_the_request_is_decided_too() {
    let house = house();
    let body = |model: &str| {
        format!(r#"{{"model":"atlas-5","input":"x","tools":[{{"type":"image_generation","model":"{model}"}}]}}"#)
    };
    assert_eq!(house.ask(ACME, "/v1/responses", &[], &body("fable-5")).status(), 200);
    assert_eq!(house.ask(NORWIND, "/v1/responses", &[], &body("mythos-5")).status(), 403);
    assert_eq!(house.ask(ACME, "/v1/responses", &[], &body("hidden-6")).status(), 404);
    assert_eq!(house.stand_in.counts().received, 1);
}

/// A certificate for `localhost` and its key, as files.
pub(crate) fn certificate() -> (tempfile::TempDir, TlsFiles) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&files.key, PermissionsExt::from_mode(0o600)).unwrap();
    (folder, files)
}

#[test]
fn both_sides_speak_tls() {
    let (_folder, files) = certificate();
    // A gateway with TLS is the upstream of another that trusts its authority.
    let inner = House::with(|config| config.tls = Some(files.clone()));
    let mut outer = House::with(|config| config.upstream.ca_file = Some(files.certificate.clone()));
    outer.serve_from("atlas-tls", &format!("https://localhost:{}", inner.address.port()));
    let answer = outer.chat(ACME, "atlas-tls");
    // The inner one does not know the outer one's credential, and says so: its
    // words came through two layers of TLS.
    assert_eq!((answer.status(), answer.json()["error"]["code"].as_str()), (401, Some("invalid_api_key")));
    let mut stranger = house();
    stranger.serve_from("atlas-tls", &format!("https://localhost:{}", inner.address.port()));
    assert_eq!(stranger.chat(ACME, "atlas-tls").status(), 502, "an unknown authority is not trusted");
}

#[test]
fn a_tls_upstream_can_stream_and_be_cut() {
    let (_folder, files) = certificate();
    let tap = Tap::open();
    let mut inner = House::with(|config| config.tls = Some(files.clone()));
    inner.serve_from("tapped-5", &tap.base_url());
    let mut outer = House::with(|config| {
        config.upstream.ca_file = Some(files.certificate.clone());
        config.upstream.connect_timeout = Duration::from_secs(20);
    });
    outer.use_credential(ACME);
    outer.serve_from("tapped-5", &format!("https://localhost:{}", inner.address.port()));
    let mut caller = outer.caller();
    caller.send(&request(
        "POST",
        "/v1/chat/completions",
        Some(NORWIND),
        &[],
        crate::house::streamed_chat("tapped-5").as_bytes(),
    ));
    let mut upstream = tap.next();
    upstream.say(crate::tap::STREAM_HEAD);
    upstream.chunk("data: 1\n\n");
    let head = caller.head();
    caller.until_holds("data: 1", 1);
    assert_eq!(inner.enact(directive("order-1", &["tapped-5"], "principal.us_person == true")).cut, 1);
    upstream.say_in_vain("6\r\nlate\n\n\r\n0\r\n\r\n");
    let (body, is_whole) = caller.body(&head);
    let body = String::from_utf8(body).unwrap();
    assert!(is_whole && body.contains("order-1/named") && !body.contains("late"), "{body}");
    upstream.until_left();
}

/// The longest that a rule of the permit says holds, for every request of a
/// class: also for those whose verdict was at hand already.
#[test]
fn every_request_of_a_class_is_kept_as_long_as_the_longest_rule_says() {
    let mut house = house();
    let keep = |id: &str, model: &str, time: &str| PolicyText {
        id: id.to_owned(),
        cedar: format!(
            "@keep_text(\"{time}\") permit (principal, action == Weir::Action::\"use\", resource == Weir::Model::\"{model}\");"
        ),
    };
    house.change(|scene| {
        scene.rules(vec![
            keep("own/a-short", "fable-5", "2 days"),
            keep("own/b-long", "fable-5", "30 days"),
            keep("own/c-middle", "fable-5", "9 days"),
        ]);
    });
    // Twice by one account, then by another, then of a model that none speaks of.
    for (who, model) in [(ACME, "fable-5"), (ACME, "fable-5"), (NORWIND, "fable-5"), (ACME, "atlas-5")] {
        assert_eq!(house.chat(who, model).status(), 200);
    }
    let mut said = Vec::new();
    for _ in 0..20 {
        if said.len() == 4 {
            break;
        }
        said.extend(house.recorder.queue.take(Duration::from_secs(1)).unwrap().said);
    }
    said.sort_by_key(|(id, _)| id.sequence);
    let now = house.clock_now();
    let kept: Vec<_> = said.iter().map(|(_, said)| said.keep_text).collect();
    let until = now.plus_millis(30 * 86_400_000);
    let of = |who: &str| Some(KeepText { account: house.accounts[who].1, until });
    assert_eq!(kept, [of(ACME), of(ACME), of(NORWIND), None]);
}
