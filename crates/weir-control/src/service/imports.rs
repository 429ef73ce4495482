//! Imports: a file comes in pieces and is checked as it comes; its end makes
//! the one act. One import at a time: it holds a second state in memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use weir_acts::act::{Act, Parts, public};
use weir_acts::entry::Entry;
use weir_acts::id::ImportId;
use weir_acts::{Clock as _, Digest};
use weir_rules::ActFacts;

use super::authority::Caller;
use super::idempotency::{Held, Keyed};
use super::{Accepted, Control};
use crate::imports::{Checked, Faults, Format, RowReceipt, Upload, rows_about};
use crate::refusal::Refusal;
use crate::writer::{Importing, JobPlan, Planned};

/// The kind of act, and what the rules of authority call it.
const ACTION: &str = "party.import";

/// An upload that nobody goes on with for so long makes way for another.
const PATIENCE: Duration = Duration::from_secs(60);

/// One that nobody goes on with for so long is given up.
const GIVEN_UP: Duration = Duration::from_secs(600);

/// Rows of a staged import that are thrown away in one transaction.
const DISCARDED_AT_A_TIME: usize = 2_000;

/// A file that is announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportBegin {
    /// Its form.
    pub format: Format,
    /// SHA-256 of all its bytes.
    pub digest: Digest,
}

/// What becomes of an announced file.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// It may be sent.
    Open(ImportId),
    /// It was imported before, under the same `Idempotency-Key`.
    Done(Accepted),
}

/// How an upload ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// Everything was imported.
    Accepted(Accepted),
    /// Lines are wrong, and nothing was.
    Faulty(Faults),
}

/// The upload under way.
#[derive(Default)]
pub(super) struct Uploads(Mutex<Option<Arc<Running>>>);

struct Running {
    id: ImportId,
    caller: Caller,
    begin: ImportBegin,
    keyed: Option<Keyed>,
    upload: Mutex<Option<Upload>>,
    _held: Option<Held>,
}

impl Running {
    fn upload(&self) -> std::sync::MutexGuard<'_, Option<Upload>> {
        self.upload.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long nobody went on with it; none while somebody does.
    fn idle(&self) -> Option<Duration> {
        let upload = self.upload.try_lock().ok()?;
        upload.as_ref().map(|upload| upload.last_used.elapsed())
    }
}

impl Control {
    /// Announces a file. An upload of the same operator under the same
    /// `Idempotency-Key` that was broken off begins anew.
    ///
    /// # Errors
    /// When the operator may not import, or another upload is under way.
    pub fn import_begin(&self, caller: Caller, begin: ImportBegin, key: Option<String>) -> Result<Begun, Refusal> {
        self.may(caller, ACTION)?;
        let request = serde_json::to_vec(&begin).map_err(|error| Refusal::invalid(error.to_string()))?;
        let keyed = key.map(|key| Keyed { scope: caller.operator.to_string(), key, request: Digest::of(&request) });
        let mut slot = self.inner.uploads.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = slot.as_ref() {
            let is_same = running.caller == caller
                && running.keyed.as_ref().map(|keyed| &keyed.key) == keyed.as_ref().map(|keyed| &keyed.key);
            let makes_way = running.idle().is_some_and(|idle| is_same || idle >= PATIENCE);
            if !makes_way {
                return Err(Refusal::conflict(
                    "another import is under way: wait for its end, or a minute, and try again",
                ));
            }
        }
        if let Some(given_up) = slot.take() {
            self.give_up(&given_up);
        }
        let held = match &keyed {
            None => None,
            Some(keyed) => match self.hold(keyed)? {
                (_, Some(answer)) => return Ok(Begun::Done(Accepted(answer))),
                (held, None) => Some(held),
            },
        };
        let id = ImportId::random()?;
        let published = self.published();
        let now = self.inner.clock.now().max(published.state.last);
        let upload =
            Upload::begin(id, begin.format, Arc::clone(self.store()), published.state.clone(), now, &self.inner.pepper);
        let upload = Mutex::new(Some(upload));
        *slot = Some(Arc::new(Running { id, caller, begin, keyed, upload, _held: held }));
        Ok(Begun::Open(id))
    }

    /// Takes the bytes of the file from `offset` on. Bytes that were taken
    /// before, because the answer was lost, are passed over. Blocks.
    ///
    /// # Errors
    /// When there is no such upload, bytes are left out, or rows cannot be
    /// staged. What is wrong with the file is in the answer.
    pub fn import_chunk(&self, caller: Caller, id: ImportId, offset: u64, bytes: &[u8]) -> Result<Json, Refusal> {
        let running = self.running(caller, id)?;
        let mut slot = running.upload();
        let upload = slot.as_mut().ok_or_else(gone)?;
        let known = upload
            .received
            .checked_sub(offset)
            .ok_or_else(|| Refusal::conflict(format!("bytes are left out: go on from {}", upload.received)))?;
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        upload.feed(bytes.get(known..).unwrap_or_default())?;
        Ok(json!({ "received": upload.received, "rows": upload.rows(), "faults": upload.faults() }))
    }

    /// Ends the upload: where nothing is wrong, all of it becomes one act.
    ///
    /// # Errors
    /// When what was acted meanwhile stands against it, the operator may not
    /// import any more, or it could not be made durable. Nothing was imported.
    pub async fn import_finish(&self, caller: Caller, id: ImportId) -> Result<Ended, Refusal> {
        let running = self.running(caller, id)?;
        let (control, ending) = (self.clone(), Arc::clone(&running));
        let prepared = tokio::task::spawn_blocking(move || control.prepare(&ending)).await;
        let prepared = prepared.map_err(|error| Refusal::unavailable(format!("the import broke off: {error}")));
        let outcome = match prepared.and_then(|prepared| prepared) {
            Ok(Ok(prepared)) => self.commit_import(&running, prepared).await.map(Ended::Accepted),
            Ok(Err(faults)) => Ok(Ended::Faulty(faults)),
            Err(refusal) => Err(refusal),
        };
        self.inner.uploads.0.lock().unwrap_or_else(PoisonError::into_inner).take_if(|held| held.id == id);
        if !matches!(outcome, Ok(Ended::Accepted(_))) {
            self.discard(&running.id.to_string());
        }
        outcome
    }

    /// Gives up the upload.
    ///
    /// # Errors
    /// When there is no such upload.
    pub fn import_cancel(&self, caller: Caller, id: ImportId) -> Result<(), Refusal> {
        let running = self.running(caller, id)?;
        self.inner.uploads.0.lock().unwrap_or_else(PoisonError::into_inner).take_if(|held| held.id == id);
        self.give_up(&running);
        Ok(())
    }

    /// Gives up an upload that nobody goes on with.
    pub(super) fn look_after_uploads(&self) {
        let mut slot = self.inner.uploads.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_given_up = |running: &mut Arc<Running>| running.idle().is_some_and(|idle| idle >= GIVEN_UP);
        if let Some(running) = slot.take_if(is_given_up) {
            tracing::warn!(import = %running.id, "nobody went on with an import for ten minutes; it was given up");
            self.give_up(&running);
        }
    }

    fn running(&self, caller: Caller, id: ImportId) -> Result<Arc<Running>, Refusal> {
        let slot = self.inner.uploads.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().filter(|running| running.id == id && running.caller == caller).cloned().ok_or_else(gone)
    }

    fn give_up(&self, running: &Running) {
        running.upload().take();
        self.discard(&running.id.to_string());
    }

    /// Throws staged rows away in the background; what a crash leaves is
    /// thrown away with the next start.
    fn discard(&self, name: &str) {
        let (store, name) = (Arc::clone(self.store()), name.to_owned());
        let discarding = move || {
            let gone = |done: &Result<bool, _>| !matches!(done, Ok(false));
            let end = std::iter::repeat_with(|| store.discard(&name, DISCARDED_AT_A_TIME)).find(gone);
            if let Some(Err(error)) = end {
                tracing::error!(%error, import = name, "staged rows could not be thrown away");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("weir-discard".into()).spawn(discarding) {
            tracing::error!(%error, "no thread to throw staged rows away");
        }
    }

    /// Throws away what an earlier process staged and did not settle.
    pub(super) fn discard_leftovers(&self) {
        match self.store().staged() {
            Ok(names) => names.iter().for_each(|name| self.discard(name)),
            Err(error) => tracing::error!(%error, "staged imports could not be listed"),
        }
    }

    /// All the work there is before the writer's turn.
    fn prepare(&self, running: &Running) -> Result<Result<Checked, Faults>, Refusal> {
        let mut upload = running.upload().take().ok_or_else(gone)?;
        upload.end(&running.begin.digest)?;
        if !upload.faults().faults.is_empty() {
            return Ok(Err(upload.faults().clone()));
        }
        let mut checked = upload.checked();
        let published = self.published();
        let now = self.inner.clock.now().max(published.state.last);
        let overtaken = |problem: weir_acts::state::FoldProblem| Refusal::conflict(meanwhile(&problem));
        checked.import.rebase(&published.state, now).map_err(overtaken)?;
        checked.import.see(published.snapshot.view());
        Ok(Ok(checked))
    }

    async fn commit_import(&self, running: &Arc<Running>, checked: Checked) -> Result<Accepted, Refusal> {
        let mut answer = Map::new();
        let told = [
            ("id", json!(running.id.to_string())),
            ("rows", json!(checked.rows)),
            ("root", json!(Digest(checked.root.0))),
            ("parties", json!(checked.counts.parties)),
            ("accounts", json!(checked.counts.accounts)),
            ("claims", json!(checked.counts.claims)),
            ("keys", json!(checked.counts.keys)),
        ];
        answer.extend(told.map(|(name, value)| (name.to_owned(), value)));
        let importing =
            Importing { import: Arc::new(checked.import), name: running.id.to_string(), rows: checked.rows };
        let kept = importing.clone();
        let written = self.write(self.planned_import(running, importing, Digest(checked.root.0), answer.clone())).await;
        // The former state's last holder frees it: not the writer.
        drop(kept);
        let written = written.map_err(|refusal| match refusal.kind {
            crate::RefusalKind::Conflict => Refusal::conflict(meanwhile(&refusal)),
            _ => refusal,
        })?;
        self.fill_in(&mut answer, &written);
        self.keep_fold_beside();
        Ok(Accepted(answer))
    }

    fn planned_import(
        &self,
        running: &Arc<Running>,
        importing: Importing,
        root: Digest,
        answer: Map<String, Json>,
    ) -> Planned {
        let (control, running) = (self.clone(), Arc::clone(running));
        Box::new(move |state, at| {
            control.inner.authority.check(state, at, running.caller, ACTION, &ActFacts::default())?;
            let entry = Entry {
                at,
                by: running.caller.operator.to_string(),
                approvals: Vec::new(),
                subject: running.id.to_string(),
                basis: None,
                act: Act::PartyImport(Parts {
                    public: public::PartyImport { rows: importing.rows, root },
                    private: None,
                }),
            };
            let answer = running.keyed.as_ref().map(|keyed| keyed.answered(state.size, &answer));
            Ok(JobPlan { entries: vec![entry], answer, import: Some(importing) })
        })
    }

    /// The receipts of the rows about the party or account that `subject`
    /// names, of the import that is act `act`. Blocks.
    ///
    /// # Errors
    /// When there is no such act, subject or row, or the rows cannot be read.
    pub fn row_receipts(&self, act: u64, subject: &str) -> Result<Vec<RowReceipt>, Refusal> {
        let published = self.published();
        if !published.state.imports.iter().any(|imported| imported.act == act) {
            return Err(Refusal::not_found(format!("act {act} is no import: only imports have rows")));
        }
        let holder = crate::names::holder(&published.state, subject)?;
        let rows = rows_about(&**self.store(), &published.state, Some(act), &[holder].into())?;
        if rows.is_empty() {
            return Err(Refusal::not_found(format!("no row of act {act} is about {subject}")));
        }
        Ok(rows)
    }
}

fn meanwhile(problem: &dyn std::fmt::Display) -> String {
    format!("what was acted while the file was read stands against it: {problem}; nothing was imported, try again")
}

fn gone() -> Refusal {
    Refusal::not_found("there is no such upload: it was ended, given up, or this server was started anew; begin again")
}
