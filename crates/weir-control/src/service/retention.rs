//! Files of records past their time. The rules say how long they are kept; an
//! act names those that go; only once that act is published are they deleted.

use std::collections::BTreeSet;

use weir_acts::Time;
use weir_acts::act::{Act, Parts, public};
use weir_acts::entry::Basis;
use weir_acts::id::HoldId;
use weir_acts::person::PersonKey;
use weir_acts::state::{Holder, State};
use weir_rules::retention::RECORDS_DELETE;
use weir_store::FolderError;
use weir_store::segment::{delete, find};

use super::Control;
use super::records::by_weir;
use crate::refusal::Refusal;
use crate::writer::JobPlan;

/// Files that one act names.
const MOST_AT_ONCE: usize = 500;

/// So long records are kept where assertions are used once: they tell which
/// were, and an assertion holds an hour.
const SINGLE_USE_MILLIS: i64 = 2 * 3_600 * 1_000;

/// What was last found out about files that are past their time: under these
/// holds, those that some hold keeps.
#[derive(Debug, Default)]
pub(super) struct Held {
    holds: BTreeSet<HoldId>,
    free: BTreeSet<u64>,
    kept: BTreeSet<u64>,
}

impl Control {
    /// Deletes files of records past the time that the rules in force say.
    pub(super) async fn age_out(&self) -> Result<(), Refusal> {
        let control = self.clone();
        let ready = tokio::task::spawn_blocking(move || {
            control.delete_named()?;
            control.past_their_time()
        });
        let (due, rule, holds) = match ready.await.map_err(|error| Refusal::unavailable(error.to_string()))?? {
            Some(ready) => ready,
            None => return Ok(()),
        };
        let control = self.clone();
        tracing::info!(files = due.len(), %rule, "files of records are past their time and deleted");
        let planned = Box::new(move |state: &State, at: Time| {
            // Asked again of the state that the act follows.
            let may = control.inner.authority.retention(state, at, RECORDS_DELETE)?;
            let stays = may.is_none_or(|(found, keep)| {
                found != rule || due.iter().any(|number| !is_due(state, *number, keep, at))
            });
            if stays || in_force(state, at) != holds {
                return Err(Refusal::conflict("rules or holds changed meanwhile"));
            }
            let name = |number: &u64| state.segments.get(number).map(|sealed| sealed.name.to_string());
            let segments = due.iter().filter_map(name).collect();
            let act = Act::RecordsDelete(Parts {
                public: public::RecordsDelete { segments, rule: rule.clone() },
                private: None,
            });
            let basis = Some(Basis { rule: Some(rule), ..Basis::default() });
            let mut entry = by_weir(at, act);
            entry.basis = basis;
            Ok(JobPlan { entries: vec![entry], answer: None, import: None })
        });
        self.write(planned).await.map(drop)
    }

    /// Deletes the files that published acts name.
    fn delete_named(&self) -> Result<(), Refusal> {
        let signed = *self.signed().borrow();
        for (number, sealed) in self.published().state.segments.iter() {
            if sealed.deleted.is_some_and(|act| act < signed) {
                delete(self.dir(), *number).map_err(|error| Refusal::unavailable(error.to_string()))?;
            }
        }
        Ok(())
    }

    /// The files that may go now, by which rule, and under which holds that
    /// was found.
    #[allow(clippy::type_complexity, reason = "handed over once")]
    fn past_their_time(&self) -> Result<Option<(Vec<u64>, String, BTreeSet<HoldId>)>, Refusal> {
        let (published, at) = (self.published(), self.now());
        let state = &published.state;
        let Some((rule, keep)) = self.inner.authority.retention(state, at, RECORDS_DELETE)? else { return Ok(None) };
        let holds = in_force(state, at);
        let mut held = self.inner.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if held.holds != holds {
            *held = Held { holds: holds.clone(), ..Held::default() };
        }
        let mut due = Vec::new();
        for number in state.segments.keys().filter(|number| is_due(state, **number, keep, at)) {
            if !held.free.contains(number) && !held.kept.contains(number) {
                let is_kept = self.speaks_of(*number, &ids_of(state, at))?;
                if is_kept {
                    held.kept.insert(*number)
                } else {
                    held.free.insert(*number)
                };
            }
            if held.free.contains(number) {
                due.push(*number);
            }
            if due.len() >= MOST_AT_ONCE {
                break;
            }
        }
        Ok((!due.is_empty()).then_some((due, rule, holds)))
    }

    /// Whether any record of a file names one of these ids.
    fn speaks_of(&self, number: u64, ids: &[String]) -> Result<bool, Refusal> {
        if ids.is_empty() {
            return Ok(false);
        }
        let named = |line: &[u8]| {
            // Records are written as UTF-8; one that is not names nobody.
            let line = std::str::from_utf8(line).unwrap_or_default();
            ids.iter().any(|id| line.contains(id.as_str())).then_some(())
        };
        match find(self.dir(), number, named) {
            Ok(found) => Ok(found.found.is_some()),
            // What is not there is not deleted here either.
            Err(FolderError::NoSegment { .. }) => Ok(false),
            Err(error) => Err(Refusal::unavailable(error.to_string())),
        }
    }
}

fn is_due(state: &State, number: u64, keep: i64, at: Time) -> bool {
    let is_single_use = state.issuers.values().any(|issuer| issuer.single_use && issuer.life.holds(at));
    let keep = if is_single_use { keep.max(SINGLE_USE_MILLIS) } else { keep };
    let sealed = state.segments.get(&number);
    sealed.is_some_and(|sealed| sealed.deleted.is_none() && sealed.at.plus_millis(keep) <= at)
}

fn in_force(state: &State, at: Time) -> BTreeSet<HoldId> {
    state.holds.values().filter(|hold| hold.life.holds(at)).map(|hold| hold.id).collect()
}

/// What records name those by whom holds keep.
fn ids_of(state: &State, at: Time) -> Vec<String> {
    let held = state.holds.values().filter(|hold| hold.life.holds(at)).map(|hold| hold.on);
    let ids = held.flat_map(|holder| match holder {
        Holder::Party(id) => vec![id.to_string()],
        Holder::Account(id) => vec![id.to_string()],
        Holder::Person(id) => {
            let key: Option<PersonKey> = state.persons.get(&id).and_then(|person| person.key());
            key.iter().map(ToString::to_string).collect()
        }
    });
    ids.collect()
}
