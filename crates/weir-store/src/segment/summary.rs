//! What a segment holds, in so few bytes that it fits into an act.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use weir_tlog::{Frontier, Hash, leaf_hash};

use super::{MAX_LINE_BYTES, line_number};
use crate::FolderError;

/// A segment's bytes and lines, digested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The number of its first line; that of the line to come where there is none.
    pub first: u64,
    /// How many lines it has. They are numbered without gaps.
    pub count: u64,
    /// How many bytes.
    pub bytes: u64,
    /// SHA-256 of all of them.
    pub sha256: [u8; 32],
    /// The root of the tree whose leaves are the lines without their line feeds (RFC 6962 section
    /// 2.1), so that one line can be shown to be in the segment without showing the others.
    pub root: [u8; 32],
}

impl Summary {
    /// The number of the last line; one below the first where there is none.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first.saturating_add(self.count).saturating_sub(1)
    }
}

/// A summary that grows line by line.
#[derive(Clone, Debug)]
pub(super) struct Digesting {
    first: u64,
    bytes: u64,
    sha256: Sha256,
    tree: Frontier,
}

impl Digesting {
    pub(super) fn new(first: u64) -> Digesting {
        Digesting { first, bytes: 0, sha256: Sha256::new(), tree: Frontier::new() }
    }

    /// Takes whole lines, with their line feeds.
    pub(super) fn lines(&mut self, lines: &[u8]) {
        self.sha256.update(lines);
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            self.tree.push(leaf_hash(&lines[from..end]));
            from = end + 1;
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tree.size() == 0
    }

    /// The number of the line to come.
    pub(super) fn next(&self) -> u64 {
        self.first.saturating_add(self.tree.size())
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            first: self.first,
            count: self.tree.size(),
            bytes: self.bytes,
            sha256: self.sha256.clone().finalize().into(),
            root: self.tree.root().0,
        }
    }
}

/// Reads a segment to its end, or to the first line that does not continue it.
pub(super) fn digest(path: &Path, before: u64) -> Result<Digesting, FolderError> {
    let mut digesting: Option<Digesting> = None;
    for_each_line(path, |line| {
        let number = line.strip_suffix(b"\n").and_then(line_number).filter(|number| *number < before);
        let Some(number) = number else { return false };
        let digesting = digesting.get_or_insert_with(|| Digesting::new(number));
        let continues = digesting.next() == number;
        if continues {
            digesting.lines(line);
        }
        continues
    })?;
    Ok(digesting.unwrap_or_else(|| Digesting::new(0)))
}

/// What the segment file at `path` holds, up to the first line that does not continue it: in a
/// segment that was sealed there is none, so that one with more bytes than its summary tells was
/// altered.
///
/// # Errors
/// [`FolderError::Io`].
pub fn summarise(path: &Path) -> Result<Summary, FolderError> {
    digest(path, u64::MAX).map(|digesting| digesting.summary())
}

/// The leaf hashes of the lines of a segment file, in order.
///
/// # Errors
/// [`FolderError::Io`].
pub fn leaves(path: &Path) -> Result<Vec<Hash>, FolderError> {
    let mut leaves = Vec::new();
    for_each_line(path, |line| {
        leaves.push(leaf_hash(line.strip_suffix(b"\n").unwrap_or(line)));
        true
    })?;
    Ok(leaves)
}

/// Gives `take` each whole line with its line feed, until it wants no more.
fn for_each_line(path: &Path, mut take: impl FnMut(&[u8]) -> bool) -> Result<(), FolderError> {
    let file = File::open(path).map_err(FolderError::io("reading", path))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line).map_err(FolderError::io("reading", path))?;
        if !line.ends_with(b"\n") || !take(&line) {
            return Ok(());
        }
    }
}
