//! The control plane from its HTTP side, over a real folder: first start, an
//! order from draft to lifting, restarts, refusals, repeated requests.

#![allow(clippy::unwrap_used)]

mod appeals;
mod approvals;
mod server;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use weir_control::boot;
use weir_tlog::{Hash, Receipt, VerifierKey, verify_consistency};

use server::{ORDER, Server, claim, populate};

const SECOND: &str = r#"
id = "2026-06-26-order"
authority = "Office of Export"
kind = "order"
received = 2026-06-26T09:00:00-04:00
models = ["mythos-5", "fable-5"]
forbid = 'principal.us_person == false'
except = [{ list = "appendix-a.csv", models = ["mythos-5"] }]
amends = "2026-06-12-order"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_friday_letter_from_draft_to_lifting() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    populate(&server).await;
    let before = server.names("mythos-5").await;
    assert_eq!(before, ["acme/a", "borealis/b", "corvid/c"]);

    let drafted = server.change("directive/draft", json!({"file": {"name": "order.toml", "text": ORDER}})).await;
    assert_eq!(drafted["id"], "2026-06-12-order");
    assert_eq!(server.names("mythos-5").await, before, "a draft changes nothing");
    let preview = server.get("/admin/v1/directive/2026-06-12-order/preview").await;
    let counts =
        ["accounts", "without_access", "keep", "lose", "unknown"].map(|count| preview[count].as_u64().unwrap());
    assert_eq!(counts, [3, 0, 1, 1, 1], "{preview}");
    assert_eq!(preview["clears_unknown"], json!([{"claim": "us_person", "accounts": 1}]));

    // The counts move between preview and enactment, and the answer says so.
    claim(&server, "corvid/c", "us_person", "true").await;
    let enacted = server.change("directive/enact", json!({"id": "2026-06-12-order"})).await;
    assert!(enacted["warnings"][0].as_str().unwrap().contains("keep 1 → 2"), "{enacted}");
    assert_eq!(server.names("mythos-5").await, ["acme/a", "corvid/c"]);
    let act = server.get(&format!("/admin/v1/log/{}", enacted["act"])).await;
    assert_eq!(act["entry"]["public"]["preview"], preview["digest"]);
    assert_eq!(act["entry"]["public"]["text"]["authority"], "Office of Export");

    let explained = server.get("/admin/v1/explain?account=borealis/b&model=mythos-5").await;
    assert_eq!(explained["verdict"]["denial"]["rule"], "2026-06-12-order/named");

    // The second letter readmits those on its list to one model.
    let second = json!({"file": {"name": "second.toml", "text": SECOND}, "lists": [{"name": "appendix-a.csv", "text": "borealis\n"}]});
    server.change("directive/draft", second).await;
    server.change("directive/enact", json!({"id": "2026-06-26-order"})).await;
    assert_eq!(server.names("mythos-5").await, ["acme/a", "borealis/b", "corvid/c"]);
    assert_eq!(server.names("fable-5").await, ["acme/a", "corvid/c"]);
    let at = act["entry"]["at"].as_str().unwrap().to_owned();
    let then = server.get(&format!("/admin/v1/who-can/mythos-5?at={at}")).await;
    assert_eq!(then["accounts"].as_array().unwrap().len(), 2, "the past stays as it was");

    server.change("directive/lift", json!({"id": "2026-06-26-order", "by": "Office of Export"})).await;
    assert_eq!(server.names("fable-5").await, before);
    server.running.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_says_that_there_is_more_and_how_to_ask_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    populate(&server).await;
    server.change("account/add", json!({"account": "acme/b"})).await;
    let ids = |answer: &Value, name: &str| -> Vec<String> {
        answer[name].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = server.get("/admin/v1/party?limit=2").await;
    assert_eq!((ids(&first, "parties"), &first["of"]), (vec!["acme".into(), "borealis".into()], &json!(3)));
    let last = server.get(&format!("/admin/v1/party?limit=2&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((ids(&last, "parties"), &last["next"]), (vec!["corvid".into()], &Value::Null));
    let all = server.get("/admin/v1/party").await;
    assert_eq!((ids(&all, "parties").len(), &all["next"]), (3, &Value::Null));

    let own = server.get("/admin/v1/account?party=acme&limit=1").await;
    assert_eq!((ids(&own, "accounts"), &own["of"], &own["next"]), (vec!["acme/a".into()], &json!(2), &json!("acme/a")));
    let rest = server.get("/admin/v1/account?party=acme&after=acme/a").await;
    assert_eq!((ids(&rest, "accounts"), &rest["next"]), (vec!["acme/b".into()], &Value::Null));
    let (status, refused) = server.call("GET", "/admin/v1/party?page=2", &server.token, &Value::Null).await;
    assert_eq!(status, 400, "an unknown word is not taken for the first page: {refused}");
    server.running.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_folds_the_same_and_the_log_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    populate(&server).await;
    let before = server.names("mythos-5").await;
    let vkey: VerifierKey =
        VerifierKey::parse(std::str::from_utf8(&server.text("/log/vkey").await).unwrap().trim()).unwrap();
    let last = server.change("party/add", json!({"id": "dunlin", "name": "Dunlin"})).await;
    let receipt = server.text(&format!("/log/receipt/{}", last["act"])).await;
    let leaf: Vec<u8> = (0..32)
        .map(|index| u8::from_str_radix(&last["leaf"].as_str().unwrap()[2 * index..2 * index + 2], 16).unwrap())
        .collect();
    let old = Receipt::parse(&receipt).unwrap().verify(Hash(leaf.try_into().unwrap()), &vkey).unwrap();
    server.running.stop();

    let server = Server::start(dir.path());
    assert_eq!(server.names("mythos-5").await, before);
    let next = server.change("party/close", json!({"id": "dunlin"})).await;
    assert_eq!(next["act"].as_u64().unwrap(), last["act"].as_u64().unwrap() + 1);
    server.text(&format!("/log/receipt/{}", next["act"])).await;
    let source = weir_tlog::FolderSource::new(dir.path().join("log"));
    let verified = weir_tlog::verify_log(&source, &vkey, &mut |_, _| Ok(()), &mut |_, _| ()).unwrap();
    verify_consistency(&source, &old, &verified.checkpoint).unwrap();
    server.running.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_changes_nothing_and_shows_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    populate(&server).await;
    let send = |account: &'static str| {
        let request = Request::post("/admin/v1/key/issue")
            .header(header::AUTHORIZATION, format!("Bearer {}", server.token))
            .header("idempotency-key", "once")
            .body(Body::from(json!({"account": account}).to_string()))
            .unwrap();
        server.send(request)
    };
    let (status, first) = send("acme/a").await;
    assert_eq!(status, StatusCode::OK);
    let first: Value = serde_json::from_slice(&first).unwrap();
    let size = server.control.published().state.size;
    let (status, again) = send("acme/a").await;
    let again: Value = serde_json::from_slice(&again).unwrap();
    assert_eq!((status, server.control.published().state.size), (StatusCode::OK, size));
    for field in ["act", "leaf", "receipt", "id", "key_id"] {
        assert_eq!(first[field], again[field], "{field}");
    }
    assert!(first["key"].is_string() && again["key"].is_null());
    let (status, _) = send("corvid/c").await;
    assert_eq!(status, StatusCode::CONFLICT);
    let database = std::fs::read(dir.path().join(boot::DATABASE_FILE)).unwrap();
    let wal = std::fs::read(dir.path().join("weir.db-wal")).unwrap_or_default();
    for secret in [first["key"].as_str().unwrap(), server.token.as_str()] {
        let kept = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!kept(&database) && !kept(&wal), "a secret is in the database");
    }
    server.running.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_say_what_is_wrong_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    populate(&server).await;
    let unknown = server.refused("party/close", json!({"id": "nobody"}), 404).await;
    assert!(unknown.contains("there is no party `nobody`"), "{unknown}");
    let field = server.refused("party/add", json!({"id": "x", "name": "X", "lie": 1}), 400).await;
    assert!(field.contains("lie"), "{field}");
    let bad = ORDER.replace("us_person", "us_persn").replace("06-12-order", "x");
    let kind = server.refused("directive/draft", json!({"file": {"name": "order.toml", "text": bad}}), 400).await;
    assert!(kind.contains("us_person") && kind.contains("order.toml"), "the nearest kind is named: {kind}");
    let list = json!({"file": {"name": "second.toml", "text": SECOND.replace("amends", "# amends")}, "lists": [{"name": "appendix-a.csv", "text": "acme\nnobody\n"}]});
    let row = server.refused("directive/draft", list, 400).await;
    assert!(row.contains("appendix-a.csv:2"), "{row}");
    server.refused("operator/revoke", json!({"name": "bootstrap"}), 409).await;
    let (status, _) = server.call("POST", "/admin/v1/party/add", "weirop_wrong", &json!({})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = server.call("POST", "/admin/v1/party/ad", &server.token, &json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    server.running.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_rules_and_a_revoked_token_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let added = server.change("operator/add", json!({"name": "ines", "roles": ["auditor"]})).await;
    let token = added["token"].as_str().unwrap().to_owned();
    let (status, answer) = server.call("POST", "/admin/v1/party/add", &token, &json!({"id": "x", "name": "X"})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("auditor"), "{answer}");
    let (status, _) = server.call("GET", "/admin/v1/log", &token, &json!({})).await;
    assert_eq!(status, StatusCode::OK);
    server.change("operator/token/revoke", json!({"name": "ines"})).await;
    let (status, _) = server.call("GET", "/admin/v1/log", &token, &json!({})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    for path in ["/admin/v1/log", "/admin/v1/rules", "/admin/v1/party", "/admin/v1/in-flight", "/admin/v1/explain"] {
        let (status, _) = server.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
    server.running.stop();
}
