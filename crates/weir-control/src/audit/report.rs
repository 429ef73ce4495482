//! What a check came to, for programs and for people.

use std::collections::BTreeMap;

use serde::Serialize;

use super::decisions::{Differing, Explained};
use super::refold::Problem;

/// What a whole log was found to be. Its tree and signature hold, or there
/// would be no report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether everything that could be checked holds.
    pub good: bool,
    /// The log's name.
    pub origin: String,
    /// How many acts it has.
    pub size: u64,
    /// The tree's root, in base64.
    pub root: String,
    /// Whether the key came from elsewhere than the log itself.
    pub key_pinned: bool,
    /// Sizes of the earlier checkpoints that it extends.
    pub extends: Vec<u64>,
    /// How far the acts were folded.
    pub refold: Refold,
    /// The first act that is wrong.
    pub problem: Option<Problem>,
    /// How many private parts could not be seen, by kind of act.
    pub unseen: BTreeMap<String, u64>,
    /// How many private parts were opened.
    pub opened: u64,
    /// What became of the decisions in the bundle.
    pub decisions: Decisions,
    /// The decision asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<Explained>,
}

/// How far the acts were folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Refold {
    /// How many.
    pub folded: u64,
    /// Why no further, where a later Weir wrote the next.
    pub stopped: Option<String>,
}

/// What became of the decisions in a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Decisions {
    /// Computed again and found the same.
    pub same: u64,
    /// Computed again and found otherwise.
    pub differing: Vec<Differing>,
    /// Not computed again, by reason.
    pub left_out: BTreeMap<String, u64>,
}

impl Report {
    /// The report in sentences.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("log {}: {} acts, root {}", self.origin, self.size, self.root),
            match self.key_pinned {
                true => "signed by the key given".to_owned(),
                false => {
                    "key not pinned: it is the log's own; give --key to hold it against one from elsewhere".to_owned()
                }
            },
            "every entry, tile and the root hold".to_owned(),
        ];
        for size in &self.extends {
            lines.push(format!("extends the checkpoint of {size} acts"));
        }
        match &self.refold.stopped {
            None => lines.push(format!("folded {} acts", self.refold.folded)),
            Some(why) => lines.push(format!("folded {} acts, then stopped: {why}", self.refold.folded)),
        }
        if let Some(problem) = &self.problem {
            lines.push(format!("WRONG: act {}: {}", problem.act, problem.why));
        }
        if self.opened > 0 {
            lines.push(format!("{} openings match what the log committed to", self.opened));
        }
        if !self.unseen.is_empty() {
            let kinds: Vec<String> = self.unseen.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            lines.push(format!("not seen, because private: {}", kinds.join(", ")));
        }
        lines.extend(self.decision_lines());
        lines.extend(self.explained.iter().flat_map(Explained::lines));
        lines
    }

    fn decision_lines(&self) -> Vec<String> {
        let decisions = &self.decisions;
        let mut lines = Vec::new();
        if decisions.same > 0 {
            lines.push(format!("{} decisions computed again, the same", decisions.same));
        }
        for differing in &decisions.differing {
            lines.push(format!(
                "WRONG: decision {}: recorded {}, computed {}",
                differing.id, differing.recorded, differing.computed
            ));
        }
        for (why, count) in &decisions.left_out {
            lines.push(format!("{count} decisions not computed again: {why}"));
        }
        lines
    }
}
