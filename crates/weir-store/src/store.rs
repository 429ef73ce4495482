//! The trait of domain verbs behind which the database lives.
//!
//! Verbs, not queries: each says what Weir needs to be true afterwards, so that a server of
//! another kind can keep the same promises its own way. The suite in `conformance` is the
//! definition of those promises.

use crate::{Answered, Append, NewRow, StoreError, StoredEntry, StoredObject, StoredRow, TreeHead};

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

    /// Stages rows of the import `name` from row `from` on, which must be the next; the first call
    /// begins it. Staged rows are visible to nobody until an append settles the import
    /// ([`Append::imports`]). Durable on return. Appends go first: a call waits while one waits,
    /// so many small calls do not hold them up.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] if `from` is not the next row or the import is settled;
    /// otherwise as [`Store::append`].
    fn stage_rows(&self, name: &str, from: u64, rows: &[NewRow]) -> Result<(), StoreError>;

    /// The names of the imports that are staged and not settled, oldest first.
    ///
    /// # Errors
    /// Only if the store cannot be read.
    fn staged(&self) -> Result<Vec<String>, StoreError>;

    /// Throws a staged import away, about `limit` rows at a call; true once nothing of it is left.
    /// Once begun it must be gone on with: the import can be neither settled nor added to.
    /// Gives way to appends as [`Store::stage_rows`] does.
    ///
    /// # Errors
    /// As [`Store::set_fact`].
    fn discard(&self, name: &str, limit: usize) -> Result<bool, StoreError>;

    /// Up to `limit` rows, from row `from` on, of the import whose act is `entry`, in order,
    /// without gaps. Empty at the end, and where `entry` is no import.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row is missing.
    fn rows(&self, entry: u64, from: u64, limit: usize) -> Result<Vec<StoredRow>, StoreError>;

    /// Erases the private part of one row, as [`Store::erase_private`] does of an entry.
    ///
    /// # Errors
    /// As [`Store::erase_private`].
    fn erase_row(&self, entry: u64, row: u64) -> Result<bool, StoreError>;

    /// The answer once given under this key, if any.
    ///
    /// # Errors
    /// Only if the store cannot be read.
    fn answered(&self, scope: &str, key: &str) -> Result<Option<Answered>, StoreError>;

    /// Overwrites every kept answer of which `says` is true, and counts them; what was answered
    /// is then in no file of the store, and its key stays used. Durable on return.
    ///
    /// # Errors
    /// As [`Store::erase_private`].
    fn forget_answers(&self, says: &dyn Fn(&[u8]) -> bool) -> Result<u64, StoreError>;

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
