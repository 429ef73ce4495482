//! What the stand-in saw: the requests it received, and how many are being
//! answered or were given up by their client.
//!
//! Tests ask it what left the gateway (no secret may) and wait on it for
//! events (a cancelled upstream call) instead of sleeping.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::sync::Notify;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// Path and query, as sent.
    pub path: String,
    /// Every header line, in order within a name; names are lower-case.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

/// Counters, read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests that arrived.
    pub received: u64,
    /// Requests being read or answered.
    pub in_flight: usize,
    /// Requests whose client went away before the answer's last byte was
    /// handed to the connection (or that were under way when the stand-in
    /// stopped).
    pub cancelled: u64,
}

/// Keeps the record and the counters.
#[derive(Debug)]
pub(super) struct Observer {
    recording: AtomicBool,
    capacity: usize,
    recorded: Mutex<VecDeque<RecordedRequest>>,
    received: AtomicU64,
    in_flight: AtomicUsize,
    cancelled: AtomicU64,
    changed: Notify,
}

impl Observer {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            recording: AtomicBool::new(capacity > 0),
            capacity,
            recorded: Mutex::default(),
            received: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            cancelled: AtomicU64::new(0),
            changed: Notify::new(),
        }
    }

    pub(super) fn set_recording(&self, on: bool) {
        self.recording.store(on && self.capacity > 0, Ordering::SeqCst);
    }

    pub(super) fn is_recording(&self) -> bool {
        self.recording.load(Ordering::Relaxed)
    }

    pub(super) fn record(&self, request: RecordedRequest) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.len() >= self.capacity {
            recorded.pop_front();
        }
        recorded.push_back(request);
    }

    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.iter().cloned().collect()
    }

    pub(super) fn forget(&self) {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            received: self.received.load(Ordering::SeqCst),
            in_flight: self.in_flight.load(Ordering::SeqCst),
            cancelled: self.cancelled.load(Ordering::SeqCst),
        }
    }

    /// Waits until the counters satisfy `wanted`.
    pub(super) async fn until(&self, wanted: impl Fn(Counts) -> bool) -> Counts {
        loop {
            // Enlisted before looking, so a change in between is not missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let counts = self.counts();
            if wanted(counts) {
                return counts;
            }
            changed.await;
        }
    }

    /// Counts a request in; the ticket counts it out.
    pub(super) fn enter(self: &Arc<Self>) -> Ticket {
        self.received.fetch_add(1, Ordering::SeqCst);
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
        Ticket { observer: Arc::clone(self), finished: false }
    }
}

/// One request's place among those in flight. Dropped unfinished, it counts
/// as cancelled: hyper drops a request's future and body when its client goes.
#[derive(Debug)]
pub(super) struct Ticket {
    observer: Arc<Observer>,
    finished: bool,
}

impl Ticket {
    /// The answer ended as the stand-in meant it to.
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.finished {
            self.observer.cancelled.fetch_add(1, Ordering::SeqCst);
        }
        self.observer.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.observer.changed.notify_waiters();
    }
}
