//! Whether limits are ever passed: 64 clients at once against each kind of
//! limit, in a whole node. Prints JSON lines, each with how far beyond its
//! limit it came; `cargo xtask bench gate` runs it.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir::demo::seed;
use weir::node::{Node, NodeConfig};
use weir_acts::words::PartyKind;
use weir_control::Command;
use weir_control::command::{AccountAdd, LimitSet, PartyAdd};
use weir_sim::population::ModelSeed;
use weir_sim::stand_in::{StandIn, StandInConfig};

const CLIENTS: usize = 64;
/// Tokens that each request allows its answer.
const MOST_TOKENS: u64 = 20;

/// An answer as far as it matters.
struct Answer {
    status: u16,
    body: String,
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
    let node = Node::start(NodeConfig::on_loopback(dir.path()), &|_, _| ()).unwrap();
    let token = std::fs::read_to_string(dir.path().join("operator.token")).unwrap();
    let by = node.control().authenticate(token.trim()).unwrap().operator.to_string();
    let control = node.control().clone();
    let run = |commands: Vec<Command>| node.runtime().block_on(control.change_all(by.clone(), commands)).unwrap();
    run(seed::models(&[ModelSeed { id: "atlas-5", previous: None, stage: "general" }], &upstream.base_url()).unwrap());
    let account = |party: &str, limit: LimitSet| {
        let name = party.to_owned();
        let add = PartyAdd { id: name.clone(), name, kind: PartyKind::Institution, lei: None, ror: None };
        let label = format!("{party}/bench");
        run(vec![add.into(), AccountAdd { account: label.clone() }.into(), limit.into()]);
        node.runtime().block_on(seed::issue_key(&control, &by, &label)).unwrap()
    };
    for scope in ["account", "party"] {
        let subject = |party: &str| if scope == "account" { format!("{party}/bench") } else { party.to_owned() };

        let party = format!("requests-{scope}");
        let key = account(&party, LimitSet { requests: Some("1000/day".into()), ..nothing(subject(&party)) });
        let served = load(node.address(), &key, 40, "").iter().filter(|answer| answer.status == 200).count();
        tell("requests", scope, 1_000, served as u64);

        let party = format!("tokens-{scope}");
        let key = account(&party, LimitSet { tokens: Some("30000/day".into()), ..nothing(subject(&party)) });
        let mut answers = load(node.address(), &key, 40, "");
        // One after the other fills what is left between worst cases.
        let mut socket = TcpStream::connect(node.address()).unwrap();
        while answers.last().is_none_or(|last| last.status == 200) {
            answers.push(ask(&mut socket, &key, ""));
        }
        tell("tokens", scope, 30_000, answers.iter().map(tokens).sum());

        let party = format!("concurrent-{scope}");
        let key = account(&party, LimitSet { concurrent: Some("8".into()), ..nothing(subject(&party)) });
        let is_over = AtomicBool::new(false);
        let most = std::thread::scope(|threads| {
            let watching = threads.spawn(|| {
                let mut most = 0;
                while !is_over.load(Ordering::Relaxed) {
                    most = most.max(upstream.counts().in_flight);
                }
                most
            });
            load(node.address(), &key, 20, "x-stand-in-first-ms: 2\r\n");
            is_over.store(true, Ordering::Relaxed);
            watching.join().unwrap()
        });
        tell("concurrency", scope, 8, most as u64);
    }
    let _drained = node.stop();
}

fn tell(what: &str, scope: &str, limit: u64, reached: u64) {
    let overshoot = reached.saturating_sub(limit);
    println!(
        "{}",
        json!({"row": "overshoot", "what": what, "scope": scope, "clients": CLIENTS, "limit": limit,
            "reached": reached, "overshoot": overshoot})
    );
}

fn nothing(subject: String) -> LimitSet {
    LimitSet { subject, requests: None, tokens: None, concurrent: None, spend: None }
}

/// Every client asks so many times, as fast as it is answered.
fn load(at: SocketAddr, key: &str, times: usize, headers: &str) -> Vec<Answer> {
    std::thread::scope(|scope| {
        let client = || {
            let mut socket = TcpStream::connect(at).unwrap();
            (0..times).map(|_| ask(&mut socket, key, headers)).collect::<Vec<_>>()
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

fn ask(socket: &mut TcpStream, key: &str, headers: &str) -> Answer {
    let body =
        format!(r#"{{"model":"atlas-5","max_tokens":{MOST_TOKENS},"messages":[{{"role":"user","content":"hello"}}]}}"#);
    let length = body.len();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).unwrap();
    read(socket)
}

fn read(socket: &mut TcpStream) -> Answer {
    let (mut heard, mut piece) = (Vec::new(), [0; 16 << 10]);
    let by = Instant::now() + Duration::from_secs(60);
    loop {
        let text = String::from_utf8_lossy(&heard);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap().trim().parse().unwrap();
            if body.len() >= length {
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return Answer { status, body: body.to_owned() };
            }
        }
        assert!(Instant::now() < by, "no answer came");
        let count = socket.read(&mut piece).unwrap();
        assert!(count > 0, "the connection ended before an answer");
        heard.extend_from_slice(&piece[..count]);
    }
}

/// What the model server said an answer took.
fn tokens(answer: &Answer) -> u64 {
    if answer.status != 200 {
        return 0;
    }
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let count = |name: &str| body["usage"][name].as_u64().unwrap();
    count("prompt_tokens") + count("completion_tokens")
}
