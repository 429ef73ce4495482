//! What an auditor with openings and records can check beside.

use serde_json::json;
use weir_acts::Value;
use weir_acts::act::{Act, Parts, public};
use weir_rules::base_rules;

use super::log::{ACCOUNT, KEY, Log, ORDER};
use crate::audit::{Bundle, Report};

/// A log in which everything that a ruling can be was ruled.
fn decided() -> Log {
    let mut log = Log::populated(base_rules());
    log.decide(0, "mythos-5");
    log.decide(0, "no-such-model");
    log.claim("us_person", Value::Bool(false));
    log.decide(0, "mythos-5");
    log.order(Some(10_000));
    log.decide(9_999, "mythos-5");
    log.decide(10_000, "mythos-5");
    log.decide(10_000, "mythos-4");
    log.now = log.now.plus_millis(20_000);
    log.act(&ACCOUNT, Act::AccountSuspend(Parts { public: public::AccountSuspend {}, private: None }));
    log.decide(0, "mythos-4");
    log
}

#[test]
fn decisions_are_computed_again_on_the_acts_and_at_the_time_they_were_made_on() {
    let log = decided();
    let rulings: Vec<&str> = log.decisions.iter().map(|decision| decision["ruling"].as_str().unwrap()).collect();
    assert_eq!(rulings, ["permit", "missing", "permit", "permit", "fallback", "permit", "deny"]);
    let report = log.audited(&log.bundle());
    assert!(report.good, "{:#?}", report.lines());
    assert_eq!((report.decisions.same, report.opened), (7, log.openings.len() as u64));
    assert!(report.unseen.is_empty() && report.decisions.left_out.is_empty(), "{report:?}");
    assert!(report.lines().contains(&"7 decisions computed again, the same".to_owned()));
}

#[test]
fn every_forged_field_of_a_decision_is_named() {
    for (decision, field, forged) in [
        (0, "ruling", json!("deny")),
        (4, "ruling", json!("permit")),
        (4, "served_model", json!("mythos-5")),
        (4, "rules", json!(["order/unknown"])),
        (4, "stage", json!("open")),
        (3, "time", json!("1970-01-01T00:20:00.000Z")),
        (6, "tree_size", json!(19)),
        (0, "party", json!("p-99999999999999999999")),
        (0, "account", json!("a-99999999999999999999")),
        (0, "key", json!("k-99999999999999999999")),
        (1, "model", json!("mythos-5")),
    ] {
        let mut log = decided();
        log.decisions[decision][field] = forged;
        let report = log.audited(&log.bundle());
        assert!(!report.good, "{decision} {field}");
        let [differing] = &report.decisions.differing[..] else { panic!("{field}: {report:?}") };
        assert_eq!(differing.id, log.decisions[decision]["id"], "{field}");
        let line = format!("WRONG: decision {}: recorded ", differing.id);
        assert!(report.lines().iter().any(|told| told.starts_with(&line)), "{:?}", report.lines());
    }
}

#[test]
fn a_decision_by_a_revoked_key_is_named() {
    let mut log = Log::populated(base_rules());
    log.act(&ACCOUNT, Act::KeyRevoke(Parts { public: public::KeyRevoke { key: KEY }, private: None }));
    log.decide(0, "mythos-5");
    let report = log.audited(&log.bundle());
    assert_eq!(report.decisions.differing[0].computed, "the key was revoked");
}

#[test]
fn what_cannot_be_computed_is_told_apart_from_what_differs() {
    let mut log = decided();
    let listing = log.decide(0, "mythos-5");
    log.decisions[listing].as_object_mut().unwrap().remove("model");
    let asserted = log.decide(0, "mythos-5");
    log.decisions[asserted]["person"] = json!("issuer#sub");
    let early = log.decide(0, "mythos-5");
    log.decisions[early]["tree_size"] = json!(0);
    let late = log.decide(0, "mythos-5");
    log.decisions[late]["tree_size"] = json!(1_000);
    let report = log.audited(&log.bundle());
    assert!(report.good && report.decisions.same == 7, "{report:?}");
    let mut reasons: Vec<&str> = report.decisions.left_out.keys().map(String::as_str).collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            "it listed models",
            "it names a tree that had no acts",
            "it rested on a person's assertion whose claims were not recorded",
            "the log was not folded as far as it was made on",
        ]
    );
}

/// An erased claim must not make an honest operator look like a forger.
#[test]
fn what_was_not_opened_accuses_nobody() {
    let mut log = decided();
    let text = |entry: &[u8]| std::str::from_utf8(entry).unwrap().contains("\"kind\":\"claim.add\"");
    let act = log.entries.iter().position(|entry| text(entry)).unwrap() as u64;
    log.openings.remove(&act).unwrap();
    let report = log.audited(&log.bundle());
    assert!(report.good, "{report:?}");
    assert_eq!(report.unseen, [("claim.add".to_owned(), 1)].into());
    let left_out: Vec<u64> = report.decisions.left_out.values().copied().collect();
    assert_eq!((report.decisions.same, left_out), (6, vec![1]));
    assert!(report.decisions.left_out.keys().all(|why| why.contains("not opened")));
}

fn wrongly_opened(log: &Log, bundle: &Bundle, act: u64, why: &str) -> Report {
    let report = log.audited(bundle);
    let problem = report.problem.clone().unwrap();
    assert!(!report.good && problem.act == act && problem.why.contains(why), "{problem:?}");
    report
}

#[test]
fn an_opening_of_something_else_is_named() {
    let log = decided();
    let whole = log.bundle();
    for (act, opening) in &log.openings {
        let mut bundle = whole.clone();
        bundle.openings.get_mut(act).unwrap().salt[31] ^= 1;
        wrongly_opened(&log, &bundle, *act, "does not match the commitment");
        let mut bundle = whole.clone();
        bundle.openings.get_mut(act).unwrap().bytes[opening.bytes.len() / 2] ^= 1;
        wrongly_opened(&log, &bundle, *act, "does not match the commitment");
    }
    let any = log.openings.values().next().unwrap();
    let mut bundle = whole.clone();
    bundle.openings.insert(0, any.clone());
    wrongly_opened(&log, &bundle, 0, "commits to none");
    let mut bundle = whole;
    let size = log.entries.len() as u64;
    bundle.openings.insert(size, any.clone());
    wrongly_opened(&log, &bundle, size, "the log has no such act");
}

#[test]
fn openings_are_checked_where_acts_can_no_longer_be_folded() {
    let mut log = Log::with_order();
    let act = log.entries.len();
    let lift = public::DirectiveLift { by: "an authority".into() };
    log.act(&ORDER, Act::DirectiveLift(Parts { public: lift, private: None }));
    let text = String::from_utf8(log.entries[act].clone()).unwrap();
    log.entries[act] = text.replacen("directive.lift", "directive.loft", 1).into_bytes();
    log.claim("us_person", Value::Bool(true));
    let last = act as u64 + 1;
    let mut bundle = log.bundle();
    let report = log.audited(&bundle);
    assert!(report.good && report.opened == log.openings.len() as u64, "{report:?}");
    bundle.openings.get_mut(&last).unwrap().salt[0] ^= 1;
    wrongly_opened(&log, &bundle, last, "does not match the commitment");
}
