//! Reads many files as one stream in the order of time, as if they had been one
//! log: what folds epoch by epoch needs no more memory than a few parts a
//! thread, and the same files give the same stream whatever order they are
//! named in and however many threads read them.
//!
//! The threads also do the caller's own work on each exchange (`map`). A file's
//! own order is kept: where it runs back in time, the stream does, and the
//! caller decides what is too late.

use std::thread;
use std::vec::IntoIter;

use weir_acts::Time;

use super::run::{Ordered, ReadOptions, StopOrderedOnPanic};
use super::{Inputs, Progress, ReadError, ReadReport};
use crate::LoggedExchange;

/// Reads everything in `inputs` merged by time, does `map` to each exchange on
/// one of the threads that read, and hands the results to `take` on this one.
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
    let ordered = Ordered::new(inputs.list(), options, progress);
    thread::scope(|scope| {
        let (all, map) = (&ordered, &map);
        for _ in 0..options.threads.max(1) {
            scope.spawn(move || all.read(map));
        }
        let guard = StopOrderedOnPanic(all);
        let streams = (0..inputs.list().len()).map(|place| Stream::new(all, place)).collect();
        merge(streams, take);
        drop(guard);
    });
    ordered.finish()
}

/// One input's exchanges in its order.
struct Stream<'all, 'run, T: Send> {
    all: &'all Ordered<'run, T>,
    place: usize,
    part: IntoIter<(Time, T)>,
    head: Head<T>,
}

enum Head<T> {
    /// Not opened yet; it begins then.
    Begins(Time),
    Is(Time, T),
    Ended,
}

impl<'all, 'run, T: Send> Stream<'all, 'run, T> {
    fn new(all: &'all Ordered<'run, T>, place: usize) -> Self {
        let mut stream = Stream { all, place, part: Vec::new().into_iter(), head: Head::Ended };
        match all.begins(place) {
            Some(time) => stream.head = Head::Begins(time),
            None => stream.advance(),
        }
        stream
    }

    /// Moves the next exchange to the head, waiting for it to be read.
    fn advance(&mut self) {
        loop {
            if let Some((time, item)) = self.part.next() {
                self.head = Head::Is(time, item);
                return;
            }
            match self.all.next_part(self.place) {
                Some(part) => self.part = part.into_iter(),
                None => {
                    self.head = Head::Ended;
                    return;
                }
            }
        }
    }

    fn time(&self) -> Option<Time> {
        match self.head {
            Head::Begins(time) | Head::Is(time, _) => Some(time),
            Head::Ended => None,
        }
    }

    fn take(&mut self) -> Option<T> {
        match std::mem::replace(&mut self.head, Head::Ended) {
            Head::Is(_, item) => Some(item),
            Head::Begins(_) | Head::Ended => None,
        }
    }
}

fn merge<T: Send>(mut streams: Vec<Stream<'_, '_, T>>, mut take: impl FnMut(T)) {
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
            if let Some(item) = stream.take() {
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
            writeln!(text, r#"{{"time":"2026-05-01T{:02}:{:02}:00Z","account":"{name}"}}"#, minute / 60, minute % 60)
                .unwrap();
        }
        std::fs::write(folder.join(format!("{name}.jsonl")), text).unwrap();
    }

    fn read(names: &[std::path::PathBuf]) -> (Vec<(i64, String)>, ReadReport) {
        read_with(names, 2)
    }

    fn read_with(names: &[std::path::PathBuf], threads: usize) -> (Vec<(i64, String)>, ReadReport) {
        let mut seen = Vec::new();
        let inputs = Inputs::find(names).unwrap();
        let map = |exchange: &LoggedExchange| (exchange.time.millis(), exchange.account.clone());
        let options = ReadOptions { threads, digests: true, ..ReadOptions::default() };
        let report = read_merged(&inputs, &options, &Progress::default(), map, |item| seen.push(item)).unwrap();
        (seen, report)
    }

    /// A large file and many small ones that begin while it runs, one of them
    /// empty and one without a first line that can be read.
    fn crowd(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
        log(folder, "large", (0..20_000).map(|n| n / 14));
        for number in 0..12 {
            log(folder, &format!("hour-{number:02}"), (0..100).map(|n| 100 * number + n / 2));
        }
        std::fs::write(folder.join("empty.jsonl"), "").unwrap();
        let begun = std::fs::read_to_string(folder.join("hour-05.jsonl")).unwrap();
        std::fs::write(folder.join("hour-05.jsonl"), format!("{{\n{begun}")).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names
    }

    #[test]
    fn any_number_of_threads_gives_the_same_stream_and_report() {
        let folder = tempfile::tempdir().unwrap();
        let names = crowd(folder.path());
        let (seen, report) = read_with(&names, 1);
        assert_eq!((seen.len(), report.bad), (21_200, 1));
        assert!(seen.is_sorted_by_key(|(time, _)| *time));
        for threads in [2, 3, 8, 32] {
            assert_eq!(read_with(&names, threads), (seen.clone(), report.clone()), "{threads}");
        }
        let shuffled: Vec<_> = names.iter().rev().cloned().collect();
        let (again, _) = read_with(&shuffled, 3);
        let count = |seen: &[(i64, String)]| {
            let mut sorted = seen.to_vec();
            sorted.sort();
            sorted
        };
        assert_eq!(count(&again), count(&seen));
        assert!(again.is_sorted_by_key(|(time, _)| *time));
    }

    /// However slow the taker, what lies ready is bounded.
    #[test]
    fn a_slow_taker_is_not_run_away_from() {
        use std::sync::atomic::{AtomicI64, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let text = "word ".repeat(4_000);
        let line = format!(
            "{{\"time\":\"2026-05-01T00:00:00Z\",\"account\":\"a\",\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]}}\n"
        );
        std::fs::write(folder.path().join("a.jsonl"), line.repeat(1_000)).unwrap();
        let inputs = Inputs::find([folder.path()]).unwrap();
        let options = ReadOptions { threads: 2, ..ReadOptions::default() };
        let (ahead, most) = (AtomicI64::new(0), AtomicI64::new(0));
        let map = |_: &LoggedExchange| {
            most.fetch_max(ahead.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        };
        read_merged(&inputs, &options, &Progress::default(), map, |()| {
            ahead.fetch_sub(1, Ordering::Relaxed);
            // Let the others run as far as they may.
            (0..20).for_each(|_| thread::yield_now());
        })
        .unwrap();
        // Two parts a thread ready, two under way, one taken from, each a mebibyte
        // of lines of twenty kilobytes.
        let part = (1 << 20) / line.len() as i64 + 1;
        assert!(most.load(Ordering::Relaxed) <= 7 * part, "{most:?} of {part} a part");
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
