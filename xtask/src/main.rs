//! Chores: `cargo xtask test` runs every test and first installs what the
//! tests need, saying so.

mod tools;

use std::path::PathBuf;
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
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::Test { passed_on } => test(&passed_on),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn test(passed_on: &[String]) -> Result<()> {
    let tools = tools::install(&workspace()?)?;
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--workspace", "--no-fail-fast"]).args(passed_on);
    cargo.env("WEIR_TEST_GO", &tools.go).env("WEIR_TEST_PYTHON", &tools.python);
    run(&mut cargo)
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

