//! The seam for those who follow exchanges as they happen: every durable
//! exchange, in the order of `seq`, from any `seq` on.
//!
//! A [`Feed`] reads the files of records: what a follower sees is durable; and
//! however far it falls behind, no request and no record waits for it, and
//! nothing is dropped. It remembers nothing itself: keep the last `seq` (as an
//! act or a fact) together with what was made of it, and after a restart begin
//! behind that. One follower, the detector, is handed what was just written from
//! memory ([`recent`]) where that is exactly what it would read next, once it is
//! durable; where it is not, because it fell behind or has just begun, it reads.
//!
//! `seq` counts from 1 on over all restarts. A number that is not there was
//! never durable ([`Feed::missed`] counts them).

mod recent;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use recent::Recent;
use weir_exchange::{ExchangeRecord, LoggedExchange, Record};
use weir_store::segment::{MAX_LINE_BYTES, path_of, segments};

/// How far the record writer is: told by it, asked by feeds.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    ends: Mutex<Ends>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Ends {
    /// Durable bytes of each segment that this process wrote.
    bytes: BTreeMap<u64, u64>,
    recent: Recent,
    is_over: bool,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many bytes of a segment are durable, and all earlier segments are
    /// written no more.
    pub(super) fn reached(&self, segment: u64, bytes: u64) {
        self.lock().bytes.insert(segment, bytes);
        self.moved.notify_all();
    }

    /// These records were written as the bytes of a segment from one to another.
    pub(super) fn wrote(&self, segment: u64, from: u64, to: u64, records: Vec<Record>) {
        self.lock().recent.wrote(segment, from, to, records);
    }

    /// What was written and is not durable may not be there.
    pub(super) fn undone(&self) {
        self.lock().recent.forget();
    }

    /// Nothing more comes.
    pub(super) fn end(&self) {
        self.lock().is_over = true;
        self.moved.notify_all();
    }
}

/// What a feed gives.
#[derive(Debug, PartialEq)]
pub enum Fed {
    /// The next exchanges, in order; none if nothing came in time.
    Exchanges(Vec<LoggedExchange>),
    /// The node has stopped, and this feed has given everything.
    Over,
}

/// What waiting came to.
enum Waited<T> {
    Come(T),
    Nothing,
    Over,
}

/// What the follower is given that keeps up.
#[derive(Debug)]
pub(super) enum Followed {
    /// The next exchanges as they were read, in order; none if nothing came in
    /// time.
    Read(Vec<LoggedExchange>),
    /// The next exchanges as they were written, in order.
    Handed(Handed),
    /// The node has stopped, and all was given.
    Over,
}

/// Exchanges from memory, among other records.
#[derive(Debug)]
pub(super) struct Handed {
    records: Vec<Vec<Record>>,
    /// Those up to this one were given before.
    before: u64,
}

impl Handed {
    /// The exchanges, in order.
    pub(super) fn exchanges(&self) -> impl DoubleEndedIterator<Item = &ExchangeRecord> {
        self.records.iter().flatten().filter_map(|record| match record {
            Record::Exchange(exchange) if exchange.seq > self.before => Some(exchange),
            Record::Exchange(_) | Record::Decision(_) => None,
        })
    }
}

/// Follows the exchanges of a folder. See the module.
#[derive(Debug)]
pub struct Feed {
    dir: PathBuf,
    progress: Arc<Progress>,
    /// The last exchange that was given.
    seq: u64,
    /// Where reading goes on: a segment and a byte.
    place: Option<(u64, u64)>,
    missed: u64,
}

impl Feed {
    pub(super) fn after(dir: &Path, progress: Arc<Progress>, seq: u64) -> Feed {
        Feed { dir: dir.to_owned(), progress, seq, place: None, missed: 0 }
    }

    /// The next exchanges, at most `most`, as soon as there are any, or none
    /// after `patience`.
    ///
    /// # Errors
    /// When the files of records cannot be read; it may be tried again.
    pub fn next(&mut self, most: usize, patience: Duration) -> Result<Fed> {
        Ok(match self.wait_for(patience, |feed| feed.read_some(most))? {
            Waited::Come(exchanges) => Fed::Exchanges(exchanges),
            Waited::Nothing => Fed::Exchanges(Vec::new()),
            Waited::Over => Fed::Over,
        })
    }

    fn wait_for<T>(
        &mut self,
        patience: Duration,
        mut take: impl FnMut(&mut Feed) -> Result<Option<T>>,
    ) -> Result<Waited<T>> {
        let until = Instant::now() + patience;
        loop {
            // Asked before reading, so that what comes meanwhile is seen later.
            let is_over = self.progress.lock().is_over;
            if let Some(found) = take(self)? {
                return Ok(Waited::Come(found));
            }
            if is_over {
                return Ok(Waited::Over);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.wait(left) {
                return Ok(Waited::Nothing);
            }
        }
    }

    fn read_some(&mut self, most: usize) -> Result<Option<Vec<LoggedExchange>>> {
        Ok(Some(self.read(most)?).filter(|found| !found.is_empty()))
    }

    fn take_recent(&mut self, most: usize) -> Option<Handed> {
        let mut ends = self.progress.lock();
        let Ends { bytes, recent, .. } = &mut *ends;
        let records = recent.take(self.place.as_mut()?, bytes, most)?;
        drop(ends);
        let handed = Handed { records, before: self.seq };
        for exchange in handed.exchanges() {
            self.missed += exchange.seq - self.seq - 1;
            self.seq = exchange.seq;
        }
        // Decisions alone are nothing that a follower is told of.
        (self.seq > handed.before).then_some(handed)
    }

    /// The last exchange that was given.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// How many numbers were passed over: exchanges that never became durable,
    /// or whose files are gone.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Waits until there is something behind the place; false when the time is
    /// over.
    fn wait(&self, patience: Duration) -> bool {
        let place = self.place;
        let nothing = |ends: &mut Ends| {
            let last = ends.bytes.last_key_value().map(|(segment, bytes)| (*segment, *bytes));
            !ends.is_over && last.is_none_or(|last| place.is_some_and(|place| last <= place) || last.1 == 0)
        };
        let waited = self.progress.moved.wait_timeout_while(self.progress.lock(), patience, nothing);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn read(&mut self, most: usize) -> Result<Vec<LoggedExchange>> {
        let mut found = Vec::new();
        while found.len() < most {
            let (segment, from) = match self.place {
                Some(place) => place,
                None => (self.first_segment()?, 0),
            };
            let (end, next) = self.bounds(segment)?;
            let read = self.read_segment(segment, from, end, most, &mut found)?;
            self.place = Some((segment, read));
            match next {
                _ if found.len() >= most => {}
                Some(next) => self.place = Some((next, 0)),
                None => break,
            }
        }
        Ok(found)
    }

    /// How far a segment may be read, and which comes after it.
    fn bounds(&self, segment: u64) -> Result<(u64, Option<u64>)> {
        let ends = self.progress.lock();
        let next = ends.bytes.range(segment + 1..).next().map(|(next, _)| *next);
        if let Some(end) = ends.bytes.get(&segment) {
            return Ok((*end, next));
        }
        drop(ends);
        // Of an earlier process, which closed it or whose crash was recovered.
        let later = segments(&self.dir)?.into_iter().map(|later| later.number).find(|later| *later > segment);
        Ok((u64::MAX, later.or(next)))
    }

    /// The last segment whose first exchange is not beyond the one that is due;
    /// the first there is where none is so.
    fn first_segment(&self) -> Result<u64> {
        let all = segments(&self.dir)?;
        for segment in all.iter().rev() {
            let mut first = Vec::new();
            let (end, _) = self.bounds(segment.number)?;
            Feed { seq: 0, missed: 0, place: None, dir: self.dir.clone(), progress: Arc::clone(&self.progress) }
                .read_segment(segment.number, 0, end, 1, &mut first)?;
            if first.first().and_then(|exchange| exchange.seq).is_some_and(|seq| seq <= self.seq + 1) {
                return Ok(segment.number);
            }
        }
        Ok(all.first().map_or(0, |segment| segment.number))
    }

    /// Reads whole lines of a segment from one byte to another, until enough
    /// exchanges were found; gives where it stopped.
    fn read_segment(
        &mut self,
        segment: u64,
        from: u64,
        end: u64,
        most: usize,
        found: &mut Vec<LoggedExchange>,
    ) -> Result<u64> {
        if from >= end {
            return Ok(from);
        }
        let path = path_of(&self.dir, segment);
        let told = || format!("cannot read the records in {}", path.display());
        let mut file = match File::open(&path) {
            // Deleted when its time was over.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(from),
            opened => opened.with_context(told)?,
        };
        file.seek(SeekFrom::Start(from)).with_context(told)?;
        let mut reader = BufReader::with_capacity(1 << 16, file.take(end.saturating_sub(from)));
        let (mut at, mut line) = (from, Vec::new());
        while found.len() < most {
            line.clear();
            let read = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line).with_context(told)?;
            if !line.ends_with(b"\n") {
                break;
            }
            at += read as u64;
            if is_exchange(&line) {
                let exchange: LoggedExchange = serde_json::from_slice(&line).with_context(told)?;
                self.give(exchange, found);
            }
        }
        Ok(at)
    }

    fn give(&mut self, exchange: LoggedExchange, found: &mut Vec<LoggedExchange>) {
        let seq = exchange.seq.unwrap_or_default();
        if seq > self.seq {
            self.missed += seq - self.seq - 1;
            self.seq = seq;
            found.push(exchange);
        }
    }
}

/// The one feed that takes from memory what it can.
#[derive(Debug)]
pub(super) struct Follower(Feed);

impl Follower {
    /// Follows from where a feed stands. There is one at a time.
    pub(super) fn new(feed: Feed) -> Follower {
        feed.progress.lock().recent.follow();
        Follower(feed)
    }

    /// As [`Feed::next`]; what comes from memory may be somewhat more than `most`.
    ///
    /// # Errors
    /// As there.
    pub(super) fn next(&mut self, most: usize, patience: Duration) -> Result<Followed> {
        let waited = self.0.wait_for(patience, |feed| match feed.take_recent(most) {
            Some(handed) => Ok(Some(Followed::Handed(handed))),
            None => Ok(feed.read_some(most)?.map(Followed::Read)),
        });
        Ok(match waited? {
            Waited::Come(followed) => followed,
            Waited::Nothing => Followed::Read(Vec::new()),
            Waited::Over => Followed::Over,
        })
    }

    /// As [`Feed::seq`].
    pub(super) fn seq(&self) -> u64 {
        self.0.seq()
    }

    /// As [`Feed::missed`].
    pub(super) fn missed(&self) -> u64 {
        self.0.missed()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.progress.lock().recent.leave();
    }
}

/// Lines begin with their number and what they are a record of.
pub(super) fn is_exchange(line: &[u8]) -> bool {
    let kind = line.iter().position(|byte| *byte == b',').and_then(|at| line.get(at..));
    kind.is_some_and(|kind| kind.starts_with(br#","record":"exchange","#))
}

/// The `seq` of the last exchange in the folder's files; 0 where there is none.
pub(super) fn last_seq(dir: &Path) -> Result<u64> {
    for segment in segments(dir)?.into_iter().rev() {
        let mut last = None;
        weir_store::segment::find(dir, segment.number, |line| {
            if is_exchange(line) {
                last = Some(line.to_vec());
            }
            None::<()>
        })?;
        if let Some(line) = last {
            let exchange: LoggedExchange = serde_json::from_slice(&line)
                .with_context(|| format!("{} holds a line that is no exchange", segment.path.display()))?;
            return Ok(exchange.seq.unwrap_or_default());
        }
    }
    Ok(0)
}

#[cfg(test)]
pub(super) mod tests;
