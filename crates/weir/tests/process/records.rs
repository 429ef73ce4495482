//! The records that a server left on disk.

use std::path::Path;

use serde_json::Value;

/// Every line of every file, whole or the test fails.
pub(crate) struct Records(Vec<Value>);

impl Records {
    /// Reads those in the folder of a server.
    pub(crate) fn read(data: &Path) -> Records {
        let folder = std::fs::read_dir(data.join("decisions")).unwrap();
        let texts = folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        let parsed = |text: String| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>();
        Records(texts.flat_map(parsed).collect())
    }

    /// How many decisions and how many exchanges there are of `decision`.
    pub(crate) fn of(&self, decision: &str) -> (usize, usize) {
        // The exchange's id differs in its first letters alone.
        let digits = decision.strip_prefix("dec-").unwrap();
        let is_of = |line: &&Value| line["id"].as_str().is_some_and(|id| id.ends_with(digits));
        let count = |kind: &str| self.0.iter().filter(is_of).filter(|line| line["record"] == kind).count();
        (count("decision"), count("exchange"))
    }
}
