//! Records on their way to the disk. One thread takes what the gateway queued,
//! writes it as JSON lines and syncs about twenty times a second: the request
//! path never waits for it, and when it cannot write, the gateway is told and
//! refuses what must not go unrecorded.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use weir_gateway::{DecisionIds, RecordQueue};
use weir_store::FolderError;
use weir_store::segment::SegmentWriter;

/// How long records gather before they are written together. Nobody is woken
/// for the first one, so that this is also how long it waits at most.
const GATHER: Duration = Duration::from_millis(50);

/// How long it is until a disk that would take nothing is tried again.
const PATIENCE: Duration = Duration::from_secs(1);

/// The thread that writes.
pub(super) struct Writer {
    queue: Arc<RecordQueue>,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts it on a fresh segment of `dir`; the ids it returns are bound to
    /// that segment.
    pub(super) fn start(
        dir: &Path,
        roll_bytes: u64,
        queue: Arc<RecordQueue>,
        registry: &mut Registry,
    ) -> Result<(Writer, DecisionIds)> {
        let segments = SegmentWriter::open(dir, roll_bytes)?;
        let number = u32::try_from(segments.current().number).context("the folder has too many record files")?;
        let written = Counter::default();
        registry.register("weir_records_written", "Decision and exchange records on disk", written.clone());
        let stopping = Arc::new(AtomicBool::new(false));
        let work = Work {
            segments,
            queue: Arc::clone(&queue),
            stopping: Arc::clone(&stopping),
            written,
            kept: Kept::default(),
        };
        let thread = std::thread::Builder::new()
            .name("weir-records".into())
            .spawn(move || work.run())
            .context("cannot start the records' thread")?;
        Ok((Writer { queue, stopping, thread }, DecisionIds::new(number)))
    }

    /// Writes what is left and ends.
    pub(super) fn stop(self) {
        self.stopping.store(true, Ordering::Release);
        self.queue.close();
        // A panic in there was printed there; there is nothing to add.
        drop(self.thread.join());
    }
}

struct Work {
    segments: SegmentWriter,
    queue: Arc<RecordQueue>,
    stopping: Arc<AtomicBool>,
    written: Counter,
    kept: Kept,
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
        while let Some(records) = self.queue.take(self.patience()) {
            for record in &records {
                match record.write_line(&mut self.kept.lines) {
                    Ok(()) => self.kept.records += 1,
                    Err(error) => tracing::error!(%error, "a record could not be written as JSON"),
                }
            }
            self.flush();
            let is_stopping = self.stopping.load(Ordering::Acquire);
            if is_stopping && self.kept.has_failed {
                tracing::error!(records = self.kept.records, "stopped with records that no disk would take");
                return;
            }
            if !is_stopping && !records.is_empty() {
                std::thread::sleep(GATHER);
            }
        }
        self.flush();
    }

    fn patience(&self) -> Duration {
        if self.kept.has_failed { PATIENCE } else { GATHER }
    }

    /// Puts the kept lines on disk, or tells the gateway that it cannot.
    fn flush(&mut self) {
        if self.kept.lines.is_empty() {
            return;
        }
        match self.put() {
            Ok(()) => {
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
    }

    fn put(&mut self) -> Result<(), FolderError> {
        let appended = self.segments.append(&self.kept.lines)?;
        if let Some(closed) = appended.closed {
            tracing::debug!(segment = closed.number, "a file of records was closed");
        }
        self.segments.sync()
    }
}
