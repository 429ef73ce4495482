//! CPU time of this thread, and memory of this process.

use std::time::Duration;

/// What this thread has spent so far.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Tells from lap to lap what this thread spent.
pub(crate) struct Laps(Duration);

impl Laps {
    pub(crate) fn start() -> Laps {
        Laps(spent())
    }

    pub(crate) fn lap(&mut self) -> Duration {
        let now = spent();
        let lap = now.saturating_sub(self.0);
        self.0 = now;
        lap
    }
}

/// The most memory this process ever had, in bytes.
pub(crate) fn peak_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
