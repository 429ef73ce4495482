//! A count over the last stretch of time. Time is cut into twentieths of the
//! window; a twentieth leaves the count only when all of it lies further back
//! than the window, so that no span of the window's length, wherever it
//! begins, ever holds more than was let in. What was taken is thereby given
//! back at most a twentieth of the window late.

use weir_acts::Time;
use weir_acts::limits::Window;

/// Into how many parts a window is cut.
const PARTS: i64 = 20;
/// The present part and those before it.
const SLOTS: usize = 21;

/// A count over one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ring {
    pub(super) window: Window,
    /// The number of the present part, counted from the epoch.
    newest: i64,
    /// When it ends, in milliseconds: nearly every look is before that.
    ends: i64,
    slots: [u64; SLOTS],
    sum: u64,
}

impl Ring {
    pub(super) fn new(window: Window, now: Time) -> Ring {
        let newest = part(window, now);
        Ring { window, newest, ends: end(window, newest), slots: [0; SLOTS], sum: 0 }
    }

    /// Lets time pass up to `now`; a time before the present part is taken for
    /// it, since the clock never runs backwards.
    #[inline]
    pub(super) fn advance(&mut self, now: Time) {
        if now.millis() >= self.ends {
            self.advance_parts(now);
        }
    }

    fn advance_parts(&mut self, now: Time) {
        let to = part(self.window, now);
        let steps = to.saturating_sub(self.newest);
        if steps <= 0 {
            return;
        }
        if steps > PARTS {
            (self.slots, self.sum) = ([0; SLOTS], 0);
        } else {
            for number in self.newest + 1..=to {
                let gone = std::mem::take(&mut self.slots[slot(number)]);
                self.sum = self.sum.saturating_sub(gone);
            }
        }
        self.newest = to;
        self.ends = end(self.window, to);
    }

    /// What was taken within the window.
    pub(super) fn sum(&self) -> u64 {
        self.sum
    }

    /// Adds to the present part.
    pub(super) fn add(&mut self, amount: u64) {
        let held = &mut self.slots[slot(self.newest)];
        // Never beyond what a sum can hold, so that the sum stays the sum.
        let amount = amount.min(u64::MAX - self.sum);
        *held += amount;
        self.sum += amount;
    }

    /// How many milliseconds after `now` at most `allowed` are left of what is
    /// counted, if nothing is added.
    pub(super) fn until_at_most(&self, allowed: u64, now: Time) -> i64 {
        let mut left = self.sum;
        let mut number = self.newest - PARTS;
        while left > allowed && number <= self.newest {
            left = left.saturating_sub(self.slots[slot(number)]);
            number += 1;
        }
        // The part before `number` is the last that must leave.
        let gone_at = (number + PARTS).saturating_mul(length(self.window));
        if left == self.sum { 0 } else { (gone_at - now.millis()).max(0) }
    }

    /// When nothing of what was taken up to now counts any more.
    pub(super) fn until(&self) -> Time {
        Time::from_millis((self.newest + PARTS + 1).saturating_mul(length(self.window)))
    }

    /// What is counted, by the numbers of the parts.
    pub(super) fn parts(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        (self.newest - PARTS..=self.newest)
            .map(|number| (number, self.slots[slot(number)]))
            .filter(|(_, amount)| *amount > 0)
    }

    /// Puts back what was counted before a restart; what is older than the
    /// window, or from times to come, is not.
    pub(super) fn restore(&mut self, number: i64, amount: u64) {
        if (self.newest - PARTS..=self.newest).contains(&number) {
            let amount = amount.min(u64::MAX - self.sum);
            self.slots[slot(number)] += amount;
            self.sum += amount;
        } else if number > self.newest {
            self.add(amount);
        }
    }
}

/// A part's length in milliseconds; every window divides evenly.
const fn length(window: Window) -> i64 {
    window.millis() / PARTS
}

fn part(window: Window, now: Time) -> i64 {
    now.millis().div_euclid(length(window))
}

/// When a part ends, in milliseconds.
fn end(window: Window, number: i64) -> i64 {
    number.saturating_add(1).saturating_mul(length(window))
}

fn slot(number: i64) -> usize {
    // A remainder of 21 is a place.
    usize::try_from(number.rem_euclid(21)).unwrap_or_default()
}
