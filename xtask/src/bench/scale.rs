//! What a million accounts cost: import, start, acts beside an import, one
//! act, many writers, a preview, and cuts.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::process::{Process, Usage, free_address};
use super::programs::{built, printed};
use super::raw::Raw;
use super::table::{Bar, Table};
use crate::{run, say};

#[derive(Args)]
pub(crate) struct Scale {
    /// Accounts; a party for every fifty.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: usize,
    /// The profile that is built.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// A look, not a measurement: nothing is written to bench/raw.
    #[arg(long)]
    quick: bool,
    /// Preview a second time among parties that are all unlike, which makes
    /// eleven classes of every fifty accounts.
    #[arg(long)]
    wide: bool,
}

/// Keys that are revoked while the import runs.
const REVOKED: usize = 1_000;

/// How long between two revocations.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) fn measure(workspace: &Path, scale: &Scale) -> Result<()> {
    let mut cargo = crate::cargo();
    cargo.current_dir(workspace).args(["build", "--profile", &scale.profile, "-p", "weir", "--bin", "weir"]);
    run(cargo.args(["--example", "scale", "--example", "cut_latency"]))?;
    let built = built(workspace, &scale.profile);
    let scratch = workspace.join("target/bench-scale");
    if scratch.try_exists()? {
        fs::remove_dir_all(&scratch).with_context(|| format!("cannot empty {}", scratch.display()))?;
    }
    fs::create_dir_all(&scratch)?;
    let mut raw = Raw::create(workspace, "scale", scale.quick)?;
    raw.machine(workspace, &json!({ "accounts": scale.accounts, "profile": scale.profile }))?;
    let mut bench = Bench {
        weir: built.join("weir"),
        examples: built.join("examples"),
        data: scratch.join("data"),
        file: scratch.join("customers.csv"),
        scratch,
        accounts: scale.accounts,
        raw,
        table: Table::default(),
    };
    bench.write_file()?;
    bench.import()?;
    bench.start()?;
    bench.inside()?;
    bench.cut()?;
    if scale.wide {
        bench.wide()?;
    }
    bench.table.print();
    say(&format!("every line is in {}", bench.raw.path().display()));
    Ok(())
}

struct Bench {
    weir: PathBuf,
    examples: PathBuf,
    data: PathBuf,
    file: PathBuf,
    scratch: PathBuf,
    accounts: usize,
    raw: Raw,
    table: Table,
}

/// A running server and its operator's token.
struct Server {
    process: Process,
    address: SocketAddr,
    token: String,
    ready: Duration,
}

impl Bench {
    fn write_file(&mut self) -> Result<()> {
        let mut command = Command::new(self.examples.join("scale"));
        run(command.arg("file").arg(&self.file).env("WEIR_SCALE_ACCOUNTS", self.accounts.to_string()))?;
        let bytes = fs::metadata(&self.file)?.len();
        self.raw.line(&json!({ "row": "file", "bytes": bytes }))
    }

    fn serve(&self, name: &str) -> Result<Server> {
        let address = free_address()?;
        let mut command = Command::new(&self.weir);
        command.arg("serve").arg("--data").arg(&self.data).args(["--listen", &address.to_string()]);
        let started = Instant::now();
        let mut process = Process::start(name, &mut command, &self.scratch)?;
        loop {
            if get(address, "/readyz").is_ok_and(|status| status == 200) {
                break;
            }
            process.still_runs()?;
            if started.elapsed() > Duration::from_secs(300) {
                bail!("weir serve is not ready after five minutes");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let ready = started.elapsed();
        let token = fs::read_to_string(self.data.join("operator.token"))?.trim().to_owned();
        Ok(Server { process, address, token, ready })
    }

    fn import(&mut self) -> Result<()> {
        let server = self.serve("weir-import")?;
        server.post("party/add", &json!({ "id": "beside", "name": "Beside" }))?;
        server.post("account/add", &json!({ "account": "beside/ci" }))?;
        let mut keys = Vec::with_capacity(REVOKED);
        for _ in 0..REVOKED {
            keys.push(server.post("key/issue", &json!({ "account": "beside/ci" }))?["key_id"].clone());
        }
        let alone: Result<Vec<Duration>> = keys.drain(..REVOKED / 5).map(|key| server.revoke(&key)).collect();
        let mut alone = alone?;
        let fsync = fsync_p99(&self.scratch)?;
        let mut command = Command::new(&self.weir);
        command.args(["party", "import"]).arg(&self.file).args(["--server", &format!("http://{}", server.address)]);
        command.arg("--token-file").arg(self.data.join("operator.token")).stdout(Stdio::piped());
        let started = Instant::now();
        let mut importing = command.spawn().context("cannot start weir party import")?;
        let mut beside = Vec::new();
        let status = loop {
            if let Some(status) = importing.try_wait()? {
                break status;
            }
            match keys.pop() {
                Some(key) => beside.push(server.revoke(&key)?),
                None => keys.push(server.post("key/issue", &json!({ "account": "beside/ci" }))?["key_id"].clone()),
            }
            std::thread::sleep(PAUSE);
        };
        let took = started.elapsed();
        let mut told = String::new();
        importing.stdout.take().context("no output")?.read_to_string(&mut told)?;
        if !status.success() {
            bail!("weir party import ended with {status}");
        }
        let done: Value = serde_json::from_str(told.trim()).context("weir party import printed no JSON")?;
        let peak = server.process.used()?.peak_kib;
        // Written once the import is acknowledged, by a thread of its own.
        let kept = Instant::now();
        while !self.data.join("fold.cache").try_exists()? && kept.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(100));
        }
        let (p50, p99) = (millis(&mut beside, 0.5), millis(&mut beside, 0.99));
        self.raw.line(&json!({
            "row": "import", "seconds": took.as_secs_f64(), "answer": done, "peak_mib": peak / 1024,
            "revocations": beside.len(), "revocation_p50_ms": p50, "revocation_p99_ms": p99,
            "revocation_max_ms": millis(&mut beside, 1.0), "alone_p99_ms": millis(&mut alone, 0.99), "fsync_p99_ms": fsync,
        }))?;
        let what = format!("import of {} accounts, {} claims, {} keys", done["accounts"], done["claims"], done["keys"]);
        let bar = Bar::new(took <= Duration::from_secs(60), "<= 60 s");
        self.table.row(&what, format!("{:.1} s, peak {} MiB", took.as_secs_f64(), peak / 1024), Some(bar));
        let bar = Bar::new(p99 <= 50.0 + fsync, &format!("p99 <= 50 ms + fsync ({fsync:.1} ms)"));
        let value = format!("p50 {p50:.1} ms, p99 {p99:.1} ms ({} revocations)", beside.len());
        self.table.row("a revocation during it", value, Some(bar));
        Ok(())
    }

    /// A start on the fold that the import left, and one on the log alone.
    fn start(&mut self) -> Result<()> {
        self.start_once("start", true)?;
        fs::remove_file(self.data.join("fold.cache")).context("no fold was kept")?;
        self.start_once("start, whole fold", false)
    }

    fn start_once(&mut self, row: &str, is_held: bool) -> Result<()> {
        let server = self.serve("weir-start")?;
        let status = fs::read_to_string(format!("/proc/{}/status", server.process.id()))?;
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().trim_end_matches(" kB").parse().unwrap_or(0) / 1024
        };
        let (now, peak) = (field("VmRSS:"), field("VmHWM:"));
        let seconds = server.ready.as_secs_f64();
        let cpu = server.process.used()?.micros_since(&Usage::default())? / 1e6;
        self.raw.line(&json!({
            "row": row, "seconds": seconds, "cpu_seconds": cpu, "resident_mib": now, "peak_mib": peak,
        }))?;
        let bar = Bar::new(seconds <= 10.0 && peak <= 1_536, "<= 10 s, <= 1.5 GiB");
        let value = format!("{seconds:.1} s ({cpu:.1} s CPU), resident {now} MiB, peak {peak} MiB");
        self.table.row(row, value, is_held.then_some(bar));
        Ok(())
    }

    fn wide(&mut self) -> Result<()> {
        let mut command = Command::new(self.examples.join("scale"));
        command.arg("wide").arg(self.scratch.join("wide")).env("WEIR_SCALE_ACCOUNTS", self.accounts.to_string());
        self.measured(&mut command)
    }

    fn inside(&mut self) -> Result<()> {
        let mut command = Command::new(self.examples.join("scale"));
        command.arg("measure").arg(&self.data);
        self.measured(&mut command)
    }

    fn measured(&mut self, command: &mut Command) -> Result<()> {
        for line in printed(command)? {
            self.raw.line(&line)?;
            let number = |name: &str| line[name].as_f64().unwrap_or(f64::NAN);
            match line["row"].as_str() {
                Some("one act") => {
                    let (cpu, bytes) = (number("cpu_us"), number("allocated_bytes"));
                    let bar = Bar::new(cpu <= 1_000.0 && bytes <= 1_048_576.0, "<= 1 ms CPU, <= 1 MiB allocated");
                    self.table.row(
                        "one act",
                        format!("{cpu:.0} us CPU, {:.0} KiB allocated", bytes / 1024.0),
                        Some(bar),
                    );
                }
                Some("durable acts") => {
                    let (rate, least) = (number("acts_per_second"), number("bar_acts_per_second"));
                    let value = format!(
                        "{rate:.0}/s, p50 {:.1} ms, p99 {:.1} ms; fdatasync loop {:.0}/s",
                        number("p50_ms"),
                        number("p99_ms"),
                        number("fdatasync_per_second")
                    );
                    let bar = Bar::new(rate >= least, &format!(">= {least:.0}/s, half of 64 x fdatasync"));
                    self.table.row("durable acts, 64 writers", value, Some(bar));
                }
                Some("preview") => {
                    let first = number("first_ms");
                    let what = format!("preview, {} classes, {} rules", line["classes"], line["rules"]);
                    // The bar is for five thousand classes; more are shown.
                    let is_held = number("classes") <= 10_000.0;
                    let bar = is_held.then(|| Bar::new(first <= 300.0, "<= 300 ms"));
                    self.table.row(&what, format!("first {first:.0} ms, then {:.0} ms", number("p50_ms")), bar);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn cut(&mut self) -> Result<()> {
        let mut command = Command::new(self.examples.join("cut_latency"));
        for line in printed(command.env("WEIR_SCALE_ACCOUNTS", self.accounts.to_string()))? {
            self.raw.line(&json!({ "row": "cut", "measured": line }))?;
            let Some(last) = line["commit_to_last_cut_max_ms"].as_f64() else { continue };
            let value = format!(
                "p99 of cuts {} ms, last of a round at most {last} ms ({} streams, {} rounds)",
                line["commit_to_cut_p99_ms"], line["streams"], line["rounds"]
            );
            self.table.row("commit to last cut", value, Some(Bar::new(last <= 50.0, "p99 <= 50 ms")));
        }
        Ok(())
    }
}

impl Server {
    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let (status, text) =
            ask(self.address, "POST", &format!("/admin/v1/{path}"), Some(&self.token), &body.to_string())?;
        if status != 200 {
            bail!("{path}: {status} {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{path} answered no JSON"))
    }

    fn revoke(&self, key: &Value) -> Result<Duration> {
        let started = Instant::now();
        self.post("key/revoke", &json!({ "id": key }))?;
        Ok(started.elapsed())
    }
}

fn get(address: SocketAddr, path: &str) -> Result<u16> {
    Ok(ask(address, "GET", path, None, "")?.0)
}

/// One request on a connection of its own.
fn ask(address: SocketAddr, method: &str, path: &str, token: Option<&str>, body: &str) -> Result<(u16, String)> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let bearer = token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    let length = body.len();
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{bearer}connection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer without a head")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("an answer without a status")?;
    // One chunk, or none: the answers asked for here are short.
    let start = body.find('{').unwrap_or(0);
    let end = body.rfind('}').map_or(body.len(), |end| end + 1);
    Ok((status, body.get(start..end).unwrap_or_default().to_owned()))
}

/// What a small write made durable takes here, with nothing beside it.
fn fsync_p99(folder: &Path) -> Result<f64> {
    let path = folder.join("fsync");
    let mut file = fs::File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..200 {
        file.write_all(&[0x5a; 4_096])?;
        let started = Instant::now();
        file.sync_data()?;
        times.push(started.elapsed());
    }
    fs::remove_file(path)?;
    Ok(millis(&mut times, 0.99))
}

fn millis(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let place = (times.len().saturating_sub(1) as f64 * share).round() as usize;
    times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
