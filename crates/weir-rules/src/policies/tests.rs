//! Decisions: every cell of the stage table, what a denial names, and the
//! index held equal to the full set.

mod index;
mod stages;

use std::sync::Arc;

use weir_acts::act::PolicyText;
use weir_acts::directive::{Answer, Exception, ListRows, Unknown};
use weir_acts::id::AccountId;
use weir_acts::words::{MeasureKind, Stage};
use weir_acts::{Digest, Value};

use super::{Alarm, Policies};
use crate::base::base_rules;
use crate::decision::{Effect, Verdict, Withheld};
use crate::scene::{Scene, directive};
use crate::snapshot::Snapshot;

fn scene() -> Scene {
    Scene::new(base_rules())
}

fn decide(scene: &Scene, account: AccountId, model: &str) -> Arc<Verdict> {
    let snapshot = Snapshot::of(&scene.world).unwrap();
    let class = snapshot.view().class(account).unwrap();
    snapshot.decide(class, model)
}

fn rules_of(verdict: &Verdict) -> Vec<&str> {
    verdict.rules.iter().map(|rule| &**rule).collect()
}

#[test]
fn a_directive_cuts_those_it_names_and_its_end_restores_them() {
    let mut scene = scene();
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    let [named, unknown, clear] = ["a", "b", "c"].map(|name| scene.account(party, name));
    scene.claim(&named.to_string(), "us_person", Value::Bool(false), 1, None);
    scene.claim(&clear.to_string(), "us_person", Value::Bool(true), 1, None);
    scene.enact(directive("order-1", &["mythos-5"], "principal.us_person == false"), vec![], None);

    let verdict = decide(&scene, named, "mythos-5");
    let denial = verdict.denial.as_ref().unwrap();
    assert_eq!((verdict.effect, rules_of(&verdict)), (Effect::Deny, vec!["order-1/named"]));
    assert_eq!((&*denial.rule, denial.citation.as_deref()), ("order-1/named", Some("Rule 7(b)")));
    assert_eq!(rules_of(&decide(&scene, unknown, "mythos-5")), ["order-1/unknown"]);
    assert_eq!(rules_of(&decide(&scene, clear, "mythos-5")), ["stage/general"]);

    // An amendment that excepts the party, in the same act.
    let mut amended = directive("order-2", &["mythos-5"], "principal.us_person == false");
    amended.except = vec![Exception { list: "a.csv".into(), models: vec!["mythos-5".into()] }];
    let list = ListRows { list: "a.csv".into(), digest: Digest::of(b""), parties: vec![party] };
    let former = *scene.world.state().directives.keys().next().unwrap();
    scene.enact(amended, vec![list], Some(former));
    for account in [named, unknown, clear] {
        assert!(decide(&scene, account, "mythos-5").permits());
    }
}

#[test]
fn unknown_is_allowed_until_its_moment() {
    let mut scene = scene();
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    let account = scene.account(party, "a");
    let mut text = directive("order-1", &["mythos-5"], "principal.us_person == false");
    let until = scene.now.plus_millis(1_000);
    text.unknown = Unknown::AllowUntil(until);
    scene.enact(text, vec![], None);
    assert!(decide(&scene, account, "mythos-5").permits());
    let snapshot = Snapshot::of(&scene.world).unwrap();
    assert!(snapshot.covers(until.plus_millis(-1)) && !snapshot.covers(until));
    assert!(scene.world.advance(until).rules);
    assert_eq!(rules_of(&decide(&scene, account, "mythos-5")), ["order-1/unknown"]);
    // The past is decided as it was.
    let past = Snapshot::at_time(&scene.world, until.plus_millis(-1)).unwrap();
    let class = past.view().class(account).unwrap();
    assert!(past.decide(class, "mythos-5").permits());
}

#[test]
fn a_denial_names_directives_before_measures_and_named_before_unknown() {
    let mut scene = scene();
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    let account = scene.account(party, "a");
    scene.claim(&account.to_string(), "us_person", Value::Bool(false), 1, None);
    scene.measure(&party.to_string(), MeasureKind::Refuse);
    scene.suspend(account);
    scene.enact(directive("a-order", &["mythos-5"], "principal.age < 18"), vec![], None);
    scene.enact(directive("z-order", &["mythos-5"], "!principal.us_person"), vec![], None);
    let verdict = decide(&scene, account, "mythos-5");
    assert_eq!(rules_of(&verdict), ["a-order/unknown", "account/suspended", "measure/refuse", "z-order/named"]);
    assert_eq!(&*verdict.denial.as_ref().unwrap().rule, "z-order/named");
}

#[test]
fn fallback_only_where_every_forbid_says_so() {
    let mut scene = scene();
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    let account = scene.account(party, "a");
    scene.claim(&account.to_string(), "us_person", Value::Bool(false), 1, None);
    let mut gentle = directive("gentle", &["mythos-5"], "!principal.us_person");
    gentle.answer = Answer::Fallback;
    scene.enact(gentle, vec![], None);
    assert!(decide(&scene, account, "mythos-5").fallback);
    scene.enact(directive("strict", &["mythos-5"], "!principal.us_person"), vec![], None);
    assert!(!decide(&scene, account, "mythos-5").fallback);
}

#[test]
fn a_fallback_is_no_way_around_a_measure() {
    let mut scene = scene();
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    let account = scene.account(party, "a");
    let mut gentle = directive("gentle", &["mythos-5"], "true");
    gentle.answer = Answer::Fallback;
    scene.enact(gentle, vec![], None);
    scene.measure(&account.to_string(), MeasureKind::Refuse);
    assert!(!decide(&scene, account, "mythos-5").fallback);
}

#[test]
fn sealed_retired_and_unknown_models_are_missing_alike() {
    let mut scene = scene();
    scene.model("sealed-5", Stage::Sealed);
    let retired = scene.model("retired-5", Stage::General);
    let act = crate::scene::parts(weir_acts::act::public::ModelRetire {}, weir_acts::act::private::ModelRetire {});
    scene.act(&retired.to_string(), weir_acts::Act::ModelRetire(act));
    let party = scene.party("acme");
    let account = scene.account(party, "a");
    scene.grant(party, "sealed-5", Some("evaluation"), None);
    let missing: Vec<_> = ["sealed-5", "retired-5", "none-5"].map(|model| decide(&scene, account, model)).into();
    assert!(missing.iter().all(|verdict| verdict == &missing[0] && verdict.effect == Effect::Missing));
}

#[test]
fn a_rule_that_errs_denies_and_is_counted() {
    let mut rules = base_rules();
    // Set by hand: `weir rules set` would refuse it.
    let cedar = r#"@id("x") forbid (principal, action, resource) when { principal.us_person == true };"#;
    rules.push(PolicyText { id: "x".into(), cedar: cedar.into() });
    let mut scene = Scene::new(rules);
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    let account = scene.account(party, "a");
    let snapshot = Snapshot::of(&scene.world).unwrap();
    let class = snapshot.view().class(account).unwrap();
    let verdict = snapshot.decide(class, "mythos-5");
    assert_eq!((verdict.effect, rules_of(&verdict)), (Effect::Deny, vec!["weir/policy-error"]));
    assert_eq!(snapshot.policies().policy_errors(), 1);
}

#[test]
fn a_rule_that_is_no_policy_does_not_compile() {
    let scene = Scene::new(vec![PolicyText { id: "x".into(), cedar: "permit".into() }]);
    let error = Policies::compile(scene.world.state(), scene.now).unwrap_err();
    assert_eq!(error.rule, "x");
}

#[test]
fn what_cannot_be_enforced_raises_an_alarm() {
    let mut scene = scene();
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    let account = scene.account(party, "a");
    let unreadable = scene.enact(directive("order-1", &["mythos-5"], "principal.unheard_of"), vec![], None);
    let snapshot = Snapshot::of(&scene.world).unwrap();
    assert!(matches!(snapshot.policies().alarms(), [Alarm::Unreadable { id, .. }] if *id == unreadable));
    assert_eq!(rules_of(&decide(&scene, account, "mythos-5")), ["order-1/named"]);
}

#[test]
fn equal_classes_share_one_verdict_and_the_cache_is_bounded() {
    let mut scene = scene();
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    let [one, other] = ["a", "b"].map(|name| scene.account(party, name));
    let snapshot = Snapshot::of(&scene.world).unwrap();
    let [one, other] = [one, other].map(|account| snapshot.view().class(account).unwrap());
    assert_eq!(one, other);
    assert!(Arc::ptr_eq(&snapshot.decide(one, "mythos-5"), &snapshot.decide(other, "mythos-5")));

    let cache = super::cache::Cache::new(8);
    let verdict = Arc::new(super::verdict::missing());
    for model in 0..100 {
        cache.keep(one, model, &verdict);
        assert!(cache.len() <= 8 && cache.get(one, model).is_some());
    }
}

/// A grant's population must be definitely true, by claims of level 1 or more.
#[test]
fn a_population_admits_only_where_it_is_definitely_true() {
    for (level, value, admitted) in
        [(1, Some(true), true), (0, Some(true), false), (1, Some(false), false), (1, None, false)]
    {
        let mut scene = scene();
        let model = scene.model("mythos-5", Stage::Listed);
        let party = scene.party("acme");
        let account = scene.account(party, "a");
        scene.stage(model, Stage::Listed, &[]);
        scene.grant(party, "mythos-5", None, Some("principal.us_person"));
        if let Some(value) = value {
            scene.claim(&account.to_string(), "us_person", Value::Bool(value), level, None);
        }
        assert_eq!(decide(&scene, account, "mythos-5").permits(), admitted, "{level} {value:?}");
    }
}

/// What the rules of one permit oblige to holds together: the union of what is
/// withheld, beside a measure's, and the longest that texts are kept. Of what is
/// denied nothing is answered or kept.
#[test]
fn obligations_of_several_rules_hold_together() {
    let mut scene = scene();
    scene.model("atlas-5", Stage::General);
    let party = scene.party("acme");
    let [free, measured] = ["a", "b"].map(|name| scene.account(party, name));
    let rule = |id: &str, says: &str| PolicyText {
        id: id.to_owned(),
        cedar: format!("{says} permit (principal, action == Weir::Action::\"use\", resource == Weir::Model::\"atlas-5\");"),
    };
    scene.rules(vec![
        rule("own/a", "@withhold(\"reasoning\") @keep_text(\"2 days\")"),
        rule("own/b", "@withhold(\"logprobs,reasoning\") @keep_text(\"30 days\")"),
        rule("own/c", "@keep_text(\"9 days\")"),
    ]);
    scene.measure(&measured.to_string(), MeasureKind::Withhold);
    let verdict = decide(&scene, free, "atlas-5");
    assert_eq!(verdict.withheld().words().collect::<Vec<_>>(), ["reasoning", "logprobs"]);
    assert_eq!(verdict.keep_text, Some(30 * 86_400_000));
    let told = serde_json::to_value(&*verdict).unwrap();
    let by_rule = serde_json::json!([
        {"rule": "own/a", "parts": ["reasoning"]}, {"rule": "own/b", "parts": ["reasoning", "logprobs"]},
    ]);
    assert_eq!(told["withhold"], by_rule);
    let verdict = decide(&scene, measured, "atlas-5");
    assert_eq!(verdict.withheld(), Withheld::ALL);
    assert_eq!(verdict.withhold.last().map(|one| &*one.rule), Some("measure/withhold"));
    scene.measure(&free.to_string(), MeasureKind::Refuse);
    let denied = decide(&scene, free, "atlas-5");
    assert!(!denied.permits() && denied.withhold.is_empty() && denied.keep_text.is_none());
}
