//! Moving the write-ahead log into the file, beside the connection that
//! writes. Left to itself SQLite does it within whichever commit finds the log
//! long, and then an act waits for a few megabytes and two syncs that are none
//! of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::connect;
use super::failure::Doing;
use crate::StoreError;

/// Bytes after which the log is moved.
const DUE: u64 = 4 * 1024 * 1024;

/// About what a transaction writes beside what it is given: whole pages.
const OVERHEAD: u64 = 24 * 1024;

pub(super) struct Checkpoints {
    mover: Arc<Mover>,
    running: Mutex<Option<JoinHandle<()>>>,
}

struct Mover {
    path: PathBuf,
    written: AtomicU64,
    /// Held while the log is moved; none until the first time.
    connection: Mutex<Option<Connection>>,
}

impl Checkpoints {
    pub(super) fn new(path: &Path) -> Checkpoints {
        let mover = Mover { path: path.to_owned(), written: AtomicU64::new(0), connection: Mutex::new(None) };
        Checkpoints { mover: Arc::new(mover), running: Mutex::new(None) }
    }

    /// Notes that a transaction committed about so many bytes.
    pub(super) fn wrote(&self, bytes: usize) {
        self.mover.written.fetch_add(bytes as u64 + OVERHEAD, Ordering::Relaxed);
    }

    /// Moves the log where it is due, on a thread of its own.
    pub(super) fn move_beside(&self) {
        if !self.mover.is_due() {
            return;
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        let mover = Arc::clone(&self.mover);
        // Without a thread SQLite does it in the end, within a commit.
        *running = std::thread::Builder::new().name("weir-checkpoint".into()).spawn(move || mover.move_log()).ok();
    }

    /// Moves the log where it is due, for who has the time.
    pub(super) fn move_here(&self) {
        if self.mover.is_due() {
            self.mover.move_log();
        }
    }

    /// Keeps the log where it is as long as the answer lives: two that move it
    /// would be told that it is busy.
    pub(super) fn hold(&self) -> Held<'_> {
        Held { _mover: self.mover.connection() }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // A panic there was printed; the log is where it was.
            drop(running.join());
        }
    }
}

/// Nobody else moves the log.
pub(super) struct Held<'c> {
    _mover: MutexGuard<'c, Option<Connection>>,
}

impl Mover {
    fn is_due(&self) -> bool {
        self.written.load(Ordering::Relaxed) >= DUE
    }

    fn connection(&self) -> MutexGuard<'_, Option<Connection>> {
        // A connection that saw a panic is replaced like one that saw an error.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error is nobody's loss: the log stays where it was, SQLite moves it
    /// within a later commit, and that one tells.
    fn move_log(&self) {
        let mut slot = self.connection();
        self.written.store(0, Ordering::Relaxed);
        let opened = match slot.take() {
            Some(connection) => Ok(connection),
            None => connect::checkpointer(&self.path),
        };
        *slot = opened.and_then(moved).ok();
    }
}

fn moved(connection: Connection) -> Result<Connection, StoreError> {
    const DOING: &str = "moving the write-ahead log into the store";
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).doing(DOING)?;
    Ok(connection)
}
