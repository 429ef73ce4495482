//! Looking for one decision in a segment, which may be growing or may have been cut by a crash.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use super::{MAX_LINE_BYTES, path_of};
use crate::FolderError;

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search<T> {
    /// The first answer that the caller's function gave.
    pub found: Option<T>,
    /// The unfinished last line, if the search came that far and there is one. In the segment
    /// being written this is ordinary; in an older one a crash cut it off.
    pub torn: Option<TornLine>,
}

/// A last line without its line feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornLine {
    /// Where it begins, in bytes from the start of the segment.
    pub offset: u64,
    /// How many bytes of it there are.
    pub bytes: u64,
}

/// Gives `look` each complete line of segment `number`, without its line feed, in order, until
/// it answers.
///
/// # Errors
/// [`FolderError::NoSegment`]; [`FolderError::LineTooLong`] if the file cannot be one of ours;
/// [`FolderError::Io`].
pub fn find<T>(dir: &Path, number: u64, mut look: impl FnMut(&[u8]) -> Option<T>) -> Result<Search<T>, FolderError> {
    let path = path_of(dir, number);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(FolderError::NoSegment { dir: dir.to_owned(), number });
        }
        Err(error) => return Err(FolderError::io("reading", &path)(error)),
    };
    let mut reader = BufReader::new(file);
    let mut offset = 0_u64;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(FolderError::io("reading", &path))?;
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        let Some(complete) = line.strip_suffix(b"\n") else {
            if bytes >= MAX_LINE_BYTES {
                return Err(FolderError::LineTooLong { path, offset, limit: MAX_LINE_BYTES });
            }
            let torn = (bytes > 0).then_some(TornLine { offset, bytes });
            return Ok(Search { found: None, torn });
        };
        if let Some(found) = look(complete) {
            return Ok(Search { found: Some(found), torn: None });
        }
        offset = offset.saturating_add(bytes);
    }
}
