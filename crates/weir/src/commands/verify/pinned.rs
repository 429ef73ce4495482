//! A log with its checkpoint read once, so that all that is said of it is said
//! of the same checkpoint, however the log grows meanwhile.

use std::time::Duration;

use weir_tlog::{CosignerKey, LogPath, LogSource, SignedNote, SourceError};

/// How often, and how long apart, a server is asked for a checkpoint that the
/// witnesses have cosigned: they answer moments after it is published.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// The log, at one checkpoint.
pub(super) struct Pinned<'a> {
    source: &'a dyn LogSource,
    checkpoint: Option<Vec<u8>>,
}

impl<'a> Pinned<'a> {
    /// Reads the checkpoint; from a server that `grows`, one that all of
    /// `witnesses` cosigned, where such a one comes soon.
    pub(super) fn of(
        source: &'a dyn LogSource,
        grows: bool,
        witnesses: &[CosignerKey],
    ) -> Result<Pinned<'a>, SourceError> {
        let mut pinned = Pinned { source, checkpoint: source.read(LogPath::Checkpoint)? };
        let tries = if grows && !witnesses.is_empty() { TRIES } else { 0 };
        for _ in 0..tries {
            let is_cosigned = |note: SignedNote| witnesses.iter().all(|witness| witness.verify(&note).is_ok());
            if pinned.note().is_none_or(is_cosigned) {
                break;
            }
            std::thread::sleep(PAUSE);
            pinned.checkpoint = source.read(LogPath::Checkpoint)?;
        }
        Ok(pinned)
    }

    /// The checkpoint with its signatures, where it is a note at all.
    pub(super) fn note(&self) -> Option<SignedNote> {
        SignedNote::parse(self.checkpoint.as_deref()?).ok()
    }
}

impl LogSource for Pinned<'_> {
    fn read(&self, path: LogPath) -> Result<Option<Vec<u8>>, SourceError> {
        match path {
            LogPath::Checkpoint => Ok(self.checkpoint.clone()),
            path => self.source.read(path),
        }
    }

    fn partial_widths(&self, full: LogPath) -> Result<Vec<u16>, SourceError> {
        self.source.partial_widths(full)
    }
}
