//! A `weir serve` of its own as a process: what it says is read line by line,
//! so that a test waits for what happens and never for time to pass.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::program::{Ran, Weir};

/// Nothing waits longer; a test that would is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server and the program beside it.
pub(crate) struct Server {
    process: Process,
    lines: Receiver<String>,
    said: Vec<String>,
    /// Lines that were looked through.
    passed: usize,
    base: String,
    data: PathBuf,
    weir: Weir,
}

/// The process itself; killed with the value.
struct Process {
    id: u32,
    ended: Receiver<i32>,
    waiter: Option<JoinHandle<()>>,
}

/// How a server ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; one that a signal ended has none, told as -1.
    pub(crate) code: i32,
    /// Everything it said.
    pub(crate) said: String,
}

impl Server {
    /// Starts one beside `weir`, on a folder in its own where `data` is no
    /// other, and waits until it takes requests.
    pub(crate) fn start(weir: Weir, data: &Path, config: &str) -> Server {
        weir.write("weir.toml", config);
        let data = weir.dir().join(data);
        let mut child = serve(&weir, &data).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (line, lines) = channel();
        std::thread::spawn(move || {
            // A test that has heard enough no longer listens.
            BufReader::new(stderr).lines().map(Result::unwrap).for_each(|said| drop(line.send(said)));
        });
        let process = Process::of(child);
        let mut server = Server { process, lines, said: Vec::new(), passed: 0, base: String::new(), data, weir };
        server.base = server.wait_for("weir serves ").split(' ').nth(2).unwrap().to_owned();
        // Of several lines about where things are, the last names the log.
        server.wait_for("the log is ");
        let token = server.data.join("operator.token").display().to_string();
        let Server { base, weir, .. } = server;
        let weir = weir.with("WEIR_SERVER", &base).with("WEIR_TOKEN_FILE", &token);
        Server { base, weir, passed: 0, ..server }
    }

    /// The next line that holds `words`; those before it are passed over. The
    /// first is looked for from the very start on: what is said in between the
    /// lines that every start says, or before them, is a matter of moments.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        loop {
            while let Some(line) = self.said.get(self.passed) {
                self.passed += 1;
                if line.contains(words) {
                    return line.clone();
                }
            }
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.said.push(line),
                Err(why) => panic!("it did not say `{words}` ({why}), only: {}", self.said.join("\n")),
            }
        }
    }

    /// Where callers ask, and operators where they have no listener of their own.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Where callers ask, on loopback.
    pub(crate) fn address(&self) -> SocketAddr {
        let port = self.base.rsplit(':').next().unwrap().parse().unwrap();
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// The program beside it, with its token.
    pub(crate) fn weir(&self) -> &Weir {
        &self.weir
    }

    /// The folder that holds everything.
    pub(crate) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// Where the first lines said that operators ask.
    pub(crate) fn operators_ask_at(&self) -> SocketAddr {
        let line = self.said.iter().find(|line| line.starts_with("operators ask at ")).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Ends it by a signal and starts one again on the same folder.
    pub(crate) fn again(self, signal: &str, config: &str, meanwhile: impl FnOnce(&Path)) -> Server {
        let data = self.data();
        self.signal(signal);
        let (_, weir) = self.end();
        meanwhile(&data);
        Server::start(weir, &data, config)
    }

    /// The acts of a kind in its log, oldest first.
    pub(crate) fn acts(&self, kind: &str) -> Vec<Value> {
        let acts = self.weir.line("log list --json").done().out;
        let acts = acts.lines().map(|act| serde_json::from_str::<Value>(act).unwrap()["entry"].take());
        acts.filter(|entry| entry["kind"] == kind).collect()
    }

    /// Its process id.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.process.waiter.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Sends a signal, unless it has ended.
    pub(crate) fn signal_if_there(&self, name: &str) {
        let kill = format!("kill -s {name} {}", self.process.id);
        drop(Command::new("sh").arg("-c").arg(kill).stderr(Stdio::null()).status());
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -s {name} {}", self.process.id)).status().unwrap();
        assert!(sent.success(), "the process is gone: {}", self.said.join("\n"));
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> (Ended, Weir) {
        let code = self.process.ended.recv_timeout(PATIENCE);
        let Ok(code) = code else { panic!("it goes on: {}", self.said.join("\n")) };
        // The pipe ends with the process.
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("its output does not end"),
            }
        }
        (Ended { code, said: self.said.join("\n") }, self.weir)
    }

    /// A number among `/metrics`; 0 for one that is not there.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let (status, text) = get(self.address(), "/metrics");
        assert_eq!(status, 200, "{text}");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |number| number.trim().parse().unwrap())
    }
}

impl Process {
    fn of(mut child: Child) -> Process {
        let id = child.id();
        let (sender, ended) = channel();
        let waiter = std::thread::spawn(move || {
            let code = child.wait().unwrap().code().unwrap_or(-1);
            // A test that failed does not ask any more.
            let _unheard = sender.send(code);
        });
        Process { id, ended, waiter: Some(waiter) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter.take() else { return };
        if !waiter.is_finished() {
            // Most tests end with a server that still runs.
            let kill = format!("kill -s KILL {}", self.id);
            drop(Command::new("sh").arg("-c").arg(kill).stderr(Stdio::null()).status());
        }
        drop(waiter.join());
    }
}

fn serve(weir: &Weir, data: &Path) -> Command {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_weir"));
    // Nothing of whoever runs the tests comes in.
    serve.env_clear().current_dir(weir.dir()).args(["serve", "--config", "weir.toml", "--data"]).arg(data);
    serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    serve
}

/// A `weir serve` that is to end at once: its exit code and what it said.
pub(crate) fn does_not_start(weir: &Weir, config: &str) -> (i32, String) {
    weir.write("weir.toml", config);
    let output = serve(weir, Path::new("data")).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A plain GET: status and body.
pub(crate) fn get(at: SocketAddr, path: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(at).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n\r\n").unwrap();
    let answer = std::io::read_to_string(socket).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// One party with one account, and models at their stages; its key.
pub(crate) fn seed(server: &Server, upstream: &str, models: &[(&str, &str)]) -> String {
    let weir = server.weir();
    weir.write("admitted.txt", "acme\n");
    weir.line("party add acme --name Acme").done();
    weir.line("account add acme/ci").done();
    for (model, stage) in models {
        weir.line(&format!("model add {model} --upstream {upstream}")).done();
        let list = if *stage == "listed" { " --list admitted.txt" } else { "" };
        weir.line(&format!("stage set {model} {stage}{list}")).done();
    }
    weir.line("key issue acme/ci").done().json()["key"].as_str().unwrap().to_owned()
}

/// `weir log verify` of a folder with its own key: that it is good.
pub(crate) fn log_is_good(weir: &Weir, data: &Path) -> Value {
    let (folder, key) = (data.display().to_string(), data.join("log.vkey").display().to_string());
    let ran: Ran = weir.run(&["--json", "log", "verify", &folder, "--key", &key]).done();
    let report = ran.json();
    assert_eq!(report["good"], true, "{report}");
    report
}
