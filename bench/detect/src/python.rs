//! Programs in Python that are asked for something through files.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Runs a program with arguments to its end. `failing` says what it means that it fails;
/// what the program says then is told behind it.
pub(crate) fn run(
    python: &Path,
    program: &str,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    failing: &str,
) -> Result<()> {
    let output = Command::new(python).args(["-c", program]).args(arguments).output();
    let output = output.with_context(|| format!("cannot start {}", python.display()))?;
    let said = std::str::from_utf8(&output.stderr).unwrap_or("(what it said is no text)");
    ensure!(output.status.success(), "{failing}: {}", said.trim());
    Ok(())
}
