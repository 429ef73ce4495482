//! Keeps what limits have counted over an hour or more. One thread asks the
//! gateway about once a second for what changed and writes it, so that a crash
//! forgets at most what was let through within that second; what was under way
//! counts in full after it. Shorter windows are over before a restart is.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use weir_acts::limits::Window;
use weir_acts::{Clock, Time};
use weir_gateway::{Gateway, Kept, KeptField};
use weir_store::{LimitCount, LimitCounts};

/// The file in the folder.
const FILE: &str = "limits.db";

/// How often counts are written; the most that a crash forgets.
const INTERVAL: Duration = Duration::from_secs(1);

/// Intervals between two removals of what no longer counts.
const INTERVALS_PER_CLEANING: u32 = 600;

/// The thread that keeps.
pub(super) struct Keeper {
    stopping: Sender<()>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Puts back in `gateway` what was kept in `dir`, and starts to keep.
    pub(super) fn start(dir: &Path, gateway: Gateway, clock: Arc<dyn Clock>) -> Result<Keeper> {
        let path = std::path::absolute(dir)?.join(FILE);
        let (counts, kept) = LimitCounts::open(&path, clock.now().millis()).with_context(|| {
            format!("{}: move it away to have limits of an hour or more begin to count anew", path.display())
        })?;
        let kept: Vec<Kept> = kept.into_iter().filter_map(kept_of).collect();
        gateway.restore_limits(&kept);
        let (stopping, stopped) = channel();
        let work = Work { counts, gateway, clock, has_failed: false };
        let thread = std::thread::Builder::new()
            .name("weir-limits".into())
            .spawn(move || work.run(&stopped))
            .context("cannot start the thread that keeps limits")?;
        Ok(Keeper { stopping, thread })
    }

    /// Keeps what there is and ends.
    pub(super) fn stop(self) {
        drop(self.stopping);
        // A panic in there was printed there; there is nothing to add.
        drop(self.thread.join());
    }
}

struct Work {
    counts: LimitCounts,
    gateway: Gateway,
    clock: Arc<dyn Clock>,
    has_failed: bool,
}

impl Work {
    fn run(mut self, stopped: &Receiver<()>) {
        let mut intervals: u32 = 0;
        loop {
            let is_over = !matches!(stopped.recv_timeout(INTERVAL), Err(RecvTimeoutError::Timeout));
            self.keep();
            intervals = intervals.wrapping_add(1);
            if intervals.is_multiple_of(INTERVALS_PER_CLEANING)
                && let Err(error) = self.counts.forget(self.clock.now().millis())
            {
                tracing::warn!(%error, "old counts of limits are not removed yet");
            }
            if is_over {
                return;
            }
        }
    }

    fn keep(&mut self) {
        let changed: Vec<LimitCount> = self.gateway.take_changed_limits().into_iter().map(count_of).collect();
        if changed.is_empty() {
            return;
        }
        match self.counts.keep(&changed) {
            Ok(()) if self.has_failed => {
                self.has_failed = false;
                tracing::info!("the counts of limits are kept again");
            }
            Ok(()) => {}
            Err(error) => {
                if !self.has_failed {
                    tracing::error!(%error, "the counts of limits cannot be kept: limits hold, but a restart would forget");
                }
                self.has_failed = true;
                self.gateway.keep_limits_again();
            }
        }
    }
}

fn count_of(kept: Kept) -> LimitCount {
    LimitCount {
        scope: kept.scope,
        field: kept.field.as_str().to_owned(),
        window: kept.window.as_str().to_owned(),
        held: kept.held,
        parts: kept.parts,
        until_ms: kept.until.millis(),
    }
}

/// What a later version of this program wrote is left out.
fn kept_of(count: LimitCount) -> Option<Kept> {
    Some(Kept {
        scope: count.scope,
        field: KeptField::of_word(&count.field)?,
        window: Window::ALL.into_iter().find(|window| window.as_str() == count.window)?,
        parts: count.parts,
        held: count.held,
        until: Time::from_millis(count.until_ms),
    })
}
