//! The embedded store: one SQLite file.
//!
//! SQLite in write-ahead mode with `synchronous=FULL` gives exactly what the log needs and little
//! else: one writer, readers that never wait, and a commit that is one fsync. What is added here
//! is a discipline around failure (see `writer.rs`) and a schema that refuses to forget.

mod checkpoints;
mod connect;
mod copy;
mod counts;
mod failure;
pub mod faults;
mod imports;
mod read;
mod readers;
mod schema;
#[cfg(test)]
mod tests;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;

pub use self::copy::copy_store;
pub use self::counts::{LimitCount, LimitCounts};

use self::faults::{Faults, NoFaults};
use self::readers::Readers;
use self::writer::Writer;
use crate::{Answered, Append, NewRow, Store, StoreError, StoredEntry, StoredObject, StoredRow, TreeHead};

/// About what a row takes, for those that are thrown away.
const DISCARDED_ROW_BYTES: usize = 512;

/// The log in a SQLite file.
///
/// The caller holds the folder's [`crate::lock::FolderLock`]: two processes on one file would
/// not damage it, but each would see the other's appends as [`StoreError::Stale`].
pub struct SqliteStore {
    // Before the writer, so that readers close first and the writer's close tidies up the
    // write-ahead log.
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes an empty one with mode 0600. The folder must exist.
    ///
    /// # Errors
    /// [`StoreError::NotAStore`] and [`StoreError::Newer`] if the file is not ours to touch;
    /// [`StoreError::Corrupt`] if it contradicts itself; otherwise what the disk said.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with_faults(path, Arc::new(NoFaults))
    }

    /// As [`SqliteStore::open`], with failures injected into every write.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with_faults(path: &Path, faults: Arc<dyn Faults>) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(|error| StoreError::from_io("finding the store", error))?;
        let writer = Writer::open(path.clone(), faults)?;
        Ok(Self { readers: Readers::new(path), writer })
    }

    /// Reads the whole file and checks it; takes seconds for each gigabyte.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the first contradiction.
    pub fn check(&self) -> Result<(), StoreError> {
        self.readers.with(schema::check_fully)
    }
}

impl Store for SqliteStore {
    fn head(&self) -> Result<TreeHead, StoreError> {
        self.writer.expect_sound()?;
        self.readers.with(read::head)
    }

    fn append(&self, append: Append<'_>) -> Result<(), StoreError> {
        write::check_append(&append)?;
        let entries = append.entries.iter();
        let bytes = entries.map(|entry| entry.bytes.len() + entry.private.as_ref().map_or(0, |part| part.bytes.len()));
        self.writer.transact("appending to the log", bytes.sum(), |transaction| write::append(transaction, &append))
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        self.readers.with(|connection| read::entries(connection, from, limit))
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<[u8; 32]>, StoreError> {
        self.readers.with(|connection| read::leaves(connection, from, limit))
    }

    fn entry(&self, index: u64) -> Result<Option<StoredEntry>, StoreError> {
        let found = self.entries(index, 1)?;
        Ok(found.into_iter().next())
    }

    fn erase_private(&self, index: u64) -> Result<bool, StoreError> {
        const DOING: &str = "erasing a private part";
        let erased = self.writer.transact(DOING, 0, |transaction| write::erase_private(transaction, index))?;
        self.writer.purge_old_copies()?;
        Ok(erased)
    }

    fn stage_rows(&self, name: &str, from: u64, rows: &[NewRow]) -> Result<(), StoreError> {
        write::check_rows(rows)?;
        let bytes = rows.iter().map(|row| row.bytes.len() + row.private.bytes.len()).sum();
        self.writer.transact_patiently("staging rows of an import", bytes, |transaction| {
            imports::stage(transaction, name, from, rows)
        })
    }

    fn staged(&self) -> Result<Vec<String>, StoreError> {
        self.readers.with(imports::staged)
    }

    fn discard(&self, name: &str, limit: usize) -> Result<bool, StoreError> {
        let bytes = limit.saturating_mul(DISCARDED_ROW_BYTES);
        self.writer.transact_patiently("throwing away a staged import", bytes, |transaction| {
            imports::discard(transaction, name, limit)
        })
    }

    fn rows(&self, entry: u64, from: u64, limit: usize) -> Result<Vec<StoredRow>, StoreError> {
        self.readers.with(|connection| imports::rows(connection, entry, from, limit))
    }

    fn erase_row(&self, entry: u64, row: u64) -> Result<bool, StoreError> {
        const DOING: &str = "erasing a row of an import";
        let erased = self.writer.transact(DOING, 0, |transaction| imports::erase(transaction, entry, row))?;
        self.writer.purge_old_copies()?;
        Ok(erased)
    }

    fn answered(&self, scope: &str, key: &str) -> Result<Option<Answered>, StoreError> {
        self.readers.with(|connection| read::answered(connection, scope, key))
    }

    fn forget_answers(&self, says: &dyn Fn(&[u8]) -> bool) -> Result<u64, StoreError> {
        const DOING: &str = "forgetting kept answers";
        let forgotten = self.writer.transact(DOING, 0, |transaction| write::forget_answers(transaction, says))?;
        self.writer.purge_old_copies()?;
        Ok(forgotten)
    }

    fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers.with(|connection| read::fact(connection, name))
    }

    fn set_fact(&self, name: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
        self.writer.transact("setting a fact", 0, |transaction| write::set_fact(transaction, name, value))
    }

    fn record_objects(&self, objects: &[StoredObject]) -> Result<(), StoreError> {
        self.writer
            .transact("recording who made an object", 0, |transaction| write::record_objects(transaction, objects))
    }

    fn object_owner(&self, id: &str) -> Result<Option<StoredObject>, StoreError> {
        self.readers.with(|connection| read::object_owner(connection, id))
    }
}
