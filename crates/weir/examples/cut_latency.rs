//! How soon an order cuts: 1,000 streams under way, half of them silent, and
//! an order that names half of them. `cargo xtask bench gate` runs it.
//!
//! Timed from two moments: just before the operator's command is handed over,
//! so that planning, compiling and the durable commit are in it too, and the
//! return of the commit, as the writer notes it. A stream is cut when its client has read the
//! last of it.
//!
//! Content after the acknowledgement is counted in bytes, twice: what clients read after it, and what of that
//! was not in their sockets yet. The first says how late the one thread is that reads for all of them: what
//! the gateway sent before lies in the socket until the thread comes to it. The second is the gateway's:
//! once the acknowledgement is there, each socket is asked what it holds, which takes some hundred
//! microseconds for all (`snapshot_ms`), and content beyond that came after.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::runtime::Handle;
use weir::demo::{bulk, seed};
use weir::node::{Node, NodeConfig};
use weir_control::command::{DirectiveDraft, DirectiveEnact, DirectiveLift, UploadedFile};
use weir_sim::population::{self, ModelSeed};
use weir_sim::stand_in::{StandIn, StandInConfig};

const STREAMS: usize = 1_000;
const ROUNDS: usize = 10;

/// What a stream's reader tells.
enum Told {
    First,
    Ended { at: Instant, late: Late },
}

/// Bytes of content after the acknowledgement.
#[derive(Clone, Copy, Default)]
struct Late {
    /// Read after it.
    read: usize,
    /// Read after it, and not in the socket when it was asked.
    arrived: usize,
}

/// A client's end of a stream.
struct End {
    socket: TcpStream,
    count: Mutex<Count>,
}

#[derive(Default)]
struct Count {
    /// Bytes read.
    read: usize,
    /// Bytes that had come, read or not, at the acknowledgement.
    come: Option<usize>,
}

impl End {
    /// Notes what has come so far.
    fn acknowledged(&self) {
        let mut count = self.count.lock().unwrap();
        let unread = rustix::io::ioctl_fionread(&self.socket).map_or(0, |bytes| usize::try_from(bytes).unwrap());
        count.come = Some(count.read + unread);
    }

    /// The next bytes, and how many at their end came after the acknowledgement.
    async fn read(&self, buffer: &mut [u8]) -> (usize, usize) {
        loop {
            self.socket.readable().await.unwrap();
            let mut count = self.count.lock().unwrap();
            let read = match self.socket.try_read(buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(_) => 0,
            };
            count.read += read;
            let late = count.come.map_or(0, |come| count.read.saturating_sub(come).min(read));
            return (read, late);
        }
    }
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let upstream = StandIn::start(StandInConfig { record: 0, ..StandInConfig::default() }).unwrap();
    let node = Node::start(NodeConfig::on_loopback(dir.path()), &|_, _| ()).unwrap();
    let token = std::fs::read_to_string(dir.path().join("operator.token")).unwrap();
    let operator = node.control().authenticate(token.trim()).unwrap();
    let by = operator.operator.to_string();
    let control = node.control().clone();
    let run = |commands| node.runtime().block_on(control.change_all(by.clone(), commands)).unwrap();
    let model = ModelSeed { id: "mythos-5", previous: None, stage: "general" };
    run(seed::models(&[model], &upstream.base_url()).unwrap());
    if let Ok(accounts) = std::env::var("WEIR_SCALE_ACCOUNTS") {
        let accounts: usize = accounts.parse().unwrap();
        let people = || population::scaled(accounts / 50, accounts, 17);
        node.runtime().block_on(bulk::import(&control, operator, people)).unwrap();
    }
    let keys: Vec<(String, bool)> = accounts(&run);
    let clients = clients();
    let mut cuts: Vec<Duration> = Vec::new();
    let mut last_cuts: Vec<Duration> = Vec::new();
    let mut from_commit: Vec<Duration> = Vec::new();
    let mut last_from_commit: Vec<Duration> = Vec::new();
    let mut commit_to_ack: Vec<Duration> = Vec::new();
    let mut acknowledged: Vec<Duration> = Vec::new();
    let mut late_bytes = Late::default();
    let mut snapshots: Vec<Duration> = Vec::new();
    for round in 0..ROUNDS {
        let (told, heard) = channel();
        let ack: Arc<OnceLock<Instant>> = Arc::default();
        let mut ends = Vec::new();
        for (place, (key, is_named)) in keys.iter().enumerate() {
            let end = open(&clients, node.address(), key, place % 4 < 2, told.clone(), Arc::clone(&ack));
            ends.extend(is_named.then_some(end));
        }
        drop(told);
        let first = heard.iter().filter(|told| matches!(told, Told::First)).take(STREAMS).count();
        assert_eq!(first, STREAMS);
        let id = format!("order-{round}");
        let change = |command| node.runtime().block_on(control.change(operator, command, None)).unwrap();
        change(draft(&id).into());
        let started = Instant::now();
        change(DirectiveEnact { id: id.clone() }.into());
        let acked = Instant::now();
        ack.set(acked).unwrap();
        ends.iter().for_each(|end| end.acknowledged());
        snapshots.push(acked.elapsed());
        acknowledged.push(acked - started);
        let committed = control.published().committed.unwrap();
        assert!(started < committed && committed < acked);
        commit_to_ack.push(acked - committed);
        let named = keys.iter().filter(|(_, is_named)| *is_named).count();
        let mut last = Duration::ZERO;
        for _ in 0..named {
            let Told::Ended { at, late } = heard.recv_timeout(Duration::from_secs(10)).unwrap() else {
                panic!("a stream began twice");
            };
            cuts.push(at - started);
            from_commit.push(at.saturating_duration_since(committed));
            last = last.max(at - started);
            late_bytes.read += late.read;
            late_bytes.arrived += late.arrived;
        }
        last_cuts.push(last);
        last_from_commit.push(last.saturating_sub(committed - started));
        assert!(heard.try_recv().is_err(), "a stream was cut that nothing names");
        change(DirectiveLift { id, by: "Office".into() }.into());
        // The others end with their upstream connections, when it drops them.
        let everyone = node.runtime().block_on(control.change_all(by.clone(), vec![suspend("acme/keeps")])).unwrap();
        assert_eq!(everyone.len(), 1);
        while heard.recv_timeout(Duration::from_secs(10)).is_ok() {}
        node.runtime().block_on(control.change_all(by.clone(), vec![restore("acme/keeps")])).unwrap();
    }
    for times in
        [&mut cuts, &mut last_cuts, &mut from_commit, &mut last_from_commit, &mut commit_to_ack, &mut acknowledged, &mut snapshots]
    {
        times.sort_unstable();
    }
    let millis =
        |times: &[Duration], share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
    println!(
        "{{\"row\":\"order to cut\",\"streams\":{STREAMS},\"rounds\":{ROUNDS},\"cut_p50_ms\":{:.2},\"cut_p99_ms\":{:.2},\"last_cut_p50_ms\":{:.2},\"last_cut_max_ms\":{:.2},\"commit_to_cut_p50_ms\":{:.2},\"commit_to_cut_p99_ms\":{:.2},\"commit_to_last_cut_p50_ms\":{:.2},\"commit_to_last_cut_max_ms\":{:.2},\"commit_to_ack_p50_ms\":{:.2},\"commit_to_ack_max_ms\":{:.2},\"acknowledged_p50_ms\":{:.2},\"acknowledged_max_ms\":{:.2},\"content_bytes_after_ack\":{},\"content_bytes_read_after_ack\":{},\"snapshot_max_ms\":{:.2},\"bar_ms\":50}}",
        millis(&cuts, 0.5),
        millis(&cuts, 0.99),
        millis(&last_cuts, 0.5),
        millis(&last_cuts, 1.0),
        millis(&from_commit, 0.5),
        millis(&from_commit, 0.99),
        millis(&last_from_commit, 0.5),
        millis(&last_from_commit, 1.0),
        millis(&commit_to_ack, 0.5),
        millis(&commit_to_ack, 1.0),
        millis(&acknowledged, 0.5),
        millis(&acknowledged, 1.0),
        late_bytes.arrived,
        late_bytes.read,
        millis(&snapshots, 1.0),
    );
    node.stop();
}

/// Two accounts, one named and one not, and a key for each stream.
fn accounts(run: &dyn Fn(Vec<weir_control::Command>) -> Vec<weir_control::service::Accepted>) -> Vec<(String, bool)> {
    use weir_control::command::{AccountAdd, ClaimAdd, KeyIssue, PartyAdd};
    let party = PartyAdd {
        id: "acme".into(),
        name: "Acme".into(),
        kind: weir_acts::words::PartyKind::Institution,
        lei: None,
        ror: None,
    };
    run(vec![party.into()]);
    for (account, us_person) in [("acme/keeps", "true"), ("acme/loses", "false")] {
        let claim = ClaimAdd {
            subject: account.into(),
            kind: "us_person".into(),
            value: us_person.into(),
            level: 2,
            by: "registry".into(),
            evidence: weir_acts::Digest::of(b"paper"),
            expires: None,
        };
        run(vec![AccountAdd { account: account.into() }.into(), claim.into()]);
    }
    (0..STREAMS)
        .map(|place| {
            let is_named = place % 2 == 0;
            let account = if is_named { "acme/loses" } else { "acme/keeps" };
            let issued = run(vec![KeyIssue { account: account.into() }.into()]);
            (issued[0].0["key"].as_str().unwrap().to_owned(), is_named)
        })
        .collect()
}

fn draft(id: &str) -> DirectiveDraft {
    let text = format!(
        "id = \"{id}\"\nauthority = \"Office\"\nkind = \"order\"\nreceived = 2026-06-12T17:21:00-04:00\nmodels = [\"mythos-5\"]\nforbid = 'principal.us_person == false'\n"
    );
    DirectiveDraft { file: UploadedFile { name: "order.toml".into(), text }, lists: Vec::new() }
}

fn suspend(account: &str) -> weir_control::Command {
    weir_control::command::AccountSuspend { account: account.into() }.into()
}

fn restore(account: &str) -> weir_control::Command {
    weir_control::command::AccountRestore { account: account.into() }.into()
}

/// One thread reads for every client: a thread each would measure a thousand
/// threads being woken on the processors that the gateway needs.
fn clients() -> Handle {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("clients".into())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .unwrap();
    handle
}

fn open(
    clients: &Handle,
    at: SocketAddr,
    key: &str,
    is_silent: bool,
    told: Sender<Told>,
    ack: Arc<OnceLock<Instant>>,
) -> Arc<End> {
    let steering = if is_silent {
        "x-stand-in-chunks: 10\r\nx-stand-in-silent-after: 3"
    } else {
        "x-stand-in-chunks: 600\r\nx-stand-in-gap-ms: 100"
    };
    let body = r#"{"model":"mythos-5","stream":true,"messages":[{"role":"user","content":"hello"}]}"#;
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nauthorization: Bearer {key}\r\n{steering}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let socket = std::net::TcpStream::connect(at).unwrap();
    socket.set_nonblocking(true).unwrap();
    let _in_runtime = clients.enter();
    let end = Arc::new(End { socket: TcpStream::from_std(socket).unwrap(), count: Mutex::default() });
    let reader = Arc::clone(&end);
    clients.spawn(async move {
        reader.socket.writable().await.unwrap();
        let written = reader.socket.try_write(request.as_bytes()).unwrap();
        assert_eq!(written, request.len());
        listen(&reader, &told, &ack).await;
    });
    end
}

/// Reads a stream to its end and tells of its beginning and its end.
async fn listen(end: &End, told: &Sender<Told>, ack: &OnceLock<Instant>) {
    let (mut buffer, mut tail) = ([0; 2_048], Vec::new());
    let (mut has_begun, mut late) = (false, Late::default());
    loop {
        let (read, came_late) = end.read(&mut buffer).await;
        let piece = &buffer[..read];
        assert!(
            has_begun || tail.len() + read < 13 || [tail.as_slice(), piece].concat().starts_with(b"HTTP/1.1 200 "),
            "a stream was not begun"
        );
        tail.extend_from_slice(piece);
        if !has_begun && contains(&tail, b"data: ") {
            has_begun = true;
            told.send(Told::First).unwrap();
        }
        if ack.get().is_some_and(|ack| *ack < Instant::now()) && contains(piece, b"\"delta\"") {
            late.read += read;
        }
        if contains(&piece[read - came_late..], b"\"delta\"") {
            late.arrived += came_late;
        }
        if read == 0 || tail.ends_with(b"\r\n0\r\n\r\n") {
            // Nobody listens any more once the measuring is over.
            let _told = told.send(Told::Ended { at: Instant::now(), late });
            return;
        }
        let surplus = tail.len().saturating_sub(64);
        tail.drain(..surplus);
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
