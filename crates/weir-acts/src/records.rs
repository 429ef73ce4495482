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

/// A file of exchanges whose content the log vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedExchanges {
    /// Its name.
    pub name: Arc<str>,
    /// Index of the act that sealed it.
    pub act: u64,
    /// When.
    pub at: Time,
    /// The `seq` of its first exchange.
    pub first: u64,
    /// Of its last.
    pub last: u64,
    /// How many it has.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
    /// SHA-256 of them.
    pub digest: Digest,
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

/// The `seq` of the first exchange in a file, as its name tells it, such as
/// `2026-06-12T03-0000000000000042.parquet`: the hour in which its first came,
/// and that number. None where it is spelled otherwise.
pub fn first_exchange(name: &str) -> Option<u64> {
    let stem = name.strip_suffix(".parquet")?;
    let pattern = b"dddd-dd-ddTdd-dddddddddddddddd";
    let fits = |(byte, place): (u8, &u8)| if *place == b'd' { byte.is_ascii_digit() } else { byte == *place };
    if stem.len() != pattern.len() || !stem.bytes().zip(pattern).all(fits) {
        return None;
    }
    stem.get("dddd-dd-ddTdd-".len()..)?.parse().ok().filter(|first| *first > 0)
}

/// The name of a file whose first exchange is `first` and came at `time`.
pub fn exchanges_name(time: Time, first: u64) -> String {
    let text = time.to_string();
    format!("{}-{first:016}.parquet", text.get(.."dddd-dd-ddTdd".len()).unwrap_or("0000-00-00T00"))
}

/// The number in a segment's name, such as `00000001.jsonl`; none where it is
/// spelled otherwise.
pub fn segment_number(name: &str) -> Option<u64> {
    let number: u64 = name.strip_suffix(".jsonl")?.parse().ok()?;
    (format!("{number:08}.jsonl") == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_exchanges_has_one_name() {
        let name = exchanges_name("2026-06-12T03:59:59.999Z".parse().unwrap(), 42);
        assert_eq!(name, "2026-06-12T03-0000000000000042.parquet");
        assert_eq!(first_exchange(&name), Some(42));
        for bad in [
            "2026-06-12T03-42.parquet",
            "2026-06-12T03-0000000000000000.parquet",
            "2026-06-12 03-0000000000000042.parquet",
            ".2026-06-12T03-0000000000000042.parquet",
            "2026-06-12T03-0000000000000042.parquet.tmp",
            "2026-06-12T03-+000000000000042.parquet",
        ] {
            assert_eq!(first_exchange(bad), None, "{bad}");
        }
    }
}
