//! Every role tried on every change, through HTTP: what the rules of authority
//! do not give a role is refused before anything is looked at, and changes
//! nothing.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use weir_acts::Touched;
use weir_control::command::Command;
use weir_control::service::Running;
use weir_control::{Control, boot, http};
use weir_rules::{Enforce, Snapshot, Swept};
use weir_store::kind::FolderKind;

struct Nobody;

impl Enforce for Nobody {
    fn install(&self, _: Arc<Snapshot>, _: &Touched) -> Swept {
        Swept::default()
    }
}

const ID: &str = "00112233445566778899";

/// A body that each change accepts as such; what it names need not exist.
fn body(verb: &str) -> Value {
    let file = json!({"name": "f", "text": ""});
    match verb {
        "operator.add" => json!({"name": "x", "roles": ["auditor"]}),
        "operator.revoke" | "operator.token.issue" | "operator.token.revoke" => json!({"name": "x"}),
        "party.add" => json!({"id": "x", "name": "X"}),
        "party.close" | "model.retire" | "directive.enact" | "directive.drop" => json!({"id": "x"}),
        "claim.declare" => json!({"kind": "x", "type": "bool", "describes": "party"}),
        "claim.add" => json!({"subject": "x", "kind": "x", "value": "x", "level": 1, "by": "x",
            "evidence": format!("sha256:{}", "ab".repeat(32))}),
        "claim.retract" => json!({"id": format!("c-{ID}")}),
        "account.add" | "account.suspend" | "account.restore" | "account.close" | "key.issue" => {
            json!({"account": "x/y"})
        }
        "issuer.add" => json!({"party": "x", "set": file, "kinds": ["us_person"], "max_level": 1}),
        "issuer.remove" => json!({"id": format!("i-{ID}")}),
        "key.revoke" => json!({"id": format!("k-{ID}")}),
        "model.add" => json!({"id": "x", "upstream": "nowhere"}),
        "stage.set" => json!({"model": "x", "stage": "general"}),
        "grant.add" => json!({"party": "x", "model": "x"}),
        "grant.revoke" => json!({"id": format!("g-{ID}")}),
        "log.key" => json!({"overlap_days": 1}),
        "rules.set" => json!({"files": [file]}),
        "rules.upgrade" => json!({"rules": [{"id": "x", "cedar": "x"}]}),
        "directive.draft" => json!({"file": file}),
        "directive.lift" => json!({"id": "x", "by": "x"}),
        "draft.approve" => json!({"id": "x"}),
        "draft.drop" => json!({"id": format!("draft-{ID}")}),
        "measure.take" => json!({"subject": "x", "kind": "observe", "reason": "x"}),
        "campaign.act" => json!({"id": "x", "kind": "observe"}),
        "campaign.end" => json!({"id": "x", "reason": "x"}),
        "limit.set" => json!({"subject": "x", "requests": "1/min"}),
        "model.meter" => json!({"id": "x", "weight": 2}),
        "measure.lift" => json!({"id": format!("s-{ID}")}),
        "appeal.decide" => json!({"id": format!("y-{ID}"), "ruling": "uphold", "reason": "x"}),
        "hold.place" => json!({"subject": "x", "reason": "x"}),
        "hold.lift" => json!({"id": format!("h-{ID}")}),
        "private.erase" => json!({"act": 0, "reason": "x"}),
        "text.read" => json!({"exchange": "x-00000001-00000001", "account": format!("a-{ID}"), "reason": "x"}),
        _ => Value::Null,
    }
}

/// What each role may do, as the documents say it.
fn may(role: &str, verb: &str) -> bool {
    let release = ["rules.", "stage.", "grant.", "directive.", "appeal.", "hold.", "private."];
    let registers = ["operator.", "party.", "account.", "key.", "issuer.", "model."];
    let of = |prefixes: &[&str]| prefixes.iter().any(|prefix| verb.starts_with(prefix));
    // Asked for in another way, whoever asks.
    if verb == "text.read" {
        return true;
    }
    match role {
        "operator" => of(&registers) || of(&["claim.", "draft.", "limit.", "log."]),
        "release-officer" => of(&release) || of(&["claim.", "draft.", "limit."]),
        "analyst" => of(&["measure.", "draft.", "campaign."]),
        _ => false,
    }
}

/// Every question, and what it takes to ask it.
const QUESTIONS: &[(&str, &str, &str)] = &[
    ("GET", "rules", "read"),
    ("GET", "rules/lacking", "read"),
    ("GET", "directive", "read"),
    ("GET", "directive/x", "read"),
    ("GET", "draft", "read"),
    ("GET", "draft/x", "read"),
    ("GET", "who-can/x", "read"),
    ("GET", "explain?account=x/y&model=x", "read"),
    ("GET", "in-flight", "read"),
    ("GET", "party", "read"),
    ("GET", "party/x", "read"),
    ("GET", "account/x/y", "read"),
    ("GET", "model", "read"),
    ("GET", "hold", "read"),
    ("GET", "limit", "read"),
    ("GET", "log", "read"),
    ("GET", "log/0", "read"),
    ("GET", "audit/records", "open"),
    ("GET", "audit/segments?from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z", "open"),
    ("GET", "audit/segments/00000001.jsonl", "open"),
    ("POST", "exchange/text", "text.read"),
    ("POST", "log/open", "open"),
    ("POST", "audit/export", "open"),
];

async fn call(router: &Router, token: &str, path: &str, body: &Value) -> (u16, Value) {
    ask(router, token, ("POST", path), body).await
}

async fn ask(router: &Router, token: &str, (method, path): (&str, &str), body: &Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/admin/v1/{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// A new log, what operators ask, and the first one's token.
struct House {
    dir: tempfile::TempDir,
    control: Control,
    running: Running,
    router: Router,
    bootstrap: String,
}

fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let booted = boot::open(dir.path(), FolderKind::Serve, Some("log.example.org/weir"), &|_, _| {}).unwrap();
    let (control, starter) = Control::new(booted).unwrap();
    let running = starter.start(Arc::new(Nobody)).unwrap();
    let router = http::admin(control.clone(), http::Live::default());
    let bootstrap = std::fs::read_to_string(dir.path().join(boot::TOKEN_FILE)).unwrap();
    House { dir, control, running, router, bootstrap }
}

#[tokio::test]
async fn every_role_on_every_question() {
    let House { dir: _dir, control: _, running, router, bootstrap } = house();
    for role in ["operator", "release-officer", "analyst", "auditor"] {
        let (_, added) = call(&router, bootstrap.trim(), "operator/add", &json!({"name": role, "roles": [role]})).await;
        let token = added["token"].as_str().unwrap();
        for (method, path, action) in QUESTIONS {
            let body = match *path {
                "log/open" => json!({"subject": "party:x"}),
                "exchange/text" => json!({"exchange": "x-00000001-00000001", "reason": "x"}),
                _ => json!({"from": "2020-01-01T00:00:00Z", "to": "2021-01-01T00:00:00Z"}),
            };
            let (status, answer) = ask(&router, token, (*method, *path), &body).await;
            let may = match *action {
                "read" => true,
                "text.read" => ["analyst", "auditor"].contains(&role),
                _ => ["auditor", "release-officer"].contains(&role),
            };
            assert_eq!(status != 403, may, "{role} on {path}: {status} {answer}");
            assert!(may || answer["error"]["message"].as_str().unwrap().contains(&format!("may not do `{action}`")), "{answer}");
            let (status, _) = ask(&router, "nobody's", (*method, *path), &body).await;
            assert_eq!(status, 401, "{path}");
        }
    }
    running.stop();
}

#[tokio::test]
async fn every_role_on_every_change() {
    let House { dir: _dir, control, running, router, bootstrap } = house();
    for role in ["operator", "release-officer", "analyst", "auditor"] {
        let new = json!({"name": role, "roles": [role]});
        let (_, added) = call(&router, bootstrap.trim(), "operator/add", &new).await;
        let token = added["token"].as_str().unwrap();
        for verb in Command::VERBS {
            let body = body(verb);
            assert!(!body.is_null(), "{verb} has no body here");
            let before = control.published().state.size;
            let (status, answer) = call(&router, token, &verb.replace('.', "/"), &body).await;
            assert_eq!(status != 403, may(role, verb), "{role} on {verb}: {status} {answer}");
            let is_other = |status| [200, 400, 404, 409].contains(&status);
            assert!(status == 403 || is_other(status), "{role} on {verb}: {status} {answer}");
            let changed = control.published().state.size != before;
            assert_eq!(changed, status == 200, "{role} on {verb}: {answer}");
            // Undo what would be in the way of the next role.
            if status == 200 && *verb == "operator.add" {
                call(&router, bootstrap.trim(), "operator/revoke", &json!({"name": "x"})).await;
            }
        }
    }
    running.stop();
}
