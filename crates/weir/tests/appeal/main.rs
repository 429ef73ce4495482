//! From denial to overturn: an official client is denied by a measure, the
//! account answers it with its own key, by the command line and over HTTP;
//! whoever took the measure may not decide, another operator overturns it, and
//! the client is served.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as tests do")]

#[path = "../process/call.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod call;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod program;
#[path = "../process/server.rs"]
#[allow(dead_code, reason = "each of the programs that share it uses its part")]
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use weir_sim::stand_in::{StandIn, StandInConfig};

use program::Weir;
use server::{Server, log_is_good, seed};

/// What the customer's program says.
fn sdk(server: &Server, key: &str) -> String {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools/venv/bin/python");
    let python = std::env::var_os("WEIR_TEST_PYTHON").map_or(default, PathBuf::from);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/appeal/sdk.py");
    let ran = Command::new(&python).arg(script).env("WEIR_BASE", server.base()).env("WEIR_KEY", key).output();
    let ran = ran.unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` installs it", python.display()));
    assert!(ran.status.success(), "{}", ran.stderr.escape_ascii());
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// A request under `/access/v1` with a key: status and answer.
fn access(server: &Server, key: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let (agent, url) = (ureq::Agent::from(config), format!("{}/access/v1{path}", server.base()));
    let mut answer = match body {
        Some(body) => agent.post(url).header("authorization", format!("Bearer {key}")).send_json(body).unwrap(),
        None => agent.get(url).header("authorization", format!("Bearer {key}")).call().unwrap(),
    };
    (answer.status().as_u16(), answer.body_mut().read_json().unwrap())
}

#[test]
fn a_denied_client_appeals_and_is_served_once_another_operator_overturns() {
    let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
    let server = Server::start(Weir::new(), Path::new("data"), "listen = \"127.0.0.1:0\"\n");
    let key = seed(&server, &upstream.base_url(), &[("fable-5", "general")]);
    let weir = server.weir();
    assert_eq!(sdk(&server, &key), "served fable-5");

    // An analyst who may also decide appeals refuses the account.
    let added = weir.line("operator add ana --role analyst --role release-officer").done().json();
    let ana = Weir::new().with("WEIR_SERVER", server.base()).with("WEIR_TOKEN", added["token"].as_str().unwrap());
    let taken = ana.run(&["measure", "take", "acme/ci", "refuse", "--reason", "too many at once"]).done().json();
    let measure = taken["id"].as_str().unwrap();
    let said = sdk(&server, &key);
    let mut words = said.split(' ');
    let (denied, decision, rule) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    assert_eq!((denied, rule), ("denied", "measure/refuse"), "{said}");
    assert!(said.contains("Appeal: ") && said.contains("answered by"), "the denial says how, and by when: {said}");

    // The account's own key, and no other, files the answer.
    weir.write("key", &key);
    weir.line("party add borealis --name Borealis").done();
    weir.line("account add borealis/b").done();
    let strange = weir.line("key issue borealis/b").done().json()["key"].as_str().unwrap().to_owned();
    weir.write("strange", &strange);
    for against in [measure, decision] {
        let why = weir.run(&["appeal", "file", against, "--text", "we did not", "--key-file", "strange"]).refused();
        assert!(why.contains("this account"), "{why}");
    }
    let (status, answer) = access(&server, "weir_nobody", "/appeals", Some(&json!({"measure": measure, "text": "x"})));
    assert_eq!(status, 401, "{answer}");
    for (body, why) in [
        (json!({"text": "x"}), "name one `decision` or one `measure`"),
        (json!({"measure": measure, "decision": decision, "text": "x"}), "name one"),
        (json!({"measure": measure, "text": " "}), "the text is empty"),
        (json!({"decision": "dec-1", "text": "x"}), "is not the id of a decision"),
        (json!({"measure": measure, "text": "x", "due": "never"}), "unknown field `due`"),
    ] {
        let (status, answer) = access(&server, &key, "/appeals", Some(&body));
        assert!(status == 400 && answer["error"]["message"].as_str().unwrap().contains(why), "{answer}");
    }

    // One answer by the command line, one over HTTP.
    let filed = weir.run(&["appeal", "file", measure, "--text", "one run of ours", "--key-file", "key"]).done().json();
    let appeal = filed["id"].as_str().unwrap();
    let why = weir.run(&["appeal", "file", measure, "--text", "again", "--key-file", "key"]).refused();
    assert!(why.contains("is open already"), "{why}");
    let (status, second) = access(&server, &key, "/appeals", Some(&json!({"decision": decision, "text": "and why"})));
    assert_eq!(status, 200, "{second}");
    assert_eq!(access(&server, &strange, &format!("/appeals/{appeal}"), None).0, 404);

    // Not by whom it is against; by another, once.
    let decide = |who: &Weir, id: &str| who.run(&["appeal", "decide", id, "overturn", "--reason", "it was one run"]);
    let why = decide(&ana, appeal).refused();
    assert!(why.contains("someone other than the author") || why.contains("against their own act"), "{why}");
    decide(weir, appeal).done();
    let why = decide(weir, appeal).refused();
    assert!(why.contains("is decided already"), "{why}");
    let why = decide(weir, "y-00112233445566778899").refused();
    assert!(why.contains("there is no appeal"), "{why}");

    let (_, told) = access(&server, &key, &format!("/appeals/{appeal}"), None);
    assert_eq!(
        (told["ruling"]["ruling"].as_str(), told["ruling"]["reason"].as_str()),
        (Some("overturn"), Some("it was one run"))
    );
    assert_eq!(sdk(&server, &key), "served fable-5");
    let why = ana.run(&["measure", "lift", measure]).refused();
    assert!(why.contains("has ended already"), "the overturn lifted it: {why}");
    log_is_good(weir, &server.data());
}
