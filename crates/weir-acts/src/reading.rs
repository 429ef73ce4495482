//! Kept texts that others consented to be read: approved first, and handed
//! over when who asked for it comes again, once and within a day.

use std::sync::Arc;

use crate::draft::Approvals;
use crate::id::AccountId;
use crate::time::Time;

/// How long after the act that says it may be read a text is handed over.
pub const HANDED_WITHIN_MILLIS: i64 = 24 * 3_600 * 1_000;

/// A kept text that may be read and was not yet handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The exchange.
    pub exchange: Arc<str>,
    /// Whose it is.
    pub account: AccountId,
    /// Who may read it.
    pub by: Arc<str>,
    /// Since when.
    pub at: Time,
    /// Who consented.
    pub approvals: Approvals,
}

impl Reading {
    /// The last moment at which it is handed over.
    pub const fn until(&self) -> Time {
        self.at.plus_millis(HANDED_WITHIN_MILLIS)
    }
}
