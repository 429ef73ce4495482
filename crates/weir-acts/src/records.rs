//! Files of decision and exchange records, as the log tells of them: sealed
//! once closed, deleted by rule, kept while anybody has a claim to them.

use std::sync::Arc;

use crate::digest::Digest;
use crate::holder::Life;
use crate::id::HoldId;
use crate::state::Holder;
use crate::time::Time;

/// A file of records whose content the log vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSegment {
    /// Its name.
    pub name: Arc<str>,
    /// Index of the act that sealed it.
    pub act: u64,
    /// When.
    pub at: Time,
    /// The number of its first record.
    pub first: u64,
    /// Of its last.
    pub last: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// SHA-256 of them.
    pub digest: Digest,
    /// Root of the tree of its lines.
    pub root: Digest,
    /// Whether it was closed by a later process than the one that wrote it.
    pub recovered: bool,
    /// Records that could not be kept since the one before.
    pub unkept: u64,
    /// The act that deleted it.
    pub deleted: Option<u64>,
}

/// What must be kept, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// About whom.
    pub on: Holder,
    /// Why, where that is at hand.
    pub reason: Option<Arc<str>>,
    /// The legal ground, where one was given and is at hand.
    pub citation: Option<Arc<str>>,
    /// Who placed it.
    pub by: Arc<str>,
    /// From its act to its lifting.
    pub life: Life,
}

/// The number in a segment's name, such as `00000001.jsonl`; none where it is
/// spelled otherwise.
pub fn segment_number(name: &str) -> Option<u64> {
    let number: u64 = name.strip_suffix(".jsonl")?.parse().ok()?;
    (format!("{number:08}.jsonl") == name).then_some(number)
}
