//! The durable truth: the database that holds the log, and the few files beside it.
//!
//! Everything Weir promises rests on one sentence: an act is acknowledged only after it is on
//! disk, and what is on disk is never changed. This crate keeps that sentence and nothing else.
//! It does not know what an act means: an entry is opaque bytes and a 32-byte leaf hash that
//! the caller computed, a tree head is numbers and hashes that the caller computed.
//!
//! * [`Store`] is the trait of domain verbs; [`SqliteStore`] is the embedded implementation.
//! * `conformance` (feature `conformance`) is the suite that every implementation passes.
//! * [`lock`], [`kind`] and [`durable`] guard the folder a process keeps its state in.
//! * [`text_keys`] holds the keys of kept texts, which can be destroyed.
//! * [`segment`] holds decisions: append-only files that are too busy for the database.
//!
//! Invariants: one process writes to a folder at a time ([`lock::FolderLock`]); an append is
//! one transaction and a compare-and-swap on (size, root); after a failed append the state in
//! memory is thrown away and read again from disk, or the store refuses to go on.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod durable;
mod error;
pub mod exchanges;
mod folder_error;
pub mod kind;
pub mod lock;
mod records;
pub mod segment;
pub mod sqlite;
mod store;
pub mod text_keys;

pub use error::StoreError;
pub use folder_error::FolderError;
pub use records::{
    Answered, Append, EMPTY_ROOT, MAX_ENTRY_BYTES, NewEntry, NewRow, Private, PrivatePart, Settled, StoredEntry,
    StoredObject, StoredRow, TreeHead,
};
pub use sqlite::{LimitCount, LimitCounts, SqliteStore};
pub use store::Store;
