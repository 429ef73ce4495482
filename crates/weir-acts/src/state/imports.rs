//! Folding imports: row by row into a state of their own, and then, as one
//! act, into the state of the moment.

use std::sync::Arc;

use super::{FoldError, FoldProblem, Holder, State, Touched, missing, repeated, standing, subject};
use crate::act::{Act, public};
use crate::entry::Entry;
use crate::governed::Imported;
use crate::holder::{Account, Claim, Key, Life, Party, Start};
use crate::id::{AccountId, KeyId, PartyId};
use crate::import::{Import, Words};
use crate::row::{Adds, Row, RowClaim, Stated, Withheld};
use crate::shards::{Both, Merge, Shards};
use crate::time::Time;
use crate::view::KeyStanding;
use crate::words::{Describes, PartyKind};

/// What a row may be about.
const OF_ROWS: &[&str] = &["party", "account", "claim", "key", "grant", "measure", "appeal", "issuer", "person"];

impl State {
    /// Folds the act of an import with its rows. On error the state is as it
    /// was before.
    ///
    /// # Errors
    /// When the entry, or what the rows bring, does not follow from the log so
    /// far, or there are more rows than the act counts.
    pub fn apply_import(&mut self, entry: &Entry, import: &Import) -> Result<Touched, FoldError> {
        self.attempt(entry, |next, index| {
            let Act::PartyImport(parts) = &entry.act else {
                return Err(FoldProblem::Field { field: "kind", why: "only a `party.import` has rows".into() });
            };
            next.check_circumstances(index, entry)?;
            import.begin(entry.at)?;
            next.join_import(import, entry.at)?;
            let start = Some(Start::With(import.start));
            next.import_add(index, entry, &parts.public, (import.rows(), start))?;
            Ok(Touched { many: true, ..Touched::default() })
        })
    }

    /// The act of an import of whose rows so many are seen.
    pub(super) fn import_add(
        &mut self,
        index: u64,
        entry: &Entry,
        public: &public::PartyImport,
        (seen, start): (u64, Option<Start>),
    ) -> Result<(), FoldProblem> {
        let public::PartyImport { rows, root } = *public;
        let unseen = rows.checked_sub(seen).ok_or_else(|| FoldProblem::Field {
            field: "public.rows",
            why: format!("{seen} rows were given of {rows}"),
        })?;
        let imported = Imported { id: subject(entry)?, act: index, rows, root, at: entry.at, start };
        Arc::make_mut(&mut self.imports).push(imported);
        self.unseen_rows = self.unseen_rows.saturating_add(unseen);
        Ok(())
    }

    /// Whether an act fails only for want of rows that were not given.
    pub(super) fn may_be_unseen(&self, problem: &FoldProblem) -> bool {
        matches!(problem, FoldProblem::Missing { what, .. } if self.unseen_rows > 0 && OF_ROWS.contains(what))
    }

    /// Folds one row, checked as of `now`, whose things begin at `start`.
    pub(crate) fn fold_row(&mut self, row: Row, now: Time, start: Start, words: &mut Words) -> Result<(), FoldProblem> {
        let Row { subject, adds, claims, keys, mut private } = row;
        self.check_place(subject, adds, now)?;
        let stated = private.as_mut().map(|private| std::mem::take(&mut private.claims));
        let claims = self.claims_of_row(subject, claims, stated, start, words)?;
        match (subject, adds) {
            (Holder::Party(id), Adds::Party(kind)) => self.party_of_row(id, kind, claims, private, start),
            (Holder::Account(id), Adds::Account(party)) => {
                self.keys_of_row(id, &keys, private.as_ref(), start)?;
                self.account_of_row((id, party), (claims, keys), private, (now, start))
            }
            (Holder::Party(id), _) => {
                self.party_mut(id)?.claims.extend(claims);
                Ok(())
            }
            (Holder::Account(id), _) => {
                if keys.is_empty() {
                    self.account_mut(id)?.claims.extend(claims);
                    return Ok(());
                }
                self.keys_of_row(id, &keys, private.as_ref(), start)?;
                let account = self.open_account(id, now)?;
                account.claims.extend(claims);
                account.keys.extend(keys);
                Ok(())
            }
            (Holder::Person(_), _) => {
                Err(FoldProblem::Field { field: "subject", why: "an import brings parties and accounts".into() })
            }
        }
    }

    /// Whom a row hangs on must be there, before anything of it is folded.
    fn check_place(&self, subject: Holder, adds: Adds, now: Time) -> Result<(), FoldProblem> {
        let is_there = match (subject, adds) {
            (Holder::Party(_), Adds::Party(_)) => true,
            (_, Adds::Account(party)) => match self.parties.get(&party) {
                None => return Err(missing("party", party)),
                Some(known) if !known.life.holds(now) => return Err(standing("party", party, "is closed")),
                Some(_) => true,
            },
            (Holder::Party(id), _) => self.parties.contains(&id),
            (Holder::Account(id), _) => self.accounts.contains(&id),
            (Holder::Person(id), _) => self.persons.contains(&id),
        };
        let what = if matches!(subject, Holder::Party(_)) { "party" } else { "account" };
        if is_there { Ok(()) } else { Err(missing(what, subject)) }
    }

    fn claims_of_row(
        &mut self,
        holder: Holder,
        claims: Vec<RowClaim>,
        stated: Option<Vec<Stated>>,
        start: Start,
        words: &mut Words,
    ) -> Result<Vec<Claim>, FoldProblem> {
        let mut stated = stated.map(Vec::into_iter);
        let mut folded = Vec::with_capacity(claims.len());
        for claim in claims {
            let said = stated.as_mut().and_then(Iterator::next);
            let (kind, declared) =
                self.kinds.get_key_value(claim.kind.as_str()).ok_or_else(|| missing("claim kind", &claim.kind))?;
            if matches!(holder, Holder::Account(_)) && declared.describes == Describes::Party {
                let why = format!("`{kind}` describes a party; an account cannot carry it");
                return Err(FoldProblem::Field { field: "claims", why });
            }
            if said.as_ref().is_some_and(|said| said.value.value_type() != declared.value_type) {
                let why = format!("`{kind}` is a {}", declared.value_type);
                return Err(FoldProblem::Field { field: "claims", why });
            }
            let kind = Arc::clone(kind);
            if self.claims.insert(claim.claim, holder).is_some() {
                return Err(repeated("claim", claim.claim));
            }
            let (by, evidence, value) = match said {
                Some(said) => (Some(words.shared(&said.by)), Some(said.evidence), Some(said.value)),
                None => (None, None, None),
            };
            let life = Life::between(start, claim.expires);
            folded.push(Claim { id: claim.claim, kind, value, level: claim.level, by, evidence, life });
        }
        Ok(folded)
    }

    fn keys_of_row(
        &mut self,
        account: AccountId,
        keys: &[KeyId],
        private: Option<&Withheld>,
        start: Start,
    ) -> Result<(), FoldProblem> {
        for (place, id) in keys.iter().enumerate() {
            let digest = private.and_then(|private| private.keys.get(place)).copied();
            if let Some(digest) = digest
                && self.live_keys.insert(digest.0, KeyStanding { key: *id, account }).is_some()
            {
                return Err(standing("key", id, "is the same secret as another key in use"));
            }
            let key = Key { id: *id, account, digest, life: Life::since(start) };
            if self.keys.insert(*id, key).is_some() {
                return Err(repeated("key", id));
            }
        }
        Ok(())
    }

    fn party_of_row(
        &mut self,
        id: PartyId,
        kind: PartyKind,
        claims: Vec<Claim>,
        private: Option<Withheld>,
        start: Start,
    ) -> Result<(), FoldProblem> {
        let handle: Option<Arc<str>> = private.as_ref().and_then(|private| private.handle.as_deref()).map(Into::into);
        if let Some(handle) = &handle
            && self.handles.insert(Arc::clone(handle), id).is_some()
        {
            return Err(repeated("party", handle));
        }
        let party = Party {
            id,
            handle,
            name: private.and_then(|private| private.name).map(Into::into),
            kind,
            life: Life::since(start),
            claims,
            grants: Vec::new(),
            lists: Vec::new(),
            measures: Vec::new(),
            limits: Vec::new(),
            accounts: Vec::new(),
        };
        match self.parties.insert(id, Arc::new(party)) {
            Some(_) => Err(repeated("party", id)),
            None => Ok(()),
        }
    }

    fn account_of_row(
        &mut self,
        (id, party): (AccountId, PartyId),
        (claims, keys): (Vec<Claim>, Vec<KeyId>),
        private: Option<Withheld>,
        (now, start): (Time, Start),
    ) -> Result<(), FoldProblem> {
        let handle: Option<Arc<str>> = private.and_then(|private| private.handle).map(Into::into);
        if let Some(handle) = &handle
            && self.account_handles.insert((party, Arc::clone(handle)), id).is_some()
        {
            return Err(repeated("account", handle));
        }
        self.open_party(party, now)?.accounts.push(id);
        let life = Life::since(start);
        let (suspensions, measures, limits) = (Vec::new(), Vec::new(), Vec::new());
        let account = Account { id, party, handle, life, suspensions, claims, measures, limits, keys };
        match self.accounts.insert(id, Arc::new(account)) {
            Some(_) => Err(repeated("account", id)),
            None => Ok(()),
        }
    }

    /// Brings what `import` built together with this state, a descendant of
    /// its base.
    pub(crate) fn join_import(&mut self, import: &Import, at: Time) -> Result<(), FoldProblem> {
        let (base, ours) = (&import.base, &import.built);
        let parties = Merge { base: &base.parties, ours: &ours.parties, same: Arc::ptr_eq };
        self.parties = parties.onto(&self.parties, |id, both| joined_party(*id, both, at).map(Some))?;
        let accounts = Merge { base: &base.accounts, ours: &ours.accounts, same: Arc::ptr_eq };
        self.accounts = accounts.onto(&self.accounts, |id, both| joined_account(*id, both, at).map(Some))?;
        let handles = Merge { base: &base.handles, ours: &ours.handles, same: PartialEq::eq };
        self.handles = handles.onto(&self.handles, |handle, _| Err(repeated("party", handle)))?;
        let names = Merge { base: &base.account_handles, ours: &ours.account_handles, same: PartialEq::eq };
        self.account_handles = names.onto(&self.account_handles, |(_, handle), _| Err(repeated("account", handle)))?;
        self.keys = joined(&base.keys, &ours.keys, &self.keys, |id| repeated("key", id))?;
        self.live_keys = joined(&base.live_keys, &ours.live_keys, &self.live_keys, |_| {
            standing("key", "of the import", "is the same secret as another key in use")
        })?;
        self.claims = joined(&base.claims, &ours.claims, &self.claims, |id| repeated("claim", id))?;
        Ok(())
    }
}

/// Merges a map to which both sides only add: an entry of both is a conflict.
fn joined<K: Clone + Ord + std::hash::Hash, V: Clone + PartialEq>(
    base: &Shards<K, V>,
    ours: &Shards<K, V>,
    theirs: &Shards<K, V>,
    conflict: impl Fn(&K) -> FoldProblem,
) -> Result<Shards<K, V>, FoldProblem> {
    let merge = Merge { base, ours, same: PartialEq::eq };
    merge.onto(theirs, |key, _| Err(conflict(key)))
}

/// A party to which the import added, and which was acted on meanwhile. The
/// import only ever appends.
fn joined_party(id: PartyId, both: Both<'_, Arc<Party>>, at: Time) -> Result<Arc<Party>, FoldProblem> {
    let (Some(base), Some(theirs)) = (both.base, both.theirs) else { return Err(repeated("party", id)) };
    let new_accounts = &both.ours.accounts[base.accounts.len()..];
    if !new_accounts.is_empty() && !theirs.life.holds(at) {
        return Err(standing("party", id, "is closed"));
    }
    let mut party = Party::clone(theirs);
    party.accounts.extend_from_slice(new_accounts);
    party.claims.extend_from_slice(&both.ours.claims[base.claims.len()..]);
    Ok(Arc::new(party))
}

/// As [`joined_party`], of an account.
fn joined_account(id: AccountId, both: Both<'_, Arc<Account>>, at: Time) -> Result<Arc<Account>, FoldProblem> {
    let (Some(base), Some(theirs)) = (both.base, both.theirs) else { return Err(repeated("account", id)) };
    let new_keys = &both.ours.keys[base.keys.len()..];
    if !new_keys.is_empty() && !theirs.life.holds(at) {
        return Err(standing("account", id, "is closed"));
    }
    let mut account = Account::clone(theirs);
    account.keys.extend_from_slice(new_keys);
    account.claims.extend_from_slice(&both.ours.claims[base.claims.len()..]);
    Ok(Arc::new(account))
}
