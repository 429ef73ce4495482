//! The state as bytes and back, so that a start need not fold a long log
//! again. It comes in parts that can be read at the same time; maps that say
//! nothing of their own, such as whose a claim is, are made anew.
//!
//! The bytes are no format: whoever keeps them keeps [`VERSION`] beside them
//! and throws them away where it is another.

mod codec;
mod shapes;
mod starts;
#[cfg(test)]
pub(crate) mod tests;

use std::hash::Hash;
use std::sync::Arc;

use super::{Appeal, Holder, State};
use crate::holder::{Account, Key, Party};
use crate::id::{ClaimId, MeasureId};
use crate::person::Person;
use crate::shards::Shards;
use crate::view::KeyStanding;
use codec::{Packed, Packer, Unpacker};
use starts::Numbers;

pub use starts::Starts;

/// Names the fold of this program: a digest of its sources.
pub const VERSION: &str = env!("WEIR_FOLD");

/// How many things a part holds.
const OF_A_PART: usize = 16_384;

/// A part, read back.
#[derive(Debug)]
pub struct Part(Inner);

#[derive(Debug)]
enum Inner {
    Rest(Box<State>),
    Parties(Vec<Arc<Party>>),
    Accounts(Vec<Arc<Account>>),
    Keys(Vec<Key>),
    Persons(Vec<Arc<Person>>),
    Appeals(Vec<Arc<Appeal>>),
}

impl Part {
    /// Reads a part; none where it is not one. All parts of a state are read
    /// with the same `starts`, which no other state's are.
    pub fn unpack(bytes: &[u8], starts: &Starts) -> Option<Part> {
        let mut from = Unpacker::new(bytes, starts);
        let inner = match u8::unpack(&mut from)? {
            0 => Inner::Rest(Box::new(rest(&mut from)?)),
            1 => Inner::Parties(all(&mut from)?),
            2 => Inner::Accounts(all(&mut from)?),
            3 => Inner::Keys(all(&mut from)?),
            4 => Inner::Persons(all(&mut from)?),
            5 => Inner::Appeals(all(&mut from)?),
            _ => return None,
        };
        from.is_done().then_some(Part(inner))
    }
}

fn all<T: Packed>(from: &mut Unpacker<'_>) -> Option<Vec<T>> {
    let mut things = Vec::with_capacity(OF_A_PART);
    while !from.is_done() {
        things.push(T::unpack(from)?);
    }
    things.shrink_to_fit();
    Some(things)
}

/// Parts of `kind` with all of `things`.
fn parts_of<'s, T: Packed + 's>(
    kind: u8,
    starts: Arc<Numbers>,
    things: impl Iterator<Item = &'s T> + 's,
) -> impl Iterator<Item = Vec<u8>> + 's {
    let mut things = things.peekable();
    std::iter::from_fn(move || {
        things.peek()?;
        let mut out = Packer::new(&starts);
        kind.pack(&mut out);
        things.by_ref().take(OF_A_PART).for_each(|thing| thing.pack(&mut out));
        Some(out.bytes())
    })
}

impl State {
    /// The state in parts; none where a map that is not written could not be
    /// made anew, which no log leads to.
    pub fn pack(&self) -> Option<impl Iterator<Item = Vec<u8>> + '_> {
        if !self.can_be_made_anew() {
            return None;
        }
        let starts = Numbers::new(&self.imports);
        let parties = parts_of(1, Arc::clone(&starts), self.parties.iter().map(|(_, party)| party));
        let accounts = parts_of(2, Arc::clone(&starts), self.accounts.iter().map(|(_, account)| account));
        let keys = parts_of(3, Arc::clone(&starts), self.keys.iter().map(|(_, key)| key));
        let persons = parts_of(4, Arc::clone(&starts), self.persons.iter().map(|(_, person)| person));
        let appeals = parts_of(5, Arc::clone(&starts), self.appeals.iter().map(|(_, appeal)| appeal));
        Some(
            std::iter::once_with(move || self.pack_rest(&starts))
                .chain(parties)
                .chain(accounts)
                .chain(keys)
                .chain(persons)
                .chain(appeals),
        )
    }

    /// The state of all its parts, in any order; none where they do not make
    /// one.
    pub fn unpack(parts: Vec<Part>) -> Option<State> {
        let mut state = None;
        let (mut parties, mut accounts, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        let (mut persons, mut appeals) = (Vec::new(), Vec::new());
        for Part(inner) in parts {
            match inner {
                Inner::Rest(rest) if state.is_none() => state = Some(rest),
                Inner::Rest(_) => return None,
                Inner::Parties(of_part) => parties.push(of_part),
                Inner::Accounts(of_part) => accounts.push(of_part),
                Inner::Keys(of_part) => keys.push(of_part),
                Inner::Persons(of_part) => persons.push(of_part),
                Inner::Appeals(of_part) => appeals.push(of_part),
            }
        }
        let mut state = *state?;
        let (parties, accounts, keys) = (parties.concat(), accounts.concat(), keys.concat());
        let (persons, appeals) = (persons.concat(), appeals.concat());
        let (of_accounts, of_keys) = std::thread::scope(|scope| {
            let of_accounts = scope.spawn(|| {
                let named =
                    accounts.iter().filter_map(|account| Some(((account.party, account.handle.clone()?), account.id)));
                Some((Shards::gather(named)?, by_id(&accounts, |account| account.id)?))
            });
            let live = keys.iter().filter_map(live);
            let of_keys = Shards::gather(live).zip(Shards::gather(keys.iter().map(|key| (key.id, key.clone()))));
            (of_accounts.join().ok().flatten(), of_keys)
        });
        (state.account_handles, state.accounts) = of_accounts?;
        (state.live_keys, state.keys) = of_keys?;
        state.handles = Shards::gather(parties.iter().filter_map(|party| Some((party.handle.clone()?, party.id))))?;
        state.parties = by_id(&parties, |party| party.id)?;
        state.persons = by_id(&persons, |person| person.id)?;
        state.person_keys = Shards::gather(persons.iter().filter_map(|person| Some((person.key()?, person.id))))?;
        state.appeals = by_id(&appeals, |appeal| appeal.id)?;
        let (claims, (grants, measures)) = std::thread::scope(|scope| {
            let claims = scope.spawn(|| Shards::gather(state.claims_told()));
            let grants = state.parties.iter().flat_map(|(id, party)| party.grants.iter().map(|grant| (grant.id, *id)));
            let others = (Shards::gather(grants), Shards::gather(state.measures_told()));
            (claims.join().ok().flatten(), others)
        });
        (state.claims, state.grants, state.measures) = (claims?, grants?, measures?);
        Some(state)
    }

    /// Whether every map that is left out has what [`State::unpack`] makes of
    /// the others.
    fn can_be_made_anew(&self) -> bool {
        let handles = self.parties.iter().filter(|(_, party)| party.handle.is_some()).count();
        let account_handles = self.accounts.iter().filter(|(_, account)| account.handle.is_some()).count();
        let live_keys = self.keys.iter().filter(|(_, key)| live(key).is_some()).count();
        let person_keys = self.persons.iter().filter(|(_, person)| person.sub.is_some()).count();
        let grants: usize = self.parties.iter().map(|(_, party)| party.grants.len()).sum();
        let names = (handles, account_handles, person_keys)
            == (self.handles.len(), self.account_handles.len(), self.person_keys.len());
        let told = (self.claims_told().count(), self.measures_told().count(), grants)
            == (self.claims.len(), self.measures.len(), self.grants.len());
        names && told && live_keys == self.live_keys.len()
    }

    fn claims_told(&self) -> impl Iterator<Item = (ClaimId, Holder)> + '_ {
        let parties = self.parties.iter().map(|(id, party)| (Holder::Party(*id), &party.claims));
        let accounts = self.accounts.iter().map(|(id, account)| (Holder::Account(*id), &account.claims));
        let persons = self.persons.iter().map(|(id, person)| (Holder::Person(*id), &person.claims));
        let told = parties.chain(accounts).chain(persons);
        told.flat_map(|(holder, claims)| claims.iter().map(move |claim| (claim.id, holder)))
    }

    fn measures_told(&self) -> impl Iterator<Item = (MeasureId, Holder)> + '_ {
        let parties = self.parties.iter().map(|(id, party)| (Holder::Party(*id), &party.measures));
        let accounts = self.accounts.iter().map(|(id, account)| (Holder::Account(*id), &account.measures));
        let persons = self.persons.iter().map(|(id, person)| (Holder::Person(*id), &person.measures));
        let told = parties.chain(accounts).chain(persons);
        told.flat_map(|(holder, measures)| measures.iter().map(move |measure| (measure.id, holder)))
    }

    fn pack_rest(&self, starts: &Arc<Numbers>) -> Vec<u8> {
        let mut out = Packer::new(starts);
        0_u8.pack(&mut out);
        // Named one by one, so that a field that is added must be placed.
        let State {
            size,
            last,
            origin,
            log_keys,
            parties: _,
            handles: _,
            accounts: _,
            account_handles: _,
            keys: _,
            live_keys: _,
            claims: _,
            grants: _,
            measures: _,
            appeals: _,
            issuers,
            kinds,
            models,
            stage_limits,
            directives,
            drafts,
            rules,
            operators,
            imports,
            unseen_rows,
            unplaced,
            persons: _,
            person_keys: _,
            segments,
            exchanges,
            holds,
            readings,
            campaigns,
            detector,
            erased,
            erased_rows,
            pending_rules,
        } = self;
        (*size, *last).pack(&mut out);
        (origin.clone(), Arc::clone(log_keys)).pack(&mut out);
        issuers.pack(&mut out);
        kinds.pack(&mut out);
        models.pack(&mut out);
        stage_limits.pack(&mut out);
        directives.pack(&mut out);
        drafts.pack(&mut out);
        rules.pack(&mut out);
        operators.pack(&mut out);
        imports.pack(&mut out);
        (*unseen_rows, *unplaced).pack(&mut out);
        segments.pack(&mut out);
        exchanges.pack(&mut out);
        holds.pack(&mut out);
        readings.pack(&mut out);
        campaigns.pack(&mut out);
        detector.pack(&mut out);
        erased.pack(&mut out);
        erased_rows.pack(&mut out);
        pending_rules.pack(&mut out);
        out.bytes()
    }
}

fn rest(from: &mut Unpacker<'_>) -> Option<State> {
    let (size, last) = Packed::unpack(from)?;
    let (origin, log_keys) = Packed::unpack(from)?;
    // In the order in which they are written.
    Some(State {
        size,
        last,
        origin,
        log_keys,
        issuers: Packed::unpack(from)?,
        kinds: Packed::unpack(from)?,
        models: Packed::unpack(from)?,
        stage_limits: Packed::unpack(from)?,
        directives: Packed::unpack(from)?,
        drafts: Packed::unpack(from)?,
        rules: Packed::unpack(from)?,
        operators: Packed::unpack(from)?,
        imports: Packed::unpack(from)?,
        unseen_rows: Packed::unpack(from)?,
        unplaced: Packed::unpack(from)?,
        segments: Packed::unpack(from)?,
        exchanges: Packed::unpack(from)?,
        holds: Packed::unpack(from)?,
        readings: Packed::unpack(from)?,
        campaigns: Packed::unpack(from)?,
        detector: Packed::unpack(from)?,
        erased: Packed::unpack(from)?,
        erased_rows: Packed::unpack(from)?,
        pending_rules: Packed::unpack(from)?,
        ..State::default()
    })
}

fn by_id<K: Clone + Ord + Hash, T>(things: &[Arc<T>], id: impl Fn(&T) -> K) -> Option<Shards<K, Arc<T>>> {
    Shards::gather(things.iter().map(|thing| (id(thing), Arc::clone(thing))))
}

/// What a key that opens something is found by.
fn live(key: &Key) -> Option<([u8; 32], KeyStanding)> {
    let digest = key.digest.filter(|_| key.life.to.is_none())?;
    Some((digest.0, KeyStanding { key: key.id, account: key.account }))
}
