//! The real process, its commands, and imports that are broken off.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use weir_acts::Digest;

use super::Moment;

/// Bytes of one piece.
const PIECE: usize = 6_000;

pub(crate) struct Server {
    process: Child,
    agent: Agent,
    base: String,
    token_file: PathBuf,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let base = lines.by_ref().find_map(|line| Some(line.unwrap().strip_prefix("weir serves ")?.to_owned()));
        let base = base.expect("the server did not start");
        // Whatever else it says goes nowhere, and never fills the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60)));
        Server { process, agent: config.build().into(), base, token_file: data.join("operator.token") }
    }

    /// Runs a command against it.
    pub(crate) fn weir(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.args(["--server", &self.base, "--token-file"]).arg(&self.token_file).args(words);
        command.output().unwrap()
    }

    pub(crate) fn has(&self, party: &str) -> bool {
        let asked = self.agent.get(format!("{}/admin/v1/party/{party}", self.base));
        let response = asked.header("authorization", self.bearer()).call().unwrap();
        response.status().is_success()
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", std::fs::read_to_string(&self.token_file).unwrap().trim())
    }

    /// Begins an import as the command does, and goes on up to a moment.
    pub(crate) fn import_until(&self, text: &str, moment: Moment, round: usize) {
        let digest = Digest::of(text.as_bytes());
        let announced = json!({ "format": "csv", "digest": digest });
        let mut response = self
            .agent
            .post(format!("{}/admin/v1/import", self.base))
            .header("authorization", self.bearer())
            .header("idempotency-key", format!("import-{}", digest.hex()))
            .send(announced.to_string())
            .unwrap();
        let begun: Value = serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap();
        let id = begun["import"].as_str().unwrap();
        let pieces = match moment {
            Moment::Sent(pieces) => pieces,
            Moment::Ending => usize::MAX,
        };
        for (place, piece) in text.as_bytes().chunks(PIECE).take(pieces).enumerate() {
            let sent = self.agent.put(format!("{}/admin/v1/import/{id}/{}", self.base, place * PIECE));
            assert!(sent.header("authorization", self.bearer()).send(piece).unwrap().status().is_success());
        }
        if matches!(moment, Moment::Ending) {
            self.end_without_waiting(id, round);
        }
    }

    /// Asks for the end and waits at most a little, so that the kill falls
    /// before, within and after it.
    fn end_without_waiting(&self, id: &str, round: usize) {
        let address = self.base.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST /admin/v1/import/{id}/finish HTTP/1.1\r\nhost: {address}\r\nauthorization: {}\r\ncontent-length: 0\r\n\r\n",
            self.bearer()
        );
        socket.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis((round % 7 * 5) as u64));
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
