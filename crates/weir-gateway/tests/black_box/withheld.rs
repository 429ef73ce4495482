//! A measure `withhold`: what it takes out of answers of all APIs, what stays,
//! and that it holds from the moment it is taken.

use weir_acts::act::{Act, Parts, PolicyText, public};
use weir_acts::words::MeasureKind;

use crate::caller::{Answer, request};
use crate::house::{ACME, House, NORWIND, chat, house, streamed_chat};
use crate::tap::{Tap, Tapped};

const REASONS: (&str, &str) = ("x-stand-in-reasoning", "5");
/// What the stand-in thinks.
const THOUGHT: &str = "a thought of its own";

fn withholding() -> House {
    let mut house = house();
    withhold(&mut house);
    house
}

fn withhold(house: &mut House) -> weir_rules::Swept {
    let (_, account, _) = house.accounts[ACME];
    house.change(|scene| {
        scene.measure(&account.to_string(), MeasureKind::Withhold);
    })
}

fn bodies() -> [(&'static str, String); 4] {
    [
        ("/v1/chat/completions", r#"{"model":"fable-5","messages":[{"role":"user","content":"hello"}],"n":3,"logprobs":true STREAM}"#),
        ("/v1/responses", r#"{"model":"fable-5","input":"hello" STREAM}"#),
        ("/v1/messages", r#"{"model":"fable-5","max_tokens":99,"messages":[{"role":"user","content":"hello"}] STREAM}"#),
        ("/v1/completions", r#"{"model":"fable-5","prompt":"hello","n":3 STREAM}"#),
    ]
    .map(|(path, body)| (path, body.to_owned()))
}

fn told(answer: &Answer) -> serde_json::Value {
    answer.json()
}

/// The gateway looks after its upstreams too.
fn next_post(tap: &Tap) -> Tapped {
    loop {
        let tapped = tap.next();
        if tapped.head.starts_with("POST") {
            return tapped;
        }
    }
}

#[test]
fn answers_of_every_api_lack_what_is_withheld_and_say_so() {
    let house = withholding();
    for (path, body) in bodies() {
        for stream in ["", r#","stream":true"#] {
            let body = body.replace("STREAM", stream);
            for headers in [vec![REASONS], vec![REASONS, ("x-stand-in-write-bytes", "7")]] {
                let answer = house.ask(ACME, path, &headers, &body);
                let text = answer.text().to_owned();
                assert_eq!(answer.status(), 200, "{path}: {text}");
                assert!(!text.contains(THOUGHT) && !text.contains("\"logprob\""), "{path}: {text}");
                assert!(!text.contains("\"index\":2"), "{path}: one choice: {text}");
                assert_eq!(answer.head.get("weir-rule"), Some("measure/withhold"), "{path}");
                let notice = answer.head.get("weir-notice").unwrap();
                for words in ["withholds reasoning", "observed", "Measure s-", "Appeal: https://weir.example"] {
                    assert!(notice.contains(words), "{notice}");
                }
            }
        }
    }
    // Nobody else's.
    let [(path, body), ..] = bodies();
    let theirs = house.ask(NORWIND, path, &[REASONS], &body.replace("STREAM", ""));
    assert!(theirs.text().contains(THOUGHT) && theirs.text().contains("\"logprob\""));
    assert_eq!(told(&theirs)["choices"].as_array().unwrap().len(), 3);
    assert_eq!(theirs.head.get("weir-notice"), None);
}

#[test]
fn one_choice_is_asked_for_and_what_was_used_is_told_and_settled() {
    let house = withholding();
    let body = bodies()[0].1.replace("STREAM", "");
    let answer = house.ask(ACME, "/v1/chat/completions", &[REASONS], &body);
    let usage = &told(&answer)["usage"];
    assert!(usage["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0, "{usage}");
    let sent = house.stand_in.requests().pop().unwrap();
    assert_eq!(String::from_utf8(sent.body.to_vec()).unwrap(), body.replace("\"n\":3", "\"n\":1"));
    let settled = house.recorder.until_settled(1).1;
    assert_eq!(settled[0].usage.output_tokens, usage["completion_tokens"].as_u64());
    assert!(!settled[0].truncated);
}

#[test]
fn a_stream_is_the_same_however_it_is_cut() {
    let house = withholding();
    for (path, body) in bodies() {
        let body = body.replace("STREAM", r#","stream":true"#);
        let whole = house.ask(ACME, path, &[REASONS], &body).text().to_owned();
        for cut in ["1", "2", "5", "13", "64"] {
            let answer = house.ask(ACME, path, &[REASONS, ("x-stand-in-write-bytes", cut)], &body);
            assert_eq!(answer.text(), whole, "{path} in writes of {cut}");
        }
    }
}

#[test]
fn a_measure_taken_in_mid_stream_cuts_and_the_next_try_is_served() {
    let mut house = house();
    let mut caller = house.caller();
    let silent = [REASONS, ("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", "3")];
    caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &silent, streamed_chat("fable-5").as_bytes()));
    let head = caller.head();
    let mut waiting = house.caller();
    let hangs = [("x-stand-in-hang", "1")];
    waiting.send(&request("POST", "/v1/chat/completions", Some(ACME), &hangs, chat("fable-5").as_bytes()));
    house.stand_in.wait_until(std::time::Duration::from_secs(10), |counts| counts.in_flight == 2).unwrap();
    assert_eq!(withhold(&mut house).cut, 2);
    let rest = String::from_utf8(caller.body(&head).0).unwrap();
    assert!(rest.ends_with("\n\n") && rest.contains("measure_taken") && rest.contains("measure/withhold"), "{rest}");
    let refused = waiting.answer();
    assert_eq!((refused.status(), refused.head.get("retry-after")), (503, Some("0")), "clients try again by themselves");
    assert!(!house.chat(ACME, "fable-5").text().contains(THOUGHT));
    // What began under it ends under it, and its end cuts nothing.
    let mut caller = house.caller();
    caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &silent, streamed_chat("fable-5").as_bytes()));
    caller.head();
    assert_eq!(withhold(&mut house).cut, 0);
}

#[test]
fn an_answer_that_cannot_be_read_is_not_passed_on() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    withhold(&mut house);
    let secret = "hush-hush";
    for (head, body) in [
        ("content-type: application/json", r#"{"choices":[{"index":0,"message":{"reasoning":"hush-hush"}}]"#),
        ("content-type: application/json\r\ncontent-encoding: gzip", "hush-hush"),
        ("content-type: text/plain", "hush-hush"),
        ("content-type: application/json", r#"{"choices":[{"index":0,"index":1,"message":{"content":"hush-hush"}}]}"#),
        ("content-type: text/event-stream\r\ncontent-encoding: br", "data: hush-hush\n\n"),
    ] {
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], chat("tapped-5").as_bytes()));
        let mut upstream = next_post(&tap);
        assert!(upstream.head.to_ascii_lowercase().contains("accept-encoding: identity"));
        upstream.say(format!("HTTP/1.1 200 OK\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        let answer = caller.answer();
        let text = answer.text().to_owned();
        assert_eq!((answer.status(), answer.head.get("weir-rule")), (502, Some("measure/withhold")), "{text}");
        assert!(text.contains("answer_unreadable") && !text.contains(secret), "{text}");
    }
    // In a stream what was good is told, then why there is no more.
    let good = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"good\",\"reasoning\":\"hush-hush\"}}]}\n\n";
    let bad = "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"hush-hush\"]}\n\n";
    let mut caller = house.caller();
    caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], streamed_chat("tapped-5").as_bytes()));
    let mut upstream = next_post(&tap);
    upstream.say(format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{good}{bad}"));
    let head = caller.head();
    let text = String::from_utf8(caller.body(&head).0).unwrap();
    assert!(text.contains("good") && text.contains("answer_unreadable") && !text.contains(secret), "{text}");
    let told = house.recorder.until_settled(6).1;
    assert!(told.last().unwrap().truncated, "{told:?}");
}

/// What cannot be read is withheld by whom it says: rules, a measure, or both.
#[test]
fn an_answer_that_cannot_be_read_names_what_withholds() {
    let mut house = house();
    let tap = Tap::open();
    house.serve_from("tapped-5", &tap.base_url());
    let rule = |id: &str, parts: &str| PolicyText {
        id: id.to_owned(),
        cedar: format!("@withhold(\"{parts}\") permit (principal, action == Weir::Action::\"use\", resource);"),
    };
    let unread = |house: &House, is_stream: bool| {
        let (body, kind) = match is_stream {
            true => (streamed_chat("tapped-5"), "text/event-stream"),
            false => (chat("tapped-5"), "application/json"),
        };
        let mut caller = house.caller();
        caller.send(&request("POST", "/v1/chat/completions", Some(ACME), &[], body.as_bytes()));
        let mut upstream = next_post(&tap);
        let bad = "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"hush-hush\"]}\n\n";
        upstream.say(format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{bad}", bad.len()));
        let answer = caller.answer();
        let (text, rule) = (answer.text().to_owned(), answer.head.get("weir-rule").unwrap().to_owned());
        assert!(text.contains("answer_unreadable") && !text.contains("hush-hush"), "{text}");
        (text, rule)
    };
    house.change(|scene| scene.rules(vec![rule("own/terse", "logprobs"), rule("own/quiet", "reasoning")]));
    for is_stream in [false, true] {
        let (text, header) = unread(&house, is_stream);
        assert_eq!(header, "own/quiet");
        assert!(text.contains("the rules withhold parts of it") && text.contains("Rules own/quiet, own/terse"), "{text}");
        assert!(!text.contains("measure"), "{text}");
    }
    withhold(&mut house);
    for is_stream in [false, true] {
        let (text, header) = unread(&house, is_stream);
        assert_eq!(header, "measure/withhold");
        assert!(text.contains("a measure and the rules withhold parts of it"), "{text}");
        assert!(text.contains("Rules measure/withhold, own/quiet, own/terse"), "{text}");
    }
    let removed = vec!["own/quiet".to_owned(), "own/terse".to_owned()];
    house.change(|scene| {
        let public = public::RulesSet { part: 1, of: 1, policies: Vec::new(), removed };
        scene.act("rules", Act::RulesSet(Parts { public, private: None }));
    });
    let (text, _) = unread(&house, false);
    assert!(text.contains("a measure withholds parts of it") && text.contains("Rule measure/withhold"), "{text}");
    assert!(!text.contains("own/"), "{text}");
}

#[test]
fn errors_of_the_model_server_pass() {
    let house = withholding();
    let answer = house.ask(ACME, "/v1/chat/completions", &[("x-stand-in-status", "422")], &chat("fable-5"));
    assert_eq!(answer.status(), 422);
    assert!(answer.text().contains("as asked"));
}

/// What a rule of the permit names is taken out, of several all together; what
/// none names stays, and whom no such rule permits gets everything.
#[test]
fn a_rule_that_permits_may_withhold_what_it_names() {
    let mut house = house();
    let rule = |id: &str, parts: &str| PolicyText {
        id: id.to_owned(),
        cedar: format!(
            "@withhold(\"{parts}\") permit (principal, action == Weir::Action::\"use\", resource == Weir::Model::\"fable-5\");"
        ),
    };
    house.change(|scene| scene.rules(vec![rule("own/quiet", "reasoning")]));
    let [(path, chat_body), ..] = bodies();
    for stream in ["", r#","stream":true"#] {
        let body = chat_body.replace("STREAM", stream);
        let answer = house.ask(ACME, path, &[REASONS, ("x-stand-in-write-bytes", "7")], &body);
        let text = answer.text().to_owned();
        assert_eq!((answer.status(), answer.head.get("weir-rule")), (200, Some("own/quiet")), "{text}");
        let notice = answer.head.get("weir-notice").unwrap();
        assert!(notice.contains("withhold from these answers: reasoning. Rule own/quiet"), "{notice}");
        assert!(!text.contains(THOUGHT) && text.contains("\"logprob\"") && text.contains("\"index\":2"), "{text}");
        // The other model is permitted by its stage alone.
        let other = house.ask(ACME, path, &[REASONS], &body.replace("fable-5", "atlas-5"));
        assert_eq!((other.status(), other.head.get("weir-notice")), (200, None));
        assert!(other.text().contains(THOUGHT), "{}", other.text());
    }

    // One more while a stream is under way: what it takes out cannot begin there.
    let mut caller = house.caller();
    let silent = [REASONS, ("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", "3")];
    caller.send(&request("POST", path, Some(ACME), &silent, streamed_chat("fable-5").as_bytes()));
    let head = caller.head();
    let swept = house.change(|scene| scene.rules(vec![rule("own/terse", "logprobs, choices")]));
    assert_eq!(swept.cut, 1);
    let rest = String::from_utf8(caller.body(&head).0).unwrap();
    assert!(rest.ends_with("\n\n") && rest.contains("rules_changed") && rest.contains("own/"), "{rest}");
    let body = chat_body.replace("STREAM", r#","stream":true"#);
    let answer = house.ask(ACME, path, &[REASONS], &body);
    let text = answer.text().to_owned();
    assert!(!text.contains(THOUGHT) && !text.contains("\"logprob\"") && !text.contains("\"index\":2"), "{text}");
    let notice = answer.head.get("weir-notice").unwrap();
    assert!(notice.contains("reasoning, log-probabilities, choices beyond the first. Rules own/quiet, own/terse."), "{notice}");
    // Fewer by the rules cut nothing that is under way.
    let mut caller = house.caller();
    caller.send(&request("POST", path, Some(ACME), &silent, streamed_chat("fable-5").as_bytes()));
    caller.head();
    let swept = house.change(|scene| {
        let removed = vec!["own/terse".to_owned()];
        let public = public::RulesSet { part: 1, of: 1, policies: Vec::new(), removed };
        scene.act("rules", Act::RulesSet(Parts { public, private: None }));
    });
    assert_eq!(swept.cut, 0);
    let answer = house.ask(ACME, path, &[REASONS], &body);
    assert!(answer.text().contains("\"logprob\"") && !answer.text().contains(THOUGHT), "{}", answer.text());
}
