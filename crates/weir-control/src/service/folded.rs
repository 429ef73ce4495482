//! When the fold is kept as a file, and when it must go.

use std::sync::{Mutex, MutexGuard, PoisonError};

use weir_acts::state::State;
use weir_store::FolderError;

use super::Control;
use crate::fold_cache;

/// Acts and rows after which the fold is kept anew: less is folded again in a
/// second.
const WORTH_KEEPING: u64 = 50_000;

/// What the file in the folder folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptFold {
    /// Acts and rows.
    folded: u64,
    /// How many acts and rows it knows to be erased.
    erased: usize,
}

impl KeptFold {
    /// Of a file with this state.
    pub(crate) fn of(state: &State) -> KeptFold {
        KeptFold { folded: folded(state), erased: erased(state) }
    }

    /// Whether it says what `state` was made to forget.
    pub(crate) fn says_too_much(&self, state: &State) -> bool {
        self.erased < erased(state)
    }
}

/// Held while the file is written or removed; what lies there, where one does.
pub(super) struct Kept(Mutex<Option<KeptFold>>);

impl Kept {
    pub(super) fn new(kept: Option<KeptFold>) -> Kept {
        Kept(Mutex::new(kept))
    }

    fn lock(&self) -> MutexGuard<'_, Option<KeptFold>> {
        // Whatever a panic left is a file that is read with suspicion.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control {
    /// Keeps the fold as a file, so that the next start need not fold the log
    /// again; false where the state cannot be kept. Blocks.
    ///
    /// # Errors
    /// When the file cannot be written. Nothing depends on it.
    pub fn keep_fold(&self) -> Result<bool, FolderError> {
        let mut kept = self.inner.kept_fold.lock();
        // Read under the lock: what an erasure forgot before it asked for the
        // file to go is not in what is written after it went.
        let published = self.published();
        let (before, now) = (*kept, KeptFold::of(&published.state));
        // Where this fails or panics, nobody knows what lies there: the next
        // erasure takes it away, and it is not tried again with every second.
        *kept = Some(KeptFold { erased: 0, ..now });
        let written = fold_cache::write(&self.inner.dir, &self.inner.pepper, &published.state, &published.frontier)?;
        *kept = if written { Some(now) } else { before };
        Ok(written)
    }

    /// Keeps the fold where so much was folded since that it pays. Blocks.
    pub(super) fn keep_fold_if_worth(&self) {
        let is_worth = is_worth_keeping(*self.inner.kept_fold.lock(), &self.published().state);
        if is_worth && let Err(error) = self.keep_fold() {
            tracing::warn!(%error, "the fold was not kept; the next start takes longer");
        }
    }

    /// The same on a thread of its own, where nobody does so already.
    pub(super) fn keep_fold_beside(&self) {
        let Ok(kept) = self.inner.kept_fold.0.try_lock() else { return };
        if !is_worth_keeping(*kept, &self.published().state) {
            return;
        }
        drop(kept);
        let control = self.clone();
        let keeping = std::thread::Builder::new().name("weir-fold".into()).spawn(move || control.keep_fold_if_worth());
        if let Err(error) = keeping {
            tracing::warn!(%error, "no thread to keep the fold");
        }
    }

    /// Brings what the state was made to forget out of the file, by removing
    /// it. Blocks.
    pub(super) fn forget_fold(&self) -> Result<(), FolderError> {
        let mut kept = self.inner.kept_fold.lock();
        let published = self.published();
        if kept.is_some_and(|kept| kept.says_too_much(&published.state)) {
            fold_cache::destroy(&self.inner.dir)?;
            *kept = None;
        }
        Ok(())
    }
}

fn is_worth_keeping(kept: Option<KeptFold>, state: &State) -> bool {
    folded(state).saturating_sub(kept.map_or(0, |kept| kept.folded)) >= WORTH_KEEPING
}

/// Acts and rows that a whole fold of the log takes.
fn folded(state: &State) -> u64 {
    state.size + state.imports.iter().map(|import| import.rows).sum::<u64>()
}

/// Acts and rows that are known to be erased.
fn erased(state: &State) -> usize {
    state.erased.len() + state.erased_rows.len()
}
