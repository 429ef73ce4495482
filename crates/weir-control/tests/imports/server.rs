//! A control plane over a real folder, asked from its HTTP side.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use weir_acts::{Digest, Touched};
use weir_control::boot;
use weir_control::http;
use weir_control::service::{Control, Running};
use weir_rules::{Enforce, Snapshot, Swept};
use weir_store::kind::FolderKind;

/// In place of a gateway.
struct Nobody;

impl Enforce for Nobody {
    fn install(&self, _: Arc<Snapshot>, _: &Touched) -> Swept {
        Swept::default()
    }
}

pub(crate) struct Server {
    router: Router,
    pub(crate) control: Control,
    pub(crate) running: Running,
    token: String,
}

impl Server {
    pub(crate) fn start(dir: &Path) -> Server {
        let booted = boot::open(dir, FolderKind::Serve, Some("log.example.org/weir"), &|_, _| {}).unwrap();
        let (control, starter) = Control::new(booted).unwrap();
        let running = starter.start(Arc::new(Nobody)).unwrap();
        let router = http::admin(control.clone(), http::Live::default());
        let token = std::fs::read_to_string(dir.join(boot::TOKEN_FILE)).unwrap().trim().to_owned();
        Server { router, control, running, token }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, key: Option<&str>, body: Vec<u8>) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(format!("/admin/v1{path}"));
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(crate) async fn change(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, None, body.to_string().into_bytes()).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn begin(&self, text: &str, format: &str, key: Option<&str>) -> (u16, Value) {
        let announced = json!({ "format": format, "digest": Digest::of(text.as_bytes()) });
        self.call("POST", "/import", key, announced.to_string().into_bytes()).await
    }

    pub(crate) async fn send(&self, id: &str, text: &str, at_a_time: usize) {
        let mut offset = 0;
        for piece in text.as_bytes().chunks(at_a_time) {
            let (status, answer) = self.call("PUT", &format!("/import/{id}/{offset}"), None, piece.to_vec()).await;
            assert_eq!(status, 200, "{answer}");
            offset += piece.len();
            assert_eq!(answer["received"], offset);
        }
    }

    pub(crate) async fn finish(&self, id: &str) -> (u16, Value) {
        self.call("POST", &format!("/import/{id}/finish"), None, Vec::new()).await
    }

    pub(crate) async fn import(&self, text: &str, format: &str) -> (u16, Value) {
        let (status, begun) = self.begin(text, format, None).await;
        assert_eq!(status, 200, "{begun}");
        let id = begun["import"].as_str().unwrap().to_owned();
        self.send(&id, text, 1_000).await;
        self.finish(&id).await
    }

    pub(crate) fn size(&self) -> u64 {
        self.control.published().state.size
    }

    /// Whose the key with this SHA-256 is, as a gateway would find out.
    pub(crate) fn holder(&self, pepper: &Path, key: &[u8]) -> Option<String> {
        let secret: [u8; 32] = weir_acts::hex::decode(std::fs::read_to_string(pepper).unwrap().trim()).unwrap();
        let digest = weir_acts::key::Pepper::new(&secret).digest(key);
        let published = self.control.published();
        let caller = published.snapshot.view().identify(&digest.0)?;
        Some(published.state.account_label(caller.account))
    }
}
