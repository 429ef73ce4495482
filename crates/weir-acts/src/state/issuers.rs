//! Folding issuers: registered for a party, their key sets, their removal.

use std::sync::Arc;

use super::{FoldProblem, State, Touched, missing, repeated, standing, subject};
use crate::act::{Act, Parts, private, public};
use crate::entry::Entry;
use crate::holder::Life;
use crate::id::{IssuerId, PartyId};
use crate::issuer::{Issuer, Keys};

impl State {
    pub(super) fn fold_issuers(&mut self, index: u64, entry: &Entry, touched: &mut Touched) -> Result<(), FoldProblem> {
        let party = match &entry.act {
            Act::IssuerAdd(parts) => self.issuer_add(index, entry, parts)?,
            Act::IssuerKeys(parts) => {
                let issuer = self.open_issuer(parts.public.issuer, entry)?;
                issuer.keys = parts.private.as_ref().map(|private| Keys {
                    act: index,
                    since: entry.at,
                    set: private.set.as_str().into(),
                });
                issuer.party
            }
            Act::IssuerRemove(parts) => {
                let issuer = self.open_issuer(parts.public.issuer, entry)?;
                issuer.life.end(entry.at);
                issuer.party
            }
            _ => return Ok(()),
        };
        touched.parties.insert(party);
        touched.issuers = true;
        Ok(())
    }

    fn issuer_add(
        &mut self,
        index: u64,
        entry: &Entry,
        parts: &Parts<public::IssuerAdd, private::IssuerAdd>,
    ) -> Result<PartyId, FoldProblem> {
        let party: PartyId = subject(entry)?;
        let (public, private) = (&parts.public, parts.private.as_ref());
        if !self.parties.get(&party).ok_or_else(|| missing("party", party))?.life.holds(entry.at) {
            return Err(standing("party", party, "is closed"));
        }
        if let Some(kind) = public.kinds.iter().find(|kind| !self.kinds.contains_key(kind.as_str())) {
            return Err(missing("claim kind", kind));
        }
        let keys = private.and_then(|private| private.set.as_deref());
        let issuer = Issuer {
            id: public.issuer,
            party,
            name: private.map(|private| private.name.as_str().into()),
            url: private.and_then(|private| private.url.as_deref()).map(Into::into),
            kinds: public.kinds.iter().map(|kind| kind.as_str().into()).collect(),
            max_level: public.max_level,
            single_use: public.single_use,
            keys: keys.map(|set| Keys { act: index, since: entry.at, set: set.into() }),
            life: Life::since(entry.at),
        };
        match Arc::make_mut(&mut self.issuers).insert(public.issuer, Arc::new(issuer)) {
            Some(_) => Err(repeated("issuer", public.issuer)),
            None => Ok(party),
        }
    }

    fn open_issuer(&mut self, id: IssuerId, entry: &Entry) -> Result<&mut Issuer, FoldProblem> {
        let issuer = Arc::make_mut(&mut self.issuers).get_mut(&id).ok_or_else(|| missing("issuer", id))?;
        if !issuer.life.holds(entry.at) {
            return Err(standing("issuer", id, "is removed"));
        }
        Ok(Arc::make_mut(issuer))
    }
}
