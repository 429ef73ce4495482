//! How it goes with each webhook, for who asks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// What was told to each webhook since the process began.
#[derive(Debug, Default)]
pub struct Deliveries(Mutex<Vec<Arc<Delivery>>>);

/// What was told to one.
#[derive(Debug)]
pub(super) struct Delivery {
    name: String,
    next: AtomicU64,
    delivered: AtomicU64,
    failures: AtomicU64,
    failing: AtomicBool,
}

/// What is shown of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookShown {
    /// What it is called.
    pub name: String,
    /// The first act it was neither told of nor passed over for.
    pub next: u64,
    /// Events it took.
    pub delivered: u64,
    /// Attempts at telling it that failed.
    pub failures: u64,
    /// Whether the last attempt failed, or it said that it is gone.
    pub failing: bool,
}

impl Deliveries {
    /// All of them, as they are configured.
    pub fn shown(&self) -> Vec<WebhookShown> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = |one: &Arc<Delivery>| WebhookShown {
            name: one.name.clone(),
            next: one.next.load(Relaxed),
            delivered: one.delivered.load(Relaxed),
            failures: one.failures.load(Relaxed),
            failing: one.failing.load(Relaxed),
        };
        all.iter().map(shown).collect()
    }

    /// One more webhook, which was told of the acts before `next`.
    pub(super) fn add(&self, name: &str, next: u64) -> Arc<Delivery> {
        let one = Arc::new(Delivery {
            name: name.to_owned(),
            next: AtomicU64::new(next),
            delivered: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            failing: AtomicBool::new(false),
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&one));
        one
    }
}

impl Delivery {
    pub(super) fn reached(&self, next: u64) {
        self.next.store(next, Relaxed);
    }

    pub(super) fn delivered(&self) {
        self.delivered.fetch_add(1, Relaxed);
        self.failing.store(false, Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
        self.failing.store(true, Relaxed);
    }
}
