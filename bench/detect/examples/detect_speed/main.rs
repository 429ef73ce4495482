//! How fast a log is judged, phase by phase, in CPU time of one core: one line
//! of JSON a row. `cargo xtask bench detect-speed` builds and runs it.
//!
//! CPU time is the thread's own, from the system's scheduler, so that what else
//! the machine does shows in nothing but the caches.

mod cpu;
mod log;
mod rows;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde_json::{Value, json};

use log::{Form, Log};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Asked {
    /// Exchanges of each log, for example 1M,2M,5M,10M,20M
    #[arg(long, value_delimiter = ',', default_value = "1M", value_parser = count)]
    sizes: Vec<u64>,
    /// Bytes of each prompt
    #[arg(long, default_value_t = 1024)]
    prompt: usize,
    /// Where logs are kept from run to run
    #[arg(long, default_value = "target/bench-detect")]
    folder: PathBuf,
    /// What the detector may take for anchors, in MiB
    #[arg(long, default_value_t = 2048)]
    memory: u64,
    /// Measure one log here instead of each in a process of its own
    #[arg(long, value_name = "FORM")]
    only: Option<Form>,
    /// Write so many texts of the smallest log, one a line, and do nothing else
    #[arg(long, value_name = "N")]
    texts: Option<usize>,
}

fn count(text: &str) -> Result<u64, String> {
    let (number, factor) = match text.strip_suffix(['M', 'm']) {
        Some(number) => (number, 1_000_000),
        None => match text.strip_suffix(['k', 'K']) {
            Some(number) => (number, 1_000),
            None => (text, 1),
        },
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .filter(|n| *n > 0)
        .ok_or("a number, k or M".into())
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn main() -> Result<()> {
    let asked = Asked::parse();
    let mut sizes = asked.sizes.clone();
    sizes.sort_unstable();
    let (Some(&least), Some(&most)) = (sizes.first(), sizes.last()) else { bail!("no sizes") };
    if let Some(texts) = asked.texts {
        let path = log::texts(&Log::cached(&asked.folder, least, asked.prompt, Form::Plain)?, texts)?;
        println!("{}", json!({"row": "texts", "file": path}));
        return Ok(());
    }
    if let Some(form) = asked.only {
        let log = Log::cached(&asked.folder, most, asked.prompt, form)?;
        rows::measure(&log, form, asked.memory << 20, &mut |row| println!("{row}"))?;
        return Ok(());
    }
    let mut wholes = Vec::new();
    for &size in &sizes {
        for form in Form::ALL {
            // The larger ones once: text of many gigabytes shows nothing new.
            if size == least || form == Form::Parquet {
                wholes.extend(apart(&asked, size, form)?);
            }
        }
    }
    let of_parquet: Vec<&Value> = wholes.iter().filter(|row| row["form"] == "parquet").collect();
    if let Some(line) = rows::extrapolated(&of_parquet) {
        println!("{line}");
    }
    Ok(())
}

/// Measures one log in a process of its own, so that its peak of memory is its
/// own; gives the rows of the whole.
#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn apart(asked: &Asked, size: u64, form: Form) -> Result<Vec<Value>> {
    Log::cached(&asked.folder, size, asked.prompt, form)?;
    let mut again = Command::new(std::env::current_exe()?);
    again.arg("--sizes").arg(size.to_string()).arg("--prompt").arg(asked.prompt.to_string());
    again
        .arg("--memory")
        .arg(asked.memory.to_string())
        .arg("--folder")
        .arg(&asked.folder)
        .arg("--only")
        .arg(form.name());
    let output = again.stderr(std::process::Stdio::inherit()).output().context("cannot start itself")?;
    if !output.status.success() {
        bail!("measuring {} exchanges of {} ended with {}", size, form.name(), output.status);
    }
    let text = String::from_utf8(output.stdout)?;
    print!("{text}");
    let rows = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    Ok(rows.into_iter().filter(|row| row["row"] == "whole").collect())
}
