//! The real process, started and killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use super::load::Asked;

pub(crate) struct Server {
    process: Child,
    client: Client,
}

/// Asks as an operator.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    token: String,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let base = loop {
            let Some(line) = lines.next() else { panic!("the server did not start: {said}") };
            let line = line.unwrap();
            if let Some(base) = line.strip_prefix("weir serves ") {
                break base.to_owned();
            }
            said.push_str(&line);
        };
        // Whatever else it says goes nowhere, and never fills the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let token = std::fs::read_to_string(data.join("operator.token")).unwrap().trim().to_owned();
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(30)));
        Server { process, client: Client { agent: config.build().into(), base, token } }
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let Client { agent, base, token } = &self.client;
        let asked = agent.get(format!("{base}{path}")).header("authorization", format!("Bearer {token}"));
        let mut response = asked.call().unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap()
    }

    /// Where it serves.
    pub(crate) fn base(&self) -> &str {
        &self.client.base
    }

    /// A change that is done.
    pub(crate) fn change(&self, path: &str, body: &Value) -> Value {
        let Client { agent, base, token } = &self.client;
        let asked = agent.post(format!("{base}/admin/v1/{path}")).header("authorization", format!("Bearer {token}"));
        let mut response = asked.send(body.to_string()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        assert!(response.status().is_success(), "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The id of every party, page by page.
    pub(crate) fn parties(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        loop {
            let after = all.last().map(|last| format!("&after={last}")).unwrap_or_default();
            let answer = self.get(&format!("/admin/v1/party?limit=1000{after}"));
            all.extend(answer["parties"].as_array().unwrap().iter().map(|party| party["id"].as_str().unwrap().to_owned()));
            if answer["next"].is_null() {
                assert_eq!(answer["of"], all.len(), "what is listed is what there is");
                return all;
            }
        }
    }

    pub(crate) fn post(&self, asked: &Asked) -> Option<Value> {
        self.client.post(asked)
    }

    /// SIGKILL, and its end.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone where a round killed it.
        let _ended = (self.process.kill(), self.process.wait());
    }
}

impl Client {
    /// The answer to an accepted change; none where the connection broke.
    pub(crate) fn post(&self, asked: &Asked) -> Option<Value> {
        let request = self
            .agent
            .post(format!("{}/admin/v1/party/add", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .header("idempotency-key", &asked.key);
        let body = serde_json::json!({ "id": asked.party, "name": "Acme" }).to_string();
        let mut response = request.send(body).ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        // A server that stops may still say so.
        if response.status() == 503 {
            return None;
        }
        assert!(response.status().is_success(), "{}: {text}", response.status());
        serde_json::from_str(&text).ok()
    }
}
