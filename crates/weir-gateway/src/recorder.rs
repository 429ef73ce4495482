//! Where records go: a bounded queue between the request path and a writer
//! that is nobody's business here. Bounded, because a writer that stands still
//! must not fill the memory; and what then happens is a matter of the stage.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use weir_acts::Time;
use weir_acts::id::AccountId;
use weir_exchange::{DecisionId, DecisionRecord, ExchangeRecord, Record};
use weir_wire::Api;

use crate::answer::may_shed;

/// The record cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("records cannot be written fast enough, or not at all")]
pub struct Unavailable;

/// Where a record stands among those that were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u64);

/// Ends once a record is on the disk for good, or cannot be brought there. May be
/// asked again after it has ended.
pub enum UntilDurable {
    /// What came of it, which is mostly known at once.
    Known(Result<(), Unavailable>),
    /// Something has to be waited for.
    Waits(Pin<Box<dyn Future<Output = Result<(), Unavailable>> + Send>>),
}

impl Future for UntilDurable {
    type Output = Result<(), Unavailable>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Unavailable>> {
        let said = match &mut *self {
            UntilDurable::Known(said) => *said,
            UntilDurable::Waits(waits) => std::task::ready!(waits.as_mut().poll(cx)),
        };
        *self = UntilDurable::Known(said);
        Poll::Ready(said)
    }
}

/// What a request said, on its way to be sketched: its body as it was read, and
/// not copied. The request path looks no further into it.
#[derive(Debug, Clone)]
pub struct Said {
    /// By which it is to be read.
    pub api: Api,
    /// The body.
    pub body: Bytes,
    /// Under whose key its texts are kept and until when, where the rules that
    /// permit it say that they are.
    pub keep_text: Option<KeepText>,
}

/// The longest body that is read while a request waits, in bytes: as long as
/// what is looked at of one text.
const LIGHT: usize = 8 << 10;

impl Said {
    /// Whether reading it takes so long, or sealing it might, that no request's
    /// thread should.
    #[must_use]
    pub fn is_heavy(&self) -> bool {
        self.body.len() > LIGHT || self.keep_text.is_some()
    }
}

/// That what a request said is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepText {
    /// Whose request it is.
    pub account: AccountId,
    /// Until when.
    pub until: Time,
}

/// Takes records off the request path. Must not block.
pub trait Recorder: Send + Sync + 'static {
    /// Takes a decision, and makes room for the exchange that comes of it
    /// where `owes_exchange`. What the request said comes with it, so that it
    /// is sketched while the answer is made and its memory let go.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn decide(&self, decision: DecisionRecord, owes_exchange: bool, said: Option<Said>) -> Result<Place, Unavailable>;

    /// Waits until the record at `place` is durable. Whoever waits hurries the
    /// writer; all that came meanwhile are made durable with it.
    fn until_durable(&self, place: Place) -> UntilDurable;

    /// Takes an exchange for which there is room, and numbers it.
    fn settle(&self, exchange: ExchangeRecord) -> Place;

    /// Waits until the record at `place` has been handed to the system, where
    /// the end of the process does it no harm.
    fn until_written(&self, place: Place) -> UntilDurable;
}

/// A bounded queue of records in memory. The writer takes everything at once
/// and is not woken for each, since waking a thread costs more than a record.
#[derive(Debug)]
pub struct RecordQueue {
    capacity: usize,
    held: Mutex<Held>,
    arrived: Condvar,
    /// Room for what requests said, in bytes.
    said_bytes: usize,
    has_failed: AtomicBool,
    /// Records that could not be taken.
    unkept: AtomicU64,
    /// Requests of which only the record was taken, not what they said.
    unsketched: AtomicU64,
    durable: watch::Sender<Durable>,
}

/// How far the writer is.
#[derive(Debug, Clone, Copy, Default)]
struct Durable {
    /// Every record before this place is on the disk.
    before: u64,
    /// Every record before this one has been handed to the system.
    written_before: u64,
    has_failed: bool,
}

#[derive(Debug, Default)]
struct Held {
    records: Vec<Record>,
    said: Vec<(DecisionId, Said)>,
    said_bytes: usize,
    /// What the last exchange was numbered.
    last_seq: u64,
    /// How many records were taken, ever.
    placed: u64,
    /// Somebody waits for a record to be durable.
    is_awaited: bool,
    /// Somebody waits for the disk, and not for the system alone.
    must_sync: bool,
    /// Exchanges for which there must be room.
    owed: usize,
    is_closed: bool,
}

impl Held {
    fn take(&mut self) -> Taken {
        self.is_awaited = false;
        self.said_bytes = 0;
        // About as many come again; growing would copy them several times.
        let records = Vec::with_capacity(self.records.len().min(1_024));
        let said = Vec::with_capacity(self.said.len().min(1_024));
        Taken {
            records: std::mem::replace(&mut self.records, records),
            said: std::mem::replace(&mut self.said, said),
            before: Place(self.placed),
            must_sync: std::mem::take(&mut self.must_sync),
        }
    }
}

/// What came since the writer looked last.
#[derive(Debug)]
pub struct Taken {
    /// The records, in order; exchanges among them in the order of their `seq`.
    pub records: Vec<Record>,
    /// What the requests of decisions among them said. It comes no later than
    /// the exchange that is owed, and an exchange is owed for each.
    pub said: Vec<(DecisionId, Said)>,
    /// What to say to [`RecordQueue::handed_over`] and [`RecordQueue::written`].
    pub before: Place,
    /// Whether a request waits until they, or earlier ones, are durable.
    pub must_sync: bool,
}

/// Records that a request's thread writes at most.
const FEW: usize = 64;

/// Bytes of bodies that may wait to be sketched.
const SAID_BYTES: usize = 64 << 20;

impl RecordQueue {
    /// Room for `capacity` records, owed ones included.
    pub fn new(capacity: usize) -> RecordQueue {
        RecordQueue {
            capacity,
            said_bytes: SAID_BYTES,
            unsketched: AtomicU64::new(0),
            held: Mutex::default(),
            arrived: Condvar::new(),
            has_failed: AtomicBool::new(false),
            unkept: AtomicU64::new(0),
            durable: watch::Sender::new(Durable::default()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that came, or nothing after `patience`; none once the queue
    /// is closed and empty. Called by the writer between its own pauses.
    pub fn take(&self, patience: Duration) -> Option<Taken> {
        let mut held = self.wait_for_some(patience);
        if held.records.is_empty() && held.is_closed && !held.must_sync {
            return None;
        }
        Some(held.take())
    }

    /// Waits until there is something to take, but no longer than `patience`.
    pub fn wait(&self, patience: Duration) {
        drop(self.wait_for_some(patience));
    }

    fn wait_for_some(&self, patience: Duration) -> MutexGuard<'_, Held> {
        let empty = |held: &mut Held| held.records.is_empty() && !held.is_closed && !held.must_sync;
        self.arrived.wait_timeout_while(self.lock(), patience, empty).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Everything that came, where it is quickly written: nobody waits for the
    /// disk, it is not much, and no exchange among it is of a request that said
    /// something heavy, here or, as `is_heavy` knows, in what was taken before.
    pub fn take_light(&self, is_heavy: impl Fn(DecisionId) -> bool) -> Option<Taken> {
        let mut held = self.lock();
        if held.must_sync || held.is_closed || held.records.is_empty() || held.records.len() > FEW {
            return None;
        }
        let waits = |id| held.said.iter().any(|(of, said)| *of == id && said.is_heavy());
        let heavy = |record: &Record| match record {
            Record::Exchange(exchange) => waits(exchange.id) || is_heavy(exchange.id),
            Record::Decision(_) => false,
        };
        if held.records.iter().any(heavy) {
            return None;
        }
        Some(held.take())
    }

    /// Exchanges are numbered from the one after `last` on. Called before any
    /// comes.
    pub fn number_after(&self, last: u64) {
        self.lock().last_seq = last;
    }

    /// Lets records gather for `pause`, unless somebody waits for one.
    pub fn gather(&self, pause: Duration) {
        let held = self.lock();
        let idle = |held: &mut Held| !held.is_awaited && !held.is_closed;
        drop(self.arrived.wait_timeout_while(held, pause, idle).unwrap_or_else(PoisonError::into_inner));
    }

    /// Every record taken together with `before`, or earlier, is durable.
    pub fn written(&self, before: Place) {
        self.durable.send_modify(|durable| {
            durable.before = durable.before.max(before.0);
            durable.written_before = durable.written_before.max(before.0);
        });
    }

    /// Whether the record at `place` has been handed to the system.
    pub fn is_written(&self, place: Place) -> bool {
        self.durable.borrow().written_before > place.0
    }

    /// Every record taken together with `before`, or earlier, has been handed
    /// to the system.
    pub fn handed_over(&self, before: Place) {
        self.durable.send_modify(|durable| durable.written_before = durable.written_before.max(before.0));
    }

    /// How many records could not be taken since it was asked last.
    pub fn take_unkept(&self) -> u64 {
        self.unkept.swap(0, Ordering::Relaxed)
    }

    /// How many requests were recorded without what they said, since it was
    /// asked last.
    pub fn take_unsketched(&self) -> u64 {
        self.unsketched.swap(0, Ordering::Relaxed)
    }

    /// The writer cannot write (`true`), or can again.
    pub fn set_failed(&self, has_failed: bool) {
        self.has_failed.store(has_failed, Ordering::Relaxed);
        self.durable.send_modify(|durable| durable.has_failed = has_failed);
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

impl RecordQueue {
    /// Hurries the writer, and waits for what it will say.
    fn until(&self, must_sync: bool, is_so: impl Fn(&Durable) -> bool + Send + Sync + 'static) -> UntilDurable {
        if is_so(&self.durable.borrow()) {
            return UntilDurable::Known(Ok(()));
        }
        let mut durable = self.durable.subscribe();
        let mut held = self.lock();
        held.must_sync |= must_sync;
        if !held.is_awaited {
            held.is_awaited = true;
            self.arrived.notify_all();
        }
        drop(held);
        UntilDurable::Waits(Box::pin(async move {
            match durable.wait_for(|durable| is_so(durable) || durable.has_failed).await {
                Ok(durable) if is_so(&durable) => Ok(()),
                // The writer cannot write, or is gone.
                _ => Err(Unavailable),
            }
        }))
    }

    fn place(&self, decision: DecisionRecord, owes_exchange: bool, said: Option<Said>) -> Option<Place> {
        if self.has_failed.load(Ordering::Relaxed) {
            return None;
        }
        let mut held = self.lock();
        let needed = 1 + usize::from(owes_exchange);
        if held.is_closed || held.records.len() + held.owed + needed > self.capacity {
            return None;
        }
        if let Some(said) = said.filter(|_| owes_exchange) {
            // One alone always has room, however large bodies may be.
            let fits = held.said_bytes == 0 || held.said_bytes + said.body.len() <= self.said_bytes;
            match fits {
                true => {
                    held.said_bytes += said.body.len();
                    held.said.push((decision.id, said));
                }
                false if may_shed(decision.stage) => {
                    self.unsketched.fetch_add(1, Ordering::Relaxed);
                }
                false => return None,
            }
        }
        held.owed += usize::from(owes_exchange);
        held.records.push(Record::Decision(decision));
        let place = Place(held.placed);
        held.placed += 1;
        Some(place)
    }
}

impl Recorder for RecordQueue {
    fn decide(&self, decision: DecisionRecord, owes_exchange: bool, said: Option<Said>) -> Result<Place, Unavailable> {
        self.place(decision, owes_exchange, said).ok_or_else(|| {
            self.unkept.fetch_add(1, Ordering::Relaxed);
            Unavailable
        })
    }

    fn until_durable(&self, place: Place) -> UntilDurable {
        self.until(true, move |durable| durable.before > place.0)
    }

    fn until_written(&self, place: Place) -> UntilDurable {
        self.until(false, move |durable| durable.written_before > place.0)
    }

    fn settle(&self, mut exchange: ExchangeRecord) -> Place {
        let mut held = self.lock();
        held.owed = held.owed.saturating_sub(1);
        held.last_seq += 1;
        exchange.seq = held.last_seq;
        held.records.push(Record::Exchange(exchange));
        let place = Place(held.placed);
        held.placed += 1;
        place
    }
}

#[cfg(test)]
mod tests;
