//! What a reading has seen: how much was read and what could not be.

use serde::Serialize;

/// How many bad lines are kept with their reason; the others are counted.
const BAD_LINES_KEPT: usize = 20;

/// The longest reason kept, in characters.
const REASON_CHARS: usize = 240;

/// One line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// The file it stands in.
    pub file: String,
    /// Its number, counted from 1.
    pub line: u64,
    /// What is wrong with it, safe to print: control characters are escaped
    /// and the text is short.
    pub reason: String,
}

impl BadLine {
    pub(super) fn line_and_reason(&self) -> (u64, String) {
        (self.line, self.reason.clone())
    }
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
    /// Lines that are no records.
    pub bad: u64,
    /// The first of those, with their reasons.
    pub first_bad: Vec<BadLine>,
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

    /// Adds what another reading has seen. The counts do not depend on the
    /// order; the bad lines kept are the first of this one, then the other's.
    pub fn absorb(&mut self, other: &ReadReport) {
        if self.file.is_empty() {
            self.file.clone_from(&other.file);
        }
        self.lines = self.lines.saturating_add(other.lines);
        self.records = self.records.saturating_add(other.records);
        self.bad = self.bad.saturating_add(other.bad);
        let room = BAD_LINES_KEPT.saturating_sub(self.first_bad.len());
        self.first_bad.extend(other.first_bad.iter().take(room).cloned());
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
