//! The Go program that judges logs with Go's sumdb packages, built once for
//! all tests of a test program. `cargo xtask test` installs what it takes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

pub(crate) fn workspace() -> &'static Path {
    let this_crate = Path::new(env!("CARGO_MANIFEST_DIR"));
    this_crate.ancestors().nth(2).unwrap()
}

pub(crate) fn tool(variable: &str, default: PathBuf) -> PathBuf {
    let path = std::env::var_os(variable).map_or(default, PathBuf::from);
    assert!(path.try_exists().unwrap(), "{} is missing: run `cargo xtask test`, which installs it", path.display());
    path
}

/// Runs the Go program; 0 is yes and 1 is no.
pub(crate) fn verify_log(arguments: &[&str]) -> Output {
    static PROGRAM: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_folder, program) = PROGRAM.get_or_init(|| {
        let go = tool("WEIR_TEST_GO", PathBuf::from("/usr/lib/go-1.19/bin/go"));
        let folder = TempDir::new().unwrap();
        let program = folder.path().join("verify_log");
        let built = Command::new(go)
            .args(["build", "-o"])
            .arg(&program)
            .arg(workspace().join("tests/interop/go/verify_log.go"))
            .env("GO111MODULE", "off")
            .env("GOPATH", "/usr/share/gocode")
            .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"))
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", said(&built));
        (folder, program)
    });
    Command::new(program).args(arguments).output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    format!("{}: {}", output.status, text.escape_ascii())
}
