//! Chores: `cargo xtask test` runs every test and first installs what the
//! tests need, saying so; `soak` runs the long ones for long; `deny` checks the
//! dependencies; `bench` measures.

mod bench;
mod tools;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Test and release chores of Weir")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what the tests need, then run them all.
    Test {
        /// Passed on to `cargo test`.
        #[arg(trailing_var_arg = true)]
        passed_on: Vec<String>,
    },
    /// Run the tests by chance and by kill for longer than `test` does.
    Soak {
        /// One part of it alone.
        #[command(subcommand)]
        part: Option<Soaked>,
    },
    /// Hold the dependencies to deny.toml.
    Deny,
    /// Measure.
    #[command(subcommand)]
    Bench(bench::Bench),
}

#[derive(Subcommand)]
enum Soaked {
    /// `kill -9` under load, during imports, and between the steps of an append.
    Kill {
        /// Times that the process is killed.
        #[arg(long, default_value_t = 200)]
        rounds: u64,
    },
    /// The Friday letter, by accounts and by the persons behind one, among many.
    Letter {
        /// Accounts; a party for every fifty.
        #[arg(long, default_value_t = 1_000_000)]
        accounts: u64,
    },
}

fn main() -> ExitCode {
    let done = workspace().and_then(|workspace| match Arguments::parse().chore {
        Chore::Test { passed_on } => test(&workspace, &passed_on),
        Chore::Soak { part } => soak(&workspace, part),
        Chore::Deny => deny(&workspace),
        Chore::Bench(which) => bench::bench(&workspace, which),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Rounds of the kill tests, cases of each property test, accounts of the tests
/// at scale, and logs of the detector's calibration, in a soak.
const SOAK: [(&str, &str); 4] = [
    ("WEIR_KILL_ROUNDS", "1000"),
    ("PROPTEST_CASES", "20000"),
    ("WEIR_SCALE_ACCOUNTS", "1000000"),
    ("WEIR_CALIBRATION_LOGS", "1000"),
];

/// The version of cargo-deny that `deny` builds for itself.
const CARGO_DENY: &str = "0.20.2";

fn test(workspace: &Path, passed_on: &[String]) -> Result<()> {
    run(tests(workspace)?.args(["--workspace", "--no-fail-fast"]).args(passed_on))
}

/// The same tests with more rounds and cases; those alone that heed either.
fn soak(workspace: &Path, part: Option<Soaked>) -> Result<()> {
    let mut cargo = tests(workspace)?;
    cargo.arg("--no-fail-fast");
    match part {
        None => cargo.arg("--workspace").envs(SOAK),
        Some(Soaked::Kill { rounds }) => cargo
            .args(["-p", "weir", "-p", "weir-store", "--test", "kill", "--test", "imports", "--test", "kill_points"])
            .env("WEIR_KILL_ROUNDS", rounds.to_string()),
        Some(Soaked::Letter { accounts }) => cargo
            .args(["-p", "weir", "--test", "friday", "--test", "persons", "--", "--nocapture"])
            .env("WEIR_SCALE_ACCOUNTS", accounts.to_string()),
    };
    run(&mut cargo)
}

/// `cargo test`, told where the tools are that the tests need.
fn tests(workspace: &Path) -> Result<Command> {
    let tools = tools::install(workspace)?;
    let mut cargo = cargo();
    cargo.current_dir(workspace).arg("test");
    cargo.env("WEIR_TEST_GO", &tools.go).env("WEIR_TEST_PYTHON", &tools.python);
    cargo.env("WEIR_TEST_NODE", &tools.node).env("WEIR_TEST_NODE_MODULES", &tools.node_modules);
    Ok(cargo)
}

/// Builds cargo-deny once, which takes minutes, and runs it; no part of `test`
/// for that reason.
fn deny(workspace: &Path) -> Result<()> {
    let folder = workspace.join(".test-tools").join("cargo");
    let program = folder.join("bin/cargo-deny");
    let version = Command::new(&program).arg("--version").output();
    if !version.is_ok_and(|output| output.stdout.ends_with(format!(" {CARGO_DENY}\n").as_bytes())) {
        say(&format!("building cargo-deny {CARGO_DENY} to hold the dependencies to deny.toml"));
        let mut install = cargo();
        install.args(["install", "cargo-deny", "--locked", "--force", "--version", CARGO_DENY, "--root"]);
        run(install.arg(&folder))?;
    }
    run(Command::new(program).current_dir(workspace).args(["check", "bans", "licenses", "sources"]))
}

/// `cargo` as a person would start it. What cargo tells a program that it runs
/// about its package is left out: a dependency's build script asks for it, and
/// would be run again, with all that stands on it, after each change of the two.
fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let told = name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if told {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn workspace() -> Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(PathBuf::from).context("xtask lies outside a workspace")
}

/// Runs a command to its end; an error names it.
fn run(command: &mut Command) -> Result<()> {
    say(&format!("running {command:?}"));
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a chore speaks to the person at the terminal")]
fn say(text: &str) {
    eprintln!("xtask: {text}");
}
