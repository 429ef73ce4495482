//! What detection costs while it flows: a whole node is started on a folder of
//! recorded exchanges, and its detector's thread reads, sketches and folds all of
//! them, epoch by epoch, makes its memory durable and tells what it finds, as it does
//! beside a gateway that recorded them. Prints one JSON line with the CPU time of that
//! thread; `cargo xtask bench live` runs it.
//!
//! live_speed [ACCOUNTS [DAYS [EXCHANGES-A-DAY]]]

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::path::Path;
use std::time::{Duration, Instant};

use weir::demo::crowd::Known;
use weir::node::{DetectOf, Node, NodeConfig};
use weir_acts::Time;
use weir_control::Control;
use weir_control::service::Caller;
use weir_detect::{Recorder, Texts};
use weir_exchange::LoggedExchange;
use weir_sim::traffic::Scenario;
use weir_store::segment::SegmentWriter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exchanges a second that one core must do.
const BAR: f64 = 50_000.0;

/// Bytes of records that are written at once.
const AT_ONCE: usize = 8 << 20;

fn main() {
    let asked: Vec<u32> = std::env::args().skip(1).map(|number| number.parse().unwrap()).collect();
    let accounts = asked.first().copied().unwrap_or(10_000);
    let days = asked.get(1).copied().unwrap_or(2);
    let per_day = asked.get(2).copied().map_or(25.0, f64::from);
    // A campaign among look-alikes, there from the sixth hour on.
    let mut scenario = Scenario { accounts, days, per_day, ..Scenario::preset("first").unwrap() };
    scenario.campaigns.iter_mut().for_each(|campaign| campaign.with.start = 0.25);
    let known = Known::of(&scenario).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let off = DetectOf { on: false, ..DetectOf::default() };

    let node = Node::start(NodeConfig { detect: off, ..NodeConfig::on_loopback(dir.path()) }, &|_, _| ()).unwrap();
    let token = std::fs::read_to_string(dir.path().join("operator.token")).unwrap();
    let operator = node.control().authenticate(token.trim()).unwrap().operator;
    node.runtime().block_on(known.register(node.control(), Caller { operator })).unwrap();
    // Their sign-ups lie before what is recorded of them, which is not of today.
    let file = known.write_accounts(dir.path(), scenario.start.parse().unwrap()).unwrap();
    let control = node.control().clone();
    node.stop();
    let written = record(dir.path(), &control, &known);
    drop(control);

    let on = DetectOf { accounts: Some(file), ..DetectOf::default() };
    let begun = Instant::now();
    let node = Node::start(NodeConfig { detect: on, ..NodeConfig::on_loopback(dir.path()) }, &|_, _| ()).unwrap();
    // Past the last exchange, epochs are over by the clock.
    while node.control().detection().folded.is_none_or(|folded| folded <= written.last) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), cpu_of("weir-detect"));
    let metric = |name: &str| metric(&node, name);
    let (taken, late) = (metric("weir_detect_exchanges_total"), metric("weir_detect_late_total"));
    assert_eq!(taken + late, written.exchanges, "the detector did not take every exchange");
    let said = serde_json::json!({
        "row": "live detection",
        "exchanges": written.exchanges,
        "late": late,
        "accounts": known.len(),
        "asked_a_day": per_day,
        "epochs": metric("weir_detect_epochs_total"),
        "born": node.control().detection().born,
        "campaigns": node.control().published().state.campaigns.len(),
        "record_bytes": written.bytes,
        "cpu_seconds": cpu,
        "wall_seconds": wall,
        "a_second": (written.exchanges as f64 / cpu).round(),
        "bar_a_second": BAR,
    });
    println!("{said}");
    node.stop();
}

struct Written {
    exchanges: u64,
    bytes: u64,
    last: Time,
}

/// Writes what the crowd did as a gateway records it: a decision and an exchange for
/// each, texts as sketches alone.
fn record(dir: &Path, control: &Control, known: &Known) -> Written {
    let digits = std::fs::read_to_string(dir.join("detect.key")).unwrap();
    let recorder = Recorder::new(u128::from_str_radix(digits.trim(), 16).unwrap().to_be_bytes());
    let published = control.published();
    let state = &published.state;
    let mut segments = SegmentWriter::open(dir, 64 << 20, &control.sealed_segments()).unwrap();
    let mut written = Written { exchanges: 0, bytes: 0, last: Time::EPOCH };
    let mut lines = Vec::new();
    let (mut stream, mut exchange) = (known.world().stream(), LoggedExchange::default());
    while stream.next_into(&mut exchange).is_some() {
        let party = state.party_named(&exchange.account.to_ascii_lowercase()).unwrap();
        written.exchanges += 1;
        written.last = exchange.time.max(written.last);
        let digits = format!("00000001-{:08x}", written.exchanges);
        let recorded = LoggedExchange {
            id: Some(format!("x-{digits}")),
            decision: Some(format!("dec-{digits}")),
            account: party.accounts[0].to_string(),
            party: Some(party.id.to_string()),
            sketch: recorder.sketch(&Texts::of(&exchange.messages)),
            messages: Vec::new(),
            tree_size: Some(state.size),
            seq: Some(written.exchanges),
            truncated: Some(false),
            ..exchange.clone()
        };
        let decision = serde_json::json!({
            "id": recorded.decision, "time": recorded.time, "tree_size": state.size, "account": recorded.account,
            "party": recorded.party, "key": "k-00000000000000000000", "api": recorded.api, "model": recorded.model,
            "stage": "general", "ruling": "permit", "rules": ["stage/general"],
        });
        line(&mut lines, "decision", &serde_json::to_vec(&decision).unwrap());
        line(&mut lines, "exchange", &serde_json::to_vec(&recorded).unwrap());
        if lines.len() >= AT_ONCE {
            written.bytes += lines.len() as u64;
            segments.append(&lines).unwrap();
            lines.clear();
        }
    }
    written.bytes += lines.len() as u64;
    segments.append(&lines).unwrap();
    drop(segments.close());
    written
}

/// A record's line begins with what it is a record of.
fn line(lines: &mut Vec<u8>, record: &str, object: &[u8]) {
    lines.extend(format!("{{\"record\":\"{record}\",").as_bytes());
    lines.extend(&object[1..]);
    lines.push(b'\n');
}

/// Seconds that threads of this name were on a processor (proc(5), `schedstat`).
fn cpu_of(name: &str) -> f64 {
    let mut nanos = 0_u64;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        if std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name) {
            let told = std::fs::read_to_string(task.join("schedstat")).unwrap();
            nanos += told.split(' ').next().unwrap().parse::<u64>().unwrap();
        }
    }
    nanos as f64 / 1e9
}

fn metric(node: &Node, name: &str) -> u64 {
    let text = ureq::get(format!("http://{}/metrics", node.address())).call().unwrap().body_mut().read_to_string().unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |number| number.trim().parse().unwrap())
}
