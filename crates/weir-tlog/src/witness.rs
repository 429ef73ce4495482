//! The witness's part (c2sp.org/tlog-witness v1.0.0), as pure code: what a
//! request is, and whether the checkpoint in it may be cosigned after the one
//! cosigned last. [`WitnessKeeper`] holds one [`WitnessedLog`] a log, checks
//! and persists as one step, and only then lets the cosignature out.

mod keeper;

use std::fmt;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError, parse_decimal};
use crate::hash::{Hash, empty_root};
use crate::note::{NoteError, SignedNote, VerifierKey};
use crate::proof::{ProofError, check_consistency};
use crate::receipt::MAX_PROOF_HASHES;

pub use keeper::{WitnessError, WitnessKeeper};

/// Longest request accepted, in bytes: a checkpoint is three lines, and each
/// of a hundred signatures is about as long as the longest line of a proof.
pub const MAX_REQUEST_BYTES: usize = 64 << 10;

/// Why a witness does not cosign. Each has the HTTP status that the
/// specification gives it.
#[derive(Debug, Error)]
pub enum WitnessRefusal {
    /// 400: the request is not as prescribed.
    #[error("line {line} of the request: {reason}")]
    Malformed {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// 400: the checkpoint cannot be read.
    #[error("the checkpoint in the request: {0}")]
    Checkpoint(#[source] CheckpointError),
    /// 404: not a log this witness was told of.
    #[error("this witness does not know the log {origin:?}")]
    UnknownLog {
        /// The first line of the checkpoint.
        origin: String,
    },
    /// 403: no key of that log signed it.
    #[error("the checkpoint is not signed by a key this witness trusts for its log: {0}")]
    NotSigned(#[source] CheckpointError),
    /// 409: the log and the witness disagree about what was cosigned last.
    #[error("the last checkpoint cosigned has {latest} entries, the request starts from {old}")]
    OtherSize {
        /// Entries of the last cosigned checkpoint; 0 before the first.
        latest: u64,
        /// Entries the request starts from.
        old: u64,
    },
    /// 409: two checkpoints of one size with two roots: the log has forked.
    #[error("a checkpoint of {size} entries with root {cosigned} was cosigned, this one has root {found}: a fork")]
    OtherRoot {
        /// Size of both.
        size: u64,
        /// The root cosigned.
        cosigned: Hash,
        /// The root in the request.
        found: Hash,
    },
    /// 422: the checkpoint does not contain the one cosigned last.
    #[error("the proof does not lead from the last cosigned checkpoint to this one: {0}")]
    Proof(#[source] ProofError),
}

impl WitnessRefusal {
    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed { .. } | Self::Checkpoint(_) => 400,
            Self::NotSigned(_) => 403,
            Self::UnknownLog { .. } => 404,
            Self::OtherSize { .. } | Self::OtherRoot { .. } => 409,
            Self::Proof(_) => 422,
        }
    }
}

/// The body of `POST /add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint cosigned last, as the log remembers it.
    pub old_size: u64,
    /// Consistency proof from there.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: SignedNote,
}

impl AddCheckpoint {
    /// Reads a request. No signature is verified yet.
    ///
    /// # Errors
    /// [`WitnessRefusal::Malformed`], [`WitnessRefusal::Checkpoint`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WitnessRefusal> {
        let refused = |line, reason| WitnessRefusal::Malformed { line, reason };
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(refused(1, "the request is longer than any that is needed"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| refused(1, "the request is not UTF-8"))?;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or_else(|| refused(1, "no empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(parse_decimal)
            .ok_or_else(|| refused(1, "not `old` and a size without leading zeroes"))?;
        let mut proof = Vec::new();
        for (line, hash) in (2..).zip(lines) {
            if proof.len() == MAX_PROOF_HASHES {
                return Err(refused(line, "more hashes than any proof has"));
            }
            proof.push(Hash::from_base64(hash).ok_or_else(|| refused(line, "not a SHA-256 hash in base64"))?);
        }
        let malformed = |error: NoteError| WitnessRefusal::Checkpoint(error.into());
        Ok(Self { old_size, proof, checkpoint: SignedNote::parse(checkpoint.as_bytes()).map_err(malformed)? })
    }

    /// The log the checkpoint claims to be of.
    ///
    /// # Errors
    /// [`WitnessRefusal::Checkpoint`] where its text is none.
    pub fn origin(&self) -> Result<String, WitnessRefusal> {
        Ok(Checkpoint::parse(self.checkpoint.text()).map_err(WitnessRefusal::Checkpoint)?.origin)
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "old {}", self.old_size)?;
        for hash in &self.proof {
            writeln!(formatter, "{}", hash.to_base64())?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

/// What a witness knows of one log.
#[derive(Debug, Clone)]
pub struct WitnessedLog {
    keys: Vec<VerifierKey>,
    latest: Option<Checkpoint>,
}

/// A checkpoint that may be cosigned once it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note, with the signatures it came with.
    pub note: SignedNote,
}

impl WitnessedLog {
    /// A log whose checkpoints any of `keys`, all of its name, may sign.
    /// `latest` is the last checkpoint cosigned, none before the first.
    pub fn new(keys: Vec<VerifierKey>, latest: Option<Checkpoint>) -> Self {
        Self { keys, latest }
    }

    /// The last checkpoint cosigned.
    pub fn latest(&self) -> Option<&Checkpoint> {
        self.latest.as_ref()
    }

    /// Whether the checkpoint in `request` may be cosigned now. The order of
    /// the checks is the specification's.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn check(&self, request: &AddCheckpoint) -> Result<Admitted, WitnessRefusal> {
        let note = &request.checkpoint;
        let checkpoint =
            Checkpoint::open_any(note.to_string().as_bytes(), &self.keys).map_err(|error| match error {
                CheckpointError::Line { .. } => WitnessRefusal::Checkpoint(error),
                not_signed => WitnessRefusal::NotSigned(not_signed),
            })?;
        if request.old_size > checkpoint.size {
            return Err(WitnessRefusal::Malformed { line: 1, reason: "the old size is beyond the checkpoint's" });
        }
        let (latest_size, latest_root) =
            self.latest.as_ref().map_or((0, empty_root()), |latest| (latest.size, latest.root));
        if request.old_size != latest_size {
            return Err(WitnessRefusal::OtherSize { latest: latest_size, old: request.old_size });
        }
        if checkpoint.size == latest_size && checkpoint.root != latest_root {
            return Err(WitnessRefusal::OtherRoot { size: latest_size, cosigned: latest_root, found: checkpoint.root });
        }
        if latest_size == 0 && !request.proof.is_empty() {
            return Err(WitnessRefusal::Proof(ProofError::Length { found: request.proof.len() }));
        }
        check_consistency(latest_size, latest_root, checkpoint.size, checkpoint.root, &request.proof)
            .map_err(WitnessRefusal::Proof)?;
        Ok(Admitted { checkpoint, note: note.clone() })
    }

    /// Remembers that `admitted` is durable, after which it may be cosigned.
    pub fn advance(&mut self, admitted: &Admitted) {
        self.latest = Some(admitted.checkpoint.clone());
    }
}

#[cfg(test)]
mod tests;
