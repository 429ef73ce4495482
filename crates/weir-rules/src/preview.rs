//! What a directive would do, before it is enacted: who keeps access, who
//! loses it, of whom it cannot be told, and what claim would tell. Accounts
//! are counted by class, so a million of them cost a few thousand decisions.

mod count;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use weir_acts::Digest;
use weir_acts::directive::{DirectiveText, Unknown};
use weir_acts::id::PartyId;
use weir_acts::view::Class;

use crate::condition::{Condition, Three};
use crate::decision::Effect;
use crate::directive::{named_rule, reading, unknown_rule};
use crate::policies::known;
use crate::snapshot::Snapshot;

use count::Counts;

/// How many accounts fare how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// They could use the model before and still can.
    pub keep: u64,
    /// They no longer can.
    pub lose: u64,
    /// The condition is unknown for them.
    pub unknown: u64,
}

impl Tally {
    fn add(&mut self, fate: Fate) {
        match fate {
            Fate::Keep => self.keep += 1,
            Fate::Unknown => self.unknown += 1,
            Fate::Lose => self.lose += 1,
        }
    }

    fn merge(&mut self, other: &Tally) {
        self.keep += other.keep;
        self.lose += other.lose;
        self.unknown += other.unknown;
    }
}

/// One party's accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyTally {
    /// The party, as the caller labels it.
    pub party: String,
    /// How its accounts fare.
    #[serde(flatten)]
    pub tally: Tally,
}

/// A claim that could clear accounts of whom it cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClearedBy {
    /// The claim kind.
    pub claim: String,
    /// How many accounts it could clear by itself.
    pub accounts: u64,
}

/// The answer of `directive preview --json` (contracts, section 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The directive's own id.
    pub directive: String,
    /// How many acts the previewed state folds.
    pub tree_size: u64,
    /// SHA-256 over this document without `digest` and `took_ms`.
    pub digest: Digest,
    /// How many accounts are open.
    pub accounts: u64,
    /// Those that could use none of the models named just before.
    pub without_access: u64,
    /// The others, each counted once, by its worst model.
    #[serde(flatten)]
    pub tally: Tally,
    /// How unknown is answered.
    pub unknown_answer: Unknown,
    /// By model: accounts that could use it just before.
    pub by_model: BTreeMap<String, Tally>,
    /// By party, in order of label; parties without access are left out.
    pub by_party: Vec<PartyTally>,
    /// Claims that could clear the unknown, the most telling first.
    pub clears_unknown: Vec<ClearedBy>,
    /// How long the caller says it took, in milliseconds.
    pub took_ms: u64,
}

/// What becomes of an account, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Keep,
    Unknown,
    Lose,
}

/// What becomes of a class: by model (none where it had no access), overall,
/// and which claims could clear it.
#[derive(Debug)]
struct Outlook {
    by_model: Vec<Option<Fate>>,
    overall: Option<Fate>,
    clears: Vec<Arc<str>>,
}

/// Counts what `text` does between `before`, the snapshot just before it takes
/// effect, and `after`, in which it is in force. Both must share an interner,
/// as those made from one world do. `took_ms` is left at 0 for the caller.
///
/// # Errors
/// When the counts cannot be written as JSON for the digest.
pub fn preview(
    before: &Snapshot,
    after: &Snapshot,
    text: &DirectiveText,
    condition: &Condition,
    label: impl Fn(PartyId) -> String,
) -> Result<Preview, serde_json::Error> {
    let reader = Reader::new(before, after, text, condition);
    let census = before.view().census(after.view());
    let counts = Counts::of(&census, text.models.len(), before.view().account_count(), |class, later| {
        reader.outlook(class, later)
    });
    let parties = census.parties().zip(counts.by_party).filter(|(_, tally)| *tally != Tally::default());
    let mut preview = Preview {
        directive: text.id.clone(),
        tree_size: before.tree_size(),
        digest: Digest([0; 32]),
        accounts: counts.accounts,
        without_access: counts.without_access,
        tally: counts.tally,
        unknown_answer: text.unknown,
        by_model: text.models.iter().cloned().zip(counts.by_model).collect(),
        by_party: labelled(parties, label),
        clears_unknown: ranked(counts.clears),
        took_ms: 0,
    };
    preview.digest = preview.content_digest()?;
    Ok(preview)
}

impl Preview {
    /// SHA-256 over the document without `digest` and `took_ms`, its keys in
    /// order of name.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn content_digest(&self) -> Result<Digest, serde_json::Error> {
        let mut document = serde_json::to_value(self)?;
        if let Some(fields) = document.as_object_mut() {
            fields.remove("digest");
            fields.remove("took_ms");
        }
        // Sorted even where another crate turns on serde_json's insertion order.
        document.sort_all_objects();
        Ok(Digest::of(&serde_json::to_vec(&document)?))
    }
}

struct Reader<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    text: &'a DirectiveText,
    condition: &'a Condition,
    /// By model: whether nothing takes effect that could stand against anybody
    /// but the directive itself. Its plain reading then tells what the rules
    /// would, and is much the quicker.
    alone: Vec<bool>,
}

impl<'a> Reader<'a> {
    fn new(before: &'a Snapshot, after: &'a Snapshot, text: &'a DirectiveText, condition: &'a Condition) -> Reader<'a> {
        let own = [named_rule(&text.id), unknown_rule(&text.id)];
        let alone = |model: &String| after.policies().only_adds(before.policies(), model, &own);
        let alone = text.models.iter().map(alone).collect();
        Reader { before, after, text, condition, alone }
    }

    /// With every model decided by all the rules there are: what the short way
    /// is held equal to.
    #[cfg(test)]
    fn the_long_way(self) -> Reader<'a> {
        Reader { alone: vec![false; self.text.models.len()], ..self }
    }

    fn outlook(&self, class: Class, later: Class) -> Outlook {
        let fates =
            self.text.models.iter().zip(&self.alone).map(|(model, alone)| self.fate(class, later, model, *alone));
        let by_model: Vec<Option<Fate>> = fates.collect();
        let overall = by_model.iter().flatten().max().copied();
        let clears = if overall == Some(Fate::Unknown) { self.clears(later) } else { Vec::new() };
        Outlook { by_model, overall, clears }
    }

    fn fate(&self, class: Class, later: Class, model: &str, alone: bool) -> Option<Fate> {
        if !self.before.decide(class, model).permits() {
            return None;
        }
        if alone && class == later {
            return Some(match self.reading(later, model) {
                Three::True => Fate::Lose,
                Three::Unknown => Fate::Unknown,
                Three::False => Fate::Keep,
            });
        }
        let verdict = self.after.decide(later, model);
        let forbids = |id: String| verdict.rules.iter().any(|rule| **rule == *id);
        match verdict.effect {
            Effect::Permit => {
                Some(if self.reading(later, model) == Three::Unknown { Fate::Unknown } else { Fate::Keep })
            }
            Effect::Deny if forbids(named_rule(&self.text.id)) => Some(Fate::Lose),
            Effect::Deny if forbids(unknown_rule(&self.text.id)) => Some(Fate::Unknown),
            // Something else takes effect with it.
            Effect::Deny | Effect::Missing => Some(Fate::Lose),
        }
    }

    fn reading(&self, class: Class, model: &str) -> Three {
        let known = known(self.after.view(), class);
        reading(self.text, self.condition, &known.claims, &known.party.lists, model)
    }

    fn clears(&self, class: Class) -> Vec<Arc<str>> {
        let claims = known(self.after.view(), class).claims;
        let settles = |kind: &&Arc<str>| self.condition.could_be_settled_by(kind, &claims, self.text.min_level);
        self.condition.kinds_used().filter(settles).cloned().collect()
    }
}

fn labelled(parties: impl Iterator<Item = (PartyId, Tally)>, label: impl Fn(PartyId) -> String) -> Vec<PartyTally> {
    let mut tallies: Vec<PartyTally> =
        parties.map(|(party, tally)| PartyTally { party: label(party), tally }).collect();
    tallies.sort_unstable_by(|left, right| left.party.cmp(&right.party));
    tallies
}

fn ranked(clears: BTreeMap<Arc<str>, u64>) -> Vec<ClearedBy> {
    let mut ranked: Vec<ClearedBy> =
        clears.into_iter().map(|(claim, accounts)| ClearedBy { claim: claim.to_string(), accounts }).collect();
    ranked.sort_by_key(|cleared| Reverse(cleared.accounts));
    ranked
}
