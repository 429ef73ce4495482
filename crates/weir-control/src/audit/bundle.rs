//! A bundle: what an auditor is given to see more than the public log. JSON
//! Lines; each line is the opening of one act or the record of one decision.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_acts::claims::Claims;
use weir_acts::id::{AccountId, KeyId, PartyId};
use weir_acts::state::{Holder, State};
use weir_acts::words::Stage;
use weir_acts::{Time, hex};
use weir_store::Private;
use weir_store::segment::line_number;
use weir_tlog::Hash;

use super::segments::LineTree;
use crate::imports::{RowReceipt, rows_about};
use crate::refusal::Refusal;
use crate::service::{Control, FoundRecord};

/// The longest line that is read.
const LONGEST_LINE: usize = 64 << 20;

/// The most decisions a bundle is given.
pub(super) const MOST_DECISIONS: usize = 1_000_000;

/// How many acts are read at a time.
const ACTS_AT_A_TIME: usize = 4_096;

/// The private part of one act.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// The salt of the commitment.
    pub salt: [u8; 32],
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Opening {
    /// As a line of a bundle, without its end.
    pub fn line(&self, act: u64) -> Value {
        let opening = OpeningLine { act, salt: hex::encode(&self.salt), private: STANDARD.encode(&self.bytes) };
        json!({ "opening": opening })
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Opening(hidden, {} bytes)", self.bytes.len())
    }
}

/// A decision as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DecisionLine {
    /// Its id.
    pub id: String,
    /// When.
    pub time: Time,
    /// On how many acts.
    pub tree_size: u64,
    /// About whom.
    pub account: AccountId,
    /// Its party.
    pub party: PartyId,
    /// By which key it called.
    pub key: KeyId,
    /// The person behind it.
    #[serde(default)]
    pub person: Option<String>,
    /// What its issuer claimed of that person, where one was asserted.
    #[serde(default)]
    pub person_claims: Option<Claims>,
    /// The stage the model stood at.
    pub stage: Stage,
    /// About which model; none where models were listed.
    #[serde(default)]
    pub model: Option<String>,
    /// The model that answered instead.
    #[serde(default)]
    pub served_model: Option<String>,
    /// `permit`, `deny`, `missing` or `fallback`.
    pub ruling: String,
    /// The determining rules.
    pub rules: Vec<String>,
    /// That its record is in a sealed file, where it was given with one.
    #[serde(skip)]
    pub proof: Option<LineProof>,
}

/// A record as it was written, and the way from it to the root of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProof {
    /// The file's name.
    pub segment: String,
    /// The line, without its end.
    pub line: String,
    /// The hashes beside its way.
    pub hashes: Vec<Hash>,
}

/// Openings by act, and decisions in order of the tree they were made on.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    /// By index of the act.
    pub openings: BTreeMap<u64, Opening>,
    /// Rows of imports, by act and row.
    pub rows: BTreeMap<u64, BTreeMap<u64, RowReceipt>>,
    /// Sorted by tree size.
    pub decisions: Vec<DecisionLine>,
}

/// Why a bundle cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the bundle: {why}")]
pub struct BundleError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct OpeningLine {
    act: u64,
    salt: String,
    private: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Line {
    Opening(OpeningLine),
    Decision(Box<DecisionLine>),
    Row(Box<RowReceipt>),
    Record(RecordLine),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RecordLine {
    segment: String,
    line: String,
    proof: Vec<String>,
}

impl RecordLine {
    /// The decision that the record tells, with the proof.
    fn decision(self) -> Result<DecisionLine, String> {
        let told: Value = serde_json::from_str(&self.line).map_err(|error| format!("`line`: {error}"))?;
        if told["record"] != "decision" {
            return Err("`line` is no decision".into());
        }
        let decision = DecisionLine::deserialize(told).map_err(|error| format!("`line`: {error}"))?;
        let hashes: Option<Vec<Hash>> = self.proof.iter().map(|hash| hex::decode(hash).map(Hash)).collect();
        let hashes = hashes.ok_or("`proof` is not 64 hex digits each")?;
        Ok(DecisionLine { proof: Some(LineProof { segment: self.segment, line: self.line, hashes }), ..decision })
    }
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// When a line is neither an opening, a row nor a decision, or opens an act
    /// twice.
    pub fn parse(bytes: &[u8]) -> Result<Bundle, BundleError> {
        let mut bundle = Bundle::default();
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            bundle.take(line).map_err(|why| BundleError { line: number, why })?;
        }
        bundle.decisions.sort_by_key(|decision| (decision.tree_size, decision.time));
        Ok(bundle)
    }

    fn take(&mut self, line: &[u8]) -> Result<(), String> {
        if line.len() > LONGEST_LINE {
            return Err(format!("longer than {LONGEST_LINE} bytes"));
        }
        match serde_json::from_slice(line).map_err(|error| error.to_string())? {
            Line::Decision(_) | Line::Record(_) if self.decisions.len() >= MOST_DECISIONS => {
                return Err(format!("more than {MOST_DECISIONS} decisions: check them in several bundles"));
            }
            Line::Decision(decision) => self.decisions.push(*decision),
            Line::Row(row) => {
                let (act, place) = (row.act, row.row);
                if self.rows.entry(act).or_default().insert(place, *row).is_some() {
                    return Err(format!("row {place} of act {act} is given twice"));
                }
            }
            Line::Record(record) => self.decisions.push(record.decision()?),
            Line::Opening(opening) => {
                let salt = hex::decode::<32>(&opening.salt).ok_or("`salt` is not 64 hex digits")?;
                let bytes = STANDARD.decode(&opening.private).map_err(|error| format!("`private`: {error}"))?;
                if self.openings.insert(opening.act, Opening { salt, bytes }).is_some() {
                    return Err(format!("act {} is opened twice", opening.act));
                }
            }
        }
        Ok(())
    }
}

/// The bundle about `holder`: the openings without which decisions about it
/// cannot be computed, and the records of those decisions.
///
/// # Errors
/// When the database or the records cannot be read.
pub fn open_bundle(control: &Control, state: &State, holder: Holder) -> Result<Vec<u8>, Refusal> {
    let (subjects, accounts) = about(state, holder);
    let mut bundle = Vec::new();
    openings(control, &Scope::About(subjects), &mut bundle)?;
    rows(control, state, &[holder].into(), &mut bundle)?;
    let accounts = accounts.iter().map(ToString::to_string).collect();
    records(state, control, control.decisions_of(&accounts, MOST_DECISIONS)?, &mut bundle)?;
    Ok(bundle)
}

/// The subjects of acts about `holder`, and the accounts that decisions about
/// it name. A party's people are among its subjects: what is recorded about
/// them decides for its accounts.
pub(super) fn about(state: &State, holder: Holder) -> (BTreeSet<String>, Vec<AccountId>) {
    let party = state.party_of(holder);
    let accounts = match holder {
        Holder::Account(id) => vec![id],
        Holder::Party(_) | Holder::Person(_) => {
            party.and_then(|id| state.parties.get(&id)).map_or_else(Vec::new, |party| party.accounts.clone())
        }
    };
    let people =
        state.persons.iter().filter(|(id, _)| party.is_some() && state.party_of(Holder::Person(**id)) == party);
    let people = people.map(|(id, _)| id.to_string());
    let subjects: BTreeSet<String> =
        (party.iter().map(ToString::to_string)).chain(accounts.iter().map(ToString::to_string)).chain(people).collect();
    (subjects, accounts)
}

/// The rows of imports about `holders`, and about the parties of the accounts
/// and the accounts of the parties among them.
pub(super) fn rows(
    control: &Control,
    state: &State,
    holders: &BTreeSet<Holder>,
    bundle: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let mut all = holders.clone();
    for holder in holders {
        match holder {
            Holder::Party(id) => {
                let accounts = state.parties.get(id).into_iter().flat_map(|party| &party.accounts);
                all.extend(accounts.map(|account| Holder::Account(*account)));
            }
            Holder::Account(_) | Holder::Person(_) => all.extend(state.party_of(*holder).map(Holder::Party)),
        }
    }
    for row in rows_about(&**control.store(), state, None, &all)? {
        push(bundle, &row.line());
    }
    Ok(())
}

/// Which acts are opened.
pub(super) enum Scope {
    /// Those about these subjects, and the lists they may be on.
    About(BTreeSet<String>),
    /// All but the stored forms of keys and tokens, which decide nothing.
    Everything,
}

pub(super) fn openings(control: &Control, scope: &Scope, bundle: &mut Vec<u8>) -> Result<(), Refusal> {
    let cannot = |error: &dyn std::fmt::Display| Refusal::unavailable(format!("the database cannot be read: {error}"));
    let mut next = 0;
    loop {
        let entries = control.store().entries(next, ACTS_AT_A_TIME).map_err(|error| cannot(&error))?;
        let Some(last) = entries.last() else { return Ok(()) };
        next = last.index + 1;
        for stored in &entries {
            let Private::Kept(part) = &stored.private else { continue };
            let entry: Value = serde_json::from_slice(&stored.bytes).map_err(|error| cannot(&error))?;
            if scope.opens(&entry) {
                let opening = Opening { salt: part.salt, bytes: part.bytes.clone() };
                push(bundle, &opening.line(stored.index));
            }
        }
    }
}

impl Scope {
    fn opens(&self, entry: &Value) -> bool {
        match self {
            Scope::About(subjects) => bears_on(entry, subjects),
            Scope::Everything => !matches!(entry["kind"].as_str(), Some("key.issue" | "operator.token.issue") | None),
        }
    }
}

/// Whether decisions about `subjects` cannot be computed without the private
/// part of `entry`: what was acted on them, and the lists they may be on. What
/// is kept of their keys decides nothing and stays closed.
fn bears_on(entry: &Value, subjects: &BTreeSet<String>) -> bool {
    match entry["kind"].as_str() {
        Some("stage.set" | "directive.enact") => true,
        Some("key.issue") | None => false,
        Some(_) => entry["subject"].as_str().is_some_and(|subject| subjects.contains(subject)),
    }
}

/// Adds decisions to a bundle: those in sealed files as they were written, with
/// the proof that they are in them.
pub(super) fn records(
    state: &State,
    control: &Control,
    found: Vec<FoundRecord>,
    bundle: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let mut tree: Option<(u64, LineTree)> = None;
    for record in found {
        let Some(sealed) = state.segments.get(&record.segment) else {
            push(bundle, &json!({ "decision": without_tag(record.told) }));
            continue;
        };
        let lines = match tree.take_if(|(segment, _)| *segment == record.segment) {
            Some((_, lines)) => lines,
            None => LineTree::new(control.leaves_of(record.segment)?),
        };
        let number = line_number(record.line.as_bytes()).unwrap_or_default();
        // Of a file that is not what was sealed there is no proof, and the
        // auditor is to see that.
        let proof = lines.prove(number.wrapping_sub(sealed.first)).unwrap_or_default();
        let shown = RecordLine { segment: sealed.name.to_string(), line: record.line, proof };
        push(bundle, &json!({ "record": shown }));
        tree = Some((record.segment, lines));
    }
    Ok(())
}

fn without_tag(mut record: Value) -> Value {
    if let Some(fields) = record.as_object_mut() {
        fields.remove("record");
        fields.remove("number");
    }
    record
}

pub(super) fn push(bundle: &mut Vec<u8>, line: &Value) {
    bundle.extend_from_slice(line.to_string().as_bytes());
    bundle.push(b'\n');
}

#[cfg(test)]
mod tests;
