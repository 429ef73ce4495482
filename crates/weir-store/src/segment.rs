//! Decisions on disk: append-only files of JSON lines, each line with its number.
//!
//! There are a thousand decisions to every act, so they do not go through the database. Lines are
//! numbered from 1 on over all segments, across restarts, so that a line taken out shows. A
//! segment is written by one process from its creation on and never again after that process
//! ends. Once closed it never changes: its [`Summary`] goes into the log as an act and seals it.
//! What a crash left is recovered at the next start ([`SegmentWriter::open`]): an unfinished tail
//! is cut off, kept beside it and told, and the rest is closed like any other segment.

mod recovery;
mod search;
mod summary;
#[cfg(test)]
mod tests;
mod writer;

use std::fs;
use std::path::{Path, PathBuf};

pub use self::search::{Search, TornLine, find};
pub use self::summary::{Summary, leaves, summarise};
pub use self::writer::{Sealed, SegmentWriter, Syncing};
use crate::FolderError;

/// The folder of segments inside Weir's folder.
pub const SEGMENTS_FOLDER: &str = "decisions";

/// The longest line a segment takes, in bytes, with its line feed.
pub const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// What a numbered line begins with, before its number.
const NUMBER_KEY: &[u8] = b"{\"number\":";

/// One segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number; later segments have larger ones.
    pub number: u64,
    /// Where it lies. Once closed, its bytes never change.
    pub path: PathBuf,
}

/// A segment that will not be written again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Its number.
    pub number: u64,
    /// What it holds.
    pub summary: Summary,
    /// Whether a later process closed it than the one that wrote it: that one crashed, and the
    /// records of its last moment may never have been written.
    pub recovered: bool,
    /// Bytes of an unfinished or repeated tail that were cut off and kept beside it.
    pub cut: u64,
}

/// All segments in `dir/decisions`, in the order they were written; none if there is no folder.
/// Files of other names are not ours and are passed over.
///
/// # Errors
/// [`FolderError::Io`].
pub fn segments(dir: &Path) -> Result<Vec<Segment>, FolderError> {
    let folder = dir.join(SEGMENTS_FOLDER);
    let listing = match fs::read_dir(&folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FolderError::io("listing", &folder)(error)),
    };
    let mut found = Vec::new();
    for entry in listing {
        let entry = entry.map_err(FolderError::io("listing", &folder))?;
        if let Some(number) = entry.file_name().to_str().and_then(number_of) {
            found.push(Segment { number, path: entry.path() });
        }
    }
    found.sort_by_key(|segment| segment.number);
    Ok(found)
}

/// Deletes segment `number`; true if there was one. Durable on return.
///
/// # Errors
/// [`FolderError::Io`].
pub fn delete(dir: &Path, number: u64) -> Result<bool, FolderError> {
    let path = path_of(dir, number);
    match fs::remove_file(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        removed => removed.map_err(FolderError::io("deleting", &path))?,
    }
    crate::durable::sync_folder_of(&path)?;
    Ok(true)
}

/// Where segment `number` of `dir` lies.
#[must_use]
pub fn path_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(SEGMENTS_FOLDER).join(file_name(number))
}

/// The name of segment `number`.
#[must_use]
pub fn file_name(number: u64) -> String {
    format!("{number:08}.jsonl")
}

/// The number in a segment's name, if it is spelled as we spell it: no number has two names.
#[must_use]
pub fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".jsonl")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

/// The number of a whole line, without its line feed; none if it is no record of ours.
#[must_use]
pub fn line_number(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(NUMBER_KEY)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at(digits);
    // A file system may leave zeroes where a crash kept it from writing.
    let is_whole = rest.first() == Some(&b',') && line.ends_with(b"}") && !line.iter().any(u8::is_ascii_control);
    if !is_whole || digits.first() == Some(&b'0') {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}
