//! Objects that an upstream keeps for a caller (answers, conversations,
//! files). A request may lean on one only where this Weir recorded that the
//! same account made it on the same model: the upstream knows one customer,
//! Weir, and would hand any caller any other's.

use std::sync::Arc;

use weir_acts::id::AccountId;

/// Who made an object, and on which model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// By which account.
    pub by: AccountId,
    /// On which model.
    pub on: Arc<str>,
}

/// Remembers who made which object.
pub trait Objects: Send + Sync + 'static {
    /// Who made `id`; none where nothing is known of it. Answered from memory
    /// or a local file: it is asked on the request path.
    fn made(&self, id: &str) -> Option<Made>;

    /// Remembers that `id` was made.
    fn remember(&self, id: &str, made: Made);
}

/// Remembers nothing, so that every reference is refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObjects;

impl Objects for NoObjects {
    fn made(&self, _id: &str) -> Option<Made> {
        None
    }

    fn remember(&self, _id: &str, _made: Made) {}
}
