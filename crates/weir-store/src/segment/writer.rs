//! The one handle that writes segments.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
#[cfg(target_os = "linux")]
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::recovery::recover;
use super::summary::Digesting;
use super::{Closed, MAX_LINE_BYTES, NUMBER_KEY, SEGMENTS_FOLDER, Segment, find, line_number, path_of, segments};
use crate::FolderError;
use crate::durable::{create_private_folder, sync_folder_of};

/// The segments whose summaries are in the log: the number of each with those of its first and
/// last line.
pub type Sealed = BTreeMap<u64, (u64, u64)>;

/// Writes records into the newest segment and numbers them. Holds the only handle that writes.
#[derive(Debug)]
pub struct SegmentWriter {
    dir: PathBuf,
    roll_at_bytes: u64,
    current: Segment,
    file: File,
    /// What is durable in the current segment.
    digesting: Digesting,
    /// What is written in it: that, and what was not synced yet.
    ahead: Digesting,
    /// A failed write could not be undone, or a failed sync left in doubt what is on the disk: no
    /// line follows in this file.
    is_doubtful: bool,
    closed: Vec<Closed>,
    /// How many bytes of the current segment the system was told to let go.
    let_go: u64,
    /// Numbered lines; kept for its memory alone.
    numbered: Vec<u8>,
    #[cfg(test)]
    pub(super) fails: Option<Step>,
}

/// Lines on their way to the disk.
#[derive(Debug)]
pub struct Syncing {
    file: File,
    segment: u64,
    until: Digesting,
    /// Bytes that were durable before.
    pub(super) older: Range<u64>,
}

impl Syncing {
    /// Waits for the disk. Lines may be written meanwhile.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&self) -> std::io::Result<()> {
        self.file.sync_data()?;
        self.let_go();
        Ok(())
    }

    /// Has the system forget the bytes that were durable before. Nobody reads them soon,
    /// and records that go on for months would else push everything out of memory that is
    /// read; pages that come back are also written to faster than pages that are new. Not
    /// the bytes that were synced just now: those may still be in a list of the processor
    /// that wrote them, and to get at those the system interrupts all processors.
    fn let_go(&self) {
        #[cfg(target_os = "linux")]
        if let Some(length) = NonZeroU64::new(self.older.end.saturating_sub(self.older.start)) {
            // Advice: a file system that does not take it loses nothing.
            let _taken = rustix::fs::fadvise(&self.file, self.older.start, Some(length), rustix::fs::Advice::DontNeed);
        }
    }
}

/// A page of memory, or a part of one: a power of two.
const PAGE_BYTES: u64 = 4096;

/// Where a test makes the disk fail, once.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Write,
    Sync,
    Undo,
}

impl SegmentWriter {
    /// Starts a new segment in `dir/decisions`, numbered after all that are there or `sealed`,
    /// then closes what earlier processes left open. A segment is closed when it would grow
    /// beyond `roll_at_bytes`.
    ///
    /// # Errors
    /// [`FolderError::Io`].
    pub fn open(dir: &Path, roll_at_bytes: u64, sealed: &Sealed) -> Result<Self, FolderError> {
        create_private_folder(&dir.join(SEGMENTS_FOLDER))?;
        let left = segments(dir)?;
        let last = left.last().map(|segment| segment.number).max(sealed.keys().next_back().copied());
        // Made before empty ones are removed, so that no number is ever given twice: ids of
        // decisions are made of them.
        let (current, file) = create(dir, last.map_or(1, |last| last.saturating_add(1)))?;
        let mut next = sealed.values().map(|(_, last)| last.saturating_add(1)).max().unwrap_or(1);
        let mut closed = Vec::new();
        let firsts: Result<Vec<_>, FolderError> = left.iter().map(|segment| first_line(dir, segment, sealed)).collect();
        let firsts = firsts?;
        for (segment, later) in left.iter().zip(1..) {
            if sealed.contains_key(&segment.number) {
                continue;
            }
            // Lines that a later segment has again were taken back when they were written.
            let before = firsts.iter().skip(later).flatten().next().copied();
            if let Some(recovered) = recover(segment, before.unwrap_or(u64::MAX))? {
                next = next.max(recovered.summary.last().saturating_add(1));
                closed.push(recovered);
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
            roll_at_bytes,
            current,
            file,
            digesting: Digesting::new(next),
            ahead: Digesting::new(next),
            is_doubtful: false,
            closed,
            let_go: 0,
            numbered: Vec::new(),
            #[cfg(test)]
            fails: None,
        })
    }

    /// The segment being written.
    #[must_use]
    pub fn current(&self) -> &Segment {
        &self.current
    }

    /// How many bytes of the current segment are durable, in whole lines.
    #[must_use]
    pub fn durable_bytes(&self) -> u64 {
        self.digesting.bytes()
    }

    /// How many bytes of the current segment are written, in whole lines.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.ahead.bytes()
    }

    /// The number that the next line gets.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.digesting.next()
    }

    /// Appends whole lines, JSON objects each, all into one segment, and numbers them. Durable on
    /// return.
    ///
    /// # Errors
    /// [`FolderError::UnendedLine`], [`FolderError::NoRecord`] or [`FolderError::LineTooLong`]
    /// before anything is written. After [`FolderError::Io`] none of the lines counts, and the
    /// same lines may be appended again: whatever of them is on the disk is cut off before their
    /// segment is sealed.
    pub fn append(&mut self, lines: &[u8]) -> Result<(), FolderError> {
        if lines.is_empty() {
            return Ok(());
        }
        if self.is_doubtful {
            self.roll()?;
        }
        self.number(lines)?;
        let after = self.ahead.bytes().saturating_add(self.numbered.len() as u64);
        if after > self.roll_at_bytes && !self.digesting.is_empty() {
            self.roll()?;
        }
        self.write(lines)?;
        self.sync()
    }

    /// Writes whole lines and numbers them, without waiting for the disk: the end of the process
    /// does them no harm from here on, that of the machine may. [`SegmentWriter::sync`] makes
    /// them durable; where that makes the segment larger than wanted it is closed.
    ///
    /// # Errors
    /// As [`SegmentWriter::append`]. After [`FolderError::Io`] none of the lines counts that were
    /// written since the last sync, and all of them may be written again.
    pub fn write(&mut self, lines: &[u8]) -> Result<(), FolderError> {
        if lines.is_empty() {
            return Ok(());
        }
        if self.is_doubtful {
            self.roll()?;
        }
        self.number(lines)?;
        if let Err(error) = self.put() {
            self.undo();
            return Err(FolderError::io("writing", &self.current.path)(error));
        }
        self.ahead.lines(&self.numbered);
        // One busy moment must not hold its memory for ever.
        self.numbered.shrink_to(1 << 20);
        Ok(())
    }

    /// Makes durable what was written.
    ///
    /// # Errors
    /// [`FolderError::Io`], as for [`SegmentWriter::write`].
    pub fn sync(&mut self) -> Result<(), FolderError> {
        if self.ahead.bytes() == self.digesting.bytes() {
            return Ok(());
        }
        if let Err(error) = self.sync_file() {
            // The kernel tells of a failed write-back once, and a second sync may succeed over
            // lost pages: this file takes no more.
            self.undo();
            self.is_doubtful = true;
            return Err(FolderError::io("syncing", &self.current.path)(error));
        }
        self.digesting = self.ahead.clone();
        Ok(())
    }

    /// Begins to make durable what was written, where anything was: what it gives is synced
    /// while more is written, and then said to [`SegmentWriter::end_sync`].
    ///
    /// # Errors
    /// [`FolderError::Io`]; nothing has changed then.
    pub fn begin_sync(&mut self) -> Result<Option<Syncing>, FolderError> {
        if self.ahead.bytes() == self.digesting.bytes() {
            return Ok(None);
        }
        let file = self.file.try_clone().map_err(FolderError::io("syncing", &self.current.path))?;
        // The last page has more to come.
        let whole = self.digesting.bytes() & !(PAGE_BYTES - 1);
        let older = self.let_go..whole;
        self.let_go = whole;
        Ok(Some(Syncing { file, segment: self.current.number, until: self.ahead.clone(), older }))
    }

    /// Ends what [`SegmentWriter::begin_sync`] began, with what the system said.
    ///
    /// # Errors
    /// [`FolderError::Io`], as for [`SegmentWriter::write`].
    pub fn end_sync(&mut self, syncing: &Syncing, said: std::io::Result<()>) -> Result<(), FolderError> {
        let is_current = syncing.segment == self.current.number && syncing.until.bytes() > self.digesting.bytes();
        match said {
            Ok(()) if is_current => self.digesting = syncing.until.clone(),
            Ok(()) => {}
            Err(_) if !is_current => {}
            Err(error) => {
                self.undo();
                self.is_doubtful = true;
                return Err(FolderError::io("syncing", &self.current.path)(error));
            }
        }
        Ok(())
    }

    /// Whether the current segment is as large as segments may be.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.digesting.bytes() >= self.roll_at_bytes
    }

    /// Closes the current segment where it has lines, and goes on in a new one.
    ///
    /// # Errors
    /// [`FolderError::Io`]: the current segment stays.
    pub fn roll(&mut self) -> Result<(), FolderError> {
        self.sync()?;
        if self.digesting.is_empty() && !self.is_doubtful {
            return Ok(());
        }
        let (next, file) = create(&self.dir, self.current.number.saturating_add(1))?;
        let before = std::mem::replace(&mut self.current, next);
        self.file = file;
        self.let_go = 0;
        let digesting = Digesting::new(self.digesting.next());
        self.ahead = digesting.clone();
        let digesting = std::mem::replace(&mut self.digesting, digesting);
        // One in doubt is left to the next start, which reads what is really there.
        if !std::mem::take(&mut self.is_doubtful) {
            self.closed.push(Closed { number: before.number, summary: digesting.summary(), recovered: false, cut: 0 });
        }
        Ok(())
    }

    /// The segments that were closed since it was asked last.
    pub fn take_closed(&mut self) -> Vec<Closed> {
        std::mem::take(&mut self.closed)
    }

    /// Closes the last segment, and removes it where it is empty.
    #[must_use]
    pub fn close(mut self) -> Vec<Closed> {
        if self.digesting.is_empty() {
            // The next start passes over an empty one too.
            drop(fs::remove_file(&self.current.path));
        } else if !self.is_doubtful {
            let summary = self.digesting.summary();
            self.closed.push(Closed { number: self.current.number, summary, recovered: false, cut: 0 });
        }
        self.closed
    }

    /// Numbers lines, as far as they are records.
    fn number(&mut self, lines: &[u8]) -> Result<(), FolderError> {
        if !lines.ends_with(b"\n") {
            return Err(FolderError::UnendedLine { path: self.current.path.clone() });
        }
        let numbered = &mut self.numbered;
        numbered.clear();
        numbered.reserve(lines.len() + lines.len() / 8);
        let mut from = 0;
        for (number, end) in (self.ahead.next()..).zip(memchr::memchr_iter(b'\n', lines)) {
            let (start, line) = (numbered.len(), &lines[from..=end]);
            from = end + 1;
            let fields = line.strip_prefix(b"{").filter(|fields| fields.starts_with(b"\""));
            let fields = fields.ok_or_else(|| FolderError::NoRecord { path: self.current.path.clone() })?;
            numbered.extend_from_slice(NUMBER_KEY);
            numbered.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            numbered.push(b',');
            numbered.extend_from_slice(fields);
            if u64::try_from(numbered.len() - start).unwrap_or(u64::MAX) > MAX_LINE_BYTES {
                return Err(FolderError::LineTooLong {
                    path: self.current.path.clone(),
                    offset: self.ahead.bytes().saturating_add(start as u64),
                    limit: MAX_LINE_BYTES,
                });
            }
        }
        Ok(())
    }

    fn put(&mut self) -> std::io::Result<()> {
        #[cfg(test)]
        self.fail_at(Step::Write)?;
        self.file.write_all(&self.numbered)
    }

    fn sync_file(&mut self) -> std::io::Result<()> {
        #[cfg(test)]
        self.fail_at(Step::Sync)?;
        self.file.sync_data()
    }

    /// Takes back what follows the last durable line.
    fn undo(&mut self) {
        let length = self.digesting.bytes();
        self.ahead = self.digesting.clone();
        let undone = self.file.set_len(length);
        #[cfg(test)]
        let undone = self.fail_at(Step::Undo).and(undone);
        self.is_doubtful |= undone.is_err();
    }

    #[cfg(test)]
    pub(super) fn undo_for_test(&mut self) {
        self.undo();
    }

    #[cfg(test)]
    fn fail_at(&mut self, step: Step) -> std::io::Result<()> {
        match self.fails.take_if(|fails| *fails == step) {
            Some(_) => Err(std::io::Error::other("as a test wants it")),
            None => Ok(()),
        }
    }
}

/// The number of the first line of a segment, where it has one.
fn first_line(dir: &Path, segment: &Segment, sealed: &Sealed) -> Result<Option<u64>, FolderError> {
    if let Some((first, _)) = sealed.get(&segment.number) {
        return Ok(Some(*first));
    }
    Ok(find(dir, segment.number, |line| Some(line_number(line)))?.found.flatten())
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
