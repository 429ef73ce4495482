//! `cargo xtask bench gate`: what the gate costs, beside what others cost.
//! `cargo xtask bench scale`: what a million accounts cost.
//! `cargo xtask bench detect`: how good the detector is (`bench/detect.md`).
//! `cargo xtask bench verify`: what checking a million acts costs.
//! `cargo xtask bench detect-speed`: what judging a log costs.
//! `cargo xtask bench live`: what detection costs while it flows.
//! `bench/README.md` says how and why it is measured so; the files here are
//! one step each.

mod cpu;
mod detect;
mod detect_speed;
mod latency;
mod live;
mod peers;
mod process;
mod programs;
mod proxy;
mod raw;
mod rig;
mod scale;
mod table;
mod verify;
mod weir;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::{run, say};
use process::Placement;
use raw::Raw;
use rig::Rig;
use table::Table;

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// CPU a request, added latency, decisions and cuts, against nginx and others.
    Gate(Gate),
    /// A million accounts: import, start, acts, preview, cuts.
    Scale(scale::Scale),
    /// What the detector finds, misses and flags wrongly, beside others.
    Detect(detect::Detect),
    /// `weir log verify` over a log of a million acts.
    Verify(verify::Verify),
    /// What judging a log costs: reading, sketching, folding, memory.
    DetectSpeed(detect_speed::DetectSpeed),
    /// Detection while it flows: exchanges a second of one core.
    Live(live::Live),
}

#[derive(Args)]
pub(crate) struct Gate {
    /// Alternating rounds of each measurement.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of one round of a CPU row.
    #[arg(long, default_value_t = 5)]
    cpu_seconds: u64,
    /// Seconds of one round of the latency row, each a window.
    #[arg(long, default_value_t = 10)]
    latency_seconds: u64,
    /// A look, not a measurement: short rounds, nothing written to bench/raw.
    #[arg(long)]
    quick: bool,
    /// Leave the peers out: `--peers none`, or name those to show.
    #[arg(long, value_delimiter = ',', default_values_t = peers::NAMES.map(str::to_owned))]
    peers: Vec<String>,
    /// Measure nginx alone; for working on the bench itself.
    #[arg(long)]
    without_weir: bool,
}

/// Runs one bench.
pub(crate) fn bench(workspace: &Path, which: Bench) -> Result<()> {
    match which {
        Bench::Detect(asked) => detect::measure(workspace, &asked),
        Bench::DetectSpeed(asked) => detect_speed::measure(workspace, &asked),
        Bench::Live(asked) => live::measure(workspace, &asked),
        Bench::Scale(scale) => scale::measure(workspace, &scale),
        Bench::Verify(verify) => verify::measure(workspace, &verify),
        Bench::Gate(mut gate) => {
            if gate.quick {
                (gate.rounds, gate.cpu_seconds, gate.latency_seconds) = (2, 1, 3);
            }
            measure(workspace, &gate)
        }
    }
}

fn measure(workspace: &Path, gate: &Gate) -> Result<()> {
    let programs = build(workspace, gate)?;
    crate::tools::debian(&["nginx-light"], "for the comparison with nginx")?;
    let mut raw = Raw::create(workspace, "gate", gate.quick)?;
    raw.machine(
        workspace,
        &serde_json::json!({
            "rounds": gate.rounds, "cpu_seconds": gate.cpu_seconds, "latency_seconds": gate.latency_seconds,
        }),
    )?;
    let mut table = Table::default();
    for shape in rig::SHAPES {
        let rig = Rig::start(&programs, shape, Placement::Apart)?;
        cpu::compare(&rig, gate, &mut raw, &mut table)?;
    }
    let rig = Rig::start(&programs, &rig::UNARY, Placement::Free)?;
    latency::compare(&rig, gate, &mut raw, &mut table)?;
    drop(rig);
    if gate.without_weir {
        table.not_measured("decisions, transforms, persons, overshoot and cuts", "--without-weir");
    } else {
        programs::decide(&programs, &mut raw, &mut table)?;
        programs::transform(&programs, &mut raw, &mut table)?;
        programs::person(&programs, &mut raw, &mut table)?;
        programs::overshoot(&programs, &mut raw, &mut table)?;
        programs::cut(&programs, &mut raw, &mut table)?;
    }
    table.print();
    say(&format!("every round is in {}", raw.path().display()));
    Ok(())
}

/// Where the programs under test are.
struct Programs {
    weir: Option<PathBuf>,
    /// The folder of the stand-in, the load and the programs that measure
    /// by themselves.
    examples: PathBuf,
    /// Installed peers.
    tools: PathBuf,
    /// Configurations, logs and data of this run.
    scratch: PathBuf,
}

/// Builds all of it at once: built apart, each would compile the dependencies
/// again with other features.
fn build(workspace: &Path, gate: &Gate) -> Result<Programs> {
    let mut cargo = crate::cargo();
    cargo.current_dir(workspace).args([
        "build",
        "--profile",
        "dist",
        "-p",
        "weir-sim",
        "--example",
        "stand_in",
        "--example",
        "load",
    ]);
    if !gate.without_weir {
        cargo.args([
            "-p",
            "weir",
            "--bin",
            "weir",
            "--example",
            "cut_latency",
            "--example",
            "overshoot",
            "-p",
            "weir-gateway",
            "--example",
            "person_cost",
            "-p",
            "weir-rules",
            "--example",
            "decide_speed",
            "-p",
            "weir-wire",
            "--example",
            "transform_cost",
        ]);
    }
    run(&mut cargo)?;
    let target = workspace.join("target");
    let dist = target.join("dist");
    let scratch = target.join("bench");
    if scratch.try_exists()? {
        std::fs::remove_dir_all(&scratch).with_context(|| format!("cannot empty {}", scratch.display()))?;
    }
    std::fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
    Ok(Programs {
        weir: (!gate.without_weir).then(|| dist.join("weir")),
        examples: dist.join("examples"),
        tools: workspace.join(".bench-tools"),
        scratch,
    })
}
