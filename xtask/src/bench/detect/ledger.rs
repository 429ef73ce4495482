//! `bench/detect-ledger.jsonl`: each time that held-out scenarios were looked
//! at, so that nobody, the authors included, can look often and tell the best.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::plan::Job;

/// Notes the held-out runs among these lines, once for each state of the
/// sources, and again when a look that was broken off went on.
pub(super) fn note(workspace: &Path, sources: &str, lines: &[(&Job, Value)]) -> Result<()> {
    let held_out: Vec<&Value> = lines.iter().filter(|(job, _)| job.part == "held-out").map(|(_, line)| line).collect();
    let path = workspace.join("bench/detect-ledger.jsonl");
    let before = fs::read_to_string(&path).unwrap_or_default();
    let as_many = |line: &str| {
        serde_json::from_str::<Value>(line)
            .is_ok_and(|entry| entry["sources"] == sources && entry["runs"].as_u64() >= Some(held_out.len() as u64))
    };
    if held_out.is_empty() || before.lines().any(as_many) {
        return Ok(());
    }
    let campaigns = || held_out.iter().flat_map(|line| line["score"]["campaigns"].as_array().into_iter().flatten());
    let flagged = held_out.iter().flat_map(|line| line["score"]["flagged"].as_object().into_iter().flatten());
    let entry = json!({
        "at": jiff::Timestamp::now().to_string(),
        "sources": sources,
        "runs": held_out.len(),
        "campaigns": campaigns().count(),
        "found": campaigns().filter(|campaign| campaign["found"] == true).count(),
        "benign": held_out.iter().filter_map(|line| line["score"]["benign"].as_u64()).sum::<u64>(),
        "flagged": flagged.filter_map(|(_, count)| count.as_u64()).sum::<u64>(),
        "false_campaigns": held_out.iter().filter_map(|line| line["score"]["false_campaigns"].as_u64()).sum::<u64>(),
    });
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(file, "{entry}").with_context(|| format!("cannot write {}", path.display()))
}
