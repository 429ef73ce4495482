//! Folding acts about parties, accounts, keys, claims and grants.

mod measures;

use std::sync::Arc;

use super::{FoldProblem, Holder, State, Touched, missing, repeated, standing, subject};
use crate::act::{Act, Parts, private, public};
use crate::entry::Entry;
use crate::holder::{Account, Claim, Grant, Key, Life, Measure, Party};
use crate::id::{AccountId, KeyId, PartyId};
use crate::time::Time;
use crate::view::KeyStanding;
use crate::words::Describes;

impl State {
    pub(super) fn fold_holders(&mut self, entry: &Entry, touched: &mut Touched) -> Result<(), FoldProblem> {
        let at = entry.at;
        match &entry.act {
            Act::PartyAdd(parts) => self.party_add(subject(entry)?, at, parts, touched),
            Act::PartyClose(_) => self.party_close(subject(entry)?, at, touched),
            Act::ClaimAdd(parts) => self.claim_add(entry, parts, touched),
            Act::ClaimRetract(parts) => {
                let id = parts.public.claim;
                let holder = *self.claims.get(&id).ok_or_else(|| missing("claim", id))?;
                let claims = self.claims_mut(holder)?;
                let claim = claims.iter_mut().find(|claim| claim.id == id);
                end_once(claim.map(|claim| &mut claim.life), "claim", id, at)?;
                touched.holder(holder);
                Ok(())
            }
            Act::AccountAdd(parts) => self.account_add(subject(entry)?, at, parts, touched),
            Act::AccountSuspend(_) => self.account_suspend(subject(entry)?, at, touched),
            Act::AccountRestore(_) => self.account_restore(subject(entry)?, at, touched),
            Act::AccountClose(_) => {
                let id = subject(entry)?;
                self.open_account(id, at)?.life.end(at);
                touched.accounts.insert(id);
                Ok(())
            }
            Act::KeyIssue(parts) => self.key_issue(subject(entry)?, at, parts, touched),
            Act::KeyRevoke(parts) => self.key_revoke(parts.public.key, at, touched),
            Act::GrantAdd(parts) => self.grant_add(subject(entry)?, at, parts, touched),
            Act::GrantRevoke(parts) => {
                let id = parts.public.grant;
                let party_id = *self.grants.get(&id).ok_or_else(|| missing("grant", id))?;
                let party = self.party_mut(party_id)?;
                let grant = party.grants.iter_mut().find(|grant| grant.id == id);
                end_once(grant.map(|grant| &mut grant.life), "grant", id, at)?;
                touched.parties.insert(party_id);
                Ok(())
            }
            Act::MeasureTake(parts) => self.measure_take(entry, parts, touched),
            Act::MeasureLift(parts) => self.measure_end(parts.public.measure, at, touched),
            Act::AppealFile(parts) => self.appeal_file(subject(entry)?, at, parts),
            Act::AppealDecide(parts) => self.appeal_decide(entry, parts, touched),
            _ => Ok(()),
        }
    }

    pub(super) fn party_mut(&mut self, id: PartyId) -> Result<&mut Party, FoldProblem> {
        self.parties.get_mut(&id).map(Arc::make_mut).ok_or_else(|| missing("party", id))
    }

    pub(super) fn account_mut(&mut self, id: AccountId) -> Result<&mut Account, FoldProblem> {
        self.accounts.get_mut(&id).map(Arc::make_mut).ok_or_else(|| missing("account", id))
    }

    pub(super) fn open_party(&mut self, id: PartyId, at: Time) -> Result<&mut Party, FoldProblem> {
        let party = self.party_mut(id)?;
        if !party.life.holds(at) {
            return Err(standing("party", id, "is closed"));
        }
        Ok(party)
    }

    pub(super) fn open_account(&mut self, id: AccountId, at: Time) -> Result<&mut Account, FoldProblem> {
        let account = self.account_mut(id)?;
        if !account.life.holds(at) {
            return Err(standing("account", id, "is closed"));
        }
        Ok(account)
    }

    pub(super) fn claims_mut(&mut self, holder: Holder) -> Result<&mut Vec<Claim>, FoldProblem> {
        match holder {
            Holder::Party(id) => self.party_mut(id).map(|party| &mut party.claims),
            Holder::Account(id) => self.account_mut(id).map(|account| &mut account.claims),
            Holder::Person(id) => self.person_mut(id).map(|person| &mut person.claims),
        }
    }

    pub(super) fn measures_mut(&mut self, holder: Holder) -> Result<&mut Vec<Measure>, FoldProblem> {
        match holder {
            Holder::Party(id) => self.party_mut(id).map(|party| &mut party.measures),
            Holder::Account(id) => self.account_mut(id).map(|account| &mut account.measures),
            Holder::Person(id) => self.person_mut(id).map(|person| &mut person.measures),
        }
    }

    fn party_add(
        &mut self,
        id: PartyId,
        at: Time,
        parts: &Parts<public::PartyAdd, private::PartyAdd>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        if self.parties.contains(&id) {
            return Err(repeated("party", id));
        }
        let private = parts.private.as_ref();
        let handle: Option<Arc<str>> = private.map(|private| private.handle.as_str().into());
        if let Some(handle) = &handle {
            if self.handles.contains(handle) {
                return Err(repeated("party", handle));
            }
            self.handles.insert(Arc::clone(handle), id);
        }
        let party = Party {
            id,
            handle,
            name: private.map(|private| private.name.as_str().into()),
            kind: parts.public.kind,
            life: Life::since(at),
            claims: Vec::new(),
            grants: Vec::new(),
            lists: Vec::new(),
            measures: Vec::new(),
            limits: Vec::new(),
            accounts: Vec::new(),
        };
        self.parties.insert(id, Arc::new(party));
        touched.parties.insert(id);
        Ok(())
    }

    fn party_close(&mut self, id: PartyId, at: Time, touched: &mut Touched) -> Result<(), FoldProblem> {
        self.open_party(id, at)?.life.end(at);
        touched.parties.insert(id);
        Ok(())
    }

    fn account_add(
        &mut self,
        id: AccountId,
        at: Time,
        parts: &Parts<public::AccountAdd, private::AccountAdd>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let party_id = parts.public.party;
        if self.accounts.contains(&id) {
            return Err(repeated("account", id));
        }
        let handle: Option<Arc<str>> = parts.private.as_ref().map(|private| private.handle.as_str().into());
        if let Some(handle) = &handle {
            let name = (party_id, Arc::clone(handle));
            if self.account_handles.contains(&name) {
                return Err(repeated("account", handle));
            }
            self.account_handles.insert(name, id);
        }
        self.open_party(party_id, at)?.accounts.push(id);
        let account = Account {
            id,
            party: party_id,
            handle,
            life: Life::since(at),
            suspensions: Vec::new(),
            claims: Vec::new(),
            measures: Vec::new(),
            limits: Vec::new(),
            keys: Vec::new(),
        };
        self.accounts.insert(id, Arc::new(account));
        touched.accounts.insert(id);
        Ok(())
    }

    fn account_suspend(&mut self, id: AccountId, at: Time, touched: &mut Touched) -> Result<(), FoldProblem> {
        let account = self.open_account(id, at)?;
        if account.suspensions.last().is_some_and(|life| life.to.is_none()) {
            return Err(standing("account", id, "is suspended already"));
        }
        account.suspensions.push(Life::since(at));
        touched.accounts.insert(id);
        Ok(())
    }

    fn account_restore(&mut self, id: AccountId, at: Time, touched: &mut Touched) -> Result<(), FoldProblem> {
        let account = self.open_account(id, at)?;
        let Some(suspension) = account.suspensions.last_mut().filter(|life| life.to.is_none()) else {
            return Err(standing("account", id, "is not suspended"));
        };
        suspension.end(at);
        touched.accounts.insert(id);
        Ok(())
    }

    fn key_issue(
        &mut self,
        account_id: AccountId,
        at: Time,
        parts: &Parts<public::KeyIssue, private::KeyIssue>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let id = parts.public.key;
        if self.keys.contains(&id) {
            return Err(repeated("key", id));
        }
        self.open_account(account_id, at)?.keys.push(id);
        let digest = parts.private.as_ref().map(|private| private.digest);
        if let Some(digest) = digest
            && self.live_keys.insert(digest.0, KeyStanding { key: id, account: account_id }).is_some()
        {
            return Err(standing("key", id, "is the same secret as another key in use"));
        }
        self.keys.insert(id, Key { id, account: account_id, digest, life: Life::since(at) });
        touched.keys.insert(id);
        Ok(())
    }

    fn key_revoke(&mut self, id: KeyId, at: Time, touched: &mut Touched) -> Result<(), FoldProblem> {
        let key = self.keys.get_mut(&id).ok_or_else(|| missing("key", id))?;
        end_once(Some(&mut key.life), "key", id, at)?;
        if let Some(digest) = key.digest {
            self.live_keys.remove(&digest.0);
        }
        touched.keys.insert(id);
        Ok(())
    }

    fn claim_add(
        &mut self,
        entry: &Entry,
        parts: &Parts<public::ClaimAdd, private::ClaimAdd>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let public = &parts.public;
        let (kind, declared) =
            self.kinds.get_key_value(public.kind.as_str()).ok_or_else(|| missing("claim kind", &public.kind))?;
        let (kind, describes, value_type) = (Arc::clone(kind), declared.describes, declared.value_type);
        let holder = holder(entry)?;
        if matches!(holder, Holder::Account(_)) && describes == Describes::Party {
            return Err(FoldProblem::Field {
                field: "subject",
                why: format!("`{kind}` describes a party; an account cannot carry it"),
            });
        }
        if self.claims.contains(&public.claim) {
            return Err(repeated("claim", public.claim));
        }
        if matches!(holder, Holder::Person(_)) && describes != Describes::Person {
            return Err(FoldProblem::Field {
                field: "subject",
                why: format!("`{kind}` describes a {describes}; a person cannot carry it"),
            });
        }
        let value = parts.private.as_ref().map(|private| private.value.clone());
        if value.as_ref().is_some_and(|value| value.value_type() != value_type) {
            return Err(FoldProblem::Field { field: "private.value", why: format!("`{kind}` is a {value_type}") });
        }
        let claim = Claim {
            id: public.claim,
            kind,
            value,
            level: public.level,
            by: parts.private.as_ref().map(|private| private.by.as_str().into()),
            evidence: parts.private.as_ref().map(|private| private.evidence),
            life: Life::between(entry.at, public.expires),
        };
        self.claims_mut(holder)?.push(claim);
        self.claims.insert(public.claim, holder);
        touched.holder(holder);
        Ok(())
    }

    fn grant_add(
        &mut self,
        party_id: PartyId,
        at: Time,
        parts: &Parts<public::GrantAdd, private::GrantAdd>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let public = &parts.public;
        let (model, _) =
            self.models.get_key_value(public.model.as_str()).ok_or_else(|| missing("model", &public.model))?;
        let grant = Grant {
            id: public.grant,
            model: Arc::clone(model),
            purpose: parts.private.as_ref().and_then(|private| private.purpose.as_deref()).map(Into::into),
            population: public.population.as_deref().map(Into::into),
            life: Life::between(at, public.expires),
        };
        if self.grants.contains(&public.grant) {
            return Err(repeated("grant", public.grant));
        }
        self.open_party(party_id, at)?.grants.push(grant);
        self.grants.insert(public.grant, party_id);
        touched.parties.insert(party_id);
        Ok(())
    }
}

pub(super) fn holder(entry: &Entry) -> Result<Holder, FoldProblem> {
    let person = || subject(entry).map(Holder::Person);
    let account = || subject(entry).map(Holder::Account);
    subject(entry).map(Holder::Party).or_else(|_: FoldProblem| account()).or_else(|_: FoldProblem| person())
}

/// Ends something that must exist and still hold, or have an end yet to come.
fn end_once(
    life: Option<&mut Life>,
    what: &'static str,
    id: impl std::fmt::Display,
    at: Time,
) -> Result<(), FoldProblem> {
    let Some(life) = life else {
        return Err(missing(what, id));
    };
    if !life.holds(at) {
        return Err(standing(what, id, "has ended already"));
    }
    life.end(at);
    Ok(())
}
