//! What the fold keeps about parties, accounts and keys: intervals, never
//! "now". Whether something holds is asked with a time.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::digest::Digest;
use crate::id::{AccountId, ClaimId, GrantId, KeyId, MeasureId, PartyId};
use crate::limits::{LimitSpan, Limits};
use crate::time::Time;
use crate::value::Value;
use crate::words::{MeasureKind, PartyKind};

/// When something begins: at a time, or with an import that is built before
/// its act has one.
#[derive(Clone, Copy)]
pub enum Start {
    /// At this time.
    At(Time),
    /// With the act whose time is put here once, before anybody reads it. A
    /// few bytes an import live as long as the process.
    With(&'static OnceLock<Time>),
}

impl Start {
    /// The time. Of an act that has none yet, before all others: what is
    /// being built is in force for whoever builds it.
    pub fn time(self) -> Time {
        match self {
            Start::At(time) => time,
            Start::With(act) => act.get().copied().unwrap_or(Time::from_millis(i64::MIN)),
        }
    }
}

impl From<Time> for Start {
    fn from(time: Time) -> Start {
        Start::At(time)
    }
}

impl PartialEq for Start {
    fn eq(&self, other: &Start) -> bool {
        self.time() == other.time()
    }
}

impl Eq for Start {}

impl fmt::Debug for Start {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.time(), out)
    }
}

/// A half-open interval of time: from its start up to, not including, its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    from: Start,
    /// When it ends; none while no end is known.
    pub to: Option<Time>,
}

impl Life {
    /// From `from` on, without a known end.
    pub fn since(from: impl Into<Start>) -> Life {
        Life::between(from, None)
    }

    /// From `from` up to `to`, where an end is known.
    pub fn between(from: impl Into<Start>, to: Option<Time>) -> Life {
        Life { from: from.into(), to }
    }

    /// When it begins.
    pub fn from(&self) -> Time {
        self.from.time()
    }

    /// Whether it begins at `since` or later. What comes with an import whose
    /// act has no time yet comes after all that stands.
    pub(crate) fn begins_since(&self, since: Time) -> bool {
        matches!(self.from, Start::With(act) if act.get().is_none()) || self.from() >= since
    }

    /// With what it begins.
    pub(crate) fn start(&self) -> Start {
        self.from
    }

    /// Whether it began with this very import, and not only when that did.
    pub(crate) fn began_with(&self, import: Start) -> bool {
        match (self.from, import) {
            (Start::With(one), Start::With(other)) => std::ptr::eq(one, other),
            _ => false,
        }
    }

    /// Whether it holds at `at`.
    pub fn holds(&self, at: Time) -> bool {
        self.from() <= at && self.to.is_none_or(|to| at < to)
    }

    /// Ends it at `at`, unless it ends before.
    pub fn end(&mut self, at: Time) {
        if self.to.is_none_or(|to| at < to) {
            self.to = Some(at);
        }
    }
}

/// One claim, as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// Its declared kind.
    pub kind: Arc<str>,
    /// What it says; none where erased or withheld, which counts as unknown.
    pub value: Option<Value>,
    /// Assurance level.
    pub level: u8,
    /// Who verified it, where that is at hand.
    pub by: Option<Arc<str>>,
    /// Digest of the evidence.
    pub evidence: Option<Digest>,
    /// From its act to its expiry or retraction.
    pub life: Life,
}

/// A party's leave to use a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// For which model.
    pub model: Arc<str>,
    /// For what; `evaluation` and `defence` open those stages.
    pub purpose: Option<Arc<str>>,
    /// For whom: a condition that must be definitely true.
    pub population: Option<Arc<str>>,
    /// From its act to its expiry or revocation.
    pub life: Life,
}

/// A party's place on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The list.
    pub list: Arc<str>,
    /// As long as the list is in force.
    pub life: Life,
}

/// What is done about a party or account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Its id.
    pub id: MeasureId,
    /// What is done.
    pub kind: MeasureKind,
    /// Why, where that is at hand.
    pub reason: Option<Arc<str>>,
    /// Who took it.
    pub by: Arc<str>,
    /// What a `throttle` allows; until an act says so, [`Limits::THROTTLED`].
    pub limits: Option<LimitSpan>,
    /// Whether evidence that it rests on was erased. It holds all the same, and
    /// says so where it is told.
    pub evidence_erased: bool,
    /// From its act to its end.
    pub life: Life,
}

impl Measure {
    /// What it allows at `at`; none where it is no `throttle` or does not hold.
    pub fn throttles(&self, at: Time) -> Option<Limits> {
        let said = self.limits.as_ref().filter(|span| span.from <= at).map_or(Limits::THROTTLED, |span| span.limits);
        (self.kind == MeasureKind::Throttle && self.life.holds(at)).then_some(said)
    }
}

/// An institution or person that asks for access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its random id.
    pub id: PartyId,
    /// The id its operator gave it; none where erased.
    pub handle: Option<Arc<str>>,
    /// Its name.
    pub name: Option<Arc<str>>,
    /// Institution or person.
    pub kind: PartyKind,
    /// From registration to closing.
    pub life: Life,
    /// Claims about it.
    pub claims: Vec<Claim>,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Lists it is on.
    pub lists: Vec<Membership>,
    /// Measures on it.
    pub measures: Vec<Measure>,
    /// Its limits, oldest first.
    pub limits: Vec<LimitSpan>,
    /// Its accounts, in the order they were added.
    pub accounts: Vec<AccountId>,
}

/// What a party calls with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its random id.
    pub id: AccountId,
    /// Whose it is.
    pub party: PartyId,
    /// Its name within the party; none where erased.
    pub handle: Option<Arc<str>>,
    /// From opening to closing.
    pub life: Life,
    /// When it was suspended.
    pub suspensions: Vec<Life>,
    /// Claims about it, or about everyone behind it.
    pub claims: Vec<Claim>,
    /// Measures on it.
    pub measures: Vec<Measure>,
    /// Its limits, oldest first.
    pub limits: Vec<LimitSpan>,
    /// Its keys.
    pub keys: Vec<KeyId>,
}

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its public id.
    pub id: KeyId,
    /// Whose it is.
    pub account: AccountId,
    /// HMAC(pepper, SHA-256(key)); none where erased, and then it opens nothing.
    pub digest: Option<Digest>,
    /// From issue to revocation.
    pub life: Life,
}
