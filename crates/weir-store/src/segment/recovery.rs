//! What a process that ended without closing its segments left behind.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::summary::digest;
use super::{Closed, Segment};
use crate::FolderError;
use crate::durable::{sync_folder_of, write_file_atomically};

/// The most of a cut tail that is kept beside its segment, in bytes.
const MOST_KEPT: u64 = 16 * 1024 * 1024;

/// Closes a segment that an earlier process left open. Its whole lines, numbered one after the
/// other and below `before`, stay; what follows them is cut off. A segment without lines is
/// removed, and none is answered.
pub(super) fn recover(segment: &Segment, before: u64) -> Result<Option<Closed>, FolderError> {
    let path = &segment.path;
    let summary = digest(path, before)?.summary();
    let length = fs::metadata(path).map_err(FolderError::io("reading", path))?.len();
    let cut = length.saturating_sub(summary.bytes);
    if cut > 0 {
        keep_tail(path, summary.bytes)?;
        let file = OpenOptions::new().write(true).open(path).map_err(FolderError::io("opening", path))?;
        file.set_len(summary.bytes).map_err(FolderError::io("cutting", path))?;
        file.sync_all().map_err(FolderError::io("syncing", path))?;
    }
    if summary.count == 0 {
        fs::remove_file(path).map_err(FolderError::io("removing", path))?;
        sync_folder_of(path)?;
        return Ok(None);
    }
    Ok(Some(Closed { number: segment.number, summary, recovered: true, cut }))
}

/// Copies what follows byte `from` to a file beside the segment: nothing is thrown away that
/// somebody may want to look at.
fn keep_tail(path: &Path, from: u64) -> Result<(), FolderError> {
    let mut file = fs::File::open(path).map_err(FolderError::io("reading", path))?;
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(from))
        .and_then(|_| file.take(MOST_KEPT).read_to_end(&mut tail))
        .map_err(FolderError::io("reading", path))?;
    write_file_atomically(&torn_beside(path), &tail, 0o600)
}

fn torn_beside(path: &Path) -> PathBuf {
    path.with_extension("torn")
}
