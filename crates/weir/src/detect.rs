//! `weir detect`: reads a log, folds it epoch by epoch, and writes what was
//! found. No server, no network.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use weir_acts::Time;
use weir_detect::{Detector, Findings, Intake, Settings};
use weir_exchange::LoggedAccount;
use weir_exchange::read::{Column, Columns, Inputs, Progress, ReadLimits, ReadOptions, ReadReport, accounts, read_merged};

use weir_report::{Report, page, table};
use weir_store::durable;

use crate::cli::Detect;
use crate::commands::{complain, print_text, sharing};

/// What of an exchange is judged; other columns of Parquet are not read.
const JUDGED: Columns = Columns::of(&[
    Column::Id,
    Column::Party,
    Column::Model,
    Column::Conversation,
    Column::Messages,
    Column::Sketch,
    Column::Client,
    Column::Params,
    Column::Usage,
    Column::Outcome,
]);

pub(crate) fn run(asked: &Detect, as_json: bool) -> Result<ExitCode> {
    let format = asked.format.parse()?;
    let known = asked.accounts.as_deref().map(read_accounts).transpose()?.unwrap_or_default();
    let indicators = sharing::feeds(&asked.indicators, asked.indicator_key_file.as_deref())?;
    let inputs = Inputs::find(&asked.files)?;
    let settings = Settings {
        key: detector_key(asked.key_file.as_deref())?,
        epoch_seconds: asked.epoch,
        alpha: asked.alpha,
        memory: asked.memory,
        ..Settings::default()
    };
    let mut detector = Detector::new(settings, &known);
    if let Some(file) = &asked.leave_out {
        leave_out(&mut detector, file)?;
    }
    let mut options = ReadOptions { format, digests: true, columns: JUDGED, ..ReadOptions::default() };
    if let Some(threads) = asked.threads {
        options.threads = threads;
    }
    // A day, for clocks that are set otherwise.
    options.limits.latest = Some(Time::from_millis(jiff::Timestamp::now().as_millisecond() + 86_400_000));
    let (report, intake) = fold(&mut detector, &inputs, &options)?;
    let notes = notes(&report, &intake);
    notes.iter().for_each(|note| complain(note));
    if report.records == 0 {
        bail!("the log holds no exchanges");
    }
    indicators.mark(&mut detector, &known);
    let mut findings = detector.findings();
    for dossier in &mut findings.dossiers {
        dossier.related.extend(indicators.relate(dossier));
    }
    let command = std::env::args().collect::<Vec<_>>().join(" ");
    for dossier in &mut findings.dossiers {
        dossier.provenance.command.clone_from(&command);
        dossier.provenance.inputs = report.files.iter().map(|file| format!("sha256:{}", file.sha256)).collect();
    }
    if let Some(out) = &asked.out {
        write_all(out, &findings, &notes)?;
    }
    let shown = if as_json { String::from_utf8(lines(&findings.dossiers)?)? } else { table(&findings.dossiers) };
    print_text(&shown)?;
    Ok(ExitCode::SUCCESS)
}

fn read_accounts(path: &Path) -> Result<Vec<LoggedAccount>> {
    let mut records = accounts(path, ReadLimits::default())?;
    let known = records.by_ref().collect::<Result<Vec<_>, _>>()?;
    for bad in &records.report().first_bad {
        complain(&format!("{} line {}: {}", bad.file, bad.line, bad.reason));
    }
    Ok(known)
}

/// What a rerun needs of a line of `members.jsonl`.
#[derive(serde::Deserialize)]
struct Doubted {
    account: String,
    smallest_removal: Vec<String>,
}

/// Leaves out what an earlier run said that its members would be none without.
fn leave_out(detector: &mut Detector, file: &Path) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (mut accounts, mut associated) = (0, 0);
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = || format!("{} line {}", file.display(), at + 1);
        let doubted: Doubted = serde_json::from_str(line).with_context(|| format!("{}: no line of members.jsonl", place()))?;
        detector.leave_out(&doubted.account, &doubted.smallest_removal).with_context(place)?;
        accounts += usize::from(!doubted.smallest_removal.is_empty());
        associated += usize::from(doubted.smallest_removal.is_empty());
    }
    if accounts == 0 {
        bail!("{} names no member's smallest_removal, so there is nothing to leave out", file.display());
    }
    complain(&format!("left out: the evidence that makes {accounts} accounts members; this is a rerun to check findings, not a finding"));
    if associated > 0 {
        complain(&format!("{associated} lines are of accounts that were no members anyway"));
    }
    Ok(())
}

/// Reads everything in the order of time and folds each epoch when it is over.
fn fold(detector: &mut Detector, inputs: &Inputs, options: &ReadOptions) -> Result<(ReadReport, Intake)> {
    let sketcher = detector.sketcher();
    let mut intake = Intake::default();
    let mut failed = None;
    let progress = Progress::default();
    let bar = progress_bar(inputs.bytes());
    let mut taken = 0_u64;
    let report = read_merged(inputs, options, &progress, |exchange| sketcher.sketch(exchange), |sketched| {
        intake.take(sketched);
        taken += 1;
        if taken.is_multiple_of(4096) {
            bar.set_position(progress.bytes());
        }
        while let Some((epoch, profile)) = intake.next_over() {
            failed = failed.take().or(detector.fold(epoch, &profile).err());
        }
    })?;
    bar.finish_and_clear();
    for (epoch, profile) in intake.rest() {
        failed = failed.take().or(detector.fold(epoch, &profile).err());
    }
    failed.map_or(Ok((report, intake)), |error| Err(error.into()))
}

fn progress_bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {eta}") {
        bar.set_style(style);
    }
    bar
}

/// What is to be known of the reading, a sentence each.
fn notes(report: &ReadReport, intake: &Intake) -> Vec<String> {
    let mut notes: Vec<String> =
        report.first_bad.iter().map(|bad| format!("{} line {}: {}", bad.file, bad.line, bad.reason)).collect();
    if report.bad > 0 {
        notes.push(format!("{} of {} lines are no exchanges and were left out", report.bad, report.lines));
    }
    notes.extend(
        report.damaged.iter().map(|d| format!("{} breaks off after line {}: {}", d.file, d.line, d.reason)),
    );
    let (late, foreign) = (intake.late(), intake.foreign());
    if foreign > 0 {
        notes.push(format!(
            "the texts of {foreign} exchanges were sketched under another key and are unknown; name the key of the \
             folder they were recorded in: --key-file FOLDER/detect.key"
        ));
    }
    if late > 0 {
        notes.push(format!("{late} exchanges came after their epoch was over and were left out; is each file in the order of time?"));
    }
    notes
}

/// The deployment's key: from its file, which is made on first use.
pub(crate) fn detector_key(file: Option<&Path>) -> Result<[u8; 16]> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => default_key_file()?,
    };
    if !path.try_exists().with_context(|| format!("cannot look at the detector's key {}", path.display()))? {
        return make_key(&path);
    }
    let text = durable::read_secret_file(&path).context("the detector's key")?;
    let digits = std::str::from_utf8(&text).unwrap_or_default().trim();
    u128::from_str_radix(digits, 16)
        .ok()
        .filter(|_| digits.len() == 32)
        .map(u128::to_be_bytes)
        .with_context(|| format!("{} holds no key: 32 hexadecimal digits", path.display()))
}

fn default_key_file() -> Result<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let folder = state.or_else(home).context("no HOME to keep the detector's key in; name a file with --key-file")?;
    Ok(folder.join("weir/detect.key"))
}

fn make_key(path: &Path) -> Result<[u8; 16]> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    let told = || format!("cannot make the detector's key {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(told)?;
    }
    let text = format!("{:032x}\n", u128::from_be_bytes(key));
    durable::write_file_atomically(path, text.as_bytes(), 0o600).with_context(told)?;
    complain(&format!("made a key for the detector's samples: {}", path.display()));
    Ok(key)
}

/// Everything in the folder is whole or not there: each file is written beside
/// and renamed.
fn write_all(out: &Path, findings: &Findings, notes: &[String]) -> Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    write_file(out, "campaigns.json", &serde_json::to_vec_pretty(&findings.dossiers)?)?;
    write_file(out, "members.jsonl", &lines(&findings.members)?)?;
    let html = page(&Report {
        dossiers: &findings.dossiers,
        members: &findings.members,
        pictures: &findings.pictures,
        notes,
    });
    write_file(out, "report.html", html.as_bytes())?;
    complain(&format!("written: {}", out.join("report.html").display()));
    Ok(())
}

/// One JSON document a line.
fn lines<T: serde::Serialize>(rows: &[T]) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn write_file(out: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let (beside, path) = (out.join(format!(".{name}.part")), out.join(name));
    std::fs::write(&beside, bytes)
        .and_then(|()| std::fs::rename(&beside, &path))
        .with_context(|| format!("cannot write {}", path.display()))
}
