//! The records of the last moments as they were written, still in memory: whoever
//! keeps up with them need not read the file for them. Each stretch knows which
//! bytes of which file it is, so that it stands for exactly these and who follows
//! can change between the two at any byte. When there are too many, or a write
//! failed, all are forgotten, and the files have them.

use std::collections::{BTreeMap, VecDeque};

use weir_exchange::Record;

/// Records that are kept at most.
const MOST: usize = 16_384;

/// What was written by one call.
#[derive(Debug)]
struct Stretch {
    segment: u64,
    from: u64,
    to: u64,
    records: Vec<Record>,
}

/// Stretches in the order in which they were written; none where nobody follows.
#[derive(Debug, Default)]
pub(super) struct Recent {
    is_followed: bool,
    stretches: VecDeque<Stretch>,
    records: usize,
}

impl Recent {
    /// Somebody follows, and nobody else does.
    pub(super) fn follow(&mut self) {
        self.is_followed = true;
    }

    /// Nobody follows any more.
    pub(super) fn leave(&mut self) {
        *self = Recent::default();
    }

    /// These records are the bytes of a segment from one to another.
    pub(super) fn wrote(&mut self, segment: u64, from: u64, to: u64, records: Vec<Record>) {
        if !self.is_followed {
            return;
        }
        if self.records + records.len() > MOST {
            self.forget();
        }
        self.records += records.len();
        self.stretches.push_back(Stretch { segment, from, to, records });
    }

    /// What was written may not be there.
    pub(super) fn forget(&mut self) {
        self.stretches.clear();
        self.records = 0;
    }

    /// The records that follow a place and are durable, at most about `most`; the
    /// place goes behind them. None where the files have to be read.
    pub(super) fn take(
        &mut self,
        place: &mut (u64, u64),
        durable: &BTreeMap<u64, u64>,
        most: usize,
    ) -> Option<Vec<Vec<Record>>> {
        let mut taken = Vec::new();
        let mut count = 0;
        while count < most
            && let Some(next) = self.stretches.front()
        {
            if (next.segment, next.to) <= *place {
                self.pop();
                continue;
            }
            let is_behind = durable.get(&place.0) == Some(&place.1)
                && durable.range(place.0 + 1..).next().is_some_and(|(segment, _)| *segment == next.segment);
            let begins = if is_behind { (next.segment, 0) } else { *place };
            let is_durable = durable.get(&next.segment).is_some_and(|durable| next.to <= *durable);
            if begins != (next.segment, next.from) || !is_durable {
                break;
            }
            *place = (next.segment, next.to);
            count += next.records.len();
            taken.extend(self.pop());
        }
        (!taken.is_empty()).then_some(taken)
    }

    fn pop(&mut self) -> Option<Vec<Record>> {
        let stretch = self.stretches.pop_front()?;
        self.records -= stretch.records.len();
        Some(stretch.records)
    }
}
