//! `weir party import` of the real program: what the document shows, faults by
//! line, receipts that a script of another language checks, what a stranger
//! and an auditor find, and `kill -9` at every stage.
//!
//! `WEIR_KILL_ROUNDS` sets the rounds of the last.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod server;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use weir_acts::Digest;

use server::Server;

const DOCUMENT: &str = include_str!("../../../../docs/import.md");

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let text = text.lines().next().unwrap_or_default();
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{output:?}"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The first block of that language in the document.
fn example(language: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// A file of so many parties with three accounts each.
fn population(prefix: &str, parties: usize) -> String {
    let evidence = Digest::of(b"evidence").hex();
    let mut text = "record,party,account,name,claim,value,level,by,evidence,key\n".to_owned();
    for party in 0..parties {
        writeln!(text, "party,{prefix}-{party},,Invented {party},,,,,,").unwrap();
        for account in 0..3 {
            let key = Digest::of(format!("{prefix}-{party}/{account}").as_bytes()).hex();
            writeln!(text, "account,{prefix}-{party},a{account},,,,,,,").unwrap();
            writeln!(text, "claim,{prefix}-{party},a{account},,us_person,true,2,registry,{evidence},").unwrap();
            writeln!(text, "key,{prefix}-{party},a{account},,,,,,,{key}").unwrap();
        }
    }
    text
}

#[test]
fn the_example_of_the_document_is_imported_and_its_rows_are_proved_to_anyone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let file = dir.path().join("customers.csv");
    std::fs::write(&file, example("csv")).unwrap();
    let done = server.weir(&["party", "import", file.to_str().unwrap()]);
    assert!(done.status.success(), "{}", said(&done));
    let done = json(&done);
    assert_eq!((&done["rows"], &done["claims"], &done["keys"]), (&json!(2), &json!(3), &json!(1)), "{done}");
    let again = json(&server.weir(&["party", "import", file.to_str().unwrap()]));
    assert_eq!((&again["act"], &again["repeated"]), (&done["act"], &json!(true)));

    let act = done["act"].to_string();
    let row = dir.path().join("row.jsonl");
    let receipt = server.weir(&["log", "receipt", &act, "--row", "account:acme/ci", "-o", row.to_str().unwrap()]);
    assert!(receipt.status.success(), "{}", said(&receipt));
    checked_elsewhere(&row, "account acme/ci of 2 rows");
    let missing = server.weir(&["log", "receipt", "0", "--row", "acme/ci", "-o", "/nowhere"]);
    assert!(said(&missing).contains("act 0 is no import"), "{}", said(&missing));

    // A stranger, an auditor with the one row, and one who was given another's.
    let log = dir.path().join("data");
    let stranger = server.weir(&["--json", "log", "verify", log.to_str().unwrap()]);
    let report = json(&stranger);
    assert_eq!((&report["good"], &report["unseen"]["party.import row"]), (&json!(true), &json!(2)), "{report}");
    let auditor =
        json(&server.weir(&["--json", "log", "verify", log.to_str().unwrap(), "--opened", row.to_str().unwrap()]));
    assert_eq!(auditor["good"], true, "{auditor}");
    let bundle = dir.path().join("bundle");
    let opened = server.weir(&["log", "open", "--subject", "acme/ci", "-o", bundle.to_str().unwrap()]);
    assert!(opened.status.success(), "{}", said(&opened));
    let verify = |bundle: &Path| {
        server.weir(&["--json", "log", "verify", log.to_str().unwrap(), "--opened", bundle.to_str().unwrap()])
    };
    let report = json(&verify(&bundle));
    assert_eq!((&report["good"], &report["unseen"]["party.import row"]), (&json!(true), &Value::Null), "{report}");

    let text = std::fs::read_to_string(&row).unwrap();
    let forged = dir.path().join("forged");
    for (what, with, why) in [
        ("\\\"level\\\":2", "\\\"level\\\":4", "root"),
        ("\\\"value\\\":true", "\\\"value\\\":false", "does not match the commitment"),
        ("\"row\":1", "\"row\":0", "root"),
        ("\"row\":1", "\"row\":7", "not in a tree of 2"),
    ] {
        assert!(text.contains(what), "{text}");
        std::fs::write(&forged, text.replace(what, with)).unwrap();
        let output = verify(&forged);
        assert_eq!(output.status.code(), Some(3), "{what}: {}", json(&output));
        let told = json(&output)["problem"]["why"].to_string();
        assert!(told.contains(why), "{what}: {told}");
    }
}

/// Holds a receipt of rows against the document's four steps with another
/// language's hashes.
fn checked_elsewhere(receipt: &Path, told: &str) {
    let python = std::env::var("WEIR_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/imports/check.py");
    let output = Command::new(python).arg(script).arg(receipt).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), told, "{}", said(&output));
}

#[test]
fn wrong_lines_are_told_by_number_and_a_wrong_file_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let file = dir.path().join("customers.csv");
    std::fs::write(&file, population("acme", 2).replace("us_person,true", "us_persn,true")).unwrap();
    let refused = server.weir(&["party", "import", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let told = said(&refused);
    assert!(
        told.contains("customers.csv:4: claim: there is no declared kind of claim `us_persn`; nearest: us_person"),
        "{told}"
    );
    assert!(told.contains("6 lines are wrong; nothing was imported"), "{told}");
    let other = dir.path().join("customers.xlsx");
    std::fs::write(&other, b"PK\x03\x04").unwrap();
    assert!(said(&server.weir(&["party", "import", other.to_str().unwrap()])).contains("--format says which"));
    let binary = server.weir(&["party", "import", "--format", "csv", other.to_str().unwrap()]);
    assert!(said(&binary).contains("customers.xlsx:1: there is no column"), "{}", said(&binary));
    assert!(said(&server.weir(&["party", "import", "/nowhere.csv"])).contains("cannot read /nowhere.csv"));
}

/// Where in an import the process is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// After so many pieces.
    Sent(usize),
    /// The end was asked for, and nobody waited for the answer.
    Ending,
}

#[test]
fn a_kill_at_any_stage_leaves_all_of_an_import_or_nothing() {
    let rounds: usize = std::env::var("WEIR_KILL_ROUNDS").map_or(12, |rounds| rounds.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (mut was_done, mut was_not) = (0, 0);
    for round in 0..rounds {
        let text = population(&format!("r{round}"), 60);
        let mut server = Server::start(&data);
        let moment = if round % 3 == 0 { Moment::Sent(round % 5) } else { Moment::Ending };
        server.import_until(&text, moment, round);
        server.kill();
        let server = Server::start(&data);
        let there = (0..60).filter(|party| server.has(&format!("r{round}-{party}"))).count();
        assert!(there == 0 || there == 60, "{there} of 60 parties after a kill at {moment:?}");
        let file = dir.path().join("again.csv");
        std::fs::write(&file, &text).unwrap();
        let again = server.weir(&["party", "import", file.to_str().unwrap()]);
        assert!(again.status.success(), "{}", said(&again));
        let repeated = json(&again)["repeated"] == true;
        assert_eq!(repeated, there == 60, "{}", json(&again));
        if repeated {
            was_done += 1
        } else {
            was_not += 1
        }
        assert_eq!(json(&again)["rows"], 240);
        drop(server);
        let verified = Command::new(env!("CARGO_BIN_EXE_weir")).args(["log", "verify"]).arg(&data).output().unwrap();
        assert!(verified.status.success(), "{}", said(&verified));
    }
    println!("{rounds} kills: {was_done} imports had been durable, {was_not} had not");
    assert!(was_not > 0);
}
