//! A Parquet file as parts: its digest, where that is asked for, and its row
//! groups, each read on its own.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::super::metered::hex;
use super::super::report::ReadFile;
use super::super::{Format, Progress, ReadError, ReadLimits};
use super::ReadOptions;
use super::ledger::UnitReport;
use super::source::PARQUET_MAGIC;
use crate::LoggedExchange;
use crate::columnar::file::{OpenError, ParquetFile};

/// Whether a file begins as Parquet does.
pub(super) fn is_parquet(file: &File) -> bool {
    let mut magic = [0; 4];
    file.read_exact_at(&mut magic, 0).is_ok() && magic == PARQUET_MAGIC
}

/// A Parquet file that is being dealt out.
pub(super) struct RowGroups {
    file: Result<Arc<ParquetFile>, String>,
    name: String,
    digest_due: bool,
    next: usize,
}

/// One part of it.
pub(super) enum RowGroup {
    /// Its bytes are to be hashed.
    Digest { file: Arc<ParquetFile>, name: String, last: bool },
    /// A row group is to be read.
    Rows { file: Arc<ParquetFile>, group: usize, last: bool },
    /// It could not be opened.
    Damaged(String),
}

impl RowGroups {
    pub(super) fn open(name: &str, file: File, options: &ReadOptions) -> Result<Self, ReadError> {
        let failed = |reason| ReadError::Shape { file: name.to_owned(), reason };
        if options.format != Format::Weir {
            return Err(failed(format!("Parquet is read in Weir's own format only, not as {}", options.format)));
        }
        let file = match ParquetFile::open(file, options.columns) {
            Ok(file) => Ok(Arc::new(file)),
            Err(OpenError::Damaged(reason)) => Err(reason),
            Err(OpenError::Shape(reason)) => return Err(failed(reason)),
        };
        Ok(Self { file, name: name.to_owned(), digest_due: options.digests, next: 0 })
    }

    /// The next part, and whether it is the last.
    pub(super) fn next_group(&mut self) -> (RowGroup, bool) {
        let file = match &self.file {
            Ok(file) => Arc::clone(file),
            Err(reason) => return (RowGroup::Damaged(reason.clone()), true),
        };
        let groups = file.row_groups();
        if std::mem::take(&mut self.digest_due) || groups == 0 {
            let last = groups == 0;
            return (RowGroup::Digest { file, name: self.name.clone(), last }, last);
        }
        let group = self.next;
        self.next += 1;
        let last = self.next >= groups;
        (RowGroup::Rows { file, group, last }, last)
    }
}

impl RowGroup {
    /// Reads the part.
    pub(super) fn read(
        self,
        limits: &ReadLimits,
        progress: &Progress,
        exchanges: &mut Vec<LoggedExchange>,
        take: impl FnMut(&[LoggedExchange]),
    ) -> UnitReport {
        match self {
            RowGroup::Damaged(reason) => UnitReport { end: Some(Err(reason)), ..UnitReport::default() },
            RowGroup::Digest { file, name, last } => {
                let mut report = UnitReport { end: last.then_some(Ok(())), ..UnitReport::default() };
                match digest(&file) {
                    Ok((bytes, sha256)) => report.file = Some(ReadFile { file: name, bytes, sha256 }),
                    Err(error) => report.damage = Some(error.to_string()),
                }
                report
            }
            RowGroup::Rows { file, group, last } => {
                let mut report = UnitReport { end: last.then_some(Ok(())), ..UnitReport::default() };
                file.read(group, limits, exchanges, &mut report, take).unwrap_or_else(|reason| {
                    report.damage = Some(reason);
                });
                progress.add_bytes(file.share_of_bytes(group));
                report
            }
        }
    }
}

fn digest(file: &ParquetFile) -> std::io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut place = 0;
    loop {
        let count = file.read_at(&mut buffer, place)?;
        if count == 0 {
            return Ok((place, hex(&hash.finalize())));
        }
        hash.update(buffer.get(..count).unwrap_or_default());
        place += count as u64;
    }
}
