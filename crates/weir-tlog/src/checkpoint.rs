//! Checkpoints (c2sp.org/tlog-checkpoint v1.0.0): the signed statement of how
//! large the log is and what its root is. Weir emits no extension lines, since
//! monitors cannot audit them; lines another log adds are read and kept aside.

use std::fmt;

use thiserror::Error;

use crate::hash::Hash;
use crate::note::{NoteError, NoteSigner, SignedNote, VerifierKey};

/// Largest tree accepted. The tools others verify with count in signed 64-bit.
pub const MAX_TREE_SIZE: u64 = i64::MAX as u64;

/// Why a checkpoint was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// Fewer than three lines, an empty line, or no final newline.
    #[error("line {line} of the checkpoint: {reason}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The envelope or its signature.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The key is of another log.
    #[error("the checkpoint is of log {found:?}, the key of {wanted:?}")]
    Origin {
        /// First line of the checkpoint.
        found: String,
        /// Name of the verifier key.
        wanted: String,
    },
}

/// What a log claims about itself. Trust it only when it came from
/// [`Checkpoint::open`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a URL without schema, equal to the name of the log's key.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root over those entries.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a checkpoint (the note text, without signatures).
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let refused = |line, reason| CheckpointError::Line { line, reason };
        let lines: Vec<&str> = text
            .strip_suffix('\n')
            .ok_or_else(|| refused(text.lines().count().max(1), "no newline at its end"))?
            .split('\n')
            .collect();
        if let Some(empty) = lines.iter().position(|line| line.is_empty()) {
            return Err(refused(empty.saturating_add(1), "it is empty"));
        }
        let &[origin, size, root, ..] = lines.as_slice() else {
            return Err(refused(lines.len(), "a checkpoint has three lines: origin, size, root"));
        };
        let size = parse_decimal(size)
            .filter(|&size| size <= MAX_TREE_SIZE)
            .ok_or_else(|| refused(2, "not a tree size in decimal without leading zeroes"))?;
        let root = Hash::from_base64(root).ok_or_else(|| refused(3, "not a SHA-256 hash in base64"))?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// The signed note of this checkpoint, ready to be served.
    pub fn sign(&self, signer: &dyn NoteSigner) -> Result<String, CheckpointError> {
        if signer.name() != self.origin {
            return Err(CheckpointError::Origin { found: self.origin.clone(), wanted: signer.name().to_owned() });
        }
        let text = self.to_string();
        // An origin with a newline would sign other lines than were meant.
        if Self::parse(&text).as_ref() != Ok(self) {
            return Err(CheckpointError::Line {
                line: 1,
                reason: "the origin or the size cannot be written in a checkpoint",
            });
        }
        Ok(SignedNote::sign(&text, signer)?.to_string())
    }

    /// Reads a signed checkpoint and checks that `key` signed it and that it
    /// is of the log the key is named after.
    pub fn open(text: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        Self::open_any(text, std::slice::from_ref(key))
    }

    /// As [`Checkpoint::open`], where a log has several keys of one name, as it
    /// does while one takes over from another: one of them must have signed,
    /// and none wrongly.
    pub fn open_any(text: &[u8], keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(text)?;
        let signed_by = note.verify(keys)?;
        let checkpoint = Self::parse(note.text())?;
        if let Some(other) = signed_by.iter().find(|key| key.name() != checkpoint.origin) {
            return Err(CheckpointError::Origin { found: checkpoint.origin, wanted: other.name().to_owned() });
        }
        Ok(checkpoint)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}\n{}", self.origin, self.size)?;
        writeln!(formatter, "{}", self.root.to_base64())
    }
}

/// A number in ASCII decimal, without sign or leading zeroes.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if text.len() > 1 && text.starts_with('0') {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests;
