//! `cargo xtask bench detect`: how good the detector is.
//!
//! Every measurement is one run of `weir-detect-bench`, which prints one line
//! of JSON. Lines are kept in `target/bench-detect`, by the digest of the
//! sources that they depend on and the run's arguments, so a bench that was
//! broken off goes on where it stopped and one after a change measures anew.

mod cache;
mod calibration;
mod compared;
mod curve;
mod found;
mod ledger;
mod plan;
mod removed;
mod wilson;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use super::programs::built;
use super::raw::Raw;
use crate::{run, say};
use cache::Cache;
use plan::{Job, Size};

#[derive(Args)]
pub(crate) struct Detect {
    /// A look of about ten minutes: fewer seeds, smaller populations; nothing
    /// is written to bench/raw.
    #[arg(long)]
    quick: bool,
    /// Parts to measure, by the names that the tables have. All where absent.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Rows of those parts whose name holds this text; may be given again. All where
    /// absent.
    #[arg(long)]
    rows: Vec<String>,
    /// Runs at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Folder with real prompts and arrivals, for the rows that use them.
    #[arg(long)]
    data: Option<std::path::PathBuf>,
    /// Cargo's profile that the program is built with; what it finds is the same.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// Measure nothing; print what is cached.
    #[arg(long)]
    cached: bool,
}

/// Measures, writes the lines and prints the tables.
pub(crate) fn measure(workspace: &Path, asked: &Detect) -> Result<()> {
    if let Some(unknown) = asked.only.iter().find(|part| !plan::PARTS.contains(&part.as_str())) {
        anyhow::bail!("--only: there is no part `{unknown}`; there are: {}", plan::PARTS.join(", "));
    }
    let cache = Cache::open(workspace)?;
    let size = if asked.quick { Size::Quick } else { Size::Whole };
    let data = asked.data.as_deref().map(std::fs::canonicalize).transpose().context("--data")?;
    let mut jobs = plan::jobs(size, data.is_some());
    jobs.retain(|job| is_asked_for(job, &asked.only, &asked.rows));
    let finds = asked.rows.is_empty() || !jobs.is_empty();
    anyhow::ensure!(finds, "--rows: no row of these parts has such a name; the tables of a run without --rows have their names");
    if !asked.cached {
        let mut cargo = crate::cargo();
        run(cargo.current_dir(workspace).args(["build", "--profile", &asked.profile, "-p", "weir-detect-bench"]))?;
        let program = built(workspace, &asked.profile).join("weir-detect-bench");
        let found = Found { program, splink: splink(workspace, &jobs)?, data };
        play(&found, &cache, &jobs, asked.jobs.max(1))?;
    }
    let lines: Vec<(&Job, Value)> = jobs.iter().filter_map(|job| Some((job, cache.read(&job.arguments)?))).collect();
    let mut raw = Raw::create(workspace, "detect", asked.quick)?;
    raw.machine(workspace, &json!({ "sources": cache.digest(), "quick": asked.quick, "only": asked.only, "rows": asked.rows }))?;
    for (job, line) in &lines {
        raw.line(&json!({ "part": job.part, "row": job.row, "arguments": job.arguments, "line": line }))?;
    }
    print(&lines, jobs.len());
    say_what_it_took(&lines, asked.jobs.max(1));
    let folder = workspace.join(if asked.quick { "target/bench" } else { "bench" });
    for file in curve::draw(&folder, &lines)? {
        say(&format!("drawn: {}", file.display()));
    }
    if !asked.quick {
        ledger::note(workspace, cache.digest(), &lines)?;
    }
    say(&format!("every line is in {}", raw.path().display()));
    Ok(())
}

fn is_asked_for(job: &Job, parts: &[String], rows: &[String]) -> bool {
    let of_part = parts.is_empty() || parts.iter().any(|part| part == job.part);
    of_part && (rows.is_empty() || rows.iter().any(|row| job.row.contains(row)))
}

/// The Python with Splink, installed where a job asks for it.
fn splink(workspace: &Path, jobs: &[Job]) -> Result<Option<PathBuf>> {
    if !jobs.iter().any(|job| job.arguments.iter().any(|argument| argument == plan::SPLINK)) {
        return Ok(None);
    }
    let folder = workspace.join(".bench-tools/splink");
    let venv = crate::tools::python_packages(&folder, &[plan::SPLINK], "for the comparison with record linkage")?;
    Ok(Some(venv.join("bin/python")))
}

/// Where the things are that jobs name.
struct Found {
    program: PathBuf,
    splink: Option<PathBuf>,
    data: Option<PathBuf>,
}

/// Runs what is not cached, several at once; the largest first, or one that takes the
/// better part of an hour would be played alone at the end.
fn play(found: &Found, cache: &Cache, jobs: &[Job], at_once: usize) -> Result<()> {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let mut jobs: Vec<&Job> = jobs.iter().collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.account_days()));
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if cache.read(&job.arguments).is_some() {
                        continue;
                    }
                    say(&format!("{}: {} ({})", job.part, job.row, job.arguments.join(" ")));
                    if let Err(error) = one(found, cache, job)
                        && let Ok(mut failed) = failed.lock()
                    {
                        failed.push(format!("{}: {error:#}", job.arguments.join(" ")));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    anyhow::ensure!(failed.is_empty(), "{} runs failed:\n{}", failed.len(), failed.join("\n"));
    Ok(())
}

fn one(found: &Found, cache: &Cache, job: &Job) -> Result<()> {
    let mut command = Command::new(&found.program);
    for argument in &job.arguments {
        let place = match argument.as_str() {
            plan::SPLINK => found.splink.as_deref(),
            plan::DATA => found.data.as_deref(),
            _ => None,
        };
        command.arg(place.map_or(argument.as_ref(), Path::as_os_str));
    }
    let begun = Instant::now();
    let output = command.output().context("cannot be started")?;
    let said = std::str::from_utf8(&output.stderr).unwrap_or("(what it said is no text)");
    anyhow::ensure!(output.status.success(), "{}", said.trim());
    let mut line: Value = serde_json::from_slice(&output.stdout).context("what it printed is no JSON")?;
    if let Some(line) = line.as_object_mut() {
        line.insert(TOOK.to_owned(), json!(begun.elapsed().as_secs_f64()));
    }
    cache.write(&job.arguments, &line)
}

/// In each line: the seconds that its run took, beside others where there were some.
const TOOK: &str = "run_seconds";

/// What all of it takes, whenever and in how many pieces it was run.
fn say_what_it_took(lines: &[(&Job, Value)], at_once: usize) {
    let mut runs = BTreeMap::new();
    for (job, line) in lines {
        runs.insert(&job.arguments, line.get(TOOK).and_then(Value::as_f64).unwrap_or_default());
    }
    let (count, all) = (runs.len(), runs.values().sum::<f64>() / 3600.0);
    say(&format!("{count} runs took {all:.2} hours; {at_once} at once, {:.2}", all / at_once as f64));
}

/// The tables, limits first.
#[expect(clippy::print_stdout, reason = "the tables are what the chore is for")]
fn print(lines: &[(&Job, Value)], planned: usize) {
    if lines.len() < planned {
        println!("{} of {planned} runs are there.\n", lines.len());
    }
    for part in plan::PARTS {
        let of_part: Vec<&(&Job, Value)> = lines.iter().filter(|(job, _)| job.part == part).collect();
        if of_part.is_empty() {
            continue;
        }
        println!("## {part}\n");
        match part {
            "calibration" => calibration::print(&of_part),
            "baselines" => compared::print(&of_part),
            "benign" => found::print_benign(&of_part),
            "removal sets" => removed::print(&of_part),
            _ => found::print(&of_part, !["limits", "curves", "ablations"].contains(&part)),
        }
        println!();
    }
}
