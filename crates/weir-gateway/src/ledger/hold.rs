//! What a request holds, until it is settled.

use super::meter::Taken;
use super::{Shared, lock};
use weir_acts::Time;

/// What a request holds in every meter that concerns it. Settled exactly once:
/// by [`Hold::charge`], or, on a path that forgot to, by [`Hold::forfeit`],
/// at the latest when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    held: Vec<(Shared, Taken)>,
    /// When it was reserved.
    since: Time,
}

impl Hold {
    pub(super) fn new(held: Vec<(Shared, Taken)>, since: Time) -> Hold {
        Hold { held, since }
    }

    /// Whether there is nothing to settle.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Gives back what is held and counts `tokens` as used, each at `weight`.
    /// Does nothing the second time.
    pub(crate) fn charge(&mut self, tokens: u64, weight: u64, now: Time) {
        for (meter, taken) in self.held.drain(..) {
            lock(&meter).settle(taken, tokens, tokens.saturating_mul(weight), now);
        }
    }

    /// Counts all that is held as used, so that nothing is given away. Does
    /// nothing where it was settled.
    pub(crate) fn forfeit(&mut self, now: Time) {
        for (meter, taken) in self.held.drain(..) {
            lock(&meter).settle(taken, taken.tokens, taken.spend, now);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.forfeit(self.since);
    }
}
