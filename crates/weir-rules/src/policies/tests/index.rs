//! The index is the full set: on random states, rules, directives and
//! classes, a decision that looks at its model's bucket says what one that
//! looks at every rule says.

use proptest::prelude::*;
use weir_acts::act::PolicyText;
use weir_acts::directive::{Answer, Exception, ListRows, Unknown};
use weir_acts::words::{MeasureKind, Stage};
use weir_acts::{Digest, Value};

use crate::base::base_rules;
use crate::condition::tests::texts;
use crate::scene::{Scene, directive};
use crate::snapshot::Snapshot;

const MODELS: [&str; 3] = ["mythos-5", "fable-5", "atlas-5"];

/// An operator's rules, some of which narrow, some of which look at other
/// models' grants, and some of which err where a claim is absent.
const OWN: &[&str] = &[
    r#"forbid (principal, action, resource == Weir::Model::"fable-5") when { principal.measures.contains("throttle") };"#,
    r#"forbid (principal, action, resource in Weir::Model::"atlas-5") when { principal has age && principal.age < 18 };"#,
    r#"permit (principal, action, resource) when { resource in [Weir::Model::"mythos-5", Weir::Model::"atlas-5"] && principal has us_person };"#,
    r#"forbid (principal, action, resource) when { principal.granted.contains(Weir::Model::"atlas-5") } unless { resource == Weir::Model::"atlas-5" };"#,
    r#"forbid (principal, action, resource) when { resource.stage == "verified" && principal.listed.contains(Weir::Model::"mythos-5") };"#,
    r#"forbid (principal, action, resource == Weir::Model::"fable-5") when { principal.sector == "research" };"#,
    r#"permit (principal, action, resource) when { principal.grants.contains({model: Weir::Model::"fable-5", purpose: "research"}) };"#,
    r#"forbid (principal, action, resource) when { principal has sector && principal.sector == "research" && principal has age };"#,
    r#"permit (principal, action, resource == Weir::Model::"mythos-5") when { principal has us_person && principal.us_person == false };"#,
    r#"permit (principal, action, resource) when { principal has kyb_level && principal.kyb_level == 3 };"#,
    r#"forbid (principal, action, resource) when { principal has sector && principal.sector == 7 };"#,
    r#"forbid (principal, action, resource) when { principal has sector && principal.age == 17 };"#,
    r#"forbid (principal, action, resource) when { principal.suspended && principal.age > 20 };"#,
    r#"permit (principal, action, resource) when { principal.measures.contains("observe") && principal has sector };"#,
];

#[derive(Debug, Clone)]
struct Holder {
    kyb: Option<i64>,
    us_person: Option<bool>,
    age: Option<i64>,
    sector: bool,
    grants: Vec<(usize, Option<&'static str>, bool)>,
    listed: bool,
    measure: Option<MeasureKind>,
    suspended: bool,
}

fn holders() -> impl Strategy<Value = Holder> {
    let purpose = prop::sample::select(vec![None, Some("evaluation"), Some("defence"), Some("research")]);
    (
        prop::option::of(0i64..4),
        prop::option::of(any::<bool>()),
        prop::option::of(10i64..30),
        any::<bool>(),
        prop::collection::vec((0usize..3, purpose, any::<bool>()), 0..4),
        any::<bool>(),
        prop::option::of(prop::sample::select(MeasureKind::ALL.to_vec())),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(kyb, us_person, age, sector, grants, listed, measure, suspended)| Holder {
            kyb,
            us_person,
            age,
            sector,
            grants,
            listed,
            measure,
            suspended,
        })
}

fn populated(scene: &mut Scene, holder: &Holder, name: usize) -> weir_acts::id::PartyId {
    let party = scene.party(&format!("party-{name}"));
    let account = scene.account(party, "a");
    let (by_party, by_account) = (party.to_string(), account.to_string());
    if let Some(kyb) = holder.kyb {
        scene.claim(&by_party, "kyb_level", Value::Long(kyb), 1, None);
    }
    if let Some(us_person) = holder.us_person {
        scene.claim(&by_account, "us_person", Value::Bool(us_person), 2, None);
    }
    if let Some(age) = holder.age {
        scene.claim(&by_account, "age", Value::Long(age), 1, None);
    }
    if holder.sector {
        scene.claim(&by_party, "sector", Value::String("research".into()), 1, None);
    }
    for (model, purpose, population) in &holder.grants {
        scene.grant(party, MODELS[*model], *purpose, population.then_some("principal.us_person"));
    }
    if let Some(measure) = holder.measure {
        scene.measure(&by_account, measure);
    }
    if holder.suspended {
        scene.suspend(account);
    }
    party
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn bucketed_equals_full(
        stages in prop::array::uniform3(prop::sample::select(Stage::ALL.to_vec())),
        own in prop::sample::subsequence(OWN.to_vec(), 0..=OWN.len()),
        people in prop::collection::vec(holders(), 1..4),
        orders in prop::collection::vec(
            (texts(), prop::sample::subsequence(MODELS.to_vec(), 1..=3), any::<bool>(), any::<bool>()),
            0..3,
        ),
    ) {
        let mut rules = base_rules();
        for (number, text) in own.iter().enumerate() {
            rules.push(PolicyText { id: format!("own-{number}"), cedar: (*text).to_owned() });
        }
        let mut scene = Scene::new(rules);
        let models = MODELS.map(|model| scene.model(model, Stage::Sealed));
        let mut listed = Vec::new();
        for (name, person) in people.iter().enumerate() {
            let party = populated(&mut scene, person, name);
            if person.listed {
                listed.push(party);
            }
        }
        for (model, stage) in models.into_iter().zip(stages) {
            scene.stage(model, stage, &listed);
        }
        for (number, (forbid, named, allow, fallback)) in orders.iter().enumerate() {
            let mut text = directive(&format!("order-{number}"), named, forbid);
            text.unknown = if *allow { Unknown::Allow } else { Unknown::Deny };
            text.answer = if *fallback { Answer::Fallback } else { Answer::Deny };
            text.except = vec![Exception { list: "l".into(), models: vec![named[0].to_owned()] }];
            let list = ListRows { list: "l".into(), digest: Digest::of(b""), parties: listed.clone() };
            scene.enact(text, vec![list], None);
        }
        let snapshot = Snapshot::of(&scene.world).unwrap();
        for (_, class, _) in snapshot.view().accounts() {
            for model in MODELS {
                let full = snapshot.policies().decide_full(snapshot.view(), class, model).unwrap();
                prop_assert_eq!(&*snapshot.decide(class, model), &full, "{}", model);
                prop_assert_eq!(snapshot.policies().decide_uncached(snapshot.view(), class, model), full);
            }
        }
    }
}
