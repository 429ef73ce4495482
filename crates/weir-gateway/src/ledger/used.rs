//! What of the ledger is told to operators: how much of each limit was used in
//! its window, and how much is held for requests under way.

use weir_acts::Time;
use weir_acts::limits::Window;

use super::meter::Field;
use super::{KeptField, Ledger, lock};

/// What one scope used in one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Whose: `account:ID`, `party:ID`, `stage:STAGE` or `rule:ACCOUNT:RULE`.
    pub scope: String,
    /// Of what; none for requests at once.
    pub field: Option<KeptField>,
    /// Over which window; none for requests at once.
    pub window: Option<Window>,
    /// How much was used.
    pub used: u64,
    /// How much requests under way hold beside it.
    pub held: u64,
}

impl Ledger {
    /// What is used of everything that is counted, in no particular order.
    pub(crate) fn used(&self, now: Time) -> Vec<Used> {
        let mut all = Vec::new();
        for entry in &self.meters {
            let scope = entry.key().to_string();
            let mut meter = lock(entry.value());
            let concurrent = meter.concurrent;
            let used = |field, window, used, held| Used { scope: scope.clone(), field, window, used, held };
            all.push(used(None, None, concurrent, 0));
            let meter = &mut *meter;
            for (field, counted) in [
                (KeptField::Requests, &mut meter.requests),
                (KeptField::Tokens, &mut meter.tokens),
                (KeptField::Spend, &mut meter.spend),
            ] {
                let Field { rings, held } = counted;
                for ring in rings {
                    ring.advance(now);
                    all.push(used(Some(field), Some(ring.window), ring.sum(), *held));
                }
            }
        }
        all
    }
}
