//! Files of records: sealed once they are closed.

use weir_acts::act::{Act, Parts, public};
use weir_acts::entry::{BY_WEIR, Entry};
use weir_acts::id::LogId;
use weir_acts::{Digest, State, Time};
use weir_store::segment::{Closed, Sealed, file_name};

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
