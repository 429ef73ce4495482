//! Lines from the moment they are rendered to the moment they are durable, and
//! the segments they go to.

use std::sync::Arc;
use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc::UnboundedSender;
use weir_control::service::Seal;
use weir_exchange::Record;
use weir_gateway::{Place, RecordQueue};
use weir_store::FolderError;
use weir_store::segment::{SegmentWriter, Syncing};

use super::Keeping;
use super::sealing::hand_over;
use crate::node::feed::Progress;

/// What is being written.
pub(super) struct Work {
    pub(super) segments: SegmentWriter,
    pub(super) keeping: Keeping,
    /// When the current segment was begun.
    pub(super) since: Instant,
    pub(super) queue: Arc<RecordQueue>,
    pub(super) written: Counter,
    pub(super) seals: UnboundedSender<Seal>,
    pub(super) kept: Kept,
    pub(super) progress: Arc<Progress>,
}

/// Lines that are not durable yet, and how many records they are.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) lines: Vec<u8>,
    pub(super) records: u64,
    /// How many bytes of them are written.
    written: usize,
    /// The end of the records whose lines these are.
    pub(super) before: Option<Place>,
    /// Counts the times that all of them had to be written anew.
    round: u64,
    pub(super) has_failed: bool,
}

/// Lines on their way to the disk.
pub(super) struct Begun {
    pub(super) syncing: Syncing,
    bytes: usize,
    records: u64,
    before: Option<Place>,
    round: u64,
}

impl Work {
    /// Takes records and their lines, and writes them, unless nothing can be
    /// written.
    pub(super) fn add(&mut self, records: Vec<Record>, lines: &[u8], before: Place) {
        let kept = &mut self.kept;
        let are_all = kept.written == kept.lines.len();
        kept.lines.extend_from_slice(lines);
        kept.records += records.len() as u64;
        kept.before = Some(before);
        if kept.has_failed {
            return;
        }
        let begun = (self.segments.current().number, self.segments.written_bytes());
        if self.write() && are_all {
            let segment = self.segments.current().number;
            let from = if segment == begun.0 { begun.1 } else { 0 };
            self.progress.wrote(segment, from, self.segments.written_bytes(), records);
        }
    }

    /// Writes what is not written, or tells the gateway that it cannot. Says
    /// whether anything was written.
    fn write(&mut self) -> bool {
        let Some(lines) = self.kept.lines.get(self.kept.written..).filter(|lines| !lines.is_empty()) else { return false };
        let put = self.segments.write(lines);
        self.hand_over_closed();
        match put {
            Ok(()) => {
                self.kept.written = self.kept.lines.len();
                if let Some(before) = self.kept.before.filter(|_| !self.kept.has_failed) {
                    self.queue.handed_over(before);
                }
                true
            }
            Err(error) => {
                self.fail(&error);
                false
            }
        }
    }

    pub(super) fn begin(&mut self) -> Option<Begun> {
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

    pub(super) fn end(&mut self, begun: &Begun, said: std::io::Result<()>) {
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
        // One busy moment must not hold its memory for ever; as much comes again, though.
        self.kept.lines.shrink_to((4 * bytes).max(1 << 20));
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
        self.progress.undone();
        if !self.kept.has_failed {
            self.queue.set_failed(true);
            tracing::error!(%error, "records cannot be written: restricted models refuse until they can");
        }
        self.kept.has_failed = true;
    }

    pub(super) fn roll_in_time(&mut self) {
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

    pub(super) fn hand_over_closed(&mut self) {
        for closed in self.segments.take_closed() {
            self.since = Instant::now();
            let unkept = if closed.recovered { 0 } else { self.queue.take_unkept() };
            hand_over(&self.seals, Seal { closed, unkept });
        }
    }

    /// Closes the last segment.
    pub(super) fn close(self) {
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
