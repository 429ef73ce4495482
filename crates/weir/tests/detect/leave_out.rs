//! A rerun without what makes an account a member.

use serde_json::Value;

use crate::Runs;

fn role_of(members: &str, account: &str) -> Option<Value> {
    let lines = members.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["account"] == account).map(|line| line["role"].clone()).next()
}

#[test]
fn a_rerun_without_its_removal_set_finds_the_others_and_not_the_account() {
    let runs = Runs::new();
    runs.done("sim --scenario A1 --accounts 900 --campaign-accounts 100 --days 7 --seed 5 --out run");
    let detect = "detect run --accounts run/accounts.jsonl --memory 64MiB";
    runs.done(&format!("{detect} --out found"));
    let (_, members) = runs.found("found");
    let of_role = |role: &str| {
        let lines: Vec<&str> = members.lines().filter(|line| line.contains(&format!("\"role\":\"{role}\""))).collect();
        lines[lines.len() / 2]
    };
    let doubted: Value = serde_json::from_str(of_role("member")).unwrap();
    let account = doubted["account"].as_str().unwrap();
    std::fs::write(runs.at("doubted.jsonl"), format!("{doubted}\n")).unwrap();
    let said = runs.done(&format!("{detect} --leave-out doubted.jsonl --out without"));
    assert!(said.contains("1 accounts members; this is a rerun"), "{said}");
    let (dossiers, without) = runs.found("without");
    assert_eq!(dossiers.len(), 1, "the others' finding stands");
    assert_ne!(role_of(&without, account), Some("member".into()), "{without}");
    let count = |members: &str| members.lines().filter(|line| line.contains("\"role\":\"member\"")).count();
    assert!(count(&without) + 3 > count(&members), "{} of {}", count(&without), count(&members));
    // What leaves nothing out, and what nobody said, is refused with its line.
    let refused = |text: &str, why: &str| {
        std::fs::write(runs.at("odd.jsonl"), text).unwrap();
        let output = runs.weir(&format!("{detect} --leave-out odd.jsonl"));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(why), "{said}");
    };
    refused(of_role("associated"), "nothing to leave out");
    refused(&format!("{doubted}\n{{}}\n"), "line 2");
    refused(r#"{"account":"a-1","smallest_removal":["is unlucky"]}"#, "is unlucky");
}
