//! Erasing private parts: found in the log, forgotten by an act, and gone from
//! the database before the act is acknowledged. What a crash leaves between
//! the two is finished at the next start.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use weir_acts::act::Erased;
use weir_acts::state::{Holder, State, erasable};
use weir_store::{Private, StoreError, StoredEntry};

use super::Control;
use super::authority::{Caller, facts_of};
use crate::boot::read_entry;
use crate::command::{Command, PrivateErase};
use crate::names;
use crate::plan::drafts::{Approvable, approvable};
use crate::refusal::Refusal;

/// How many acts are read at a time.
const ACTS_AT_A_TIME: usize = 4_096;

/// More approvals than any rule asks for.
const ANY_APPROVALS: usize = 16;

/// How often old copies are tried to be purged while somebody reads them.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Acts with a private part that may be erased, and whom each is about.
pub(crate) type Erasing = Vec<(Erased, Holder)>;

impl Control {
    /// What `command`, or the draft it approves, would erase. Reads the log.
    pub(super) async fn erasing(&self, command: &Command, caller: Caller) -> Result<Erasing, Refusal> {
        let published = self.published();
        let facts = facts_of(command, &published.state, self.now(), ANY_APPROVALS);
        // Who may not do it is told so by the writer, and nothing else.
        if self.inner.authority.check(&published.state, self.now(), caller, command.action(), &facts).is_err() {
            return Ok(Vec::new());
        }
        let erase = match command {
            Command::PrivateErase(erase) => erase.clone(),
            Command::DraftApprove(approve) => match approvable(&published.state, &approve.id) {
                Some(Approvable::Change(draft)) => match super::approvals::command_of(draft) {
                    Ok(Command::PrivateErase(erase)) => erase,
                    _ => return Ok(Vec::new()),
                },
                _ => return Ok(Vec::new()),
            },
            _ => return Ok(Vec::new()),
        };
        let control = self.clone();
        let found = tokio::task::spawn_blocking(move || control.find(&published.state, &erase)).await;
        found.map_err(|error| Refusal::unavailable(error.to_string()))?
    }

    fn find(&self, state: &State, erase: &PrivateErase) -> Result<Erasing, Refusal> {
        if let Some(act) = erase.act {
            return self.find_act(state, act);
        }
        let Some(subject) = &erase.subject else { return Ok(Vec::new()) };
        let wanted = family(state, names::holder(state, subject)?);
        let mut found = Vec::new();
        let mut next = 0;
        loop {
            let entries = self.store().entries(next, ACTS_AT_A_TIME).map_err(|error| unreadable(&error))?;
            let Some(last) = entries.last() else { return Ok(found) };
            next = last.index + 1;
            for stored in entries.iter().filter(|stored| matches!(stored.private, Private::Kept(_))) {
                found.extend(of_entry(state, stored)?.filter(|(_, holder)| wanted.contains(holder)));
            }
        }
    }

    fn find_act(&self, state: &State, act: u64) -> Result<Erasing, Refusal> {
        let stored = self.store().entry(act).map_err(|error| unreadable(&error))?;
        let stored = stored.ok_or_else(|| Refusal::not_found(format!("the log has no act {act}")))?;
        match stored.private {
            Private::None => return Err(Refusal::conflict(format!("act {act} has no private part"))),
            Private::Erased => {
                return Err(Refusal::conflict(format!("the private part of act {act} is erased already")));
            }
            Private::Kept(_) => {}
        }
        let found = of_entry(state, &stored)?;
        let found = found.ok_or_else(|| {
            let kind = read_entry(&stored).map_or("?", |entry| entry.act.kind());
            Refusal::invalid(format!(
                "act {act} is a `{kind}`; what can be erased is said about parties, accounts and persons: {}",
                weir_acts::state::ERASABLE.join(", ")
            ))
        })?;
        Ok(vec![found])
    }

    /// Brings what erasing acts name out of the database. Blocks.
    ///
    /// # Errors
    /// When some of it may still lie in an old copy; to be called again.
    pub fn finish_erasures(&self) -> Result<(), StoreError> {
        let published = self.published();
        let mut gone = self.inner.gone.lock().unwrap_or_else(PoisonError::into_inner);
        let due: Vec<u64> = published.state.erased.difference(&gone).copied().collect();
        for act in due {
            // After a restart most are gone already; the last purges whatever
            // copies a crash may have left of any.
            let is_last = published.state.erased.last() == Some(&act);
            let is_kept = self.store().entry(act)?.is_some_and(|stored| matches!(stored.private, Private::Kept(_)));
            if is_kept || is_last {
                self.erase(act)?;
            }
            gone.insert(act);
        }
        Ok(())
    }

    fn erase(&self, act: u64) -> Result<(), StoreError> {
        let mut tries = 0;
        loop {
            match self.store().erase_private(act) {
                Err(StoreError::Busy { .. }) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(PAUSE);
                }
                done => return done.map(drop),
            }
        }
    }

    /// Finishes the erasures of an act that was just made; what is still to be
    /// said about it.
    pub(super) async fn erased(&self) -> Option<String> {
        let control = self.clone();
        let done = tokio::task::spawn_blocking(move || control.finish_erasures()).await;
        let why = match done {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Some(format!(
            "it is forgotten, but copies may still lie in the database ({why}); they are purged as soon as that is possible"
        ))
    }
}

/// The holder and whatever belongs to it.
fn family(state: &State, holder: Holder) -> BTreeSet<Holder> {
    let Holder::Party(party) = holder else { return [holder].into() };
    let accounts = state.parties.get(&party).map_or_else(Vec::new, |party| party.accounts.clone());
    let persons = state.persons.iter().map(|(id, _)| Holder::Person(*id));
    let persons = persons.filter(|person| state.party_of(*person) == Some(party));
    std::iter::once(holder).chain(accounts.into_iter().map(Holder::Account)).chain(persons).collect()
}

fn of_entry(state: &State, stored: &StoredEntry) -> Result<Option<(Erased, Holder)>, Refusal> {
    let entry = read_entry(stored).map_err(|error| unreadable(&error))?;
    Ok(erasable(stored.index, &entry).zip(state.about(&entry)))
}

fn unreadable(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::unavailable(format!("the database cannot be read: {error}"))
}
