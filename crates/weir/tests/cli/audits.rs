//! An auditor who never saw the system: given a folder, they say for one cut
//! customer why, under which rule, on whose act, and that nothing was rewritten.

use std::fs;

use serde_json::{Value, json};

use crate::program::{Ran, Served};

const ORDER: &str = r#"
id = "friday"
authority = "Office of Export"
citation = "Rule 7(b)"
kind = "order"
received = 2026-06-12T17:21:00-04:00
models = ["mythos-5"]
forbid = 'principal.us_person == false'
"#;

/// A server with an order in force, and the id of a decision it brought about.
fn with_a_cut_customer() -> (Served, String) {
    let served = Served::start();
    let weir = served.weir();
    weir.line("party add acme --name Acme").done();
    weir.line("account add acme/ci").done();
    let key = weir.line("key issue acme/ci").done().json()["key"].as_str().unwrap().to_owned();
    let evidence = format!("sha256:{}", "ab".repeat(32));
    weir.line(&format!("claim add acme/ci us_person false --level 2 --by notary --evidence {evidence}")).done();
    weir.line("model add mythos-5 --upstream http://127.0.0.1:9").done();
    weir.line("stage set mythos-5 general").done();
    weir.write("friday.toml", ORDER);
    weir.line("directive draft friday.toml").done();
    weir.line("directive enact friday").done();
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let denied = ureq::Agent::from(config)
        .post(format!("{}/v1/chat/completions", served.base()))
        .header("authorization", format!("Bearer {key}"))
        .send_json(json!({"model": "mythos-5", "messages": []}))
        .unwrap();
    assert_eq!(denied.status().as_u16(), 403);
    let decision = denied.headers()["weir-decision"].to_str().unwrap().to_owned();
    // The record follows the decision; whoever asks for it waits.
    let recorded = || weir.line(&format!("explain {decision}")).code == 0;
    while !recorded() {
        std::thread::yield_now();
    }
    (served, decision)
}

fn export(served: &Served, more: &str) -> Ran {
    let line = format!("audit export --from 2020-01-01T00:00:00Z --to 2100-01-01T00:00:00Z -o out{more}");
    served.weir().line(&line)
}

fn verify(served: &Served, more: &str) -> Ran {
    served.weir().line(&format!("log verify out/log --key out/log.vkey --opened out/bundle.jsonl{more}"))
}

#[test]
fn an_auditor_says_why_one_customer_was_cut_from_a_folder_alone() {
    let (mut served, decision) = with_a_cut_customer();
    export(&served, "").done();
    served.end();
    let told = verify(&served, &format!(" --explain {decision}")).done().out;
    for part in [
        "every entry, tile and the root hold",
        "1 decisions computed again, the same",
        "was denied mythos-5",
        "by rule friday/named, citing Rule 7(b), on the word of Office of Export, enacted by o-",
        "claim us_person: false",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let report: Value =
        serde_json::from_str(&verify(&served, &format!(" --explain {decision} --json")).done().out).unwrap();
    assert!(report["explained"]["behind"][0]["act"].is_u64(), "{report}");
    // The bundle is confidential, and a folder that is there is not touched.
    let file = served.weir().dir().join("out/bundle.jsonl");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o077, 0);
    assert!(export(&served, "").refused().contains("there already"));
}

#[test]
fn forged_erased_and_foreign_parts_each_get_their_own_answer() {
    let (mut served, decision) = with_a_cut_customer();
    export(&served, "").done();
    served.end();
    let file = served.weir().dir().join("out/bundle.jsonl");
    let bundle = fs::read_to_string(&file).unwrap();
    let act = claim_act(&served);
    let is_claim = |line: &&str| serde_json::from_str::<Value>(line).unwrap()["opening"]["act"] == act;
    let claim = bundle.lines().find(is_claim).unwrap().to_owned();

    // Erased: what rested on it cannot be told, and nothing is called wrong.
    fs::write(&file, bundle.replace(&format!("{claim}\n"), "")).unwrap();
    let erased = verify(&served, "").done().out;
    assert!(erased.contains("may rest on private parts that were erased or not opened"), "{erased}");

    // Forged: named, with the answer no.
    let mut forged: Value = serde_json::from_str(&claim).unwrap();
    forged["opening"]["salt"] = json!("00".repeat(32));
    fs::write(&file, bundle.replace(&claim, &forged.to_string())).unwrap();
    let ran = verify(&served, "");
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.out.contains(&format!("WRONG: act {act}")), "{}", ran.out);

    // A decision told otherwise than it was made: named.
    let changed = bundle.replace("\"ruling\":\"deny\"", "\"ruling\":\"permit\"");
    fs::write(&file, &changed).unwrap();
    let ran = verify(&served, "");
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.out.contains(&format!("WRONG: decision {decision}")), "{}", ran.out);
}

/// The name of the log's one partial bundle of entries.
fn entries_width(served: &Served) -> String {
    let folder = served.weir().dir().join("out/log/tile/entries/000.p");
    fs::read_dir(folder).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap()
}

/// Which act was the claim.
fn claim_act(served: &Served) -> u64 {
    let folder = served.weir().dir().join("out/log/tile/entries/000.p");
    let mut bytes = &fs::read(folder.join(entries_width(served))).unwrap()[..];
    for act in 0.. {
        let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
        let entry: Value = serde_json::from_slice(&bytes[2..2 + length]).unwrap();
        if entry["kind"] == "claim.add" {
            return act;
        }
        bytes = &bytes[2 + length..];
    }
    unreachable!("the entries end before their numbers do")
}

#[test]
fn a_decision_is_explained_by_what_was_known_when_it_was_made() {
    let (served, decision) = with_a_cut_customer();
    let weir = served.weir();
    let before = weir.line(&format!("explain {decision} --json")).done().json();
    weir.line("directive lift friday --by Office").done();
    weir.line("party close acme").done();
    weir.line("model retire mythos-5").done();
    let after = weir.line(&format!("explain {decision} --json")).done().json();
    assert_eq!(before, after);
    assert_eq!(after["explanation"]["verdict"]["effect"], "deny", "{after}");
}

#[test]
fn wrong_times_and_strangers_are_refused() {
    let served = Served::start();
    let line = "audit export --from 2026-06-13T00:00:00Z --to 2026-06-12T00:00:00Z -o out";
    let refused = served.weir().line(line).refused();
    assert!(refused.contains("after `from`") || refused.contains("may not do `open`"), "{refused}");
    assert!(!served.weir().dir().join("out").try_exists().unwrap());
}

/// The page for auditors is played as it stands: its commands are run on an
/// exported folder, and its answers are the answers.
#[test]
fn the_page_for_auditors_holds_word_by_word() {
    let page = include_str!("../../../../docs/audit.md");
    let (served, decision) = with_a_cut_customer();
    let earlier = served.data().join("log/checkpoint");
    // Whoever kept a checkpoint kept one of an earlier day.
    while !earlier.is_file() {
        std::thread::yield_now();
    }
    served.weir().write("checkpoint-of-last-year", &fs::read_to_string(&earlier).unwrap());
    let exporting = page.lines().find(|line| line.starts_with("`weir audit export")).unwrap();
    let exporting = exporting.split('`').nth(1).unwrap().replace("[--subject party:ID] ", "");
    let times = exporting.replacen("TIME", "2020-01-01T00:00:00Z", 1).replacen("TIME", "2100-01-01T00:00:00Z", 1);
    let exported = served.weir().line(times.trim_start_matches("weir ").replace("DIR", "out").as_str()).done();
    assert!(exported.err.contains("wrote "), "{}", exported.err);
    // What the page says is in the folder is there, and nothing else.
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut told: Vec<&str> = rows
        .filter(|name| name.ends_with('/') || name.contains('.'))
        .filter(|name| !name.contains(' '))
        .map(|name| name.trim_end_matches('/'))
        .collect();
    told.push("README.txt");
    told.sort_unstable();
    let out = served.weir().dir().join("out");
    let mut found: Vec<String> =
        fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, told);

    // The auditor is elsewhere: no server, no token, no other file.
    let auditor = crate::program::Weir::new();
    let copied = std::process::Command::new("cp").arg("-r").arg(&out).arg(auditor.dir().join("DIR")).status().unwrap();
    assert!(copied.success());
    auditor.write(
        "checkpoint-of-last-year",
        &fs::read_to_string(served.weir().dir().join("checkpoint-of-last-year")).unwrap(),
    );
    auditor.write("VKEY", &fs::read_to_string(served.data().join("log.vkey")).unwrap());
    let mut commands = 0;
    for command in page.lines().filter_map(|line| line.strip_prefix("weir ")) {
        let ran = auditor.line(&command.replace("DECISION-ID", &decision)).done();
        assert!(ran.out.contains("every entry, tile and the root hold"), "{command}: {}", ran.out);
        commands += 1;
        if command.contains("--since") {
            assert!(ran.out.contains("extends the checkpoint of "), "{}", ran.out);
        }
        if command.contains("--opened") {
            assert!(ran.out.contains("1 decisions computed again, the same"), "{}", ran.out);
        }
        if command.contains("--explain") {
            let rule = "by rule friday/named, citing Rule 7(b), on the word of Office of Export, enacted by o-";
            assert!(ran.out.contains(&format!("decision {decision}: account a-")), "{}", ran.out);
            assert!(ran.out.contains(rule) && ran.out.contains("claim us_person: false"), "{}", ran.out);
        }
    }
    assert!(commands >= 3, "the page has lost its commands");
}
