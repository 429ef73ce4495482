//! `weir log`: reading the log, taking proofs out of it, checking it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use weir_control::audit::{self, Bundle};
use weir_store::durable::write_file_atomically;
use weir_tlog::{
    Checkpoint, CheckpointError, FolderSource, LogSource, NoteError, ReadError, SourceError, VerifierKey, VerifyFailure,
};

use super::{complain, print_text};
use crate::cli::Remote;
use crate::client::log_source::HttpSource;
use crate::client::{Client, Who};
use crate::output;

/// Acts asked for at a time.
const PAGE: u64 = 500;

/// The exit code of a verification whose answer is no.
const SAYS_NO: u8 = 3;

/// The longest key that is read.
const MOST_KEY_BYTES: u64 = 4_096;

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

/// Checks a log and says what was found; exit code 3 when it is not right.
pub(super) fn verify(
    remote: &Remote,
    log: &str,
    key: Option<&str>,
    opened: Option<&Path>,
    since: &[PathBuf],
    explain: Option<&str>,
) -> Result<ExitCode> {
    let source = Source::of(log, remote.ca_file.as_deref())?;
    let is_pinned = key.is_some();
    let key = key.map_or_else(|| source.own_key(), read_key)?;
    let bundle = opened.map(read_bundle).transpose()?;
    let mut earlier = Vec::new();
    for path in since {
        match read_checkpoint(path, &key)? {
            Ok(checkpoint) => earlier.push(checkpoint),
            Err(foreign) => return say_no(remote, &format!("{} is not of this log: {foreign}", path.display())),
        }
    }
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("checking {bar:30} {pos}/{len} acts")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut progress = |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let checked = audit::verify(source.as_log(), &key, is_pinned, bundle.as_ref(), &earlier, explain, &mut progress);
    bar.finish_and_clear();
    let report = match checked {
        Ok(report) => report,
        Err(failure) if is_unreadable(&failure) => return Err(failure).with_context(|| format!("cannot check {log}")),
        Err(failure) => return say_no(remote, &failure.to_string()),
    };
    if let Some(id) = explain
        && report.explained.is_none()
    {
        complain(&format!("decision {id} is not in the bundle, or could not be computed again"));
    }
    if remote.json {
        print_text(&format!("{}\n", serde_json::to_string(&report).context("the report cannot be written")?))?;
    } else {
        print_text(&(report.lines().join("\n") + "\n"))?;
    }
    Ok(if report.good { ExitCode::SUCCESS } else { ExitCode::from(SAYS_NO) })
}

/// The answer no, where there is nothing to report beside it.
fn say_no(remote: &Remote, why: &str) -> Result<ExitCode> {
    if remote.json {
        print_text(&format!("{}\n", json!({ "good": false, "failure": why })))?;
    }
    complain(&format!("WRONG: {why}"));
    Ok(ExitCode::from(SAYS_NO))
}

/// Whether the log could not be read, as against read and found wrong.
fn is_unreadable(failure: &VerifyFailure) -> bool {
    let read = match failure {
        VerifyFailure::NoCheckpoint => return true,
        VerifyFailure::Read(error) => Some(error),
        VerifyFailure::Hashes(error) => error.source.downcast_ref::<ReadError>(),
        _ => None,
    };
    matches!(read, Some(ReadError::Source(SourceError::Read { .. })))
}

/// Where a log is read from.
enum Source {
    Folder(FolderSource, PathBuf),
    Server(HttpSource),
}

impl Source {
    fn of(log: &str, ca_file: Option<&Path>) -> Result<Source> {
        if log.starts_with("http://") || log.starts_with("https://") {
            return Ok(Source::Server(HttpSource(Client::of_log(log, ca_file)?)));
        }
        let folder = PathBuf::from(log);
        if !folder.is_dir() {
            bail!("`{log}` is neither a folder nor a URL");
        }
        // A data folder holds the published log in a folder of its own.
        let within = folder.join("log");
        let published = if within.join("checkpoint").is_file() { within } else { folder.clone() };
        Ok(Source::Folder(FolderSource::new(published), folder))
    }

    fn as_log(&self) -> &dyn LogSource {
        match self {
            Source::Folder(source, _) => source,
            Source::Server(source) => source,
        }
    }

    /// The key the log itself names.
    fn own_key(&self) -> Result<VerifierKey> {
        match self {
            Source::Folder(_, folder) => {
                let beside = [folder.join("log.vkey"), folder.join("vkey"), folder.join("../log.vkey")];
                let found = beside.iter().find(|path| path.is_file());
                read_key(&found.context("there is no log.vkey beside the log; give --key")?.to_string_lossy())
            }
            Source::Server(source) => {
                let text = source
                    .0
                    .find("/vkey", MOST_KEY_BYTES)?
                    .context("the server has no /vkey; is this the URL of a log?")?;
                parse_key(&String::from_utf8(text).context("the server's key is not text")?)
            }
        }
    }
}

/// A key as text, or the file that holds it.
pub(crate) fn read_key(key: &str) -> Result<VerifierKey> {
    if Path::new(key).is_file() { parse_key(&crate::files::text(Path::new(key))?) } else { parse_key(key) }
}

fn parse_key(text: &str) -> Result<VerifierKey> {
    VerifierKey::parse(text.trim()).with_context(|| format!("`{}` is neither a key nor a file", text.trim()))
}

fn read_bundle(path: &Path) -> Result<Bundle> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Bundle::parse(&bytes).with_context(|| path.display().to_string())
}

/// An earlier checkpoint. One that is well formed but not signed by this log's
/// key is an answer, the inner error, since a log that was replaced shows so.
fn read_checkpoint(path: &Path, key: &VerifierKey) -> Result<Result<Checkpoint, CheckpointError>> {
    let text = crate::files::text(path)?;
    match Checkpoint::open(text.as_bytes(), key) {
        Ok(checkpoint) => Ok(Ok(checkpoint)),
        Err(
            foreign @ (CheckpointError::Origin { .. }
            | CheckpointError::Note(NoteError::BadSignature { .. } | NoteError::NoKnownSignature { .. })),
        ) => Ok(Err(foreign)),
        Err(malformed) => Err(malformed).with_context(|| format!("{} is no checkpoint", path.display())),
    }
}
