//! Who writes. Waking the writer's thread for a record, and the request's thread
//! again when it is written, costs several times what writing it does. So a
//! request that waits for its record writes what waits itself, on its own thread,
//! where that is quickly done: nobody else is writing, what is to be read of
//! bodies is short, and the disk is not at work on the file, which it could make
//! a writer wait for. What other requests of its thread settled meanwhile goes with
//! it, by the one call to the system. In every other case the writer's thread does
//! it, so that no request's thread ever waits for a disk or a long text.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use weir_exchange::{DecisionRecord, ExchangeRecord, Record};
use weir_gateway::{Place, RecordQueue, Recorder, Said, Taken, Unavailable, UntilDurable};

use super::{GATHER, Held, Shared};
use crate::node::prompts::Prompts;

/// Where records are written, by whoever holds the pen.
pub(super) struct Desk {
    queue: Arc<RecordQueue>,
    /// None once the writer has ended, which the gateway may outlive.
    shared: Weak<Shared>,
    pen: Mutex<Pen>,
    unsketched: Counter,
}

struct Pen {
    prompts: Prompts,
    /// Kept for its memory alone.
    lines: Vec<u8>,
}

impl Desk {
    pub(super) fn new(queue: Arc<RecordQueue>, shared: &Arc<Shared>, prompts: Prompts, unsketched: Counter) -> Desk {
        let pen = Mutex::new(Pen { prompts, lines: Vec::new() });
        Desk { queue, shared: Arc::downgrade(shared), pen, unsketched }
    }

    /// Writes what comes, until the queue is closed and empty.
    pub(super) fn write(&self, shared: &Shared) {
        loop {
            self.queue.wait(GATHER);
            // Taken by whoever holds the pen alone: records are written in the order in which they are taken.
            let mut pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(taken) = self.queue.take(Duration::ZERO) else { return };
            let has_come = !taken.records.is_empty();
            let rendered = pen.render(taken);
            shared.append(shared.lock(), rendered, &pen.lines);
            // Only now: somebody may have waited.
            pen.prompts.read_rest();
            // One busy moment must not hold its memory for ever.
            pen.lines.shrink_to(1 << 20);
            drop(pen);
            self.unsketched.inc_by(self.queue.take_unsketched());
            if has_come {
                self.queue.gather(GATHER);
            }
        }
    }

    /// Writes what waits, where that is quickly done.
    fn write_at_once(&self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let Ok(mut pen) = self.pen.try_lock() else { return };
        let Ok(held) = shared.held.try_lock() else { return };
        if held.is_syncing || held.work.kept.has_failed {
            return;
        }
        let Some(taken) = self.queue.take_light(|id| pen.prompts.is_heavy(id)) else { return };
        let rendered = pen.render(taken);
        shared.append(held, rendered, &pen.lines);
    }
}

/// What was rendered, beside the lines.
pub(super) struct Rendered {
    /// What the lines are.
    pub(super) records: Vec<Record>,
    pub(super) before: Place,
    pub(super) must_sync: bool,
}

impl Pen {
    /// Sketches what was said and renders the lines.
    fn render(&mut self, taken: Taken) -> Rendered {
        let Taken { mut records, said, before, must_sync } = taken;
        self.prompts.take(said);
        self.lines.clear();
        records.retain_mut(|record| {
            if let Record::Exchange(exchange) = record {
                self.prompts.complete(exchange);
            }
            let written = record.write_line(&mut self.lines);
            if let Err(error) = &written {
                tracing::error!(%error, "a record could not be written as JSON");
            }
            written.is_ok()
        });
        Rendered { records, before, must_sync }
    }
}

impl Shared {
    /// Writes lines behind those that are there, and has them made durable.
    fn append(&self, mut held: MutexGuard<'_, Held>, rendered: Rendered, lines: &[u8]) {
        let Rendered { records, before, must_sync } = rendered;
        let was_idle = held.work.kept.lines.is_empty();
        held.work.add(records, lines, before);
        held.hurries |= must_sync;
        drop(held);
        if must_sync || (was_idle && !lines.is_empty()) {
            self.stirred.notify_all();
        }
    }
}

impl Recorder for Desk {
    fn decide(&self, decision: DecisionRecord, owes_exchange: bool, said: Option<Said>) -> Result<Place, Unavailable> {
        self.queue.decide(decision, owes_exchange, said)
    }

    fn until_durable(&self, place: Place) -> UntilDurable {
        self.queue.until_durable(place)
    }

    fn settle(&self, exchange: ExchangeRecord) -> Place {
        self.queue.settle(exchange)
    }

    fn until_written(&self, place: Place) -> UntilDurable {
        if !self.queue.is_written(place) {
            self.write_at_once();
        }
        self.queue.until_written(place)
    }
}

#[cfg(test)]
mod tests;
