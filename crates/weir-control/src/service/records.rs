//! Files of records: sealed once they are closed.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use weir_acts::act::{Act, Parts, public};
use weir_acts::entry::{BY_WEIR, Entry};
use weir_acts::id::LogId;
use weir_acts::records::{SealedSegment, segment_number};
use weir_acts::{Digest, State, Time};
use weir_store::segment::{Closed, Sealed, file_name, path_of};

use super::Control;
use crate::refusal::Refusal;
use crate::writer::JobPlan;

/// A closed segment, to be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// What it is.
    pub closed: Closed,
    /// Records that could not be kept since the one before.
    pub unkept: u64,
}

impl Control {
    /// The segments that are sealed, with the numbers of their records.
    pub fn sealed_segments(&self) -> Sealed {
        let published = self.published();
        published.state.segments.iter().map(|(number, sealed)| (*number, (sealed.first, sealed.last))).collect()
    }

    /// Puts into the log what a closed segment holds. One that is sealed
    /// already stays as it is.
    ///
    /// # Errors
    /// When the act could not be made durable.
    pub async fn seal_records(&self, seal: Seal) -> Result<(), Refusal> {
        let number = seal.closed.number;
        if self.published().state.segments.contains_key(&number) {
            return Ok(());
        }
        let planned = Box::new(move |_: &State, at: Time| {
            let Seal { closed, unkept } = seal;
            let public = public::RecordsSeal {
                segment: file_name(closed.number),
                first: closed.summary.first,
                last: closed.summary.last(),
                count: closed.summary.count,
                bytes: closed.summary.bytes,
                digest: Digest(closed.summary.sha256),
                root: Digest(closed.summary.root),
                recovered: closed.recovered,
                cut: closed.cut,
                unkept,
            };
            let act = Act::RecordsSeal(Parts { public, private: None });
            Ok(JobPlan { entries: vec![by_weir(at, act)], answer: None, import: None })
        });
        self.write(planned).await.map(drop)
    }
}

/// The most bytes of a file of records that are handed out at once.
const SEGMENT_PIECE: u64 = 8 << 20;

impl Control {
    /// The sealed files whose records were made in the stretch of time, oldest
    /// first; one before it too, since a file is sealed a moment after the next
    /// one has begun.
    pub fn segments_between(&self, from: Time, to: Time) -> Vec<SealedSegment> {
        let published = self.published();
        // The rules came with the log's first acts, and nothing was recorded before.
        let first = published.state.rules.values().map(|rule| rule.life.from()).min();
        let mut begun = [first.unwrap_or(Time::EPOCH); 2];
        let mut found = Vec::new();
        for sealed in published.state.segments.values() {
            if sealed.at >= from && begun[0] < to {
                found.push(sealed.clone());
            }
            begun = [begun[1], sealed.at];
        }
        found
    }

    /// Bytes of a sealed file from `offset` on; empty at its end.
    ///
    /// # Errors
    /// When nothing under that name was sealed, acts deleted it, or it cannot be
    /// read.
    pub fn segment_bytes(&self, name: &str, offset: u64) -> Result<Vec<u8>, Refusal> {
        let published = self.published();
        let number = segment_number(name);
        let sealed = number.and_then(|number| Some((number, published.state.segments.get(&number)?)));
        let Some((number, sealed)) = sealed else {
            return Err(Refusal::not_found("no file of records was sealed under that name"));
        };
        if let Some(act) = sealed.deleted {
            return Err(Refusal::conflict(format!("{name} was deleted by act {act}")));
        }
        let read = || {
            let mut file = File::open(path_of(self.dir(), number))?;
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            file.take(SEGMENT_PIECE).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|error: std::io::Error| Refusal::unavailable(format!("{name} cannot be read: {error}")))
    }
}

/// An act of Weir's own about the log as a whole.
pub(super) fn by_weir(at: Time, act: Act) -> Entry {
    Entry {
        at,
        by: BY_WEIR.to_owned(),
        approvals: Vec::new(),
        subject: LogId::from_bytes([0; 10]).to_string(),
        basis: None,
        act,
    }
}
