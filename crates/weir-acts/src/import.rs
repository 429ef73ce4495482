//! An import on its way into the fold. Its rows are folded into a clone of the
//! state, and the view of that is made, by whoever has the time; the one
//! writer then brings the outcome together with what was acted meanwhile,
//! which takes as long as those few acts ask for. The result is the fold of
//! those acts and then the import, as the log has them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::facts::Calendar;
use crate::holder::Start;
use crate::row::{Adds, Row};
use crate::state::{FoldProblem, Holder, State};
use crate::time::Time;
use crate::view::View;

/// Distinct words that are kept once for all rows; more are kept row by row.
const MOST_WORDS: usize = 65_536;

/// Rows folded beside the state they will join.
#[derive(Debug)]
pub struct Import {
    pub(crate) base: State,
    pub(crate) built: State,
    /// The time of the act, once it has one.
    pub(crate) start: &'static OnceLock<Time>,
    now: Time,
    rows: u64,
    /// Whose facts changed, new ones without repeats.
    pub(crate) touched: Vec<Holder>,
    known: HashSet<Holder>,
    words: Words,
    pub(crate) seen: Option<Seen>,
}

/// The views before and after, and what time alone will change.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) base: View,
    pub(crate) built: View,
    pub(crate) calendar: Calendar,
}

impl Import {
    /// An import that begins with `base`, checked as of `now`.
    pub fn new(base: State, now: Time) -> Import {
        let start: &'static OnceLock<Time> = Box::leak(Box::default());
        let built = base.clone();
        let (touched, known) = (Vec::new(), HashSet::new());
        Import { base, built, start, now, rows: 0, touched, known, words: Words::default(), seen: None }
    }

    /// The state with the rows so far.
    pub fn state(&self) -> &State {
        &self.built
    }

    /// How many rows were taken.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Folds the next row. After an error only more errors can be learned.
    ///
    /// # Errors
    /// When the row does not follow.
    pub fn take(&mut self, row: Row) -> Result<(), FoldProblem> {
        let subject = row.subject;
        let is_new = row.adds != Adds::Nothing;
        self.built.fold_row(row, self.now, Start::With(self.start), &mut self.words)?;
        self.rows += 1;
        if is_new || self.known.insert(subject) {
            self.touched.push(subject);
        }
        Ok(())
    }

    /// Moves the import to `onto`, a later state, so that the writer has less
    /// to bring together.
    ///
    /// # Errors
    /// When what was acted meanwhile stands against it.
    pub fn rebase(&mut self, onto: &State, now: Time) -> Result<(), FoldProblem> {
        let mut built = onto.clone();
        built.join_import(self, now)?;
        self.base = onto.clone();
        self.built = built;
        self.now = now;
        self.seen = None;
        Ok(())
    }

    /// Makes the view of what was built from `view`, that of the state the
    /// import is based on.
    pub fn see(&mut self, view: &View) {
        let mut built = view.clone();
        let mut calendar = Vec::new();
        for holder in &self.touched {
            if let Some(change) = built.place(&self.built, *holder) {
                calendar.push((change, *holder));
            }
        }
        self.seen = Some(Seen { base: view.clone(), built, calendar: Calendar::new(calendar) });
    }

    /// Gives the import the time of its act. The first time stays.
    pub(crate) fn begin(&self, at: Time) -> Result<(), FoldProblem> {
        match *self.start.get_or_init(|| at) {
            begun if begun == at => Ok(()),
            _ => Err(FoldProblem::Field { field: "at", why: "the import was prepared for another act".into() }),
        }
    }
}

/// Words that many rows share, kept once.
#[derive(Debug, Default)]
pub(crate) struct Words(HashMap<Box<str>, Arc<str>>);

impl Words {
    pub(crate) fn shared(&mut self, word: &str) -> Arc<str> {
        if let Some(shared) = self.0.get(word) {
            return Arc::clone(shared);
        }
        let shared: Arc<str> = word.into();
        if self.0.len() < MOST_WORDS {
            self.0.insert(word.into(), Arc::clone(&shared));
        }
        shared
    }
}

#[cfg(test)]
mod tests;
