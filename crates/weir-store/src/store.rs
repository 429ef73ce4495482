//! The trait of domain verbs behind which the database lives.
//!
//! Verbs, not queries: each says what Weir needs to be true afterwards, so that a server of
//! another kind can keep the same promises its own way. The suite in `conformance` is the
//! definition of those promises.

use crate::{Answered, Append, StoreError, StoredEntry, StoredObject, TreeHead};

/// The durable truth.
///
/// Every verb blocks until it is done; call it from a thread that may block. Readers never wait
/// for the writer and see either all of an append or nothing of it.
pub trait Store: Send + Sync + 'static {
    /// Where the log stands on disk, now.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] once the store has refused to go on: whoever signs the head
    /// must not sign one that might be behind.
    fn head(&self) -> Result<TreeHead, StoreError>;

    /// Appends in one transaction, with a compare-and-swap on (size, root). Durable on return.
    ///
    /// # Errors
    /// [`StoreError::Stale`] and [`StoreError::OtherRoot`] if the log is not where the append
    /// expects it; [`StoreError::TooLarge`], [`StoreError::Inconsistent`] and
    /// [`StoreError::AlreadyAnswered`] if the append itself is wrong. After any of these nothing
    /// was written. After [`StoreError::Io`] the append may or may not have become durable: ask
    /// [`Store::head`] before anything else.
    fn append(&self, append: Append<'_>) -> Result<(), StoreError>;

    /// Up to `limit` entries from index `from` on, in order, without gaps. Empty at the end.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if an entry is missing or malformed.
    fn entries(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError>;

    /// Up to `limit` leaf hashes from index `from` on, in order, without gaps.
    ///
    /// # Errors
    /// As [`Store::entries`].
    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<[u8; 32]>, StoreError>;

    /// One entry, or none if the log is not that long.
    ///
    /// # Errors
    /// As [`Store::entries`].
    fn entry(&self, index: u64) -> Result<Option<StoredEntry>, StoreError>;

    /// Erases the private part of an entry; true if there was one to erase. On return its salt
    /// and bytes are in no file of the store; their length still is.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if old copies could not be purged because somebody reads: call it
    /// again. A repeated call purges again, even when it answers false.
    fn erase_private(&self, index: u64) -> Result<bool, StoreError>;

    /// The answer once given under this key, if any.
    ///
    /// # Errors
    /// Only if the store cannot be read.
    fn answered(&self, scope: &str, key: &str) -> Result<Option<Answered>, StoreError>;

    /// A small named fact beside the log, such as the clock's high-water mark.
    ///
    /// # Errors
    /// Only if the store cannot be read.
    fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets a named fact, or removes it. Durable on return.
    ///
    /// # Errors
    /// As [`Store::append`], without the comparison.
    fn set_fact(&self, name: &str, value: Option<&[u8]>) -> Result<(), StoreError>;

    /// Records who made which upstream objects, all or none. Durable on return.
    ///
    /// The first record of an id stands: an upstream that hands one id to two accounts must not
    /// be able to give the one the objects of the other.
    ///
    /// # Errors
    /// As [`Store::set_fact`].
    fn record_objects(&self, objects: &[StoredObject]) -> Result<(), StoreError>;

    /// Who made this upstream object, if this Weir recorded it.
    ///
    /// # Errors
    /// Only if the store cannot be read.
    fn object_owner(&self, id: &str) -> Result<Option<StoredObject>, StoreError>;
}
