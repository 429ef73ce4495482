//! What tests and benches need beside Rust, installed when missing and said
//! so: Debian packages, pinned Python packages in a virtual environment, Node
//! out of one of those, and pinned npm packages. Nothing is expected to have
//! been installed by hand.

mod debian;
mod node;
mod python;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) use debian::debian;
pub(crate) use node::{NODE_WHEEL, Node};
pub(crate) use python::python_packages;

/// Go 1.19 with the sumdb packages, the log's first third-party verifier; a
/// browser for the page of findings; strace, which puts faults into system
/// calls of the real process.
const DEBIAN: &[&str] = &["golang-1.19-go", "golang-1.19-src", "golang-golang-x-mod-dev", "chromium", "strace"];

/// The log's second third-party verifier, the official clients of both APIs, a
/// library that identity providers sign with, another reader and writer of Parquet, readers of STIX and of signed webhooks, and the Node that the JavaScript ones run on.
const PYTHON: &[&str] =
    &["tlog-scales==0.0.3", "openai==3.54.0", "anthropic==2.12.0", "joserfc==1.8.0", "pyarrow==26.0.1", "stix2==3.0.2", "standardwebhooks==1.1.0", NODE_WHEEL];

/// The official JavaScript clients of both APIs.
const JAVASCRIPT: &[&str] = &["openai@7.57.0", "@anthropic-ai/sdk@1.12.0"];

/// Where the tools of the tests are.
pub(crate) struct Tools {
    /// The Go command.
    pub(crate) go: PathBuf,
    /// The Python of the virtual environment.
    pub(crate) python: PathBuf,
    /// The Node command.
    pub(crate) node: PathBuf,
    /// The `node_modules` of the JavaScript clients.
    pub(crate) node_modules: PathBuf,
}

/// Installs what the tests need and is missing.
pub(crate) fn install(workspace: &Path) -> Result<Tools> {
    debian(DEBIAN, "for the tests of the log and of the page of findings")?;
    let folder = workspace.join(".test-tools");
    let venv = python_packages(&folder.join("venv"), PYTHON, "for the tests of the log and of the clients")?;
    let node = Node::of(&venv)?;
    let node_modules = node.packages(&folder.join("node"), JAVASCRIPT, "for the tests of the clients")?;
    link(node.program(), &folder.join("node/bin/node"))?;
    Ok(Tools {
        go: PathBuf::from("/usr/lib/go-1.19/bin/go"),
        python: venv.join("bin/python"),
        node: node.program().to_owned(),
        node_modules,
    })
}

/// Lets a program be found where a plain `cargo test`, without this chore's
/// variables, looks for it.
fn link(program: &Path, at: &Path) -> Result<()> {
    if std::fs::read_link(at).is_ok_and(|linked| linked == program) {
        return Ok(());
    }
    if let Some(folder) = at.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::remove_file(at) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    std::os::unix::fs::symlink(program, at).with_context(|| format!("cannot make the link {}", at.display()))
}

/// Whether exactly these pins were installed into a folder to the end.
fn is_installed(folder: &Path, pins: &[&str]) -> bool {
    std::fs::read_to_string(folder.join(STAMP)).is_ok_and(|installed| installed == pins.join("\n"))
}

/// Notes that they were.
fn note_installed(folder: &Path, pins: &[&str]) -> Result<()> {
    Ok(std::fs::write(folder.join(STAMP), pins.join("\n"))?)
}

const STAMP: &str = "weir-pins";
