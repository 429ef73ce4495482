//! How each kind of act of a random history is made.

use super::{Author, one};
use crate::act::{Act, Parts, PolicyText, SealedText, private, public};
use crate::digest::Digest;
use crate::directive::{Answer, DirectiveKind, DirectiveText, Disclosure, Exception, ListRows, Unknown};
use crate::id::{
    AccountId, AppealId, ClaimId, DirectiveId, DraftId, GrantId, HoldId, IssuerId, KeyId, LogId, MeasureId, ModelId,
    OperatorId, PartyId, PersonId, TokenId,
};
use crate::limits::{Limits, Rate, Window};
use crate::value::{Value, ValueType};
use crate::campaign::{Bits, Seen};
use crate::words::{CampaignRole, CampaignStatus, Describes, MeasureKind, PartyKind, Role, Ruling, Stage};

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
            accounts: 2,
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

fn party_add(author: &mut Author, [kind, ..]: [u8; 6], _: u64) -> Made {
    let id = PartyId::from_bytes(author.bytes());
    author.parties.push(id);
    let handle = format!("party-{}", author.drawn);
    let public = public::PartyAdd { kind: one(PartyKind::ALL, kind)? };
    let private = private::PartyAdd { name: handle.clone(), handle, lei: None, ror: None };
    Some((id.to_string(), Act::PartyAdd(parts(public, private))))
}

fn account_add(author: &mut Author, [party, ..]: [u8; 6], _: u64) -> Made {
    let party = one(&author.parties, party)?;
    let id = AccountId::from_bytes(author.bytes());
    author.accounts.push(id);
    let private = private::AccountAdd { handle: format!("account-{}", author.drawn) };
    Some((id.to_string(), Act::AccountAdd(parts(public::AccountAdd { party }, private))))
}

fn key_issue(author: &mut Author, [account, digest, ..]: [u8; 6], _: u64) -> Made {
    let account = one(&author.accounts, account)?;
    let key = KeyId::from_bytes(author.bytes());
    author.keys.push(key);
    // Few secrets, so that some are brought twice.
    let private = private::KeyIssue { digest: Digest([digest % 8; 32]) };
    Some((account.to_string(), Act::KeyIssue(parts(public::KeyIssue { key }, private))))
}

/// A person, an account, or its like a party.
fn holder(author: &Author, pick: u8) -> Option<String> {
    if pick.is_multiple_of(5) && !author.persons.is_empty() {
        return one(&author.persons, pick / 5).map(|id| id.to_string());
    }
    let account = one(&author.accounts, pick / 2).map(|id| id.to_string());
    let party = one(&author.parties, pick / 2).map(|id| id.to_string());
    if pick.is_multiple_of(2) { account } else { party }
}

fn claim_add(author: &mut Author, [subject, kind, value, level, expires, _]: [u8; 6], _: u64) -> Made {
    let subject = holder(author, subject)?;
    let claim = ClaimId::from_bytes(author.bytes());
    author.claims.push(claim);
    let (kind, value_type, _) = one(KINDS, kind)?;
    let value = match value_type {
        ValueType::Bool => Value::Bool(value % 2 == 0),
        ValueType::Long => Value::Long(i64::from(value % 3)),
        ValueType::String => Value::String(["research", "health"][usize::from(value % 2)].into()),
        ValueType::Set => Value::Set(["XA".into(), ["XB", "XC"][usize::from(value % 2)].into()].into()),
    };
    let public = public::ClaimAdd { claim, kind: kind.into(), level: level % 3, expires: author.after(expires) };
    let private = private::ClaimAdd { value, by: "registry".into(), evidence: Digest::of(b"evidence") };
    Some((subject, Act::ClaimAdd(parts(public, private))))
}

fn model_add(author: &mut Author, [previous, output, ..]: [u8; 6], _: u64) -> Made {
    let id = ModelId::from_bytes(author.bytes());
    let name = format!("model-{}", author.models.len());
    let previous = one(&author.models, previous).map(|(_, name)| name);
    author.models.push((id, name.clone()));
    let public = public::ModelAdd { model: name, previous, weights: None, max_output: Some(u64::from(output)) };
    let private = private::ModelAdd { upstream: "http://127.0.0.1:9".into(), credential: None };
    Some((id.to_string(), Act::ModelAdd(parts(public, private))))
}

/// Some of the parties; in some lists, one twice.
fn rows(author: &Author, list: &str, pick: u8) -> ListRows {
    let some = author.parties.iter().zip(0_u8..).filter(|(_, place)| pick >> (place % 8) & 1 == 1);
    let mut parties: Vec<PartyId> = some.map(|(party, _)| *party).collect();
    parties.extend(parties.first().copied().filter(|_| pick.is_multiple_of(3)));
    ListRows { list: list.to_owned(), digest: Digest::of(&[pick]), parties }
}

fn stage_set(author: &mut Author, [model, stage, list, ..]: [u8; 6], _: u64) -> Made {
    let (model, _) = one(&author.models, model)?;
    let stage = one(Stage::ALL, stage)?;
    let list = (list % 2 == 0).then(|| rows(author, "list.csv", list));
    let public = public::StageSet { stage, list: list.as_ref().map(|list| list.parties.len() as u64) };
    Some((model.to_string(), Act::StageSet(parts(public, private::StageSet { list }))))
}

fn grant_add(author: &mut Author, [party, model, purpose, expires, ..]: [u8; 6], _: u64) -> Made {
    let (party, (_, model)) = (one(&author.parties, party)?, one(&author.models, model)?);
    let grant = GrantId::from_bytes(author.bytes());
    author.grants.push(grant);
    let public = public::GrantAdd { grant, model, population: None, expires: author.after(expires) };
    let private = private::GrantAdd {
        purpose: one(&["evaluation", "defence"], purpose).filter(|_| purpose > 99).map(Into::into),
    };
    Some((party.to_string(), Act::GrantAdd(parts(public, private))))
}

fn directive_draft(author: &mut Author, [model, unknown, until, lists, ..]: [u8; 6], size: u64) -> Made {
    let id = DirectiveId::from_bytes(author.bytes());
    let model = one(&author.models, model).map(|(_, name)| name);
    let models: Vec<String> = model.into_iter().collect();
    let exception = |list: &str| Exception { list: list.into(), models: models.clone() };
    let except = ["a.csv", "b.csv"].iter().take(usize::from(lists % 3)).map(|list| exception(list)).collect();
    let unknown = match (unknown % 3, author.after(until)) {
        (0, _) | (_, None) => Unknown::Deny,
        (1, _) => Unknown::Allow,
        (_, Some(until)) => Unknown::AllowUntil(until),
    };
    let text = DirectiveText {
        id: format!("order-{}", author.drawn),
        authority: "an authority".into(),
        instrument: None,
        citation: None,
        kind: DirectiveKind::Order,
        received: author.now,
        effective: None,
        models,
        forbid: "principal.us_person == false".into(),
        except,
        unknown,
        min_level: 1,
        answer: Answer::Deny,
        disclosure: Disclosure::Public,
        notice: None,
        amends: None,
    };
    author.drafts.push((id, size, text.clone()));
    let private = private::DirectiveDraft { text, lists: vec![] };
    Some((id.to_string(), Act::DirectiveDraft(parts(public::DirectiveDraft {}, private))))
}

fn sealed(text: &DirectiveText) -> SealedText {
    SealedText::new(text, [5; 32]).unwrap()
}

fn directive_enact(author: &mut Author, [directive, amends, seal, lists, ..]: [u8; 6], _: u64) -> Made {
    let (id, draft, text) = one(&author.drafts, directive)?;
    let amends = one(&author.drafts, amends).filter(|_| amends % 3 == 0).map(|(id, ..)| id);
    let lists = text.except.iter().map(|exception| rows(author, &exception.list, lists)).collect();
    let is_sealed = seal % 3 == 0;
    let public = public::DirectiveEnact {
        disclosure: if is_sealed { Disclosure::Sealed } else { Disclosure::Public },
        text: (!is_sealed).then(|| text.clone()),
        sealed: is_sealed.then(|| sealed(&text).commitment().unwrap()),
        draft,
        amends,
        preview: None,
    };
    let private = private::DirectiveEnact { text: is_sealed.then(|| sealed(&text)), lists };
    Some((id.to_string(), Act::DirectiveEnact(parts(public, private))))
}

fn measure_take(author: &mut Author, [subject, kind, until, ..]: [u8; 6], _: u64) -> Made {
    let subject = holder(author, subject)?;
    let measure = MeasureId::from_bytes(author.bytes());
    author.measures.push(measure);
    let public = public::MeasureTake { measure, kind: one(MeasureKind::ALL, kind)?, until: author.after(until) };
    Some((subject, Act::MeasureTake(parts(public, private::MeasureTake { reason: "observed".into() }))))
}

/// Some limits, or none.
fn limits(pick: u8) -> Limits {
    let rate = |window| Rate { amount: u64::from(pick % 5) + 1, window };
    let requests = [Window::Minute, Window::Day].into_iter().take(usize::from(pick % 3)).map(rate).collect();
    Limits { requests, concurrent: (pick % 2 == 1).then_some(u64::from(pick)), ..Limits::default() }
}

fn person_add(author: &mut Author, [issuer, sub, ..]: [u8; 6], _: u64) -> Made {
    let issuer = one(&author.issuers, issuer)?;
    let id = PersonId::from_bytes(author.bytes());
    author.persons.push(id);
    // Few names, so that some are recorded twice.
    let private = private::PersonAdd { sub: format!("sub-{}", sub % 4) };
    Some((id.to_string(), Act::PersonAdd(parts(public::PersonAdd { issuer }, private))))
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

fn private_erase(author: &mut Author, [pick, ..]: [u8; 6], size: u64) -> Made {
    let known: Vec<_> = author.erasable.range(..size).map(|(_, known)| known.clone()).collect();
    let (erased, subject) = one(&known, pick)?;
    let private = private::PrivateErase { reason: "asked for".into() };
    // An appeal's own id is no holder's: somebody else's stands in.
    let subject = if erased.kind.starts_with("appeal") { author.parties.first()?.to_string() } else { subject };
    let subject = if matches!(&*erased.kind, "issuer.keys" | "draft.add") {
        author.parties.first()?.to_string()
    } else {
        subject
    };
    Some((subject, Act::PrivateErase(parts(public::PrivateErase { acts: vec![erased] }, private))))
}

fn appeal_file(author: &mut Author, [account, measure, ..]: [u8; 6], _: u64) -> Made {
    let account = one(&author.accounts, account)?;
    let appeal = AppealId::from_bytes(author.bytes());
    author.appeals.push(appeal);
    let public = public::AppealFile { appeal, measure: one(&author.measures, measure), due: author.now };
    let private = private::AppealFile { decision: None, account, text: "we did not".into(), rules: vec![] };
    Some((appeal.to_string(), Act::AppealFile(parts(public, private))))
}

fn appeal_decide(author: &mut Author, [appeal, ruling, ..]: [u8; 6], _: u64) -> Made {
    let appeal = one(&author.appeals, appeal)?;
    let public = public::AppealDecide { appeal, ruling: one(Ruling::ALL, ruling)? };
    Some((
        appeal.to_string(),
        Act::AppealDecide(parts(public, private::AppealDecide { reason: "it was wrong".into() })),
    ))
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
