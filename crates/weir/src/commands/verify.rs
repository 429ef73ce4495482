//! `weir log verify`: a whole log, checked by whoever wants to know.

mod pinned;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use weir_control::audit::{self, Bundle, RecordsFolder, Report};
use weir_control::boot::DATABASE_FILE;
use weir_store::segment::SEGMENTS_FOLDER;
use weir_tlog::{
    Checkpoint, CosignerKey, FolderSource, LogSource, ReadError, SignedNote, SourceError, VerifierKey, VerifyFailure,
    verify_consistency,
};

use super::{complain, print_text};
use crate::cli::Remote;
use crate::client::Client;
use crate::client::log_source::HttpSource;
use pinned::Pinned;

/// The exit code of a verification whose answer is no.
const SAYS_NO: u8 = 3;

/// The longest key that is read.
const MOST_KEY_BYTES: u64 = 4_096;

/// What a log is to be held against.
pub(super) struct Asked<'a> {
    pub(super) key: Option<&'a str>,
    pub(super) opened: Option<&'a Path>,
    pub(super) since: &'a [PathBuf],
    pub(super) explain: Option<&'a str>,
    pub(super) witnesses: &'a [String],
}

/// Checks a log and says what was found; exit code 3 when it is not right.
pub(super) fn verify(remote: &Remote, log: &str, asked: &Asked<'_>) -> Result<ExitCode> {
    let &Asked { key, opened, since, explain, witnesses } = asked;
    let source = Source::of(log, remote.ca_file.as_deref())?;
    let witnesses = witnesses.iter().map(|witness| read_witness(witness)).collect::<Result<Vec<_>>>()?;
    let is_pinned = key.is_some();
    let key = key.map_or_else(|| source.own_key(), read_key)?;
    let bundle = opened.map(read_bundle).transpose()?;
    let earlier = since.iter().map(|path| read_note(path)).collect::<Result<Vec<_>>>()?;
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("checking {bar:30} {pos}/{len} acts")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut progress = |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let pinned = match Pinned::of(source.as_log(), matches!(source, Source::Server(_)), &witnesses) {
        Ok(pinned) => pinned,
        Err(endless @ SourceError::TooLarge { .. }) => return say_no(remote, &endless.to_string()),
        Err(unreadable) => return Err(unreadable).with_context(|| format!("cannot check {log}")),
    };
    let records = source.records();
    let (bundle, records) = (bundle.as_ref(), records.as_ref());
    let check = audit::Check { key: &key, is_pinned, bundle, since: &[], records, explain };
    let checked = audit::verify(&pinned, &check, &mut progress);
    bar.finish_and_clear();
    let mut report = match checked {
        Ok(report) => report.with_witnesses(pinned.note(), &witnesses),
        Err(failure) if is_unreadable(&failure) => return Err(failure).with_context(|| format!("cannot check {log}")),
        Err(failure) => return say_no(remote, &failure.to_string()),
    };
    // An earlier checkpoint may be under any key that the log ever had.
    let named = report.keys.iter().filter_map(|key| VerifierKey::parse(&key.vkey).ok());
    let keys: Vec<VerifierKey> = std::iter::once(key).chain(named).collect();
    for (path, note) in since.iter().zip(&earlier) {
        match extends(&pinned, &keys, path, note, &mut report) {
            Ok(None) => {}
            Ok(Some(no)) => return say_no(remote, &no),
            Err(unreadable) => return Err(unreadable).with_context(|| format!("cannot check {log}")),
        }
    }
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

    /// The files of records that lie in the folder, or beside the log in it. In
    /// a data folder none may be missing.
    fn records(&self) -> Option<RecordsFolder> {
        let Source::Folder(_, folder) = self else { return None };
        let dirs = [folder.clone(), folder.join("..")];
        let dir = dirs.into_iter().find(|dir| dir.join(SEGMENTS_FOLDER).is_dir())?;
        let is_whole = dir.join(DATABASE_FILE).is_file();
        Some(RecordsFolder { dir, is_whole })
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

/// A witness's key as text, or the file that holds it.
fn read_witness(key: &str) -> Result<CosignerKey> {
    let text = if Path::new(key).is_file() { crate::files::text(Path::new(key))? } else { key.to_owned() };
    CosignerKey::parse(text.trim()).with_context(|| format!("`{}` is neither a witness's key nor a file", text.trim()))
}

fn parse_key(text: &str) -> Result<VerifierKey> {
    VerifierKey::parse(text.trim()).with_context(|| format!("`{}` is neither a key nor a file", text.trim()))
}

fn read_bundle(path: &Path) -> Result<Bundle> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Bundle::parse(&bytes).with_context(|| path.display().to_string())
}

/// An earlier checkpoint, of whichever log.
fn read_note(path: &Path) -> Result<SignedNote> {
    let text = crate::files::text(path)?;
    let note = SignedNote::parse(text.as_bytes());
    let read = note.map_err(anyhow::Error::from).and_then(|note| {
        Checkpoint::parse(note.text())?;
        Ok(note)
    });
    read.with_context(|| format!("{} is no checkpoint", path.display()))
}

/// Holds the log against an earlier checkpoint; the inner text says why it does
/// not extend it.
fn extends(
    log: &Pinned<'_>,
    keys: &[VerifierKey],
    path: &Path,
    note: &SignedNote,
    report: &mut Report,
) -> Result<Option<String>> {
    let shown = path.display();
    let older = match Checkpoint::open_any(note.to_string().as_bytes(), keys) {
        Ok(older) => older,
        Err(foreign) => return Ok(Some(format!("{shown} is not of this log: {foreign}"))),
    };
    let newest = log.note().and_then(|note| Checkpoint::parse(note.text()).ok()).context("there is no checkpoint")?;
    match verify_consistency(log, &older, &newest) {
        Ok(()) => {
            report.extends.push(older.size);
            Ok(None)
        }
        Err(failure) if is_unreadable(&failure) => Err(failure.into()),
        Err(failure) => Ok(Some(failure.to_string())),
    }
}
