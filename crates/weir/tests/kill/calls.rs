//! Callers of a restricted and of a general model until their server is gone:
//! each exchange of which they had the whole answer is among the records, with
//! its decision, whatever the kill fell into; the records have numbers without a
//! gap, and so have the exchanges; and every file but the last is sealed.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use super::server::Server;

/// A caller, and the decisions it was answered under.
pub(crate) struct Calls(JoinHandle<Vec<String>>);

impl Calls {
    /// Asks `model` for one answer after the other until there is none.
    pub(crate) fn start(server: &Server, key: &str, model: &'static str, stream: bool) -> Calls {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30)));
        let (agent, url) = (Agent::from(config.build()), format!("{}/v1/chat/completions", server.base()));
        let bearer = format!("Bearer {key}");
        Calls(std::thread::spawn(move || {
            let mut decisions = Vec::new();
            loop {
                let body = json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hello"}]});
                let Ok(mut answer) = agent.post(&url).header("authorization", &bearer).send_json(&body) else {
                    return decisions;
                };
                // One that the kill broke off may be no answer, or not the whole of one.
                let whole = answer.body_mut().read_to_string();
                let is_whole = whole.is_ok_and(|whole| !stream || whole.contains("data: [DONE]"));
                if answer.status() == 200 && is_whole {
                    decisions.push(answer.headers()["weir-decision"].to_str().unwrap().to_owned());
                }
            }
        }))
    }

    /// The decisions of the round, once the server is gone.
    pub(crate) fn end(self) -> Vec<String> {
        self.0.join().unwrap()
    }
}

/// Seeds one account of the party `seed` and a restricted model; its key.
pub(crate) fn seed(server: &Server, upstream: &str) -> String {
    server.change("account/add", &json!({"account": "seed/ci"}));
    server.change("model/add", &json!({"id": "mythos-5", "upstream": upstream}));
    let list = json!({"name": "admitted.txt", "text": "seed\n"});
    server.change("stage/set", &json!({"model": "mythos-5", "stage": "listed", "list": list}));
    server.change("model/add", &json!({"id": "fable-5", "upstream": upstream}));
    server.change("stage/set", &json!({"model": "fable-5", "stage": "general"}));
    let issued = server.change("key/issue", &json!({"account": "seed/ci"}));
    issued["key"].as_str().unwrap().to_owned()
}

/// Holds the records on the disk against the decisions that were answered;
/// tells how many there are.
pub(crate) fn check(data: &Path, answered: &[String]) -> u64 {
    let mut files: Vec<_> =
        std::fs::read_dir(data.join("decisions")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let (mut last, mut last_exchange) = (0, 0);
    let mut exchanges = std::collections::BTreeSet::new();
    let mut there = std::collections::BTreeSet::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        // The kill may have torn the last line.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let record: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{}: {line}", path.display()));
            assert_eq!(record["number"], last + 1, "{}: a gap", path.display());
            last += 1;
            if record["record"] == "decision" {
                there.insert(record["id"].as_str().unwrap().to_owned());
            } else {
                assert_eq!(record["seq"], last_exchange + 1, "{}: an exchange is missing, or there twice", path.display());
                last_exchange += 1;
                exchanges.insert(record["decision"].as_str().unwrap().to_owned());
            }
        }
    }
    for decision in answered {
        assert!(there.contains(decision), "{decision} was answered and is not on the disk");
        assert!(exchanges.contains(decision), "the exchange of {decision} was answered and is not on the disk");
    }
    last
}

/// Every file of records but the one being written is sealed.
pub(crate) fn all_sealed(server: &Server, data: &Path) {
    loop {
        let found = server.get("/admin/v1/audit/records");
        assert_eq!(found["good"], true, "{found}");
        let records = &found["records"];
        assert_eq!(records["gaps"], json!([]), "{found}");
        let files = std::fs::read_dir(data.join("decisions")).unwrap().count();
        assert!(files > 0);
        // Those recovered at the start are sealed a moment after it.
        if records["unsealed"].as_array().unwrap().len() <= 1 {
            return;
        }
        std::thread::yield_now();
    }
}
