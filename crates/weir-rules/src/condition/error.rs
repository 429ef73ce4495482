//! What is wrong with a condition, and where. The place is kept as a span, a
//! line and a column, so that a terminal can point at it and a program can
//! underline it.

use std::fmt;
use std::ops::Range;

/// A condition that does not validate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionError {
    /// The bytes at fault; empty at the end of the text.
    pub span: Range<usize>,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
    /// Names or spellings that were perhaps meant.
    pub nearest: Vec<String>,
    shown: String,
    width: usize,
}

impl ConditionError {
    pub(crate) fn new(text: &str, span: Range<usize>, problem: impl Into<String>) -> ConditionError {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| start + length);
        let shown = text.get(line_start..line_end).unwrap_or_default();
        let marked = text.get(start..end.min(line_end)).unwrap_or_default();
        ConditionError {
            span: start..end,
            line: before.matches('\n').count() + 1,
            column: text.get(line_start..start).unwrap_or_default().chars().count() + 1,
            problem: problem.into(),
            nearest: Vec::new(),
            shown: shown.to_owned(),
            width: marked.chars().count().max(1),
        }
    }

    pub(crate) fn nearest(mut self, names: Vec<String>) -> ConditionError {
        self.nearest = names;
        self
    }

    /// The line at fault with the place pointed at:
    ///
    /// ```text
    /// principal.us_persn == false
    ///           ^^^^^^^^ `us_persn` is not a declared claim kind; nearest: us_person
    /// ```
    pub fn pointed(&self) -> String {
        const BEFORE: usize = 60;
        const SHOWN: usize = 120;
        // A long line is cut so that the place stays in sight.
        let skipped = (self.column - 1).saturating_sub(BEFORE);
        let line: String = self.shown.chars().skip(skipped).take(SHOWN).map(plain).collect();
        let indent = " ".repeat(self.column - 1 - skipped);
        let carets = "^".repeat(self.width.min(SHOWN - indent.len().min(SHOWN - 1)));
        format!("{line}\n{indent}{carets} {}", self.message())
    }

    fn message(&self) -> String {
        if self.nearest.is_empty() {
            return self.problem.clone();
        }
        format!("{}; nearest: {}", self.problem, self.nearest.join(", "))
    }
}

/// A tab or control character would move the caret away from its place.
fn plain(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for ConditionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}: {}", self.line, self.column, self.message())
    }
}

impl std::error::Error for ConditionError {}
