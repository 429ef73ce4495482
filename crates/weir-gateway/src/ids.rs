//! Numbers handed out over a process's life.

use std::sync::atomic::{AtomicU32, Ordering};

use weir_exchange::DecisionId;

/// Hands out the ids of decisions.
#[derive(Debug)]
pub struct DecisionIds {
    segment: u32,
    next: AtomicU32,
}

impl DecisionIds {
    /// For a process whose first segment of records is `segment`. Segments
    /// are never numbered twice, so ids are not either.
    pub fn new(segment: u32) -> DecisionIds {
        DecisionIds { segment, next: AtomicU32::new(0) }
    }

    /// The next one.
    pub fn next(&self) -> DecisionId {
        DecisionId { segment: self.segment, sequence: self.next.fetch_add(1, Ordering::Relaxed) }
    }
}
