//! The control plane from its HTTP side, over a real folder: first start, an
//! order from draft to lifting, restarts, refusals, repeated requests.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use weir_acts::Touched;
use weir_control::boot;
use weir_control::http;
use weir_control::service::{Control, Running};
use weir_rules::{Enforce, Snapshot, Swept};
use weir_store::kind::FolderKind;
use weir_tlog::{Hash, Receipt, VerifierKey, verify_consistency};

/// Counts what is put in force, in place of a gateway.
#[derive(Default)]
struct Counting(AtomicU64);

impl Enforce for Counting {
    fn install(&self, snapshot: Arc<Snapshot>, _: &Touched) -> Swept {
        self.0.store(snapshot.tree_size(), Ordering::SeqCst);
        Swept::default()
    }
}

struct Server {
    router: Router,
    control: Control,
    running: Running,
    enforced: Arc<Counting>,
    token: String,
}

impl Server {
    fn start(dir: &Path) -> Server {
        let booted = boot::open(dir, FolderKind::Serve, Some("log.example.org/weir"), &|_, _| {}).unwrap();
        let (control, starter) = Control::new(booted).unwrap();
        control.receipts_are_at("http://127.0.0.1:8080".into());
        let enforced = Arc::new(Counting::default());
        let running = starter.start(Arc::clone(&enforced) as Arc<dyn Enforce>).unwrap();
        let router = http::admin(control.clone(), http::Live::default())
            .merge(http::access(control.clone()))
            .merge(http::public_log(control.clone()));
        let token = std::fs::read_to_string(dir.join(boot::TOKEN_FILE)).unwrap().trim().to_owned();
        Server { router, control, running, enforced, token }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    async fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, body) = self.send(request).await;
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &self.token, &json!({})).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn text(&self, path: &str) -> Vec<u8> {
        let (status, body) = self.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        body
    }

    async fn change(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", &format!("/admin/v1/{path}"), &self.token, &body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        assert!(answer["act"].is_u64() && answer["leaf"].is_string() && answer["receipt"].is_string(), "{answer}");
        // What is acknowledged is in force.
        assert!(self.enforced.0.load(Ordering::SeqCst) > answer["act"].as_u64().unwrap());
        answer
    }

    async fn refused(&self, path: &str, body: Value, status: u16) -> String {
        let before = self.control.published().state.size;
        let (found, answer) = self.call("POST", &format!("/admin/v1/{path}"), &self.token, &body).await;
        assert_eq!(found.as_u16(), status, "{path}: {answer}");
        assert_eq!(self.control.published().state.size, before, "a refusal changes nothing");
        answer["error"]["message"].as_str().unwrap().to_owned()
    }

    async fn names(&self, model: &str) -> Vec<String> {
        let answer = self.get(&format!("/admin/v1/who-can/{model}")).await;
        let rows = answer["accounts"].as_array().unwrap();
        rows.iter().map(|row| row["account"].as_str().unwrap().to_owned()).collect()
    }
}

async fn claim(server: &Server, subject: &str, kind: &str, value: &str) -> Value {
    let body = json!({"subject": subject, "kind": kind, "value": value, "level": 2, "by": "notary", "evidence": format!("sha256:{}", "ab".repeat(32))});
    server.change("claim/add", body).await
}

const ORDER: &str = r#"
id = "2026-06-12-order"
authority = "Office of Export"
kind = "order"
received = 2026-06-12T17:21:00-04:00
models = ["mythos-5", "fable-5"]
forbid = 'principal.us_person == false'
unknown = "deny"
notice = "Access to this model is limited by order"
"#;

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

/// Three parties: acme's people are US persons, borealis' are not, of
/// corvid's nobody knows.
async fn populate(server: &Server) -> Value {
    for (party, account) in [("acme", "acme/a"), ("borealis", "borealis/b"), ("corvid", "corvid/c")] {
        server.change("party/add", json!({"id": party, "name": format!("{party} institute")})).await;
        server.change("account/add", json!({"account": account})).await;
    }
    claim(server, "acme/a", "us_person", "true").await;
    claim(server, "account:borealis/b", "us_person", "false").await;
    for model in ["mythos-5", "fable-5"] {
        server.change("model/add", json!({"id": model, "upstream": "http://127.0.0.1:9"})).await;
        server.change("stage/set", json!({"model": model, "stage": "general"})).await;
    }
    server.change("key/issue", json!({"account": "borealis/b"})).await
}

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

#[tokio::test(flavor = "multi_thread")]
async fn the_affected_appeal_with_their_own_key_even_when_suspended() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let issued = populate(&server).await;
    let key = issued["key"].as_str().unwrap();
    let taken = server
        .change(
            "measure/take",
            json!({"subject": "borealis/b", "kind": "suspend", "reason": "a pattern we do not understand"}),
        )
        .await;
    let body = json!({"measure": taken["id"], "text": "That was our evaluation harness."});
    let (status, filed) = server.call("POST", "/access/v1/appeals", key, &body).await;
    assert_eq!(status, StatusCode::OK, "{filed}");
    let path = format!("/access/v1/appeals/{}", filed["id"].as_str().unwrap());
    let (status, shown) = server.call("GET", &path, key, &json!({})).await;
    assert_eq!((status, &shown["ruling"]), (StatusCode::OK, &Value::Null));
    // The author of the measure may not decide it; someone else may.
    let ruling = json!({"id": filed["id"], "ruling": "overturn", "reason": "checked with them"});
    server.refused("appeal/decide", ruling.clone(), 403).await;
    let other = server.change("operator/add", json!({"name": "ines", "roles": ["release-officer"]})).await;
    let (status, answer) =
        server.call("POST", "/admin/v1/appeal/decide", other["token"].as_str().unwrap(), &ruling).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (_, shown) = server.call("GET", &path, key, &json!({})).await;
    assert_eq!(shown["ruling"]["ruling"], "overturn");
    let (status, _) = server.call("GET", &path, &server.token, &json!({})).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "an operator's token is no account's key");
    server.running.stop();
}

/// Whoever asks about what is not theirs learns nothing, not even that it is
/// there, and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_appeals_nothing_and_learns_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let issued = populate(&server).await;
    let key = issued["key"].as_str().unwrap();
    server.change("party/add", json!({"id": "cirrus", "name": "Cirrus"})).await;
    server.change("account/add", json!({"account": "cirrus/c"})).await;
    let stranger = server.change("key/issue", json!({"account": "cirrus/c"})).await["key"].as_str().unwrap().to_owned();
    let taken = server.change("measure/take", json!({"subject": "borealis/b", "kind": "observe", "reason": "why"})).await;
    let (_, filed) = server
        .call("POST", "/access/v1/appeals", key, &json!({"measure": taken["id"], "text": "That was ours."}))
        .await;
    let path = format!("/access/v1/appeals/{}", filed["id"].as_str().unwrap());
    let nobodys = "s-00112233445566778899";
    let size = server.control.published().state.size;
    let appeal = |measure: &Value| json!({"measure": measure, "text": "That was ours."});
    let mut told = Vec::new();
    for measure in [&taken["id"], &json!(nobodys)] {
        let (status, answer) = server.call("POST", "/access/v1/appeals", &stranger, &appeal(measure)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        told.push(message.replace(measure.as_str().unwrap(), "ID"));
    }
    assert_eq!(told[0], told[1], "another's and nobody's are answered alike");
    let decision = json!({"decision": "dec-00000001-00000000", "text": "That was ours."});
    for (method, path, body, status, words) in [
        ("GET", path.as_str(), json!({}), StatusCode::NOT_FOUND, "this account has no appeal"),
        ("POST", "/access/v1/appeals", decision, StatusCode::NOT_FOUND, "no decision dec-00000001-00000000 about this account"),
        ("POST", "/access/v1/appeals", json!({"text": "x"}), StatusCode::BAD_REQUEST, "name one `decision` or one `measure`"),
        ("POST", "/access/v1/appeals", json!({"measure": "everything", "text": "x"}), StatusCode::BAD_REQUEST, ""),
        ("POST", "/access/v1/appeals", json!({"measure": taken["id"], "text": "x".repeat(9_000)}), StatusCode::BAD_REQUEST, "9000 bytes"),
    ] {
        let (answered, answer) = server.call(method, path, &stranger, &body).await;
        assert_eq!(answered, status, "{method} {path} {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(words), "{answer}");
    }
    for token in ["", "sk-nobodys", &server.token] {
        let (status, _) = server.call("POST", "/access/v1/appeals", token, &appeal(&taken["id"])).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    // Its own operator's ruling is no stranger's to make, nor the account's.
    let ruling = json!({"id": filed["id"], "ruling": "overturn", "reason": "mine"});
    let (status, _) = server.call("POST", "/admin/v1/appeal/decide", &stranger, &ruling).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.control.published().state.size, size, "nothing was changed");
    server.running.stop();
}

async fn operator(server: &Server, name: &str, role: &str) -> String {
    let added = server.change("operator/add", json!({"name": name, "roles": [role]})).await;
    added["token"].as_str().unwrap().to_owned()
}

async fn as_operator(server: &Server, token: &str, path: &str, body: Value) -> (u16, Value) {
    let (status, answer) = server.call("POST", &format!("/admin/v1/{path}"), token, &body).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn changing_the_rules_waits_for_two_others_and_nobody_is_locked_out() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let [ines, lin, noor] = [
        operator(&server, "ines", "release-officer").await,
        operator(&server, "lin", "release-officer").await,
        operator(&server, "noor", "release-officer").await,
    ];
    let clerk = operator(&server, "clerk", "analyst").await;
    let rule = "@id(\"own/no-lab\")\n@reason(\"closed\")\nforbid (principal, action, resource) when { resource == Weir::Model::\"none-5\" };";
    let files = json!({"files": [{"name": "own.cedar", "text": rule}]});
    let (status, drafted) = as_operator(&server, &ines, "rules/set", files.clone()).await;
    assert_eq!((status, &drafted["approvals_needed"]), (200, &json!(2)), "{drafted}");
    assert!(drafted["warnings"][0].as_str().unwrap().contains("nothing is changed yet"), "{drafted}");
    let id = drafted["id"].as_str().unwrap().to_owned();
    let in_force = |rules: &Value| rules["rules"].as_array().unwrap().iter().any(|rule| rule["id"] == "own/no-lab");
    assert!(!in_force(&server.get("/admin/v1/rules").await));

    let approve = json!({"id": id});
    let (status, own) = as_operator(&server, &ines, "draft/approve", approve.clone()).await;
    assert_eq!(status, 403, "{own}");
    let (status, unfit) = as_operator(&server, &clerk, "draft/approve", approve.clone()).await;
    assert_eq!(status, 403, "{unfit}");
    assert!(unfit["error"]["message"].as_str().unwrap().contains("only who could do it"), "{unfit}");
    let (status, first) = as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    assert_eq!(status, 200, "{first}");
    assert!(first["warnings"][0].as_str().unwrap().contains("still waits"), "{first}");
    let (status, again) = as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    assert_eq!(status, 409, "{again}");
    assert!(!in_force(&server.get("/admin/v1/rules").await));
    let (status, second) = as_operator(&server, &noor, "draft/approve", approve.clone()).await;
    assert_eq!((status, &second["carried_out"]), (200, &json!("rules.set")), "{second}");
    assert!(in_force(&server.get("/admin/v1/rules").await));
    let (status, late) = as_operator(&server, &noor, "draft/approve", approve).await;
    assert_eq!(status, 409, "{late}");
    let shown = server.get(&format!("/admin/v1/draft/{id}")).await;
    assert_eq!((shown["status"].as_str(), shown["by"].as_str()), (Some("carried out"), Some("ines")));
    assert_eq!(shown["approved_by"].as_array().unwrap().len(), 2);

    // A rule that takes from everybody the right to change rules is refused
    // when it is asked for, not when it has been approved.
    let lock = "@id(\"authority/lock\")\n@reason(\"locked\")\nforbid (principal, action == Weir::Action::\"rules.set\", resource);";
    let locked = json!({"files": [{"name": "own.cedar", "text": rule}, {"name": "lock.cedar", "text": lock}]});
    let (_, drafted) = as_operator(&server, &ines, "rules/set", locked).await;
    let id = drafted["id"].as_str().unwrap().to_owned();
    let approve = json!({"id": id});
    as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    let (status, refused) = as_operator(&server, &noor, "draft/approve", approve).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("nobody could change the rules"), "{refused}");
    let (status, _) = as_operator(&server, &ines, "draft/drop", json!({"id": id})).await;
    assert_eq!(status, 200);
    server.running.stop();
}

#[tokio::test]
async fn opening_weights_takes_two_approvals_and_an_order_can_be_made_to_take_one() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let [ines, lin, noor] = [
        operator(&server, "ines", "release-officer").await,
        operator(&server, "lin", "release-officer").await,
        operator(&server, "noor", "release-officer").await,
    ];
    for model in ["mythos-5", "fable-5"] {
        server.change("model/add", json!({"id": model, "upstream": "http://127.0.0.1:9"})).await;
    }
    let (_, drafted) = as_operator(&server, &ines, "stage/set", json!({"model": "fable-5", "stage": "open"})).await;
    let approve = json!({"id": drafted["id"]});
    as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    let (_, done) = as_operator(&server, &noor, "draft/approve", approve).await;
    assert_eq!(done["carried_out"], "stage.set", "{done}");
    let models = server.get("/admin/v1/model").await;
    let fable = models["models"].as_array().unwrap().iter().find(|model| model["id"] == "fable-5").unwrap();
    assert_eq!(fable["stage"], "open");

    let rule = "@id(\"authority/four-eyes\")\n@reason(\"An order takes four eyes\")\nforbid (principal, action == Weir::Action::\"directive.enact\", resource) when { context.approvals < 1 };";
    let (_, drafted) =
        as_operator(&server, &ines, "rules/set", json!({"files": [{"name": "four.cedar", "text": rule}]})).await;
    let approve = json!({"id": drafted["id"]});
    as_operator(&server, &lin, "draft/approve", approve.clone()).await;
    let (_, done) = as_operator(&server, &noor, "draft/approve", approve).await;
    assert_eq!(done["carried_out"], "rules.set", "{done}");

    let draft = json!({"file": {"name": "order.toml", "text": ORDER}, "lists": []});
    let (status, drafted) = as_operator(&server, &ines, "directive/draft", draft).await;
    assert_eq!(status, 200, "{drafted}");
    let id = json!({"id": "2026-06-12-order"});
    let (status, refused) = as_operator(&server, &ines, "directive/enact", id.clone()).await;
    assert_eq!(status, 403, "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("weir approve 2026-06-12-order"), "{refused}");
    let (status, approved) = as_operator(&server, &lin, "draft/approve", id.clone()).await;
    assert_eq!(status, 200, "{approved}");
    let (status, enacted) = as_operator(&server, &ines, "directive/enact", id).await;
    assert_eq!(status, 200, "{enacted}");
    let act = server.get(&format!("/admin/v1/log/{}", enacted["act"])).await;
    assert_eq!(act["entry"]["approvals"].as_array().unwrap().len(), 1, "{act}");
    server.running.stop();
}
