//! How a new snapshot comes into force. An act is acknowledged only after its
//! commit, the swap of the snapshot, and a sweep of the requests in flight
//! that it touches. In one process this is one call; across machines it will
//! be the same call waiting for every gateway that holds a lease.

use std::sync::Arc;

use weir_acts::Touched;

use crate::snapshot::Snapshot;

/// What a sweep found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Requests in flight that were decided again.
    pub examined: u64,
    /// Those denied and cut.
    pub cut: u64,
}

/// Whoever enforces snapshots: the gateway, or nothing in a process that only
/// administers.
pub trait Enforce: Send + Sync + 'static {
    /// Puts `snapshot` in force and cuts every request in flight that it
    /// denies. When this returns, no further byte of a denied answer is handed
    /// to a socket.
    fn install(&self, snapshot: Arc<Snapshot>, touched: &Touched) -> Swept;
}
