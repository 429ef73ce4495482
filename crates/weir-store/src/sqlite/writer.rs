//! The one connection that writes, and what happens to it when a write fails.
//!
//! A log was once lost because its process kept running after a failed write *and* a failed
//! reload, on a picture of the world that no longer matched the disk. So: after any failure the
//! connection is replaced by a fresh one that must read a sound head from the file; if it cannot,
//! the writer is poisoned for the life of the process, and so is whoever asks for the head.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::checkpoints::Checkpoints;
use super::failure::Doing;
use super::faults::{FaultPoint, Faults};
use super::{connect, schema};
use crate::StoreError;

pub(super) struct Writer {
    path: PathBuf,
    faults: Arc<dyn Faults>,
    // Before the connection, so that this one's close tidies up.
    checkpoints: Checkpoints,
    /// None once poisoned.
    connection: Mutex<Option<Connection>>,
    /// Set together with the loss of the connection; readable without waiting for a write.
    poisoned: AtomicBool,
    /// Who cannot wait long.
    queue: Queue,
}

/// Counts those that wait for the connection or hold it, so that bulk work can let them pass: a
/// mutex would hand itself back to whoever asks in a loop.
#[derive(Default)]
struct Queue {
    waiting: Mutex<usize>,
    left: Condvar,
}

struct Waiting<'q>(&'q Queue);

impl Queue {
    fn enter(&self) -> Waiting<'_> {
        *self.count() += 1;
        Waiting(self)
    }

    fn wait_until_empty(&self) {
        let waited = self.left.wait_while(self.count(), |waiting| *waiting > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn count(&self) -> MutexGuard<'_, usize> {
        // A number is whole whatever happens elsewhere.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        *self.0.count() -= 1;
        self.0.left.notify_all();
    }
}

impl Writer {
    /// Opens, migrates and checks the file at an absolute path.
    pub(super) fn open(path: PathBuf, faults: Arc<dyn Faults>) -> Result<Self, StoreError> {
        connect::create_file(&path)?;
        let mut connection = connect::writer(&path)?;
        schema::migrate(&mut connection)?;
        schema::check_quickly(&connection)?;
        let connection = Mutex::new(Some(connection));
        let checkpoints = Checkpoints::new(&path);
        Ok(Self { path, faults, checkpoints, connection, poisoned: AtomicBool::new(false), queue: Queue::default() })
    }

    /// Fails once the writer is poisoned.
    pub(super) fn expect_sound(&self) -> Result<(), StoreError> {
        if self.poisoned.load(Ordering::Acquire) {
            return Err(StoreError::Poisoned);
        }
        Ok(())
    }

    /// Runs `work`, which writes about so many bytes, in one transaction that is durable when
    /// this returns `Ok`.
    pub(super) fn transact<T>(
        &self,
        doing: &'static str,
        bytes: usize,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let waiting = self.queue.enter();
        let outcome = self.transact_at_once(doing, work);
        drop(waiting);
        self.checkpoints.wrote(bytes);
        self.checkpoints.move_beside();
        outcome
    }

    /// As [`Writer::transact`], once nobody waits for that. Who is patient moves the log, too.
    pub(super) fn transact_patiently<T>(
        &self,
        doing: &'static str,
        bytes: usize,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.queue.wait_until_empty();
        let outcome = self.transact_at_once(doing, work);
        self.checkpoints.wrote(bytes);
        self.checkpoints.move_here();
        outcome
    }

    fn transact_at_once<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut slot = self.slot()?;
        let connection = slot.as_mut().ok_or(StoreError::Poisoned)?;
        let outcome = self.attempt(connection, doing, work);
        if outcome.is_err() {
            self.reload(&mut slot);
        }
        outcome
    }

    fn attempt<T>(
        &self,
        connection: &mut Connection,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.pass(FaultPoint::BeforeBegin, doing)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)?;
        let answer = work(&transaction)?;
        self.pass(FaultPoint::BeforeCommit, doing)?;
        transaction.commit().doing(doing)?;
        self.pass(FaultPoint::AfterCommit, doing)?;
        Ok(answer)
    }

    /// Copies the write-ahead log into the file and cuts it to nothing, so that bytes overwritten
    /// in the file are in no older copy either.
    pub(super) fn purge_old_copies(&self) -> Result<(), StoreError> {
        const DOING: &str = "purging old copies";
        let _held = self.checkpoints.hold();
        let mut slot = self.slot()?;
        let connection = slot.as_mut().ok_or(StoreError::Poisoned)?;
        let outcome =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).doing(DOING);
        match outcome {
            Ok(0) => Ok(()),
            Ok(_) => Err(StoreError::Busy { doing: DOING }),
            Err(error) => {
                self.reload(&mut slot);
                Err(error)
            }
        }
    }

    /// Replaces the connection by one that has read the head from disk, or poisons the writer.
    ///
    /// The new connection is opened before the old one is closed: closing the last connection
    /// deletes the shared-memory index, which cannot be made again while the disk is full.
    fn reload(&self, slot: &mut Option<Connection>) {
        let reopened = self.pass(FaultPoint::BeforeReload, "reading the store again").and_then(|()| {
            let connection = connect::writer(&self.path)?;
            schema::check_head(&connection)?;
            Ok(connection)
        });
        match reopened {
            Ok(connection) => *slot = Some(connection),
            Err(_) => {
                self.poisoned.store(true, Ordering::Release);
                *slot = None;
            }
        }
    }

    fn pass(&self, point: FaultPoint, doing: &'static str) -> Result<(), StoreError> {
        self.faults.at(point).map_err(|error| StoreError::from_io(doing, error))
    }

    fn slot(&self) -> Result<MutexGuard<'_, Option<Connection>>, StoreError> {
        // A panic in the middle of a write leaves a connection nobody vouches for.
        self.connection.lock().map_err(|_| {
            self.poisoned.store(true, Ordering::Release);
            StoreError::Poisoned
        })
    }

    /// Lets a test set limits on the connection, such as how many pages the file may have.
    #[cfg(test)]
    pub(super) fn tamper(&self, sql: &str) -> rusqlite::Result<()> {
        let slot = self.connection.lock().unwrap();
        slot.as_ref().unwrap().execute_batch(sql)
    }
}
