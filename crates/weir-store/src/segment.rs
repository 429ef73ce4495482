//! Decisions on disk: append-only files of JSON lines.
//!
//! There are a thousand decisions to every act, so they do not go through the database. A segment
//! is written by one process from its creation on and never again after that process ends, so the
//! only damage a crash can do is an unfinished last line; readers pass over it and say so. Closed
//! segments never change: their digest can be put into the log.

mod search;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub use self::search::{Search, TornLine, find};
use crate::FolderError;
use crate::durable::{create_private_folder, sync_folder_of};

/// The folder of segments inside Weir's folder.
pub const SEGMENTS_FOLDER: &str = "decisions";

/// The longest line a segment takes, in bytes, with its line feed.
pub const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// One segment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number; later segments have larger ones.
    pub number: u64,
    /// Where it lies. Once closed, its bytes never change.
    pub path: PathBuf,
}

/// Where an append went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The number of the segment that holds the lines.
    pub number: u64,
    /// The segment that was closed, and synced, because the lines did not fit.
    pub closed: Option<Segment>,
}

/// Writes decisions into the newest segment. Holds the only handle that writes.
#[derive(Debug)]
pub struct SegmentWriter {
    dir: PathBuf,
    roll_at_bytes: u64,
    current: Segment,
    file: File,
    length: u64,
    /// A failed write could not be undone: the file may end in part of a line.
    is_torn: bool,
}

impl SegmentWriter {
    /// Starts a new segment in `dir/decisions`, numbered after the last one there. A segment is
    /// closed when it would grow beyond `roll_at_bytes`.
    ///
    /// # Errors
    /// [`FolderError::Io`].
    pub fn open(dir: &Path, roll_at_bytes: u64) -> Result<Self, FolderError> {
        create_private_folder(&dir.join(SEGMENTS_FOLDER))?;
        let last = segments(dir)?.last().map_or(0, |segment| segment.number);
        let (current, file) = create(dir, last.saturating_add(1))?;
        Ok(Self { dir: dir.to_owned(), roll_at_bytes, current, file, length: 0, is_torn: false })
    }

    /// The segment being written.
    #[must_use]
    pub fn current(&self) -> &Segment {
        &self.current
    }

    /// Appends whole lines, all into one segment. Durable only after [`SegmentWriter::sync`].
    ///
    /// # Errors
    /// [`FolderError::UnendedLine`] or [`FolderError::LineTooLong`] before anything is written.
    /// After [`FolderError::Io`] none of the lines is in the segment, and the next append goes on
    /// behind the last good line.
    pub fn append(&mut self, lines: &[u8]) -> Result<Appended, FolderError> {
        self.check_lines(lines)?;
        let added = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let does_not_fit = self.length.saturating_add(added) > self.roll_at_bytes;
        let closed = if self.is_torn || (does_not_fit && self.length > 0) { Some(self.roll()?) } else { None };
        if let Err(error) = self.file.write_all(lines) {
            self.is_torn = self.file.set_len(self.length).is_err();
            return Err(FolderError::io("writing", &self.current.path)(error));
        }
        self.length = self.length.saturating_add(added);
        Ok(Appended { number: self.current.number, closed })
    }

    /// Makes every line appended so far durable.
    ///
    /// # Errors
    /// [`FolderError::Io`]: lines since the last sync may be lost.
    pub fn sync(&mut self) -> Result<(), FolderError> {
        self.file.sync_data().map_err(FolderError::io("syncing", &self.current.path))
    }

    fn check_lines(&self, lines: &[u8]) -> Result<(), FolderError> {
        if lines.last().is_some_and(|&byte| byte != b'\n') {
            return Err(FolderError::UnendedLine { path: self.current.path.clone() });
        }
        let longest = lines.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::len).max();
        if longest.is_some_and(|bytes| u64::try_from(bytes).unwrap_or(u64::MAX) > MAX_LINE_BYTES) {
            return Err(FolderError::LineTooLong {
                path: self.current.path.clone(),
                offset: self.length,
                limit: MAX_LINE_BYTES,
            });
        }
        Ok(())
    }

    fn roll(&mut self) -> Result<Segment, FolderError> {
        self.sync()?;
        let (next, file) = create(&self.dir, self.current.number.saturating_add(1))?;
        self.file = file;
        self.length = 0;
        self.is_torn = false;
        Ok(std::mem::replace(&mut self.current, next))
    }
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

fn create(dir: &Path, number: u64) -> Result<(Segment, File), FolderError> {
    let path = path_of(dir, number);
    let file = OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(FolderError::io("creating", &path))?;
    sync_folder_of(&path)?;
    Ok((Segment { number, path }, file))
}

fn path_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(SEGMENTS_FOLDER).join(file_name(number))
}

fn file_name(number: u64) -> String {
    format!("{number:08}.jsonl")
}

/// The number in a segment's name, if it is spelled as we spell it: no number has two names.
fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".jsonl")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}
