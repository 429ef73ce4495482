//! Folding an erasure. An act whose private part is gone folds to unknown; a
//! state that had folded it with its private part must become, by the erasing
//! act, what folding the log without that part comes to. A property test holds
//! the two against each other.

use std::fmt;
use std::sync::Arc;

use super::{FoldProblem, Holder, State, Touched, missing, standing};
use crate::act::{Act, Erased, public};
use crate::entry::Entry;
use crate::holder::Start;
use crate::id::{
    AccountId, AppealId, ClaimId, DraftId, GrantId, HoldId, IssuerId, KeyId, MeasureId, PartyId, PersonId,
};
use crate::records::Hold;
use crate::time::Time;

/// The kinds of act whose private parts can be erased: what is said about
/// parties, accounts and persons, drafts that name them, and what campaigns
/// rest on. Of a `party.import` the rows about somebody are.
pub const ERASABLE: &[&str] = &[
    "party.add",
    "account.add",
    "person.add",
    "claim.add",
    "grant.add",
    "key.issue",
    "measure.take",
    "appeal.file",
    "appeal.decide",
    "issuer.add",
    "issuer.keys",
    "hold.place",
    "draft.add",
    "text.read",
    "campaign.found",
    "campaign.update",
    "campaign.members",
    "campaign.end",
    IMPORT,
];

/// What starts the kinds of acts that a campaign is the subject of.
const OF_CAMPAIGN: &str = "campaign.";

/// Of an import row by row.
const IMPORT: &str = "party.import";

/// Whom or what that can be erased an act is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A party, an account or a person.
    Holder(Holder),
    /// A campaign.
    Campaign(Arc<str>),
}

/// As the subject of an act.
impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            About::Holder(holder) => holder.fmt(f),
            About::Campaign(id) => f.write_str(id),
        }
    }
}

impl From<Holder> for About {
    fn from(holder: Holder) -> About {
        About::Holder(holder)
    }
}

/// How an erasing act speaks of act `index`; none where its private part
/// cannot be erased.
pub fn erasable(index: u64, entry: &Entry) -> Option<Erased> {
    let kind = entry.act.kind();
    let made = match &entry.act {
        Act::ClaimAdd(parts) => parts.public.claim.to_string(),
        Act::GrantAdd(parts) => parts.public.grant.to_string(),
        Act::KeyIssue(parts) => parts.public.key.to_string(),
        Act::MeasureTake(parts) => parts.public.measure.to_string(),
        Act::HoldPlace(parts) => parts.public.hold.to_string(),
        Act::IssuerAdd(parts) => parts.public.issuer.to_string(),
        Act::IssuerKeys(parts) => parts.public.issuer.to_string(),
        _ => entry.subject.clone(),
    };
    (ERASABLE.contains(&kind) && kind != IMPORT).then(|| Erased { act: index, kind: kind.to_owned(), id: made })
}

/// How an erasing act speaks of row `row` of the import of act `act`, which is
/// about `subject`.
pub fn erasable_row(act: u64, row: u64, subject: Holder) -> Erased {
    Erased { act, kind: IMPORT.to_owned(), id: format!("{subject}/{row}") }
}

impl Erased {
    /// Whom and which row it names, where it is one of an import.
    ///
    /// # Errors
    /// When it names none.
    pub fn row(&self) -> Option<Result<(Holder, u64), FoldProblem>> {
        let field = || FoldProblem::Field { field: "public.acts.id", why: "it names no row of an import".into() };
        let read = || {
            let (subject, row) = self.id.split_once('/').ok_or_else(field)?;
            Ok((subject.parse().map_err(|_| field())?, row.parse().map_err(|_| field())?))
        };
        (self.kind == IMPORT).then(read)
    }
}

impl State {
    /// Whom or what an act is about that can be erased; none where that is not
    /// known.
    pub fn about(&self, entry: &Entry) -> Option<About> {
        if let Ok(appeal) = entry.subject.parse::<AppealId>() {
            return self.appeals.get(&appeal)?.account.map(|account| Holder::Account(account).into());
        }
        self.known_about(entry).ok()
    }

    fn known_about(&self, entry: &Entry) -> Result<About, FoldProblem> {
        match self.campaigns.get_key_value(entry.subject.as_str()) {
            Some((id, _)) => Ok(About::Campaign(Arc::clone(id))),
            None => self.known_holder(entry).map(About::Holder),
        }
    }

    /// A hold in force at `at` under which nothing about `about` may go; of a
    /// campaign one on any of its accounts that is known, or on whom a measure
    /// is that rests on it.
    pub fn hold_on(&self, about: &About, at: Time) -> Option<&Hold> {
        let id = match about {
            About::Holder(holder) => return self.hold_over(*holder, at),
            About::Campaign(id) => id,
        };
        let campaign = self.campaigns.get(id)?;
        let accounts = campaign.accounts().map(|seen| Holder::Account(seen.account));
        let measured = campaign.measures.keys().filter_map(|measure| self.measures.get(measure)).copied();
        if !self.holds.values().any(|hold| hold.life.holds(at)) {
            return None;
        }
        accounts.chain(measured).find_map(|holder| self.hold_over(holder, at))
    }

    pub(super) fn private_erase(
        &mut self,
        index: u64,
        entry: &Entry,
        erasing: &public::PrivateErase,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let about = self.known_about(entry)?;
        if let Some(hold) = self.hold_on(&about, entry.at) {
            return Err(standing("hold", hold.id, "stands against it"));
        }
        for erased in &erasing.acts {
            if erased.act >= index {
                return Err(missing("act", erased.act));
            }
            let of_campaign = erased.kind.starts_with(OF_CAMPAIGN).then(|| About::Campaign(erased.id.as_str().into()));
            if of_campaign.is_some_and(|campaign| campaign != about) {
                let why = "what it says of a campaign is not of its subject".into();
                return Err(FoldProblem::Field { field: "public.acts.id", why });
            }
            let forgotten = match erased.row() {
                Some(row) => {
                    let (subject, row) = row?;
                    if !Arc::make_mut(&mut self.erased_rows).insert((erased.act, row)) {
                        let of = format!("{row} of act {}", erased.act);
                        return Err(standing("row", of, "is erased already"));
                    }
                    self.forget_rows(erased.act, subject, touched)
                }
                None => {
                    if !Arc::make_mut(&mut self.erased).insert(erased.act) {
                        return Err(standing("the private part of act", erased.act, "is erased already"));
                    }
                    self.forget(erased, touched)
                }
            };
            match forgotten {
                // What a row not given here brought is not known here either.
                Err(problem) if self.may_be_unseen(&problem) => {}
                forgotten => forgotten?,
            }
        }
        Ok(())
    }

    fn forget(&mut self, erased: &Erased, touched: &mut Touched) -> Result<(), FoldProblem> {
        match erased.kind.as_str() {
            "party.add" => self.forget_party(id(erased)?),
            "account.add" => self.forget_account(id(erased)?),
            "person.add" => self.forget_person(id(erased)?, touched),
            "claim.add" => self.forget_claim(id(erased)?, touched),
            "grant.add" => self.forget_grant(id(erased)?, touched),
            "key.issue" => self.forget_key(id(erased)?, touched),
            "measure.take" => self.forget_measure(id(erased)?, touched),
            "appeal.file" => {
                let appeal = self.appeal_mut(id(erased)?)?;
                (appeal.decision, appeal.account, appeal.text) = (None, None, None);
                appeal.rules.clear();
                Ok(())
            }
            "appeal.decide" => {
                if let Some((_, _, _, reason)) = &mut self.appeal_mut(id(erased)?)?.ruling {
                    *reason = None;
                }
                Ok(())
            }
            "issuer.add" | "issuer.keys" => self.forget_issuer(id(erased)?, erased, touched),
            "hold.place" => {
                let id: HoldId = id(erased)?;
                let hold = Arc::make_mut(&mut self.holds).get_mut(&id).ok_or_else(|| missing("hold", id))?;
                (hold.reason, hold.citation) = (None, None);
                Ok(())
            }
            "campaign.found" | "campaign.update" | "campaign.members" | "campaign.end" => {
                self.forget_of_campaign(erased, touched)
            }
            // Of it nothing was kept but the trace.
            "text.read" => Ok(()),
            "draft.add" => {
                let id: DraftId = id(erased)?;
                let draft = Arc::make_mut(&mut self.drafts).get_mut(&id).ok_or_else(|| missing("draft", id))?;
                draft.with = None;
                Ok(())
            }
            other => Err(FoldProblem::Field {
                field: "public.acts",
                why: format!("the private part of `{}` cannot be erased", other.chars().take(64).collect::<String>()),
            }),
        }
    }

    /// Forgets what the import of act `act` said about `subject`. All of its
    /// rows about somebody are erased together.
    fn forget_rows(&mut self, act: u64, subject: Holder, touched: &mut Touched) -> Result<(), FoldProblem> {
        let imported = self.imports.iter().find(|imported| imported.act == act);
        let imported = imported.ok_or_else(|| missing("import", act))?;
        // Who was given no row of it has nothing to forget.
        let Some(start) = imported.start else { return Ok(()) };
        let keys: Vec<KeyId> = match subject {
            Holder::Party(id) => {
                let party = self.parties.get(&id).ok_or_else(|| missing("party", id))?;
                if party.life.began_with(start) {
                    self.forget_party(id)?;
                }
                Vec::new()
            }
            Holder::Account(id) => {
                let account = Arc::clone(self.accounts.get(&id).ok_or_else(|| missing("account", id))?);
                if account.life.began_with(start) {
                    self.forget_account(id)?;
                }
                let of_import = |id: &&KeyId| self.keys.get(*id).is_some_and(|key| key.life.began_with(start));
                account.keys.iter().filter(of_import).copied().collect()
            }
            Holder::Person(id) => return Err(missing("row about", id)),
        };
        for claim in self.claims_mut(subject)?.iter_mut().filter(|claim| claim.life.began_with(start)) {
            (claim.value, claim.by, claim.evidence) = (None, None, None);
        }
        touched.holder(subject);
        keys.into_iter().try_for_each(|key| self.forget_key(key, touched))
    }

    /// The acts of imports that brought something about `holder`, as far as
    /// their rows are known here.
    pub fn imports_about(&self, holder: Holder) -> Vec<u64> {
        let (life, claims, keys) = match holder {
            Holder::Party(id) => match self.parties.get(&id) {
                Some(party) => (party.life, &party.claims[..], &[][..]),
                None => return Vec::new(),
            },
            Holder::Account(id) => match self.accounts.get(&id) {
                Some(account) => (account.life, &account.claims[..], &account.keys[..]),
                None => return Vec::new(),
            },
            Holder::Person(_) => return Vec::new(),
        };
        let brought = |start: Start| {
            let of_key = |id: &KeyId| self.keys.get(id).is_some_and(|key| key.life.began_with(start));
            life.began_with(start) || claims.iter().any(|claim| claim.life.began_with(start)) || keys.iter().any(of_key)
        };
        self.imports
            .iter()
            .filter(|imported| imported.start.is_some_and(brought))
            .map(|imported| imported.act)
            .collect()
    }

    fn forget_party(&mut self, id: PartyId) -> Result<(), FoldProblem> {
        let party = self.party_mut(id)?;
        party.name = None;
        if let Some(handle) = party.handle.take() {
            self.handles.remove(&handle);
        }
        Ok(())
    }

    fn forget_account(&mut self, id: AccountId) -> Result<(), FoldProblem> {
        let account = self.accounts.get_mut(&id).map(Arc::make_mut).ok_or_else(|| missing("account", id))?;
        if let Some(handle) = account.handle.take() {
            let name = (account.party, handle);
            self.account_handles.remove(&name);
        }
        Ok(())
    }

    fn forget_person(&mut self, id: PersonId, touched: &mut Touched) -> Result<(), FoldProblem> {
        let person = self.person_mut(id)?;
        let key = person.key();
        person.sub = None;
        if let Some(key) = key {
            self.person_keys.remove(&key);
        }
        touched.persons.insert(id);
        Ok(())
    }

    fn forget_claim(&mut self, id: ClaimId, touched: &mut Touched) -> Result<(), FoldProblem> {
        let holder = *self.claims.get(&id).ok_or_else(|| missing("claim", id))?;
        if let Some(claim) = self.claims_mut(holder)?.iter_mut().find(|claim| claim.id == id) {
            (claim.value, claim.by, claim.evidence) = (None, None, None);
        }
        touched.holder(holder);
        Ok(())
    }

    fn forget_grant(&mut self, id: GrantId, touched: &mut Touched) -> Result<(), FoldProblem> {
        let party = *self.grants.get(&id).ok_or_else(|| missing("grant", id))?;
        if let Some(grant) = self.party_mut(party)?.grants.iter_mut().find(|grant| grant.id == id) {
            grant.purpose = None;
        }
        touched.parties.insert(party);
        Ok(())
    }

    fn forget_key(&mut self, id: KeyId, touched: &mut Touched) -> Result<(), FoldProblem> {
        let key = self.keys.get_mut(&id).ok_or_else(|| missing("key", id))?;
        if let Some(digest) = key.digest.take()
            && self.live_keys.get(&digest.0).is_some_and(|standing| standing.key == id)
        {
            self.live_keys.remove(&digest.0);
        }
        touched.keys.insert(id);
        Ok(())
    }

    fn forget_measure(&mut self, id: MeasureId, touched: &mut Touched) -> Result<(), FoldProblem> {
        let holder = *self.measures.get(&id).ok_or_else(|| missing("measure", id))?;
        if let Some(measure) = self.measures_mut(holder)?.iter_mut().find(|measure| measure.id == id) {
            measure.reason = None;
        }
        // Views tell the reason to whom it concerns.
        touched.holder(holder);
        Ok(())
    }

    fn appeal_mut(&mut self, id: AppealId) -> Result<&mut super::Appeal, FoldProblem> {
        self.appeals.get_mut(&id).map(Arc::make_mut).ok_or_else(|| missing("appeal", id))
    }

    fn forget_issuer(&mut self, id: IssuerId, erased: &Erased, touched: &mut Touched) -> Result<(), FoldProblem> {
        let issuer = Arc::make_mut(&mut self.issuers).get_mut(&id).ok_or_else(|| missing("issuer", id))?;
        let issuer = Arc::make_mut(issuer);
        if erased.kind == "issuer.add" {
            (issuer.name, issuer.url) = (None, None);
        }
        if issuer.keys.as_ref().is_some_and(|keys| keys.act == erased.act) {
            issuer.keys = None;
        }
        touched.parties.insert(issuer.party);
        touched.issuers = true;
        Ok(())
    }

    /// The holder that an entry is about, who must exist.
    pub(super) fn known_holder(&self, entry: &Entry) -> Result<Holder, FoldProblem> {
        let holder = super::holders::holder(entry)?;
        let is_known = match holder {
            Holder::Party(id) => self.parties.contains(&id),
            Holder::Account(id) => self.accounts.contains(&id),
            Holder::Person(id) => self.persons.contains(&id),
        };
        // It may have come with a row that was not given to who folds here.
        if is_known || self.unseen_rows > 0 { Ok(holder) } else { Err(missing("subject", holder)) }
    }
}

fn id<I: std::str::FromStr<Err: std::fmt::Display>>(erased: &Erased) -> Result<I, FoldProblem> {
    let why = |error: I::Err| FoldProblem::Field { field: "public.acts.id", why: error.to_string() };
    erased.id.parse().map_err(why)
}
