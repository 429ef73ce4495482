//! The seam for those who follow exchanges as they happen: every durable
//! exchange, in the order of `seq`, from any `seq` on.
//!
//! A [`Feed`] reads the files of records, never the gateway's memory: so the one
//! who was away, or is slow, and the one who keeps up do the same thing; what a
//! follower sees is durable; and however far it falls behind, no request and no
//! record waits for it, and nothing is dropped. It remembers nothing itself:
//! keep the last `seq` (as an act or a fact) together with what was made of it,
//! and after a restart begin behind that.
//!
//! `seq` counts from 1 on over all restarts. A number that is not there was
//! never durable ([`Feed::missed`] counts them).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use weir_exchange::LoggedExchange;
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
        let until = Instant::now() + patience;
        loop {
            // Asked before reading, so that what comes meanwhile is seen later.
            let is_over = self.progress.lock().is_over;
            let found = self.read(most)?;
            if !found.is_empty() {
                return Ok(Fed::Exchanges(found));
            }
            if is_over {
                return Ok(Fed::Over);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.wait(left) {
                return Ok(Fed::Exchanges(Vec::new()));
            }
        }
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
mod tests;
