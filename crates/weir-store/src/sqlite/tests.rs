//! What only this implementation can be asked: its file, its connection, its failures.

mod erasure;
mod failures;
mod file;

use std::path::PathBuf;

use rusqlite::Connection;

use super::SqliteStore;
use crate::{Append, NewEntry, PrivatePart, Store, StoreError, TreeHead};

/// A folder with a store file in it, gone with the test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn fresh() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("weir.db")
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.file()).unwrap()
    }

    /// A connection as a curious operator would have it, with none of our settings.
    fn prompt(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }
}

fn head(size: u64) -> TreeHead {
    if size == 0 {
        return TreeHead::empty();
    }
    TreeHead { size, root: [u8::try_from(size % 251).unwrap(); 32], frontier: vec![[7; 32]] }
}

fn entry(bytes: &[u8]) -> NewEntry {
    NewEntry { bytes: bytes.to_vec(), leaf: [1; 32], private: None }
}

fn entry_with(private: &[u8]) -> NewEntry {
    let private = Some(PrivatePart { salt: [0xa5; 32], bytes: private.to_vec() });
    NewEntry { private, ..entry(b"commits to a private part") }
}

fn append(store: &SqliteStore, entries: &[NewEntry]) -> Result<(), StoreError> {
    let size = store.head()?.size;
    append_at(store, size, entries)
}

fn append_at(store: &SqliteStore, size: u64, entries: &[NewEntry]) -> Result<(), StoreError> {
    store.append(Append {
        expected_size: size,
        expected_root: head(size).root,
        entries,
        head: head(size + entries.len() as u64),
        answers: &[],
        imports: &[],
        facts: &[],
    })
}
