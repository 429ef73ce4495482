//! What a decision may know of a party or an account: claims, grants, lists
//! and measures in force, never whose they are. Equal facts are interned to
//! one id, and a decision class is a pair of such ids (the party's and the
//! account's): accounts of one class are decided alike whatever the rules.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::claims::Claims;
use crate::holder::{Account, Claim, Life, Measure, Party};
use crate::limits::LimitSpan;
use crate::person::Person;
use crate::state::Holder;
use crate::time::Time;
use crate::words::MeasureKind;

/// A grant without its identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantFact {
    /// For which model.
    pub model: Arc<str>,
    /// For what.
    pub purpose: Option<Arc<str>>,
    /// For whom.
    pub population: Option<Arc<str>>,
}

/// Everything a decision may know of one holder at one time.
///
/// Invariant: every list is sorted and without repeats, so that equal facts
/// are equal values.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Facts {
    /// Claims in force.
    pub claims: Claims,
    /// Grants in force.
    pub grants: Vec<GrantFact>,
    /// Lists the party is on.
    pub lists: Vec<Arc<str>>,
    /// Measures in force.
    pub measures: Vec<MeasureKind>,
    /// Whether the account is suspended.
    pub suspended: bool,
    /// The level of the best evidence about the holder since it was asked to
    /// verify: 0 where there is none, or where it is not asked.
    pub shown: u8,
}

impl Facts {
    /// The facts about a party at `at`.
    pub fn of_party(party: &Party, at: Time) -> Facts {
        let grants = party.grants.iter().filter(|grant| grant.life.holds(at)).map(|grant| GrantFact {
            model: Arc::clone(&grant.model),
            purpose: grant.purpose.clone(),
            population: grant.population.clone(),
        });
        let lists = party.lists.iter().filter(|place| place.life.holds(at)).map(|place| Arc::clone(&place.list));
        let measures = party.measures.iter().filter(|measure| measure.life.holds(at)).map(|measure| measure.kind);
        Facts {
            claims: Claims::at(&party.claims, at),
            grants: sorted(grants),
            lists: sorted(lists),
            measures: sorted(measures),
            suspended: false,
            shown: shown(&party.measures, &party.claims, at),
        }
    }

    /// The facts about an account at `at`, its party's left out.
    pub fn of_account(account: &Account, at: Time) -> Facts {
        let measures = account.measures.iter().filter(|measure| measure.life.holds(at)).map(|measure| measure.kind);
        Facts {
            claims: Claims::at(&account.claims, at),
            measures: sorted(measures),
            suspended: account.suspensions.iter().any(|life| life.holds(at)),
            shown: shown(&account.measures, &account.claims, at),
            ..Facts::default()
        }
    }
}

impl Facts {
    /// The facts recorded about a person at `at`.
    pub fn of_person(person: &Person, at: Time) -> Facts {
        let measures = person.measures.iter().filter(|measure| measure.life.holds(at)).map(|measure| measure.kind);
        Facts {
            claims: Claims::at(&person.claims, at),
            measures: sorted(measures),
            shown: shown(&person.measures, &person.claims, at),
            ..Facts::default()
        }
    }

    /// An account's facts with a person behind its request: what the issuer
    /// asserts and what is recorded of them stand in for the account's own
    /// claims of the same kinds; measures on either hold. An account that is
    /// asked to verify has shown what is known of who is behind the request; a
    /// person who is asked has shown only what was recorded of them since.
    #[must_use]
    pub fn with_person(mut self, asserted: &Claims, recorded: &Facts) -> Facts {
        let of_person = asserted.clone().merge(&recorded.claims);
        if self.is_asked_to_verify() {
            self.shown = self.shown.max(best(&of_person));
        }
        self.shown = match (self.is_asked_to_verify(), recorded.is_asked_to_verify()) {
            (true, true) => self.shown.min(recorded.shown),
            (false, true) => recorded.shown,
            (_, false) => self.shown,
        };
        self.claims = self.claims.replaced_by(&of_person);
        self.measures = sorted(self.measures.iter().chain(&recorded.measures).copied());
        self
    }
}

impl Facts {
    /// Whether the holder has to show who it is before it is served again.
    pub fn is_asked_to_verify(&self) -> bool {
        self.measures.contains(&MeasureKind::Verify)
    }
}

/// The highest level at which anything is known.
fn best(claims: &Claims) -> u8 {
    claims.iter().filter(|(_, standing)| standing.value.is_some()).map(|(_, standing)| standing.level).max().unwrap_or(0)
}

/// What was recorded since the last time the holder was asked to verify. What
/// was known before does not count: it was not enough.
fn shown(measures: &[Measure], claims: &[Claim], at: Time) -> u8 {
    let asking = measures.iter().filter(|measure| measure.kind == MeasureKind::Verify && measure.life.holds(at));
    let Some(since) = asking.map(|measure| measure.life.from()).max() else { return 0 };
    let known = claims.iter().filter(|claim| claim.life.holds(at) && claim.value.is_some());
    known.filter(|claim| claim.life.begins_since(since)).map(|claim| claim.level).max().unwrap_or(0)
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// The first moment after `at` at which `party` or the facts about it may
/// change by the passing of time alone.
pub fn next_party_change(party: &Party, at: Time) -> Option<Time> {
    let claims = party.claims.iter().map(|claim| &claim.life);
    let grants = party.grants.iter().map(|grant| &grant.life);
    let lists = party.lists.iter().map(|place| &place.life);
    let measures = party.measures.iter().map(|measure| &measure.life);
    let own = std::iter::once(&party.life);
    let boundary = next_boundary(own.chain(claims).chain(grants).chain(lists).chain(measures), at);
    boundary.into_iter().chain(next_limits(&party.limits, &party.measures, at)).min()
}

/// As [`next_party_change`], for an account.
pub fn next_account_change(account: &Account, at: Time) -> Option<Time> {
    let claims = account.claims.iter().map(|claim| &claim.life);
    let measures = account.measures.iter().map(|measure| &measure.life);
    let own = std::iter::once(&account.life);
    let boundary = next_boundary(own.chain(claims).chain(measures).chain(&account.suspensions), at);
    boundary.into_iter().chain(next_limits(&account.limits, &account.measures, at)).min()
}

/// Limits begin with acts, so only a look at the past has some to come.
fn next_limits(spans: &[LimitSpan], measures: &[Measure], at: Time) -> Option<Time> {
    let said = measures.iter().filter_map(|measure| measure.limits.as_ref());
    spans.iter().chain(said).map(|span| span.from).filter(|from| *from > at).min()
}

/// As [`next_party_change`], for a person.
pub fn next_person_change(person: &Person, at: Time) -> Option<Time> {
    let claims = person.claims.iter().map(|claim| &claim.life);
    let measures = person.measures.iter().map(|measure| &measure.life);
    next_boundary(claims.chain(measures), at)
}

/// The earliest beginning or end after `at`.
pub fn next_boundary<'a>(lives: impl Iterator<Item = &'a Life>, at: Time) -> Option<Time> {
    lives.flat_map(|life| [Some(life.from()), life.to]).flatten().filter(|boundary| *boundary > at).min()
}

/// Who changes when, by the passing of time alone: a long list made at once,
/// of which the beginning is used up. A clone shares it.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    days: Arc<[(Time, Holder)]>,
    next: usize,
}

impl Calendar {
    pub(crate) fn new(mut days: Vec<(Time, Holder)>) -> Calendar {
        days.sort_unstable();
        Calendar { days: days.into(), next: 0 }
    }

    /// The first moment that is left.
    pub(crate) fn first(&self) -> Option<Time> {
        self.days.get(self.next).map(|(time, _)| *time)
    }

    /// Takes whoever changes at or before `now`.
    pub(crate) fn take(&mut self, now: Time) -> Option<Holder> {
        let (time, holder) = *self.days.get(self.next)?;
        (time <= now).then(|| {
            self.next += 1;
            holder
        })
    }
}

/// Names one interned value of [`Facts`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactsId(u32);

impl fmt::Debug for FactsId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "facts#{}", self.0)
    }
}

impl FactsId {
    /// The number, for keys of caches.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// Gives equal facts one id. Shared by all views of one process; ids are not
/// durable.
#[derive(Debug, Default)]
pub struct Interner(RwLock<Interned>);

#[derive(Debug, Default)]
struct Interned {
    ids: HashMap<Arc<Facts>, FactsId>,
    facts: Vec<Arc<Facts>>,
}

impl Interner {
    /// The id of `facts`, given now if it has none.
    pub fn intern(&self, facts: Facts) -> FactsId {
        // Most facts are those of many before, and readers do not wait for each other.
        let known = |interned: &Interned| interned.ids.get(&facts).copied();
        if let Some(id) = known(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return id;
        }
        let mut interned = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = known(&interned) {
            return id;
        }
        // More than four billion distinct classes cannot fit in memory.
        let id = FactsId(u32::try_from(interned.facts.len()).unwrap_or(u32::MAX));
        let facts = Arc::new(facts);
        interned.facts.push(Arc::clone(&facts));
        interned.ids.insert(facts, id);
        id
    }

    /// The facts that `id` names.
    pub fn facts(&self, id: FactsId) -> Arc<Facts> {
        let interned = self.0.read().unwrap_or_else(PoisonError::into_inner);
        interned.facts.get(id.0 as usize).cloned().unwrap_or_default()
    }

    /// How many distinct facts there are.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).facts.len()
    }

    /// Whether nothing was interned yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
