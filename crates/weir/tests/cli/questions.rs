//! Every command that only asks: what it asks for, and what people and
//! programs read.

use serde_json::{Value, json};

use crate::program::Weir;
use crate::stub::Stub;

/// What `line` asks for when it is answered by `answer`, and what it prints.
fn asking(line: &str, answer: &Value) -> (String, String) {
    let stub = Stub::answering("200 OK", &answer.to_string());
    let ran = Weir::asking(stub.base()).line(line).done();
    (stub.asked().line, ran.out)
}

#[test]
fn every_question_has_its_path() {
    for (line, path) in [
        ("party list", "/admin/v1/party"),
        ("party show acme", "/admin/v1/party/acme"),
        ("account list acme", "/admin/v1/account?party=acme"),
        ("account show acme/ci", "/admin/v1/account/acme/ci"),
        ("model list", "/admin/v1/model"),
        ("rules show", "/admin/v1/rules"),
        ("directive list", "/admin/v1/directive"),
        ("directive show order", "/admin/v1/directive/order"),
        ("directive show a/../b?c", "/admin/v1/directive/a%2F..%2Fb%3Fc"),
        ("directive preview order", "/admin/v1/directive/order/preview"),
        ("who-can mythos-5", "/admin/v1/who-can/mythos-5"),
        ("explain acme/ci mythos-5", "/admin/v1/explain?account=acme%2Fci&model=mythos-5"),
        ("explain dec-00000001-0000002a", "/admin/v1/explain?decision=dec-00000001-0000002a"),
        ("log list --from 3 --limit 2", "/admin/v1/log?from=3&limit=2"),
        ("log show 3", "/admin/v1/log/3"),
    ] {
        let (asked, _) = asking(line, &json!({}));
        assert_eq!(asked, format!("GET {path}"), "{line}");
    }
}

#[test]
fn a_long_list_is_printed_whole() {
    let pages = [
        json!({ "accounts": [{ "id": "acme/a" }, { "id": "acme/b&c" }], "of": 3, "next": "acme/b&c" }),
        json!({ "accounts": [{ "id": "acme/d" }], "of": 3, "next": null }),
    ];
    let pages = pages.map(|page| page.to_string());
    let stub = Stub::answering_in_turn("200 OK", &pages.each_ref().map(String::as_str));
    let printed = Weir::asking(stub.base()).line("account list acme --json").done().out;
    assert_eq!(printed, "{\"id\":\"acme/a\"}\n{\"id\":\"acme/b&c\"}\n{\"id\":\"acme/d\"}\n");
    let asked: Vec<String> = stub.all_asked().into_iter().map(|asked| asked.line).collect();
    let path = "GET /admin/v1/account?party=acme";
    assert_eq!(asked, [path.to_owned(), format!("{path}&after=acme%2Fb%26c")]);
}

#[test]
fn a_server_that_says_the_same_page_again_is_not_asked_for_ever() {
    let stub = Stub::answering("200 OK", &json!({ "parties": [{ "id": "a" }], "next": "a" }).to_string());
    let refusal = Weir::asking(stub.base()).line("party list").refused();
    assert!(refusal.contains("`a`"), "{refusal}");
}

#[test]
fn a_moment_is_asked_for_with_its_offset_resolved() {
    for line in ["who-can mythos-5", "explain acme/ci mythos-5"] {
        let (asked, _) = asking(&format!("{line} --at 2026-06-12T17:21:00-04:00"), &json!({}));
        assert!(asked.replace("%3A", ":").ends_with("at=2026-06-12T21:21:00.000Z"), "{asked}");
    }
}

#[test]
fn an_account_is_explained_for_a_model_only() {
    let stub = Stub::answering("200 OK", "{}");
    let refusal = Weir::asking(stub.base()).line("explain acme/ci").refused();
    assert!(refusal.contains("explain acme/ci MODEL"), "{refusal}");
    stub.assert_left_alone();
}

#[test]
fn rules_are_checked_without_being_set() {
    let stub = Stub::answering("200 OK", r#"{"added":["a"],"removed":[],"kept":2}"#);
    let weir = Weir::asking(stub.base());
    weir.write("rules/a.cedar", "// a\n");
    assert_eq!(weir.line("rules check rules").done().out, "the rules are right: 1 new, 0 to go, 2 kept\n");
    let asked = stub.asked();
    assert_eq!(asked.line, "POST /admin/v1/rules/check");
    assert_eq!(asked.body, json!({"files": [{"name": "a.cedar", "text": "// a\n"}]}));
}

#[test]
fn lists_are_tables_for_people_and_lines_for_programs() {
    let parties = json!({"parties": [
        {"id": "acme", "name": "Acme", "kind": "institution", "accounts": 3, "open": true},
        {"id": "borealis-university", "name": "Borealis", "kind": "institution", "accounts": 12, "open": true},
    ]});
    let (_, text) = asking("party list", &parties);
    let columns: Vec<usize> = text.lines().map(|line| line.find("nstitution").or(line.find("IND")).unwrap()).collect();
    assert!(columns.iter().all(|column| *column == columns[0]), "{text}");
    let (_, lines) = asking("party list --json", &parties);
    let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(read), parties["parties"]);

    let who = json!({"model": "mythos-5", "at": "2026-06-12T21:21:00Z", "tree_size": 9,
        "accounts": [{"party": "acme", "account": "acme/ci"}]});
    let (_, line) = asking("who-can mythos-5 --json", &who);
    assert_eq!(serde_json::from_str::<Value>(line.trim_end()).unwrap(), who["accounts"][0]);
    assert_eq!(asking("who-can mythos-5", &who).1, "ACCOUNT\nacme/ci\n");
}

#[test]
fn the_log_is_listed_to_its_end_or_as_far_as_asked() {
    let act =
        json!({"act": 3, "entry": {"at": "2026-06-12T21:21:00Z", "kind": "party.add", "subject": "p-1", "by": "o-1"}});
    let page = json!({"size": 4, "acts": [act]});
    let (_, lines) = asking("log list --from 3 --limit 1 --json", &page);
    assert_eq!(serde_json::from_str::<Value>(&lines).unwrap(), act);
    let (_, text) = asking("log list --from 3 --limit 1", &page);
    assert!(text.contains("party.add") && text.contains("p-1"), "{text}");
}

#[test]
fn a_preview_is_a_document_or_a_readable_page() {
    let by_party: Vec<Value> =
        (0..23).map(|party| json!({"party": format!("party-{party}"), "keep": 1, "lose": 2, "unknown": 0})).collect();
    let preview = json!({"directive": "order", "tree_size": 812, "digest": "sha256:00", "accounts": 100,
        "without_access": 10, "keep": 23, "lose": 46, "unknown": 21, "unknown_answer": "deny",
        "by_model": {"mythos-5": {"keep": 23, "lose": 46, "unknown": 21}}, "by_party": by_party,
        "clears_unknown": [{"claim": "us_person", "accounts": 21}], "took_ms": 1});
    let (_, document) = asking("directive preview order --json", &preview);
    assert_eq!(serde_json::from_str::<Value>(document.trim_end()).unwrap(), preview);
    let (_, page) = asking("directive preview order", &preview);
    for told in ["keep 23", "lose 46", "unknown 21", "mythos-5", "party-19", "and 3 more parties", "us_person"] {
        assert!(page.contains(told), "{told} is not in\n{page}");
    }
    assert!(!page.contains("party-20"), "{page}");
}

#[test]
fn an_appeal_is_filed_with_the_accounts_own_key() {
    let stub = Stub::answering("200 OK", r#"{"act":7,"leaf":"00","receipt":"u","id":"y"}"#);
    let weir = Weir::asking(stub.base());
    weir.write("key", "weir_account\n");
    let file = ["appeal", "file", "dec-00000001-0000002a", "--text", "That was our evaluation.", "--key-file", "key"];
    assert_eq!(weir.run(&file).done().json()["id"], "y");
    let asked = stub.asked();
    assert_eq!(asked.line, "POST /access/v1/appeals");
    assert_eq!(asked.authorization.as_deref(), Some("Bearer weir_account"), "never the operator's token");
    assert_eq!(asked.body, json!({"decision": "dec-00000001-0000002a", "text": "That was our evaluation."}));

    let weir = weir.with("WEIR_KEY", "weir_other");
    weir.line("appeal file s-00112233445566778899 --text Ours.").done();
    let asked = stub.asked();
    assert_eq!(asked.authorization.as_deref(), Some("Bearer weir_other"));
    assert_eq!(asked.body, json!({"measure": "s-00112233445566778899", "text": "Ours."}));

    let refusal = Weir::asking(stub.base()).line("appeal file s-00112233445566778899 --text Ours.").refused();
    assert!(refusal.contains("--key-file") && refusal.contains("WEIR_KEY"), "{refusal}");
    let away = Weir::asking("http://weir.example.org").with("WEIR_KEY", "weir_other");
    assert!(away.line("appeal file s-00112233445566778899 --text Ours.").refused().contains("plain HTTP"));
    stub.assert_left_alone();
}

#[test]
fn a_receipt_that_is_none_is_not_kept() {
    let stub = Stub::answering("200 OK", "not a receipt");
    let weir = Weir::asking(stub.base());
    let refusal = weir.line("log receipt 3 -o r.tlog-proof").refused();
    assert!(refusal.contains("receipt"), "{refusal}");
    assert_eq!(stub.asked().authorization, None, "the public log is asked without a token");
    assert!(!weir.dir().join("r.tlog-proof").try_exists().unwrap());
}
