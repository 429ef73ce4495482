//! The last door before a client's socket. Every connection has one gate, and
//! every byte written to that connection's socket passes it under its lock, so
//! that a sweep which takes the lock knows for certain: what of an answer was
//! handed to the socket, what is still held by Weir, and that nothing of a
//! denied answer follows.
//!
//! An answer is *dirty* from the moment a part of it is given to the HTTP
//! layer until that layer has written out everything it held. A clean answer
//! that is denied gets a proper ending in the API's own shape; a dirty one can
//! only be severed: its bytes lie where they cannot be told apart any more.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use crate::flight::{Cut, Ticket};

#[cfg(test)]
mod tests;

/// How long one tick of a worker's deadlines is.
pub(crate) const TICK: Duration = Duration::from_millis(100);

const NEVER: u64 = u64::MAX;

/// The gate of one client connection.
#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<State>,
    /// Whether `state` holds a cut, for a look without the lock.
    is_cut: AtomicBool,
    /// Whether `state.severed`, for a look without the lock.
    is_severed: AtomicBool,
    /// Whether bytes were given to the HTTP layer since its last flush.
    holds_bytes: AtomicBool,
    /// Whether a request was read and its answer has not left.
    is_busy: AtomicBool,
    /// Whether no further request is to be taken.
    is_draining: AtomicBool,
    /// Whether the client is still sending what will not be read.
    lingers: AtomicBool,
    /// The worker's tick at which the present wait is over.
    deadline: AtomicU64,
    /// The tick at which a blocked write is given up.
    write_deadline: AtomicU64,
    /// Whether `deadline` passed.
    is_overdue: AtomicBool,
    ticks: Arc<Ticks>,
    write_timeout: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// Nothing more may be written.
    severed: bool,
    /// The socket is gone.
    closed: bool,
    /// The task that drives the connection.
    waker: Option<Waker>,
    /// The request being answered, by its number.
    flight: Option<u64>,
    /// A part of its answer was given to the HTTP layer and not yet flushed.
    dirty: bool,
    /// Whether the task is to be woken when nothing is dirty any more.
    awaits_flush: bool,
    /// Why its answer is denied.
    cut: Option<Arc<Cut>>,
    /// Answered requests whose last bytes the HTTP layer still holds.
    departing: Vec<Ticket>,
}

/// A worker's coarse clock. One timer a worker instead of several a request.
#[derive(Debug, Default)]
pub(crate) struct Ticks(AtomicU64);

impl Ticks {
    /// Lets one tick pass and returns the present one.
    pub(crate) fn pass(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The tick after which `wait` has surely passed.
    fn after(&self, wait: Duration) -> u64 {
        let ticks = wait.as_millis().div_ceil(TICK.as_millis());
        let ticks = u64::try_from(ticks).unwrap_or(NEVER);
        self.0.load(Ordering::Relaxed).saturating_add(ticks).saturating_add(1)
    }
}

impl Gate {
    pub(crate) fn new(ticks: Arc<Ticks>, write_timeout: Duration) -> Gate {
        Gate {
            state: Mutex::default(),
            is_cut: AtomicBool::new(false),
            is_severed: AtomicBool::new(false),
            holds_bytes: AtomicBool::new(false),
            is_busy: AtomicBool::new(false),
            is_draining: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
            deadline: AtomicU64::new(NEVER),
            write_deadline: AtomicU64::new(NEVER),
            is_overdue: AtomicBool::new(false),
            ticks,
            write_timeout,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock can only be one in a system call's wrapper;
        // the flags are still what they say.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // === The connection's side ===

    /// The task to wake when something changes.
    pub(crate) fn driven_by(&self, waker: &Waker) {
        self.lock().waker = Some(waker.clone());
    }

    /// A request is being answered. None before it is, by HTTP/1.1.
    pub(crate) fn admit(&self, flight: u64) {
        let mut state = self.lock();
        state.flight = Some(flight);
        state.dirty = false;
        state.cut = None;
        self.is_cut.store(false, Ordering::Relaxed);
    }

    /// Asks to give a part of the answer to the HTTP layer.
    ///
    /// # Errors
    /// When the answer was denied meanwhile: the part must be dropped.
    pub(crate) fn hand_over(&self) -> Result<(), Arc<Cut>> {
        let mut state = self.lock();
        if let Some(cut) = &state.cut {
            return Err(Arc::clone(cut));
        }
        state.dirty = true;
        self.holds_bytes.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the HTTP layer still holds a part of the answer; if so, the
    /// connection's task is woken when it does not any more.
    pub(crate) fn awaits_flush(&self) -> bool {
        let mut state = self.lock();
        state.awaits_flush = state.dirty;
        state.dirty
    }

    /// Why the answer is denied, if it is.
    pub(crate) fn cut(&self) -> Option<Arc<Cut>> {
        if !self.is_cut.load(Ordering::Acquire) {
            return None;
        }
        self.lock().cut.clone()
    }

    /// The request was answered, or will not be. It leaves the board at once,
    /// or when the HTTP layer has written out what it holds of the answer.
    pub(crate) fn depart(&self, ticket: Option<Ticket>) {
        self.is_busy.store(false, Ordering::Relaxed);
        self.expect_no_more();
        let mut state = self.lock();
        let was_dirty = std::mem::take(&mut state.dirty);
        state.flight = None;
        state.cut = None;
        self.is_cut.store(false, Ordering::Relaxed);
        // Set for an answer of Weir's own as well, so that its flush is told.
        self.holds_bytes.store(true, Ordering::Relaxed);
        match ticket {
            Some(ticket) if was_dirty && !state.closed => state.departing.push(ticket),
            gone => {
                drop(state);
                drop(gone);
            }
        }
    }

    /// The HTTP layer wrote out everything it held. Returns whether the
    /// connection is now between two requests.
    pub(crate) fn flushed(&self) -> bool {
        if !self.holds_bytes.load(Ordering::Relaxed) {
            return false;
        }
        let mut state = self.lock();
        self.holds_bytes.store(false, Ordering::Relaxed);
        state.dirty = false;
        let departed = std::mem::take(&mut state.departing);
        if std::mem::take(&mut state.awaits_flush) {
            wake(state);
        } else {
            drop(state);
        }
        drop(departed);
        !self.is_busy()
    }

    /// The socket is gone, and what was held for it with it. Must be called:
    /// departing requests hold their gate, and it them.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let departed = std::mem::take(&mut state.departing);
        drop(state);
        drop(departed);
    }

    /// Runs a write to the socket, unless nothing more may be written.
    pub(crate) fn write<T>(&self, write: impl FnOnce() -> T) -> Option<T> {
        let state = self.lock();
        if state.severed {
            return None;
        }
        Some(write())
    }

    /// Tells whether the last write went through or has to wait.
    pub(crate) fn write_blocked(&self, is_blocked: bool) {
        let armed = self.write_deadline.load(Ordering::Relaxed) != NEVER;
        match (is_blocked, armed) {
            (true, false) => {
                self.write_deadline.store(self.ticks.after(self.write_timeout), Ordering::Relaxed);
            }
            (false, true) => self.write_deadline.store(NEVER, Ordering::Relaxed),
            _ => {}
        }
    }

    /// Whether a request is being answered.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Relaxed)
    }

    /// A request's head was read; its answer's end makes the connection idle.
    pub(crate) fn begin(&self) {
        self.is_busy.store(true, Ordering::Relaxed);
        self.expect_no_more();
    }

    /// Whether nothing more may be written.
    pub(crate) fn is_severed(&self) -> bool {
        self.is_severed.load(Ordering::Acquire)
    }

    // === Deadlines ===

    /// The present wait is over after `wait`.
    pub(crate) fn expect_within(&self, wait: Duration) {
        self.is_overdue.store(false, Ordering::Relaxed);
        self.deadline.store(self.ticks.after(wait), Ordering::Relaxed);
    }

    /// The present wait may take as long as it takes.
    pub(crate) fn expect_no_more(&self) {
        self.deadline.store(NEVER, Ordering::Relaxed);
        self.is_overdue.store(false, Ordering::Relaxed);
    }

    /// Whether the present wait is over.
    pub(crate) fn is_overdue(&self) -> bool {
        self.is_overdue.load(Ordering::Relaxed)
    }

    /// Called by the worker at every tick.
    pub(crate) fn tick(&self, now: u64) {
        if self.write_deadline.load(Ordering::Relaxed) <= now {
            self.sever();
        }
        if self.deadline.load(Ordering::Relaxed) <= now {
            self.deadline.store(NEVER, Ordering::Relaxed);
            self.is_overdue.store(true, Ordering::Relaxed);
            self.wake();
        }
    }

    // === The other side: sweeps and the end ===

    /// Denies the answer to request `flight`. When this returns, no further
    /// byte of it is handed to the socket. Returns whether there was anything
    /// to deny.
    pub(crate) fn deny(&self, flight: u64, cut: &Arc<Cut>) -> bool {
        let mut state = self.lock();
        if state.departing.iter().any(|ticket| ticket.number() == flight) {
            self.sever_locked(state);
            return true;
        }
        if state.flight != Some(flight) || state.cut.is_some() {
            return false;
        }
        state.cut = Some(Arc::clone(cut));
        self.is_cut.store(true, Ordering::Release);
        if state.dirty {
            self.sever_locked(state);
            return true;
        }
        wake(state);
        true
    }

    /// Nothing more is written to this connection, and it closes.
    pub(crate) fn sever(&self) {
        self.sever_locked(self.lock());
    }

    fn sever_locked(&self, mut state: MutexGuard<'_, State>) {
        state.severed = true;
        self.is_severed.store(true, Ordering::Release);
        wake(state);
    }

    /// The connection takes no further request.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::Release);
        self.wake();
    }

    /// The last answer goes out while the client may still be sending.
    pub(crate) fn linger(&self) {
        self.lingers.store(true, Ordering::Relaxed);
    }

    pub(crate) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Relaxed)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    fn wake(&self) {
        wake(self.lock());
    }
}

/// Wakes the connection's task with the lock released.
fn wake(state: MutexGuard<'_, State>) {
    let waker = state.waker.clone();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
