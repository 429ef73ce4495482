//! Reads many files as one stream in the order of time, as if they had been one
//! log: what folds epoch by epoch needs no more memory than a block a file, and
//! the same files give the same stream whatever order they are named in.
//!
//! Each file has a thread, which also does the caller's own work on each
//! exchange (`map`). A file's own order is kept: where it runs back in time,
//! the stream does, and the caller decides what is too late.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::vec::IntoIter;

use weir_acts::Time;

use super::run::{ReadOptions, read_in_order};
use super::{Inputs, Progress, ReadError, ReadReport};
use crate::LoggedExchange;

/// Blocks of a file that may lie ready.
const READY: usize = 1;

/// Reads everything in `inputs` merged by time, does `map` to each exchange on
/// its file's thread, and hands the results to `take` on this one.
///
/// # Errors
/// As [`super::read_exchanges`]. What was taken before the error stays taken.
pub fn read_merged<T: Send>(
    inputs: &Inputs,
    options: &ReadOptions,
    progress: &Progress,
    map: impl Fn(&LoggedExchange) -> T + Sync,
    take: impl FnMut(T),
) -> Result<ReadReport, ReadError> {
    let files = inputs.each();
    thread::scope(|scope| {
        let mut streams = Vec::with_capacity(files.len());
        let mut readers = Vec::with_capacity(files.len());
        for file in &files {
            let (sender, receiver) = sync_channel(READY);
            let map = &map;
            readers.push(scope.spawn(move || read_one(file, options, progress, map, &sender)));
            streams.push(Stream { receiver, block: Vec::new().into_iter(), head: None });
        }
        merge(streams, take);
        let mut report = ReadReport::default();
        let mut failed = None;
        for reader in readers {
            match reader.join() {
                Ok(Ok(one)) => report.absorb(&one),
                Ok(Err(error)) => failed = failed.or(Some(error)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        failed.map_or(Ok(report), Err)
    })
}

fn read_one<T: Send>(
    file: &Inputs,
    options: &ReadOptions,
    progress: &Progress,
    map: &(impl Fn(&LoggedExchange) -> T + Sync),
    sender: &SyncSender<Vec<(Time, T)>>,
) -> Result<ReadReport, ReadError> {
    let done = read_in_order(file, options, progress, |exchanges| {
        let block = exchanges.iter().map(|exchange| (exchange.time, map(exchange))).collect();
        // The other end is gone only when the merge has panicked.
        if sender.send(block).is_err() {
            progress.stop();
        }
    });
    if done.is_err() {
        progress.stop();
    }
    done
}

struct Stream<T> {
    receiver: Receiver<Vec<(Time, T)>>,
    block: IntoIter<(Time, T)>,
    head: Option<(Time, T)>,
}

impl<T> Stream<T> {
    /// Moves the next exchange to the head, waiting for the file's thread.
    fn advance(&mut self) {
        loop {
            self.head = self.block.next();
            if self.head.is_some() {
                return;
            }
            match self.receiver.recv() {
                Ok(block) => self.block = block.into_iter(),
                Err(_) => return,
            }
        }
    }

    fn time(&self) -> Option<Time> {
        self.head.as_ref().map(|(time, _)| *time)
    }
}

fn merge<T>(mut streams: Vec<Stream<T>>, mut take: impl FnMut(T)) {
    streams.iter_mut().for_each(Stream::advance);
    loop {
        // The earliest head, and until when its file stays ahead of the rest.
        let mut first: Option<(Time, usize)> = None;
        let mut until: Option<Time> = None;
        for (place, time) in streams.iter().enumerate().filter_map(|(place, s)| s.time().map(|time| (place, time))) {
            match first {
                Some((least, _)) if time >= least => until = Some(until.map_or(time, |until| until.min(time))),
                _ => {
                    until = first.map(|(least, _)| least);
                    first = Some((time, place));
                }
            }
        }
        let Some((_, place)) = first else { return };
        let stream = &mut streams[place];
        while stream.time().is_some_and(|time| until.is_none_or(|until| time <= until)) {
            if let Some((_, item)) = stream.head.take() {
                take(item);
            }
            stream.advance();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn log(folder: &std::path::Path, name: &str, minutes: impl Iterator<Item = u32>) {
        let mut text = String::new();
        for minute in minutes {
            writeln!(text, r#"{{"time":"2026-05-01T{:02}:{:02}:00Z","account":"{name}"}}"#, minute / 60, minute % 60).unwrap();
        }
        std::fs::write(folder.join(format!("{name}.jsonl")), text).unwrap();
    }

    fn read(names: &[std::path::PathBuf]) -> (Vec<(i64, String)>, ReadReport) {
        let mut seen = Vec::new();
        let inputs = Inputs::find(names).unwrap();
        let map = |exchange: &LoggedExchange| (exchange.time.millis(), exchange.account.clone());
        let report =
            read_merged(&inputs, &ReadOptions::default(), &Progress::default(), map, |item| seen.push(item)).unwrap();
        (seen, report)
    }

    #[test]
    fn files_come_as_one_stream_in_the_order_of_time_whatever_their_order() {
        let folder = tempfile::tempdir().unwrap();
        log(folder.path(), "odd", (0..600).map(|n| 2 * n + 1));
        log(folder.path(), "even", (0..700).map(|n| 2 * n));
        log(folder.path(), "late", 1000..1100);
        let path = |name: &str| folder.path().join(format!("{name}.jsonl"));
        let (one, report) = read(&[path("odd"), path("late"), path("even")]);
        let (other, _) = read(&[path("even"), path("odd"), path("late")]);
        let times: Vec<i64> = one.iter().map(|(time, _)| *time).collect();
        assert!(times.is_sorted());
        assert_eq!(report.records, 1400);
        assert_eq!(times, other.iter().map(|(time, _)| *time).collect::<Vec<_>>());
    }

    #[test]
    fn one_file_that_is_no_log_stops_it_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        log(folder.path(), "good", 0..1000);
        std::fs::write(folder.path().join("bad.jsonl"), "nothing\n".repeat(5000)).unwrap();
        let inputs = Inputs::find([folder.path()]).unwrap();
        let error = read_merged(&inputs, &ReadOptions::default(), &Progress::default(), |_| (), |()| ()).unwrap_err();
        assert!(error.to_string().contains("bad.jsonl"), "{error}");
    }
}
