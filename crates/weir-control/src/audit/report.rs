//! What a check came to, for programs and for people.

use std::collections::BTreeMap;

use serde::Serialize;
use weir_acts::Time;
use weir_acts::id::MeasureId;
use weir_tlog::{CosignerKey, SignedNote};

use super::decisions::{Differing, Explained};
use super::refold::Problem;
use super::segments::Segments;

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
    /// The log's keys, oldest first.
    pub keys: Vec<NamedKey>,
    /// The witnesses that were asked for, and what became of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<WitnessFound>,
    /// Names on further signatures, whose keys were not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchecked_signatures: Vec<String>,
    /// How far the acts were folded.
    pub refold: Refold,
    /// The first act that is wrong.
    pub problem: Option<Problem>,
    /// How many private parts could not be seen, by kind of act.
    pub unseen: BTreeMap<String, u64>,
    /// How many private parts acts erased: nobody can open them any more.
    pub erased: u64,
    /// The same by kind of act, rows of imports under theirs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub erased_kinds: BTreeMap<String, u64>,
    /// Measures in force at the log's end whose evidence was erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_evidence: Vec<MeasureId>,
    /// How many private parts were opened.
    pub opened: u64,
    /// What became of the decisions in the bundle.
    pub decisions: Decisions,
    /// What became of the files of records.
    pub records: Segments,
    /// The decision asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<Explained>,
}

/// A key of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedKey {
    /// The act that names it.
    pub act: u64,
    /// The key.
    pub vkey: String,
}

/// Whether a witness cosigned the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WitnessFound {
    /// Its name.
    pub name: String,
    /// When it cosigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
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
    /// Holds the checkpoint that was checked against witnesses, each of which
    /// must have cosigned it.
    #[must_use]
    pub fn with_witnesses(mut self, note: Option<SignedNote>, witnesses: &[CosignerKey]) -> Report {
        let Some(note) = note else { return self };
        for witness in witnesses {
            let name = witness.name().to_owned();
            let found = match witness.verify(&note) {
                Ok(cosigned) => {
                    let millis = i64::try_from(cosigned.time.saturating_mul(1_000)).unwrap_or(i64::MAX);
                    WitnessFound { name, at: Some(Time::from_millis(millis)), missing: None }
                }
                Err(error) => WitnessFound { name, at: None, missing: Some(error.to_string()) },
            };
            self.good &= found.missing.is_none();
            self.witnesses.push(found);
        }
        for line in note.signatures().iter().filter(|line| line.name != self.origin) {
            let is_checked = witnesses.iter().any(|key| key.name() == line.name && key.key_id() == line.key_id);
            if !is_checked && !self.unchecked_signatures.contains(&line.name) {
                self.unchecked_signatures.push(line.name.clone());
            }
        }
        self
    }

    fn witness_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for witness in &self.witnesses {
            lines.push(match (&witness.at, &witness.missing) {
                (Some(at), _) => format!("cosigned by {} at {at}", witness.name),
                (None, why) => format!("WRONG: not cosigned: {}", why.as_deref().unwrap_or_default()),
            });
        }
        for name in &self.unchecked_signatures {
            lines.push(format!("carries a signature of {name}, not checked: give its key by --witness"));
        }
        lines
    }

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
        for key in self.keys.iter().skip(1) {
            lines.push(format!("its key changed with act {}, by the word of the key before, to {}", key.act, key.vkey));
        }
        lines.extend(self.witness_lines());
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
        if self.erased > 0 {
            lines.push(format!("{} private parts were erased by acts; nobody can open them any more", self.erased));
            lines.push(format!("erased: {}", counted(&self.erased_kinds)));
        }
        if !self.without_evidence.is_empty() {
            let measures: Vec<String> = self.without_evidence.iter().map(ToString::to_string).collect();
            lines.push(format!("in force, their evidence erased: {}", measures.join(", ")));
        }
        if !self.unseen.is_empty() {
            lines.push(format!("not seen, because private: {}", counted(&self.unseen)));
        }
        lines.extend(self.decision_lines());
        lines.extend(self.records.lines());
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

/// `1 claim.add, 2 party.add`.
fn counted(kinds: &BTreeMap<String, u64>) -> String {
    kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}
