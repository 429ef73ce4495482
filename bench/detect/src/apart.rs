//! A log from a generator written apart from the simulator (in Python), judged:
//! what holds of one simulator alone holds of its author's habits.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use weir_detect::{Detector, Findings, Settings};
use weir_exchange::{LoggedAccount, LoggedExchange};
use weir_sim::traffic::AccountTruth;

use crate::python;
use crate::run::Fold;
use crate::score::{Score, score};

const PROGRAM: &str = concat!(
    include_str!("apart/base.py"),
    include_str!("apart/campaigns.py"),
    include_str!("apart/innocents.py"),
    include_str!("apart/main.py")
);

/// Has the log made out of the prompts in `data`, and judges it: how well, and what was
/// told.
///
/// # Errors
/// When Python or the prompts are not there, there is no such kind, or the log
/// cannot be judged.
pub fn apart(data: &Path, kind: &str, seed: u64, settings: Settings) -> Result<(Score, Findings)> {
    let folder = tempfile::tempdir().context("cannot make a folder for the log")?;
    make(data, kind, seed, folder.path())?;
    judge(folder.path(), settings)
}

fn make(data: &Path, kind: &str, seed: u64, folder: &Path) -> Result<()> {
    let (prompts, seed) = (data.join("prompts"), seed.to_string());
    let arguments = [prompts.as_os_str(), kind.as_ref(), seed.as_ref(), folder.as_os_str()];
    python::run(Path::new("python3"), PROGRAM, arguments, "no log was made")
}

fn judge(folder: &Path, settings: Settings) -> Result<(Score, Findings)> {
    let accounts: Vec<LoggedAccount> = lines(&folder.join("accounts.jsonl"))?;
    let truth: Vec<AccountTruth> = lines(&folder.join("truth.jsonl"))?;
    let exchanges: Vec<LoggedExchange> = lines(&folder.join("exchanges.jsonl"))?;
    let campaign_of: BTreeMap<&str, &str> =
        truth.iter().filter_map(|line| Some((line.account.as_str(), line.campaigns.first()?.as_str()))).collect();
    let mut unwatched = ();
    let mut fold = Fold::of(Detector::new(settings, &accounts), &mut unwatched)?;
    let mut of_campaigns = BTreeMap::<String, Vec<i64>>::new();
    for exchange in &exchanges {
        if let Some(campaign) = campaign_of.get(exchange.account.as_str()) {
            of_campaigns.entry((*campaign).to_owned()).or_default().push(exchange.time.millis());
        }
        fold.take(exchange)?;
    }
    let findings = fold.end()?;
    Ok((score(&findings, &truth, &of_campaigns), findings))
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let read = BufReader::new(file).lines().enumerate().map(|(at, line)| {
        let told = || format!("{}, line {}", path.display(), at + 1);
        serde_json::from_str(&line.with_context(told)?).with_context(told)
    });
    read.collect()
}
