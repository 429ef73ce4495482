//! The compiled directive is the plain reading, on random conditions, claims,
//! levels, absences, exceptions and ways to answer unknown.

use std::sync::Arc;

use proptest::prelude::*;
use weir_acts::Time;
use weir_acts::claims::Claims;
use weir_acts::directive::{Answer, DirectiveText, Exception, Unknown};
use weir_acts::facts::Facts;
use weir_acts::words::Stage;

use super::{denies_unknown, policies, reading, unreadable};
use crate::condition::tests::{kinds, statements, texts};
use crate::condition::{Condition, Three};
use crate::entities::{Known, ModelFacts, Populations};
use crate::policies::{Bucket, Outcome};
use crate::rule::{Origin, RuleInForce};
use crate::scene::directive;
use crate::schema::{MODEL, uid};

const NOW: Time = Time::from_millis(5_000);

fn rules(text: &DirectiveText, at: Time) -> Vec<RuleInForce> {
    let all = r#"permit (principal, action, resource);"#.into();
    let mut rules = vec![RuleInForce::read(&"all".into(), &all, Origin::Rule, 0).unwrap()];
    for policy in policies(text, &kinds(), at).unwrap() {
        rules.push(RuleInForce::read(&policy.id, &policy.cedar, policy.origin, rules.len()).unwrap());
    }
    rules
}

/// The ids that decide, of `model`, for someone with `claims` and `lists`.
fn decided(rules: &[RuleInForce], model: &str, claims: &Claims, lists: &[Arc<str>]) -> Vec<String> {
    let model = ModelFacts { name: model.into(), uid: uid(MODEL, model).unwrap(), list: None, oldest: false };
    let bucket = Bucket::narrowed(&model, Stage::General, rules, std::slice::from_ref(&model)).unwrap();
    let facts = Facts { claims: claims.clone(), lists: lists.to_vec(), ..Facts::default() };
    let known = Known::new(Arc::new(facts), Arc::default());
    match bucket.evaluate(&known, &Populations::new(Arc::default())) {
        Outcome::Determined(positions) => positions.iter().map(|position| rules[*position].id.to_string()).collect(),
        Outcome::Failed(problem) => panic!("{problem}"),
    }
}

fn unknowns() -> impl Strategy<Value = Unknown> {
    prop_oneof![
        Just(Unknown::Deny),
        Just(Unknown::Allow),
        (4_999i64..5_002).prop_map(|until| Unknown::AllowUntil(Time::from_millis(until))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]
    #[test]
    fn compiled_equals_the_plain_reading(
        forbid in texts(),
        said in statements(),
        min_level in 0u8..4,
        unknown in unknowns(),
        excepted in prop::collection::vec(prop::sample::select(vec!["mythos-5", "fable-5"]), 0..2),
        on_list: bool,
        model in prop::sample::select(vec!["mythos-5", "fable-5", "atlas-5"]),
    ) {
        let mut text = directive("d1", &["mythos-5", "fable-5"], &forbid);
        text.min_level = min_level;
        text.unknown = unknown;
        text.except = vec![Exception {
            list: "appendix \"a\".csv".into(),
            models: excepted.iter().map(|model| (*model).to_owned()).collect(),
        }];
        let claims = Claims::from_iter(said);
        let list: Arc<str> = text.except[0].list_id("d1").into();
        let lists = if on_list { vec![list] } else { vec![] };
        let condition = Condition::parse(&forbid, &kinds()).unwrap();
        let expected = match reading(&text, &condition, &claims, &lists, model) {
            Three::True => "d1/named",
            Three::Unknown if denies_unknown(unknown, NOW) => "d1/unknown",
            Three::Unknown | Three::False => "all",
        };
        prop_assert_eq!(decided(&rules(&text, NOW), model, &claims, &lists), [expected]);
    }
}

#[test]
fn annotations_tell_the_denied_why_and_what_next() {
    let mut text = directive("d1", &["mythos-5"], "principal.us_person == false || principal.age < 18");
    text.answer = Answer::Fallback;
    let plain = rules(&text, NOW);
    assert_eq!(plain[1].reason, "Access to this model is limited by order of an authority");
    assert_eq!(plain[1].citation.as_deref(), Some("Rule 7(b)"));
    assert_eq!(plain[2].next, "Have the operator verify what it depends on: age, us_person");
    assert_eq!(plain[2].origin, Origin::Unknown { fallback: true });
    text.notice = Some("Closed \"for now\" \\ by order.\u{7}.".into());
    assert_eq!(rules(&text, NOW)[1].reason, "Closed \"for now\" \\ by order.\u{7}");
}

#[test]
fn a_condition_that_cannot_be_read_closes_its_models() {
    let text = directive("d1", &["mythos-5"], "principal.unheard_of == 1");
    policies(&text, &kinds(), NOW).unwrap_err();
    let policy = unreadable(&text).unwrap();
    let all = r#"permit (principal, action, resource);"#.into();
    let rules = [
        RuleInForce::read(&"all".into(), &all, Origin::Rule, 0).unwrap(),
        RuleInForce::read(&policy.id, &policy.cedar, policy.origin, 1).unwrap(),
    ];
    assert_eq!(decided(&rules, "mythos-5", &Claims::default(), &[]), ["d1/named"]);
    assert_eq!(decided(&rules, "atlas-5", &Claims::default(), &[]), ["all"]);
}

#[test]
fn a_directive_without_models_forbids_nothing() {
    let text = directive("d1", &[], "true");
    assert!(policies(&text, &kinds(), NOW).unwrap().is_empty());
    assert!(unreadable(&text).is_none());
}
