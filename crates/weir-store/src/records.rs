//! What goes into the store and comes out of it, as plain data.
//!
//! The types carry no behaviour on purpose: whoever computes a leaf hash or a root is above
//! this crate, and a second implementation of the store must not inherit a habit of the first.

use std::fmt;

/// The largest entry the log takes, in bytes: a tlog-tiles entry bundle frames each entry with a
/// 16-bit length.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// The root of the tree of size 0: SHA-256 of the empty string (RFC 6962 section 2.1).
///
/// A store that has never been appended to reports this root, so the first append expects it.
pub const EMPTY_ROOT: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// Where the log stands: how many entries, and what they hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many entries the log holds; the next entry gets this index.
    pub size: u64,
    /// The Merkle root over those entries, as computed by the caller.
    pub root: [u8; 32],
    /// The compact right edge of the tree, from which the caller goes on hashing. Opaque to the
    /// store, which hands it back as it came.
    pub frontier: Vec<[u8; 32]>,
}

impl TreeHead {
    /// The head of a log without entries.
    #[must_use]
    pub fn empty() -> Self {
        Self { size: 0, root: EMPTY_ROOT, frontier: Vec::new() }
    }
}

/// The part of an entry that the log only commits to: it is kept beside the entry and can be
/// erased without touching it. Its `Debug` shows a length and never the content.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivatePart {
    /// The random salt of the commitment; without it the commitment could be guessed open.
    pub salt: [u8; 32],
    /// The private bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for PrivatePart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivatePart(redacted, {} bytes)", self.bytes.len())
    }
}

/// An entry on its way into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// The entry as it is hashed; at most [`MAX_ENTRY_BYTES`].
    pub bytes: Vec<u8>,
    /// Its leaf hash, as computed by the caller.
    pub leaf: [u8; 32],
    /// Its private part, if it commits to one.
    pub private: Option<PrivatePart>,
}

/// What became of the private part of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Private {
    /// The entry came without one.
    None,
    /// It is still held.
    Kept(PrivatePart),
    /// It was held, and was erased by [`crate::Store::erase_private`].
    Erased,
}

/// An entry as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its place in the log, counted from 0.
    pub index: u64,
    /// The bytes, exactly as appended.
    pub bytes: Vec<u8>,
    /// The leaf hash, exactly as appended.
    pub leaf: [u8; 32],
    /// Its private part.
    pub private: Private,
}

/// The answer once given to a request that carried an `Idempotency-Key`, so that a repeated
/// request gets the same answer and does nothing. Its `Debug` hides the answer, which may hold
/// a secret that is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Answered {
    /// Whose keys these are, for instance an operator's id: two scopes may use the same key.
    pub scope: String,
    /// The caller's `Idempotency-Key`.
    pub key: String,
    /// A digest of the request, so that the same key on another request is noticed.
    pub request: [u8; 32],
    /// The answer, as the caller of the store encoded it.
    pub answer: Vec<u8>,
}

impl fmt::Debug for Answered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answered")
            .field("scope", &self.scope)
            .field("key", &self.key)
            .field("answer", &format_args!("redacted, {} bytes", self.answer.len()))
            .finish_non_exhaustive()
    }
}

/// One atomic step of the log: all of it becomes durable, or none of it.
#[derive(Clone, Debug)]
pub struct Append<'a> {
    /// The size the caller built on. The append is refused if the log has another.
    pub expected_size: u64,
    /// The root the caller built on.
    pub expected_root: [u8; 32],
    /// The entries, in order. May be empty when only answers or facts are to be kept.
    pub entries: &'a [NewEntry],
    /// The head after the append; its size is `expected_size` plus the number of entries, and
    /// its root is `expected_root` if there are none.
    pub head: TreeHead,
    /// Answers that become true with this append.
    pub answers: &'a [Answered],
    /// Staged imports whose rows become visible with this append.
    pub imports: &'a [Settled<'a>],
    /// Named facts to set (`Some`) or remove (`None`) with this append, in order.
    pub facts: &'a [(String, Option<Vec<u8>>)],
}

/// A row of an import on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    /// The row as it is hashed; at most [`MAX_ENTRY_BYTES`].
    pub bytes: Vec<u8>,
    /// What it commits to.
    pub private: PrivatePart,
}

/// A row of an import that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    /// Its place among the rows, counted from 0.
    pub row: u64,
    /// The bytes, exactly as staged.
    pub bytes: Vec<u8>,
    /// Its private part; never [`Private::None`].
    pub private: Private,
}

/// A staged import that becomes part of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled<'a> {
    /// The name it was staged under.
    pub name: &'a str,
    /// How many rows it must have.
    pub rows: u64,
    /// Which entry of the append is its act, counted from 0.
    pub position: usize,
}

/// Something an upstream keeps for a caller (a response, a conversation, a file), and who made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// The upstream's id for it.
    pub id: String,
    /// The account that made it.
    pub account: String,
    /// The model it was made on.
    pub model: String,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: i64,
}
