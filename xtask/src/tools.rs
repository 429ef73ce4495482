//! What tests need beside Rust: Go's own transparency-log packages from
//! Debian, and pinned Python packages in a virtual environment of the
//! project's. Installed when missing, and said so.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{run, say};

/// Debian packages: Go 1.19 with the sumdb packages, the log's first
/// third-party verifier.
const DEBIAN: &[&str] = &["golang-1.19-go", "golang-1.19-src", "golang-golang-x-mod-dev"];

/// Python packages: the log's second third-party verifier.
const PYTHON: &[&str] = &["tlog-scales==0.0.3"];

/// Where the tools are.
pub(crate) struct Tools {
    /// The Go command.
    pub(crate) go: PathBuf,
    /// The Python of the virtual environment.
    pub(crate) python: PathBuf,
}

/// Installs what is missing.
pub(crate) fn install(workspace: &Path) -> Result<Tools> {
    debian()?;
    let python = python(workspace)?;
    Ok(Tools { go: PathBuf::from("/usr/lib/go-1.19/bin/go"), python })
}

fn debian() -> Result<()> {
    let missing: Vec<&str> = DEBIAN.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("installing Debian packages for the tests: {}", missing.join(" ")));
    run(as_root("apt-get").args(["update", "-qq"]))?;
    run(as_root("apt-get")
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_installed(package: &str) -> bool {
    let status = Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]).output();
    status.is_ok_and(|output| output.stdout == b"installed")
}

fn as_root(program: &str) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if is_root {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.arg(program);
    sudo
}

fn python(workspace: &Path) -> Result<PathBuf> {
    let folder = workspace.join(".test-tools").join("venv");
    let python = folder.join("bin").join("python");
    let wanted = PYTHON.join("\n");
    let stamp = folder.join("weir-pins");
    if std::fs::read_to_string(&stamp).is_ok_and(|pins| pins == wanted) {
        return Ok(python);
    }
    say(&format!("installing Python packages for the tests: {}", PYTHON.join(" ")));
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
        .context("on Debian, the package python3-venv makes virtual environments")?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PYTHON))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}
