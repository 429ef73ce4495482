//! A world that follows a whole log. Most acts change what hardly anybody asks
//! about before the next act comes, so the view is brought up only where
//! somebody looks, and no copy of what was before is kept.

use super::{World, next_rules_change};
use crate::entry::Entry;
use crate::import::Import;
use crate::state::{FoldError, State, Touched};
use crate::time::Time;

/// So many things touched that building the view anew is no dearer.
const MANY: usize = 100_000;

/// A state that is folded act by act, and the view of it where it is asked for.
#[derive(Debug, Default)]
pub struct Follower {
    world: World,
    at: Time,
    behind: Behind,
    /// When rules next change by the passing of time.
    rules_due: Option<Time>,
}

/// What the view does not show yet.
#[derive(Debug, Default)]
struct Behind {
    touched: Touched,
    is_anew: bool,
}

impl Follower {
    /// The state.
    pub fn state(&self) -> &State {
        self.world.state()
    }

    /// The time of the last act.
    pub fn at(&self) -> Time {
        self.at
    }

    /// Folds the next entry; whether rules, models, stages or directives may
    /// have changed with it, or by the time that passed before it.
    ///
    /// # Errors
    /// When the entry does not follow; the follower is then to be thrown away.
    pub fn apply(&mut self, entry: &Entry) -> Result<bool, FoldError> {
        let touched = self.world.state.apply_in_place(entry)?;
        let changed = self.passed(entry.at, &touched);
        self.behind.add(touched);
        Ok(changed)
    }

    /// As [`Follower::apply`], of the act of an import with its rows.
    ///
    /// # Errors
    /// As [`Follower::apply`].
    pub fn apply_import(&mut self, entry: &Entry, import: &Import) -> Result<bool, FoldError> {
        self.catch_up();
        let touched = self.world.apply_import(entry, import)?;
        Ok(self.passed(entry.at, &touched))
    }

    /// The world after the last act, at its time.
    pub fn world(&mut self) -> &World {
        self.catch_up();
        &self.world
    }

    fn passed(&mut self, now: Time, touched: &Touched) -> bool {
        self.at = self.at.max(now);
        let changed = touched.rules || self.rules_due.is_some_and(|due| due <= now);
        if changed {
            self.rules_due = next_rules_change(self.world.state(), self.at);
        }
        changed
    }

    fn catch_up(&mut self) {
        let Behind { touched, is_anew } = std::mem::take(&mut self.behind);
        if is_anew {
            self.world = self.world.at(self.at);
            return;
        }
        self.world.advance(self.at);
        self.world.refresh(&touched);
    }
}

impl Behind {
    fn add(&mut self, touched: Touched) {
        if self.is_anew {
            return;
        }
        self.touched.merge(touched);
        let Touched { parties, accounts, persons, keys, .. } = &self.touched;
        if parties.len() + accounts.len() + persons.len() + keys.len() > MANY {
            *self = Behind { touched: Touched::default(), is_anew: true };
        }
    }
}
