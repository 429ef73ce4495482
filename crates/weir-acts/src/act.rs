//! What each kind of act says: its public part, which the log shows for ever,
//! and its private part, which is committed to and can be erased. Names, claim
//! values, evidence digests, list rows and free text are private; model,
//! stage, directive and rule text are public unless sealed.
//!
//! The shapes here can never change: entries are hashed as stored. A new need
//! is a new kind.

mod carried;
#[macro_use]
mod kinds;

use serde::{Deserialize, Serialize};

use crate::campaign::{Bits, Seen};
use crate::digest::Digest;
use crate::directive::{DirectiveText, Disclosure, ListRows};
use crate::id::{AccountId, AppealId, ClaimId, GrantId, HoldId, IssuerId, KeyId, MeasureId, PartyId, TokenId};
use crate::limits::Limits;
use crate::time::Time;
use crate::value::{Value, ValueType};
use crate::words::{CampaignStatus, Describes, MeasureKind, PartyKind, Role, Ruling, Stage};

pub use carried::{Erased, PolicyText, SealedText};

/// The two parts of an act. `private` is absent where it was never given,
/// withheld from this reader, or erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts<P, S> {
    /// What everybody reads.
    pub public: P,
    /// What is only committed to.
    pub private: Option<S>,
}

/// A part that holds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

acts! {
    /// The log begins: its name and the key that signs it.
    "log.open" LogOpen { pub origin: String, pub vkey: String } {}

    /// Another key signs the log from now on; until `until` the one before
    /// signs beside it.
    "log.key" LogKey {
        pub vkey: String,
        pub until: Time,
        /// A note in which the key before and the new one both say so.
        pub statement: String,
    } {}

    /// Policies enter or leave force; a large set comes in several parts that
    /// one transaction appends, and takes effect with the last.
    "rules.set" RulesSet {
        pub part: u32,
        pub of: u32,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub policies: Vec<PolicyText>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub removed: Vec<String>,
    } {}

    /// A kind of claim becomes known.
    "claim.declare" ClaimDeclare { pub claim: String, pub r#type: ValueType, pub describes: Describes } {}

    /// Someone may act.
    "operator.add" OperatorAdd { pub roles: Vec<Role> } { pub name: String }
    /// Someone may act no more.
    "operator.revoke" OperatorRevoke {} {}
    /// An operator gets a token; only its SHA-256 is kept.
    "operator.token.issue" TokenIssue { pub token: TokenId } { pub digest: Digest }
    /// Tokens open nothing any more.
    "operator.token.revoke" TokenRevoke { pub tokens: Vec<TokenId> } {}

    /// A party is registered under the id its operator gave it.
    "party.add" PartyAdd { pub kind: PartyKind } {
        pub handle: String,
        pub name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub lei: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub ror: Option<String>,
    }
    /// A party leaves; its keys open nothing.
    "party.close" PartyClose {} {}

    /// Many parties and accounts at once, with claims and keys. The act holds
    /// the count of its rows and the root of their tree (RFC 6962); what is in
    /// a row is said in [`crate::row`].
    "party.import" PartyImport { pub rows: u64, pub root: Digest } {}

    /// A fact about a party or account was verified.
    "claim.add" ClaimAdd {
        pub claim: ClaimId,
        pub kind: String,
        pub level: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires: Option<Time>,
    } { pub value: Value, pub by: String, pub evidence: Digest }
    /// It no longer counts.
    "claim.retract" ClaimRetract { pub claim: ClaimId } {}

    /// A party gets something to call with.
    "account.add" AccountAdd { pub party: PartyId } { pub handle: String }
    /// The account is denied everything until restored.
    "account.suspend" AccountSuspend {} {}
    /// The suspension ends.
    "account.restore" AccountRestore {} {}
    /// The account ends for good.
    "account.close" AccountClose {} {}

    /// Someone may speak for a party's people, within these kinds of claim and
    /// up to this level.
    "issuer.add" IssuerAdd {
        pub issuer: IssuerId,
        pub kinds: Vec<String>,
        pub max_level: u8,
        pub single_use: bool,
        /// SHA-256 of the key set; none until one was fetched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub keys: Option<Digest>,
    } {
        /// What its assertions bear as `iss`.
        pub name: String,
        /// Where its key set is published; none where it was handed in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub url: Option<String>,
        /// The key set, a JWK set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub set: Option<String>,
    }
    /// Its key set is another now.
    "issuer.keys" IssuerKeys { pub issuer: IssuerId, pub keys: Digest } { pub set: String }
    /// It speaks for nobody any more.
    "issuer.remove" IssuerRemove { pub issuer: IssuerId } {}

    /// Something is recorded about one of an issuer's people; the subject is
    /// their random id.
    "person.add" PersonAdd { pub issuer: IssuerId } {
        /// The issuer's own name for them, `sub`.
        pub sub: String,
    }

    /// An account gets an API key; only HMAC(pepper, SHA-256(key)) is kept.
    "key.issue" KeyIssue { pub key: KeyId } { pub digest: Digest }
    /// The key opens nothing any more.
    "key.revoke" KeyRevoke { pub key: KeyId } {}

    /// Something is served; it starts sealed.
    "model.add" ModelAdd {
        pub model: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub previous: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub weights: Option<Digest>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub max_output: Option<u64>,
    } {
        pub upstream: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub credential: Option<String>,
    }
    /// How a model's use is metered; replaces what was said before.
    "model.meter" ModelMeter {
        /// What a token counts against spend; 1 where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub weight: Option<u64>,
        /// Most tokens that a request can make the model read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub max_input: Option<u64>,
    } {}
    /// It is served no more.
    "model.retire" ModelRetire {} {}

    /// How far a model is released.
    "stage.set" StageSet {
        pub stage: Stage,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub list: Option<u64>,
    } {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub list: Option<ListRows>,
    }

    /// A party may use a model.
    "grant.add" GrantAdd {
        pub grant: GrantId,
        pub model: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub population: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub expires: Option<Time>,
    } {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub purpose: Option<String>,
    }
    /// It may no more.
    "grant.revoke" GrantRevoke { pub grant: GrantId } {}

    /// An order is written down, not yet in force; nothing of it is public.
    "directive.draft" DirectiveDraft {} { pub text: DirectiveText, pub lists: Vec<ListRows> }
    /// It enters into force, and the one it amends leaves in the same act.
    "directive.enact" DirectiveEnact {
        pub disclosure: Disclosure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub text: Option<DirectiveText>,
        /// SHA-256 of salt and JSON of a text under seal, so that what is
        /// disclosed later can be held against it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub sealed: Option<Digest>,
        pub draft: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub amends: Option<crate::id::DirectiveId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub preview: Option<Digest>,
    } {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub text: Option<SealedText>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub lists: Vec<ListRows>,
    }
    /// It leaves force, by an authority's word.
    "directive.lift" DirectiveLift { pub by: String } {}
    /// A draft is thrown away.
    "directive.drop" DirectiveDrop {} {}
    /// The seal of a directive ends: its text becomes public.
    "directive.disclose" DirectiveDisclose { pub text: SealedText } {}

    /// A change is written down that takes the consent of others; what it says
    /// is private until it is done.
    "draft.add" DraftAdd { pub command: String } {
        /// The command as JSON, to be hashed as it stands.
        pub with: String,
    }
    /// Someone consents to a draft, or to a drafted directive.
    "draft.approve" DraftApprove { pub saw: Digest } {}
    /// A draft ends: carried out in this very transaction, or thrown away.
    "draft.close" DraftClose { pub carried_out: bool } {}

    /// Something is done about a party or account.
    "measure.take" MeasureTake {
        pub measure: MeasureId,
        pub kind: MeasureKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub until: Option<Time>,
    } { pub reason: String }
    /// What a measure `throttle` allows.
    "measure.limit" MeasureLimit { pub measure: MeasureId, pub limits: Limits } {}
    /// It is undone.
    "measure.lift" MeasureLift { pub measure: MeasureId } {}

    /// What the subject, a party or an account, may take from now on, or, where
    /// a stage is named, everybody together of the models at that stage. Says
    /// all limits: those left out end.
    "limit.set" LimitSet {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub stage: Option<Stage>,
        pub limits: Limits,
    } {}

    /// The affected party answers a decision or measure.
    "appeal.file" AppealFile {
        pub appeal: AppealId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub measure: Option<MeasureId>,
        pub due: Time,
    } {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub decision: Option<String>,
        pub account: AccountId,
        pub text: String,
        /// The rules that decided what it is against.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub rules: Vec<String>,
    }
    /// Someone other than the author decides it.
    "appeal.decide" AppealDecide { pub appeal: AppealId, pub ruling: Ruling } { pub reason: String }

    /// A file of records was closed: what it holds, so that nobody can change
    /// it unseen.
    "records.seal" RecordsSeal {
        /// The file's name.
        pub segment: String,
        /// The numbers of its first and last record.
        pub first: u64,
        pub last: u64,
        pub count: u64,
        pub bytes: u64,
        /// SHA-256 of the file.
        pub digest: Digest,
        /// Root of the tree of its lines (RFC 6962), so that one can be shown
        /// without the others.
        pub root: Digest,
        /// A later process closed it than the one that wrote it: that one
        /// ended without closing it, and what it had not written yet is lost.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub recovered: bool,
        /// Bytes of an unfinished tail that were cut off then.
        #[serde(default, skip_serializing_if = "is_zero")]
        pub cut: u64,
        /// Records that could not be kept since the file before.
        #[serde(default, skip_serializing_if = "is_zero")]
        pub unkept: u64,
    } {}
    /// Files of records past their time are deleted, by the rule that says how
    /// long they are kept. What they held stays sealed.
    "records.delete" RecordsDelete { pub segments: Vec<String>, pub rule: String } {}

    /// A file of exchanges was closed: what it holds, so that nobody can change
    /// it unseen.
    "exchanges.seal" ExchangesSeal {
        /// The file's name.
        pub file: String,
        /// The `seq` of its first and last exchange.
        pub first: u64,
        pub last: u64,
        /// How many exchanges it has; fewer than from `first` to `last` where
        /// some never became durable.
        pub rows: u64,
        pub bytes: u64,
        /// SHA-256 of the file.
        pub digest: Digest,
    } {}
    /// Files of exchanges past their time are deleted, by the rule that says how
    /// long they are kept. What they held stays sealed.
    "exchanges.delete" ExchangesDelete { pub files: Vec<String>, pub rule: String } {}

    /// Nothing about the subject is erased or deleted until it is lifted.
    "hold.place" HoldPlace { pub hold: HoldId } {
        pub reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub citation: Option<String>,
    }
    /// It may be again.
    "hold.lift" HoldLift { pub hold: HoldId } {}

    /// Private parts of acts about the subject are erased: their salts and
    /// bytes are gone, their commitments stay.
    "private.erase" PrivateErase { pub acts: Vec<Erased> } { pub reason: String }

    /// Accounts were judged to act as one to harvest outputs; the subject is
    /// the campaign's id.
    "campaign.found" CampaignFound {
        pub status: CampaignStatus,
        pub log2_e: Bits,
        pub accounts: u64,
        pub exchanges: u64,
        pub growing: bool,
        /// When every axis was first shown.
        pub alarm: Time,
    } {
        /// The dossier as JSON, as it stands.
        pub dossier: String,
        /// SHA-256 of the whole, where `dossier` is cut.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub whole: Option<Digest>,
    }
    /// More is known of it; of no accounts: it is no longer found.
    "campaign.update" CampaignUpdate {
        pub status: CampaignStatus,
        pub log2_e: Bits,
        pub accounts: u64,
        pub exchanges: u64,
        pub growing: bool,
    } {
        pub dossier: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub whole: Option<Digest>,
    }
    /// Accounts of it that are new, or about which more is known. What is said
    /// of one replaces what was said of it before.
    "campaign.members" CampaignMembers { pub count: u64 } { pub accounts: Vec<Seen> }
    /// It is over, or was none.
    "campaign.end" CampaignEnd {} { pub reason: String }
    /// A measure rests on a campaign, the subject, and on so many bits of
    /// whoever it is on.
    "measure.evidence" MeasureEvidence { pub measure: MeasureId, pub bits: Bits } {}
    /// Whether the detector proposes measures: it stops when the e-value of
    /// ordinary traffic has drifted above one.
    "detector.health" DetectorHealth { pub proposes: bool, pub log2_e: Bits } {}

    /// Somebody read what a request of the subject, an account, said. Written
    /// before the words are given.
    /// One that bears approvals says that it may be read: `text.hand` follows.
    "text.read" TextRead { pub exchange: String } { pub reason: String }
    /// What act `read` let its author read was handed over, which is once.
    "text.hand" TextHand { pub read: u64 } {}
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
