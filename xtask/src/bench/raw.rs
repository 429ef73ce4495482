//! The raw lines: every round as it was measured, and on what.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// A file of JSON lines.
pub(super) struct Raw {
    path: PathBuf,
    file: File,
}

impl Raw {
    /// Starts a file of today's, beside those of earlier runs; a quick look's goes where nothing is kept.
    pub(super) fn create(workspace: &Path, bench: &str, is_quick: bool) -> Result<Raw> {
        let folder = if is_quick { workspace.join("target/bench") } else { workspace.join("bench/raw") };
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let name = format!("{bench}-{}", jiff::Timestamp::now().strftime("%Y-%m-%d"));
        let mut path = folder.join(format!("{name}.jsonl"));
        for run in 2_u32.. {
            match if is_quick { File::create(&path) } else { File::create_new(&path) } {
                Ok(file) => return Ok(Raw { path, file }),
                // Documents name what was measured earlier.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => path = folder.join(format!("{name}-{run}.jsonl")),
                Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
            }
        }
        bail!("{} is full of files of today", folder.display())
    }

    /// Where the lines go.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one, at once, so that a broken run leaves what it measured.
    pub(super) fn line(&mut self, line: &Value) -> Result<()> {
        writeln!(self.file, "{line}").with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// What it was measured on and with.
    pub(super) fn machine(&mut self, workspace: &Path, settings: &Value) -> Result<()> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = cpuinfo
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map(|name| name.trim_start_matches([' ', '\t', ':']));
        let git = |arguments: &[&str]| said(Command::new("git").current_dir(workspace).args(arguments));
        self.line(&json!({
            "row": "machine",
            "at": jiff::Timestamp::now().to_string(),
            "processor": processor,
            "processors": cpuinfo.lines().filter(|line| line.starts_with("processor")).count(),
            "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
            "load_average": fs::read_to_string("/proc/loadavg").unwrap_or_default().trim(),
            "commit": git(&["rev-parse", "HEAD"]),
            "has_changes": git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|changes| !changes.is_empty()),
            "nginx": said(Command::new("/usr/sbin/nginx").arg("-v")),
            "rustc": said(Command::new("rustc").arg("--version")),
            "settings": settings,
        }))
    }
}

/// What a command prints on either output.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let both = [output.stdout, output.stderr].concat();
    Some(std::str::from_utf8(&both).ok()?.trim().to_owned())
}
