//! What can go wrong with the store, told apart by what the caller must do next.
//!
//! The driver's own error is kept as a boxed source, so that no caller depends on which database
//! is behind the trait.

use std::error::Error;

/// An operation on the store that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The log is longer or shorter than the append was built on. Nothing was written.
    #[error(
        "the append was built on {expected} entries but the log has {found}; read the head again and build on that"
    )]
    Stale {
        /// The size the caller expected.
        expected: u64,
        /// The size the log has.
        found: u64,
    },
    /// The log has the expected size but another root: two histories exist. Nothing was written.
    #[error(
        "the log has {size} entries as expected, but another root; two histories exist: stop, and compare this store with its backups"
    )]
    OtherRoot {
        /// The size both histories have.
        size: u64,
    },
    /// The disk is full. Nothing was written.
    #[error("{doing}: the disk is full and nothing was written; free space and try again")]
    Full {
        /// What was being done.
        doing: &'static str,
    },
    /// The disk or the database failed. What was being written may or may not be durable.
    #[error("{doing}: {source}; read the head again to see what became durable")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store contradicts itself.
    #[error("{doing}: the store is damaged ({detail}); stop, and restore it from a backup")]
    Corrupt {
        /// What was being done.
        doing: &'static str,
        /// The contradiction.
        detail: String,
    },
    /// A later version of Weir wrote this store.
    #[error("the store has schema version {found}, this program knows up to {known}; run the newer weir that wrote it")]
    Newer {
        /// The version found in the store.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The file is a database, but not one of Weir's.
    #[error("{path} is not a Weir store; give the path of a folder that weir made")]
    NotAStore {
        /// The file.
        path: String,
    },
    /// Another user of the database did not let go in time.
    #[error("{doing}: the store is in use elsewhere; end the other program that has it open, then try again")]
    Busy {
        /// What was being done.
        doing: &'static str,
    },
    /// An append failed and the state on disk could not be read again, so the store refuses.
    #[error(
        "an earlier write failed and the store could not be read again; stop this process, repair the disk and start again"
    )]
    Poisoned,
    /// An entry is larger than the log can frame. Nothing was written.
    #[error(
        "entry {position} of the append has {bytes} bytes, more than {limit}; move the bulk into its private part",
        limit = crate::MAX_ENTRY_BYTES
    )]
    TooLarge {
        /// Which entry of the append, counted from 0.
        position: usize,
        /// How large it is.
        bytes: usize,
    },
    /// An answer is already kept under this key. Nothing was written.
    #[error("key {key:?} of {scope:?} was already answered; give the kept answer instead of acting again")]
    AlreadyAnswered {
        /// Whose key.
        scope: String,
        /// The key.
        key: String,
    },
    /// The caller asked for something the store's rules forbid: a fault in the program. Nothing
    /// was written.
    #[error("{doing}: {detail}; this is a fault in weir, please report it")]
    Inconsistent {
        /// What was being done.
        doing: &'static str,
        /// The rule that would have been broken.
        detail: String,
    },
}

impl StoreError {
    /// An I/O error of the operating system, with a full disk told apart.
    pub(crate) fn from_io(doing: &'static str, source: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { doing },
            _ => Self::Io { doing, source: Box::new(source) },
        }
    }
}
