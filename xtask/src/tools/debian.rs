//! Debian packages.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{run, say};

/// Installs those that are missing.
pub(crate) fn debian(packages: &[&str], why: &str) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("installing Debian packages {why}: {}", missing.join(" ")));
    run(as_root("apt-get").args(["update", "-qq"]))?;
    let mut install = as_root("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(&missing);
    run(install.env("DEBIAN_FRONTEND", "noninteractive"))
        .with_context(|| format!("{} could not be installed {why}", missing.join(" ")))
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
