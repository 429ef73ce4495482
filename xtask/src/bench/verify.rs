//! What it costs a stranger to check a log of a million acts: the program's own
//! `weir log verify` over a published folder.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::programs::built;
use super::raw::Raw;
use super::table::{Bar, Table};
use crate::{run, say};

#[derive(Args)]
pub(crate) struct Verify {
    /// Acts in the log.
    #[arg(long, default_value_t = 1_000_000)]
    acts: u64,
    /// Rounds; the best and the worst are shown.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The profile that is built.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// A look, not a measurement: nothing is written to bench/raw.
    #[arg(long)]
    quick: bool,
}

/// What a log of a million acts is held to.
const BAR_SECONDS: f64 = 20.0;

pub(super) fn measure(workspace: &Path, verify: &Verify) -> Result<()> {
    let mut cargo = crate::cargo();
    cargo.current_dir(workspace).args(["build", "--profile", &verify.profile, "-p", "weir", "--bin", "weir"]);
    run(cargo.args(["-p", "weir-control", "--example", "log_of"]))?;
    let built = built(workspace, &verify.profile);
    let scratch = workspace.join("target/bench-verify");
    if scratch.try_exists()? {
        fs::remove_dir_all(&scratch).with_context(|| format!("cannot empty {}", scratch.display()))?;
    }
    fs::create_dir_all(&scratch)?;
    let mut raw = Raw::create(workspace, "verify", verify.quick)?;
    raw.machine(workspace, &json!({ "acts": verify.acts, "profile": verify.profile }))?;
    run(Command::new(built.join("examples/log_of")).arg(&scratch).env("WEIR_LOG_ACTS", verify.acts.to_string()))?;
    let mut rounds = Vec::new();
    for _ in 0..verify.rounds.max(1) {
        let round = verified(&built.join("weir"), &scratch, verify.acts)?;
        raw.line(&round)?;
        rounds.push(round);
    }
    let mut table = Table::default();
    let (least, most) = (extent(&rounds, "seconds"), extent(&rounds, "cpu_seconds"));
    let value = format!(
        "{:.1} to {:.1} s, CPU {:.1} to {:.1} s, peak {:.0} MiB",
        least.0,
        least.1,
        most.0,
        most.1,
        extent(&rounds, "peak_mib").1
    );
    let bar = Bar::new(least.1 <= BAR_SECONDS * verify.acts as f64 / 1e6, "<= 20 s a million");
    table.row(&format!("weir log verify, {} acts", verify.acts), value, Some(bar));
    table.print();
    say(&format!("every line is in {}", raw.path().display()));
    fs::remove_dir_all(&scratch).with_context(|| format!("cannot empty {}", scratch.display()))
}

/// One run, as /usr/bin/time would tell it.
fn verified(weir: &Path, folder: &Path, acts: u64) -> Result<Value> {
    let mut command = Command::new(weir);
    command.args(["log", "verify"]).arg(folder).arg("--key").arg(folder.join("log.vkey")).arg("--json");
    say(&format!("running {command:?}"));
    let before = waited_for()?;
    let started = Instant::now();
    let child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {command:?}"))?;
    let peak = Peak::watch(child.id());
    let output = child.wait_with_output()?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu = waited_for()? - before;
    if !output.status.success() {
        bail!("{command:?} ended with {}", output.status);
    }
    let report: Value = serde_json::from_slice(&output.stdout).context("weir log verify printed no JSON")?;
    if report["good"] != true || report["refold"]["folded"] != acts {
        bail!("the log was not found good to its end: {report}");
    }
    Ok(json!({
        "row": "log verify", "acts": acts, "seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak.mib(), "unseen": report["unseen"],
    }))
}

/// User and system time of the children that have ended, in seconds (proc(5),
/// `cutime` and `cstime`).
fn waited_for() -> Result<f64> {
    let line = fs::read_to_string("/proc/self/stat")?;
    let (_, rest) = line.rsplit_once(')').context("a line of /proc/PID/stat has no name")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok());
    let both = ticks(13).zip(ticks(14)).context("a line of /proc/PID/stat is short")?;
    Ok((both.0 + both.1) / super::process::ticks_per_second()?)
}

/// The most memory a process held, looked at while it runs.
struct Peak(std::thread::JoinHandle<u64>);

impl Peak {
    fn watch(id: u32) -> Peak {
        Peak(std::thread::spawn(move || {
            let mut most = 0;
            loop {
                let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
                let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let Some(peak) = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok()) else {
                    return most;
                };
                most = peak;
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }))
    }

    fn mib(self) -> f64 {
        self.0.join().map_or(f64::NAN, |kib| kib as f64 / 1024.0)
    }
}

fn extent(rounds: &[Value], field: &str) -> (f64, f64) {
    let values = || rounds.iter().filter_map(|round| round[field].as_f64());
    (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max))
}
