//! Receipts (c2sp.org/tlog-proof, `.tlog-proof`): everything an outsider needs
//! to check, offline and for ever, that one entry is in the log.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>              (optional)
//! index <decimal>
//! <base64 hash>               (none or more, from the leaf up)
//!
//! <signed checkpoint, verbatim>
//! ```

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError, parse_decimal};
use crate::hash::Hash;
use crate::note::{MAX_NOTE_BYTES, NoteError, SignedNote, VerifierKey};
use crate::proof::{HashSource, ProofError, check_inclusion, prove_inclusion};

/// Longest receipt accepted, in bytes.
pub const MAX_RECEIPT_BYTES: usize = 2 * MAX_NOTE_BYTES;
/// Most hashes in a proof: a tree has fewer than 2^63 entries.
pub const MAX_PROOF_HASHES: usize = 63;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Why a receipt was refused.
#[derive(Debug, Error)]
pub enum ReceiptError {
    /// Longer than [`MAX_RECEIPT_BYTES`].
    #[error("the receipt has {bytes} bytes, more than the {MAX_RECEIPT_BYTES} allowed")]
    TooLong {
        /// Length found.
        bytes: usize,
    },
    /// The text is not UTF-8.
    #[error("the receipt is not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// First offending byte.
        offset: usize,
    },
    /// A line that is not as prescribed.
    #[error("line {line} of the receipt: {reason}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The note around the checkpoint.
    #[error("the checkpoint in the receipt: {0}")]
    Note(#[from] NoteError),
    /// The checkpoint or its signature.
    #[error("the checkpoint in the receipt: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not where the receipt says.
    #[error("the receipt does not hold: {0}")]
    Proof(#[from] ProofError),
}

/// A proof that an entry is in a log, with the checkpoint it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Index of the entry.
    pub index: u64,
    /// Unauthenticated extra data; never to be trusted.
    pub extra: Option<Vec<u8>>,
    /// Sibling hashes from the leaf up.
    pub proof: Vec<Hash>,
    /// The signed checkpoint, with all its signatures, verbatim.
    pub checkpoint: String,
}

impl Receipt {
    /// The receipt of entry `index` under a signed checkpoint.
    pub fn make(source: &dyn HashSource, index: u64, signed_checkpoint: &str) -> Result<Self, ReceiptError> {
        let note = SignedNote::parse(signed_checkpoint.as_bytes())?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self {
            index,
            extra: None,
            proof: prove_inclusion(source, index, checkpoint.size)?,
            checkpoint: signed_checkpoint.to_owned(),
        })
    }

    /// Reads a receipt. Nothing is verified yet.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > MAX_RECEIPT_BYTES {
            return Err(ReceiptError::TooLong { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| ReceiptError::NotUtf8 { offset: error.valid_up_to() })?;
        let mut lines = Lines { rest: text, line: 0 };
        if lines.next_line()? != FIRST_LINE {
            return Err(lines.refused("a receipt starts with c2sp.org/tlog-proof@v1"));
        }
        let mut line = lines.next_line()?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            let decoded = BASE64_STANDARD.decode(encoded);
            extra = Some(decoded.map_err(|_| lines.refused("the extra data is not base64"))?);
            line = lines.next_line()?;
        }
        let index = line
            .strip_prefix("index ")
            .and_then(parse_decimal)
            .ok_or_else(|| lines.refused("not `index` and a number without leading zeroes"))?;
        let mut proof = Vec::new();
        loop {
            let line = lines.next_line()?;
            if line.is_empty() {
                break;
            }
            let hash = Hash::from_base64(line);
            proof.push(hash.ok_or_else(|| lines.refused("not a SHA-256 hash in base64"))?);
            if proof.len() > MAX_PROOF_HASHES {
                return Err(lines.refused("more hashes than any proof has"));
            }
        }
        SignedNote::parse(lines.rest.as_bytes())?;
        Ok(Self { index, extra, proof, checkpoint: lines.rest.to_owned() })
    }

    /// Checks that the log of `key` signed the checkpoint and that the entry
    /// with this leaf hash is in it, and returns the checkpoint.
    pub fn verify(&self, leaf: Hash, key: &VerifierKey) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), key)?;
        check_inclusion(leaf, self.index, checkpoint.size, checkpoint.root, &self.proof)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        for hash in &self.proof {
            writeln!(formatter, "{}", hash.to_base64())?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

/// Lines one by one, and which one it is.
struct Lines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    fn next_line(&mut self) -> Result<&'a str, ReceiptError> {
        self.line = self.line.saturating_add(1);
        let (line, rest) =
            self.rest.split_once('\n').ok_or_else(|| self.refused("the receipt ends here, before its checkpoint"))?;
        self.rest = rest;
        Ok(line)
    }

    fn refused(&self, reason: &'static str) -> ReceiptError {
        ReceiptError::Line { line: self.line, reason }
    }
}

#[cfg(test)]
mod tests;
