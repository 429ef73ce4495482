//! Records on their way to the disk. One thread takes what the gateway queued,
//! sketches what requests said, and writes it as numbered JSON lines as soon as
//! an answer waits for its record, and every 50 ms else: from there on the end of
//! the process does a record no harm. Another thread makes durable what was
//! written, about twenty times a second, or at once where a request waits for the
//! disk; lines are written meanwhile. When nothing can be written, the gateway is
//! told and refuses what must not go unrecorded.
//!
//! A segment is closed when it is full, once an hour, and when the server
//! ends; what it held is told to the control plane, which seals it by an act.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use weir_acts::{State, Time};
use weir_control::service::{Control, Seal};
use weir_exchange::{Record, UsedAssertion};
use weir_gateway::{DecisionIds, Place, RecordQueue, Taken};
use weir_store::FolderError;
use weir_store::segment::{Closed, Sealed, SegmentWriter, Syncing, find, segments};

use super::feed::{self, Feed, Progress};
use super::prompts::Prompts;

/// How long records gather before they are written together where nobody waits
/// for one: what a crash can lose of them.
const GATHER: Duration = Duration::from_millis(50);

/// How long it is until a disk that would take nothing is tried again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long until a seal that was refused is tried again.
const SEAL_AGAIN: Duration = Duration::from_secs(1);

/// Assertions hold an hour at most; twice that is long ago, whatever the
/// issuer's clock says.
const LONGEST_HELD: i64 = 2 * 3_600 * 1_000;

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
        let shared = Arc::new(Shared { held: Mutex::new(Held { work, hurries: false, ends: false }), stirred: Condvar::new() });
        let (writes, syncs, queued) = (Arc::clone(&shared), Arc::clone(&shared), Arc::clone(&queue));
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.into()).spawn(run).context("cannot start the records' threads")
        };
        let writing = spawn("weir-records", Box::new(move || write(&queued, &writes, prompts, &unsketched)))?;
        let syncing = spawn("weir-sync", Box::new(move || sync(&syncs)))?;
        let dir = dir.to_owned();
        Ok((Writer { dir, progress, queue, shared, writing, syncing }, DecisionIds::new(number), to_seal))
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

/// Seals closed segments, one after the other, until the last.
pub(super) async fn seal(control: Control, mut to_seal: UnboundedReceiver<Seal>) {
    while let Some(seal) = to_seal.recv().await {
        let name = weir_store::segment::file_name(seal.closed.number);
        if seal.closed.recovered {
            let cut = seal.closed.cut;
            tracing::warn!(segment = name, cut, "a segment that a crash left open was recovered");
        }
        let mut has_failed = false;
        while let Err(error) = control.seal_records(seal.clone()).await {
            if control.is_stopping() || has_failed && to_seal.is_closed() {
                tracing::error!(segment = name, %error, "a segment was not sealed; the next start seals it");
                break;
            }
            if !has_failed {
                tracing::error!(segment = name, %error, "a segment could not be sealed; it is tried again");
            }
            has_failed = true;
            tokio::time::sleep(SEAL_AGAIN).await;
        }
    }
}

/// Assertions that were used and still hold, of those that hold once, as the
/// records tell. Read only where an issuer's do.
pub(super) fn used_assertions(dir: &Path, state: &State, now: Time) -> Result<Vec<UsedAssertion>> {
    let mut used = Vec::new();
    if !state.issuers.values().any(|issuer| issuer.single_use) {
        return Ok(used);
    }
    let long_ago = now.plus_millis(-LONGEST_HELD);
    for segment in segments(dir)?.into_iter().rev() {
        if state.segments.get(&segment.number).is_some_and(|sealed| sealed.at < long_ago) {
            break;
        }
        find(dir, segment.number, |line| {
            // Most lines tell of none, and are not read further.
            if std::str::from_utf8(line).is_ok_and(|line| line.contains("\"assertion\":{")) {
                let told = serde_json::from_slice::<Told>(line).ok();
                used.extend(told.map(|told| told.assertion).filter(|assertion| now < assertion.expires));
            }
            None::<()>
        })?;
    }
    Ok(used)
}

#[derive(serde::Deserialize)]
struct Told {
    assertion: UsedAssertion,
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

/// Takes what comes and writes it, until the queue is closed and empty.
fn write(queue: &RecordQueue, shared: &Shared, mut prompts: Prompts, unsketched: &Counter) {
    let mut lines = Vec::new();
    while let Some(Taken { mut records, said, before, must_sync }) = queue.take(GATHER) {
        prompts.take(said);
        lines.clear();
        let mut count = 0;
        for record in &mut records {
            if let Record::Exchange(exchange) = record {
                prompts.complete(exchange);
            }
            match record.write_line(&mut lines) {
                Ok(()) => count += 1,
                Err(error) => tracing::error!(%error, "a record could not be written as JSON"),
            }
        }
        let mut held = shared.lock();
        let was_idle = held.work.kept.lines.is_empty();
        held.work.kept.lines.extend_from_slice(&lines);
        held.work.kept.records += count;
        held.work.kept.before = Some(before);
        if !held.work.kept.has_failed {
            held.work.write();
        }
        held.hurries |= must_sync;
        drop(held);
        if must_sync || (was_idle && !lines.is_empty()) {
            shared.stirred.notify_all();
        }
        // Only now: somebody may have waited.
        prompts.read_rest();
        unsketched.inc_by(queue.take_unsketched());
        // One busy moment must not hold its memory for ever.
        lines.shrink_to(1 << 20);
        if !records.is_empty() {
            queue.gather(GATHER);
        }
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
        drop(held);
        let said = begun.as_ref().map(|begun| begun.syncing.sync());
        let mut held = shared.lock();
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

struct Work {
    segments: SegmentWriter,
    keeping: Keeping,
    /// When the current segment was begun.
    since: Instant,
    queue: Arc<RecordQueue>,
    written: Counter,
    seals: UnboundedSender<Seal>,
    kept: Kept,
    progress: Arc<Progress>,
}

/// Lines that are not durable yet, and how many records they are.
#[derive(Default)]
struct Kept {
    lines: Vec<u8>,
    records: u64,
    /// How many bytes of them are written.
    written: usize,
    /// The end of the records whose lines these are.
    before: Option<Place>,
    /// Counts the times that all of them had to be written anew.
    round: u64,
    has_failed: bool,
}

/// Lines on their way to the disk.
struct Begun {
    syncing: Syncing,
    bytes: usize,
    records: u64,
    before: Option<Place>,
    round: u64,
}

impl Work {
    /// Writes what is not written, or tells the gateway that it cannot.
    fn write(&mut self) {
        let Some(lines) = self.kept.lines.get(self.kept.written..).filter(|lines| !lines.is_empty()) else { return };
        let put = self.segments.write(lines);
        self.hand_over_closed();
        match put {
            Ok(()) => {
                self.kept.written = self.kept.lines.len();
                if let Some(before) = self.kept.before.filter(|_| !self.kept.has_failed) {
                    self.queue.handed_over(before);
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    fn begin(&mut self) -> Option<Begun> {
        self.write();
        let Kept { written: bytes, records, before, round, .. } = self.kept;
        match self.segments.begin_sync() {
            Ok(syncing) => syncing.map(|syncing| Begun { syncing, bytes, records, before, round }),
            Err(error) => {
                self.fail(&error);
                None
            }
        }
    }

    fn end(&mut self, begun: &Begun, said: std::io::Result<()>) {
        if self.kept.round != begun.round {
            // A write failed meanwhile, and all of them are written anew.
            return;
        }
        match self.segments.end_sync(&begun.syncing, said) {
            Ok(()) => {
                self.are_durable(begun.bytes, begun.records, begun.before);
                if self.segments.is_full() {
                    self.roll();
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    /// The first of what is kept need not be kept any more.
    fn are_durable(&mut self, bytes: usize, records: u64, before: Option<Place>) {
        self.progress.reached(self.segments.current().number, self.segments.durable_bytes());
        self.written.inc_by(records);
        self.kept.lines.drain(..bytes);
        // One busy moment must not hold its memory for ever.
        self.kept.lines.shrink_to(1 << 20);
        self.kept.written -= bytes;
        self.kept.records -= records;
        if std::mem::take(&mut self.kept.has_failed) {
            self.queue.set_failed(false);
            tracing::info!("records are written again");
        }
        if let Some(before) = before {
            self.queue.written(before);
        }
    }

    /// Nothing of what is kept counts as written any more.
    fn fail(&mut self, error: &FolderError) {
        self.kept.written = 0;
        self.kept.round += 1;
        if !self.kept.has_failed {
            self.queue.set_failed(true);
            tracing::error!(%error, "records cannot be written: restricted models refuse until they can");
        }
        self.kept.has_failed = true;
    }

    fn roll_in_time(&mut self) {
        if self.since.elapsed() >= self.keeping.roll_after && !self.kept.has_failed {
            self.since = Instant::now();
            self.roll();
        }
    }

    /// Closes the segment, once all that is written in it is durable.
    fn roll(&mut self) {
        let Kept { written, records, before, .. } = self.kept;
        if written < self.kept.lines.len() {
            // What a failure left is written first; the next sync looks again.
            return;
        }
        if let Err(error) = self.segments.sync() {
            return self.fail(&error);
        }
        if written > 0 {
            self.are_durable(written, records, before);
        }
        if let Err(error) = self.segments.roll() {
            tracing::error!(%error, "a segment could not be closed; it is tried again");
        }
        self.hand_over_closed();
    }

    fn hand_over_closed(&mut self) {
        for closed in self.segments.take_closed() {
            self.since = Instant::now();
            let unkept = if closed.recovered { 0 } else { self.queue.take_unkept() };
            hand_over(&self.seals, Seal { closed, unkept });
        }
    }

    /// Closes the last segment.
    fn close(self) {
        if self.kept.has_failed {
            tracing::error!(records = self.kept.records, "stopped with records that no disk would take");
        }
        self.progress.end();
        let unkept = self.queue.take_unkept();
        let closed = self.segments.close();
        let last = closed.len().saturating_sub(1);
        for (place, closed) in closed.into_iter().enumerate() {
            let unkept = if place == last { unkept } else { 0 };
            hand_over(&self.seals, Seal { closed, unkept });
        }
    }
}

fn hand_over(seals: &UnboundedSender<Seal>, seal: Seal) {
    let Seal { closed: Closed { number, .. }, .. } = seal;
    if seals.send(seal).is_err() {
        tracing::error!(segment = number, "nobody seals a segment any more; the next start does");
    }
}
