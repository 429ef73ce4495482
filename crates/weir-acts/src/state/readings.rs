//! Folding the reading of kept texts. What needed nobody's consent was handed
//! over at once, and leaves a trace that changes nothing.

use std::sync::Arc;

use super::{FoldProblem, Holder, State, missing, standing};
use crate::act::public;
use crate::draft::Approvals;
use crate::entry::Entry;
use crate::reading::Reading;

impl State {
    pub(super) fn text_read(&mut self, index: u64, entry: &Entry, read: &public::TextRead) -> Result<(), FoldProblem> {
        let holder = self.known_holder(entry)?;
        if entry.approvals.is_empty() {
            return Ok(());
        }
        let Holder::Account(account) = holder else { return Err(of_no_account()) };
        let given = entry.approvals.iter().filter_map(|approval| Some((approval.by.parse().ok()?, approval.saw)));
        let reading = Reading {
            exchange: read.exchange.as_str().into(),
            account,
            by: entry.by.as_str().into(),
            at: entry.at,
            approvals: given.collect::<Approvals>(),
        };
        let readings = Arc::make_mut(&mut self.readings);
        // What was never fetched is over.
        readings.retain(|_, reading| reading.until() >= entry.at);
        readings.insert(index, reading);
        Ok(())
    }

    pub(super) fn text_hand(&mut self, entry: &Entry, handed: &public::TextHand) -> Result<(), FoldProblem> {
        let act = handed.read;
        let reading = self.readings.get(&act).ok_or_else(|| missing("text to be handed over by act", act))?;
        if *reading.by != *entry.by {
            return Err(standing("the reading of act", act, "is another operator's"));
        }
        if reading.until() < entry.at {
            return Err(standing("the reading of act", act, "lapsed after a day"));
        }
        if reading.account.to_string() != entry.subject {
            return Err(of_no_account());
        }
        Arc::make_mut(&mut self.readings).remove(&act);
        Ok(())
    }
}

fn of_no_account() -> FoldProblem {
    FoldProblem::Field { field: "subject", why: "it is not the account whose text is read".into() }
}
