//! Why an entry does not fold into the state.

use std::fmt;

use crate::entry::{Entry, EntryError};
use crate::time::Time;

/// Why an entry does not fold into the state.
#[derive(Debug, thiserror::Error)]
#[error("entry {index}: {problem}")]
pub struct FoldError {
    /// Index of the entry.
    pub index: u64,
    /// What is wrong with it.
    pub problem: FoldProblem,
}

/// What is wrong with an entry.
#[derive(Debug, thiserror::Error)]
pub enum FoldProblem {
    /// It cannot be read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// It names something the log never told of.
    #[error("{what} {id} does not exist")]
    Missing {
        /// Which kind of thing.
        what: &'static str,
        /// The id named.
        id: String,
    },
    /// It introduces something that is there already.
    #[error("{what} {id} exists already")]
    Repeated {
        /// Which kind of thing.
        what: &'static str,
        /// The id named.
        id: String,
    },
    /// It changes something that has ended or is not in that state.
    #[error("{what} {id} {why}")]
    Standing {
        /// Which kind of thing.
        what: &'static str,
        /// The id named.
        id: String,
        /// Why the act does not apply.
        why: &'static str,
    },
    /// Time runs backwards.
    #[error("its time {at} is before the preceding act's {last}")]
    Backwards {
        /// The entry's time.
        at: Time,
        /// The time before.
        last: Time,
    },
    /// The first entry must open the log, and no other may.
    #[error("a log begins with exactly one `log.open`")]
    Opening,
    /// It was done by nobody known.
    #[error("by `{by}`, who is no operator at that time")]
    Author {
        /// Who is named.
        by: String,
    },
    /// A field holds what no act may say.
    #[error("{field}: {why}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
}

pub(super) fn missing(what: &'static str, id: impl fmt::Display) -> FoldProblem {
    FoldProblem::Missing { what, id: id.to_string() }
}

pub(super) fn repeated(what: &'static str, id: impl fmt::Display) -> FoldProblem {
    FoldProblem::Repeated { what, id: id.to_string() }
}

pub(super) fn standing(what: &'static str, id: impl fmt::Display, why: &'static str) -> FoldProblem {
    FoldProblem::Standing { what, id: id.to_string(), why }
}

/// The entry's subject as an id of the right kind.
pub(super) fn subject<I: std::str::FromStr<Err: fmt::Display>>(entry: &Entry) -> Result<I, FoldProblem> {
    entry.subject.parse().map_err(|error: I::Err| FoldProblem::Field { field: "subject", why: error.to_string() })
}
