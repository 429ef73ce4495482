//! Records on their way to the disk. What the gateway queued is written as
//! numbered JSON lines, with a sketch of what requests said, as soon as an answer
//! waits for its record, and every 50 ms else: from there on the end of the
//! process does a record no harm. A thread writes, and where it is quickly done
//! the request that waits does ([`desk`]). Another thread makes durable what was
//! written, about twenty times a second, or at once where a request waits for the
//! disk; lines are written meanwhile. When nothing can be written, the gateway is
//! told and refuses what must not go unrecorded.
//!
//! A segment is closed when it is full, once an hour, and when the server
//! ends; what it held is told to the control plane, which seals it by an act.

mod desk;
mod sealing;
mod used;
mod work;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use weir_control::service::Seal;
use weir_gateway::{DecisionIds, RecordQueue, Recorder};
use weir_store::segment::{Sealed, SegmentWriter};

use super::feed::{self, Feed, Progress};
use super::prompts::Prompts;
use desk::Desk;
use work::{Kept, Work};

pub(super) use sealing::seal;
pub(super) use used::used_assertions;

/// How long records gather before they are written together where nobody waits
/// for one: what a crash can lose of them.
const GATHER: Duration = Duration::from_millis(50);

/// How long it is until a disk that would take nothing is tried again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How records are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeping {
    /// When a segment is closed, in bytes.
    pub(super) roll_bytes: u64,
    /// When it is closed at the latest.
    pub(super) roll_after: Duration,
}

/// The threads that write.
pub(super) struct Writer {
    dir: PathBuf,
    progress: Arc<Progress>,
    queue: Arc<RecordQueue>,
    desk: Arc<Desk>,
    shared: Arc<Shared>,
    writing: JoinHandle<()>,
    syncing: JoinHandle<()>,
}

impl Writer {
    /// Starts them on a fresh segment of `dir`; the ids it returns are bound to
    /// that segment, and what is to be sealed comes out of the receiver.
    /// Exchanges are numbered behind all in `dir`, and behind `last_exchange`.
    pub(super) fn start(
        dir: &Path,
        keeping: Keeping,
        sealed: &Sealed,
        last_exchange: u64,
        prompts: Prompts,
        queue: Arc<RecordQueue>,
        registry: &mut Registry,
    ) -> Result<(Writer, DecisionIds, UnboundedReceiver<Seal>)> {
        let segments = SegmentWriter::open(dir, keeping.roll_bytes, sealed)?;
        let number = u32::try_from(segments.current().number).context("the folder has too many record files")?;
        // What a crash had torn was cut just now.
        queue.number_after(feed::last_seq(dir)?.max(last_exchange));
        let written = Counter::default();
        registry.register("weir_records_written", "Decision and exchange records on disk", written.clone());
        let unsketched = Counter::default();
        let help = "Exchanges recorded without a sketch of their texts, because too much waited";
        registry.register("weir_exchanges_unsketched", help, unsketched.clone());
        let progress = Arc::new(Progress::default());
        progress.reached(segments.current().number, 0);
        let (seals, to_seal) = unbounded_channel();
        let mut work = Work {
            segments,
            keeping,
            since: Instant::now(),
            queue: Arc::clone(&queue),
            written,
            seals,
            kept: Kept::default(),
            progress: Arc::clone(&progress),
        };
        work.hand_over_closed();
        let held = Held { work, hurries: false, is_syncing: false, ends: false };
        let shared = Arc::new(Shared { held: Mutex::new(held), stirred: Condvar::new() });
        let desk = Arc::new(Desk::new(Arc::clone(&queue), &shared, prompts, unsketched));
        let (writes, syncs, at) = (Arc::clone(&shared), Arc::clone(&shared), Arc::clone(&desk));
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.into()).spawn(run).context("cannot start the records' threads")
        };
        let writing = spawn("weir-records", Box::new(move || at.write(&writes)))?;
        let syncing = spawn("weir-sync", Box::new(move || sync(&syncs)))?;
        let dir = dir.to_owned();
        Ok((Writer { dir, progress, queue, desk, shared, writing, syncing }, DecisionIds::new(number), to_seal))
    }

    /// Where the gateway's records go.
    pub(super) fn recorder(&self) -> Arc<dyn Recorder> {
        Arc::clone(&self.desk) as _
    }

    /// Follows the exchanges behind `seq`.
    pub(super) fn exchanges_after(&self, seq: u64) -> Feed {
        Feed::after(&self.dir, Arc::clone(&self.progress), seq)
    }

    /// How far the records are durable.
    #[cfg(feature = "parquet")]
    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Writes what is left, closes the last segment and ends.
    pub(super) fn stop(self) {
        self.queue.close();
        // A panic in there was printed there; there is nothing to add.
        drop(self.writing.join());
        self.shared.lock().ends = true;
        self.shared.stirred.notify_all();
        drop(self.syncing.join());
        if let Some(shared) = Arc::into_inner(self.shared) {
            shared.held.into_inner().unwrap_or_else(PoisonError::into_inner).work.close();
        }
    }
}

/// What both threads share.
struct Shared {
    held: Mutex<Held>,
    stirred: Condvar,
}

struct Held {
    work: Work,
    /// A request waits for the disk.
    hurries: bool,
    /// The disk is at work on what was written.
    is_syncing: bool,
    /// No more is written.
    ends: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'h>(
        &self,
        held: MutexGuard<'h, Held>,
        patience: Duration,
        waits: impl FnMut(&mut Held) -> bool,
    ) -> MutexGuard<'h, Held> {
        self.stirred.wait_timeout_while(held, patience, waits).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Makes durable what was written, until nothing more is.
fn sync(shared: &Shared) {
    loop {
        let mut held = shared.lock();
        held = shared.wait(held, PATIENCE, |held| held.work.kept.lines.is_empty() && !held.hurries && !held.ends);
        if !held.work.kept.lines.is_empty() {
            held = shared.wait(held, GATHER, |held| !held.hurries && !held.ends);
        }
        let ends = held.ends;
        held.hurries = false;
        let begun = held.work.begin();
        held.is_syncing = begun.is_some();
        drop(held);
        let said = begun.as_ref().map(|begun| begun.syncing.sync());
        let mut held = shared.lock();
        held.is_syncing = false;
        if let (Some(begun), Some(said)) = (begun, said) {
            held.work.end(&begun, said);
        }
        held.work.roll_in_time();
        if ends {
            return;
        }
        if held.work.kept.has_failed {
            // Tried again after a while, whoever hurries.
            drop(shared.wait(held, PATIENCE, |held| !held.ends));
        }
    }
}
