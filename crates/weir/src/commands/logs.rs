//! `weir log`: reading the log, and taking proofs out of it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::json;
use weir_control::imports::RowReceipt;
use weir_store::durable::write_file_atomically;

use super::{complain, print_text};
use crate::cli::Remote;
use crate::client::{Client, Who};
use crate::output;

/// Acts asked for at a time.
const PAGE: u64 = 500;

pub(super) fn list(remote: &Remote, from: u64, limit: Option<u64>) -> Result<ExitCode> {
    let client = Client::new(remote, Who::Operator)?;
    let (mut next, end) = (from, limit.map_or(u64::MAX, |limit| from.saturating_add(limit)));
    while next < end {
        let query = [("from", next.to_string()), ("limit", PAGE.min(end - next).to_string())];
        let answer = client.get("/admin/v1/log", &query)?;
        let acts = answer["acts"].as_array().cloned().unwrap_or_default();
        if acts.is_empty() {
            break;
        }
        let mut text = String::new();
        for act in &acts {
            let entry = &act["entry"];
            if remote.json {
                text.push_str(&format!("{act}\n"));
            } else {
                text.push_str(&format!(
                    "{:>6}  {}  {:<22}  {:<22}  by {}\n",
                    output::cell(&act["act"]),
                    output::cell(&entry["at"]),
                    output::cell(&entry["kind"]),
                    output::cell(&entry["subject"]),
                    output::cell(&entry["by"]),
                ));
            }
        }
        print_text(&text)?;
        next += acts.len() as u64;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn receipt(remote: &Remote, act: u64, output: &Path) -> Result<ExitCode> {
    let text = Client::new(remote, Who::Anyone)?.get_bytes(&format!("/log/receipt/{act}"))?;
    weir_tlog::Receipt::parse(&text).context("the server's receipt cannot be read")?;
    write_file_atomically(output, &text, 0o644)?;
    if remote.json {
        print_text(&format!("{}\n", json!({ "act": act, "file": output })))?;
    } else {
        complain(&format!("wrote the receipt of act {act} to {}", output.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The receipts of an import's rows about a subject: each a line of a bundle
/// that holds all there is to check, the act and its own receipt included.
pub(super) fn row_receipt(remote: &Remote, act: u64, subject: &str, output: &Path) -> Result<ExitCode> {
    let receipt = Client::new(remote, Who::Anyone)?.get_bytes(&format!("/log/receipt/{act}"))?;
    weir_tlog::Receipt::parse(&receipt).context("the server's receipt cannot be read")?;
    let receipt = String::from_utf8(receipt).context("the server's receipt is not text")?;
    let asked = json!({ "act": act, "subject": subject });
    let answer = Client::new(remote, Who::Operator)?.post("/admin/v1/log/rows", &asked)?;
    let rows: Vec<RowReceipt> =
        serde_json::from_value(answer["rows"].clone()).context("the server's rows cannot be read")?;
    let mut text = String::new();
    for mut row in rows.iter().cloned() {
        row.receipt = Some(receipt.clone());
        text.push_str(&format!("{}\n", row.line()));
    }
    write_file_atomically(output, text.as_bytes(), 0o600)?;
    let count = rows.len();
    if remote.json {
        print_text(&format!("{}\n", json!({ "act": act, "subject": subject, "rows": count, "file": output })))?;
    } else {
        complain(&format!(
            "wrote {count} rows of act {act} about {subject}, with their proofs, to {}",
            output.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn open(remote: &Remote, subject: &str, output: &Path) -> Result<ExitCode> {
    let client = Client::new(remote, Who::Operator)?;
    let bundle = client.post_for_bytes("/admin/v1/log/open", &json!({ "subject": subject }))?;
    let lines = bundle.iter().filter(|byte| **byte == b'\n').count();
    write_file_atomically(output, &bundle, 0o600)?;
    if remote.json {
        print_text(&format!("{}\n", json!({ "subject": subject, "file": output, "lines": lines })))?;
    } else {
        complain(&format!("wrote {lines} openings and decisions about {subject} to {}", output.display()));
    }
    Ok(ExitCode::SUCCESS)
}
