//! What judging a log costs, phase by phase, and MinHash beside `datasketch` on
//! the same texts.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};

use super::programs::{built, printed};
use super::raw::Raw;
use super::table::{Bar, Table};
use crate::{run, say};

/// The usual MinHash of Python, for the comparison alone.
const DATASKETCH: &[&str] = &["datasketch==2.0.0"];

/// Texts that `datasketch` is measured on.
const TEXTS: usize = 2_000;

#[derive(Args)]
pub(crate) struct DetectSpeed {
    /// Exchanges of each log; the larger ones take minutes to make and gigabytes to keep.
    #[arg(long, value_delimiter = ',', default_value = "1M,2M,5M")]
    sizes: Vec<String>,
    /// The profile that is built.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// A look, not a measurement: nothing is written to bench/raw.
    #[arg(long)]
    quick: bool,
    /// Leave out the comparison with Python.
    #[arg(long)]
    without_datasketch: bool,
}

pub(super) fn measure(workspace: &Path, asked: &DetectSpeed) -> Result<()> {
    let mut cargo = crate::cargo();
    cargo.current_dir(workspace).args(["build", "--profile", &asked.profile, "-p", "weir-detect-bench"]);
    run(cargo.args(["--example", "detect_speed"]))?;
    let built = built(workspace, &asked.profile);
    let program = || {
        let mut program = Command::new(built.join("examples/detect_speed"));
        program.current_dir(workspace).args(["--sizes", &asked.sizes.join(",")]);
        program
    };
    let mut raw = Raw::create(workspace, "detect-speed", asked.quick)?;
    raw.machine(workspace, &json!({ "sizes": asked.sizes, "profile": asked.profile }))?;
    let mut table = Table::default();
    for line in printed(&mut program())? {
        raw.line(&line)?;
        rows(&line, &mut table);
    }
    if asked.without_datasketch {
        table.not_measured("datasketch", "--without-datasketch");
    } else {
        let texts = printed(program().args(["--texts", &TEXTS.to_string()]))?;
        let file = texts.first().and_then(|line| line["file"].as_str()).context("no texts were written")?;
        let line = datasketch(workspace, &workspace.join(file))?;
        raw.line(&line)?;
        table.row("MinHash of datasketch, 128 permutations, same texts", per_second(&line), None);
    }
    table.print();
    say(&format!("every row is in {}", raw.path().display()));
    Ok(())
}

fn per_second(line: &Value) -> String {
    format!("{} a second a core", line["a_second"])
}

fn rows(line: &Value, table: &mut Table) {
    let (row, form) = (line["row"].as_str().unwrap_or(""), line["form"].as_str().unwrap_or(""));
    match row {
        "whole" | "read and sketched" => {
            let bar = if form == "parquet" { 150_000.0 } else { 80_000.0 };
            let reached = line["a_second"].as_f64().unwrap_or(0.0);
            let bar = Bar::new(reached >= bar, &format!(">= {bar}"));
            table.row(&format!("{row}, {form}, {} exchanges", line["exchanges"]), per_second(line), Some(bar));
            if let Some(bytes) = line["bytes_a_customer"].as_u64() {
                let value =
                    format!("{bytes} bytes, peak {} MiB in all", line["peak_bytes"].as_u64().unwrap_or(0) >> 20);
                table.row(&format!("state of an account, {form}"), value, Some(Bar::new(bytes <= 512, "<= 512")));
            }
        }
        "extrapolated" => {
            let (minutes, gib) = (line["minutes_on_two_cores"].as_f64(), line["gib"].as_f64());
            let (minutes, gib) = (minutes.unwrap_or(f64::MAX), gib.unwrap_or(f64::MAX));
            let value = format!(
                "{minutes:.0} min on two cores, {gib:.1} GiB; {:.0} times the largest measured, r2 {:.4} and {:.4}",
                line["times_the_largest_measured"].as_f64().unwrap_or(0.0),
                line["seconds_r2"].as_f64().unwrap_or(0.0),
                line["bytes_r2"].as_f64().unwrap_or(0.0),
            );
            let bar = Bar::new(minutes < 60.0 && gib <= 16.0, "< 60 min, <= 16 GiB");
            table.row("151 million exchanges, by the line through those", value, Some(bar));
        }
        _ => table.row(&format!("{row}, {form}"), format!("{} ns an exchange", line["ns"]), None),
    }
}

/// Shingles of five words into a MinHash each, the words split by spaces.
const PROGRAM: &str = r#"
import json, sys, time
from datasketch import MinHash
texts = open(sys.argv[1], encoding="utf-8").read().split("\n")[:-1]
begun = time.process_time()
for text in texts:
    words = text.lower().split()
    MinHash(num_perm=128).update_batch([" ".join(words[at:at + 5]).encode() for at in range(max(1, len(words) - 4))])
spent = time.process_time() - begun
print(json.dumps({"row": "datasketch", "texts": len(texts), "ns": round(spent / len(texts) * 1e9), "a_second": round(len(texts) / spent)}))
"#;

fn datasketch(workspace: &Path, texts: &Path) -> Result<Value> {
    let folder = workspace.join(".bench-tools").join("datasketch");
    let venv = crate::tools::python_packages(&folder, DATASKETCH, "for the comparison of MinHash")?;
    let mut python = Command::new(venv.join("bin/python"));
    let lines = printed(python.args(["-c", PROGRAM]).arg(texts))?;
    lines.into_iter().next().context("datasketch printed nothing")
}
