//! What a reading has seen: how much was read and what could not be.

use serde::Serialize;

use super::{ReadError, ReadLimits};

/// How many bad lines are kept with their reason; the others are counted.
const BAD_LINES_KEPT: usize = 20;

/// The longest reason kept, in characters.
const REASON_CHARS: usize = 240;

/// One line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// The file it stands in.
    pub file: String,
    /// Its number, counted from 1; in Parquet, the row's.
    pub line: u64,
    /// What is wrong with it, safe to print: control characters are escaped
    /// and the text is short.
    pub reason: String,
}

/// A file whose bytes end or break before they should. What stood before is
/// read and judged; a log that is being written while it is read looks so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damaged {
    /// The file.
    pub file: String,
    /// The last line that was read whole, counted from 1.
    pub line: u64,
    /// What the system or the decompressor said, safe to print.
    pub reason: String,
}

/// A file that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadFile {
    /// The file; `-` for standard input.
    pub file: String,
    /// Its length in bytes, as it lies.
    pub bytes: u64,
    /// The SHA-256 of those bytes, in hexadecimal.
    pub sha256: String,
}

/// What was read of one file, or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReadReport {
    /// The file; the first one where several were put together.
    pub file: String,
    /// Lines seen, blank ones left out.
    pub lines: u64,
    /// Records read from them.
    pub records: u64,
    /// Lines that hold something else which is known, for example decisions
    /// beside exchanges in Weir's own records.
    pub skipped: u64,
    /// Lines that are no records.
    pub bad: u64,
    /// The first of those, with their reasons.
    pub first_bad: Vec<BadLine>,
    /// Files that break off.
    pub damaged: Vec<Damaged>,
    /// The files with their digests, where they were asked for.
    pub files: Vec<ReadFile>,
}

impl ReadReport {
    pub(super) fn of_file(file: String) -> Self {
        Self { file, ..Self::default() }
    }

    pub(super) fn note_bad(&mut self, line: u64, reason: &str) {
        self.lines = self.lines.saturating_add(1);
        self.bad = self.bad.saturating_add(1);
        if self.first_bad.len() < BAD_LINES_KEPT {
            self.first_bad.push(BadLine { file: self.file.clone(), line, reason: printable(reason) });
        }
    }

    pub(super) fn note_damage(&mut self, line: u64, reason: &str) {
        self.damaged.push(Damaged { file: self.file.clone(), line, reason: printable(reason) });
    }

    /// Adds what another reading has seen. The counts do not depend on the
    /// order; the bad lines kept are the first of this one, then the other's.
    pub fn absorb(&mut self, other: &ReadReport) {
        if self.file.is_empty() {
            self.file.clone_from(&other.file);
        }
        self.lines = self.lines.saturating_add(other.lines);
        self.records = self.records.saturating_add(other.records);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.bad = self.bad.saturating_add(other.bad);
        let room = BAD_LINES_KEPT.saturating_sub(self.first_bad.len());
        self.first_bad.extend(other.first_bad.iter().take(room).cloned());
        self.damaged.extend(other.damaged.iter().cloned());
        self.files.extend(other.files.iter().cloned());
    }

    /// Whether so much is bad that the rest is not to be believed.
    pub(super) fn judge(&self, limits: &ReadLimits, at_end: bool) -> Result<(), ReadError> {
        let &ReadReport { lines, bad, .. } = self;
        if bad == 0 || (lines < limits.judged_after && !at_end) {
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
        let too_many = bad as f64 > limits.bad_share * lines as f64;
        // The end of a short file judges only a file that held nothing else:
        // one bad line of three is no reason to drop the other two.
        if !too_many || (lines < limits.judged_after && bad < lines) {
            return Ok(());
        }
        let (first_line, reason) =
            self.first_bad.first().map_or((0, String::new()), |bad| (bad.line, bad.reason.clone()));
        let percent = limits.bad_share * 100.0;
        Err(ReadError::TooManyBadLines { file: self.file.clone(), lines, bad, percent, first_line, reason })
    }
}

/// A reason may quote the log, and the log is hostile: nothing in it may steer
/// a terminal.
fn printable(reason: &str) -> String {
    let mut text = String::new();
    for letter in reason.chars().take(REASON_CHARS) {
        if letter.is_control() {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    text
}
