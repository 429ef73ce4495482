//! What is wrong with a file, line by line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// The column by its name, where it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What it is, and what to do.
    pub why: String,
}

impl Fault {
    pub(super) fn of_line(line: u64, why: impl Into<String>) -> Fault {
        Fault { line, column: None, why: why.into() }
    }

    pub(super) fn at(line: u64, column: &str, why: impl Into<String>) -> Fault {
        Fault { line, column: Some(column.to_owned()), why: why.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(out, "{}: {column}: {}", self.line, self.why),
            None => write!(out, "{}: {}", self.line, self.why),
        }
    }
}

/// All that is wrong with a file, as far as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    /// In order of line.
    pub faults: Vec<Fault>,
    /// Whether reading stopped before the end of the file.
    pub stopped: bool,
}
