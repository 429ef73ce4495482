//! Limits as callers meet them: on requests, tokens, concurrency and spend, of
//! accounts, parties, stages and rules; what is taken and given back.

use weir_acts::act::PolicyText;
use weir_acts::id::LogId;
use weir_acts::limits::Limits;
use weir_acts::words::Stage;

use crate::caller::{Answer, Caller, request};
use crate::house::{ACME, House, NORWIND, QUIET, chat, house, streamed_chat};

pub(crate) const CHAT: &str = "/v1/chat/completions";

/// Limits as they are written in a log.
fn limits(json: &str) -> Limits {
    serde_json::from_str(json).unwrap()
}

/// Whose limits a test sets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of {
    Account,
    Party,
    Stage,
}

pub(crate) fn set(house: &mut House, of: Of, json: &str) {
    let (party, account, _) = house.accounts[ACME];
    let limits = limits(json);
    house.change(|scene| match of {
        Of::Account => scene.limit(&account.to_string(), None, limits),
        Of::Party => scene.limit(&party.to_string(), None, limits),
        Of::Stage => scene.limit(&LogId::from_bytes([0; 10]).to_string(), Some(Stage::General), limits),
    });
}

fn pass(house: &House, millis: i64) {
    house.clock.set(house.clock_now().plus_millis(millis));
}

fn refused(answer: &Answer, rule: &str) -> String {
    assert_eq!(answer.status(), 429, "{}", answer.text());
    assert_eq!(answer.head.get("weir-rule"), Some(rule), "{}", answer.text());
    assert!(answer.head.get("weir-decision").is_some());
    assert!(answer.head.get("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    let error = &answer.json()["error"];
    assert_eq!(error["type"], "rate_limit_error");
    error["message"].as_str().unwrap().to_owned()
}

#[test]
fn each_scope_counts_requests_and_gives_them_back_in_time() {
    for (of, rule, who) in [
        (Of::Account, "limit/account", "this account"),
        (Of::Party, "limit/party", "this party"),
        (Of::Stage, "limit/stage", "everybody together at stage `general`"),
    ] {
        let mut house = house();
        set(&mut house, of, r#"{"requests":["2/min"]}"#);
        for _ in 0..2 {
            assert_eq!(house.chat(ACME, "atlas-5").status(), 200);
        }
        let told = refused(&house.chat(ACME, "fable-5"), rule);
        assert!(told.contains("2 requests a minute") && told.contains(who), "{told}");
        let claude = house.ask(ACME, "/v1/messages", &[], r#"{"model":"atlas-5","max_tokens":9,"messages":[]}"#);
        assert_eq!((claude.status(), claude.json()["type"].as_str()), (429, Some("error")));
        // Others are held to a stage's limit alone, and a stage's to its stage.
        let is_stage = matches!(of, Of::Stage);
        assert_eq!(house.chat(QUIET, "atlas-5").status(), if is_stage { 429 } else { 200 });
        assert_eq!(house.chat(ACME, "mythos-5").status(), if is_stage { 200 } else { 429 });
        pass(&house, 59_000);
        assert_eq!(house.chat(ACME, "atlas-5").status(), 429, "not within the minute");
        pass(&house, 4_000);
        assert_eq!(house.chat(ACME, "atlas-5").status(), 200);
        assert_eq!(house.metric("weir_requests_in_flight"), 0);
    }
}

#[test]
fn what_one_scope_refuses_no_other_counts() {
    let mut house = house();
    set(&mut house, Of::Account, r#"{"requests":["3/min"]}"#);
    set(&mut house, Of::Stage, r#"{"requests":["1/min"]}"#);
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200);
    for _ in 0..9 {
        refused(&house.chat(ACME, "atlas-5"), "limit/stage");
    }
    for _ in 0..2 {
        assert_eq!(house.chat(ACME, "mythos-5").status(), 200, "the account has two left");
    }
    refused(&house.chat(ACME, "mythos-5"), "limit/account");
}

#[test]
fn limits_end_when_they_are_lifted_and_hold_where_they_change() {
    let mut house = house();
    set(&mut house, Of::Account, r#"{"requests":["1/day"]}"#);
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200);
    assert_eq!(house.chat(ACME, "atlas-5").status(), 429);
    set(&mut house, Of::Account, r#"{"requests":["2/day"]}"#);
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200, "one of two was taken before");
    assert_eq!(house.chat(ACME, "atlas-5").status(), 429);
    set(&mut house, Of::Account, "{}");
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200);
}

#[test]
fn a_rule_limits_what_it_permits() {
    let mut house = house();
    let cedar = r#"@id("own/slow") @reason("Slow") @limit_requests("1/min") permit (principal, action == Weir::Action::"use", resource) when { resource.stage == "general" };"#;
    house.change(|scene| scene.rules(vec![PolicyText { id: "own/slow".into(), cedar: cedar.into() }]));
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200);
    let told = refused(&house.chat(ACME, "fable-5"), "own/slow");
    assert!(told.contains("each account under this rule"), "{told}");
    assert_eq!(house.chat(NORWIND, "atlas-5").status(), 200, "each account by itself");
    assert_eq!(house.chat(ACME, "mythos-5").status(), 200, "another rule permits that");
}

/// Asks from 64 connections at once; how each was answered.
fn at_once(house: &House, times: usize, headers: &[(&str, &str)], body: &str) -> Vec<Answer> {
    let ask = || {
        let mut caller = house.caller();
        let bytes = request("POST", CHAT, Some(ACME), headers, body.as_bytes());
        (0..times).map(|_| caller.ask(&bytes)).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..64).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn served(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status() == 200).count()
}

#[test]
fn sixty_four_at_once_reach_each_limit_of_requests_and_pass_none() {
    for of in [Of::Account, Of::Party, Of::Stage] {
        let mut house = house();
        set(&mut house, of, r#"{"requests":["100/min","130/day"]}"#);
        assert_eq!(served(&at_once(&house, 4, &[], &chat("atlas-5"))), 100, "{of:?}");
        pass(&house, 63_000);
        assert_eq!(served(&at_once(&house, 2, &[], &chat("atlas-5"))), 30, "{of:?}: the day's");
        assert_eq!(house.stand_in.counts().received, 130, "no other went upstream");
    }
}

#[test]
fn sixty_four_at_once_never_overshoot_tokens_or_spend() {
    let body = r#"{"model":"atlas-5","max_tokens":20,"messages":[{"role":"user","content":"hello"}]}"#;
    for (json, most, weight) in [(r#"{"tokens":["3000/min"]}"#, 3_000, 1), (r#"{"spend":["9000/day"]}"#, 9_000, 3)] {
        let mut house = house();
        let model = house.models["atlas-5"];
        house.change(|scene| scene.meter(model, Some(weight), None));
        set(&mut house, Of::Party, json);
        let mut answers = at_once(&house, 3, &[], body);
        // What was reserved for an answer and not used was given back: one
        // after the other reaches the limit to within one worst case.
        while answers.last().is_none_or(|last| last.status() == 200) || answers.len() <= 192 {
            answers.push(house.ask(ACME, CHAT, &[], body));
        }
        let tokens: u64 = answers
            .iter()
            .filter(|answer| answer.status() == 200)
            .map(|answer| {
                let usage = &answer.json()["usage"];
                usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap()
            })
            .sum();
        assert!(tokens * weight <= most, "{tokens} tokens of weight {weight} under {json}");
        let worst = (body.len() as u64 + 20) * weight;
        assert!(most - tokens * weight < worst, "{tokens} tokens of weight {weight} under {json}");
    }
}

#[test]
fn sixty_four_at_once_share_the_seats_there_are() {
    for of in [Of::Account, Of::Party, Of::Stage] {
        let mut house = house();
        set(&mut house, of, r#"{"concurrent":8}"#);
        for round in 0..3 {
            let silent = [("x-stand-in-chunks", "9"), ("x-stand-in-silent-after", "3")];
            let bytes = request("POST", CHAT, Some(ACME), &silent, streamed_chat("atlas-5").as_bytes());
            let ask = || {
                let mut caller = house.caller();
                caller.send(&bytes);
                let status = caller.head().status;
                (caller, status)
            };
            let asked: Vec<(Caller, u16)> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..64).map(|_| scope.spawn(ask)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let seated = asked.iter().filter(|(_, status)| *status == 200).count();
            assert_eq!(seated, 8, "{of:?}, round {round}");
            assert!(asked.iter().all(|(_, status)| [200, 429].contains(status)));
            assert_eq!(house.stand_in.counts().in_flight, 8);
            drop(asked);
            house.until_nothing_is_in_flight();
        }
    }
}

#[test]
fn who_waits_for_its_answer_before_it_asks_again_never_lacks_its_one_seat() {
    let mut house = house();
    set(&mut house, Of::Account, r#"{"concurrent":1}"#);
    for body in [chat("atlas-5"), streamed_chat("atlas-5")] {
        for turn in 0..200 {
            // Each on a connection of its own: only the answer's end tells.
            let answer = house.ask(ACME, CHAT, &[], &body);
            assert_eq!(answer.status(), 200, "turn {turn}: {}", answer.text());
        }
    }
}

#[test]
fn a_request_that_can_never_fit_is_told_so_once() {
    let mut house = house();
    set(&mut house, Of::Account, r#"{"tokens":["500/min"]}"#);
    let large = r#"{"model":"atlas-5","max_tokens":1000,"messages":[]}"#;
    let answer = house.ask(ACME, CHAT, &[], large);
    let told = refused(&answer, "limit/account");
    assert!(told.contains("more than this account is ever allowed: 500 tokens a minute"), "{told}");
    assert_eq!(answer.head.get("x-should-retry"), Some("false"), "official clients give up");
    // Where nobody says how long an answer may be, it takes the whole limit.
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200);
    assert_eq!(house.stand_in.counts().received, 1);
}

#[test]
fn the_models_caps_bound_what_is_reserved() {
    let mut house = house();
    let model = house.models["atlas-5"];
    set(&mut house, Of::Account, r#"{"tokens":["5000/day"]}"#);
    let image = r#"{"model":"atlas-5","max_tokens":10,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.org/a.png"}}]}]}"#;
    house.change(|scene| scene.meter(model, None, Some(8_000)));
    let told = refused(&house.ask(ACME, CHAT, &[], image), "limit/account");
    assert!(told.contains("8010 tokens"), "{told}");
    house.change(|scene| scene.meter(model, None, Some(3_000)));
    assert_eq!(house.ask(ACME, CHAT, &[], image).status(), 200);
}

#[test]
fn a_throttle_slows_down_and_says_so() {
    let mut house = house();
    let (party, account, _) = house.accounts[ACME];
    let mut measure = None;
    house.change(|scene| measure = Some(scene.throttle(&account.to_string(), limits(r#"{"requests":["2/min"]}"#))));
    let measure = measure.unwrap().to_string();
    set(&mut house, Of::Account, r#"{"requests":["100/min"],"concurrent":9}"#);
    for _ in 0..2 {
        let answer = house.chat(ACME, "atlas-5");
        assert_eq!((answer.status(), answer.head.get("weir-rule")), (200, Some("measure/throttle")));
        let notice = answer.head.get("weir-notice").unwrap();
        assert!(notice.contains("slows") && notice.contains(&measure) && notice.contains("Appeal: "), "{notice}");
        assert!(notice.contains("observed"), "{notice}");
    }
    let words = [
        "slows this account down to 2 requests a minute",
        &format!("Measure {measure}: observed"),
        "Try again in",
        "https://weir.example/access/v1/appeals, answered by 14 days",
    ];
    // The one API's refusal and the other's say the same.
    let told = refused(&house.chat(ACME, "atlas-5"), "measure/throttle");
    let messages = house.ask(ACME, "/v1/messages", &[], r#"{"model":"atlas-5","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#);
    assert_eq!(messages.json()["type"], "error", "{}", messages.text());
    let others = refused(&messages, "measure/throttle");
    for words in words {
        assert!(told.contains(words) && others.contains(words), "{words}: {told}: {others}");
    }
    // Without a word, the default.
    house.change(|scene| {
        scene.measure(&party.to_string(), weir_acts::words::MeasureKind::Throttle);
    });
    pass(&house, 600_000);
    let served = (0..9).filter(|_| house.chat(ACME, "atlas-5").status() == 200).count();
    assert_eq!(served, 2, "the account's is the stricter");
    assert_eq!(house.chat(QUIET, "atlas-5").head.get("weir-notice"), None);
}

#[test]
fn what_a_throttle_never_allows_is_refused_in_its_name() {
    let mut house = house();
    let (party, _, _) = house.accounts[ACME];
    let mut measure = None;
    house.change(|scene| measure = Some(scene.throttle(&party.to_string(), limits(r#"{"tokens":["20/day"]}"#))));
    let answer = house.ask(ACME, CHAT, &[], r#"{"model":"atlas-5","max_tokens":900,"messages":[]}"#);
    let told = refused(&answer, "measure/throttle");
    let named = format!("Measure {}: observed", measure.unwrap());
    for words in ["more than is ever allowed", "slows this party down to 20 tokens a day", &named, "Appeal: ", "answered by"] {
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(answer.head.get("x-should-retry"), Some("false"));
}

#[test]
fn without_limits_nothing_is_counted() {
    let house = house();
    assert_eq!(house.chat(ACME, "atlas-5").status(), 200);
    assert!(house.gateway.take_changed_limits().is_empty());
    assert_eq!(house.metric("weir_limits_counted"), 0);
}
