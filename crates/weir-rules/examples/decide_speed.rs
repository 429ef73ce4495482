//! How long a decision takes with 10,000 grants and 200 rules, cached and
//! not. Prints JSON lines; each row carries the bar it is held to.
//!
//! 1,000 parties hold ten grants each over 20 models. Beside the base rules
//! there are operator's rules and directives, 200 in all; every fifth looks at
//! every model, the others name one.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../src/scene.rs"]
mod scene;

use std::hint::black_box;
use std::time::Instant;

use scene::{Scene, directive};
use weir_acts::Value;
use weir_acts::act::PolicyText;
use weir_acts::view::Class;
use weir_acts::words::Stage;
use weir_rules::{Snapshot, base_rules};

const PARTIES: usize = 1_000;
const MODELS: usize = 20;
const RULES: usize = 200;

fn main() {
    let snapshot = world();
    let models: Vec<String> = (0..MODELS).map(model).collect();
    let classes: Vec<Class> = snapshot.view().accounts().map(|(_, class, _)| class).collect();
    let grants: usize = classes.iter().map(|class| snapshot.view().facts(class.party).grants.len()).sum();
    println!("{{\"grants\":{grants},\"rules\":{},\"classes\":{}}}", snapshot.policies().rules().len(), classes.len());

    let pairs: Vec<(Class, &str)> =
        (0..20_000).map(|number| (classes[number * 7 % classes.len()], models[number % MODELS].as_str())).collect();
    let uncached = median(5, || {
        for (class, model) in &pairs {
            black_box(snapshot.policies().decide_uncached(snapshot.view(), *class, model));
        }
        pairs.len()
    });
    println!("{{\"row\":\"decision uncached\",\"ns\":{uncached:.0},\"bar_ns\":20000}}");

    let permitted = pairs.iter().filter(|(class, model)| snapshot.decide(*class, model).permits()).count();
    assert!(permitted > 0 && permitted < pairs.len(), "{permitted}");
    let cached = median(9, || {
        for _ in 0..20 {
            for (class, model) in &pairs {
                black_box(snapshot.decide(*class, model));
            }
        }
        20 * pairs.len()
    });
    println!("{{\"row\":\"decision cached\",\"ns\":{cached:.0},\"bar_ns\":500}}");

    let with_look_up = median(9, || {
        for _ in 0..20 {
            for (number, (_, model)) in pairs.iter().enumerate() {
                let caller = snapshot.view().identify(&digest(number * 7 % PARTIES)).unwrap();
                black_box(snapshot.decide(caller.class, model));
            }
        }
        20 * pairs.len()
    });
    println!("{{\"row\":\"decision cached with key look-up\",\"ns\":{with_look_up:.0},\"bar_ns\":500}}");
}

/// The median over `runs` of the nanoseconds one of the counted steps takes.
fn median(runs: usize, mut work: impl FnMut() -> usize) -> f64 {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            let steps = work();
            start.elapsed().as_nanos() as f64 / steps as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[runs / 2]
}

fn model(number: usize) -> String {
    format!("model-{number}")
}

/// Stands for HMAC(pepper, SHA-256(key)).
fn digest(number: usize) -> [u8; 32] {
    let mut digest = [7; 32];
    digest[..8].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    digest
}

fn world() -> Snapshot {
    let mut rules = base_rules();
    let directives = MODELS;
    // Every directive is two policies; rules of authority are not of access.
    let access = rules.iter().filter(|rule| !rule.id.starts_with("authority/")).count();
    for number in 0..RULES - access - 2 * directives {
        let resource = if number % 5 == 0 {
            "resource".to_owned()
        } else {
            format!("resource == Weir::Model::\"{}\"", model(number % MODELS))
        };
        let cedar = format!(
            "@id(\"own-{number}\") forbid (principal, action == Weir::Action::\"use\", {resource}) \
             when {{ principal has sector && principal.sector == \"sector-{number}\" }};"
        );
        rules.push(PolicyText { id: format!("own-{number}"), cedar });
    }
    let mut scene = Scene::new(rules);
    let stages = [Stage::Verified, Stage::Listed, Stage::General, Stage::Evaluation];
    for number in 0..MODELS {
        scene.model(&model(number), stages[number % stages.len()]);
    }
    for number in 0..PARTIES {
        let party = scene.party(&format!("party-{number}"));
        let subject = party.to_string();
        scene.claim(&subject, "kyb_level", Value::Long(number as i64 % 4), 2, None);
        scene.claim(&subject, "us_person", Value::Bool(number % 3 > 0), 1, None);
        scene.claim(&subject, "sector", Value::String(format!("sector-{}", number % 500).into()), 1, None);
        for grant in 0..10 {
            scene.grant(party, &model((number + grant) % MODELS), Some("research"), None);
        }
        let account = scene.account(party, "a");
        scene.key(account, digest(number));
    }
    for number in 0..directives {
        let forbid = "principal.us_person == false && principal.kyb_level < 2";
        scene.enact(directive(&format!("order-{number}"), &[&model(number)], forbid), vec![], None);
    }
    Snapshot::of(&scene.world).unwrap()
}
