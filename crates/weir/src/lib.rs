//! The program as a library, so that tests and benchmarks start the same node
//! that `weir serve` starts.

mod cli;
mod client;
mod commands;
mod config;
pub mod demo;
mod detect;
mod files;
pub mod indicators;
mod keeping;
mod logging;
pub mod node;
mod output;
mod serve;
mod witness;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use cli::{Cli, Command};

/// Reads the command line, and either serves or asks a server.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Serve(running) => serve::run(running),
        Command::Demo(running) => demo::run(running),
        Command::Backup(asked) => keeping::backup(asked, cli.remote.json),
        Command::Restore(asked) => keeping::restore(asked, &cli.remote),
        Command::Witness(asked) => witness::run(asked, cli.remote.json),
        Command::Detect(asked) => detect::run(asked, cli.remote.json),
        Command::Completions { shell } => completions(*shell),
        Command::Sim(asked) => commands::simulate::simulate(asked, cli.remote.json),
        Command::Score(asked) => commands::simulate::score(asked, cli.remote.json),
        command => commands::run(&cli.remote, command),
    };
    done.unwrap_or_else(|error| {
        commands::complain(&format!("weir: {}", told(&error)));
        ExitCode::FAILURE
    })
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    // Generated in memory: onto a pipe that nobody reads, clap_complete panics.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "weir", &mut script);
    commands::print_text(&String::from_utf8(script)?)?;
    Ok(ExitCode::SUCCESS)
}

/// An error with its causes, each said once: some repeat theirs.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Ends the process without running anything further.
#[expect(clippy::disallowed_methods, reason = "a second Ctrl-C means now; durability does not rest on destructors")]
fn exit_now(code: i32) -> ! {
    std::process::exit(code)
}
