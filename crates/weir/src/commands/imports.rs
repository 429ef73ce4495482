//! `weir party import`: a file is sent piece by piece, and what is wrong with
//! it is told by line. No more of it than a piece is held here.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use weir_control::imports::{Fault, Format};

use super::{complain, print};
use crate::cli::Remote;
use crate::client::{Client, Who};
use crate::files;

/// Bytes of one piece.
const PIECE: usize = 1 << 20;

/// Imports `file`; exit code 1 when lines of it are wrong, each told.
pub(super) fn import(remote: &Remote, file: &Path, format: Option<Format>) -> Result<ExitCode> {
    let format = match format {
        Some(format) => format,
        None => format_of(file)?,
    };
    let (digest, bytes) = files::digest(file)?;
    let client = Client::new(remote, Who::Operator)?;
    // The same file sent again, because an answer was lost, is the same request.
    let key = format!("import-{}", digest.hex());
    let announced = json!({ "format": format, "digest": digest });
    let begun = client.post_once("/admin/v1/import", &announced, &key)?;
    if let Some(done) = begun.get("done") {
        return print(true, done, String::new);
    }
    let id = begun["import"].as_str().context("the server's answer names no import; is it a Weir?")?.to_owned();
    let bar = progress(remote, bytes);
    let sent = send(&client, &id, file, &bar);
    bar.set_message("checking and writing");
    let ended = sent.and_then(|()| client.post_either(&format!("/admin/v1/import/{id}/finish")));
    bar.finish_and_clear();
    match ended? {
        Ok(done) => print(true, &done, String::new),
        Err(refused) => tell(remote, file, &refused),
    }
}

fn format_of(file: &Path) -> Result<Format> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().parse() {
        Ok(format) => Ok(format),
        Err(why) => bail!("{}: {why}; --format says which it is", file.display()),
    }
}

fn progress(remote: &Remote, bytes: u64) -> ProgressBar {
    if remote.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "sending {bar:30} {bytes}/{total_bytes}, {msg} {eta} left";
    ProgressBar::new(bytes)
        .with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Sends the file; ends early where the server has found enough wrong.
fn send(client: &Client, id: &str, path: &Path, bar: &ProgressBar) -> Result<()> {
    let cannot = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(cannot)?;
    let mut piece = Vec::with_capacity(PIECE);
    let mut offset = 0_u64;
    loop {
        piece.clear();
        (&mut file).take(PIECE as u64).read_to_end(&mut piece).with_context(cannot)?;
        if piece.is_empty() {
            return Ok(());
        }
        let answer = client.put(&format!("/admin/v1/import/{id}/{offset}"), &piece)?;
        offset += piece.len() as u64;
        bar.set_position(offset);
        bar.set_message(format!("{} rows,", answer["rows"]));
        if answer["faults"]["stopped"] == json!(true) {
            return Ok(());
        }
    }
}

/// A refusal: of the lines that are wrong, or of the whole.
fn tell(remote: &Remote, file: &Path, refused: &Value) -> Result<ExitCode> {
    let message = refused["error"]["message"].as_str().unwrap_or("the import was refused");
    let faults: Vec<Fault> = serde_json::from_value(refused["faults"].clone()).unwrap_or_default();
    if remote.json {
        super::print_text(&format!("{refused}\n"))?;
    }
    for fault in &faults {
        complain(&format!("{}:{fault}", file.display()));
    }
    if refused["stopped"] == json!(true) {
        complain(&format!("the rest of {} was not read", file.display()));
    }
    bail!("{message}");
}
