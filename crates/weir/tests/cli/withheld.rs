//! What rules and a measure withhold, as `weir explain` tells it and as an auditor
//! computes it again from an export.

use serde_json::{Value, json};
use weir_sim::stand_in::{StandIn, StandInConfig};

use crate::program::{Ran, Served, Weir};

const RULES: &str = r#"@id("own/quiet")
@withhold("reasoning, logprobs")
@reason("Answers come without the reasoning behind them")
permit (principal, action == Weir::Action::"use", resource == Weir::Model::"mythos-5");

@id("own/terse")
@withhold("choices")
@reason("One answer to a question")
permit (principal, action == Weir::Action::"use", resource == Weir::Model::"mythos-5");
"#;

/// A request and its decision.
fn ask(served: &Served, key: &str, model: &str) -> (String, Option<String>) {
    let url = format!("{}/v1/chat/completions", served.base());
    let asked = ureq::post(&url).header("authorization", format!("Bearer {key}")).header("x-stand-in-reasoning", "4");
    let body = json!({"model": model, "n": 2, "logprobs": true, "messages": [{"role": "user", "content": "hello"}]});
    let mut answer = asked.send_json(body).unwrap();
    let told = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (decision, rule) = (told("weir-decision").unwrap(), told("weir-rule"));
    let text = answer.body_mut().read_to_string().unwrap();
    assert_eq!(text.contains("a thought of its own"), rule.is_none(), "{text}");
    (decision, rule)
}

fn rules(weir: &Weir, officers: &[Weir], text: &str) {
    weir.write("rules/own.cedar", text);
    let drafted = weir.line("rules set rules").done().json();
    for officer in officers {
        officer.line(&format!("approve {}", drafted["id"].as_str().unwrap())).done();
    }
}

#[test]
fn what_is_withheld_is_explained_and_computed_again_from_an_export_alone() {
    let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
    let mut served = Served::start();
    let weir = served.weir();
    weir.line("party add acme --name Acme").done();
    weir.line("account add acme/ci").done();
    let key = weir.line("key issue acme/ci").done().json()["key"].as_str().unwrap().to_owned();
    for model in ["mythos-5", "fable-5"] {
        weir.line(&format!("model add {model} --upstream {}", upstream.base_url())).done();
        weir.line(&format!("stage set {model} general")).done();
    }
    let officers = ["ines", "lin"].map(|name| served.operator(name, "release-officer"));

    let (before, none) = ask(&served, &key, "mythos-5");
    rules(weir, &officers, RULES);
    let now = weir.line("explain acme/ci mythos-5").done().out;
    let (by_rules, rule) = ask(&served, &key, "mythos-5");
    let (other, other_rule) = ask(&served, &key, "fable-5");
    assert_eq!((none, rule.as_deref(), other_rule), (None, Some("own/quiet"), None));
    let taken = weir.line("measure take acme/ci withhold --reason asked").done().json();
    let (by_both, rule) = ask(&served, &key, "mythos-5");
    assert_eq!(rule.as_deref(), Some("measure/withhold"));
    // What holds later is not what held then.
    weir.line(&format!("measure lift {}", taken["id"].as_str().unwrap())).done();
    rules(weir, &officers, "");
    let (after, none) = ask(&served, &key, "mythos-5");
    assert_eq!(none, None);

    let quiet = ("reasoning,logprobs", "own/quiet");
    let terse = ("choices", "own/terse");
    let measure = ("reasoning,logprobs,choices", "measure/withhold");
    let expected = [
        (&before, vec![]),
        (&by_rules, vec![quiet, terse]),
        (&other, vec![]),
        (&by_both, vec![quiet, terse, measure]),
        (&after, vec![]),
    ];
    let live = |line: &(&str, &str)| format!("  withheld from answers: {} ({})\n", line.0, line.1);
    let told = |text: &str| text.lines().filter(|line| line.contains("withheld")).map(|line| format!("{line}\n")).collect::<String>();
    assert_eq!(told(&now), [quiet, terse].iter().map(live).collect::<String>(), "{now}");
    for (decision, withheld) in &expected {
        // The record follows the decision; whoever asks for it waits.
        let mut ran = weir.line(&format!("explain {decision}"));
        while ran.code != 0 {
            ran = weir.line(&format!("explain {decision}"));
        }
        assert_eq!(told(&ran.out), withheld.iter().map(live).collect::<String>(), "{}", ran.out);
    }

    weir.line("audit export --from 2020-01-01T00:00:00Z --to 2100-01-01T00:00:00Z -o out").done();
    served.end();
    let weir = served.weir();
    let verify = |more: &str| -> Ran {
        weir.line(&format!("log verify out/log --key out/log.vkey --opened out/bundle.jsonl{more}"))
    };
    for (decision, withheld) in &expected {
        let out = verify(&format!(" --explain {decision}")).done().out;
        assert!(out.contains("5 decisions computed again, the same"), "{out}");
        let line = |line: &(&str, &str)| {
            format!("  withheld from the answer: {} (rule {})\n", line.0.replace(',', ", "), line.1)
        };
        let found: String =
            out.lines().filter(|line| line.contains("withheld")).map(|line| format!("{}\n", line)).collect();
        assert_eq!(found, withheld.iter().map(line).collect::<String>(), "{out}");
        for (_, rule) in withheld.iter().filter(|(_, rule)| rule.starts_with("own/")) {
            let behind = out.lines().find(|line| line.contains(&format!("by rule {rule}"))).unwrap_or_else(|| panic!("{out}"));
            assert!(behind.contains("in force since 20"), "{behind}");
        }
    }
    let report: Value = serde_json::from_str(&verify(&format!(" --explain {by_rules} --json")).done().out).unwrap();
    assert_eq!(
        report["explained"]["explanation"]["verdict"]["withhold"],
        json!([{"rule": "own/quiet", "parts": ["reasoning", "logprobs"]}, {"rule": "own/terse", "parts": ["choices"]}]),
        "{report}"
    );

    // A record that leaves out the rule that withholds is not what the log says.
    let file = weir.dir().join("out/bundle.jsonl");
    let bundle = std::fs::read_to_string(&file).unwrap();
    assert_eq!(bundle.matches("\"own/quiet\",").count(), 2, "of the decisions under it: {bundle}");
    std::fs::write(&file, bundle.replacen("\"own/quiet\",", "", 1)).unwrap();
    let ran = verify("");
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.out.contains(&format!("WRONG: decision {by_rules}")), "{}", ran.out);
}
