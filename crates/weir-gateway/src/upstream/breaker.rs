//! Leaves a failing upstream alone for a while, so that callers get an answer
//! at once and the upstream gets a rest. Shared by all workers, without locks.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// One upstream's breaker.
#[derive(Debug)]
pub(crate) struct Breaker {
    start: Instant,
    failures_to_open: u32,
    pause: Duration,
    failures: AtomicU32,
    /// Milliseconds after `start` until which it is open; 0 while closed.
    open_until: AtomicU64,
}

/// The upstream is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    /// For how long still.
    pub(crate) remaining: Duration,
}

impl Breaker {
    pub(crate) fn new(failures_to_open: u32, pause: Duration) -> Breaker {
        Breaker {
            start: Instant::now(),
            failures_to_open: failures_to_open.max(1),
            pause,
            failures: AtomicU32::new(0),
            open_until: AtomicU64::new(0),
        }
    }

    /// Whether a request may try. After the pause one may, and the pause
    /// begins again for all others until that one has succeeded.
    pub(crate) fn admit(&self) -> Result<(), Open> {
        // The common case reads no clock.
        if self.open_until.load(Ordering::Relaxed) == 0 {
            return Ok(());
        }
        self.admit_at(millis(self.start.elapsed()))
    }

    fn admit_at(&self, now: u64) -> Result<(), Open> {
        let until = self.open_until.load(Ordering::Relaxed);
        if until == 0 {
            return Ok(());
        }
        let next = now.saturating_add(millis(self.pause)).max(1);
        let won =
            now >= until && self.open_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if won {
            return Ok(());
        }
        Err(Open { remaining: Duration::from_millis(until.saturating_sub(now).max(1)) })
    }

    /// A request was answered.
    pub(crate) fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
            self.open_until.store(0, Ordering::Relaxed);
        }
    }

    /// The upstream is well again. While closed this changes nothing: an
    /// upstream may be well by its own word and still fail every request.
    pub(crate) fn close_if_open(&self) {
        if self.open_until.load(Ordering::Relaxed) != 0 {
            self.succeeded();
        }
    }

    /// A request could not be sent, or its answer was none.
    pub(crate) fn failed(&self) {
        self.failed_at(millis(self.start.elapsed()));
    }

    fn failed_at(&self, now: u64) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures >= self.failures_to_open {
            self.open_until.store(now.saturating_add(millis(self.pause)).max(1), Ordering::Relaxed);
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_lets_one_try_after_the_pause() {
        let breaker = Breaker::new(2, Duration::from_millis(100));
        breaker.failed_at(0);
        breaker.succeeded();
        breaker.failed_at(1);
        assert_eq!(breaker.admit_at(1), Ok(()));
        breaker.failed_at(2);
        assert_eq!(breaker.admit_at(3), Err(Open { remaining: Duration::from_millis(99) }));
        assert_eq!(breaker.admit_at(102), Ok(()));
        assert!(breaker.admit_at(102).is_err(), "only one may try");
        breaker.failed_at(103);
        assert!(breaker.admit_at(150).is_err());
        assert_eq!(breaker.admit_at(203), Ok(()));
        breaker.succeeded();
        assert_eq!(breaker.admit_at(204), Ok(()));
        assert_eq!(breaker.admit_at(204), Ok(()));
    }
}
