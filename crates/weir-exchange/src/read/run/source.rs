//! One input that is open, and the parts it is read in.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::super::blocks::{Block, Blocks};
use super::super::compressed::{self, BUFFER_BYTES, Unpacked};
use super::super::inputs::Input;
use super::super::metered::{Metered, Seen};
use super::super::report::ReadFile;
use super::super::{Progress, ReadError};
use super::ReadOptions;
use super::ledger::Ledger;
#[cfg(feature = "parquet")]
use super::row_groups::RowGroups;

/// What a Parquet file begins with.
pub(super) const PARQUET_MAGIC: &[u8] = b"PAR1";

/// A part of an input, to be read by one thread.
pub(super) enum Unit {
    /// Lines; with the last ones comes the file's digest, if it was asked for.
    Lines(Block, Option<ReadFile>),
    /// Part of a Parquet file.
    #[cfg(feature = "parquet")]
    RowGroup(super::row_groups::RowGroup),
}

/// A part and where to report it.
pub(super) struct Task {
    pub(super) unit: Unit,
    /// Its place among the file's parts.
    pub(super) place: u64,
    pub(super) ledger: Arc<Mutex<Ledger>>,
}

/// An input that is open.
pub(super) struct Source<'run> {
    name: String,
    parts: Parts<'run>,
    next: u64,
    ledger: Arc<Mutex<Ledger>>,
}

enum Parts<'run> {
    Lines(Blocks<Unpacked<'run>>, Option<Arc<Seen>>),
    #[cfg(feature = "parquet")]
    RowGroups(RowGroups),
}

impl<'run> Source<'run> {
    /// Opens an input.
    pub(super) fn open(input: &Input, options: &ReadOptions, progress: &'run Progress) -> Result<Self, ReadError> {
        let name = match input {
            Input::File(path) => path.display().to_string(),
            Input::Stdin => "-".to_owned(),
        };
        let parts = match input {
            Input::File(path) => Self::open_file(&name, path, options, progress)?,
            Input::Stdin => Self::lines(&name, Box::new(std::io::stdin()), options, progress)?,
        };
        let ledger = Arc::new(Mutex::new(Ledger::new(name.clone(), options.limits)));
        Ok(Self { name, parts, next: 0, ledger })
    }

    fn open_file(
        name: &str,
        path: &Path,
        options: &ReadOptions,
        progress: &'run Progress,
    ) -> Result<Parts<'run>, ReadError> {
        let failed = |source| ReadError::Open { file: name.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(failed(std::io::Error::other("it is a folder, not a file")));
        }
        #[cfg(feature = "parquet")]
        if super::row_groups::is_parquet(&file) {
            return Ok(Parts::RowGroups(RowGroups::open(name, file, options)?));
        }
        Self::lines(name, Box::new(file), options, progress)
    }

    fn lines(
        name: &str,
        reader: Box<dyn Read + Send>,
        options: &ReadOptions,
        progress: &'run Progress,
    ) -> Result<Parts<'run>, ReadError> {
        let failed = |source| ReadError::Open { file: name.to_owned(), source };
        let seen = options.digests.then(|| Arc::new(Seen::default()));
        let metered = Metered { inner: reader, progress, seen: seen.clone() };
        let mut packed = BufReader::with_capacity(BUFFER_BYTES, metered);
        if packed.fill_buf().map_err(failed)?.starts_with(PARQUET_MAGIC) {
            let reason = if cfg!(feature = "parquet") {
                "Parquet cannot be read from a pipe: its index is at the end; name the file instead"
            } else {
                "it is Parquet, which this build does not read: build it with the feature `parquet`, or convert the file to JSON Lines"
            };
            return Err(failed(std::io::Error::other(reason)));
        }
        let unpacked = compressed::unpack(packed).map_err(failed)?;
        Ok(Parts::Lines(Blocks::new(unpacked, options.limits.line_bytes), seen))
    }

    pub(super) fn ledger(&self) -> Arc<Mutex<Ledger>> {
        Arc::clone(&self.ledger)
    }

    /// The next part, and whether it is the last.
    pub(super) fn next_task(&mut self) -> (Task, bool) {
        let (unit, last) = match &mut self.parts {
            Parts::Lines(blocks, seen) => {
                let block = blocks.next_block();
                // A file that broke off was not read to its end.
                let whole = matches!(block.end, Some(Ok(())));
                let digest = seen.as_ref().filter(|_| whole).map(|seen| seen.digest());
                let file = digest.map(|(bytes, sha256)| ReadFile { file: self.name.clone(), bytes, sha256 });
                let last = block.end.is_some();
                (Unit::Lines(block, file), last)
            }
            #[cfg(feature = "parquet")]
            Parts::RowGroups(groups) => {
                let (group, last) = groups.next_group();
                (Unit::RowGroup(group), last)
            }
        };
        let task = Task { unit, place: self.next, ledger: self.ledger() };
        self.next += 1;
        (task, last)
    }
}
