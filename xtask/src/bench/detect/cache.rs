//! Lines that were measured before, by the sources they depend on.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

/// What a line depends on: the detector, the simulator, the log's record, and
/// the bench that holds one against the other.
const SOURCES: [&str; 6] = [
    "crates/weir-detect/src",
    "crates/weir-sim/src/traffic",
    "crates/weir-sim/src/traffic.rs",
    "crates/weir-sim/src/random.rs",
    "crates/weir-exchange/src/logged.rs",
    "bench/detect/src",
];

/// A folder of lines.
pub(super) struct Cache {
    folder: PathBuf,
    digest: String,
}

impl Cache {
    /// The lines made by the sources as they are now.
    pub(super) fn open(workspace: &Path) -> Result<Cache> {
        let mut files = Vec::new();
        for source in SOURCES {
            walk(&workspace.join(source), &mut files)?;
        }
        files.sort();
        let mut all = Vec::new();
        for file in files {
            all.extend(file.strip_prefix(workspace).unwrap_or(&file).to_string_lossy().bytes());
            all.extend(fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
        }
        let digest = hash_of(&all)?;
        let folder = workspace.join("target/bench-detect").join(&digest);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Cache { folder, digest })
    }

    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn read(&self, arguments: &[String]) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.path(arguments)).ok()?).ok()
    }

    /// Written beside and moved, so that a broken-off bench leaves no half line.
    pub(super) fn write(&self, arguments: &[String], line: &Value) -> Result<()> {
        let path = self.path(arguments);
        let half = path.with_extension("half");
        fs::write(&half, line.to_string()).with_context(|| format!("cannot write {}", half.display()))?;
        fs::rename(&half, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    fn path(&self, arguments: &[String]) -> PathBuf {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || "-._".contains(letter) { letter } else { '_' };
        let name: String = arguments.join(" ").chars().map(plain).collect();
        self.folder.join(format!("{name}.json"))
    }
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        walk(&entry?.path(), files)?;
    }
    Ok(())
}

/// The hash Git gives to these bytes.
fn hash_of(bytes: &[u8]) -> Result<String> {
    let mut git = Command::new("git");
    let mut child =
        git.args(["hash-object", "--stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("git")?;
    child.stdin.take().context("git")?.write_all(bytes)?;
    let output = child.wait_with_output()?;
    anyhow::ensure!(output.status.success(), "git hash-object failed");
    Ok(String::from_utf8(output.stdout)?.trim().chars().take(16).collect())
}
