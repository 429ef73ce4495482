//! One measurement, one line of JSON: what a benchmark is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use weir_detect::{Role, Settings, Trial, UnderTest};
use weir_detect_bench::ask::Asked;
use weir_detect_bench::calibrate::calibrate;
use weir_detect_bench::{Data, Run, apart, compare, removals, run};

#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    run: Play,
}

#[derive(Subcommand)]
enum What {
    /// A scenario through the detector, as without a command.
    Run(Play),
    /// The same scenario through every baseline.
    Compare {
        #[command(flatten)]
        asked: Asked,
        /// Innocent accounts that each may flag.
        #[arg(long, value_delimiter = ',', default_values_t = [0, 10])]
        budget: Vec<usize>,
        /// A Python that has Splink 5, to compare with that too.
        #[arg(long, value_name = "PYTHON")]
        splink: Option<PathBuf>,
    },
    /// A scenario again without the removal sets of some of its members.
    Removals {
        #[command(flatten)]
        asked: Asked,
        /// Members put to the test, evenly from the strongest to the weakest.
        #[arg(long, default_value_t = 40)]
        members: usize,
        /// Of them, those left out in one rerun.
        #[arg(long, default_value_t = 4)]
        at_once: usize,
    },
    /// A log from a generator written apart from the simulator.
    Apart {
        /// Folder with real prompts.
        #[arg(long)]
        data: PathBuf,
        /// customers alone, or with a campaign or innocents beside them; one that there is not
        /// is answered with all there are.
        #[arg(long)]
        kind: String,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where the line of every account that was told goes.
        #[arg(long, value_name = "FILE")]
        lines: Option<PathBuf>,
    },
    /// Small logs of unrelated people.
    Calibrate {
        /// The first log's number.
        #[arg(long, default_value_t = 0)]
        from: u64,
        #[arg(long, default_value_t = 100)]
        logs: u64,
        /// Choose bets by the epoch they are settled on, which must fail.
        #[arg(long)]
        same_epoch: bool,
    },
}

#[derive(Args)]
struct Play {
    #[command(flatten)]
    asked: Asked,
    /// Print what was found, too
    #[arg(long)]
    show: bool,
    /// Where every line of an account goes, with why the account is in the simulation
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.what.unwrap_or(What::Run(arguments.run)) {
        What::Run(play) => {
            let scenario = play.asked.scenario()?;
            let done = run(&scenario, play.asked.data(), play.asked.settings(), &mut ())?;
            println!("{}", line(&play.asked, scenario.accounts, scenario.days, &done));
            if play.show {
                show(&done)?;
            }
            if let Some(file) = &play.lines {
                std::fs::write(file, lines(&done)?).with_context(|| format!("cannot write {}", file.display()))?;
            }
        }
        What::Compare { asked, budget, splink } => {
            let scenario = asked.scenario()?;
            let scored = compare(&scenario, asked.data(), &budget, splink.as_deref())?;
            println!(
                "{}",
                json!({
                    "scenario": asked.scenario, "seed": asked.seed, "accounts": scenario.accounts,
                    "days": scenario.days, "baselines": scored,
                })
            );
        }
        What::Removals { asked, members, at_once } => {
            let scenario = asked.scenario()?;
            let told = removals(&scenario, asked.data(), &asked.settings(), members, at_once)?;
            println!(
                "{}",
                json!({
                    "scenario": asked.scenario, "seed": asked.seed, "accounts": scenario.accounts,
                    "days": scenario.days, "removals": told,
                })
            );
        }
        What::Apart { data, kind, seed, lines } => {
            let settings = Settings { key: [7; 16], ..Settings::default() };
            let (score, findings) = apart(&data, &kind, seed, settings)?;
            if let Some(file) = &lines {
                let all: Vec<String> = findings.members.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
                std::fs::write(file, all.join("\n")).with_context(|| format!("cannot write {}", file.display()))?;
            }
            println!("{}", json!({ "apart": kind, "seed": seed, "score": score }));
        }
        What::Calibrate { from, logs, same_epoch } => {
            let trial = Trial { same_epoch, ..Trial::default() };
            let all = (from..from + logs).map(|seed| calibrate(seed, Data::default(), &[0.2, 0.01], trial));
            let all = all.collect::<Result<Vec<_>>>()?;
            println!("{}", json!({ "same_epoch": same_epoch, "logs": all }));
        }
    }
    Ok(())
}

fn line(asked: &Asked, accounts: u32, days: u32, done: &Run) -> serde_json::Value {
    // Groups without an account of any campaign that would show a piece.
    let innocents = |bits: fn(&UnderTest) -> f64| {
        let is_innocent = |kinds: &BTreeMap<String, usize>| !kinds.keys().any(|kind| kind.starts_with('A'));
        done.under_test.iter().filter(|(candidate, kinds)| bits(candidate) > 0.0 && is_innocent(kinds)).count()
    };
    let associated = done.findings.members.iter().filter(|line| line.role == Role::Associated).count();
    json!({
        "scenario": asked.scenario, "seed": asked.seed, "accounts": accounts, "days": days,
        "exchanges": done.exchanges, "born": done.born, "confirmed": done.confirmed, "score": done.score,
        "innocent_groups": { "pivot": innocents(|group| group.pivot), "quota": innocents(|group| group.quota) },
        "associated": associated, "correlation": done.correlation,
        "detecting_seconds": done.detecting.as_secs_f64(), "seconds": done.all.as_secs_f64(),
    })
}

fn lines(done: &Run) -> Result<String> {
    let mut all = String::new();
    for line in &done.findings.members {
        let line = json!({ "kind": done.kinds.get(line.account.as_str()), "line": line });
        all += &(serde_json::to_string(&line)? + "\n");
    }
    Ok(all)
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn show(done: &Run) -> Result<()> {
    for (candidate, kinds) in done.under_test.iter().take(60) {
        let bits: Vec<String> = candidate.bits.iter().map(|(name, bits)| format!("{name} {bits:.1}")).collect();
        let (e, needed, like) = (candidate.log2_e, candidate.needed, candidate.likeness.unwrap_or(f64::NAN));
        println!(
            "#{} e {e:.1} of {needed:.1} {kinds:?} {} of {}, likeness {like:.4}, pivot {:.1}, quota {:.1}",
            candidate.ordinal,
            bits.join(" "),
            candidate.exchanges,
            candidate.pivot,
            candidate.quota
        );
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
    Ok(())
}
