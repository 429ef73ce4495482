//! The state of the world as the fold of the log. It holds intervals and no
//! "now"; what is in force at a time is asked of it (see [`crate::view`]).
//!
//! A clone is cheap (copy-on-write), so the control plane tries an act on a
//! clone, and readers keep the state they loaded.

mod campaigns;
mod directives;
mod drafts;
mod erasure;
mod governed;
mod holder;
mod holders;
mod imports;
mod issuers;
mod limits;
pub mod packed;
mod persons;
mod problem;
mod readings;
mod records;
mod touched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::act::{Act, PolicyText, public};
use crate::campaign::{Bits, Campaign};
use crate::draft::Draft;
use crate::entry::{BY_DETECTOR, BY_WEIR, Entry};
use crate::governed::{ClaimKind, Directive, Imported, Model, Operator, Rule};
use crate::holder::{Account, Key, Party};
use crate::id::{
    AccountId, AppealId, ClaimId, DirectiveId, DraftId, GrantId, HoldId, IssuerId, KeyId, MeasureId,
    OperatorId, PartyId, PersonId,
};
use crate::issuer::Issuer;
use crate::limits::LimitSpan;
use crate::person::{Person, PersonKey};
use crate::reading::Reading;
use crate::records::{Hold, SealedExchanges, SealedSegment};
use crate::shards::Shards;
use crate::time::Time;
use crate::view::KeyStanding;
use crate::words::{Ruling, Stage};

pub use erasure::{About, ERASABLE, erasable, erasable_row};
pub use holder::Holder;
pub use problem::{FoldError, FoldProblem};
pub use touched::Touched;

use problem::{missing, repeated, standing, subject};

/// An appeal from filing to ruling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    /// Its id.
    pub id: AppealId,
    /// The measure it answers.
    pub measure: Option<MeasureId>,
    /// The decision it answers; none where withheld.
    pub decision: Option<Arc<str>>,
    /// Whose it is; none where withheld.
    pub account: Option<AccountId>,
    /// Its text.
    pub text: Option<Arc<str>>,
    /// The rules that decided what it is against; none where withheld.
    pub rules: Vec<Arc<str>>,
    /// When it was filed.
    pub filed: Time,
    /// When it is answered at the latest.
    pub due: Time,
    /// How it ended; none while nobody decided it.
    pub ruling: Option<Ruled>,
}

/// How an appeal ended: when, how, by whom, and why where that is at hand.
pub type Ruled = (Time, Ruling, Arc<str>, Option<Arc<str>>);

/// A key that signed the log. Whose signature stands for what is not the
/// fold's to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The key others verify with.
    pub vkey: Arc<str>,
    /// Until when it signs beside its successor; none for the last.
    pub until: Option<Time>,
}

/// The fold of the log.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// How many entries were folded.
    pub size: u64,
    /// The time of the last one.
    pub last: Time,
    /// The log's name.
    pub origin: Arc<str>,
    /// The keys that signed the log, oldest first; the last one signs now.
    pub log_keys: Arc<Vec<LogKey>>,
    /// Parties by id.
    pub parties: Shards<PartyId, Arc<Party>>,
    /// Parties by the id their operator gave them.
    pub handles: Shards<Arc<str>, PartyId>,
    /// Accounts by id.
    pub accounts: Shards<AccountId, Arc<Account>>,
    /// Accounts by party and name.
    pub account_handles: Shards<(PartyId, Arc<str>), AccountId>,
    /// Keys by id.
    pub keys: Shards<KeyId, Key>,
    /// Keys not revoked, by what is stored of them. Two of them never share a
    /// digest: a key speaks for one account.
    pub live_keys: Shards<[u8; 32], KeyStanding>,
    /// Who a claim is about.
    pub claims: Shards<ClaimId, Holder>,
    /// Whose a grant is.
    pub grants: Shards<GrantId, PartyId>,
    /// Who a measure is on.
    pub measures: Shards<MeasureId, Holder>,
    /// Appeals by id.
    pub appeals: Shards<AppealId, Arc<Appeal>>,
    /// Who speaks for parties' people.
    pub issuers: Arc<BTreeMap<IssuerId, Arc<Issuer>>>,
    /// Claim kinds by name.
    pub kinds: Arc<BTreeMap<Arc<str>, ClaimKind>>,
    /// Models by name.
    pub models: Arc<BTreeMap<Arc<str>, Model>>,
    /// What everybody together may take of the models at a stage, oldest first.
    pub stage_limits: Arc<BTreeMap<Stage, Vec<LimitSpan>>>,
    /// Directives by id.
    pub directives: Arc<BTreeMap<DirectiveId, Directive>>,
    /// What waits for approval, or did.
    pub drafts: Arc<BTreeMap<DraftId, Draft>>,
    /// Every policy there ever was, by rule id.
    pub rules: Arc<BTreeMap<Arc<str>, Rule>>,
    /// Operators by id.
    pub operators: Arc<BTreeMap<OperatorId, Operator>>,
    /// Imports, oldest first.
    pub imports: Arc<Vec<Imported>>,
    /// Rows of imports that were not given to who folds here. Where there are
    /// any, an act about someone unknown may be about one of them.
    pub unseen_rows: u64,
    /// Acts about someone unknown, of whom a row not given may tell.
    pub unplaced: u64,
    /// Persons about whom something is recorded, by id.
    pub persons: Shards<PersonId, Arc<Person>>,
    /// They by what assertions about them are known by.
    pub person_keys: Shards<PersonKey, PersonId>,
    /// Files of records that were sealed, by number.
    pub segments: Arc<BTreeMap<u64, SealedSegment>>,
    /// Files of exchanges that were sealed, by the number of their first.
    pub exchanges: Arc<BTreeMap<u64, SealedExchanges>>,
    /// What must be kept, or had to be.
    pub holds: Arc<BTreeMap<HoldId, Hold>>,
    /// Kept texts that may be read, by the act that says so, until they are
    /// handed over.
    pub readings: Arc<BTreeMap<u64, Reading>>,
    /// Campaigns by id.
    pub campaigns: Arc<BTreeMap<Arc<str>, Arc<Campaign>>>,
    /// When the detector last said whether it proposes measures, whether it
    /// does, and the e-value of ordinary traffic then; before, it does.
    pub detector: Option<(Time, bool, Bits)>,
    /// Acts whose private parts were erased.
    pub erased: Arc<BTreeSet<u64>>,
    /// Rows of imports whose private parts were: act and row.
    pub erased_rows: Arc<BTreeSet<(u64, u64)>>,
    /// Parts of a rule set whose last part has not come.
    pending_rules: Arc<PendingRules>,
}

#[derive(Debug, Clone, Default)]
struct PendingRules {
    parts: u32,
    policies: Vec<PolicyText>,
    removed: Vec<String>,
}

impl State {
    /// Folds the next entry. On error the state is as it was before.
    ///
    /// # Errors
    /// When the entry does not follow from the log so far.
    pub fn apply(&mut self, entry: &Entry) -> Result<Touched, FoldError> {
        self.attempt(entry, |next, index| next.fold(index, entry))
    }

    /// As [`State::apply`] without keeping what was before, so that no shard is
    /// copied: for whoever folds a whole log and stops at the first act that is
    /// wrong.
    ///
    /// # Errors
    /// As [`State::apply`]; the state is then to be thrown away.
    pub fn apply_in_place(&mut self, entry: &Entry) -> Result<Touched, FoldError> {
        // An act about a row not given is begun, found to be one, and undone.
        if self.unseen_rows > 0 {
            return self.apply(entry);
        }
        let index = self.size;
        let touched = self.fold(index, entry).map_err(|problem| FoldError { index, problem })?;
        self.size += 1;
        self.last = entry.at;
        Ok(touched)
    }

    /// Does `fold` to a clone, which becomes the state where it succeeds.
    fn attempt(
        &mut self,
        entry: &Entry,
        fold: impl FnOnce(&mut State, u64) -> Result<Touched, FoldProblem>,
    ) -> Result<Touched, FoldError> {
        let index = self.size;
        let mut next = self.clone();
        let touched = match fold(&mut next, index) {
            Ok(touched) => touched,
            Err(problem) if self.may_be_unseen(&problem) => {
                next = self.clone();
                next.unplaced += 1;
                Touched::default()
            }
            Err(problem) => return Err(FoldError { index, problem }),
        };
        next.size += 1;
        next.last = entry.at;
        *self = next;
        Ok(touched)
    }

    /// The party its operator calls `handle`.
    pub fn party_named(&self, handle: &str) -> Option<&Arc<Party>> {
        self.parties.get(self.handles.get(handle)?)
    }

    /// The account that `party` calls `handle`.
    pub fn account_named(&self, party: PartyId, handle: &str) -> Option<&Arc<Account>> {
        self.accounts.get(self.account_handles.get(&(party, Arc::from(handle)))?)
    }

    /// `PARTY/NAME` of an account, or its random id where names are withheld.
    pub fn account_label(&self, id: AccountId) -> String {
        let named = self.accounts.get(&id).and_then(|account| {
            let party = self.parties.get(&account.party)?;
            Some(format!("{}/{}", party.handle.as_ref()?, account.handle.as_ref()?))
        });
        named.unwrap_or_else(|| id.to_string())
    }

    /// The party's own id, or its random one where that is withheld.
    pub fn party_label(&self, id: PartyId) -> String {
        let named = self.parties.get(&id).and_then(|party| party.handle.as_ref());
        named.map_or_else(|| id.to_string(), ToString::to_string)
    }

    /// The directive whose text has the id `name`: the one in force or
    /// enacted, else the newest draft.
    pub fn directive_named(&self, name: &str) -> Option<&Directive> {
        self.directives
            .values()
            .filter(|directive| directive.text.as_ref().is_some_and(|text| text.id == name))
            .max_by_key(|directive| (directive.enacted.is_some(), directive.dropped.is_none(), directive.draft))
    }

    fn fold(&mut self, index: u64, entry: &Entry) -> Result<Touched, FoldProblem> {
        self.check_circumstances(index, entry)?;
        let mut touched = Touched::default();
        match &entry.act {
            Act::LogOpen(parts) => {
                self.origin = parts.public.origin.as_str().into();
                self.log_keys = Arc::new(vec![LogKey { vkey: parts.public.vkey.as_str().into(), until: None }]);
            }
            Act::LogKey(parts) => self.fold_log_key(&parts.public)?,
            Act::RulesSet(_)
            | Act::ClaimDeclare(_)
            | Act::OperatorAdd(_)
            | Act::OperatorRevoke(_)
            | Act::TokenIssue(_)
            | Act::TokenRevoke(_)
            | Act::ModelAdd(_)
            | Act::ModelMeter(_)
            | Act::ModelRetire(_)
            | Act::StageSet(_) => self.fold_governed(index, entry, &mut touched)?,
            Act::DirectiveDraft(_)
            | Act::DirectiveEnact(_)
            | Act::DirectiveLift(_)
            | Act::DirectiveDrop(_)
            | Act::DirectiveDisclose(_) => self.fold_directives(index, entry, &mut touched)?,
            Act::IssuerAdd(_) | Act::IssuerKeys(_) | Act::IssuerRemove(_) => {
                self.fold_issuers(index, entry, &mut touched)?;
            }
            Act::LimitSet(_) | Act::MeasureLimit(_) => self.fold_limits(entry, &mut touched)?,
            Act::PartyImport(parts) => self.import_add(index, entry, &parts.public, (0, None))?,
            Act::PersonAdd(parts) => self.person_add(entry, parts, &mut touched)?,
            Act::RecordsSeal(_)
            | Act::RecordsDelete(_)
            | Act::ExchangesSeal(_)
            | Act::ExchangesDelete(_)
            | Act::HoldPlace(_)
            | Act::HoldLift(_) => self.fold_records(index, entry)?,
            Act::PrivateErase(parts) => self.private_erase(index, entry, &parts.public, &mut touched)?,
            Act::TextRead(parts) => self.text_read(index, entry, &parts.public)?,
            Act::TextHand(parts) => self.text_hand(entry, &parts.public)?,
            Act::DraftAdd(_) | Act::DraftApprove(_) | Act::DraftClose(_) => self.fold_drafts(entry)?,
            Act::CampaignFound(_)
            | Act::CampaignUpdate(_)
            | Act::CampaignMembers(_)
            | Act::CampaignEnd(_)
            | Act::MeasureEvidence(_)
            | Act::DetectorHealth(_) => self.fold_campaigns(index, entry, &mut touched)?,
            _ => self.fold_holders(entry, &mut touched)?,
        }
        Ok(touched)
    }

    fn fold_log_key(&mut self, change: &public::LogKey) -> Result<(), FoldProblem> {
        if self.log_keys.iter().any(|key| *key.vkey == *change.vkey) {
            return Err(repeated("a log's key", &change.vkey));
        }
        let keys = Arc::make_mut(&mut self.log_keys);
        for before in keys.iter_mut() {
            let until = before.until.map_or(change.until, |until| until.min(change.until));
            before.until = Some(until);
        }
        keys.push(LogKey { vkey: change.vkey.as_str().into(), until: None });
        Ok(())
    }

    /// What every act is held to, whatever it says.
    fn check_circumstances(&self, index: u64, entry: &Entry) -> Result<(), FoldProblem> {
        if entry.at < self.last {
            return Err(FoldProblem::Backwards { at: entry.at, last: self.last });
        }
        if (index == 0) != matches!(entry.act, Act::LogOpen(_)) {
            return Err(FoldProblem::Opening);
        }
        self.check_author(entry)?;
        self.check_approvals(entry)
    }

    fn check_author(&self, entry: &Entry) -> Result<(), FoldProblem> {
        if entry.by == BY_WEIR {
            return Ok(());
        }
        if entry.by == BY_DETECTOR && campaigns::is_detectors(&entry.act) {
            return Ok(());
        }
        let by_party_itself = matches!(entry.act, Act::AppealFile(_));
        let known = entry
            .by
            .parse::<OperatorId>()
            .is_ok_and(|id| self.operators.get(&id).is_some_and(|operator| operator.life.holds(entry.at)));
        if known || (by_party_itself && entry.by.parse::<AccountId>().is_ok()) {
            return Ok(());
        }
        Err(FoldProblem::Author { by: entry.by.chars().take(64).collect() })
    }
}

#[cfg(test)]
mod tests;
