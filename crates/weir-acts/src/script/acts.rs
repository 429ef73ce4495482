//! How each kind of act of a random history is made.

mod holders;
mod models;

use super::{Author, one};
use crate::act::{Act, Parts, PolicyText, private, public};
use crate::campaign::{Bits, Seen};
use crate::digest::Digest;
use crate::id::{DraftId, HoldId, IssuerId, LogId, OperatorId, TokenId};
use crate::value::ValueType;
use crate::words::{CampaignRole, CampaignStatus, Describes, Role, Stage};

use holders::{
    account_add, appeal_decide, appeal_file, claim_add, grant_add, holder, key_issue, limits, measure_take, party_add,
    person_add, private_erase,
};
use models::{directive_draft, directive_enact, model_add, sealed, stage_set};

/// Subject and act; nothing where there is nothing yet to act on.
type Made = Option<(String, Act)>;
type Maker = fn(&mut Author, [u8; 6], u64) -> Made;

/// Every kind that a running log sees, with how one is made; the last lets
/// time pass.
pub(super) const MAKERS: &[(&str, Maker)] = &[
    ("rules.set", rules_set),
    ("claim.declare", claim_declare),
    ("log.key", |_, [a, b, c, d, ..], at| {
        let vkey = format!("example.org/weir+{a:02x}{b:02x}{c:02x}{d:02x}+k");
        let until = crate::time::Time::from_millis(i64::try_from(at).unwrap_or(0));
        Some((nobody(), empty(Act::LogKey, public::LogKey { vkey, until, statement: String::new() })))
    }),
    ("operator.add", operator_add),
    ("operator.revoke", |author, [pick, ..], _| {
        Some((one(&author.operators, pick)?.0.to_string(), empty(Act::OperatorRevoke, public::OperatorRevoke {})))
    }),
    ("operator.token.issue", token_issue),
    ("operator.token.revoke", |author, [pick, ..], _| {
        let (operator, token) = one(&author.operators, pick)?;
        Some((operator.to_string(), empty(Act::TokenRevoke, public::TokenRevoke { tokens: vec![token] })))
    }),
    ("party.add", party_add),
    ("party.close", |author, [pick, rare, ..], _| {
        let party = one(&author.parties, pick).filter(|_| rare % 4 == 0)?;
        Some((party.to_string(), empty(Act::PartyClose, public::PartyClose {})))
    }),
    ("claim.add", claim_add),
    ("claim.add", claim_add),
    ("claim.retract", |author, [pick, ..], _| {
        Some((nobody(), empty(Act::ClaimRetract, public::ClaimRetract { claim: one(&author.claims, pick)? })))
    }),
    ("account.add", account_add),
    ("account.suspend", |author, [pick, ..], _| {
        Some((one(&author.accounts, pick)?.to_string(), empty(Act::AccountSuspend, public::AccountSuspend {})))
    }),
    ("account.restore", |author, [pick, ..], _| {
        Some((one(&author.accounts, pick)?.to_string(), empty(Act::AccountRestore, public::AccountRestore {})))
    }),
    ("account.close", |author, [pick, rare, ..], _| {
        let account = one(&author.accounts, pick).filter(|_| rare % 4 == 0)?;
        Some((account.to_string(), empty(Act::AccountClose, public::AccountClose {})))
    }),
    ("key.issue", key_issue),
    ("key.revoke", |author, [pick, ..], _| {
        Some((nobody(), empty(Act::KeyRevoke, public::KeyRevoke { key: one(&author.keys, pick)? })))
    }),
    ("model.add", model_add),
    ("model.meter", |author, [pick, weight, ..], _| {
        let (model, _) = one(&author.models, pick)?;
        let public = public::ModelMeter { weight: Some(u64::from(weight)), max_input: None };
        Some((model.to_string(), empty(Act::ModelMeter, public)))
    }),
    ("model.retire", |author, [pick, rare, ..], _| {
        let (model, _) = one(&author.models, pick).filter(|_| rare % 4 == 0)?;
        Some((model.to_string(), empty(Act::ModelRetire, public::ModelRetire {})))
    }),
    ("stage.set", stage_set),
    ("stage.set", stage_set),
    ("grant.add", grant_add),
    ("grant.revoke", |author, [pick, ..], _| {
        Some((nobody(), empty(Act::GrantRevoke, public::GrantRevoke { grant: one(&author.grants, pick)? })))
    }),
    ("directive.draft", directive_draft),
    ("directive.enact", directive_enact),
    ("directive.enact", directive_enact),
    ("directive.lift", |author, [pick, ..], _| {
        let (id, ..) = one(&author.drafts, pick)?;
        Some((id.to_string(), empty(Act::DirectiveLift, public::DirectiveLift { by: "an authority".into() })))
    }),
    ("directive.drop", |author, [pick, ..], _| {
        Some((one(&author.drafts, pick)?.0.to_string(), empty(Act::DirectiveDrop, public::DirectiveDrop {})))
    }),
    ("directive.disclose", |author, [pick, ..], _| {
        let (id, _, text) = one(&author.drafts, pick)?;
        Some((id.to_string(), empty(Act::DirectiveDisclose, public::DirectiveDisclose { text: sealed(&text) })))
    }),
    ("issuer.add", |author, [pick, how, ..], _| {
        let party = one(&author.parties, pick)?;
        let issuer = IssuerId::from_bytes(author.bytes());
        author.issuers.push(issuer);
        let kinds = vec!["us_person".into()];
        let public = public::IssuerAdd { issuer, kinds, max_level: how % 5, single_use: how % 2 == 0, keys: None };
        let private = private::IssuerAdd { name: "https://id.example".into(), url: None, set: None };
        Some((party.to_string(), Act::IssuerAdd(parts(public, private))))
    }),
    ("issuer.keys", |author, [pick, ..], _| {
        let public = public::IssuerKeys { issuer: one(&author.issuers, pick)?, keys: Digest::of(b"{}") };
        Some((nobody(), Act::IssuerKeys(parts(public, private::IssuerKeys { set: "{}".into() }))))
    }),
    ("issuer.remove", |author, [pick, ..], _| {
        Some((nobody(), empty(Act::IssuerRemove, public::IssuerRemove { issuer: one(&author.issuers, pick)? })))
    }),
    ("draft.add", |author, _, _| {
        let id = DraftId::from_bytes(author.bytes());
        author.changes.push(id);
        let public = public::DraftAdd { command: "rules.set".into() };
        Some((id.to_string(), Act::DraftAdd(parts(public, private::DraftAdd { with: "{}".into() }))))
    }),
    ("draft.approve", |author, [pick, ..], _| {
        let saw = Digest::of(b"draft");
        Some((one(&author.changes, pick)?.to_string(), empty(Act::DraftApprove, public::DraftApprove { saw })))
    }),
    ("draft.close", |author, [pick, how, ..], _| {
        let public = public::DraftClose { carried_out: how % 2 == 0 };
        Some((one(&author.changes, pick)?.to_string(), empty(Act::DraftClose, public)))
    }),
    ("measure.take", measure_take),
    ("measure.limit", |author, [pick, how, ..], _| {
        let public = public::MeasureLimit { measure: one(&author.measures, pick)?, limits: limits(how) };
        Some((nobody(), empty(Act::MeasureLimit, public)))
    }),
    ("limit.set", |author, [pick, how, stage, ..], _| {
        let stage = one(Stage::ALL, stage).filter(|_| stage % 3 == 0);
        let subject = if stage.is_some() { nobody() } else { holder(author, pick)? };
        Some((subject, empty(Act::LimitSet, public::LimitSet { stage, limits: limits(how) })))
    }),
    ("measure.lift", |author, [pick, ..], _| {
        Some((nobody(), empty(Act::MeasureLift, public::MeasureLift { measure: one(&author.measures, pick)? })))
    }),
    ("appeal.file", appeal_file),
    ("appeal.decide", appeal_decide),
    ("person.add", person_add),
    ("records.seal", records_seal),
    ("exchanges.seal", |author, [rows, missing, ..], _| {
        let (first, rows) = (author.exchanges.last().copied().unwrap_or(0) + 1, u64::from(rows % 4) + 1);
        let last = first + rows - 1 + u64::from(missing % 2);
        author.exchanges.push(last);
        let file = crate::records::exchanges_name(crate::time::Time::EPOCH, first);
        let public = public::ExchangesSeal { file, first, last, rows, bytes: rows, digest: Digest::of(b"rows") };
        Some((nobody(), empty(Act::ExchangesSeal, public)))
    }),
    ("exchanges.delete", |author, [pick, ..], _| {
        let first = one(&author.exchanges, pick)? + 1;
        let files = vec![crate::records::exchanges_name(crate::time::Time::EPOCH, first)];
        let public = public::ExchangesDelete { files, rule: "authority/retention".into() };
        Some((nobody(), empty(Act::ExchangesDelete, public)))
    }),
    ("records.delete", |author, [pick, ..], _| {
        let number = u64::from(pick) % (author.sealed.0 + 1);
        let segments = vec![format!("{number:08}.jsonl")];
        let public = public::RecordsDelete { segments, rule: "authority/retention".into() };
        Some((nobody(), empty(Act::RecordsDelete, public)))
    }),
    ("hold.place", |author, [subject, rare, ..], _| {
        let subject = holder(author, subject).filter(|_| rare % 4 == 0)?;
        let hold = HoldId::from_bytes(author.bytes());
        author.holds.push(hold);
        let private = private::HoldPlace { reason: "a dispute".into(), citation: None };
        Some((subject, Act::HoldPlace(parts(public::HoldPlace { hold }, private))))
    }),
    ("hold.lift", |author, [pick, ..], _| {
        Some((nobody(), empty(Act::HoldLift, public::HoldLift { hold: one(&author.holds, pick)? })))
    }),
    ("private.erase", private_erase),
    ("private.erase", private_erase),
    ("campaign.found", |_, [pick, status, ..], _| {
        let public = public::CampaignFound {
            status: one(CampaignStatus::ALL, status)?,
            log2_e: Bits::of(f64::from(pick)),
            accounts: u64::from(pick),
            exchanges: 0,
            growing: status % 2 == 0,
            alarm: crate::time::Time::EPOCH,
        };
        let private = private::CampaignFound { dossier: "{}".into(), whole: None };
        Some((campaign(pick), Act::CampaignFound(parts(public, private))))
    }),
    ("campaign.update", |_, [pick, status, ..], _| {
        let public = public::CampaignUpdate {
            status: one(CampaignStatus::ALL, status)?,
            log2_e: Bits::of(-1.5),
            accounts: u64::from(pick % 3),
            exchanges: 1,
            growing: false,
        };
        let private = private::CampaignUpdate { dossier: "{}".into(), whole: Some(Digest::of(b"{}")) };
        Some((campaign(pick), Act::CampaignUpdate(parts(public, private))))
    }),
    ("campaign.members", |author, [pick, account, role, ..], _| {
        let seen = Seen {
            account: one(&author.accounts, account)?,
            role: one(CampaignRole::ALL, role)?,
            bits: Bits::of(f64::from(role)),
            since: crate::time::Time::EPOCH,
            line: "{}".into(),
        };
        let private = private::CampaignMembers { accounts: vec![seen] };
        Some((campaign(pick), Act::CampaignMembers(parts(public::CampaignMembers { count: 1 }, private))))
    }),
    ("campaign.end", |_, [pick, rare, ..], _| {
        let private = private::CampaignEnd { reason: "it was a class".into() };
        let act = Act::CampaignEnd(parts(public::CampaignEnd {}, private));
        (rare % 4 == 0).then(|| (campaign(pick), act))
    }),
    ("measure.evidence", |author, [pick, measure, ..], _| {
        let public = public::MeasureEvidence { measure: one(&author.measures, measure)?, bits: Bits::of(20.0) };
        Some((campaign(pick), empty(Act::MeasureEvidence, public)))
    }),
    ("detector.health", |_, [pick, ..], _| {
        let public = public::DetectorHealth { proposes: pick % 2 == 0, log2_e: Bits::of(f64::from(pick)) };
        Some((nobody(), empty(Act::DetectorHealth, public)))
    }),
    ("text.hand", |author, [pick, ..], _| {
        let (read, account) = one(&author.readings, pick)?;
        Some((account, empty(Act::TextHand, public::TextHand { read })))
    }),
    ("text.read", |author, [pick, ..], at| {
        let private = private::TextRead { reason: "a dispute".into() };
        let public = public::TextRead { exchange: "x-00000001-0000002a".into() };
        author.readings.push((at, one(&author.accounts, pick)?.to_string()));
        Some((one(&author.accounts, pick)?.to_string(), Act::TextRead(parts(public, private))))
    }),
    ("", |_, _, _| None),
];

/// Where in [`MAKERS`] a kind is.
pub(super) fn maker(kind: &str) -> usize {
    MAKERS.iter().position(|(name, _)| *name == kind).unwrap()
}

fn parts<P, S>(public: P, private: S) -> Parts<P, S> {
    Parts { public, private: Some(private) }
}

fn empty<P, S>(act: fn(Parts<P, S>) -> Act, public: P) -> Act {
    act(Parts { public, private: None })
}

/// One of a few campaigns.
fn campaign(pick: u8) -> String {
    format!("camp{}-20260503", pick % 4)
}

/// The subject of acts whose public part names what they are about.
fn nobody() -> String {
    LogId::from_bytes([0; 10]).to_string()
}

pub(super) fn log_open() -> Act {
    Act::LogOpen(parts(public::LogOpen { origin: "example.org/weir".into(), vkey: "v".into() }, private::LogOpen {}))
}

const KINDS: &[(&str, ValueType, Describes)] = &[
    ("age", ValueType::Long, Describes::Person),
    ("sector", ValueType::String, Describes::Party),
    ("nationalities", ValueType::Set, Describes::Person),
    ("us_person", ValueType::Bool, Describes::Account),
];

pub(super) fn kinds() -> Vec<Act> {
    let declared = |(name, value_type, describes): &(&str, ValueType, Describes)| {
        let public = public::ClaimDeclare { claim: (*name).into(), r#type: *value_type, describes: *describes };
        empty(Act::ClaimDeclare, public)
    };
    KINDS.iter().map(declared).collect()
}

fn claim_declare(author: &mut Author, [pick, ..]: [u8; 6], _: u64) -> Made {
    let public = public::ClaimDeclare {
        claim: format!("kind_{}", pick % 8),
        r#type: ValueType::Bool,
        describes: Describes::Person,
    };
    let _counted = author.bytes();
    Some((nobody(), empty(Act::ClaimDeclare, public)))
}

fn rules_set(author: &mut Author, [pick, parts, ..]: [u8; 6], _: u64) -> Made {
    let id = format!("own-{}", author.rules.len());
    let removed = one(&author.rules, pick).filter(|_| pick % 2 == 0).into_iter().collect();
    let policies = vec![PolicyText { id: id.clone(), cedar: "permit (principal, action, resource);".into() }];
    author.rules.push(id);
    let (part, of) = [(1, 1), (1, 1), (1, 2), (2, 2)][usize::from(parts % 4)];
    Some((nobody(), empty(Act::RulesSet, public::RulesSet { part, of, policies, removed })))
}

fn operator_add(author: &mut Author, [pick, ..]: [u8; 6], _: u64) -> Made {
    let (id, token) = (OperatorId::from_bytes(author.bytes()), TokenId::from_bytes(author.bytes()));
    author.operators.push((id, token));
    let roles = one(Role::ALL, pick).into_iter().collect();
    Some((
        id.to_string(),
        Act::OperatorAdd(parts(public::OperatorAdd { roles }, private::OperatorAdd { name: "an operator".into() })),
    ))
}

fn token_issue(author: &mut Author, [pick, digest, ..]: [u8; 6], _: u64) -> Made {
    let (operator, token) = one(&author.operators, pick)?;
    let private = private::TokenIssue { digest: Digest([digest; 32]) };
    Some((operator.to_string(), Act::TokenIssue(parts(public::TokenIssue { token }, private))))
}

fn records_seal(author: &mut Author, [count, ..]: [u8; 6], _: u64) -> Made {
    let (number, last) = author.sealed;
    let count = u64::from(count % 4) + 1;
    author.sealed = (number + 1, last + count);
    let public = public::RecordsSeal {
        segment: format!("{:08}.jsonl", number + 1),
        first: last + 1,
        last: last + count,
        count,
        bytes: count,
        digest: Digest::of(b"lines"),
        root: Digest::of(b"root"),
        recovered: number % 2 == 0,
        cut: 0,
        unkept: 0,
    };
    Some((nobody(), empty(Act::RecordsSeal, public)))
}

#[test]
fn every_kind_but_the_opening_is_made() {
    // Imports have makers of their own, in `import/tests.rs`.
    let mut made: Vec<&str> = MAKERS.iter().map(|(kind, _)| *kind).chain(["log.open", "party.import"]).collect();
    made.sort_unstable();
    made.dedup();
    let mut all: Vec<&str> = Act::KINDS.iter().copied().chain([""]).collect();
    all.sort_unstable();
    assert_eq!(made, all);
}
