//! Reads many inputs with many threads. A file's bytes are cut into blocks of
//! whole lines by whichever thread holds the file just then; the block is
//! parsed after the file was handed back, so one large file keeps all threads
//! busy as well as many small ones do. Of Parquet the parts are row groups. At most as many files are open, and as
//! many blocks in memory, as there are threads.

mod ledger;
mod ordered;
mod pool;
#[cfg(feature = "parquet")]
mod row_groups;
mod source;

use std::thread;

pub(crate) use ledger::UnitReport;
pub(super) use ordered::{Ordered, StopOnPanic as StopOrderedOnPanic};
use pool::Pool;
use source::Unit;

use super::format::{Format, Held};
use super::{Columns, Inputs, Progress, ReadError, ReadLimits, ReadReport, blocks};
use crate::LoggedExchange;

/// Takes exchanges on one thread.
///
/// Exchanges come in **no order**, neither of time nor of place: two files, and
/// two parts of one file, are read at the same time, and which thread gets what
/// differs from run to run. What a sink keeps must therefore not depend on the
/// order, nor on how the exchanges are split between sinks, once the sinks are
/// put together.
pub trait Sink: Send {
    /// Takes some exchanges; at most about a mebibyte of log.
    fn take(&mut self, exchanges: &[LoggedExchange]);
}

impl<F: FnMut(&[LoggedExchange]) + Send> Sink for F {
    fn take(&mut self, exchanges: &[LoggedExchange]) {
        self(exchanges);
    }
}

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadOptions {
    /// The shape of the lines.
    pub format: Format,
    /// How many threads; 0 counts as 1.
    pub threads: usize,
    /// Which fields are wanted; others may be left out.
    pub columns: Columns,
    /// How much of a log is put up with.
    pub limits: ReadLimits,
    /// Whether each file's SHA-256 is wanted in [`ReadReport::files`].
    pub digests: bool,
}

impl Default for ReadOptions {
    /// Weir's format, one thread a core, all fields, default limits, no digests.
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self { format: Format::Weir, threads, columns: Columns::ALL, limits: ReadLimits::default(), digests: false }
    }
}

/// Reads everything in `inputs`: makes one sink a thread, hands it exchanges in
/// no order (see [`Sink`]), and gives the sinks back with what was seen.
///
/// A bad line is counted and the rest is read. A file that breaks off is named
/// in the report, and what stood before counts. The report does not depend on
/// the number of threads or on their timing.
///
/// # Errors
/// [`ReadError::Open`] when an input cannot be opened, [`ReadError::Shape`] and
/// [`ReadError::TooManyBadLines`] when a file is not what it was taken for, and
/// [`ReadError::Read`] when nothing but broken files was found.
/// The sinks are then gone: what they hold is no log.
pub fn read_exchanges<S: Sink>(
    inputs: &Inputs,
    options: &ReadOptions,
    progress: &Progress,
    mut sink: impl FnMut() -> S,
) -> Result<(Vec<S>, ReadReport), ReadError> {
    let pool = Pool::new(inputs.list(), options, progress);
    let mut sinks: Vec<S> = (0..options.threads.max(1)).map(|_| sink()).collect();
    thread::scope(|scope| {
        for sink in &mut sinks {
            let pool = &pool;
            scope.spawn(move || Worker::new(options, progress).run(pool, sink));
        }
    });
    Ok((sinks, pool.finish()?))
}

/// Reads with a single sink on a single thread, in the order of the inputs and
/// of the lines in each.
///
/// # Errors
/// As [`read_exchanges`].
pub fn read_in_order(
    inputs: &Inputs,
    options: &ReadOptions,
    progress: &Progress,
    mut take: impl FnMut(&[LoggedExchange]) + Send,
) -> Result<ReadReport, ReadError> {
    let options = ReadOptions { threads: 1, ..*options };
    let pool = Pool::new(inputs.list(), &options, progress);
    Worker::new(&options, progress).run(&pool, &mut take);
    pool.finish()
}

/// Exchanges after which they are handed on: so few that their texts are still in the
/// processor's cache when somebody looks at them.
pub(crate) const HAND_ON: usize = 128;

struct Worker<'run> {
    options: &'run ReadOptions,
    progress: &'run Progress,
    exchanges: Vec<LoggedExchange>,
}

impl<'run> Worker<'run> {
    fn new(options: &'run ReadOptions, progress: &'run Progress) -> Self {
        Self { options, progress, exchanges: Vec::new() }
    }

    fn run<S: Sink>(&mut self, pool: &Pool<'_>, sink: &mut S) {
        // A sink that panics must not leave the others waiting for a file.
        let guard = StopOnPanic(pool);
        while let Some(task) = pool.next_task() {
            let report = self.read(task.unit, sink);
            pool.record(&task.ledger, task.place, report);
        }
        std::mem::forget(guard);
    }

    fn read<S: Sink>(&mut self, unit: Unit, sink: &mut S) -> UnitReport {
        let report = match unit {
            Unit::Lines(block, file) => UnitReport { file, ..self.read_lines(block, sink) },
            #[cfg(feature = "parquet")]
            Unit::RowGroup(group) => {
                let take = |exchanges: &[LoggedExchange]| sink.take(exchanges);
                group.read(&self.options.limits, self.progress, &mut self.exchanges, take)
            }
        };
        self.progress.add_records(report.records, report.bad.count);
        report
    }

    fn read_lines<S: Sink>(&mut self, block: blocks::Block, sink: &mut S) -> UnitReport {
        let mut report = UnitReport::default();
        let most = self.options.limits.line_bytes;
        let too_long = || format!("longer than the {most} bytes allowed");
        if block.too_long {
            report.note_bad(block.first_line, too_long());
        }
        self.exchanges.clear();
        for (number, line) in blocks::lines(&block) {
            report.last_line = number;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if line.len() > most {
                report.note_bad(number, too_long());
                continue;
            }
            if self.exchanges.len() >= HAND_ON {
                report.records += self.exchanges.len() as u64;
                sink.take(&self.exchanges);
                self.exchanges.clear();
            }
            let before = self.exchanges.len();
            match self.options.format.parse(line, &mut self.exchanges) {
                Ok(Held::Exchanges | Held::Partly(_))
                    if let Some(reason) =
                        self.exchanges[before..].iter().find_map(|exchange| self.options.limits.ahead(exchange)) =>
                {
                    self.exchanges.truncate(before);
                    report.note_bad(number, reason);
                }
                Ok(Held::Exchanges) => report.lines += 1,
                Ok(Held::Other) => {
                    report.lines += 1;
                    report.skipped += 1;
                }
                Ok(Held::Partly(reason)) | Err(reason) => report.note_bad(number, reason),
            }
        }
        report.records += self.exchanges.len() as u64;
        if !self.exchanges.is_empty() {
            sink.take(&self.exchanges);
        }
        report.end = block.end.map(|end| end.map_err(|error| error.to_string()));
        report
    }
}

struct StopOnPanic<'pool, 'inputs>(&'pool Pool<'inputs>);

impl Drop for StopOnPanic<'_, '_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests;
