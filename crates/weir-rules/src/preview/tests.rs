//! The preview against a recount that knows nothing of classes, and the shape
//! of its JSON.

use proptest::prelude::*;
use weir_acts::directive::{DirectiveText, Exception, ListRows, Unknown};
use weir_acts::words::Stage;
use weir_acts::{Digest, Value};

use super::{Counts, Preview, Reader, Tally, preview};
use crate::base::base_rules;
use crate::condition::tests::kinds;
use crate::condition::{Condition, Three};
use crate::directive::reading;
use crate::policies::{Policies, known};
use crate::scene::{Scene, directive};
use crate::snapshot::Snapshot;

/// The preview of `text`, with the scene before and after.
fn previewed(scene: &Scene, text: &DirectiveText, lists: Vec<ListRows>) -> (Preview, Snapshot, Snapshot) {
    let before = Snapshot::of(&scene.world).unwrap();
    let mut tried = scene.clone();
    tried.enact(text.clone(), lists, None);
    let after = Snapshot::of(&tried.world).unwrap();
    let condition = Condition::parse(&text.forbid, &kinds()).unwrap();
    let label = |party| scene.world.state().party_label(party);
    (preview(&before, &after, text, &condition, label).unwrap(), before, after)
}

#[test]
fn counts_by_model_party_and_claim() {
    let mut scene = Scene::new(base_rules());
    scene.model("mythos-5", Stage::General);
    scene.model("fable-5", Stage::Listed);
    for party in ["acme", "borealis"] {
        let id = scene.party(party);
        let known = scene.account(id, "known");
        scene.claim(&known.to_string(), "us_person", Value::Bool(false), 1, None);
        scene.account(id, "stranger");
        scene.account(id, "other-stranger");
        if party == "borealis" {
            scene.claim(&id.to_string(), "kyb_level", Value::Long(3), 1, None);
            scene.grant(id, "fable-5", None, None);
        }
    }
    let forbid = "principal.us_person == false && principal.kyb_level < 3";
    let (preview, _, after) = previewed(&scene, &directive("d1", &["mythos-5", "fable-5"], forbid), vec![]);
    assert_eq!(preview.tree_size + 2, after.tree_size());
    let json: serde_json::Value = serde_json::to_value(&preview).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "directive": "d1", "tree_size": preview.tree_size, "digest": preview.digest.to_string(),
            "accounts": 6, "without_access": 0, "keep": 3, "lose": 0, "unknown": 3, "unknown_answer": "deny",
            "by_model": {
                "mythos-5": { "keep": 3, "lose": 0, "unknown": 3 },
                "fable-5": { "keep": 3, "lose": 0, "unknown": 0 },
            },
            "by_party": [
                { "party": "acme", "keep": 0, "lose": 0, "unknown": 3 },
                { "party": "borealis", "keep": 3, "lose": 0, "unknown": 0 },
            ],
            "clears_unknown": [{ "claim": "kyb_level", "accounts": 3 }, { "claim": "us_person", "accounts": 2 }],
            "took_ms": 0,
        })
    );
}

#[test]
fn the_digest_tells_counts_and_not_the_clock() {
    let mut scene = Scene::new(base_rules());
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    scene.account(party, "a");
    let text = directive("d1", &["mythos-5"], "principal.us_person == false");
    let (mut one, _, _) = previewed(&scene, &text, vec![]);
    one.took_ms = 77;
    assert_eq!(one.content_digest().unwrap(), one.digest);
    scene.account(party, "b");
    let (two, _, _) = previewed(&scene, &text, vec![]);
    assert_ne!(one.digest, two.digest);
}

#[test]
fn unknown_that_is_allowed_is_still_counted_as_unknown() {
    let mut scene = Scene::new(base_rules());
    scene.model("mythos-5", Stage::General);
    let party = scene.party("acme");
    scene.account(party, "a");
    let mut text = directive("d1", &["mythos-5"], "principal.us_person == false");
    text.unknown = Unknown::Allow;
    let (preview, _, after) = previewed(&scene, &text, vec![]);
    assert_eq!(preview.tally, Tally { keep: 0, lose: 0, unknown: 1 });
    let (_, class, _) = after.view().accounts().next().unwrap();
    assert!(after.decide(class, "mythos-5").permits());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn equals_a_recount_one_account_at_a_time(
        people in prop::collection::vec((0usize..3, prop::option::of(any::<bool>()), any::<bool>()), 0..12),
        stages in prop::array::uniform2(prop::sample::select(vec![Stage::Sealed, Stage::Listed, Stage::General])),
        on_list in any::<bool>(),
        denies in any::<bool>(),
    ) {
        let mut scene = Scene::new(base_rules());
        let models = ["mythos-5", "fable-5"];
        for (model, stage) in models.iter().zip(stages) {
            scene.model(model, stage);
        }
        let parties = ["acme", "borealis", "cassini"].map(|party| scene.party(party));
        for (number, (party, us_person, granted)) in people.iter().enumerate() {
            let account = scene.account(parties[*party], &format!("a{number}"));
            if let Some(us_person) = us_person {
                scene.claim(&account.to_string(), "us_person", Value::Bool(*us_person), 1, None);
            }
            if *granted {
                scene.grant(parties[*party], "fable-5", None, None);
            }
        }
        let mut text = directive("d1", &models, "principal.us_person == false");
        text.unknown = if denies { Unknown::Deny } else { Unknown::Allow };
        text.except = vec![Exception { list: "l".into(), models: vec!["mythos-5".into()] }];
        let members = if on_list { vec![parties[0]] } else { vec![] };
        let list = ListRows { list: "l".into(), digest: Digest::of(b""), parties: members };
        let (preview, before, after) = previewed(&scene, &text, vec![list]);

        let condition = Condition::parse(&text.forbid, &kinds()).unwrap();
        let mut expected = Tally::default();
        let mut without = 0;
        for (account, class, _) in before.view().accounts() {
            let later = after.view().class(account).unwrap();
            let facts = known(after.view(), later);
            let said = models
                .iter()
                .filter(|model| before.policies().decide_uncached(before.view(), class, model).permits())
                .map(|model| reading(&text, &condition, &facts.claims, &facts.party.lists, model))
                .max_by_key(|said| match said { Three::False => 0, Three::Unknown => 1, Three::True => 2 });
            match said {
                None => without += 1,
                Some(Three::False) => expected.keep += 1,
                Some(Three::Unknown) => expected.unknown += 1,
                Some(Three::True) => expected.lose += 1,
            }
        }
        prop_assert_eq!(preview.tally, expected);
        prop_assert_eq!(preview.without_access, without);
        prop_assert_eq!(preview.accounts, people.len() as u64);
        let sum = |tally: &Tally| tally.keep + tally.lose + tally.unknown;
        prop_assert_eq!(preview.by_party.iter().map(|party| sum(&party.tally)).sum::<u64>(), sum(&expected));
    }
}

/// What else there is beside the previewed directive.
#[derive(Debug, Clone)]
struct Others {
    /// An order in force, and whether the previewed one amends it.
    former: Option<bool>,
    /// Another that takes effect at the same moment.
    coming: bool,
    /// In how many milliseconds it takes effect.
    ahead: i64,
    unknown: Unknown,
    excepted: bool,
    fallback: bool,
    forbid: &'static str,
}

fn others() -> impl Strategy<Value = Others> {
    let unknown = prop::sample::select(vec![
        Unknown::Deny,
        Unknown::Allow,
        Unknown::AllowUntil(weir_acts::Time::from_millis(1_000_100)),
    ]);
    let forbids = vec![
        "principal.us_person == false",
        "principal.us_person == false && principal.kyb_level < 3",
        "principal.kyb_level >= 2 || principal.us_person",
        "true",
    ];
    let ahead = prop::sample::select(vec![0, 50, 100, 200]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (prop::option::of(any::<bool>()), ahead, unknown, prop::sample::select(forbids), flags).prop_map(
        |(former, ahead, unknown, forbid, (coming, excepted, fallback))| Others {
            former,
            coming,
            ahead,
            unknown,
            excepted,
            fallback,
            forbid,
        },
    )
}

/// A person: the party, what is claimed, at which level, whether a grant was
/// given, and whether a measure was taken.
type Somebody = (usize, Option<bool>, Option<i64>, u8, bool, bool);

fn somebody() -> impl Strategy<Value = Somebody> {
    let kyb = prop::option::of(0_i64..4);
    (0_usize..3, prop::option::of(any::<bool>()), kyb, 0_u8..3, any::<bool>(), prop::bool::weighted(0.2))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// The short way, by the plain reading of the directive, says of every
    /// class what deciding it anew under all rules says; on one thread or on
    /// several; and rules compiled beside others are the rules compiled anew.
    #[test]
    fn the_short_way_is_the_long_way(
        people in prop::collection::vec(somebody(), 0..10),
        stages in prop::array::uniform2(prop::sample::select(vec![Stage::Sealed, Stage::Listed, Stage::General])),
        others in others(),
    ) {
        let mut scene = Scene::new(base_rules());
        let models = ["mythos-5", "fable-5"];
        for (model, stage) in models.iter().zip(stages) {
            scene.model(model, stage);
        }
        let parties = ["acme", "borealis", "cassini"].map(|party| scene.party(party));
        for (number, (party, us_person, kyb, level, granted, refused)) in people.iter().enumerate() {
            let party = parties[*party];
            let account = scene.account(party, &format!("a{number}"));
            if let Some(us_person) = us_person {
                scene.claim(&account.to_string(), "us_person", Value::Bool(*us_person), *level, None);
            }
            if let Some(kyb) = kyb {
                scene.claim(&party.to_string(), "kyb_level", Value::Long(*kyb), *level, None);
            }
            if *granted {
                scene.grant(party, "fable-5", None, None);
            }
            if *refused {
                scene.measure(&account.to_string(), weir_acts::words::MeasureKind::Refuse);
            }
        }
        let former = others.former.map(|amends| {
            (scene.enact(directive("d0", &["mythos-5"], "principal.us_person == false"), vec![], None), amends)
        });
        let effective = scene.now.plus_millis(others.ahead);
        if others.coming {
            let mut coming = directive("d2", &["fable-5"], "principal.kyb_level < 1");
            coming.effective = Some(effective);
            scene.enact(coming, vec![], None);
        }
        let mut text = directive("d1", &models, others.forbid);
        text.unknown = others.unknown;
        text.effective = Some(effective);
        if others.fallback {
            text.answer = weir_acts::directive::Answer::Fallback;
        }
        let mut lists = vec![];
        if others.excepted {
            text.except = vec![Exception { list: "l".into(), models: vec!["mythos-5".into()] }];
            lists.push(ListRows { list: "l".into(), digest: Digest::of(b""), parties: vec![parties[0]] });
        }
        let mut tried = scene.clone();
        tried.enact(text.clone(), lists, former.filter(|(_, amends)| *amends).map(|(id, _)| id));
        // As the control plane does: the state of the moment just before, and
        // what the acts make of it.
        let before = Snapshot::at_time(&scene.world, effective).unwrap();
        let policies = Policies::compile_like(before.policies(), tried.world.state(), effective).unwrap();
        let touched = weir_acts::Touched { parties: parties.into(), ..Default::default() };
        let view = before.view().foreseen(tried.world.state(), &touched, effective);
        let after = Snapshot::new(view, policies.into());
        let condition = Condition::parse(&text.forbid, &kinds()).unwrap();

        let short = Reader::new(&before, &after, &text, &condition);
        let long = Reader::new(&before, &after, &text, &condition).the_long_way();
        let census = before.view().census(after.view());
        for (_, class, later) in census.accounts(0, 1) {
            let (short, long) = (short.outlook(class, later), long.outlook(class, later));
            prop_assert_eq!(
                (short.by_model, short.overall, short.clears),
                (long.by_model, long.overall, long.clears)
            );
        }
        let counted = |threads| {
            let counts = Counts::on(threads, &census, models.len(), |class, later| long.outlook(class, later));
            format!("{counts:?}")
        };
        prop_assert_eq!(counted(1), counted(3));

        let anew = Snapshot::at_time(&tried.world, effective).unwrap();
        for (account, class, _) in anew.view().accounts() {
            let foreseen = after.view().class(account).unwrap();
            prop_assert_eq!(after.view().facts(foreseen.party), anew.view().facts(class.party));
            for model in models {
                let like = after.policies().decide_uncached(after.view(), foreseen, model);
                prop_assert_eq!(like, anew.policies().decide_uncached(anew.view(), class, model));
            }
        }
    }
}

/// The short way is taken where it may be, or it would prove nothing.
#[test]
fn the_short_way_is_taken_unless_something_else_begins() {
    let mut scene = Scene::new(base_rules());
    scene.model("mythos-5", Stage::General);
    let text = directive("d1", &["mythos-5"], "principal.us_person == false");
    let condition = Condition::parse(&text.forbid, &kinds()).unwrap();
    let alone = |scene: &Scene, other: Option<&str>| {
        let before = Snapshot::of(&scene.world).unwrap();
        let mut tried = scene.clone();
        if let Some(other) = other {
            tried.enact(directive(other, &["mythos-5"], "true"), vec![], None);
        }
        tried.enact(text.clone(), vec![], None);
        let after = Snapshot::of(&tried.world).unwrap();
        Reader::new(&before, &after, &text, &condition).alone
    };
    assert_eq!(alone(&scene, None), [true]);
    assert_eq!(alone(&scene, Some("d2")), [false]);
    scene.enact(directive("d0", &["mythos-5"], "true"), vec![], None);
    assert_eq!(alone(&scene, None), [true]);
}
