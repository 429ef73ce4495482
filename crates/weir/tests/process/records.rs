//! The records that a server left on disk.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

/// Decisions and exchanges, counted by the digits that their ids share.
#[derive(Default)]
pub(crate) struct Records(HashMap<String, (usize, usize)>);

impl Records {
    /// Reads those in the folder of a server; every line of them is whole.
    pub(crate) fn read(data: &Path) -> Records {
        let mut records = Records::default();
        for file in std::fs::read_dir(data.join("decisions")).unwrap() {
            for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
                records.count(&serde_json::from_str(line).unwrap());
            }
        }
        records
    }

    fn count(&mut self, line: &Value) {
        let (_, digits) = line["id"].as_str().unwrap().split_once('-').unwrap();
        let (decisions, exchanges) = self.0.entry(digits.to_owned()).or_default();
        match line["record"].as_str().unwrap() {
            "decision" => *decisions += 1,
            "exchange" => *exchanges += 1,
            other => panic!("a record of another kind: {other}"),
        }
    }

    /// How many decisions and how many exchanges there are of `decision`.
    pub(crate) fn of(&self, decision: &str) -> (usize, usize) {
        self.0.get(decision.strip_prefix("dec-").unwrap()).copied().unwrap_or_default()
    }
}
