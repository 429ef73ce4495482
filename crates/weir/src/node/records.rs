//! Records on their way to the disk. One thread takes what the gateway queued,
//! writes it as numbered JSON lines and makes it durable about twenty times a
//! second, or at once where a request waits for its record: the request path
//! never waits otherwise, and when nothing can be written, the gateway is told
//! and refuses what must not go unrecorded.
//!
//! A segment is closed when it is full, once an hour, and when the server
//! ends; what it held is told to the control plane, which seals it by an act.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use weir_acts::{State, Time};
use weir_control::service::{Control, Seal};
use weir_exchange::{Record, UsedAssertion};
use weir_gateway::{DecisionIds, RecordQueue, Taken};
use weir_store::segment::{Closed, Sealed, SegmentWriter, find, segments};

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

/// The thread that writes.
pub(super) struct Writer {
    dir: PathBuf,
    progress: Arc<Progress>,
    queue: Arc<RecordQueue>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts it on a fresh segment of `dir`; the ids it returns are bound to
    /// that segment, and what is to be sealed comes out of the receiver.
    pub(super) fn start(
        dir: &Path,
        keeping: Keeping,
        sealed: &Sealed,
        key: [u8; 16],
        queue: Arc<RecordQueue>,
        registry: &mut Registry,
    ) -> Result<(Writer, DecisionIds, UnboundedReceiver<Seal>)> {
        let segments = SegmentWriter::open(dir, keeping.roll_bytes, sealed)?;
        let number = u32::try_from(segments.current().number).context("the folder has too many record files")?;
        // What a crash had torn was cut just now.
        queue.number_after(feed::last_seq(dir)?);
        let written = Counter::default();
        registry.register("weir_records_written", "Decision and exchange records on disk", written.clone());
        let unsketched = Counter::default();
        let help = "Exchanges recorded without a sketch of their texts, because too much waited";
        registry.register("weir_exchanges_unsketched", help, unsketched.clone());
        let progress = Arc::new(Progress::default());
        progress.reached(segments.current().number, 0);
        let stopping = Arc::new(AtomicBool::new(false));
        let (seals, to_seal) = unbounded_channel();
        let mut work = Work {
            segments,
            keeping,
            since: Instant::now(),
            queue: Arc::clone(&queue),
            stopping: Arc::clone(&stopping),
            written,
            unsketched,
            seals,
            kept: Kept::default(),
            prompts: Prompts::new(key),
            progress: Arc::clone(&progress),
        };
        work.hand_over_closed();
        let thread = std::thread::Builder::new()
            .name("weir-records".into())
            .spawn(move || work.run())
            .context("cannot start the records' thread")?;
        let dir = dir.to_owned();
        Ok((Writer { dir, progress, queue, stopping, thread }, DecisionIds::new(number), to_seal))
    }

    /// Follows the exchanges behind `seq`.
    pub(super) fn exchanges_after(&self, seq: u64) -> Feed {
        Feed::after(&self.dir, Arc::clone(&self.progress), seq)
    }

    /// Writes what is left, closes the last segment and ends.
    pub(super) fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        self.queue.close();
        // A panic in there was printed there; there is nothing to add.
        drop(self.thread.join());
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

struct Work {
    segments: SegmentWriter,
    keeping: Keeping,
    /// When the current segment was begun.
    since: Instant,
    queue: Arc<RecordQueue>,
    stopping: Arc<AtomicBool>,
    written: Counter,
    unsketched: Counter,
    seals: UnboundedSender<Seal>,
    kept: Kept,
    prompts: Prompts,
    progress: Arc<Progress>,
}

/// Lines that are not on disk yet, and how many records they are.
#[derive(Default)]
struct Kept {
    lines: Vec<u8>,
    records: u64,
    has_failed: bool,
}

impl Work {
    fn run(mut self) {
        while let Some(Taken { mut records, said, before }) = self.queue.take(self.patience()) {
            self.prompts.take(said);
            for record in &mut records {
                if let Record::Exchange(exchange) = record {
                    self.prompts.complete(exchange);
                }
                match record.write_line(&mut self.kept.lines) {
                    Ok(()) => self.kept.records += 1,
                    Err(error) => tracing::error!(%error, "a record could not be written as JSON"),
                }
            }
            if self.flush() {
                self.queue.written(before);
            }
            // Only now: somebody may have waited for the disk.
            self.prompts.read_rest();
            self.unsketched.inc_by(self.queue.take_unsketched());
            let is_stopping = self.stopping.load(Ordering::Acquire);
            if is_stopping && self.kept.has_failed {
                tracing::error!(records = self.kept.records, "stopped with records that no disk would take");
                break;
            }
            self.roll_in_time();
            if !is_stopping && !records.is_empty() {
                self.queue.gather(GATHER);
            }
        }
        self.flush();
        self.progress.end();
        let unkept = self.queue.take_unkept();
        let closed = self.segments.close();
        let last = closed.len().saturating_sub(1);
        for (place, closed) in closed.into_iter().enumerate() {
            let unkept = if place == last { unkept } else { 0 };
            hand_over(&self.seals, Seal { closed, unkept });
        }
    }

    fn patience(&self) -> Duration {
        if self.kept.has_failed { PATIENCE } else { GATHER }
    }

    /// Puts the kept lines on disk, or tells the gateway that it cannot.
    fn flush(&mut self) -> bool {
        if self.kept.lines.is_empty() {
            return true;
        }
        let put = self.segments.append(&self.kept.lines);
        self.hand_over_closed();
        match put {
            Ok(()) => {
                self.progress.reached(self.segments.current().number, self.segments.durable_bytes());
                self.written.inc_by(self.kept.records);
                if self.kept.has_failed {
                    self.queue.set_failed(false);
                    tracing::info!("records are written again");
                }
                // One busy moment must not hold its memory for ever.
                self.kept.lines.clear();
                self.kept.lines.shrink_to(1 << 20);
                self.kept.records = 0;
                self.kept.has_failed = false;
            }
            Err(error) => {
                if !self.kept.has_failed {
                    self.queue.set_failed(true);
                    tracing::error!(%error, "records cannot be written: restricted models refuse until they can");
                }
                self.kept.has_failed = true;
            }
        }
        !self.kept.has_failed
    }

    fn roll_in_time(&mut self) {
        if self.since.elapsed() < self.keeping.roll_after {
            return;
        }
        self.since = Instant::now();
        if let Err(error) = self.segments.roll() {
            tracing::error!(%error, "the hour's segment could not be closed; it is tried again");
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
}

fn hand_over(seals: &UnboundedSender<Seal>, seal: Seal) {
    let Seal { closed: Closed { number, .. }, .. } = seal;
    if seals.send(seal).is_err() {
        tracing::error!(segment = number, "nobody seals a segment any more; the next start does");
    }
}
