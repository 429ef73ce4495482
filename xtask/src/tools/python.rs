//! Pinned Python packages, in a virtual environment of the project's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{is_installed, note_installed};
use crate::{run, say};

/// A virtual environment with exactly these packages; made anew when the pins
/// have changed.
pub(crate) fn python_packages(folder: &Path, pins: &[&str], why: &str) -> Result<PathBuf> {
    if is_installed(folder, pins) {
        return Ok(folder.to_owned());
    }
    super::debian(&["python3-venv"], "for virtual environments")?;
    say(&format!("installing Python packages into {} {why}: {}", folder.display(), pins.join(" ")));
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(pins);
    run(&mut pip).with_context(|| format!("{} could not be installed {why}", pins.join(" ")))?;
    note_installed(folder, pins)?;
    Ok(folder.to_owned())
}
