//! Reads logs that others wrote (contracts, section 5): JSON Lines, plain or
//! compressed with gzip or zstd, one record a line; and, with the feature
//! `parquet`, Parquet files with the same fields.
//!
//! A log from outside is never quite clean, so a line that cannot be read is
//! counted and reported with its file, number and reason, and the rest is still
//! read. Past a stated share of such lines the file is not what it was taken
//! for, and the reading stops with an error rather than judge what little is
//! left. Memory is bounded by the longest line allowed, whatever the file holds.
//!
//! [`read_exchanges`] reads many files with many threads, in no order;
//! [`read_in_order`] reads them one after the other. [`Records`] is one file of
//! either kind of record, as an iterator.
//!
//! ```
//! use weir_exchange::{LoggedExchange, read::{ReadLimits, Records}};
//! let log = br#"{"time":"2026-05-01T00:00:00Z","account":"a-17"}
//! not a record
//! "#;
//! let mut records = Records::<LoggedExchange>::from_reader("log", &log[..], ReadLimits::default());
//! let exchanges: Vec<_> = records.by_ref().collect::<Result<_, _>>()?;
//! assert_eq!(exchanges.len(), 1);
//! assert_eq!(records.report().bad, 1);
//! # Ok::<(), weir_exchange::read::ReadError>(())
//! ```

mod accounts;
mod blocks;
mod columns;
mod compressed;
mod format;
mod inputs;
mod lines;
mod merged;
mod metered;
mod record;
mod report;
mod run;

use std::io::BufRead;
use std::marker::PhantomData;
use std::path::Path;

use lines::{Line, Lines};
use record::Shape;
use weir_acts::Time;

use crate::LoggedExchange;

pub use accounts::accounts;
pub use columns::{Column, Columns};
pub use format::{Format, FormatError};
pub use inputs::{Input, Inputs, InputsError};
pub use merged::read_merged;
pub use metered::Progress;
#[cfg(all(test, feature = "parquet"))]
pub(crate) use metered::hex;
pub use record::LogRecord;
pub use report::{BadLine, Damaged, ReadFile, ReadReport};
#[cfg(feature = "parquet")]
pub(crate) use run::{HAND_ON, UnitReport};
pub use run::{ReadOptions, Sink, read_exchanges, read_in_order};

/// How much of a log is put up with before its reading stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadLimits {
    /// The longest line that is read, in bytes, its end excluded. A longer one
    /// is a bad line and is passed over without being held.
    pub line_bytes: usize,
    /// The share of bad lines, 0 to 1, above which reading stops.
    pub bad_share: f64,
    /// How many lines must have been seen before the share is judged. The end
    /// of a file judges it too, however short the file.
    pub judged_after: u64,
    /// The latest time that an exchange may have; a later one is a bad line. A
    /// time years ahead would otherwise end every epoch before it.
    pub latest: Option<Time>,
}

impl ReadLimits {
    /// What is wrong with an exchange's time, if anything is.
    pub(crate) fn ahead(&self, exchange: &LoggedExchange) -> Option<String> {
        let latest = self.latest.filter(|latest| exchange.time > *latest)?;
        Some(format!("field `time`: {} lies in the future, beyond {latest}", exchange.time))
    }
}

impl Default for ReadLimits {
    /// 16 MiB a line (an exchange with a long context, not a book case), and
    /// at most one line in twenty bad after the first thousand; any time.
    fn default() -> Self {
        Self { line_bytes: 16 << 20, bad_share: 0.05, judged_after: 1_000, latest: None }
    }
}

/// Why a log could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be opened.
    #[error("cannot open {file}: {source}")]
    Open {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes stopped coming, or are no longer what the compression
    /// promised. What was read before stands.
    #[error("{file} cannot be read past line {line}: {source}; the file may be cut short or damaged")]
    Read {
        /// The file.
        file: String,
        /// The last line that was read whole, counted from 1.
        line: u64,
        /// What the system or the decompressor said.
        source: std::io::Error,
    },
    /// A file is well-formed and does not hold exchanges.
    #[error("{file} does not hold exchanges: {reason}")]
    Shape {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Too many lines are no records.
    #[error(
        "{bad} of the first {lines} lines of {file} are no records, more than the {percent:.1} % allowed; \
         the first is line {first_line}: {reason}; is it JSON Lines in the stated format?"
    )]
    TooManyBadLines {
        /// The file.
        file: String,
        /// How many lines were seen.
        lines: u64,
        /// How many of them are bad.
        bad: u64,
        /// The share allowed, in per cent.
        percent: f64,
        /// The first bad line, counted from 1.
        first_line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

/// The records of one file, in the file's order. After the first error it ends.
pub struct Records<T> {
    lines: Lines<Box<dyn BufRead + Send>>,
    limits: ReadLimits,
    shape: Shape,
    report: ReadReport,
    ended: bool,
    record: PhantomData<fn() -> T>,
}

impl<T: LogRecord> Records<T> {
    /// The records of a file. Whether it is compressed is told from its first
    /// bytes, not from its name.
    ///
    /// # Errors
    /// [`ReadError::Open`] when it cannot be opened or its first bytes not read.
    pub fn open(path: &Path, limits: ReadLimits) -> Result<Self, ReadError> {
        let file = path.display().to_string();
        match compressed::open(path) {
            Ok(reader) => Ok(Self::over(file, reader, limits)),
            Err(source) => Err(ReadError::Open { file, source }),
        }
    }

    /// The records of bytes that come from elsewhere, for example standard
    /// input; `name` stands for the file in what is reported. The bytes are
    /// taken as they come, so a compressed stream must be unpacked before.
    pub fn from_reader(name: &str, reader: impl BufRead + Send + 'static, limits: ReadLimits) -> Self {
        Self::over(name.to_owned(), Box::new(reader), limits)
    }

    fn over(file: String, reader: Box<dyn BufRead + Send>, limits: ReadLimits) -> Self {
        Self::of_lines(file, Lines::new(reader, limits.line_bytes), limits)
    }

    fn of_lines(file: String, lines: Lines<Box<dyn BufRead + Send>>, limits: ReadLimits) -> Self {
        let report = ReadReport::of_file(file);
        Self { lines, limits, shape: Shape::Json, report, ended: false, record: PhantomData }
    }

    /// What was seen so far.
    #[must_use]
    pub fn report(&self) -> &ReadReport {
        &self.report
    }

    /// What was seen, when the records are no longer needed.
    #[must_use]
    pub fn into_report(self) -> ReadReport {
        self.report
    }

    /// The next record, or what is wrong with the next line, or nothing at the
    /// end. Blank lines are neither.
    fn next_line(&mut self) -> Result<Option<Result<T, String>>, std::io::Error> {
        loop {
            match self.lines.next_line()? {
                Line::End => return Ok(None),
                Line::TooLong => {
                    let reason = format!("longer than the {} bytes allowed", self.limits.line_bytes);
                    return Ok(Some(Err(reason)));
                }
                Line::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => {}
                Line::Whole(line) => return Ok(Some(self.shape.parse(line))),
            }
        }
    }

    /// Marks the end and hands on why it ended, if it ended badly.
    fn end(&mut self, why: Result<(), ReadError>) -> Option<Result<T, ReadError>> {
        self.ended = true;
        why.err().map(Err)
    }
}

impl<T: LogRecord> Iterator for Records<T> {
    type Item = Result<T, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.next_line() {
                Ok(Some(Ok(record))) => {
                    self.report.lines += 1;
                    self.report.records += 1;
                    return Some(Ok(record));
                }
                Ok(Some(Err(reason))) => {
                    self.report.note_bad(self.lines.number(), &reason);
                    if let Err(error) = self.report.judge(&self.limits, false) {
                        return self.end(Err(error));
                    }
                }
                Ok(None) => {
                    let judged = self.report.judge(&self.limits, true);
                    return self.end(judged);
                }
                Err(source) => {
                    let (file, line) = (self.report.file.clone(), self.lines.number());
                    return self.end(Err(ReadError::Read { file, line, source }));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
