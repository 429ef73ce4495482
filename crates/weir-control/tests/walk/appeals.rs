//! The affected answer what was done to them; strangers learn nothing.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::server::{Server, populate};

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
    let taken =
        server.change("measure/take", json!({"subject": "borealis/b", "kind": "observe", "reason": "why"})).await;
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
        (
            "POST",
            "/access/v1/appeals",
            decision,
            StatusCode::NOT_FOUND,
            "no decision dec-00000001-00000000 about this account",
        ),
        (
            "POST",
            "/access/v1/appeals",
            json!({"text": "x"}),
            StatusCode::BAD_REQUEST,
            "name one `decision` or one `measure`",
        ),
        ("POST", "/access/v1/appeals", json!({"measure": "everything", "text": "x"}), StatusCode::BAD_REQUEST, ""),
        (
            "POST",
            "/access/v1/appeals",
            json!({"measure": taken["id"], "text": "x".repeat(9_000)}),
            StatusCode::BAD_REQUEST,
            "9000 bytes",
        ),
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
