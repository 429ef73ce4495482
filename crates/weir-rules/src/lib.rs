//! Rules over releases: stages, grants and directives as Cedar policies, and
//! decisions under them.

pub mod decision;
pub mod enforce;
pub mod policies;
pub mod snapshot;

pub use decision::{Denial, Effect, Verdict};
pub use enforce::{Enforce, Swept};
pub use snapshot::Snapshot;
