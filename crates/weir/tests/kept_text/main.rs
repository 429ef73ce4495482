//! What a request said, with the real process: kept only where a rule says so,
//! in no file in the clear, read back with a trace in the log, and gone with
//! its key: by time, by an erasure, and in every backup; never while a hold
//! stands.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;
#[path = "../process/house.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod house;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use weir_store::{SqliteStore, Store as _};

use house::{House, files, holds};
use program::Weir;
use server::log_is_good;

const KEEP: &str = r#"@id("own/kept")
@keep_text("2 days")
@reason("What is asked of mythos is kept for two days")
permit (principal, action, resource == Weir::Model::"mythos-5");
"#;

const DAY: i64 = 86_400_000;

/// One in which what is asked of mythos is kept.
fn keeping() -> House {
    let house = House::with(&[("fable-5", "general"), ("mythos-5", "general")]);
    for (bad, why) in [
        (KEEP.replace("2 days", "long"), "@keep_text(\"long\") is no length of time"),
        (KEEP.replace("@keep_text", "@keep_texts"), "@keep_texts says nothing"),
        (KEEP.replace("permit", "forbid"), "@keep_text stands on a forbid"),
        (KEEP.replace("own/kept", "authority/kept"), "a rule about models"),
    ] {
        house.weir().write("rules/own.cedar", &bad);
        let told = house.weir().line("rules check rules").refused();
        assert!(told.contains("own.cedar, line 1: ") && told.contains(why), "{told}");
    }
    let officers = ["ines", "lin"].map(|name| house.operator(name, "release-officer"));
    house.rules(KEEP, &officers);
    house
}

impl House {
    /// Asks a model under a key; the exchange's id.
    fn ask(&self, key: &str, model: &str, text: &str) -> String {
        let url = format!("http://{}/v1/chat/completions", self.server.address());
        let messages =
            json!([{"role": "system", "content": "Zyxwsystem speaks"}, {"role": "user", "content": text}]);
        let asked = ureq::post(&url).header("authorization", format!("Bearer {key}"));
        let mut asked = asked.send_json(json!({"model": model, "messages": messages})).unwrap();
        let decision = asked.headers()["weir-decision"].to_str().unwrap().to_owned();
        asked.body_mut().read_to_string().unwrap();
        decision.replace("dec-", "x-")
    }

    fn read(&self, exchange: &str) -> program::Ran {
        self.weir().run(&["--json", "exchange", "text", exchange, "--reason", "zyxwreason"])
    }

    fn keys(&self) -> Vec<PathBuf> {
        files(&self.server.data().join("text-keys"))
    }
}

/// Has a folder's clock go on from so many days ahead.
fn later(days: i64) -> impl FnOnce(&Path) {
    move |data: &Path| {
        let store = SqliteStore::open(&data.join("weir.db")).unwrap();
        let now = store.fact("clock").unwrap().unwrap();
        let now = i64::from_be_bytes(now.try_into().unwrap());
        store.set_fact("clock", Some(&(now + days * DAY).to_be_bytes())).unwrap();
    }
}

#[test]
fn texts_are_kept_where_a_rule_says_so_and_read_with_a_trace_until_their_day_has_passed() {
    let house = keeping();
    let without = house.ask(&house.key, "fable-5", "Zyxwlantern of the pier");
    assert_eq!(house.keys(), [""; 0].map(PathBuf::from));
    let exchange = house.ask(&house.key, "mythos-5", "Zyxwsaffron\nof the harbour");
    let second = house.ask(&house.key, "mythos-5", "Zyxwsecond");
    let keys = house.keys();
    assert_eq!(keys.len(), 1, "one account, one day, one key: {keys:?}");
    let data = house.server.data();
    for text in ["Zyxwlantern", "Zyxwsaffron", "Zyxwsecond", "Zyxwsystem"] {
        assert!(!holds(&data, text.as_bytes()), "{text} is in a file");
    }

    // Read back, and said in the log before.
    let read = house.read(&exchange).done().json();
    assert_eq!(
        read["text"],
        json!({"system": "Zyxwsystem speaks", "last_user": "Zyxwsaffron\nof the harbour"}),
        "{read}"
    );
    assert_eq!((read["account"].as_str(), read["model"].as_str()), (Some("acme/ci"), Some("mythos-5")));
    let told = house.server.acts("text.read");
    assert_eq!((told.len(), &told[0]["public"]), (1, &json!({"exchange": exchange})));
    let shown = house.weir().line(&format!("log show {} --json", read["act"])).done().json();
    assert_eq!(shown["private"]["reason"], "zyxwreason", "{shown}");
    let ran = house.weir().run(&["exchange", "text", &second, "--reason", "asked"]).done();
    assert!(ran.out.contains("Last of the user\n  Zyxwsecond\n"), "{}", ran.out);
    assert!(!holds(&data, b"Zyxwsaffron"));

    // Nothing was kept, or there is nothing, or they may not.
    for (id, why) in [
        (without.as_str(), "no text was kept of"),
        ("x-00000001-00ffffff", "there is no exchange x-00000001-00ffffff"),
        ("dec-00000001-00000001", "is not the id of an exchange"),
    ] {
        let told = house.read(id).refused();
        assert!(told.contains(why), "{told}");
    }
    let officer = house.operator("omar", "release-officer");
    let told = officer.run(&["exchange", "text", &exchange, "--reason", "asked"]).refused();
    assert!(told.contains("may not do `text.read`") && told.contains("analyst"), "{told}");
    assert_eq!(house.server.acts("text.read").len(), 2, "what was not read left no trace");

    // No backup holds a key.
    let key = std::fs::read(&keys[0]).unwrap();
    assert!(key.len() == 32 && holds(&data, &key));
    house.weir().run(&["backup", "copy", "--data", &data.display().to_string()]).done();
    let copy = house.weir().dir().join("copy");
    assert!(copy.join("decisions").is_dir() && !copy.join("text-keys").try_exists().unwrap() && !holds(&copy, &key));

    // A hold keeps it over its day; then it goes, and what it sealed with it.
    let hold = house.weir().line("hold place party:acme --reason dispute").done().json();
    let house = house.again("TERM", later(3));
    assert_eq!(house.keys().len(), 1, "a hold stands");
    assert_eq!(house.read(&exchange).done().json()["text"]["last_user"], "Zyxwsaffron\nof the harbour");
    house.weir().line(&format!("hold lift {}", hold["id"].as_str().unwrap())).done();
    let told = house.read(&exchange).refused();
    assert!(told.contains("it was kept until") && told.contains("its key is destroyed"), "{told}");
    let house = house.again("KILL", |_| ());
    assert_eq!(files(&house.server.data().join("text-keys")), [""; 0].map(PathBuf::from));
    assert!(!holds(&house.server.data(), &key), "its bytes are in no file");
    assert!(house.read(&exchange).refused().contains("its key is destroyed"));
    assert_eq!(house.server.acts("text.read").len(), 3);
    log_is_good(house.weir(), &house.server.data());
    drop(house.upstream);
}

#[test]
fn an_erasure_destroys_the_keys_before_it_is_acknowledged_and_after_a_crash() {
    let house = keeping();
    house.weir().line("party add borealis --name Borealis").done();
    house.weir().line("account add borealis/b").done();
    let other = house.weir().line("key issue borealis/b").done().json()["key"].as_str().unwrap().to_owned();
    let (mine, theirs) = (house.ask(&house.key, "mythos-5", "Zyxwmine"), house.ask(&other, "mythos-5", "Zyxwtheirs"));
    assert_eq!(house.keys().len(), 2);
    let account = house.read(&mine).done().json();
    assert_eq!(account["account"], "acme/ci");
    let read = house.server.acts("text.read")[0]["subject"].as_str().unwrap().to_owned();
    let path = house.keys().into_iter().find(|path| path.ends_with(&read)).unwrap();
    let key = std::fs::read(&path).unwrap();
    house.weir().line("party close acme").done();
    let erased = house.weir().line("erase party:acme --reason asked").done().json();
    assert_eq!(erased["warnings"], Value::Null, "{erased}");
    assert!(!path.try_exists().unwrap() && !holds(&house.server.data(), &key));
    // Why it was read names somebody, perhaps, and goes too.
    assert!(!holds(&house.server.data(), b"zyxwreason"));
    let told = house.read(&mine).refused();
    assert!(told.contains("its key was destroyed when the account was erased"), "{told}");
    assert_eq!(house.read(&theirs).done().json()["text"]["last_user"], "Zyxwtheirs");

    // As if it had been cut off between the act and the destruction.
    let house = house.again("KILL", |_| std::fs::write(&path, &key).unwrap());
    assert!(!path.try_exists().unwrap(), "the next start finishes it");
    // A key that was taken away is not made up.
    for path in house.keys() {
        std::fs::remove_file(path).unwrap();
    }
    let told = house.read(&theirs).refused();
    assert!(told.contains("its key is not in text-keys"), "{told}");
    log_is_good(house.weir(), &house.server.data());
    drop(house.upstream);
}

#[test]
fn where_reading_takes_approval_it_is_drafted_approved_and_handed_over_once() {
    const TWO_EYES: &str = r#"@id("authority/own-texts")
@reason("Reading a kept text takes the approval of another")
forbid (principal, action == Weir::Action::"text.read", resource) when { context.approvals < 1 };
"#;
    let house = keeping();
    let exchange = house.ask(&house.key, "mythos-5", "Zyxwsaffron");
    let officers = ["omar", "nils"].map(|name| house.operator(name, "release-officer"));
    house.rules(&format!("{KEEP}{TWO_EYES}"), &officers);
    let [ana, ben] = ["ana", "ben"].map(|name| house.operator(name, "analyst"));
    let read = |who: &Weir, id: &str| who.run(&["--json", "exchange", "text", id, "--reason", "zyxwreason"]);

    // Who may not, and what is not there, is refused and not drafted.
    assert!(read(&officers[0], &exchange).refused().contains("approval"));
    assert!(read(&ana, "x-00000001-00ffffff").refused().contains("there is no exchange"));
    assert_eq!(house.server.acts("draft.add").len(), 2, "of the rules alone");
    let body = json!({"exchange": exchange, "account": "a-00000000000000000001", "reason": "x"});
    let url = format!("{}/admin/v1/text/read", house.server.base());
    let token = format!("Bearer {}", std::fs::read_to_string(house.server.data().join("operator.token")).unwrap().trim());
    let sent = ureq::post(&url).config().http_status_as_error(false).build().header("authorization", token).send_json(body);
    assert_eq!(sent.unwrap().status().as_u16(), 400, "there is one way to ask");

    let asked = read(&ana, &exchange).done().json();
    let draft = asked["id"].as_str().unwrap().to_owned();
    assert_eq!((&asked["approvals_needed"], &asked["text"]), (&json!(1), &Value::Null), "{asked}");
    assert!(read(&ana, &exchange).refused().contains(&format!("draft {draft} asks to read {exchange} already")));
    assert!(ana.line(&format!("approve {draft}")).refused().contains("someone other than its author"));
    assert!(officers[0].line(&format!("approve {draft}")).refused().contains("only who could do it may approve it"));
    let shown = ben.line(&format!("draft show {draft} --json")).done().out;
    assert!(shown.contains(&exchange) && shown.contains("zyxwreason"), "{shown}");
    assert!(house.server.acts("text.read").is_empty());
    let approved = ben.line(&format!("approve {draft}")).done();
    assert!(approved.err.contains("once and within 24 hours"), "{}", approved.err);
    let acts = house.server.acts("text.read");
    assert_eq!((acts.len(), acts[0]["approvals"].as_array().unwrap().len()), (1, 1), "{acts:?}");

    // Handed to who asked, after a restart as well, and to nobody else.
    let house = house.again("KILL", |_| ());
    let [ana, ben] = [ana, ben].map(|who| who.with("WEIR_SERVER", house.server.base()));
    let second = read(&ben, &exchange).done().json();
    assert_eq!(second["text"], Value::Null, "ben consented and did not ask: {second}");
    let told = read(&ana, &exchange).done().json();
    assert_eq!(told["text"]["last_user"], "Zyxwsaffron", "{told}");
    let handed = house.server.acts("text.hand");
    assert_eq!((handed.len(), handed[0]["approvals"].as_array().unwrap().len()), (1, 1), "{handed:?}");
    let again = read(&ana, &exchange).done().json();
    assert_eq!(again["text"], Value::Null, "once: {again}");

    // What is not fetched within a day lapses.
    ben.line(&format!("approve {}", again["id"].as_str().unwrap())).done();
    let house = house.again("TERM", later(1));
    let ana = ana.with("WEIR_SERVER", house.server.base());
    let late = read(&ana, &exchange).done().json();
    assert_eq!(late["text"], Value::Null, "{late}");
    assert_eq!((house.server.acts("text.read").len(), house.server.acts("text.hand").len()), (2, 1));
    log_is_good(house.weir(), &house.server.data());
    drop(house.upstream);
}

/// What an auditor is given holds the sealed texts and not the keys, and says
/// that nobody reads them with it; everything else in it holds.
#[test]
fn an_audit_bundle_has_no_keys_of_texts_and_says_so() {
    let house = keeping();
    house.ask(&house.key, "mythos-5", "Zyxwsaffron");
    // Sealed with the end of its process.
    let house = house.again("TERM", |_| ());
    let key = std::fs::read(&house.keys()[0]).unwrap();
    house.weir().line("audit export --from 2020-01-01T00:00:00Z --to 2100-01-01T00:00:00Z -o audit").done();
    let audit = house.weir().dir().join("audit");
    assert!(holds(&audit, b"\"text\":{") && !holds(&audit, &key) && !holds(&audit, b"Zyxwsaffron"));
    assert!(!audit.join("text-keys").try_exists().unwrap());
    let readme = std::fs::read_to_string(audit.join("README.txt")).unwrap();
    assert!(readme.contains("under keys that are not here and in no export"), "{readme}");
    let verified = house.weir().line("log verify audit/log --key audit/log.vkey --opened audit/bundle.jsonl").done().out;
    assert!(verified.contains("1 kept texts in them are sealed; their keys are in no export"), "{verified}");
    drop(house.upstream);
}
