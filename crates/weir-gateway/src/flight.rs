//! A request in flight: enough of it to decide it again at any moment, while
//! it waits, retries, streams, is silent, or lies finished in a buffer.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use weir_acts::Time;
use weir_acts::id::{AccountId, PartyId};
use weir_acts::view::Caller;
use weir_rules::{Denial, Effect, Snapshot, Withheld};
use weir_wire::Api;

use crate::board::{Board, Place};
use crate::gate::Gate;
use crate::measures;
use crate::persons::KnownPerson;

/// The board as the gateway uses it.
pub(crate) type FlightBoard = Board<Snapshot, Flight>;

/// One request in flight.
#[derive(Debug)]
pub(crate) struct Flight {
    /// Counted over the gateway's life.
    pub(crate) number: u64,
    /// What the key is stored as: identity is asked for again at every look.
    pub(crate) key: [u8; 32],
    /// The person behind it, where one was asserted.
    pub(crate) person: Option<Arc<KnownPerson>>,
    /// The API called.
    pub(crate) api: Api,
    /// The model asked for; none where models are listed.
    pub(crate) model: Option<Arc<str>>,
    /// Models that tools within the request would run.
    nested: Box<[Arc<str>]>,
    /// When it came.
    pub(crate) since: Time,
    /// The calling account, for those who ask what is in flight.
    pub(crate) account: AccountId,
    /// Its party.
    pub(crate) party: PartyId,
    gate: Arc<Gate>,
    stand: AtomicU8,
    serving: Mutex<Serving>,
}

/// What was decided for a request, as the sweep must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Serving {
    /// Nothing yet.
    Undecided,
    /// This model may answer; what is taken out of its answer.
    Model(Arc<str>, Withheld),
    /// These models were listed.
    Listing(Arc<[Arc<str>]>),
}

/// Where a request in flight stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stand {
    /// Being decided.
    Deciding,
    /// Sent upstream; no answer yet.
    Waiting,
    /// To be sent upstream again.
    Retrying,
    /// Being answered.
    Answering,
}

/// Why an answer under way is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Of how many acts the snapshot was that denies it.
    pub(crate) tree_size: u64,
    pub(crate) why: CutReason,
}

/// The ways in which an answer under way is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CutReason {
    /// The key, its account or its party is no longer open.
    Revoked,
    /// The assertion about the person behind it holds no longer.
    Expired,
    /// The model is gone.
    Missing,
    /// A rule forbids it, or nothing permits it any more.
    Denied(Denial),
    /// It is permitted, but no longer in full: this rule, or a measure,
    /// withholds parts of it.
    Withheld(Arc<str>),
}

impl Cut {
    /// The rule that decided, where one did.
    pub(crate) fn rule(&self) -> Option<&Arc<str>> {
        match &self.why {
            CutReason::Denied(denial) => Some(&denial.rule),
            CutReason::Revoked | CutReason::Expired | CutReason::Missing | CutReason::Withheld(_) => None,
        }
    }
}

/// What a new request is made of.
pub(crate) struct NewFlight {
    pub(crate) number: u64,
    pub(crate) key: [u8; 32],
    pub(crate) caller: Caller,
    pub(crate) person: Option<Arc<KnownPerson>>,
    pub(crate) api: Api,
    pub(crate) model: Option<Arc<str>>,
    pub(crate) nested: Box<[Arc<str>]>,
    pub(crate) since: Time,
}

impl Flight {
    pub(crate) fn new(new: NewFlight, gate: Arc<Gate>) -> Flight {
        Flight {
            number: new.number,
            key: new.key,
            person: new.person,
            api: new.api,
            model: new.model,
            nested: new.nested,
            since: new.since,
            account: new.caller.account,
            party: new.caller.party,
            gate,
            stand: AtomicU8::new(Stand::Deciding as u8),
            serving: Mutex::new(Serving::Undecided),
        }
    }

    /// Who calls under `snapshot`: the account, with the claims of the person
    /// behind the request where one was asserted; none once either is gone.
    pub(crate) fn caller(&self, snapshot: &Snapshot) -> Option<Caller> {
        let caller = snapshot.view().identify(&self.key)?;
        match &self.person {
            None => Some(caller),
            Some(person) => person.stands_for(snapshot, caller),
        }
    }

    /// Makes a decision visible to sweeps.
    pub(crate) fn publish(&self, serving: Serving) {
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = serving;
    }

    pub(crate) fn serving(&self) -> Serving {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    pub(crate) fn set_stand(&self, stand: Stand) {
        self.stand.store(stand as u8, Ordering::Relaxed);
    }

    pub(crate) fn stand(&self) -> Stand {
        match self.stand.load(Ordering::Relaxed) {
            0 => Stand::Deciding,
            1 => Stand::Waiting,
            2 => Stand::Retrying,
            _ => Stand::Answering,
        }
    }

    /// Decides the request again under `snapshot`; none where what was decided
    /// for it still holds.
    ///
    /// A fallback under way stays permitted while its own model is and the
    /// asked one is not denied outright; an answer by the asked model never
    /// turns into a fallback in mid-stream. Nor does one begun in full go on with
    /// parts taken out: what came before would not fit what follows.
    pub(crate) fn judge(&self, snapshot: &Snapshot) -> Option<Cut> {
        let cut = |why| Some(Cut { tree_size: snapshot.tree_size(), why });
        let Some(caller) = self.caller(snapshot) else {
            return cut(CutReason::Revoked);
        };
        match self.serving() {
            // It has not published, so its second look sees this snapshot.
            Serving::Undecided => None,
            Serving::Listing(listed) => {
                let still_so = permitted_models(snapshot, caller).eq(listed.iter().cloned());
                if still_so { None } else { cut(CutReason::Missing) }
            }
            Serving::Model(served, withheld) => {
                let asked = self.model.as_ref().filter(|asked| **asked != served);
                let class = if asked.is_some() { snapshot.class_of_fallback(caller.class) } else { caller.class };
                let used = self.nested.iter().map(|nested| (caller.class, nested)).chain([(class, &served)]);
                for (class, model) in used {
                    let verdict = snapshot.decide(class, model);
                    if let Some(why) = why_not(&verdict) {
                        return cut(measures::told(snapshot, &caller, self.person.as_deref(), why));
                    }
                    if !withheld.covers(verdict.withheld()) {
                        let rule = measures::withholding(&verdict.withhold).map(|by| by.denial.rule);
                        return cut(CutReason::Withheld(rule.unwrap_or_else(|| weir_rules::MEASURE_WITHHOLD.into())));
                    }
                }
                let asked = asked?;
                let verdict = snapshot.decide(caller.class, asked);
                let why = why_not(&verdict).filter(|_| !verdict.fallback)?;
                cut(measures::told(snapshot, &caller, self.person.as_deref(), why))
            }
        }
    }
}

fn why_not(verdict: &weir_rules::Verdict) -> Option<CutReason> {
    match (verdict.effect, &verdict.denial) {
        (Effect::Permit, _) => None,
        (Effect::Deny, Some(denial)) => Some(CutReason::Denied(denial.clone())),
        (Effect::Missing | Effect::Deny, _) => Some(CutReason::Missing),
    }
}

/// The names of the models that `caller` may use, in order.
pub(crate) fn permitted_models(snapshot: &Snapshot, caller: Caller) -> impl Iterator<Item = Arc<str>> {
    snapshot
        .view()
        .models()
        .filter(move |model| snapshot.decide(caller.class, &model.name).permits())
        .map(|model| Arc::clone(&model.name))
}

/// A request's place on the board; gives it back when dropped.
pub(crate) struct Ticket {
    board: Arc<FlightBoard>,
    flight: Arc<Flight>,
    place: Option<Place>,
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Ticket").field("flight", &self.flight.number).finish_non_exhaustive()
    }
}

impl Ticket {
    /// Puts `flight` on the board and at its connection's gate.
    pub(crate) fn enter(board: &Arc<FlightBoard>, worker: usize, flight: Flight) -> Ticket {
        let flight = Arc::new(flight);
        flight.gate.admit(flight.number);
        let place = board.enter(worker, Arc::clone(&flight));
        Ticket { board: Arc::clone(board), flight, place: Some(place) }
    }

    pub(crate) fn number(&self) -> u64 {
        self.flight.number
    }

    pub(crate) fn flight(&self) -> &Arc<Flight> {
        &self.flight
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.board.leave(place);
        }
    }
}
