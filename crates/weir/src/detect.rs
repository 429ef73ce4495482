//! `weir detect`: reads a log, folds it epoch by epoch, and writes what was
//! found. No server, no network.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use weir_detect::{Detector, Findings, Intake, Role, Settings, Status};
use weir_exchange::LoggedAccount;
use weir_exchange::read::{Inputs, Progress, ReadLimits, ReadOptions, ReadReport, accounts, read_merged};

use crate::cli::Detect;
use crate::commands::{complain, print_text};

pub(crate) fn run(asked: &Detect, as_json: bool) -> Result<ExitCode> {
    let format = asked.format.parse()?;
    let known = asked.accounts.as_deref().map(read_accounts).transpose()?.unwrap_or_default();
    let inputs = Inputs::find(&asked.files)?;
    let settings = Settings {
        key: detector_key(asked.key_file.as_deref())?,
        epoch_seconds: asked.epoch,
        alpha: asked.alpha,
        memory: asked.memory,
    };
    let mut detector = Detector::new(settings, &known);
    let mut options = ReadOptions { format, digests: true, ..ReadOptions::default() };
    if let Some(threads) = asked.threads {
        options.threads = threads;
    }
    let (report, late) = fold(&mut detector, &inputs, &options)?;
    tell_reading(&report, late);
    if report.records == 0 {
        bail!("the log holds no exchanges");
    }
    let mut findings = detector.findings();
    let command = std::env::args().collect::<Vec<_>>().join(" ");
    for dossier in &mut findings.dossiers {
        dossier.provenance.command.clone_from(&command);
        dossier.provenance.inputs = report.files.iter().map(|file| format!("sha256:{}", file.sha256)).collect();
    }
    if let Some(out) = &asked.out {
        write_all(out, &findings)?;
    }
    print_text(&table(&findings, as_json)?)?;
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

/// Reads everything in the order of time and folds each epoch when it is over.
fn fold(detector: &mut Detector, inputs: &Inputs, options: &ReadOptions) -> Result<(ReadReport, u64)> {
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
    failed.map_or(Ok((report, intake.late())), |error| Err(error.into()))
}

fn progress_bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {eta}") {
        bar.set_style(style);
    }
    bar
}

fn tell_reading(report: &ReadReport, late: u64) {
    for bad in &report.first_bad {
        complain(&format!("{} line {}: {}", bad.file, bad.line, bad.reason));
    }
    if report.bad > 0 {
        complain(&format!("{} of {} lines are no exchanges and were left out", report.bad, report.lines));
    }
    for damaged in &report.damaged {
        complain(&format!("{} breaks off after line {}: {}", damaged.file, damaged.line, damaged.reason));
    }
    if late > 0 {
        complain(&format!("{late} exchanges came after their epoch was over and were left out: is the log in order of time?"));
    }
}

/// The deployment's key: from its file, which is made on first use.
fn detector_key(file: Option<&Path>) -> Result<[u8; 16]> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => default_key_file()?,
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let digits = text.trim();
            u128::from_str_radix(digits, 16)
                .ok()
                .filter(|_| digits.len() == 32)
                .map(u128::to_be_bytes)
                .with_context(|| format!("{} holds no key: 32 hexadecimal digits", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_key(&path),
        Err(error) => Err(error).with_context(|| format!("cannot read the detector's key {}", path.display())),
    }
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
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut made = options.open(path).with_context(told)?;
    writeln!(made, "{:032x}", u128::from_be_bytes(key)).with_context(told)?;
    complain(&format!("made a key for the detector's samples: {}", path.display()));
    Ok(key)
}

/// Everything in the folder is whole or not there: each file is written beside
/// and renamed.
fn write_all(out: &Path, findings: &Findings) -> Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    let mut members = Vec::new();
    for line in &findings.members {
        serde_json::to_writer(&mut members, line)?;
        members.push(b'\n');
    }
    write_file(out, "campaigns.json", &serde_json::to_vec_pretty(&findings.dossiers)?)?;
    write_file(out, "members.jsonl", &members)
}

fn write_file(out: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let (beside, path) = (out.join(format!(".{name}.part")), out.join(name));
    std::fs::write(&beside, bytes)
        .and_then(|()| std::fs::rename(&beside, &path))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[derive(Serialize)]
struct Row<'f> {
    id: &'f str,
    status: Status,
    accounts: u64,
    members: usize,
    exchanges: u64,
    log2_e: f64,
    linkage: f64,
    harvest: f64,
    concealment: Option<f64>,
    alarm: String,
}

fn table(findings: &Findings, as_json: bool) -> Result<String> {
    let rows: Vec<Row<'_>> = findings
        .dossiers
        .iter()
        .map(|dossier| Row {
            id: &dossier.id,
            status: dossier.status,
            accounts: dossier.accounts,
            members: findings
                .members
                .iter()
                .filter(|line| line.campaign == dossier.id && line.role == Role::Member)
                .count(),
            exchanges: dossier.exchanges,
            log2_e: dossier.log2_e,
            linkage: dossier.axes.linkage,
            harvest: dossier.axes.harvest,
            concealment: dossier.axes.concealment,
            alarm: dossier.alarm.to_string(),
        })
        .collect();
    if as_json {
        let lines = rows.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        return Ok(lines.into_iter().map(|line| line + "\n").collect());
    }
    if rows.is_empty() {
        return Ok("nothing found\n".to_owned());
    }
    let names = ["ID", "STATUS", "ACCOUNTS", "MEMBERS", "EXCHANGES", "LOG2_E", "LINKAGE", "HARVEST", "CONCEALMENT", "ALARM"];
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let status = if row.status == Status::Campaign { "campaign" } else { "suspected" };
            vec![
                row.id.to_owned(),
                status.to_owned(),
                row.accounts.to_string(),
                row.members.to_string(),
                row.exchanges.to_string(),
                format!("{:.1}", row.log2_e),
                format!("{:.1}", row.linkage),
                format!("{:.1}", row.harvest),
                row.concealment.map_or_else(|| "not assessed".to_owned(), |bits| format!("{bits:.1}")),
                row.alarm.clone(),
            ]
        })
        .collect();
    Ok(crate::output::table(&names, &cells))
}
