//! The program: it reads the command line, and either serves or asks a server.

mod cli;
mod client;
mod commands;
mod config;
mod demo;
mod files;
mod logging;
mod node;
mod output;
mod serve;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use cli::{Cli, Command};

/// Many small allocations of many threads: what mimalloc is for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Serve(running) => serve::run(running),
        Command::Demo(running) => demo::run(running),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "weir", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        command => commands::run(&cli.remote, command),
    };
    done.unwrap_or_else(|error| {
        commands::complain(&format!("weir: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Ends the process without running anything further.
#[expect(clippy::disallowed_methods, reason = "a second Ctrl-C means now; durability does not rest on destructors")]
fn exit_now(code: i32) -> ! {
    std::process::exit(code)
}
