//! One scenario, one line of JSON: what a benchmark is made of.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::json;
use weir_detect::Settings;
use weir_detect_bench::run;
use weir_sim::traffic::Scenario;

#[derive(Parser)]
struct Asked {
    /// A preset, or a file
    #[arg(long, default_value = "first")]
    scenario: String,
    #[arg(long)]
    accounts: Option<u32>,
    #[arg(long)]
    campaign_accounts: Option<u32>,
    #[arg(long)]
    days: Option<u32>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder with prompts and arrivals
    #[arg(long)]
    data: Option<PathBuf>,
    #[arg(long)]
    without_accounts: bool,
    #[arg(long, default_value_t = 0.01)]
    alpha: f64,
    /// Print what was found, too
    #[arg(long)]
    show: bool,
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn main() -> Result<()> {
    let asked = Asked::parse();
    let mut scenario = Scenario::preset(&asked.scenario).context("no such preset")?;
    scenario.seed = asked.seed;
    scenario.without_accounts_file = asked.without_accounts;
    if let Some(accounts) = asked.accounts {
        scenario.accounts = accounts;
    }
    if let Some(days) = asked.days {
        scenario.days = days;
    }
    if let Some(accounts) = asked.campaign_accounts {
        scenario.set_campaign_accounts(accounts);
    }
    let settings = Settings { key: [7; 16], alpha: asked.alpha, ..Settings::default() };
    let done = run(&scenario, asked.data.as_deref(), settings, &mut ())?;
    println!(
        "{}",
        json!({
            "scenario": asked.scenario, "seed": asked.seed, "accounts": scenario.accounts, "days": scenario.days,
            "exchanges": done.exchanges, "born": done.born, "confirmed": done.confirmed, "score": done.score,
            "per_second": done.exchanges as f64 / done.detecting.as_secs_f64(), "correlation": done.correlation, "seconds": done.all.as_secs_f64(),
        })
    );
    if asked.show {
        for (candidate, kinds) in done.under_test.iter().take(15) {
            let bits: Vec<String> = candidate.bits.iter().map(|(name, bits)| format!("{name} {bits:.1}")).collect();
            println!("#{} e {:.1} of {:.1} {kinds:?} {}", candidate.ordinal, candidate.log2_e, candidate.needed, bits.join(" "));
        }
        for line in done.flagged.iter().take(8) {
            println!("FLAGGED {} {}", line.0, serde_json::to_string(&line.1)?);
        }
        for dossier in &done.findings.dossiers {
            println!("{}", serde_json::to_string_pretty(dossier)?);
        }
        for line in done.findings.members.iter().step_by(done.findings.members.len() / 12 + 1) {
            println!("{}", serde_json::to_string(line)?);
        }
    }
    Ok(())
}
