//! Webhooks through the whole program: signed as the scheme's own library wants
//! it, told again after failures and after a kill, and harmless when they hang.

#![allow(clippy::expect_used, clippy::disallowed_methods, clippy::unwrap_used, clippy::panic)]
#![allow(dead_code, reason = "shared with tests that use more of it")]

#[path = "../process/call.rs"]
mod call;
#[path = "../cli/program.rs"]
mod program;
#[path = "../process/server.rs"]
mod server;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use program::Weir;
use serde_json::{Value, json};
use server::{PATIENCE, Server, does_not_start};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A receiver in the test's own hands: it answers nothing but what it is told to.
struct Hooked {
    at: SocketAddr,
    told: Receiver<Told>,
}

/// An event that waits for its answer.
struct Told {
    head: String,
    body: String,
    socket: TcpStream,
}

impl Hooked {
    fn listen() -> Hooked {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (at, (sender, told)) = (listener.local_addr().unwrap(), channel());
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                std::thread::spawn(move || while let Some(told) = Told::read(socket.try_clone().unwrap()) {
                    let _unheard = sender.send(told);
                });
            }
        });
        Hooked { at, told }
    }

    fn next(&self) -> Told {
        self.told.recv_timeout(PATIENCE * 2).expect("nothing was told")
    }

    /// The next event, taken.
    fn take(&self) -> Told {
        let mut told = self.next();
        told.answer("200 OK", "");
        told
    }
}

impl Told {
    fn read(mut socket: TcpStream) -> Option<Told> {
        let (mut heard, mut piece) = (Vec::new(), [0; 4096]);
        loop {
            let text = String::from_utf8_lossy(&heard).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
                if body.len() >= length {
                    return Some(Told { head: head.to_owned(), body: body.to_owned(), socket });
                }
            }
            match socket.read(&mut piece) {
                Ok(count @ 1..) => heard.extend_from_slice(&piece[..count]),
                _ => return None,
            }
        }
    }

    fn answer(&mut self, status: &str, more: &str) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n{more}\r\n");
        let _left = self.socket.write_all(answer.as_bytes());
    }

    fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn config(hooks: &[(&str, SocketAddr, &str)]) -> String {
    let mut config = "listen = \"127.0.0.1:0\"\n".to_owned();
    for (name, at, events) in hooks {
        config.push_str(&format!(
            "[[webhook]]\nname = \"{name}\"\nurl = \"http://{at}/weir\"\nsecret = \"file:hook.secret\"\nevents = [{events}]\n"
        ));
    }
    config
}

fn weir() -> Weir {
    let weir = Weir::new();
    weir.write("hook.secret", SECRET);
    let secret = weir.dir().join("hook.secret");
    std::fs::set_permissions(secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    weir
}

fn people(server: &Server) {
    server.weir().line("party add acme --name Acme").done();
    server.weir().line("account add acme/ci").done();
}

fn measure(server: &Server, reason: &str) -> Value {
    server.weir().line(&format!("measure take acme/ci observe --reason {reason}")).done().json()
}

/// Has the scheme's own library verify what came.
fn verify(told: &Told) {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test-tools/venv/bin/python");
    let python = std::env::var_os("WEIR_TEST_PYTHON").map_or(default, PathBuf::from);
    let script = "import json, sys; from standardwebhooks import Webhook\n\
        told = json.load(sys.stdin); hook = Webhook(told['secret'])\n\
        assert hook.verify(told['body'], told['headers'])\n\
        try: hook.verify(told['body'] + ' ', told['headers'])\n\
        except Exception: pass\n\
        else: raise AssertionError('a changed body was taken')";
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| (name, told.header(name)));
    let headers: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let mut child = Command::new(&python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` installs it", python.display()));
    let given = json!({"secret": SECRET, "body": told.body, "headers": headers});
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.stderr.escape_ascii());
}

/// Looks until it is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "waited for {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn what_happens_is_told_signed_in_order_and_names_nobody() {
    let hook = Hooked::listen();
    let events = r#""measure.*", "appeal.file""#;
    let server = Server::start(weir(), Path::new("data"), &config(&[("siem", hook.at, events)]));
    people(&server);
    let taken = measure(&server, "a-secret-reason");
    let told = hook.take();
    verify(&told);
    assert_eq!(told.header("webhook-id"), format!("act-{}", taken["act"]));
    let event = told.json();
    assert_eq!((&event["type"], &event["data"]["act"]), (&json!("measure.take"), &taken["act"]));
    assert_eq!(event["data"]["public"]["measure"], taken["id"]);
    assert_eq!(event["data"]["receipt"], taken["receipt"]);
    for named in ["acme", "a-secret-reason"] {
        assert!(!told.body.contains(named), "{}", told.body);
    }
    server.weir().line(&format!("measure lift {}", taken["id"].as_str().unwrap())).done();
    assert_eq!(hook.take().json()["type"], "measure.lift");
}

#[test]
fn what_fails_is_told_again_under_the_same_id_and_others_do_not_wait() {
    let (failing, hanging, well) = (Hooked::listen(), Hooked::listen(), Hooked::listen());
    let hooks = [("failing", failing.at, "\"measure.*\""), ("hanging", hanging.at, "\"measure.*\""), ("well", well.at, "\"measure.*\"")];
    let server = Server::start(weir(), Path::new("data"), &config(&hooks));
    people(&server);
    measure(&server, "first");
    let held = hanging.next();
    let mut told = failing.next();
    let id = told.header("webhook-id").to_owned();
    told.answer("302 Found", "location: http://127.0.0.1:9/\r\n");
    let mut again = failing.next();
    assert_eq!((again.header("webhook-id"), &again.body), (id.as_str(), &told.body));
    again.answer("500 Internal Server Error", "");
    drop(failing.next().socket.shutdown(std::net::Shutdown::Both));
    let last = failing.take();
    assert_eq!(last.header("webhook-id"), id);
    verify(&last);
    assert_eq!(well.take().header("webhook-id"), id);
    // One hangs; acts and other webhooks go on.
    measure(&server, "second");
    assert_ne!(well.take().header("webhook-id"), id);
    assert_ne!(failing.take().header("webhook-id"), id);
    let metric = |what: &str, name: &str| server.metric(&format!("weir_webhook_{what}{{webhook=\"{name}\"}}"));
    // Each answer is counted behind it.
    until("both deliveries to be counted", || metric("delivered_total", "failing") == 2 && metric("delivered_total", "well") == 2);
    until("nothing to wait", || metric("waiting", "failing") == 0 && metric("waiting", "well") == 0);
    assert_eq!((metric("failures_total", "failing"), metric("failing", "failing")), (3, 0));
    assert_eq!((metric("failures_total", "well"), metric("delivered_total", "hanging")), (0, 0));
    assert!(metric("waiting", "hanging") >= 2, "both measures wait");
    drop(held);
    until("the one that hung to have failed", || metric("failures_total", "hanging") > 0 && metric("failing", "hanging") == 1);
}

#[test]
fn nothing_is_lost_by_a_kill_between_telling_and_noting_it() {
    let hook = Hooked::listen();
    let text = config(&[("siem", hook.at, "\"measure.*\"")]);
    let server = Server::start(weir(), Path::new("data"), &text);
    people(&server);
    measure(&server, "first");
    let first = hook.take().header("webhook-id").to_owned();
    measure(&server, "second");
    let under_way = hook.next();
    let second = under_way.header("webhook-id").to_owned();
    measure(&server, "third");
    server.signal("KILL");
    let data = server.data();
    let (_, weir) = server.end();
    drop(under_way);
    let server = Server::start(weir, &data, &text);
    let mut told = vec![hook.take()];
    // The first may have been taken and not yet noted; it then comes again.
    if told[0].header("webhook-id") == first {
        told.push(hook.take());
    }
    assert_eq!(told.last().unwrap().header("webhook-id"), second);
    assert_eq!(hook.take().json()["type"], "measure.take", "the third");
    drop(server);
}

#[test]
fn a_webhook_that_is_configured_wrongly_stops_the_start() {
    let weir = weir();
    let at = "127.0.0.1:9".parse().unwrap();
    let good = config(&[("siem", at, "\"measure.*\"")]);
    for (wrong, told) in [
        (good.replace("http://", "http://example.com#"), "https://HOST/PATH"),
        (good.replace("measure.*", "everything"), "`everything`"),
        (good.replace("hook.secret", "nowhere"), "nowhere"),
        (good.replace("\"siem\"", "\"a b\""), "letters"),
        (good.replace("events", "event"), "event"),
    ] {
        let (code, said) = does_not_start(&weir, &wrong);
        assert!(code == 1 && said.contains(told), "{wrong}: {said}");
    }
}
