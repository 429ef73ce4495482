//! Random histories for property tests: acts of every kind, at random times,
//! about things that mostly exist. Some do not follow, as on purpose; times
//! are few, so that boundaries meet.

mod acts;

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::act::{Act, Erased};
use crate::directive::DirectiveText;
use crate::digest::Digest;
use crate::entry::{Approval, BY_WEIR, Basis, Entry};
use crate::id::{
    AccountId, AppealId, ClaimId, DirectiveId, DraftId, GrantId, HoldId, IssuerId, KeyId, LogId, MeasureId, ModelId,
    OperatorId, PartyId, PersonId, TokenId,
};
use crate::state::{State, erasable};
use crate::time::Time;

/// One step of a history: what to do, with which of the things there are.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    what: usize,
    picks: [u8; 6],
    wait: i64,
}

/// Histories of up to `most` steps.
pub(crate) fn histories(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![Just(0_i64), 1_i64..4, 4_i64..30];
    let step =
        (0..acts::MAKERS.len(), any::<[u8; 6]>(), wait).prop_map(|(what, picks, wait)| Step { what, picks, wait });
    prop::collection::vec(step, 0..most)
}

/// Steps that only add parties, accounts, claims and keys, as an import may.
pub(crate) fn additions(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let kinds = ["party.add", "account.add", "account.add", "claim.add", "claim.add", "key.issue"];
    let step = (prop::sample::select(kinds.to_vec()), any::<[u8; 6]>());
    let step = step.prop_map(|(kind, picks)| Step { what: acts::maker(kind), picks, wait: 0 });
    prop::collection::vec(step, 0..most)
}

/// Times at which a history is looked at.
pub(crate) fn moments() -> impl Strategy<Value = Vec<Time>> {
    prop::collection::vec((0_i64..700).prop_map(Time::from_millis), 1..6)
}

/// Writes a history: remembers what it spoke of.
#[derive(Debug, Default)]
pub(crate) struct Author {
    pub(crate) now: Time,
    drawn: u64,
    parties: Vec<PartyId>,
    accounts: Vec<AccountId>,
    keys: Vec<KeyId>,
    claims: Vec<ClaimId>,
    grants: Vec<GrantId>,
    measures: Vec<MeasureId>,
    appeals: Vec<AppealId>,
    operators: Vec<(OperatorId, TokenId)>,
    models: Vec<(ModelId, String)>,
    rules: Vec<String>,
    changes: Vec<DraftId>,
    issuers: Vec<IssuerId>,
    persons: Vec<PersonId>,
    holds: Vec<HoldId>,
    /// The number of the last segment and of the last record.
    sealed: (u64, u64),
    /// The last numbers of files of exchanges.
    exchanges: Vec<u64>,
    /// Acts whose private parts could be erased, and whom they are about.
    erasable: BTreeMap<u64, (Erased, String)>,
    /// Acts that read texts, and whose.
    readings: Vec<(u64, String)>,
    /// With the index of the draft.
    drafts: Vec<(DirectiveId, u64, DirectiveText)>,
}

/// What a step comes to.
pub(crate) enum Done {
    /// Time passes up to then.
    Waited(Time),
    /// An act, which may or may not follow.
    Wrote(Box<Entry>),
}

impl Author {
    /// The first acts: the log, kinds of claims, a few of everything.
    pub(crate) fn beginning(&mut self) -> Vec<Entry> {
        let log = LogId::from_bytes(self.bytes()).to_string();
        let mut entries = vec![self.entry(&log, acts::log_open())];
        entries.extend(acts::kinds().into_iter().map(|act| self.entry(&log, act)));
        let makers = [
            "party.add",
            "party.add",
            "account.add",
            "account.add",
            "key.issue",
            "key.issue",
            "model.add",
            "model.add",
            // Somebody who consents to what is read.
            "operator.add",
            "draft.add",
            "draft.approve",
        ];
        for (number, kind) in (0..).zip(makers) {
            let step = Step { what: acts::maker(kind), picks: [number; 6], wait: 0 };
            if let Done::Wrote(entry) = self.step(&step, &State::default()) {
                entries.push(*entry);
            }
        }
        entries
    }

    /// Does `step` after what `state` holds.
    pub(crate) fn step(&mut self, step: &Step, state: &State) -> Done {
        self.now = self.now.plus_millis(step.wait);
        let (_, make) = acts::MAKERS[step.what];
        match make(self, step.picks, state.size) {
            Some((subject, act)) => {
                let mut entry = self.entry(&subject, act);
                // Only operators consent.
                if let (Act::DraftApprove(_), Some((operator, _))) = (&entry.act, one(&self.operators, step.picks[1])) {
                    entry.by = operator.to_string();
                }
                if let (Act::TextRead(_), Some((operator, _)), 0) =
                    (&entry.act, one(&self.operators, step.picks[1]), step.picks[2] % 2)
                {
                    entry.approvals.push(Approval { by: operator.to_string(), saw: Digest::of(b"draft") });
                }
                match erasable(state.size, &entry) {
                    Some(erased) => self.erasable.insert(state.size, (erased, entry.subject.clone())),
                    None => self.erasable.remove(&state.size),
                };
                entry.basis = Some(Basis { effective: self.after(step.picks[5]), ..Basis::default() });
                Done::Wrote(Box::new(entry))
            }
            None => Done::Waited(self.now),
        }
    }

    fn entry(&self, subject: &str, act: Act) -> Entry {
        let by = BY_WEIR.to_owned();
        Entry { at: self.now, by, approvals: vec![], subject: subject.to_owned(), basis: None, act }
    }

    fn bytes(&mut self) -> [u8; 10] {
        self.drawn += 1;
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&self.drawn.to_be_bytes());
        bytes
    }

    /// None, a moment gone by, this one, or one to come.
    fn after(&self, pick: u8) -> Option<Time> {
        (!pick.is_multiple_of(4)).then(|| self.now.plus_millis(i64::from(pick % 64) - 4))
    }
}

/// One of `things`; of none, nothing.
fn one<T: Clone>(things: &[T], pick: u8) -> Option<T> {
    let place = usize::from(pick).checked_rem(things.len())?;
    things.get(place).cloned()
}
