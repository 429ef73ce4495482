//! Files of records, held against the acts that sealed them; and single
//! records, shown to be in such a file without the others.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use serde::Serialize;
use weir_acts::records::SealedSegment;
use weir_acts::{Digest, State, hex};
use weir_store::segment::{Segment, Summary, line_number, segments, summarise};
use weir_tlog::proof::{check_inclusion, prove_inclusion};
use weir_tlog::{Hash, HashSource, HashSourceError, leaf_hash, node_hash};

use super::bundle::{Bundle, LineProof};
use super::exchanges::{self, ExchangeFiles};

/// A folder that holds files of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordsFolder {
    /// The folder that has `decisions/` in it.
    pub dir: PathBuf,
    /// Whether every file that was not deleted by an act must be there.
    pub is_whole: bool,
}

/// What became of the files of records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Segments {
    /// How many the log seals.
    pub sealed: u64,
    /// The number of the last record in them.
    pub last_record: u64,
    /// How many of them acts have deleted.
    pub deleted: u64,
    /// How many are at hand and what was sealed.
    pub same: u64,
    /// Texts that rules had kept, in files at hand: sealed under keys that are in
    /// no export.
    #[serde(skip_serializing_if = "is_zero")]
    pub texts: u64,
    /// The first that is not what was sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong: Option<WrongSegment>,
    /// Sealed, not deleted, and not at hand; told only where a folder was looked into.
    pub missing: Vec<String>,
    /// At hand and not sealed (yet).
    pub unsealed: Vec<String>,
    /// Closed by a later process than the one that wrote them: it ended without closing them.
    pub recovered: Vec<String>,
    /// Runs of numbers that no sealed file has.
    pub gaps: Vec<(u64, u64)>,
    /// Records that could not be kept, as the seals tell.
    pub unkept: u64,
    /// What became of the files of exchanges.
    pub exchanges: ExchangeFiles,
    /// Decisions of the bundle that were shown to be in sealed files.
    pub decisions_in: u64,
    /// Decisions of the bundle whose files are not sealed.
    pub decisions_outside: u64,
    /// Decisions of the bundle said to be in a sealed file, and not in it.
    pub decisions_wrong: Vec<WrongSegment>,
    is_whole: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "what serde calls it with")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A file of records, or a decision in one, that is not what was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrongSegment {
    /// The file's name, or the decision's id.
    pub name: String,
    /// What is wrong.
    pub why: String,
}

impl Segments {
    /// Whether nothing contradicts the log.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.exchanges.is_good()
            && self.wrong.is_none()
            && self.decisions_wrong.is_empty() && (!self.is_whole || self.missing.is_empty())
    }

    /// In sentences.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let last = format!("record {}", self.last_record);
        let mut lines = sealed_lines("records", self.sealed, &last, self.deleted, self.same);
        if self.texts > 0 {
            lines.push(format!("{} kept texts in them are sealed; their keys are in no export", self.texts));
        }
        if let Some(WrongSegment { name, why }) = &self.wrong {
            lines.push(format!("WRONG: records {name}: {why}"));
        }
        lines.extend(absent_lines(&self.missing, &self.unsealed, self.is_whole));
        if !self.recovered.is_empty() {
            let names = self.recovered.join(", ");
            lines.push(format!(
                "written by a process that ended without closing them, and may lack its last moment: {names}"
            ));
        }
        for (from, to) in &self.gaps {
            lines.push(format!("records {from} to {to} are in no sealed file"));
        }
        if self.unkept > 0 {
            lines.push(format!("{} records could not be kept when they were made", self.unkept));
        }
        lines.extend(self.exchanges.lines());
        if self.decisions_in > 0 {
            lines.push(format!("{} decisions of the bundle are in sealed files", self.decisions_in));
        }
        if self.decisions_outside > 0 {
            lines.push(format!(
                "{} decisions of the bundle were not sealed yet when it was made",
                self.decisions_outside
            ));
        }
        for WrongSegment { name, why } in &self.decisions_wrong {
            lines.push(format!("WRONG: decision {name}: {why}"));
        }
        lines
    }
}

/// How many files of `what` are sealed, up to `last`, and how many are the same.
pub(super) fn sealed_lines(what: &str, sealed: u64, last: &str, deleted: u64, same: u64) -> Vec<String> {
    let mut lines = Vec::new();
    if sealed > 0 {
        let deleted = if deleted > 0 { format!(", {deleted} deleted since by acts") } else { String::new() };
        lines.push(format!("{sealed} files of {what} sealed, up to {last}{deleted}"));
    }
    if same > 0 {
        lines.push(format!("{same} files of {what} at hand are what was sealed"));
    }
    lines
}

/// Which sealed files are not there, and which of those there are not sealed.
pub(super) fn absent_lines(missing: &[String], unsealed: &[String], is_whole: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if !missing.is_empty() {
        let how = if is_whole { "WRONG: missing, and deleted by no act" } else { "not at hand" };
        lines.push(format!("{how}: {}", missing.join(", ")));
    }
    if !unsealed.is_empty() {
        lines.push(format!("not sealed yet, so nothing vouches for them: {}", unsealed.join(", ")));
    }
    lines
}

/// Holds the files of `folder`, and the records of `bundle`, against what
/// `state` says was sealed.
pub(super) fn check(state: &State, folder: Option<&RecordsFolder>, bundle: Option<&Bundle>) -> Segments {
    let sealed = || state.segments.values();
    let mut found = Segments {
        sealed: sealed().count() as u64,
        last_record: sealed().next_back().map_or(0, |sealed| sealed.last),
        deleted: sealed().filter(|sealed| sealed.deleted.is_some()).count() as u64,
        recovered: sealed().filter(|sealed| sealed.recovered).map(|sealed| sealed.name.to_string()).collect(),
        unkept: sealed().map(|sealed| sealed.unkept).sum(),
        exchanges: exchanges::check(state, folder),
        is_whole: folder.is_some_and(|folder| folder.is_whole),
        ..Segments::default()
    };
    let mut next = 1;
    for sealed in sealed() {
        if sealed.first > next {
            found.gaps.push((next, sealed.first - 1));
        }
        next = sealed.last + 1;
    }
    if let Some(folder) = folder {
        check_folder(state, &folder.dir, &mut found);
    }
    for decision in bundle.into_iter().flat_map(|bundle| &bundle.decisions) {
        match &decision.proof {
            None => found.decisions_outside += 1,
            Some(proof) => match check_line(state, proof) {
                Ok(()) => found.decisions_in += 1,
                Err(why) => found.decisions_wrong.push(WrongSegment { name: decision.id.clone(), why }),
            },
        }
    }
    found
}

fn check_folder(state: &State, dir: &Path, found: &mut Segments) {
    let at_hand: BTreeMap<u64, Segment> = match segments(dir) {
        Ok(segments) => segments.into_iter().map(|segment| (segment.number, segment)).collect(),
        Err(error) => {
            found.wrong = Some(WrongSegment { name: dir.display().to_string(), why: error.to_string() });
            return;
        }
    };
    for (number, sealed) in state.segments.iter() {
        match at_hand.get(number) {
            None if sealed.deleted.is_none() => found.missing.push(sealed.name.to_string()),
            None => {}
            Some(segment) => match check_segment(sealed, segment) {
                Ok(()) => {
                    found.same += 1;
                    // What was just read can be read.
                    found.texts += texts_in(&segment.path).unwrap_or_default();
                }
                // The first is the one to look at; those behind it are still counted.
                Err(why) => {
                    found.wrong.get_or_insert(WrongSegment { name: sealed.name.to_string(), why });
                }
            },
        }
    }
    let unsealed = at_hand.iter().filter(|(number, _)| !state.segments.contains_key(number));
    found.unsealed = unsealed.map(|(number, _)| weir_store::segment::file_name(*number)).collect();
}

fn check_segment(sealed: &SealedSegment, segment: &Segment) -> Result<(), String> {
    let cannot = |error: &dyn std::fmt::Display| format!("cannot be read: {error}");
    let length = std::fs::metadata(&segment.path).map_err(|error| cannot(&error))?.len();
    let summary: Summary = summarise(&segment.path).map_err(|error| cannot(&error))?;
    let count = sealed.last - sealed.first + 1;
    if Digest(summary.sha256) == sealed.digest && length == sealed.bytes {
        return Ok(());
    }
    let act = sealed.act;
    if summary.count < count {
        let first_bad = sealed.first + summary.count;
        return Err(format!("record {first_bad} is not what act {act} sealed: it is missing, cut off or out of order"));
    }
    if length != sealed.bytes {
        return Err(format!("it has {length} bytes, act {act} sealed {}", sealed.bytes));
    }
    Err(format!("its SHA-256 is {}, act {act} sealed {}", Digest(summary.sha256), sealed.digest))
}

/// How many records of a file have a kept text. A quote in a record's strings is
/// escaped, so that nothing but a field is written so.
fn texts_in(path: &Path) -> std::io::Result<u64> {
    const FIELD: &[u8] = b"\"text\":{";
    let mut records = BufReader::new(File::open(path)?);
    let (mut line, mut texts) = (Vec::new(), 0);
    while records.read_until(b'\n', &mut line)? > 0 {
        texts += u64::from(line.windows(FIELD.len()).any(|window| window == FIELD));
        line.clear();
    }
    Ok(texts)
}

fn check_line(state: &State, proof: &LineProof) -> Result<(), String> {
    let number = weir_acts::records::segment_number(&proof.segment);
    let sealed = number.and_then(|number| state.segments.get(&number));
    let sealed = sealed.ok_or_else(|| format!("the log seals no `{}`", proof.segment))?;
    let line = line_number(proof.line.as_bytes()).ok_or("its record has no number")?;
    let index = line.checked_sub(sealed.first).filter(|_| line <= sealed.last);
    let index = index.ok_or_else(|| format!("record {line} is not in {}, says act {}", sealed.name, sealed.act))?;
    let count = sealed.last - sealed.first + 1;
    let leaf = leaf_hash(proof.line.as_bytes());
    check_inclusion(leaf, index, count, Hash(sealed.root.0), &proof.hashes)
        .map_err(|error| format!("it is not in {} as act {} sealed it: {error}", sealed.name, sealed.act))
}

/// The tree of one segment's lines, every level at hand.
pub(super) struct LineTree(Vec<Vec<Hash>>);

impl LineTree {
    pub(super) fn new(leaves: Vec<Hash>) -> LineTree {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let above = below.chunks_exact(2).map(|pair| node_hash(pair[0], pair[1])).collect();
            levels.push(above);
        }
        LineTree(levels)
    }

    /// That line `index` is in the tree.
    pub(super) fn prove(&self, index: u64) -> Result<Vec<String>, String> {
        let size = self.0.first().map_or(0, Vec::len) as u64;
        let proof = prove_inclusion(self, index, size).map_err(|error| error.to_string())?;
        Ok(proof.iter().map(|hash| hex::encode(&hash.0)).collect())
    }
}

impl HashSource for LineTree {
    fn node(&self, level: u32, index: u64) -> Result<Hash, HashSourceError> {
        let found = self.0.get(level as usize).and_then(|hashes| hashes.get(usize::try_from(index).ok()?));
        found.copied().ok_or_else(|| HashSourceError { level, index, source: "no such node".into() })
    }
}
