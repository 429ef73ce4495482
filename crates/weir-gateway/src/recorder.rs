//! Where records go: a bounded queue between the request path and a writer
//! that is nobody's business here. Bounded, because a writer that stands still
//! must not fill the memory; and what then happens is a matter of the stage.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use weir_exchange::{DecisionRecord, ExchangeRecord, Record};

/// The record cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("records cannot be written fast enough, or not at all")]
pub struct Unavailable;

/// Takes records off the request path. Must not block.
pub trait Recorder: Send + Sync + 'static {
    /// Takes a decision, and makes room for the exchange that comes of it
    /// where `owes_exchange`.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn decide(&self, decision: DecisionRecord, owes_exchange: bool) -> Result<(), Unavailable>;

    /// Takes an exchange for which there is room.
    fn settle(&self, exchange: ExchangeRecord);
}

/// A bounded queue of records in memory. The writer takes everything at once
/// and is not woken for each, since waking a thread costs more than a record.
#[derive(Debug)]
pub struct RecordQueue {
    capacity: usize,
    held: Mutex<Held>,
    arrived: Condvar,
    has_failed: AtomicBool,
}

#[derive(Debug, Default)]
struct Held {
    records: Vec<Record>,
    /// Exchanges for which there must be room.
    owed: usize,
    is_closed: bool,
}

impl RecordQueue {
    /// Room for `capacity` records, owed ones included.
    pub fn new(capacity: usize) -> RecordQueue {
        RecordQueue { capacity, held: Mutex::default(), arrived: Condvar::new(), has_failed: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that came, or nothing after `patience`; none once the queue
    /// is closed and empty. Called by the writer between its own pauses.
    pub fn take(&self, patience: Duration) -> Option<Vec<Record>> {
        let held = self.lock();
        let empty = |held: &mut Held| held.records.is_empty() && !held.is_closed;
        let (mut held, _) =
            self.arrived.wait_timeout_while(held, patience, empty).unwrap_or_else(PoisonError::into_inner);
        if held.records.is_empty() && held.is_closed {
            return None;
        }
        Some(std::mem::take(&mut held.records))
    }

    /// The writer cannot write (`true`), or can again.
    pub fn set_failed(&self, has_failed: bool) {
        self.has_failed.store(has_failed, Ordering::Relaxed);
    }

    /// No more comes.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_all();
    }

    /// How many records wait.
    pub fn len(&self) -> usize {
        self.lock().records.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Recorder for RecordQueue {
    fn decide(&self, decision: DecisionRecord, owes_exchange: bool) -> Result<(), Unavailable> {
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(Unavailable);
        }
        let mut held = self.lock();
        let needed = 1 + usize::from(owes_exchange);
        if held.is_closed || held.records.len() + held.owed + needed > self.capacity {
            return Err(Unavailable);
        }
        held.owed += usize::from(owes_exchange);
        held.records.push(Record::Decision(decision));
        Ok(())
    }

    fn settle(&self, exchange: ExchangeRecord) {
        let mut held = self.lock();
        held.owed = held.owed.saturating_sub(1);
        held.records.push(Record::Exchange(exchange));
    }
}
