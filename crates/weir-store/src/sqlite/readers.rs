//! A few read connections, so that readers wait neither for the writer nor for each other.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::connect;
use crate::StoreError;

/// Connections kept for the next reader. More readers at once each open their own and close it.
const KEPT: usize = 4;

pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Vec::with_capacity(KEPT)) }
    }

    /// Lends a connection to `work`. One that saw an error is closed rather than kept.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let kept = self.idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect::reader(&self.path)?,
        };
        let answer = work(&connection)?;
        let mut idle = self.idle();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(answer)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // The list is whole between any two of its operations, so a panic elsewhere cannot have
        // left it broken.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
