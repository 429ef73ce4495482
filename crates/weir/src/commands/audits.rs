//! `weir audit export`: a folder for an auditor who never saw the system. The
//! log in it is copied file by file as it is checked, so what is handed over
//! is what was found good.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::json;
use weir_acts::Time;
use weir_acts::records::segment_number;
use weir_control::audit::{self, Bundle, RecordsFolder};
use weir_store::durable::write_file_atomically;
use weir_store::segment::SEGMENTS_FOLDER;
use weir_tlog::{LogPath, LogSource, SourceError, VerifierKey};

use super::{complain, print_text};
use crate::cli::Remote;
use crate::client::log_source::HttpSource;
use crate::client::{Client, Who};

/// The longest key that is read.
const MOST_KEY_BYTES: u64 = 4_096;

/// What an auditor reads first.
const README: &str = "\
This folder was made by `weir audit export`.

  log/           the public log as it was served: checkpoint, tiles, entries (c2sp.org/tlog-tiles)
  log.vkey       the log's public key as the server told it; hold it against one from elsewhere
  bundle.jsonl   openings of private parts, and records of decisions with the proof that they are
                 in files that the log seals; confidential
  records.json   what the server's own files of records were found to be
  decisions/     the sealed files of records of that time, as they were written; confidential.
                 Not where the export is about one subject: they speak of everybody
                 Texts that rules had kept lie in them under keys that are not here and in no export:
                 nobody reads them with this folder
  segments.json  which acts of the log sealed them, and what each must be

Check it, without asking anybody:

  weir log verify log --key VKEY --opened bundle.jsonl
  weir log verify log --key VKEY --opened bundle.jsonl --explain DECISION-ID

docs/audit.md of Weir says what each line of the answer means.
";

/// A log that is copied while it is read.
struct Copying {
    source: HttpSource,
    into: std::path::PathBuf,
    failed: RefCell<Option<anyhow::Error>>,
}

impl LogSource for Copying {
    fn read(&self, path: LogPath) -> Result<Option<Vec<u8>>, SourceError> {
        let read = self.source.read(path)?;
        if let Some(bytes) = &read
            && let Err(error) = self.keep(path, bytes)
        {
            self.failed.borrow_mut().get_or_insert(error);
        }
        Ok(read)
    }
}

impl Copying {
    fn keep(&self, path: LogPath, bytes: &[u8]) -> Result<()> {
        let file = self.into.join(path.to_string());
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))
    }
}

pub(super) fn export(remote: &Remote, from: Time, to: Time, subject: Option<&str>, output: &Path) -> Result<ExitCode> {
    if output.symlink_metadata().is_ok() {
        bail!("{} is there already; name a folder that is not", output.display());
    }
    let client = Client::new(remote, Who::Operator)?;
    let asked = json!({ "from": from, "to": to, "subject": subject });
    let bundle = client.post_for_bytes("/admin/v1/audit/export", &asked)?;
    let read = Bundle::parse(&bundle).context("the server's bundle cannot be read")?;
    let records = client.get("/admin/v1/audit/records", &[])?;
    private_folder(output)?;
    // One subject's auditor is not shown what is recorded about others.
    let segments = match subject {
        None => Some(copy_segments(&client, from, to, output)?),
        Some(_) => None,
    };
    let source =
        HttpSource(Client::of_log(&format!("{}/log", remote.server.trim_end_matches('/')), remote.ca_file.as_deref())?);
    let vkey = source.0.find("/vkey", MOST_KEY_BYTES)?.context("the server has no /log/vkey")?;
    let key_text = String::from_utf8(vkey).context("the server's key is not text")?;
    let key = VerifierKey::parse(key_text.trim()).context("the server's key cannot be read")?;
    let copying = Copying { source, into: output.join("log"), failed: RefCell::new(None) };
    let folder = segments.is_some().then(|| RecordsFolder { dir: output.to_owned(), is_whole: false });
    let check = audit::Check {
        is_pinned: false,
        bundle: Some(&read),
        records: folder.as_ref(),
        ..audit::Check::with_key(&key)
    };
    let report = audit::verify(&copying, &check, &mut |_, _| ())
        .with_context(|| format!("the log of {} cannot be copied", remote.server))?;
    if let Some(error) = copying.failed.into_inner() {
        return Err(error);
    }
    write_file_atomically(&output.join("log.vkey"), key_text.as_bytes(), 0o644)?;
    write_file_atomically(&output.join("bundle.jsonl"), &bundle, 0o600)?;
    let told = serde_json::to_vec_pretty(&records).context("what was found of the records cannot be written")?;
    write_file_atomically(&output.join("records.json"), &told, 0o644)?;
    write_file_atomically(&output.join("README.txt"), README.as_bytes(), 0o644)?;
    let (openings, decisions) = (read.openings.len(), read.decisions.len());
    if remote.json {
        let told = json!({ "folder": output, "acts": report.size, "openings": openings, "decisions": decisions,
            "segments": segments,
            "good": report.good && records["good"] == true, "records": records["records"] });
        print_text(&format!("{told}\n"))?;
    } else {
        complain(&format!(
            "wrote {} acts, {openings} openings, {decisions} decisions and {} sealed files of records to {}",
            report.size,
            segments.unwrap_or(0),
            output.display()
        ));
        for line in records["lines"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str) {
            complain(line);
        }
    }
    if !report.good || records["good"] != true {
        complain("WRONG: what was exported does not hold; run `weir log verify` on it");
        return Ok(ExitCode::from(3));
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies the sealed files of records of a stretch of time, and says which acts
/// sealed them; how many.
fn copy_segments(client: &Client, from: Time, to: Time, output: &Path) -> Result<u64> {
    let query = [("from", from.to_string()), ("to", to.to_string())];
    let told = client.get("/admin/v1/audit/segments", &query)?;
    let listed = told["segments"].as_array().context("the server named no files of records")?;
    private_folder(&output.join(SEGMENTS_FOLDER))?;
    let mut copied = 0;
    for segment in listed.iter().filter(|segment| segment["deleted"].is_null()) {
        let (name, bytes) = segment["name"].as_str().zip(segment["bytes"].as_u64()).context("a file without a name")?;
        // The name becomes a path here.
        segment_number(name).with_context(|| format!("`{name}` is no file of records"))?;
        copy_segment(client, name, bytes, &output.join(SEGMENTS_FOLDER).join(name))
            .with_context(|| format!("cannot copy {name}"))?;
        copied += 1;
    }
    let listed = serde_json::to_vec_pretty(listed).context("the files of records cannot be told")?;
    write_file_atomically(&output.join("segments.json"), &listed, 0o644)?;
    Ok(copied)
}

fn copy_segment(client: &Client, name: &str, bytes: u64, path: &Path) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut done = 0;
    while done < bytes {
        let piece = client.get_bytes(&format!("/admin/v1/audit/segments/{name}?offset={done}"))?;
        if piece.is_empty() {
            bail!("it ends after {done} of {bytes} bytes");
        }
        file.write_all(&piece)?;
        done += piece.len() as u64;
    }
    file.sync_all()?;
    Ok(())
}

/// A new folder that others cannot look into.
fn private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path).with_context(|| format!("cannot make {}", path.display()))
}
