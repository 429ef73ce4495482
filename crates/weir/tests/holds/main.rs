//! What is erased, what is kept, and for how long, with the real process: an
//! erased claim is unknown at once and its bytes are gone; a hold stands
//! against erasing and ageing out; records go when the rules say, by an act
//! that names them; the log tells all of it to a stranger.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

#[path = "../process/call.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod call;
mod campaigns;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;
#[path = "../process/house.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod house;

use std::path::Path;

use serde_json::Value;

use call::{Call, ask};
use house::{CONFIG, House, holds};
use server::{Server, log_is_good};

/// Longer than any test.
const ENDLESS: &str = "x-stand-in-chunks: 9000\r\nx-stand-in-gap-ms: 100\r\n";

const CLAIM: &str = "claim add party:acme kyb_level 2 --level 2 --by Zyxwverifier --evidence sha256:abababababababababababababababababababababababababababababababab";

fn house() -> House {
    House::with(&[("fable-5", "general"), ("mythos-5", "verified")])
}

impl House {
    fn status(&self, model: &str) -> u16 {
        ask(self.server.address(), &self.key, model).unwrap().status
    }

    /// The public parts of acts of a kind.
    fn acts(&self, kind: &str) -> Vec<Value> {
        self.server.acts(kind).into_iter().map(|mut entry| entry["public"].take()).collect()
    }
}

#[test]
fn an_erased_claim_is_unknown_at_once_and_its_bytes_are_gone() {
    let house = house();
    assert_eq!(house.status("mythos-5"), 403);
    let claimed = house.weir().line(CLAIM).done().json();
    let act = claimed["act"].as_u64().unwrap();
    assert!(holds(&house.server.data(), "Zyxwverifier"));
    let mut stream = Call::send(house.server.address(), &house.key, "mythos-5", true, ENDLESS).unwrap();
    stream.wait_for("data: ");

    let hold = house.weir().line("hold place party:acme --reason dispute --citation Rule-4").done().json();
    let hold = hold["id"].as_str().unwrap();
    for what in [format!("act {act}"), "party:acme".to_owned(), "account:acme/ci".to_owned()] {
        let why = house.weir().line(&format!("erase {what} --reason asked")).refused();
        assert!(why.contains(&format!("is under hold {hold}")), "{why}");
    }
    assert_eq!(house.weir().line("hold list --json").done().json()["subject"], "party:acme");
    house.weir().line(&format!("hold lift {hold}")).done();
    let why = house.weir().line(&format!("hold lift {hold}")).refused();
    assert!(why.contains("is lifted already"), "{why}");

    // What is in use is ended first.
    for (what, why) in [
        ("party:acme", "party `acme` is open: close it first"),
        ("act 0", "act 0 has no private part"),
        ("act 9999", "the log has no act 9999"),
        ("party:nobody", "there is no party `nobody`"),
    ] {
        let told = house.weir().line(&format!("erase {what} --reason asked")).refused();
        assert!(told.contains(why), "{what}: {told}");
    }
    let (code, _) = house.weir().unread(&["erase", "act", "--reason", "asked"]);
    assert_ne!(code, 0);

    let erased = house.weir().line(&format!("erase act {act} --reason asked")).done().json();
    assert_eq!((&erased["erased"], &erased["warnings"]), (&1.into(), &Value::Null));
    let cut = stream.rest().unwrap();
    assert!(cut.text.contains("stage/verified") || cut.text.contains("release_denied"), "{}", cut.text);
    assert_eq!(house.status("mythos-5"), 403);
    assert!(!holds(&house.server.data(), "Zyxwverifier"), "its bytes are in no file");
    let why = house.weir().line(&format!("erase act {act} --reason asked")).refused();
    assert!(why.contains("is erased already"), "{why}");

    // The log says that it was done, and an auditor that it cannot be known.
    let said = house.acts("private.erase");
    assert_eq!(
        (said.len(), &said[0]["acts"][0]["act"], said[0]["acts"][0]["kind"].as_str()),
        (1, &act.into(), Some("claim.add"))
    );
    house.weir().line("log open --subject party:acme -o bundle.jsonl").done();
    let house = house.again("TERM", |_| ());
    assert_eq!(house.status("mythos-5"), 403);
    let data = house.server.data().display().to_string();
    let ran = house.weir().run(&["log", "verify", &data, "--opened", "bundle.jsonl"]).done();
    assert!(ran.out.contains("1 private parts were erased by acts"), "{}", ran.out);
    assert!(ran.out.contains("may rest on private parts that were erased or not opened"), "{}", ran.out);
    let shown = house.weir().line(&format!("log show {act} --json")).done().json();
    assert_eq!((&shown["erased"], &shown["private"]), (&true.into(), &Value::Null));
}

#[test]
fn everything_about_a_party_that_left_can_be_erased() {
    let house = house();
    house.weir().line(CLAIM).done();
    house.weir().line("party close acme").done();
    let erased = house.weir().line("erase party:acme --reason asked").done().json();
    // The party, its account, its key, its claim.
    assert_eq!(erased["erased"], 4, "{erased}");
    for text in ["Zyxwverifier", "\"Acme\""] {
        assert!(!holds(&house.server.data(), text), "{text}");
    }
    let why = house.weir().line("party show acme").refused();
    assert!(why.contains("there is no party `acme`"), "{why}");
    // The name is free for another.
    house.weir().line("party add acme --name Another").done();
    let house = house.again("TERM", |_| ());
    assert_eq!(house.weir().line("party show acme --json").done().json()["name"], "Another");
    log_is_good(house.weir(), &house.server.data());
}

/// Whatever way it came in and wherever it was told: acts, rows of imports,
/// drafts that name it, answers kept for who asks again.
#[test]
fn of_a_party_that_was_erased_nothing_readable_is_left_in_the_folder() {
    const FILE: &str = "record,party,account,name,claim,value,level,by,evidence,key
party,zyxwlab,,Zyxw Laboratory,,,,,,
claim,zyxwlab,,,sector,zyxwsector,2,zyxwverifier,9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08,
account,zyxwlab,zyxwaccount,,,,,,,
key,zyxwlab,zyxwaccount,,,,,,,2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683
party,borealis,,Boreal Institute,,,,,,
claim,borealis,,,kyb_level,2,2,borealverifier,60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752,
";
    const MORE: &str = "record,party,account,claim,value,level,by,evidence
claim,zyxwlab,zyxwaccount,nationalities,XA,2,zyxwverifier,9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
";
    const RULE: &str = r#"@id("own/zyxwlab")
@reason("zyxwlab asked")
forbid (principal, action, resource) when { principal has sector && principal.sector == "zyxwsector" };
"#;
    let house = house();
    let weir = house.weir();
    weir.write("first.csv", FILE);
    weir.write("more.csv", MORE);
    weir.line("party import first.csv").done();
    weir.line("party import more.csv").done();
    weir.line("account add zyxwlab/zyxwsecond").done();
    let evidence = "sha256:abababababababababababababababababababababababababababababababab";
    weir.line(&format!(
        "claim add zyxwlab/zyxwsecond us_person true --level 2 --by zyxwverifier --evidence {evidence}"
    ))
    .done();
    weir.line("measure take account:zyxwlab/zyxwsecond observe --reason zyxwreason").done();
    let measures = house.acts("measure.take");
    weir.line(&format!("measure lift {}", measures[0]["measure"].as_str().unwrap())).done();
    weir.write("rules/own.cedar", RULE);
    let draft = weir.line("rules set rules").done().json()["id"].as_str().unwrap().to_owned();
    let erase = |reason: &str| weir.line(&format!("erase party:zyxwlab --reason {reason}"));
    assert!(erase("asked").refused().contains("is open: close it first"));
    weir.line("party close zyxwlab").done();
    let told = erase("asked").refused();
    assert!(told.contains(&format!("draft {draft} names it and waits for approval: drop it first")), "{told}");
    weir.line(&format!("draft drop {draft}")).done();
    let told = weir.run(&["erase", "party:zyxwlab", "--reason", "zyxwlab asked"]).refused();
    assert!(told.contains("the reason names who is to be forgotten"), "{told}");
    assert!(holds(&house.server.data(), "zyxw"));
    let erased = erase("asked").done().json();
    assert_eq!(erased["warnings"], Value::Null, "{erased}");
    let data = house.server.data();
    assert!(!holds(&data, "zyxw"), "something is left of it");
    assert!(holds(&data, "borealverifier") && holds(&data, "Boreal Institute"), "others stay");
    let said = house.acts("private.erase");
    let parts = said.iter().flat_map(|act| act["acts"].as_array().unwrap());
    let mut kinds: Vec<&str> = parts.map(|part| part["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len() as u64, erased["erased"].as_u64().unwrap());
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, ["account.add", "claim.add", "draft.add", "measure.take", "party.import"]);
    assert!(erase("asked").refused().contains("there is no party `zyxwlab`"));

    // What a kill leaves is the same, and so is what the next start makes of it.
    house.server.signal("KILL");
    let House { server, key, upstream } = house;
    let (_, weir) = server.end();
    assert!(!holds(&data, "zyxw"), "something is left in what the process had not tidied up");
    let house = House { server: Server::start(weir, Path::new("data"), CONFIG), key, upstream };
    assert!(!holds(&data, "zyxw"));
    assert_eq!(house.weir().line("party show borealis --json").done().json()["name"], "Boreal Institute");
    house.weir().line("party add zyxwlab --name Another").done();
    log_is_good(house.weir(), &data);
}

#[test]
fn records_are_kept_until_a_rule_lets_them_go_and_never_while_a_hold_stands() {
    const KEEP: &str = r#"@id("authority/records-kept")
@retention("1 second")
@reason("Records are kept for a second, for this test")
permit (principal, action == Weir::Action::"records.delete", resource);
"#;
    let house = house();
    let officers = [house.operator("ines", "release-officer"), house.operator("lin", "release-officer")];
    let answer = ask(house.server.address(), &house.key, "fable-5").unwrap();
    let decision = answer.header("weir-decision").to_owned();
    let hold = house.weir().line("hold place account:acme/ci --reason dispute").done().json();
    let hold = hold["id"].as_str().unwrap().to_owned();
    house.weir().line("party add borealis --name Borealis").done();
    house.weir().line("account add borealis/b").done();
    let other = house.weir().line("key issue borealis/b").done().json()["key"].as_str().unwrap().to_owned();
    let house = house.again("TERM", |_| ());
    assert_eq!(ask(house.server.address(), &other, "fable-5").unwrap().status, 200);
    let house = house.again("TERM", |_| ());
    assert_eq!(house.acts("records.seal").len(), 2);
    let officers = officers.map(|officer| officer.with("WEIR_SERVER", house.server.base()));
    for (bad, why) in [
        (KEEP.replace("1 second", "a while"), "is no length of time"),
        (KEEP.replace("authority/records-kept", "records-kept"), "authority"),
        (KEEP.replace("@retention(\"1 second\")", ""), "how long they are kept"),
    ] {
        house.weir().write("rules/own.cedar", &bad);
        let told = house.weir().line("rules check rules").refused();
        assert!(told.contains("own.cedar, line 1: ") && told.contains(why), "{told}");
    }
    house.rules(KEEP, &officers);
    let segment = house.server.data().join("decisions/00000001.jsonl");
    // The file that nobody's hold keeps goes, in the same look that leaves the other.
    let free = house.server.data().join("decisions/00000002.jsonl");
    while free.is_file() {
        std::thread::yield_now();
    }
    assert!(segment.is_file(), "a hold stands");
    let deleted = house.acts("records.delete");
    assert_eq!((deleted.len(), &deleted[0]["segments"]), (1, &serde_json::json!(["00000002.jsonl"])));
    house.weir().line(&format!("hold lift {hold}")).done();
    while segment.is_file() {
        std::thread::yield_now();
    }
    let deleted = house.acts("records.delete");
    assert_eq!(deleted[1]["segments"], serde_json::json!(["00000001.jsonl"]));
    assert_eq!((deleted.len(), deleted[1]["rule"].as_str()), (2, Some("authority/records-kept")));
    let why = house.weir().line(&format!("explain {decision}")).refused();
    assert!(why.contains("were deleted by act"), "{why}");
    let data = house.server.data().display().to_string();
    let ran = house.weir().run(&["log", "verify", &data]).done();
    assert!(ran.out.contains("2 deleted since by acts"), "{}", ran.out);
}
