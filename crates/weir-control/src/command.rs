//! What an operator may ask for: one command a verb of the command line. A
//! command names things as people do (`acme/ci`, `mythos-5`); planning turns
//! the names into the random ids that acts speak of.

mod upload;
#[macro_use]
mod verbs;

use serde::{Deserialize, Serialize};
use weir_acts::act::PolicyText;
use weir_acts::digest::Digest;
use weir_acts::id::{AccountId, AppealId, ClaimId, DraftId, GrantId, HoldId, IssuerId, KeyId, MeasureId};
use weir_acts::words::{Describes, MeasureKind, PartyKind, Role, Ruling, Stage};
use weir_acts::{Time, ValueType};

pub use upload::UploadedFile;
pub use verbs::COVERT;

commands! {
    /// Let someone act; they get a first token.
    "operator.add" OperatorAdd {
        /// Their name.
        name: String,
        /// What they may do.
        roles: Vec<Role>,
    }
    /// End their right to act.
    "operator.revoke" OperatorRevoke {
        /// Their name.
        name: String,
    }
    /// Give them another token.
    "operator.token.issue" TokenIssue {
        /// Their name.
        name: String,
    }
    /// End every token they have.
    "operator.token.revoke" TokenRevoke {
        /// Their name.
        name: String,
    }
    /// Have another key sign the log.
    "log.key" LogKey {
        /// How many days the key before signs beside it.
        overlap_days: u32,
        /// The word of both keys for it; the server's to fill in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        statement: Option<String>,
    }
    /// Register a party.
    "party.add" PartyAdd {
        /// The id the operator gives it.
        id: String,
        /// Its name.
        name: String,
        /// Institution or person.
        #[serde(default = "institution")]
        kind: PartyKind,
        /// Legal Entity Identifier (ISO 17442).
        #[serde(default)]
        lei: Option<String>,
        /// Research Organization Registry id.
        #[serde(default)]
        ror: Option<String>,
    }
    /// Close a party; its keys open nothing.
    "party.close" PartyClose {
        /// The party.
        id: String,
    }
    /// Make a kind of claim known.
    "claim.declare" ClaimDeclare {
        /// Its name.
        kind: String,
        /// The type of its values.
        r#type: ValueType,
        /// What it speaks about.
        describes: Describes,
    }
    /// Record a verified fact.
    "claim.add" ClaimAdd {
        /// `party:ID`, `account:PARTY/NAME`, or either without the prefix, or
        /// `person:ISSUER#SUB`.
        subject: String,
        /// A declared kind.
        kind: String,
        /// The value as a person types it.
        value: String,
        /// Assurance level, 0 to 4.
        level: u8,
        /// Who verified it.
        by: String,
        /// SHA-256 of the evidence.
        evidence: Digest,
        /// When it stops counting.
        #[serde(default)]
        expires: Option<Time>,
    }
    /// Take a claim back.
    "claim.retract" ClaimRetract {
        /// The claim.
        id: ClaimId,
    }
    /// Give a party something to call with.
    "account.add" AccountAdd {
        /// `PARTY/NAME`.
        account: String,
    }
    /// Deny the account everything until restored.
    "account.suspend" AccountSuspend {
        /// `PARTY/NAME`.
        account: String,
    }
    /// End the suspension.
    "account.restore" AccountRestore {
        /// `PARTY/NAME`.
        account: String,
    }
    /// End the account for good.
    "account.close" AccountClose {
        /// `PARTY/NAME`.
        account: String,
    }
    /// Let someone speak for a party's people.
    "issuer.add" IssuerAdd {
        /// The party.
        party: String,
        /// What its assertions bear as `iss`; left out, the origin of the URL,
        /// or the party's id where the key set is handed in.
        #[serde(default)]
        name: Option<String>,
        /// Where its key set is published.
        #[serde(default)]
        url: Option<String>,
        /// The key set itself.
        #[serde(default)]
        set: Option<UploadedFile>,
        /// The kinds of claim it may speak for.
        kinds: Vec<String>,
        /// The highest level it may claim, 0 to 4.
        max_level: u8,
        /// Whether each of its assertions is used once.
        #[serde(default)]
        single_use: bool,
    }
    /// Let it speak no more.
    "issuer.remove" IssuerRemove {
        /// The issuer.
        id: IssuerId,
    }
    /// Give an account an API key, shown once.
    "key.issue" KeyIssue {
        /// `PARTY/NAME`.
        account: String,
    }
    /// End a key.
    "key.revoke" KeyRevoke {
        /// The key's id.
        id: KeyId,
    }
    /// Serve a model; it starts sealed.
    "model.add" ModelAdd {
        /// The name callers use.
        id: String,
        /// Base URL of its server.
        upstream: String,
        /// `env:NAME` or `file:PATH` of the server's credential.
        #[serde(default)]
        credential: Option<String>,
        /// The model it may fall back to.
        #[serde(default)]
        previous: Option<String>,
        /// SHA-256 of the weights.
        #[serde(default)]
        weights: Option<Digest>,
        /// Most output tokens of one request.
        #[serde(default)]
        max_output: Option<u64>,
        /// What a token counts against spend; 1 without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        weight: Option<u64>,
        /// Most tokens that a request can make the model read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_input: Option<u64>,
    }
    /// Say how a model's use is metered. What is left out stays as it is.
    "model.meter" ModelMeter {
        /// The model.
        id: String,
        /// What a token counts against spend.
        #[serde(default)]
        weight: Option<u64>,
        /// Most tokens that a request can make the model read.
        #[serde(default)]
        max_input: Option<u64>,
    }
    /// Serve a model no more.
    "model.retire" ModelRetire {
        /// The model.
        id: String,
    }
    /// Set how far a model is released.
    "stage.set" StageSet {
        /// The model.
        model: String,
        /// The stage.
        stage: Stage,
        /// The parties admitted, one id a line; replaces the former list.
        #[serde(default)]
        list: Option<UploadedFile>,
    }
    /// Let a party use a model.
    "grant.add" GrantAdd {
        /// The party.
        party: String,
        /// The model.
        model: String,
        /// For what; `evaluation` and `defence` open those stages.
        #[serde(default)]
        purpose: Option<String>,
        /// For whom: a condition over claims that must be definitely true.
        #[serde(default)]
        population: Option<String>,
        /// Until when.
        #[serde(default)]
        expires: Option<Time>,
    }
    /// End a grant.
    "grant.revoke" GrantRevoke {
        /// The grant.
        id: GrantId,
    }
    /// Replace the operator's own rules by these Cedar files.
    "rules.set" RulesSet {
        /// The files.
        files: Vec<UploadedFile>,
    }
    /// Bring in base rules of this version that the log never had.
    "rules.upgrade" RulesUpgrade {
        /// The rules as they were shown.
        rules: Vec<PolicyText>,
    }
    /// Write an order down, not yet in force.
    "directive.draft" DirectiveDraft {
        /// The TOML file.
        file: UploadedFile,
        /// The lists it names.
        #[serde(default)]
        lists: Vec<UploadedFile>,
    }
    /// Put a draft in force.
    "directive.enact" DirectiveEnact {
        /// The directive's id.
        id: String,
    }
    /// End a directive by an authority's word.
    "directive.lift" DirectiveLift {
        /// The directive's id.
        id: String,
        /// Whose word it is.
        by: String,
    }
    /// Throw a draft away.
    "directive.drop" DirectiveDrop {
        /// The directive's id.
        id: String,
    }
    /// Consent to a draft, or to a drafted directive; the approval that
    /// suffices carries the draft out.
    "draft.approve" DraftApprove {
        /// The draft's id, or a directive's.
        id: String,
    }
    /// Throw a change away that waits for approval.
    "draft.drop" DraftDrop {
        /// The draft.
        id: DraftId,
    }
    /// Do something about a party or account.
    "measure.take" MeasureTake {
        /// As in `claim.add`.
        subject: String,
        /// What is done.
        kind: MeasureKind,
        /// Until when.
        #[serde(default)]
        until: Option<Time>,
        /// Why, in words the affected will read.
        reason: String,
        /// What a `throttle` allows: requests, as in `limit.set`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requests: Option<String>,
        /// Tokens, likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens: Option<String>,
        /// Requests at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        concurrent: Option<String>,
        /// Spend, likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spend: Option<String>,
        /// The campaign it rests on, of which the subject is a member.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<String>,
    }
    /// Do something about every member of a campaign that it is not done about
    /// already.
    "campaign.act" CampaignAct {
        /// The campaign.
        id: String,
        /// What is done; `observe` is on the associated too.
        kind: MeasureKind,
        /// Until when.
        #[serde(default)]
        until: Option<Time>,
        /// For how long from when it is done, in place of `until`, in hours:
        /// what waits for approval would else lose of its time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hours: Option<u32>,
        /// Why, in words the affected will read; left out, what the campaign
        /// is and the member's own evidence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What a `throttle` allows: requests, as in `limit.set`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requests: Option<String>,
        /// Tokens, likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens: Option<String>,
        /// Requests at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        concurrent: Option<String>,
        /// Spend, likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spend: Option<String>,
    }
    /// Say that a campaign is over, or was none.
    "campaign.end" CampaignEnd {
        /// The campaign.
        id: String,
        /// Why.
        reason: String,
    }
    /// Say how much may be taken. A field that is left out stays as it is;
    /// `none` ends it.
    "limit.set" LimitSet {
        /// `party:ID`, `account:PARTY/NAME`, either without the prefix, or
        /// `stage:STAGE`, which is everybody together at that stage.
        subject: String,
        /// Requests, as `10/min`; several windows with commas.
        #[serde(default)]
        requests: Option<String>,
        /// Tokens read and written, likewise.
        #[serde(default)]
        tokens: Option<String>,
        /// Requests at once, a number.
        #[serde(default)]
        concurrent: Option<String>,
        /// Tokens times the model's weight, as `1000000/day`.
        #[serde(default)]
        spend: Option<String>,
    }
    /// Undo a measure.
    "measure.lift" MeasureLift {
        /// The measure.
        id: MeasureId,
    }
    /// Keep everything about someone until it is lifted.
    "hold.place" HoldPlace {
        /// As in `claim.add`.
        subject: String,
        /// Why.
        reason: String,
        /// The legal ground.
        #[serde(default)]
        citation: Option<String>,
    }
    /// Keep it no longer.
    "hold.lift" HoldLift {
        /// The hold.
        id: HoldId,
    }
    /// Erase private parts for good: of everything about someone, of a
    /// campaign, or of one act.
    "private.erase" PrivateErase {
        /// As in `claim.add`, or `campaign:ID`.
        #[serde(default)]
        subject: Option<String>,
        /// The act.
        #[serde(default)]
        act: Option<u64>,
        /// Why.
        reason: String,
    }
    /// Read what a request said, once others approved it. Written down by
    /// `POST /admin/v1/exchange/text`, and by nothing else.
    "text.read" TextRead {
        /// The exchange.
        exchange: String,
        /// Whose it is.
        account: AccountId,
        /// Why.
        reason: String,
    }
    /// Decide an appeal; not by the author of what it is against.
    "appeal.decide" AppealDecide {
        /// The appeal.
        id: AppealId,
        /// How it ends.
        ruling: Ruling,
        /// Why.
        reason: String,
    }
}

const fn institution() -> PartyKind {
    PartyKind::Institution
}
