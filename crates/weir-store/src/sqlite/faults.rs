//! The seam through which tests make the disk fail.
//!
//! A crash or an I/O error at the wrong moment is the case the log exists for, and it cannot be
//! waited for. The hook is called at the four moments that differ in what is durable; a test
//! answers with an error, or kills the process on the spot.

use std::io;

/// A moment in a write at which something can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultPoint {
    /// Before the transaction: nothing is written.
    BeforeBegin,
    /// Inside the transaction, all rows written, not committed: nothing is durable.
    BeforeCommit,
    /// Committed, but the caller has not been told: everything is durable.
    AfterCommit,
    /// About to read the state again after a failure; an error here poisons the store.
    BeforeReload,
}

/// Decides at each [`FaultPoint`] whether the write goes on.
pub trait Faults: Send + Sync + 'static {
    /// Called at `point`; an error makes the write fail as if the disk had.
    ///
    /// # Errors
    /// Whatever failure is to be played.
    fn at(&self, point: FaultPoint) -> io::Result<()>;
}

/// The production answer: nothing is injected.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl Faults for NoFaults {
    fn at(&self, _point: FaultPoint) -> io::Result<()> {
        Ok(())
    }
}
