//! Splink 5: record linkage over accounts, as its documentation advises, with
//! connected components of the pairs above a threshold. It is a Python library
//! and is asked through a file; see `splink_groups.py` beside this. Whoever has
//! a declared party is linked to it openly and is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use weir_exchange::{LoggedAccount, LoggedExchange};

use super::{Baseline, texts};
use crate::python;

const PROGRAM: &str = include_str!("splink_groups.py");
/// Words of a text that its opening has.
const WORDS: usize = 5;
/// Addresses and openings kept of an account. One that has more keeps the first.
const MOST: usize = 40;
const WEEK: i64 = 7 * 86_400_000;
/// Accounts that a cluster must have.
const LEAST: [u32; 6] = [300, 100, 50, 20, 10, 5];

/// Flags clusters of accounts by the weight of a match and their size.
#[derive(Debug)]
pub struct Splink {
    python: PathBuf,
    records: BTreeMap<u32, Record>,
    told: Told,
}

/// What is known of an account.
#[derive(Debug, Default, Serialize)]
struct Record {
    unique_id: u32,
    payment: Option<String>,
    email_domain: Option<String>,
    signup_path: Option<String>,
    week: Option<String>,
    ja4: Option<String>,
    addresses: BTreeSet<String>,
    openings: BTreeSet<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Told {
    thresholds: Vec<f64>,
    groups: Vec<Vec<Vec<u32>>>,
}

impl Splink {
    /// With the Python that has it.
    #[must_use]
    pub fn of(python: PathBuf) -> Self {
        Self { python, records: BTreeMap::new(), told: Told::default() }
    }

    fn ask(&self, asked: &Path, told: &Path) -> Result<Told> {
        let mut file = File::create(asked).with_context(|| format!("cannot write {}", asked.display()))?;
        for record in self.records.values() {
            writeln!(file, "{}", serde_json::to_string(record)?)?;
        }
        python::run(&self.python, PROGRAM, [asked, told], "Splink failed")?;
        serde_json::from_slice(&std::fs::read(told)?).context("what Splink wrote is no such JSON")
    }
}

impl Baseline for Splink {
    fn name(&self) -> &'static str {
        "Splink 5"
    }

    fn see(&mut self, account: u32, exchange: &LoggedExchange) {
        let record = self.records.entry(account).or_default();
        record.unique_id = account;
        record.ja4 = record.ja4.take().or_else(|| exchange.client.ja4.clone());
        if let Some(address) = exchange.client.ip.as_ref().filter(|_| record.addresses.len() < MOST) {
            record.addresses.insert(address.clone());
        }
        for text in texts(exchange) {
            let opening: Vec<&str> = text.split_whitespace().take(WORDS).collect();
            if opening.len() == WORDS && record.openings.len() < MOST {
                record.openings.insert(opening.join(" ").to_lowercase());
            }
        }
    }

    fn know(&mut self, account: u32, known: &LoggedAccount) {
        if known.party.is_some() {
            self.records.remove(&account);
        }
        let Some(record) = self.records.get_mut(&account) else { return };
        record.payment.clone_from(&known.payment);
        record.email_domain.clone_from(&known.email_domain);
        record.signup_path.clone_from(&known.signup_path);
        record.week = known.created.map(|created| created.millis().div_euclid(WEEK).to_string());
    }

    fn ready(&mut self) -> Result<()> {
        let folder = tempfile::tempdir().context("cannot make a folder for Splink")?;
        self.told = self.ask(&folder.path().join("asked.jsonl"), &folder.path().join("told.json"))?;
        ensure!(self.told.thresholds.len() == self.told.groups.len(), "Splink wrote no groups for some thresholds");
        Ok(())
    }

    /// The position of the threshold, times a thousand, with the size a cluster must have.
    fn settings(&self) -> Vec<f64> {
        let thresholds = 0..self.told.thresholds.len();
        let each = |at: usize| LEAST.map(|least| (at * 1000) as f64 + f64::from(least));
        thresholds.rev().flat_map(each).collect()
    }

    fn groups(&self, setting: f64) -> Vec<Vec<u32>> {
        let (at, least) = (setting as usize / 1000, setting as usize % 1000);
        let groups = self.told.groups.get(at).into_iter().flatten();
        groups.filter(|group| group.len() >= least).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// What answers in Splink's place: `$3` is what is asked, `$4` where it is told.
    fn stand_in(folder: &Path, script: &str) -> Result<PathBuf> {
        let path = folder.join("python");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
        Ok(path)
    }

    fn seen(python: PathBuf) -> Splink {
        let mut splink = Splink::of(python);
        for account in 0..3 {
            splink.see(account, &LoggedExchange::default());
        }
        splink.know(2, &LoggedAccount { party: Some("acme".to_owned()), ..LoggedAccount::default() });
        splink
    }

    /// One test: a program just written cannot be started while another test forks.
    #[test]
    fn clusters_are_those_of_a_threshold_who_is_declared_is_not_asked_about_and_failures_are_told() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let python = stand_in(
            folder.path(),
            r#"[ "$(grep -c unique_id "$3")" = 2 ] && echo '{"thresholds": [0, 8], "groups": [[[0, 1, 4, 5, 6]], [[0, 1]]]}' > "$4""#,
        )?;
        let mut splink = seen(python);
        splink.ready()?;
        assert_eq!(splink.settings().len(), 2 * LEAST.len());
        assert_eq!(splink.groups(5.0), [[0, 1, 4, 5, 6]]);
        assert_eq!(splink.groups(10.0), Vec::<Vec<u32>>::new());
        assert_eq!(splink.groups(1002.0), [[0, 1]]);

        let python = stand_in(folder.path(), "echo 'no module named splink' >&2; exit 1")?;
        let said = seen(python).ready().err().map(|error| error.to_string());
        assert_eq!(said.as_deref(), Some("Splink failed: no module named splink"));
        Ok(())
    }
}
