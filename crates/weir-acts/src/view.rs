//! What is in force at one moment: the part of the state that a gateway asks
//! on every request, with time already applied. A view is valid from its time
//! until `next_change`; a request at or after `next_change` must not use it.

mod placing;

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use crate::claims::Claims;
use crate::facts::{Facts, FactsId, Interner};
use crate::governed::{ClaimKind, Model};
use crate::holder::Measure;
use crate::id::{AccountId, IssuerId, KeyId, PartyId};
use crate::import::Seen;
use crate::issuer::Issuer;
use crate::limits::Limited;
use crate::person::PersonKey;
use crate::shards::{Merge, Shards};
use crate::state::Holder;
use crate::time::Time;
use crate::words::{MeasureKind, Stage};

/// Where an open account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountStanding {
    /// Whose it is.
    pub party: PartyId,
    /// The facts about the account itself.
    pub facts: FactsId,
}

/// What a valid key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyStanding {
    /// The key's public id.
    pub key: KeyId,
    /// The account it speaks for.
    pub account: AccountId,
}

/// Who calls: everything identity settles, and the decision class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The key used.
    pub key: KeyId,
    /// The calling account.
    pub account: AccountId,
    /// Its party.
    pub party: PartyId,
    /// The class under which it is decided.
    pub class: Class,
}

/// A decision class: the interned facts of party and account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class {
    /// Facts about the party.
    pub party: FactsId,
    /// Facts about the account, or about the person behind the request.
    pub account: FactsId,
}

/// Distinct facts beyond which no person's are added.
const MAX_FACTS: usize = 2_000_000;

/// The state at one moment.
#[derive(Debug, Clone)]
pub struct View {
    /// The moment from which this view holds.
    pub at: Time,
    /// How many acts it folds.
    pub size: u64,
    /// The first moment at which it no longer holds.
    pub next_change: Option<Time>,
    pub(crate) parties: Shards<PartyId, FactsId>,
    pub(crate) accounts: Shards<AccountId, AccountStanding>,
    pub(crate) persons: Shards<PersonKey, FactsId>,
    pub(crate) keys: Shards<[u8; 32], KeyStanding>,
    pub(crate) models: Arc<BTreeMap<Arc<str>, Model>>,
    pub(crate) issuers: Arc<BTreeMap<IssuerId, Arc<Issuer>>>,
    pub(crate) kinds: Arc<BTreeMap<Arc<str>, ClaimKind>>,
    pub(crate) limits: LimitsInForce,
    pub(crate) measures: MeasuresInForce,
    pub(crate) interner: Arc<Interner>,
}

/// All open accounts of a view beside another view. Parties are few and
/// numbered, so that a million accounts are counted without a search for each.
#[derive(Debug)]
pub struct Census<'v> {
    now: &'v View,
    later: &'v View,
    parties: Vec<(PartyId, FactsId, Option<FactsId>)>,
    slots: HashMap<PartyId, usize, BuildHasherDefault<IdHasher>>,
}

impl Census<'_> {
    /// The parties, by their number here.
    pub fn parties(&self) -> impl Iterator<Item = PartyId> {
        self.parties.iter().map(|(id, ..)| *id)
    }

    /// Every account of one of `of` parts, the one numbered `part`: its party's
    /// number, its class, and the later one; the same where it is not open then.
    pub fn accounts(&self, part: usize, of: usize) -> impl Iterator<Item = (usize, Class, Class)> {
        self.now.accounts.iter_part_beside(&self.later.accounts, (part, of)).filter_map(|(_, now, later)| {
            let slot = *self.slots.get(&now.party)?;
            let (_, party, party_later) = *self.parties.get(slot)?;
            let class = Class { party, account: now.facts };
            let later = later.zip(party_later).map(|(later, party)| Class { party, account: later.facts });
            Some((slot, class, later.unwrap_or(class)))
        })
    }
}

/// Random ids need no more mixing.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk::<8>() {
            self.0 ^= u64::from_le_bytes(*last);
        }
    }
}

/// Who and what is limited at a moment; mostly nobody and nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct LimitsInForce {
    pub(crate) parties: Shards<PartyId, Arc<Limited>>,
    pub(crate) accounts: Shards<AccountId, Arc<Limited>>,
    pub(crate) stages: Arc<BTreeMap<Stage, Arc<Limited>>>,
}

/// What is done about whom at a moment, for those who are to be told; mostly
/// nothing about anybody.
#[derive(Debug, Clone, Default)]
pub(crate) struct MeasuresInForce {
    pub(crate) parties: Shards<PartyId, Arc<[Measure]>>,
    pub(crate) accounts: Shards<AccountId, Arc<[Measure]>>,
    pub(crate) persons: Shards<PersonKey, Arc<[Measure]>>,
}

pub(crate) fn in_force(measures: &[Measure], at: Time) -> Option<Arc<[Measure]>> {
    let standing: Arc<[Measure]> = measures.iter().filter(|measure| measure.life.holds(at)).cloned().collect();
    (!standing.is_empty()).then_some(standing)
}

impl View {
    /// Who holds the key whose stored digest is `digest`; none when the key,
    /// its account or its party is not open.
    pub fn identify(&self, digest: &[u8; 32]) -> Option<Caller> {
        let standing = *self.keys.get(digest)?;
        self.caller(standing.key, standing.account)
    }

    /// The caller as it stands in this view; none when it is closed.
    pub fn caller(&self, key: KeyId, account: AccountId) -> Option<Caller> {
        let standing = self.accounts.get(&account)?;
        let party_facts = *self.parties.get(&standing.party)?;
        let class = Class { party: party_facts, account: standing.facts };
        Some(Caller { key, account, party: standing.party, class })
    }

    /// The class of an open account.
    pub fn class(&self, account: AccountId) -> Option<Class> {
        let standing = self.accounts.get(&account)?;
        Some(Class { party: *self.parties.get(&standing.party)?, account: standing.facts })
    }

    /// Whose an open account is.
    pub fn party_of(&self, account: AccountId) -> Option<PartyId> {
        self.accounts.get(&account).map(|standing| standing.party)
    }

    /// The measures in force that bind a request of `account` of `party`, and of
    /// the person behind it: the account's own first.
    pub fn measures<'v>(
        &'v self,
        account: AccountId,
        party: PartyId,
        person: Option<&PersonKey>,
    ) -> impl Iterator<Item = &'v Measure> {
        let of_person = person.and_then(|person| self.measures.persons.get(person));
        let held = [self.measures.accounts.get(&account), of_person, self.measures.parties.get(&party)];
        held.into_iter().flatten().flat_map(|measures| measures.iter())
    }

    /// What limits `account`; none where nothing does.
    pub fn limits_of_account(&self, account: AccountId) -> Option<&Arc<Limited>> {
        // A map that is empty is not hashed for.
        if self.limits.accounts.is_empty() { None } else { self.limits.accounts.get(&account) }
    }

    /// What limits all accounts of `party` together.
    pub fn limits_of_party(&self, party: PartyId) -> Option<&Arc<Limited>> {
        if self.limits.parties.is_empty() { None } else { self.limits.parties.get(&party) }
    }

    /// What limits everybody together at `stage`.
    pub fn limits_of_stage(&self, stage: Stage) -> Option<&Arc<Limited>> {
        self.limits.stages.get(&stage)
    }

    /// The facts an id names.
    pub fn facts(&self, id: FactsId) -> Arc<Facts> {
        self.interner.facts(id)
    }

    /// The class of `class`'s account with a person behind the request: what
    /// their issuer asserts of them and what is recorded about them in place
    /// of the account's own claims of the same kinds, and measures on them
    /// beside the account's. None where so many distinct facts are known that
    /// one more issuer's word could exhaust memory.
    pub fn class_of_person(&self, class: Class, asserted: &Claims, person: Option<&PersonKey>) -> Option<Class> {
        if self.interner.len() >= MAX_FACTS {
            return None;
        }
        let facts = Facts::clone(&self.interner.facts(class.account));
        let recorded = person.and_then(|key| self.persons.get(key)).map(|id| self.interner.facts(*id));
        let facts = facts.with_person(asserted, &recorded.unwrap_or_default());
        Some(Class { party: class.party, account: self.interner.intern(facts) })
    }

    /// The facts of what is recorded about a person, where anything is.
    pub fn facts_of_person(&self, person: &PersonKey) -> Option<FactsId> {
        self.persons.get(person).copied()
    }

    /// `class` as if no measure of `kind` were taken on it.
    pub fn class_without(&self, class: Class, kind: MeasureKind) -> Class {
        let without = |id: FactsId| {
            let facts = self.interner.facts(id);
            if !facts.measures.contains(&kind) || self.interner.len() >= MAX_FACTS {
                return id;
            }
            let mut facts = Facts::clone(&facts);
            facts.measures.retain(|taken| *taken != kind);
            self.interner.intern(facts)
        };
        Class { party: without(class.party), account: without(class.account) }
    }

    /// The issuer registered for `party` under `name`.
    pub fn issuer_of(&self, party: PartyId, name: &str) -> Option<&Arc<Issuer>> {
        let is_it = |issuer: &&Arc<Issuer>| issuer.party == party && issuer.name.as_deref() == Some(name);
        self.issuers.values().filter(|issuer| issuer.life.holds(self.at)).find(is_it)
    }

    /// An issuer that speaks at this moment.
    pub fn issuer(&self, id: IssuerId) -> Option<&Arc<Issuer>> {
        self.issuers.get(&id).filter(|issuer| issuer.life.holds(self.at))
    }

    /// Every issuer that speaks at this moment.
    pub fn issuers(&self) -> impl Iterator<Item = &Arc<Issuer>> {
        self.issuers.values().filter(|issuer| issuer.life.holds(self.at))
    }

    /// A claim kind as declared.
    pub fn kind(&self, name: &str) -> Option<(&Arc<str>, &ClaimKind)> {
        self.kinds.get_key_value(name)
    }

    /// A model that is served at this moment, sealed or not.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.get(name).filter(|model| model.life.holds(self.at))
    }

    /// The stage of a served model; sealed for anything else.
    pub fn stage(&self, name: &str) -> Stage {
        self.model(name).map_or(Stage::Sealed, |model| model.stage(self.at))
    }

    /// Every model served at this moment, by name.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.values().filter(|model| model.life.holds(self.at))
    }

    /// Every open account with its standing, in no particular order.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, Class, PartyId)> {
        self.accounts.iter().filter_map(|(id, standing)| {
            let party = *self.parties.get(&standing.party)?;
            Some((*id, Class { party, account: standing.facts }, standing.party))
        })
    }

    /// Every open account by party, with how it stands in `later`, a view of
    /// the same world at another time or under other rules.
    pub fn census<'v>(&'v self, later: &'v View) -> Census<'v> {
        let parties: Vec<(PartyId, FactsId, Option<FactsId>)> =
            self.parties.iter_beside(&later.parties).map(|(id, facts, later)| (*id, *facts, later.copied())).collect();
        let slots = parties.iter().enumerate().map(|(slot, (id, ..))| (*id, slot)).collect();
        Census { now: self, later, parties, slots }
    }

    /// How many accounts are open (of parties open or closed).
    pub fn account_count(&self) -> usize {
        self.accounts.len()
    }

    /// Takes over what an import brought; whoever changed here as well since
    /// is given back, to be looked at again.
    pub(crate) fn join(&mut self, seen: &Seen) -> Vec<Holder> {
        let mut disputed = Vec::new();
        let parties = Merge { base: &seen.base.parties, ours: &seen.built.parties, same: PartialEq::eq };
        let accounts = Merge { base: &seen.base.accounts, ours: &seen.built.accounts, same: PartialEq::eq };
        let joined = parties.onto(&self.parties, |id, both| {
            disputed.push(Holder::Party(*id));
            Ok::<_, Infallible>(both.theirs.copied())
        });
        self.parties = joined.unwrap_or_else(|never| match never {});
        let joined = accounts.onto(&self.accounts, |id, both| {
            disputed.push(Holder::Account(*id));
            Ok::<_, Infallible>(both.theirs.copied())
        });
        self.accounts = joined.unwrap_or_else(|never| match never {});
        disputed
    }

    /// Whether a view may answer for a request at `now`.
    pub fn covers(&self, now: Time) -> bool {
        self.next_change.is_none_or(|change| now < change)
    }
}

/// Most things are neither limited nor measured, and then there is nothing to keep.
pub(crate) fn keep<K: Clone + Ord + Hash, V: Clone>(kept: &mut Shards<K, V>, id: K, now: Option<V>) {
    match now {
        Some(now) => {
            kept.insert(id, now);
        }
        None if kept.is_empty() => {}
        None => {
            kept.remove(&id);
        }
    }
}
