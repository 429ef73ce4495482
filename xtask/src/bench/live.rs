//! What detection costs while it flows: the thread of a running node over a folder of
//! recorded exchanges.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::programs::{built, printed};
use super::raw::Raw;
use super::table::{Bar, Table};
use crate::{run, say};

#[derive(Args)]
pub(crate) struct Live {
    /// Accounts of the crowd.
    #[arg(long, default_value_t = 10_000)]
    accounts: u32,
    /// Days that they work.
    #[arg(long, default_value_t = 2)]
    days: u32,
    /// Exchanges that each of them has a day; the fewer, the more an epoch's end weighs.
    #[arg(long, default_value_t = 25)]
    per_day: u32,
    /// Rounds; the best and the worst are shown.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The profile that is built.
    #[arg(long, default_value = "dist")]
    profile: String,
    /// A look, not a measurement: nothing is written to bench/raw.
    #[arg(long)]
    quick: bool,
}

pub(super) fn measure(workspace: &Path, asked: &Live) -> Result<()> {
    let mut cargo = crate::cargo();
    cargo.current_dir(workspace).args(["build", "--profile", &asked.profile, "-p", "weir", "--example", "live_speed"]);
    run(&mut cargo)?;
    let built = built(workspace, &asked.profile);
    let mut raw = Raw::create(workspace, "live", asked.quick)?;
    raw.machine(workspace, &json!({ "accounts": asked.accounts, "days": asked.days, "per_day": asked.per_day, "profile": asked.profile }))?;
    let mut lines: Vec<Value> = Vec::new();
    for _ in 0..asked.rounds.max(1) {
        let mut program = Command::new(built.join("examples/live_speed"));
        program.args([asked.accounts, asked.days, asked.per_day].map(|number| number.to_string()));
        for line in printed(&mut program)? {
            raw.line(&line)?;
            lines.push(line);
        }
    }
    let numbers = |field: &str| lines.iter().filter_map(|line| line[field].as_f64()).collect::<Vec<_>>();
    let least = |field: &str| numbers(field).into_iter().fold(f64::INFINITY, f64::min);
    let most = |field: &str| numbers(field).into_iter().fold(0.0, f64::max);
    let bar = least("bar_a_second");
    let value = format!(
        "{:.0} to {:.0} a second of the thread's CPU time, {:.0} exchanges, {:.0} epochs, {:.0} campaigns",
        least("a_second"),
        most("a_second"),
        most("exchanges"),
        most("epochs"),
        most("campaigns")
    );
    let mut table = Table::default();
    table.row("live detection, one core", value, Some(Bar::new(least("a_second") >= bar, &format!(">= {bar} a second"))));
    table.print();
    say(&format!("every line is in {}", raw.path().display()));
    Ok(())
}
