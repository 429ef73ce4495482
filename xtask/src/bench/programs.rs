//! Rows that programs of the workspace measure by themselves, in JSON lines.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Programs;
use super::raw::Raw;
use super::table::{Bar, Table};
use crate::say;

/// Decisions, cached and not.
pub(super) fn decide(programs: &Programs, raw: &mut Raw, table: &mut Table) -> Result<()> {
    for line in printed(&mut Command::new(programs.examples.join("decide_speed")))? {
        raw.line(&json!({"row": "decide", "measured": line}))?;
        let (Some(row), Some(nanos)) = (line["row"].as_str(), line["ns"].as_f64()) else { continue };
        let bar = line["bar_ns"].as_f64();
        let bar = bar.map(|bar| Bar::new(nanos <= bar, &format!("<= {} us", bar / 1e3)));
        table.row(row, format!("{:.2} us", nanos / 1e3), bar);
    }
    Ok(())
}

/// What withholding parts of a stream adds to each chunk.
pub(super) fn transform(programs: &Programs, raw: &mut Raw, table: &mut Table) -> Result<()> {
    for line in printed(&mut Command::new(programs.examples.join("transform_cost")))? {
        raw.line(&json!({"row": "transform", "measured": line}))?;
        let (Some(stream), Some(added)) = (line["stream"].as_str(), line["added_p50_ns"].as_f64()) else { continue };
        let micros = |field: &str| line[field].as_f64().unwrap_or(f64::NAN) / 1e3;
        let value = format!(
            "p50 {:.2} us added ({:.2} on, {:.2} off), p99 {:.2} us on",
            added / 1e3,
            micros("on_p50_ns"),
            micros("off_p50_ns"),
            micros("on_p99_ns")
        );
        let bar = line["bar_ns"].as_f64().unwrap_or(20_000.0);
        let bar = Bar::new(added <= bar, &format!("p50 <= {} us", bar / 1e3));
        table.row(&format!("withholding, a chunk of {stream}"), value, Some(bar));
    }
    Ok(())
}

/// The person behind a request, first seen and from the cache.
pub(super) fn person(programs: &Programs, raw: &mut Raw, table: &mut Table) -> Result<()> {
    for line in printed(&mut Command::new(programs.examples.join("person_cost")))? {
        raw.line(&json!({"row": "person", "measured": line}))?;
        let (Some(row), Some(nanos)) = (line["row"].as_str(), line["ns"].as_f64()) else { continue };
        let bar = line["bar_ns"].as_f64();
        let bar = bar.map(|bar| Bar::new(nanos <= bar, &format!("<= {} us", bar / 1e3)));
        table.row(row, format!("{:.2} us", nanos / 1e3), bar);
    }
    Ok(())
}

/// How far 64 clients come beyond limits.
pub(super) fn overshoot(programs: &Programs, raw: &mut Raw, table: &mut Table) -> Result<()> {
    for line in printed(&mut Command::new(programs.examples.join("overshoot")))? {
        raw.line(&json!({"row": "overshoot", "measured": line}))?;
        let (Some(what), Some(beyond)) = (line["what"].as_str(), line["overshoot"].as_u64()) else { continue };
        let name =
            format!("overshoot, {what}, {} clients, by {}", line["clients"], line["scope"].as_str().unwrap_or(""));
        let value = format!("{beyond} beyond {} (reached {})", line["limit"], line["reached"]);
        table.row(&name, value, Some(Bar::new(beyond == 0, "0")));
    }
    Ok(())
}

/// From an order's commit to the last stream cut.
pub(super) fn cut(programs: &Programs, raw: &mut Raw, table: &mut Table) -> Result<()> {
    for line in printed(&mut Command::new(programs.examples.join("cut_latency")))? {
        raw.line(&json!({"row": "cut", "measured": line}))?;
        let Some(p99) = line["commit_to_cut_p99_ms"].as_f64() else { continue };
        let bar = line["bar_ms"].as_f64().unwrap_or(50.0);
        let value = format!(
            "p50 {} ms, p99 {p99} ms, last of a round at most {} ms ({} streams, {} rounds)",
            line["commit_to_cut_p50_ms"], line["commit_to_last_cut_max_ms"], line["streams"], line["rounds"]
        );
        table.row("commit to cut", value, Some(Bar::new(p99 <= bar, &format!("p99 <= {bar} ms"))));
        let late = line["content_bytes_after_ack"].as_u64();
        let bar = Bar::new(late == Some(0), "0 bytes");
        table.row("denied bytes after the acknowledgement", line["content_bytes_after_ack"].to_string(), Some(bar));
    }
    Ok(())
}

/// Where cargo puts what it builds of a profile.
pub(super) fn built(workspace: &Path, profile: &str) -> PathBuf {
    workspace.join("target").join(if profile == "dev" { "debug" } else { profile })
}

/// The JSON lines an example prints.
pub(super) fn printed(command: &mut Command) -> Result<Vec<Value>> {
    say(&format!("running {command:?}"));
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} ended with {}", output.status);
    }
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let not_json = || format!("{command:?} printed something else than JSON lines");
    lines.map(|line| serde_json::from_slice(line).with_context(not_json)).collect()
}
