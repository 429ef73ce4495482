//! Texts that rules had kept: their keys, when those are destroyed, and the
//! reading of one, which leaves a trace in the log before anything is told.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value as Json, json};
use weir_acts::act::{Act, Parts, private, public};
use weir_acts::draft::{Draft, counting};
use weir_acts::entry::Entry;
use weir_acts::id::{AccountId, DraftId};
use weir_acts::reading::Reading;
use weir_acts::state::{Holder, State};
use weir_acts::Time;
use weir_exchange::{DecisionId, KeptText, Words};
use weir_rules::ActFacts;
use weir_store::FolderError;
use weir_store::text_keys::TextKey;

use super::Control;
use super::approvals::{MANY, command_of};
use super::authority::Caller;
use super::changes::answer_of;
use crate::command::{Command, TextRead};
use crate::names::check_text;
use crate::plan::drafts::WAITS_MILLIS;
use crate::refusal::Refusal;
use crate::writer::{JobPlan, Planned, Written};

/// The kind of the act that a reading leaves.
pub(crate) const TEXT_READ: &str = "text.read";

const HOUR: i64 = 3_600 * 1_000;
const DAY: i64 = 24 * HOUR;

/// A text that is kept, and of whom.
struct Kept {
    exchange: DecisionId,
    account: AccountId,
    time: String,
    model: Json,
    text: KeptText,
}

impl Control {
    /// The day of UTC on which what is kept until `until` expires, and the key
    /// for it; none where the account was erased. Reads a file, and makes one
    /// durable where it is the day's first.
    ///
    /// # Errors
    /// When there is no key to be had.
    pub fn text_key(&self, account: AccountId, until: Time) -> Result<Option<(String, TextKey)>, FolderError> {
        let day = day_of(until);
        // Asked of what is published now: an erasure publishes first, and destroys then.
        let key = self.inner.text_keys.to_seal(&day, &account.to_string(), || {
            is_erased(&self.published().state, account)
        })?;
        Ok(key.map(|key| (day, key)))
    }

    /// Destroys the keys of accounts that were erased.
    pub(super) fn destroy_text_keys_of_erased(&self) -> Result<(), FolderError> {
        let published = self.published();
        let destroyed = self
            .inner
            .text_keys
            .destroy_of(|account| account.parse().is_ok_and(|account| is_erased(&published.state, account)))?;
        if destroyed > 0 {
            tracing::info!(keys = destroyed, "keys of kept texts were destroyed with what was erased");
        }
        Ok(())
    }

    /// Destroys the keys whose day has passed, but for those that a hold keeps.
    fn destroy_expired_text_keys(&self, now: Time) -> Result<(), FolderError> {
        let published = self.published();
        let is_held = |account: &str| account.parse().is_ok_and(|account| is_held(&published.state, account, now));
        let destroyed = self.inner.text_keys.destroy_expired(&day_of(now), is_held)?;
        if destroyed > 0 {
            tracing::info!(keys = destroyed, "keys of kept texts were destroyed, their time being over");
        }
        Ok(())
    }

    /// What is to be destroyed before anything is served. What cannot be is
    /// tried again every second.
    pub(super) fn destroy_text_keys_left(&self) {
        let published = self.published();
        let erased = !published.state.erased.is_empty() || !published.state.erased_rows.is_empty();
        let done = if erased { self.destroy_text_keys_of_erased() } else { Ok(()) };
        if let Err(error) = done.and_then(|()| self.destroy_expired_text_keys(self.now())) {
            tracing::error!(%error, "keys of kept texts could not be destroyed; it is tried again");
        }
    }

    /// Destroys what is past its time: every hour, and when a day begins.
    pub(super) async fn age_out_texts(&self) {
        let now = self.now();
        if now.millis() < self.inner.texts_due.load(Ordering::Relaxed) {
            return;
        }
        let control = self.clone();
        let done = tokio::task::spawn_blocking(move || control.destroy_expired_text_keys(now)).await;
        match done {
            Ok(Ok(())) => {
                let tomorrow = (now.millis().div_euclid(DAY) + 1) * DAY;
                self.inner.texts_due.store(tomorrow.min(now.millis() + HOUR), Ordering::Relaxed);
            }
            Ok(Err(error)) => tracing::error!(%error, "keys of kept texts past their time could not be destroyed"),
            Err(error) => tracing::error!(%error, "keys of kept texts past their time could not be destroyed"),
        }
    }

    /// Whether `caller` may read kept texts, at least with the approval of others.
    ///
    /// # Errors
    /// When not.
    pub fn may_read_texts(&self, caller: Caller) -> Result<(), Refusal> {
        let (published, now) = (self.published(), self.now());
        let may = |approvals: u32| {
            let facts = ActFacts { approvals, ..ActFacts::default() };
            self.inner.authority.check(&published.state, now, caller, TEXT_READ, &facts)
        };
        may(0).or_else(|refusal| may(MANY).map_err(|_| refusal))
    }

    /// What the request of `exchange` said, for `caller` who says why; the
    /// reading is in the log before the answer is made. Where the rules take
    /// approvals for it, it is written down instead, and the words are handed
    /// over to who asks again once it was approved.
    ///
    /// # Errors
    /// When they may not, nothing was kept, its key is destroyed, there is no
    /// such exchange, or the act could not be made durable.
    pub async fn read_text(&self, caller: Caller, exchange: &str, reason: &str) -> Result<Map<String, Json>, Refusal> {
        self.may_read_texts(caller)?;
        check_text("the reason", reason, 2_000)?;
        let id = DecisionId::of_exchange(exchange).map_err(|error| Refusal::invalid(error.to_string()))?;
        let control = self.clone();
        let kept = blocking(move || {
            let kept = control.kept_text(id)?;
            control.open_text(&kept).map(|_| kept)
        })
        .await?;
        let (published, reason) = (self.published(), reason.to_owned());
        let account = kept.account;
        let written = match self.may(caller, TEXT_READ) {
            Ok(()) => self.trace(caller, id, account, reason).await?,
            Err(refusal) => match to_be_handed(&published.state, caller, id, self.now()) {
                Some(read) => self.hand_over(caller, account, read).await?,
                None => return self.ask_to_read(caller, id, account, reason, refusal).await,
            },
        };
        let control = self.clone();
        let (kept, words) = blocking(move || {
            // Its key may have been destroyed meanwhile.
            let words = control.open_text(&kept)?;
            Ok((kept, words))
        })
        .await?;
        let told = json!({
            "exchange": id.exchange(),
            "time": kept.time,
            "account": self.published().state.account_label(kept.account),
            "model": kept.model,
            "key": kept.text.key,
            "text": words,
        });
        let mut answer = match told {
            Json::Object(told) => told,
            _ => Map::new(),
        };
        self.fill_in(&mut answer, &written);
        Ok(answer)
    }

    /// Says in the log that a text is read, which takes nobody's consent.
    async fn trace(
        &self,
        caller: Caller,
        id: DecisionId,
        account: AccountId,
        reason: String,
    ) -> Result<Written, Refusal> {
        let control = self.clone();
        self.write(Box::new(move |state: &State, at: Time| {
            control.inner.authority.check(state, at, caller, TEXT_READ, &ActFacts::default())?;
            let public = public::TextRead { exchange: id.exchange() };
            let act = Act::TextRead(Parts { public, private: Some(private::TextRead { reason }) });
            let entry =
                Entry { at, by: caller.operator.to_string(), approvals: Vec::new(), subject: account.to_string(), basis: None, act };
            Ok(JobPlan { entries: vec![entry], answer: None, import: None })
        }))
        .await
    }

    /// Says in the log that what act `read` let be read is handed over: once,
    /// whether or not the answer arrives.
    async fn hand_over(&self, caller: Caller, account: AccountId, read: u64) -> Result<Written, Refusal> {
        let control = self.clone();
        self.write(Box::new(move |state: &State, at: Time| {
            let by = caller.operator.to_string();
            let reading = state.readings.get(&read).filter(|reading| reading.until() >= at);
            let reading = reading.ok_or_else(|| Refusal::conflict(format!("the text of act {read} was handed over already")))?;
            // Whoever consented and is no operator any more counts no more.
            let approvals = counting(&reading.approvals, &state.operators, &by, at);
            let given = u32::try_from(approvals.len()).unwrap_or(u32::MAX);
            let facts = ActFacts { approvals: given, ..ActFacts::default() };
            control.inner.authority.check(state, at, caller, TEXT_READ, &facts)?;
            let act = Act::TextHand(Parts { public: public::TextHand { read }, private: None });
            let entry = Entry { at, by, approvals, subject: account.to_string(), basis: None, act };
            Ok(JobPlan { entries: vec![entry], answer: None, import: None })
        }))
        .await
    }

    /// Writes down that `caller` wants to read a text, for others to approve.
    async fn ask_to_read(
        &self,
        caller: Caller,
        id: DecisionId,
        account: AccountId,
        reason: String,
        refusal: Refusal,
    ) -> Result<Map<String, Json>, Refusal> {
        let exchange = id.exchange();
        let command: Command = TextRead { exchange: exchange.clone(), account, reason }.into();
        let answer: Arc<Mutex<Map<String, Json>>> = Arc::default();
        let (control, told) = (self.clone(), Arc::clone(&answer));
        let planned: Planned = Box::new(move |state, at| {
            let by = caller.operator.to_string();
            if let Some(draft) = asked_already(state, &by, &exchange, at) {
                return Err(Refusal::conflict(format!(
                    "draft {draft} asks to read {exchange} already: others approve it by `weir approve {draft}`"
                )));
            }
            let plan = control.draft_instead(&control.planner(state, at, &by), &command, refusal)?;
            *told.lock().unwrap_or_else(PoisonError::into_inner) = answer_of(&plan);
            Ok(JobPlan { entries: plan.entries, answer: None, import: None })
        });
        let written = self.write(planned).await?;
        let mut answer = std::mem::take(&mut *answer.lock().unwrap_or_else(PoisonError::into_inner));
        self.fill_in(&mut answer, &written);
        Ok(answer)
    }

    /// What is kept of an exchange. Reads files.
    fn kept_text(&self, id: DecisionId) -> Result<Kept, Refusal> {
        let name = id.exchange();
        let found = self.exchange(id)?.ok_or_else(|| {
            Refusal::not_found(format!("there is no exchange {name}; one is recorded when its answer has ended"))
        })?;
        let told = found.told;
        let unreadable = || Refusal::unavailable(format!("the record of {name} cannot be read"));
        if told["text"].is_null() {
            return Err(Refusal::not_found(format!(
                "no text was kept of {name}: none of the rules that permitted it says @keep_text, or it had none"
            )));
        }
        Ok(Kept {
            exchange: id,
            account: told["account"].as_str().and_then(|id| id.parse().ok()).ok_or_else(unreadable)?,
            time: told["time"].as_str().unwrap_or_default().to_owned(),
            model: told["model"].clone(),
            text: serde_json::from_value(told["text"].clone()).map_err(|_| unreadable())?,
        })
    }

    fn open_text(&self, kept: &Kept) -> Result<Words<'static>, Refusal> {
        let Kept { exchange, account, text, .. } = kept;
        let (name, day) = (exchange.exchange(), &*text.key);
        let (published, now) = (self.published(), self.now());
        let state = &published.state;
        let is_over = day < &*day_of(now);
        let destroyed = |why: String| Err(Refusal::conflict(format!("the text of {name} cannot be read any more: {why}")));
        if is_erased(state, *account) {
            return destroyed("its key was destroyed when the account was erased".into());
        }
        if is_over && !is_held(state, *account, now) {
            return destroyed(format!("it was kept until {day}, and its key is destroyed"));
        }
        let key = self.inner.text_keys.to_open(day, &account.to_string());
        match key.map_err(|error| Refusal::unavailable(error.to_string()))? {
            Some(key) => text
                .open(&key, &name)
                .map_err(|error| Refusal::unavailable(format!("the text of {name} cannot be read: {error}"))),
            None if is_over => destroyed(format!("it was kept until {day}, and its key is destroyed")),
            None => destroyed("its key is not in text-keys of the data folder; backups hold none".into()),
        }
    }
}

/// The act that lets `caller` read what `id` said, and is not used up.
fn to_be_handed(state: &State, caller: Caller, id: DecisionId, at: Time) -> Option<u64> {
    let (by, exchange) = (caller.operator.to_string(), id.exchange());
    let is_for = |reading: &Reading| *reading.by == *by && *reading.exchange == *exchange && reading.until() >= at;
    state.readings.iter().find(|(_, reading)| is_for(reading)).map(|(act, _)| *act)
}

/// The draft in which `by` asks to read `exchange`, where one waits.
fn asked_already(state: &State, by: &str, exchange: &str, at: Time) -> Option<DraftId> {
    let asks = |draft: &&Draft| {
        let waits = draft.closed.is_none() && draft.drafted.plus_millis(WAITS_MILLIS) > at;
        waits
            && *draft.by == *by
            && matches!(command_of(draft), Ok(Command::TextRead(read)) if read.exchange == exchange)
    };
    state.drafts.values().find(asks).map(|draft| draft.id)
}

/// The day of UTC that `time` is in, as the names of keys have it.
fn day_of(time: Time) -> String {
    time.to_string().split('T').next().unwrap_or_default().to_owned()
}

/// Whether an account is forgotten. Who serves knows every private part, so
/// that a name that is not known was erased.
fn is_erased(state: &State, account: AccountId) -> bool {
    state.accounts.get(&account).is_some_and(|account| account.handle.is_none())
}

/// Whether a hold in force is on the account, its party, or one of its people,
/// whose words lie under the account's key.
fn is_held(state: &State, account: AccountId, at: Time) -> bool {
    let party = state.party_of(Holder::Account(account));
    state.holds.values().filter(|hold| hold.life.holds(at)).any(|hold| match hold.on {
        Holder::Account(held) => held == account,
        Holder::Party(_) | Holder::Person(_) => party.is_some() && state.party_of(hold.on) == party,
    })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Refusal::unavailable(format!("the work broke off: {error}")))?
}
