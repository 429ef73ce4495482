//! The raw bytes of an input on their way to the decompressor: counted for the
//! progress and hashed for the provenance, so that neither needs a pass of its
//! own.

use std::io::{Read, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// How far a reading is. Shared with whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    records: AtomicU64,
    bad: AtomicU64,
    stopped: AtomicBool,
}

impl Progress {
    /// Bytes taken from the inputs, as they lie (compressed or not).
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Records handed to the sinks.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// Lines that are no records.
    pub fn bad(&self) -> u64 {
        self.bad.load(Ordering::Relaxed)
    }

    /// Ends the reading early, from any thread: what was read so far counts, and
    /// files that were not finished are not judged.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the reading was told to end early.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_records(&self, records: u64, bad: u64) {
        self.records.fetch_add(records, Ordering::Relaxed);
        self.bad.fetch_add(bad, Ordering::Relaxed);
    }
}

/// What a metered reader has seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    state: Mutex<(Sha256, u64)>,
}

impl Seen {
    fn take(&self, bytes: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.update(bytes);
        state.1 = state.1.saturating_add(bytes.len() as u64);
    }

    /// The number of bytes and their SHA-256, in hexadecimal.
    pub(super) fn digest(&self) -> (u64, String) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.1, hex(&state.0.clone().finalize()))
    }
}

pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Counts and hashes what passes.
pub(super) struct Metered<'run, R> {
    pub(super) inner: R,
    pub(super) progress: &'run Progress,
    /// Set where the digest is wanted.
    pub(super) seen: Option<Arc<Seen>>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Some(seen) = &self.seen {
            seen.take(buffer.get(..count).unwrap_or_default());
        }
        self.progress.add_bytes(count as u64);
        Ok(count)
    }
}
