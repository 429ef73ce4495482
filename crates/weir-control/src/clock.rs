//! Weir's clock never runs backwards. It is wall time anchored to the
//! monotonic clock, started no earlier than a persisted high-water mark. When
//! the machine's wall clock jumps ahead the clock follows at once and says so;
//! when it jumps back the clock goes on from where it was and says so.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use weir_acts::{Clock, Time};

/// A difference between wall clock and anchor that is a jump, not drift.
const JUMP_MILLIS: i64 = 2_000;

/// How often the wall clock is compared.
const COMPARE_EVERY: Duration = Duration::from_secs(1);

/// Reads the machine's wall clock; replaced in tests.
pub type WallClock = Box<dyn Fn() -> Time + Send + Sync>;

/// Which way the wall clock jumped, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// Ahead by so many milliseconds; Weir's clock followed.
    Ahead(i64),
    /// Back by so many milliseconds; Weir's clock did not follow.
    Back(i64),
}

/// Wall time that never runs backwards.
pub struct SteadyClock {
    wall: WallClock,
    anchor: Mutex<Anchor>,
    highest: AtomicI64,
}

struct Anchor {
    wall: Time,
    instant: Instant,
    compared: Instant,
    jumped: Option<Jump>,
    behind: bool,
}

/// The machine's wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn machine_wall_clock() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl SteadyClock {
    /// A clock that starts at the machine's wall time, or at `high_water`
    /// where that is later.
    pub fn start(high_water: Time) -> SteadyClock {
        SteadyClock::with_wall(high_water, Box::new(machine_wall_clock))
    }

    /// As [`SteadyClock::start`], over another wall clock.
    pub fn with_wall(high_water: Time, wall: WallClock) -> SteadyClock {
        let instant = Instant::now();
        let now = wall();
        let jumped = (now < high_water).then(|| Jump::Back(high_water.since(now)));
        let anchor = Anchor { wall: now.max(high_water), instant, compared: instant, behind: jumped.is_some(), jumped };
        SteadyClock { wall, highest: AtomicI64::new(anchor.wall.millis()), anchor: Mutex::new(anchor) }
    }

    /// A jump noticed since the last call, for an alarm.
    pub fn take_jump(&self) -> Option<Jump> {
        self.anchor().jumped.take()
    }

    fn anchor(&self) -> std::sync::MutexGuard<'_, Anchor> {
        self.anchor.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Compares with the wall clock now, whenever it was last compared.
    pub fn compare(&self) {
        let mut anchor = self.anchor();
        anchor.compare(&self.wall, Instant::now());
    }
}

impl Anchor {
    fn at(&self, instant: Instant) -> Time {
        let elapsed = instant.saturating_duration_since(self.instant);
        self.wall.plus_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    fn compare(&mut self, wall: &WallClock, instant: Instant) {
        self.compared = instant;
        let ours = self.at(instant);
        let theirs = wall();
        let ahead = theirs.since(ours);
        if ahead > JUMP_MILLIS {
            self.jumped = Some(Jump::Ahead(ahead));
        }
        if ahead < -JUMP_MILLIS && !self.behind {
            self.jumped = Some(Jump::Back(-ahead));
        }
        self.behind = ahead < -JUMP_MILLIS;
        if ahead > 0 {
            self.wall = theirs;
            self.instant = instant;
        }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Time {
        let instant = Instant::now();
        let mut anchor = self.anchor();
        if instant.saturating_duration_since(anchor.compared) >= COMPARE_EVERY {
            anchor.compare(&self.wall, instant);
        }
        let now = anchor.at(instant).millis();
        drop(anchor);
        Time::from_millis(self.highest.fetch_max(now, Ordering::Relaxed).max(now))
    }
}

impl std::fmt::Debug for SteadyClock {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SteadyClock").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn clock_over(wall: &Arc<AtomicI64>, high_water: i64) -> SteadyClock {
        let wall = Arc::clone(wall);
        let read = move || Time::from_millis(wall.load(Ordering::SeqCst));
        SteadyClock::with_wall(Time::from_millis(high_water), Box::new(read))
    }

    #[test]
    fn a_jump_back_is_an_alarm_and_not_followed() {
        let wall = Arc::new(AtomicI64::new(1_000_000));
        let clock = clock_over(&wall, 0);
        let before = clock.now();
        wall.store(10_000, Ordering::SeqCst);
        clock.compare();
        assert!(clock.now() >= before);
        assert!(matches!(clock.take_jump(), Some(Jump::Back(by)) if by > 980_000));
        clock.compare();
        assert_eq!(clock.take_jump(), None, "one alarm a jump");
    }

    #[test]
    fn a_jump_ahead_is_an_alarm_and_followed() {
        let wall = Arc::new(AtomicI64::new(1_000_000));
        let clock = clock_over(&wall, 0);
        wall.store(9_000_000, Ordering::SeqCst);
        clock.compare();
        assert!(clock.now() >= Time::from_millis(9_000_000));
        assert!(matches!(clock.take_jump(), Some(Jump::Ahead(_))));
    }

    #[test]
    fn a_restart_goes_on_from_the_high_water_mark() {
        let wall = Arc::new(AtomicI64::new(1_000_000));
        let clock = clock_over(&wall, 5_000_000);
        assert!(clock.now() >= Time::from_millis(5_000_000));
        assert!(matches!(clock.take_jump(), Some(Jump::Back(_))));
    }
}
