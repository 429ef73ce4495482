//! Erasing private parts: found in the log, forgotten by an act, and gone from
//! the database before the act is acknowledged. What a crash leaves between
//! the two is finished at the next start.
//!
//! What is about nobody in particular but names the subject goes too: drafts,
//! by the same act, and the answers kept under `Idempotency-Key`s, before it,
//! since afterwards nobody knows by which names to find them.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use weir_acts::act::{Act, Erased};
use weir_acts::row::Row;
use weir_acts::Digest;
use weir_acts::entry::Entry;
use weir_acts::state::{About, Holder, State, erasable, erasable_row};
use weir_store::durable::{overwrite_and_remove, sync_folder_of};
use weir_store::{Private, StoreError, StoredEntry};

use super::Control;
use super::authority::{Caller, facts_of};
use crate::boot::read_entry;
use crate::command::{Command, PrivateErase};
use crate::names;
use crate::plan::drafts::{Approvable, approvable};
use crate::plan::campaigns::named;
use crate::plan::{Erasing, Names, Planner};
use crate::refusal::Refusal;

/// How many acts are read at a time.
const ACTS_AT_A_TIME: usize = 4_096;

/// More approvals than any rule asks for.
const ANY_APPROVALS: usize = 16;

/// How often old copies are tried to be purged while somebody reads them.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

impl Control {
    /// What `command`, or the draft it approves, would erase. Reads the log.
    pub(super) async fn erasing(&self, command: &Command, caller: Caller) -> Result<Erasing, Refusal> {
        if !matches!(command, Command::PrivateErase(_) | Command::DraftApprove(_)) {
            return Ok(Erasing::default());
        }
        let published = self.published();
        let facts = facts_of(command, &published.state, self.now(), ANY_APPROVALS);
        // Who may not do it is told so by the writer, and nothing else.
        if self.inner.authority.check(&published.state, self.now(), caller, command.action(), &facts).is_err() {
            return Ok(Erasing::default());
        }
        let (erase, carrying) = match command {
            Command::PrivateErase(erase) => (erase.clone(), None),
            Command::DraftApprove(approve) => match approvable(&published.state, &approve.id) {
                Some(Approvable::Change(draft)) => match super::approvals::command_of(draft) {
                    Ok(Command::PrivateErase(erase)) => (erase, Some(draft.id)),
                    _ => return Ok(Erasing::default()),
                },
                _ => return Ok(Erasing::default()),
            },
            _ => return Ok(Erasing::default()),
        };
        let control = self.clone();
        let by = caller.operator.to_string();
        let found = tokio::task::spawn_blocking(move || {
            let erasing = Erasing { carrying, ..control.find(&published.state, &erase)? };
            // Where the erasure is refused for another reason, answers stay.
            let planner = Planner { erasing: Some(&erasing), ..control.planner(&published.state, control.now(), &by) };
            if planner.plan(&erase.into()).is_ok() {
                control.forget_answers(&erasing.names)?;
            }
            Ok(erasing)
        });
        found.await.map_err(|error| Refusal::unavailable(error.to_string()))?
    }

    fn forget_answers(&self, names: &Names) -> Result<(), Refusal> {
        let says = |answer: &[u8]| names.are_in_json(answer);
        let forgotten = until_free(|| self.store().forget_answers(&says));
        forgotten.map(drop).map_err(|error| unreadable(&error))
    }

    fn find(&self, state: &State, erase: &PrivateErase) -> Result<Erasing, Refusal> {
        if let Some(act) = erase.act {
            return Ok(Erasing { found: self.find_act(state, act)?, ..Erasing::default() });
        }
        let Some(subject) = &erase.subject else { return Ok(Erasing::default()) };
        if let Some(id) = subject.strip_prefix("campaign:") {
            return Ok(Erasing { found: self.find_of_campaign(state, id)?, ..Erasing::default() });
        }
        let subject = names::holder(state, subject)?;
        let wanted = family(state, subject);
        let names = Names::of(state, &wanted);
        let mut found = Vec::new();
        self.each_erasable(0, |erased, entry| match &entry.act {
            // A draft is about a change, and goes where it names the subject.
            Act::DraftAdd(parts) => {
                let with = parts.private.as_ref().map(|private| private.with.as_bytes());
                if with.is_some_and(|with| names.are_in_json(with)) {
                    found.push((erased, subject.into()));
                }
            }
            _ => {
                let of_wanted = |about: &About| matches!(about, About::Holder(holder) if wanted.contains(holder));
                found.extend(state.about(entry).filter(of_wanted).map(|about| (erased, about)));
            }
        })?;
        let acts: BTreeSet<u64> = wanted.iter().flat_map(|holder| state.imports_about(*holder)).collect();
        for act in acts {
            self.find_rows(act, &wanted, &mut found)?;
        }
        Ok(Erasing { found, names, carrying: None })
    }

    /// Everything that was told of a campaign.
    fn find_of_campaign(&self, state: &State, id: &str) -> Result<Vec<(Erased, About)>, Refusal> {
        let campaign = named(state, id)?;
        let mut found = Vec::new();
        self.each_erasable(campaign.found.1, |erased, entry| {
            if entry.subject == *campaign.id {
                found.push((erased, About::Campaign(Arc::clone(&campaign.id))));
            }
        })?;
        Ok(found)
    }

    /// Every act from `next` on whose private part is there and can be erased.
    fn each_erasable(&self, mut next: u64, mut take: impl FnMut(Erased, &Entry)) -> Result<(), Refusal> {
        loop {
            let entries = self.store().entries(next, ACTS_AT_A_TIME).map_err(|error| unreadable(&error))?;
            let Some(last) = entries.last() else { return Ok(()) };
            next = last.index + 1;
            for stored in entries.iter().filter(|stored| matches!(stored.private, Private::Kept(_))) {
                let entry = read_entry(stored).map_err(|error| unreadable(&error))?;
                if let Some(erased) = erasable(stored.index, &entry) {
                    take(erased, &entry);
                }
            }
        }
    }

    /// The rows of the import of act `act` about any of `wanted`.
    fn find_rows(&self, act: u64, wanted: &BTreeSet<Holder>, found: &mut Vec<(Erased, About)>) -> Result<(), Refusal> {
        let mut next = 0;
        loop {
            let rows = self.store().rows(act, next, ACTS_AT_A_TIME).map_err(|error| unreadable(&error))?;
            let Some(last) = rows.last() else { return Ok(()) };
            next = last.row + 1;
            for stored in rows.iter().filter(|stored| matches!(stored.private, Private::Kept(_))) {
                let subject = Row::read(&stored.bytes, None).map_err(|error| unreadable(&error))?.subject;
                if wanted.contains(&subject) {
                    found.push((erasable_row(act, stored.row, subject), subject.into()));
                }
            }
        }
    }

    fn find_act(&self, state: &State, act: u64) -> Result<Vec<(Erased, About)>, Refusal> {
        let stored = self.store().entry(act).map_err(|error| unreadable(&error))?;
        let stored = stored.ok_or_else(|| Refusal::not_found(format!("the log has no act {act}")))?;
        match stored.private {
            Private::None => return Err(Refusal::conflict(format!("act {act} has no private part"))),
            Private::Erased => {
                return Err(Refusal::conflict(format!("the private part of act {act} is erased already")));
            }
            Private::Kept(_) => {}
        }
        let entry = read_entry(&stored).map_err(|error| unreadable(&error))?;
        let found = erasable(stored.index, &entry).zip(state.about(&entry));
        let found = found.ok_or_else(|| {
            let kind = entry.act.kind();
            Refusal::invalid(format!(
                "act {act} is a `{kind}`; what can be erased by its number is said about parties, accounts, persons and campaigns: {}",
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
        let (acts, rows) = (&published.state.erased, &published.state.erased_rows);
        let due: Vec<u64> = acts.difference(&gone.acts).copied().collect();
        if due.len() + rows.difference(&gone.rows).count() > 0 {
            self.forget_fold()
                .map_err(|error| StoreError::Io { doing: "removing the kept fold", source: Box::new(error) })?;
            self.destroy_text_keys_of_erased()
                .map_err(|error| StoreError::Io { doing: "destroying keys of kept texts", source: Box::new(error) })?;
        }
        for act in due {
            // After a restart most are gone already; the last purges whatever
            // copies a crash may have left of any.
            let stored = self.store().entry(act)?.filter(|stored| matches!(stored.private, Private::Kept(_)));
            let is_kept = stored.is_some();
            if let Some(stored) = &stored {
                self.destroy_whole_dossier(&published.state, stored)?;
            }
            if is_kept || acts.last() == Some(&act) {
                until_free(|| self.store().erase_private(act))?;
            }
            gone.acts.insert(act);
        }
        let due: Vec<(u64, u64)> = rows.difference(&gone.rows).copied().collect();
        for (act, row) in due {
            let stored = self.store().rows(act, row, 1)?;
            let is_kept = stored.first().is_some_and(|stored| matches!(stored.private, Private::Kept(_)));
            if is_kept || rows.last() == Some(&(act, row)) {
                until_free(|| self.store().erase_row(act, row))?;
            }
            gone.rows.insert((act, row));
        }
        Ok(())
    }

    /// Destroys the dossier that lies beside the log because the act `stored`
    /// could not carry it whole, unless that is what stands of a campaign.
    fn destroy_whole_dossier(&self, state: &State, stored: &StoredEntry) -> Result<(), StoreError> {
        let io = |doing, source| StoreError::Io { doing, source };
        let entry = read_entry(stored).map_err(|error| io("reading an act that was erased", Box::new(error)))?;
        let whole = match entry.act {
            Act::CampaignFound(parts) => parts.private.and_then(|private| private.whole),
            Act::CampaignUpdate(parts) => parts.private.and_then(|private| private.whole),
            _ => None,
        };
        let stands = |whole: &Digest| state.campaigns.values().any(|campaign| campaign.whole == Some(*whole));
        let Some(whole) = whole.filter(|whole| !stands(whole)) else { return Ok(()) };
        let path = self.whole_dossier(whole);
        let destroyed = overwrite_and_remove(&path).and_then(|was| if was { sync_folder_of(&path) } else { Ok(()) });
        destroyed.map_err(|error| io("destroying a campaign's dossier", Box::new(error)))
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
            "it is forgotten, but copies may still lie in the data folder ({why}); they are purged as soon as that is possible"
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

/// What is known to be gone from the database.
#[derive(Default)]
pub(super) struct Gone {
    acts: BTreeSet<u64>,
    rows: BTreeSet<(u64, u64)>,
}

/// Does what purges old copies, again while somebody reads them.
fn until_free<T>(purge: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut tries = 0;
    loop {
        match purge() {
            Err(StoreError::Busy { .. }) if tries < TRIES => {
                tries += 1;
                std::thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> Refusal {
    Refusal::unavailable(format!("the database cannot be read: {error}"))
}
