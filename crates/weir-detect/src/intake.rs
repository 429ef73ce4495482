//! Which epoch an exchange belongs to, and whether it comes too late. The
//! watermark is the latest epoch seen: an epoch is over once an exchange two
//! epochs later was seen, and what comes for it then is counted and left out.
//! Batch and streaming use this same rule.

use std::collections::BTreeMap;

use crate::profile::{EpochProfile, Gathering};
use crate::sketch::Sketched;

/// Epochs after its own during which an exchange is still taken.
const LATENESS: i64 = 1;

/// Gathers exchanges into epochs, in the order in which they come.
#[derive(Debug, Default)]
pub struct Intake {
    open: BTreeMap<i64, Gathering>,
    latest: Option<i64>,
    late: u64,
    taken: u64,
    foreign: u64,
}

impl Intake {
    /// For whom every epoch up to `folded` is over already.
    pub fn after(folded: Option<i64>) -> Intake {
        // The watermark at which it was over.
        Intake { latest: folded.map(|folded| folded + LATENESS + 1), ..Intake::default() }
    }

    /// Says that `epoch` has begun, whether anything came of it or not.
    pub fn reach(&mut self, epoch: i64) {
        self.latest = Some(self.latest.map_or(epoch, |latest| latest.max(epoch)));
    }

    /// Whether an exchange of `epoch` would come too late.
    pub fn is_late(&self, epoch: i64) -> bool {
        self.latest.is_some_and(|latest| epoch < latest - LATENESS)
    }

    /// The earliest epoch that is still gathered.
    pub fn earliest(&self) -> Option<i64> {
        self.open.first_key_value().map(|(epoch, _)| *epoch)
    }

    /// Takes one exchange; false when it came too late and was left out.
    pub fn take(&mut self, sketched: Sketched) -> bool {
        let epoch = sketched.epoch;
        if self.latest.is_some_and(|latest| epoch < latest - LATENESS) {
            self.late += 1;
            return false;
        }
        self.latest = Some(self.latest.map_or(epoch, |latest| latest.max(epoch)));
        self.taken += 1;
        self.foreign += u64::from(sketched.foreign);
        let unit = sketched.unit;
        sketched.add_to_unit(self.open.entry(epoch).or_default().unit(unit));
        true
    }

    /// The next epoch that is over, if any, earliest first.
    pub fn next_over(&mut self) -> Option<(i64, EpochProfile)> {
        let (&epoch, _) = self.open.first_key_value()?;
        let over = if epoch + LATENESS < self.latest? { self.open.pop_first() } else { None };
        over.map(|(epoch, gathered)| (epoch, gathered.finish()))
    }

    /// The epochs that are still open, earliest first: at the end of a log.
    pub fn rest(&mut self) -> impl Iterator<Item = (i64, EpochProfile)> {
        std::mem::take(&mut self.open).into_iter().map(|(epoch, gathered)| (epoch, gathered.finish()))
    }

    /// Exchanges that came too late.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Exchanges whose texts were sketched under another key, or by another
    /// version: they count, without their texts.
    pub fn foreign(&self) -> u64 {
        self.foreign
    }

    /// Exchanges taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }
}
