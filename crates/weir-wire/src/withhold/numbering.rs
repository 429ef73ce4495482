//! Numbers of blocks and items once some of them are taken out of a stream.

use super::CannotWithhold;

/// Most blocks or items that are taken out of one answer; more is an upstream
/// gone wrong.
const MOST_TAKEN: usize = 4096;

/// Which numbers were taken out so far.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    /// In order.
    taken: Vec<u64>,
    highest_kept: Option<u64>,
}

impl Numbering {
    /// Takes `number` out. Those that were told to the caller already keep theirs,
    /// so nothing before them can be taken out any more.
    pub(super) fn take(&mut self, number: u64) -> Result<(), CannotWithhold> {
        if self.is_taken(number) {
            return Ok(());
        }
        if self.highest_kept.is_some_and(|kept| kept >= number) {
            return Err(CannotWithhold::Order);
        }
        if self.taken.len() >= MOST_TAKEN {
            return Err(CannotWithhold::Form("it has too many parts"));
        }
        let at = self.taken.partition_point(|other| *other < number);
        self.taken.insert(at, number);
        Ok(())
    }

    /// Whether `number` was taken out.
    pub(super) fn is_taken(&self, number: u64) -> bool {
        self.taken.binary_search(&number).is_ok()
    }

    /// Under which number the caller knows a part that stays.
    pub(super) fn renumber(&mut self, number: u64) -> u64 {
        self.highest_kept = self.highest_kept.max(Some(number));
        number - self.taken.partition_point(|other| *other < number) as u64
    }
}
