//! What a million accounts cost, measured from inside: an act, a preview, and
//! acts of many writers at once. `cargo xtask bench scale` runs it, after it
//! wrote the file that it imports.
//!
//! `scale file PATH` writes the file; `scale measure DIR` measures on a folder
//! into which it was imported; `scale wide DIR` makes a new folder in which
//! no two parties are alike, and previews there. Sizes are by environment
//! variable.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir::demo::bulk;
use weir_acts::Touched;
use weir_control::boot;
use weir_control::command::{AccountRestore, AccountSuspend, DirectiveDraft, KeyRevoke, RulesSet, UploadedFile};
use weir_control::service::{Caller, Control, Running};
use weir_rules::{Enforce, Snapshot, Swept};
use weir_sim::population::{self, ClaimSeed, ClaimValue, PartySeed};
use weir_store::kind::FolderKind;

/// In place of a gateway without requests.
struct Nobody;

impl Enforce for Nobody {
    fn install(&self, _: Arc<Snapshot>, _: &Touched) -> Swept {
        Swept::default()
    }
}

fn size(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |size| size.parse().unwrap())
}

fn accounts() -> usize {
    size("WEIR_SCALE_ACCOUNTS", 1_000_000)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["file", path] => write(Path::new(path)),
        ["measure", dir] => measure(Path::new(dir)),
        ["wide", dir] => wide(Path::new(dir)),
        _ => println!("scale file PATH | scale measure DIR | scale wide DIR"),
    }
}

fn write(path: &Path) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    file.write_all(&bulk::header().unwrap()).unwrap();
    for party in population::scaled(accounts() / 50, accounts(), 17) {
        file.write_all(&bulk::party(&party).unwrap()).unwrap();
    }
    file.flush().unwrap();
}

/// A population of which every party is of a sector of its own, so that there
/// are about eleven classes to a party.
fn unlike() -> impl Iterator<Item = PartySeed> {
    (0..).zip(population::scaled(accounts() / 50, accounts(), 17)).map(|(place, mut party): (usize, _)| {
        let value = ClaimValue::String(format!("sector-{place}"));
        let evidence = "00".repeat(32);
        party.claims.retain(|claim| claim.kind != "sector");
        party.claims.push(ClaimSeed { kind: "sector", value, level: 1, by: "brightline-checks", evidence });
        party
    })
}

fn wide(dir: &Path) {
    let house = House::open(dir);
    house.runtime.block_on(bulk::import(&house.control, house.caller, unlike)).unwrap();
    house.preview();
    house.running.stop();
}

struct House {
    control: Control,
    running: Running,
    caller: Caller,
    runtime: tokio::runtime::Runtime,
}

fn measure(dir: &Path) {
    let house = House::open(dir);
    let published = house.control.published();
    let (accounts, parties) = (published.state.accounts.len(), published.state.parties.len());
    drop(published);
    tell(&json!({ "row": "loaded", "accounts": accounts, "parties": parties }));
    house.one_act();
    house.durable(dir);
    house.preview();
    house.running.stop();
}

fn tell(line: &Value) {
    println!("{line}");
}

/// The time by which `share` of them were done, in milliseconds.
fn millis(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3
}

impl House {
    /// Tells how long it took, and what of that the processors did.
    fn open(dir: &Path) -> House {
        let (started, before) = (Instant::now(), cpu_all());
        let booted = boot::open(dir, FolderKind::Serve, None, &|_, _| {}).unwrap();
        let is_kept = booted.kept_fold.is_some();
        let booted_in = started.elapsed();
        let (control, starter) = Control::new(booted).unwrap();
        let running = starter.start(Arc::new(Nobody)).unwrap();
        tell(&json!({
            "row": "boot", "kept_fold": is_kept, "fold_seconds": booted_in.as_secs_f64(),
            "seconds": started.elapsed().as_secs_f64(), "cpu_seconds": (cpu_all() - before).as_secs_f64(),
        }));
        let token = std::fs::read_to_string(dir.join(boot::TOKEN_FILE)).unwrap();
        let caller = control.authenticate(token.trim()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        House { control, running, caller, runtime }
    }

    fn change(&self, command: impl Into<weir_control::Command>) {
        self.runtime.block_on(self.control.change(self.caller, command.into(), None)).unwrap();
    }

    /// CPU time an act, of the writer and of whoever asks, the publisher's apart;
    /// and what folding and viewing one allocates.
    fn one_act(&self) {
        const ACTS: usize = 200;
        let label = |place: usize| {
            let published = self.control.published();
            let id = *published.state.accounts.iter().nth(place * 37 % published.state.accounts.len()).unwrap().0;
            published.state.account_label(id)
        };
        let labels: Vec<String> = (0..ACTS).map(label).collect();
        let before = cpu();
        for account in &labels {
            self.change(AccountSuspend { account: account.clone() });
        }
        let after = cpu();
        let each = |threads: fn(&str) -> bool| {
            let of = |times: &[(String, u64)]| -> u64 {
                times.iter().filter(|(name, _)| threads(name)).map(|(_, nanos)| nanos).sum()
            };
            of(&after).saturating_sub(of(&before)) / 1_000 / ACTS as u64
        };
        let (writer, publisher) = (each(|name| name == "weir-writer"), each(|name| name == "weir-publisher"));
        let all = each(|_| true);
        for account in &labels {
            self.change(AccountRestore { account: account.clone() });
        }
        let allocated = allocated(&self.control);
        tell(&json!({
            "row": "one act", "acts": ACTS, "cpu_us": all - publisher, "writer_us": writer, "publisher_us": publisher,
            "allocated_bytes": allocated,
        }));
    }

    /// Many operators at once, each with the next act as soon as the last is
    /// acknowledged, beside a loop that makes as many bytes durable.
    fn durable(&self, dir: &Path) {
        const WRITERS: usize = 64;
        let seconds = size("WEIR_SCALE_SECONDS", 5) as u64;
        let keys: Vec<_> = {
            let state = &self.control.published().state;
            state.live_keys.iter().map(|(_, standing)| standing.key).take(400_000).collect()
        };
        let before = cpu();
        let until = Instant::now() + Duration::from_secs(seconds);
        let (sender, times) = channel();
        let started = Instant::now();
        for writer in 0..WRITERS {
            let (control, caller, sender) = (self.control.clone(), self.caller, sender.clone());
            let own: Vec<_> = keys.iter().skip(writer).step_by(WRITERS).copied().collect();
            self.runtime.spawn(async move {
                for id in own {
                    if Instant::now() >= until {
                        return;
                    }
                    let asked = Instant::now();
                    control.change(caller, KeyRevoke { id }.into(), None).await.unwrap();
                    sender.send(asked.elapsed()).unwrap();
                }
            });
        }
        drop(sender);
        let mut times: Vec<Duration> = times.iter().collect();
        let rate = times.len() as f64 / started.elapsed().as_secs_f64();
        let after = cpu();
        let of = |thread: &str| {
            let sum = |times: &[(String, u64)]| {
                times.iter().filter(|(name, _)| name == thread).map(|(_, time)| time).sum::<u64>()
            };
            sum(&after).saturating_sub(sum(&before)) as f64 / 1e3 / times.len() as f64
        };
        let all: u64 =
            after.iter().map(|(_, time)| time).sum::<u64>() - before.iter().map(|(_, time)| time).sum::<u64>();
        let (writer_us, publisher_us, all_us) =
            (of("weir-writer"), of("weir-publisher"), all as f64 / 1e3 / times.len() as f64);
        let sync = sync_rate(dir, 64 * 700, Duration::from_secs(seconds.min(3)));
        tell(&json!({
            "row": "durable acts", "writers": WRITERS, "acts": times.len(), "acts_per_second": rate,
            "p50_ms": millis(&mut times, 0.5), "p99_ms": millis(&mut times, 0.99),
            "writer_us": writer_us, "publisher_us": publisher_us, "all_us": all_us,
            "fdatasync_per_second": sync, "bar_acts_per_second": sync * WRITERS as f64 / 2.0,
        }));
    }

    fn preview(&self) {
        let rules: String = (0..size("WEIR_SCALE_RULES", 180))
            .map(|rule| {
                let model = if rule % 5 == 0 { String::new() } else { format!(" && resource == Weir::Model::\"m-{}\"", rule % 20) };
                format!(
                    "@id(\"own/{rule}\")\nforbid (principal, action, resource)\nwhen {{ principal has sector && principal.sector == \"none-{rule}\"{model} }};\n"
                )
            })
            .collect();
        let files = vec![UploadedFile { name: "own.cedar".into(), text: rules }];
        let by = self.caller.operator.to_string();
        self.runtime.block_on(self.control.change_all(by, vec![RulesSet { files }.into()])).unwrap();
        let rules = self.control.snapshot().policies().rules().len();
        let text = population::friday_letter_toml();
        let file = UploadedFile { name: "letter.toml".into(), text: text.into() };
        for model in ["mythos-5", "fable-5"] {
            let add = weir_control::command::ModelAdd {
                id: model.into(),
                upstream: "http://127.0.0.1:9".into(),
                credential: None,
                previous: None,
                weights: None,
                max_output: None,
                weight: None,
                max_input: None,
            };
            self.change(add);
            let stage = weir_acts::words::Stage::General;
            self.change(weir_control::command::StageSet { model: model.into(), stage, list: None });
        }
        self.change(DirectiveDraft { file, lists: Vec::new() });
        let mut times = Vec::new();
        let mut shown = Value::Null;
        let mut cpu = Vec::new();
        for _ in 0..10 {
            let (started, before) = (Instant::now(), cpu_all());
            let preview = self.runtime.block_on(self.control.preview(self.caller, population::FIRST_LETTER_ID.into()));
            times.push(started.elapsed());
            cpu.push(cpu_all() - before);
            let preview = preview.unwrap();
            shown = json!({ "keep": preview.tally.keep, "lose": preview.tally.lose, "unknown": preview.tally.unknown });
        }
        let snapshot = self.control.snapshot();
        let mut classes: Vec<_> = snapshot.view().accounts().map(|(_, class, _)| class).collect();
        classes.sort_unstable();
        classes.dedup();
        tell(&json!({
            "row": "preview", "classes": classes.len(), "rules": rules,
            "first_cpu_ms": cpu[0].as_secs_f64() * 1e3, "cpu_p50_ms": millis(&mut cpu, 0.5),
            "first_ms": times[0].as_secs_f64() * 1e3, "p50_ms": millis(&mut times, 0.5), "max_ms": millis(&mut times, 1.0),
            "counts": shown,
        }));
    }
}

/// What planning, trying, folding and viewing one act allocates.
fn allocated(control: &Control) -> u64 {
    use weir_acts::act::{Act, Parts, public};
    use weir_acts::entry::{BY_WEIR, Entry};
    let published = control.published();
    let at = control.now().max(published.state.last);
    let mut world = weir_acts::World::new(published.state.clone(), at);
    let account = *published.state.accounts.iter().next().unwrap().0;
    let entry = Entry {
        at,
        by: BY_WEIR.to_owned(),
        approvals: Vec::new(),
        subject: account.to_string(),
        basis: None,
        act: Act::AccountSuspend(Parts { public: public::AccountSuspend {}, private: None }),
    };
    let counted = allocation_counter::measure(|| {
        // As the writer does: a trial, then the world, then what readers see.
        let mut trial = world.state().clone();
        trial.apply(&entry).unwrap();
        world.apply(&entry).unwrap();
        let snapshot = world.view().clone();
        drop((trial, snapshot));
    });
    counted.bytes_total
}

/// How often in a second so many bytes are made durable, one write after
/// another.
fn sync_rate(dir: &Path, bytes: usize, time: Duration) -> f64 {
    let path = dir.join("sync-rate");
    let mut file = File::create(&path).unwrap();
    let block = vec![0x5a; bytes];
    let started = Instant::now();
    let mut done = 0_u32;
    while started.elapsed() < time {
        file.write_all(&block).unwrap();
        file.sync_data().unwrap();
        done += 1;
    }
    let rate = f64::from(done) / started.elapsed().as_secs_f64();
    drop(file);
    std::fs::remove_file(path).unwrap();
    rate
}

/// CPU time of this process and of all its threads, those that ended too
/// (proc(5), `stat`: user and system time in hundredths of a second).
fn cpu_all() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// CPU time of each thread of this process, in nanoseconds (proc(5),
/// `schedstat`).
fn cpu() -> Vec<(String, u64)> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let read = |folder: std::path::PathBuf| {
        let name = std::fs::read_to_string(folder.join("comm")).ok()?.trim().to_owned();
        let times = std::fs::read_to_string(folder.join("schedstat")).ok()?;
        Some((name, times.split(' ').next()?.parse().ok()?))
    };
    threads.filter_map(|thread| read(thread.ok()?.path())).collect()
}
