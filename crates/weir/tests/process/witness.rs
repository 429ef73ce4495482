//! A `weir witness` of its own as a process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Nothing waits longer; a test that would is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running witness, ended with the value.
pub(crate) struct Witness {
    child: Child,
    address: SocketAddr,
    vkey: String,
    /// What it said before it served, a line each.
    pub(crate) said: Vec<String>,
}

/// A plain answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) body: String,
}

pub(crate) fn command(data: &Path, listen: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.env_clear().args(["witness", "--listen", listen, "--data"]).arg(data).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

impl Witness {
    /// Starts one on `listen` for the logs of these keys.
    pub(crate) fn start(data: &Path, listen: &str, logs: &[&str]) -> Witness {
        let more: Vec<&str> = logs.iter().flat_map(|log| ["--log", *log]).collect();
        let mut child = command(data, listen, &more).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut said = Vec::new();
        // Several keys may be of one log, which is told once.
        let origins: std::collections::BTreeSet<&str> = logs.iter().filter_map(|log| log.split('+').next()).collect();
        let expected = 2 + origins.len().max(1);
        while said.len() < expected {
            let line = lines.next();
            said.push(line.unwrap_or_else(|| panic!("it ended, having said {said:?}")));
        }
        // What it says further is read to its end, so that it never waits.
        std::thread::spawn(move || lines.for_each(drop));
        let address = said[0].rsplit('/').next().unwrap().parse().unwrap();
        let vkey = said[1].strip_prefix("its key is ").unwrap().to_owned();
        Witness { child, address, vkey, said }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn vkey(&self) -> &str {
        &self.vkey
    }

    /// Asks it, however wrong the request.
    pub(crate) fn post(&self, body: &[u8]) -> Answer {
        post(self.address, body)
    }

    /// Ends it without notice.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end: its exit code.
    pub(crate) fn terminate(&mut self) -> i32 {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -s TERM {}", self.child.id())).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // One that has ended already needs no ending.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn post(at: SocketAddr, body: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(at).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nhost: witness\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    // One that refuses early may have closed already.
    let _sent = socket.write_all(body);
    let mut heard = Vec::new();
    let _reset = socket.read_to_end(&mut heard);
    let text = String::from_utf8(heard).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), kind: kind.to_owned(), body: body.to_owned() }
}
