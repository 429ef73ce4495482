//! One log entry: UTF-8 JSON, hashed as stored and never re-serialised
//! (contracts, section 7). Reading borrows nothing from writing: an entry is
//! parsed from the very bytes the tree commits to.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::act::Act;
use crate::digest::Digest;
use crate::time::Time;

/// Entries stay under 64 KiB: tlog-tiles length-prefixes them with 16 bits.
pub const MAX_ENTRY: usize = 65_535;

/// The format this version writes and reads.
pub const VERSION: u32 = 1;

/// Who acted when Weir itself did, by a rule or a timer.
pub const BY_WEIR: &str = "weir";

/// Who acted when the detector did: it has no role, and may do what a rule of
/// authority names it for.
pub const BY_DETECTOR: &str = "detector";

/// Someone's consent to an act, and the digest of what they were shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The operator's id.
    pub by: String,
    /// Digest of the draft or preview they saw.
    pub saw: Digest,
}

/// On whose authority. Notice and effect are separate facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The rule the act applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The legal ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// Digest of the instrument as it was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Digest>,
    /// When the instrument reached the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<Time>,
    /// When those it names were told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noticed: Option<Time>,
    /// From when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Time>,
}

/// An act with its circumstances, as written or as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was accepted; never decreases along the log.
    pub at: Time,
    /// The operator's id, or [`BY_WEIR`].
    pub by: String,
    /// Who consented.
    pub approvals: Vec<Approval>,
    /// The random id of what it is about.
    pub subject: String,
    /// On whose authority.
    pub basis: Option<Basis>,
    /// What it says.
    pub act: Act,
}

/// An entry ready to be appended.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The bytes the tree commits to.
    pub bytes: Vec<u8>,
    /// Salt and bytes of the private part.
    pub private: Option<([u8; 32], Vec<u8>)>,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sealed").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// Why bytes are not an entry this version understands.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The bytes are not the JSON of an entry.
    #[error("not an act: {0}")]
    Json(#[from] serde_json::Error),
    /// A later Weir wrote it.
    #[error("act format v{found}; this weir reads v{VERSION}: use a newer weir")]
    Version {
        /// The format named.
        found: u32,
    },
    /// A later Weir wrote it.
    #[error("unknown act kind `{kind}`: use a newer weir")]
    Kind {
        /// The kind named.
        kind: String,
    },
    /// What was given as the private part is not what was committed to.
    #[error("the private part does not match the commitment {committed}")]
    Opening {
        /// The commitment in the entry.
        committed: Digest,
    },
    /// A private part where the entry commits to none.
    #[error("a private part was given, but the act commits to none")]
    Unexpected,
    /// The entry would be too large for the log.
    #[error("the act is {size} bytes; a log entry holds at most {MAX_ENTRY}")]
    TooLarge {
        /// Its size.
        size: usize,
    },
    /// A row of an import contradicts itself.
    #[error("not a row: {0}")]
    Row(&'static str),
    /// No randomness for a salt.
    #[error("no randomness for a salt: {0}")]
    Randomness(getrandom::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    v: u32,
    kind: std::borrow::Cow<'a, str>,
    at: Time,
    by: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<Approval>,
    subject: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    basis: Option<Basis>,
    public: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private: Option<Digest>,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// The commitment to a private part: SHA-256 of salt and bytes.
pub fn commit(salt: &[u8; 32], bytes: &[u8]) -> Digest {
    Digest::of_parts(&[salt, bytes])
}

impl Entry {
    /// Writes the entry, committing to the private part under a fresh salt.
    ///
    /// # Errors
    /// When it would not fit in the log or there is no randomness.
    pub fn seal(&self) -> Result<Sealed, EntryError> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt).map_err(EntryError::Randomness)?;
        self.seal_with(salt)
    }

    /// As [`Entry::seal`], with the salt given.
    ///
    /// # Errors
    /// When it would not fit in the log.
    pub fn seal_with(&self, salt: [u8; 32]) -> Result<Sealed, EntryError> {
        let private = self.act.private_json()?;
        let wire = Wire {
            v: VERSION,
            kind: self.act.kind().into(),
            at: self.at,
            by: self.by.as_str().into(),
            approvals: self.approvals.clone(),
            subject: self.subject.as_str().into(),
            basis: self.basis.clone(),
            public: serde_json::value::to_raw_value(&self.act.public_json()?)?,
            private: private.as_ref().map(|bytes| commit(&salt, bytes)),
        };
        let bytes = serde_json::to_vec(&wire)?;
        if bytes.len() > MAX_ENTRY {
            return Err(EntryError::TooLarge { size: bytes.len() });
        }
        Ok(Sealed { bytes, private: private.map(|bytes| (salt, bytes)) })
    }

    /// Reads an entry and, where it is at hand, its private part.
    ///
    /// # Errors
    /// When the bytes are no entry, the version or kind is unknown, or the
    /// private part is not the one committed to.
    pub fn read(bytes: &[u8], private: Option<(&[u8; 32], &[u8])>) -> Result<Entry, EntryError> {
        Entry::read_committed(bytes, private).map(|(entry, _)| entry)
    }

    /// As [`Entry::read`], with the commitment to its private part where it has
    /// one.
    ///
    /// # Errors
    /// As [`Entry::read`].
    pub fn read_committed(
        bytes: &[u8],
        private: Option<(&[u8; 32], &[u8])>,
    ) -> Result<(Entry, Option<Digest>), EntryError> {
        let wire = match serde_json::from_slice::<Wire<'_>>(bytes) {
            Ok(wire) if wire.v == VERSION => wire,
            // Of another format nothing else is known, not even its fields.
            Ok(Wire { v: found, .. }) => return Err(EntryError::Version { found }),
            Err(error) => match serde_json::from_slice(bytes) {
                Ok(VersionOnly { v: found }) if found != VERSION => return Err(EntryError::Version { found }),
                _ => return Err(error.into()),
            },
        };
        let opened = match (wire.private, private) {
            (_, None) => None,
            (None, Some(_)) => return Err(EntryError::Unexpected),
            (Some(committed), Some((salt, bytes))) if commit(salt, bytes) == committed => Some(bytes),
            (Some(committed), Some(_)) => return Err(EntryError::Opening { committed }),
        };
        let act = Act::read(&wire.kind, wire.public.get(), opened)
            .ok_or_else(|| EntryError::Kind { kind: wire.kind.chars().take(64).collect() })??;
        let entry = Entry {
            at: wire.at,
            by: wire.by.into_owned(),
            approvals: wire.approvals,
            subject: wire.subject.into_owned(),
            basis: wire.basis,
            act,
        };
        Ok((entry, wire.private))
    }
}

#[cfg(test)]
mod tests;
