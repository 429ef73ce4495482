//! A control plane over a real folder, asked over HTTP as operators, the
//! affected and outsiders ask it.

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

/// Counts what is put in force, in place of a gateway.
#[derive(Default)]
struct Counting(AtomicU64);

impl Enforce for Counting {
    fn install(&self, snapshot: Arc<Snapshot>, _: &Touched) -> Swept {
        self.0.store(snapshot.tree_size(), Ordering::SeqCst);
        Swept::default()
    }
}

pub(crate) struct Server {
    router: Router,
    pub(crate) control: Control,
    pub(crate) running: Running,
    enforced: Arc<Counting>,
    pub(crate) token: String,
}

impl Server {
    pub(crate) fn start(dir: &Path) -> Server {
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

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, body) = self.send(request).await;
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &self.token, &json!({})).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub(crate) async fn text(&self, path: &str) -> Vec<u8> {
        let (status, body) = self.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        body
    }

    pub(crate) async fn change(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", &format!("/admin/v1/{path}"), &self.token, &body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        assert!(answer["act"].is_u64() && answer["leaf"].is_string() && answer["receipt"].is_string(), "{answer}");
        // What is acknowledged is in force.
        assert!(self.enforced.0.load(Ordering::SeqCst) > answer["act"].as_u64().unwrap());
        answer
    }

    pub(crate) async fn refused(&self, path: &str, body: Value, status: u16) -> String {
        let before = self.control.published().state.size;
        let (found, answer) = self.call("POST", &format!("/admin/v1/{path}"), &self.token, &body).await;
        assert_eq!(found.as_u16(), status, "{path}: {answer}");
        assert_eq!(self.control.published().state.size, before, "a refusal changes nothing");
        answer["error"]["message"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn names(&self, model: &str) -> Vec<String> {
        let answer = self.get(&format!("/admin/v1/who-can/{model}")).await;
        let rows = answer["accounts"].as_array().unwrap();
        rows.iter().map(|row| row["account"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) async fn claim(server: &Server, subject: &str, kind: &str, value: &str) -> Value {
    let body = json!({"subject": subject, "kind": kind, "value": value, "level": 2, "by": "notary", "evidence": format!("sha256:{}", "ab".repeat(32))});
    server.change("claim/add", body).await
}

pub(crate) const ORDER: &str = r#"
id = "2026-06-12-order"
authority = "Office of Export"
kind = "order"
received = 2026-06-12T17:21:00-04:00
models = ["mythos-5", "fable-5"]
forbid = 'principal.us_person == false'
unknown = "deny"
notice = "Access to this model is limited by order"
"#;

/// Three parties: acme's people are US persons, borealis' are not, of
/// corvid's nobody knows.
pub(crate) async fn populate(server: &Server) -> Value {
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
