//! Imports from their HTTP side, over a real folder: all or nothing, one act,
//! overtaken by revocations, folded again by the next start.

#![allow(clippy::unwrap_used)]

mod server;

use std::fmt::Write as _;

use serde_json::{Value, json};
use weir_acts::Digest;
use weir_control::boot;
use weir_store::{Private, SqliteStore, Store as _};

use server::Server;

const HEADER: &str = "record,party,account,name,kind,claim,value,level,by,evidence,expires,key\n";

fn evidence() -> String {
    Digest::of(b"evidence").hex()
}

fn hash(key: &str) -> String {
    Digest::of(key.as_bytes()).hex()
}

/// `parties` parties of ten accounts each, with a claim and a key.
fn population(prefix: &str, parties: usize) -> String {
    let mut text = HEADER.to_owned();
    for party in 0..parties {
        let id = format!("{prefix}-{party}");
        writeln!(text, "party,{id},,\"Invented, {party}\",,,,,,,,").unwrap();
        writeln!(text, "claim,{id},,,,kyb_level,2,1,registry,{},,", evidence()).unwrap();
        for account in 0..10 {
            writeln!(text, "account,{id},a{account},,,,,,,,,").unwrap();
            writeln!(text, "claim,{id},a{account},,,us_person,{},2,registry,{},,", account % 2 == 0, evidence())
                .unwrap();
            writeln!(text, "key,{id},a{account},,,,,,,,,{}", hash(&format!("{id}/a{account}"))).unwrap();
        }
    }
    text
}

#[tokio::test]
async fn a_file_becomes_one_act_and_its_keys_authenticate_now_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let before = server.size();
    let (status, done) = server.import(&population("acme", 30), "csv").await;
    assert_eq!(status, 200, "{done}");
    let told = ["rows", "parties", "accounts", "claims", "keys"].map(|name| done[name].as_u64().unwrap());
    assert_eq!(told, [330, 30, 300, 330, 300]);
    assert_eq!((server.size(), done["act"].as_u64()), (before + 1, Some(before)));
    let pepper = dir.path().join(boot::PEPPER_FILE);
    let check = |server: &Server| {
        assert_eq!(server.holder(&pepper, b"acme-7/a3"), Some("acme-7/a3".into()));
        assert_eq!(server.holder(&pepper, b"acme-7/a33"), None);
        let state = &server.control.published().state;
        let account = state.account_named(state.party_named("acme-7").unwrap().id, "a3").unwrap();
        assert_eq!(account.claims[0].value, Some(weir_acts::Value::Bool(false)));
        assert_eq!(account.life.from(), state.last, "it begins with the act");
        assert_eq!(state.unseen_rows, 0);
    };
    check(&server);
    // Again: everything is there already, and nothing comes twice.
    let (status, again) = server.import(&population("acme", 30), "csv").await;
    assert_eq!((status, server.size()), (400, before + 1), "{again}");
    assert!(again["faults"][0]["why"].as_str().unwrap().contains("already"), "{again}");
    server.running.stop();
    let server = Server::start(dir.path());
    check(&server);
    server.change("/key/revoke", json!({ "id": key_of(&server, "acme-7", "a3") })).await;
    assert_eq!(server.holder(&pepper, b"acme-7/a3"), None);
    server.running.stop();
}

fn key_of(server: &Server, party: &str, name: &str) -> Value {
    let state = &server.control.published().state;
    let account = state.account_named(state.party_named(party).unwrap().id, name).unwrap();
    json!(account.keys[0])
}

#[tokio::test]
async fn json_lines_say_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut text = String::new();
    let lines = [
        json!({ "record": "party", "party": "acme", "name": "Acme", "kind": "institution" }),
        json!({ "record": "account", "party": "acme", "account": "ci" }),
        json!({ "record": "claim", "party": "acme", "account": "ci", "claim": "nationalities", "value": ["XA", "XB"],
            "level": 2, "by": "registry", "evidence": format!("sha256:{}", evidence()), "expires": "2099-01-01T00:00:00Z" }),
        json!({ "record": "key", "party": "acme", "account": "ci", "key": hash("k-1") }),
        json!({ "record": "key", "party": "acme", "account": "ci", "key": hash("k-2") }),
    ];
    lines.iter().for_each(|line| writeln!(text, "{line}").unwrap());
    let (status, done) = server.import(&text, "jsonl").await;
    assert_eq!((status, &done["rows"], &done["keys"]), (200, &json!(2), &json!(2)), "{done}");
    let pepper = dir.path().join(boot::PEPPER_FILE);
    assert_eq!(server.holder(&pepper, b"k-2"), Some("acme/ci".into()));
    // More about what exists: a claim and a key.
    let more = format!(
        "{}\n{}",
        json!({ "record": "key", "party": "acme", "account": "ci", "key": hash("k-3") }),
        json!({ "record": "claim", "party": "acme", "claim": "kyb_level", "value": 3, "level": 1, "by": "registry", "evidence": evidence() })
    );
    let (status, done) = server.import(&more, "jsonl").await;
    assert_eq!((status, &done["accounts"]), (200, &json!(0)), "{done}");
    assert_eq!(server.holder(&pepper, b"k-3"), Some("acme/ci".into()));
    server.running.stop();
}

#[tokio::test]
async fn every_fault_is_listed_with_its_line_and_nothing_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let before = server.size();
    let evidence = evidence();
    let known = hash("k-1");
    let lines = [
        ("party,acme,,Acme,,,,,,,,".to_owned(), ""),
        ("party,acme,,Acme,,,,,,,,".to_owned(), "party: there is a party `acme` already"),
        ("party,b d,,B,,,,,,,,".to_owned(), "party: `b d` is not a party's id"),
        ("account,b d,x,,,,,,,,,".to_owned(), ""),
        ("prty,c,,C,,,,,,,,".to_owned(), "record: there is no kind of record `prty`; nearest: party"),
        ("party,d,,,,,,,,,,".to_owned(), "name: the party's name is empty"),
        ("party,e,,E,institute,,,,,,,".to_owned(), "kind: `institute` is not one of"),
        ("account,nobody,ci,,,,,,,,,".to_owned(), "party: there is no party `nobody`"),
        ("account,acme,ci,,,,,,,,,".to_owned(), ""),
        ("account,acme,ci,,,,,,,,,".to_owned(), "account: there is an account `acme/ci` already"),
        (
            format!("claim,acme,ci,,,us_persn,true,1,registry,{evidence},,"),
            "claim: there is no declared kind of claim `us_persn`; nearest: us_person",
        ),
        (format!("claim,acme,ci,,,us_person,maybe,1,registry,{evidence},,"), "value: `maybe` is not a bool"),
        (format!("claim,acme,ci,,,us_person,true,9,registry,{evidence},,"), "level: write a whole number from 0 to 4"),
        ("claim,acme,ci,,,us_person,true,1,registry,abc,,".to_owned(), "evidence: write SHA-256"),
        (format!("claim,acme,ci,,,us_person,true,1,,{evidence},,"), "by: the verifier's name is empty"),
        (format!("claim,acme,ci,,,kyb_level,2,1,registry,{evidence},,"), "account: `kyb_level` describes a party"),
        (
            format!("claim,acme,ci,,,us_person,true,1,registry,{evidence},2020-01-01T00:00:00Z,"),
            "expires: the claim would have expired",
        ),
        (format!("key,acme,ci,,,,,,,,,{known}"), ""),
        (format!("key,acme,ci,,,,,,,,,{known}"), "key: this key is in use already"),
        ("key,acme,ci,,,,,,,,,sk-live-secret".to_owned(), "key: write SHA-256 of the key"),
        (format!("key,acme,,,,,,,,,,{known}"), "account: a key belongs to an account"),
        (format!("account,acme,cj,,,,,,,,,{known}"), "key: a `account` record leaves it empty"),
        ("party,f\0,,F,,,,,,,,".to_owned(), "party: `f\0` is not a party's id"),
    ];
    let text = HEADER.to_owned() + &lines.iter().map(|(line, _)| format!("{line}\n")).collect::<String>();
    let (status, answer) = server.import(&text, "csv").await;
    assert_eq!(status, 400, "{answer}");
    let told: Vec<String> = answer["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            format!("{}: {}: {}", fault["line"], fault["column"].as_str().unwrap(), fault["why"].as_str().unwrap())
        })
        .collect();
    let expected: Vec<String> = (2..)
        .zip(&lines)
        .filter(|(_, (_, why))| !why.is_empty())
        .map(|(number, (_, why))| format!("{number}: {why}"))
        .collect();
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(&expected) {
        assert!(told.starts_with(expected.as_str()), "{told:?}, expected {expected:?}");
    }
    assert_eq!((server.size(), server.control.published().state.parties.len()), (before, 0));
    let endless = HEADER.to_owned() + &"nothing,,,,,,,,,,,\n".repeat(5_000);
    let (_, answer) = server.import(&endless, "csv").await;
    assert_eq!((answer["faults"].as_array().unwrap().len(), &answer["stopped"]), (100, &json!(true)));
    let (_, answer) = server.import(HEADER, "csv").await;
    assert!(answer["faults"][0]["why"].as_str().unwrap().contains("no record"), "{answer}");
    server.running.stop();
}

#[tokio::test]
async fn acts_overtake_an_import_and_what_stands_against_it_refuses_it_whole() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.change("/party/add", json!({ "id": "old", "name": "Old" })).await;
    server.change("/account/add", json!({ "account": "old/ci" })).await;
    let issued = server.change("/key/issue", json!({ "account": "old/ci" })).await;
    let mut text = population("new", 20);
    writeln!(text, "account,old,added,,,,,,,,,").unwrap();
    writeln!(text, "claim,old,ci,,,us_person,true,2,registry,{},,", evidence()).unwrap();

    let (_, begun) = server.begin(&text, "csv", None).await;
    let id = begun["import"].as_str().unwrap().to_owned();
    server.send(&id, &text, 5_000).await;
    // While it is under way the key is revoked, and the account suspended.
    server.change("/key/revoke", json!({ "id": issued["key_id"] })).await;
    server.change("/account/suspend", json!({ "account": "old/ci" })).await;
    let (status, done) = server.finish(&id).await;
    assert_eq!(status, 200, "{done}");
    let check = |server: &Server| {
        let state = &server.control.published().state;
        let old = state.party_named("old").unwrap();
        let ci = state.account_named(old.id, "ci").unwrap();
        assert_eq!((old.accounts.len(), ci.claims.len(), ci.suspensions.len()), (2, 1, 1));
        assert!(!state.keys.get(&ci.keys[0]).unwrap().life.holds(state.last));
        assert_eq!(state.parties.len(), 21);
    };
    check(&server);

    let late = population("late", 3) + "account,old,late,,,,,,,,,\n";
    let (_, begun) = server.begin(&late, "csv", None).await;
    let id = begun["import"].as_str().unwrap().to_owned();
    server.send(&id, &late, 5_000).await;
    server.change("/party/close", json!({ "id": "old" })).await;
    let (status, refused) = server.finish(&id).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("is closed"), "{refused}");
    assert!(server.control.published().state.party_named("late-0").is_none());
    server.running.stop();
    let server = Server::start(dir.path());
    check(&server);
    server.running.stop();
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_a_broken_upload_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let text = population("acme", 60);
    let (_, begun) = server.begin(&text, "csv", Some("key-1")).await;
    let first = begun["import"].as_str().unwrap().to_owned();
    server.send(&first, &text[..20_000], 4_000).await;
    // A piece sent again is passed over, one that leaves bytes out is refused.
    let (status, answer) =
        server.call("PUT", &format!("/import/{first}/16000"), None, text.as_bytes()[16_000..20_000].to_vec()).await;
    assert_eq!((status, &answer["received"]), (200, &json!(20_000)));
    let (status, _) = server.call("PUT", &format!("/import/{first}/30000"), None, vec![b'x']).await;
    assert_eq!(status, 409);
    // Somebody else's upload does not take its place, its own new beginning does.
    let (status, answer) = server.begin(&text, "csv", Some("key-2")).await;
    assert_eq!(status, 409, "{answer}");
    let (_, begun) = server.begin(&text, "csv", Some("key-1")).await;
    let second = begun["import"].as_str().unwrap().to_owned();
    let (status, _) = server.call("PUT", &format!("/import/{first}/20000"), None, Vec::new()).await;
    assert_eq!(status, 404);
    server.send(&second, &text, 50_000).await;
    let (status, done) = server.finish(&second).await;
    assert_eq!(status, 200, "{done}");
    let (_, again) = server.begin(&text, "csv", Some("key-1")).await;
    for field in ["act", "leaf", "id", "rows", "root"] {
        assert_eq!(again["done"][field], done[field], "{field}");
    }
    let (status, _) = server.begin("other", "csv", Some("key-1")).await;
    assert_eq!(status, 409, "one key for two files");
    // What was announced is not what comes.
    let (_, begun) = server.begin("another file", "csv", None).await;
    let id = begun["import"].as_str().unwrap().to_owned();
    server.send(&id, &population("forged", 1), 50_000).await;
    let (status, answer) = server.finish(&id).await;
    assert_eq!(status, 400, "{answer}");
    assert!(server.control.published().state.party_named("forged-0").is_none());
    server.running.stop();
}

#[tokio::test]
async fn a_process_that_ends_in_the_middle_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let text = population("acme", 300);
    let (_, begun) = server.begin(&text, "csv", None).await;
    let id = begun["import"].as_str().unwrap().to_owned();
    server.send(&id, &text, 100_000).await;
    let before = server.size();
    let database = dir.path().join(boot::DATABASE_FILE);
    assert_eq!(SqliteStore::open(&database).unwrap().staged().unwrap(), [id]);
    server.running.stop();
    let server = Server::start(dir.path());
    assert_eq!((server.size(), server.control.published().state.parties.len()), (before, 0));
    let (status, done) = server.import(&text, "csv").await;
    assert_eq!(status, 200, "{done}");
    let store = SqliteStore::open(&database).unwrap();
    let gone = (0..500).any(|_| {
        std::thread::yield_now();
        store.staged().unwrap().is_empty() || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            false
        }
    });
    assert!(gone, "what the first process staged is still there");
    server.running.stop();
}

#[tokio::test]
async fn an_erased_row_folds_to_unknown_and_the_others_to_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (_, done) = server.import(&population("acme", 2), "csv").await;
    let act = done["act"].as_u64().unwrap();
    let (status, shown) = server
        .call("POST", "/log/rows", None, json!({ "act": act, "subject": "acme-0/a4" }).to_string().into_bytes())
        .await;
    assert_eq!(status, 200, "{shown}");
    let row = shown["rows"][0]["row"].as_u64().unwrap();
    server.running.stop();
    let store = SqliteStore::open(&dir.path().join(boot::DATABASE_FILE)).unwrap();
    assert!(store.erase_row(act, row).unwrap());
    assert_eq!(store.rows(act, row, 1).unwrap()[0].private, Private::Erased);
    drop(store);
    let server = Server::start(dir.path());
    let pepper = dir.path().join(boot::PEPPER_FILE);
    assert_eq!(server.holder(&pepper, b"acme-0/a4"), None);
    assert_eq!(server.holder(&pepper, b"acme-0/a5"), Some("acme-0/a5".into()));
    let state = &server.control.published().state;
    let nameless: Vec<_> = state.accounts.iter().filter(|(_, account)| account.handle.is_none()).collect();
    assert_eq!(nameless.len(), 1);
    assert_eq!((nameless[0].1.claims.len(), &nameless[0].1.claims[0].value), (1, &None));
    server.running.stop();
}
