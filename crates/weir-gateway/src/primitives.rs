//! The two cells that the board is made of. `tests/loom_board.rs` puts loom's
//! in their place.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

/// A value behind a lock.
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    /// Runs `change` with the lock held. A panic inside another holder leaves
    /// a slot list that is still a slot list, so poison is passed over.
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The one value in force, to be replaced as a whole.
pub(crate) struct Current<T>(ArcSwap<T>);

impl<T> Current<T> {
    pub(crate) fn new(value: Arc<T>) -> Current<T> {
        Current(ArcSwap::new(value))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Runs `look` on the value in force, which stays alive meanwhile.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&Arc<T>) -> R) -> R {
        look(&self.0.load())
    }

    pub(crate) fn swap(&self, value: Arc<T>) {
        self.0.store(value);
    }
}
