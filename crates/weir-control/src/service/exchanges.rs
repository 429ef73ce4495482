//! Files of exchanges: sealed once they are closed, deleted when the rules in
//! force say that their time is over.

use weir_acts::act::{Act, Parts, public};
use weir_acts::entry::Basis;
use weir_acts::{Digest, State, Time};
use weir_rules::retention::EXCHANGES_DELETE;
use weir_store::exchanges::delete;

use super::Control;
use super::records::by_weir;
use crate::refusal::Refusal;
use crate::writer::JobPlan;

/// A closed file of exchanges, to be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealExchanges {
    /// Its name.
    pub file: String,
    /// The `seq` of its first exchange.
    pub first: u64,
    /// Of its last.
    pub last: u64,
    /// How many it has.
    pub rows: u64,
    /// How many bytes.
    pub bytes: u64,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
}

/// Files that one act names.
const MOST_AT_ONCE: usize = 500;

impl Control {
    /// The `seq` of the last exchange that is in a sealed file; 0 where none is.
    pub fn last_sealed_exchange(&self) -> u64 {
        self.published().state.last_sealed_exchange()
    }

    /// Puts into the log what a file of exchanges holds. One that is sealed
    /// already stays as it is.
    ///
    /// # Errors
    /// When the act could not be made durable.
    pub async fn seal_exchanges(&self, seal: SealExchanges) -> Result<(), Refusal> {
        if self.published().state.exchanges.contains_key(&seal.first) {
            return Ok(());
        }
        let planned = Box::new(move |_: &State, at: Time| {
            let SealExchanges { file, first, last, rows, bytes, sha256 } = seal;
            let public = public::ExchangesSeal { file, first, last, rows, bytes, digest: Digest(sha256) };
            let act = Act::ExchangesSeal(Parts { public, private: None });
            Ok(JobPlan { entries: vec![by_weir(at, act)], answer: None, import: None })
        });
        self.write(planned).await.map(drop)
    }

    /// Deletes files of exchanges past the time that the rules in force say;
    /// none while anybody is under a hold, since whom a file speaks of is not
    /// known here.
    pub(super) async fn age_out_exchanges(&self) -> Result<(), Refusal> {
        self.delete_named_exchanges()?;
        let (published, at) = (self.published(), self.now());
        let Some((rule, keep)) = self.inner.authority.retention(&published.state, at, EXCHANGES_DELETE)? else {
            return Ok(());
        };
        if due(&published.state, keep, at).is_empty() {
            return Ok(());
        }
        let control = self.clone();
        let planned = Box::new(move |state: &State, at: Time| {
            // Asked again of the state that the act follows.
            let may = control.inner.authority.retention(state, at, EXCHANGES_DELETE)?;
            let files = may.filter(|(found, _)| *found == rule).map(|(_, keep)| due(state, keep, at));
            let Some(files) = files.filter(|files| !files.is_empty()) else {
                return Err(Refusal::conflict("rules or holds changed meanwhile"));
            };
            tracing::info!(files = files.len(), %rule, "files of exchanges are past their time and deleted");
            let act = Act::ExchangesDelete(Parts {
                public: public::ExchangesDelete { files, rule: rule.clone() },
                private: None,
            });
            let mut entry = by_weir(at, act);
            entry.basis = Some(Basis { rule: Some(rule), ..Basis::default() });
            Ok(JobPlan { entries: vec![entry], answer: None, import: None })
        });
        self.write(planned).await.map(drop)
    }

    /// Deletes the files that published acts name.
    fn delete_named_exchanges(&self) -> Result<(), Refusal> {
        let signed = *self.signed().borrow();
        for sealed in self.published().state.exchanges.values() {
            if sealed.deleted.is_some_and(|act| act < signed) {
                delete(self.dir(), &sealed.name).map_err(|error| Refusal::unavailable(error.to_string()))?;
            }
        }
        Ok(())
    }
}

fn due(state: &State, keep: i64, at: Time) -> Vec<String> {
    if state.holds.values().any(|hold| hold.life.holds(at)) {
        return Vec::new();
    }
    let is_due = |sealed: &&weir_acts::records::SealedExchanges| {
        sealed.deleted.is_none() && sealed.at.plus_millis(keep) <= at
    };
    state.exchanges.values().filter(is_due).take(MOST_AT_ONCE).map(|sealed| sealed.name.to_string()).collect()
}
