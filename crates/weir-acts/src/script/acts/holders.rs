//! Acts about parties, accounts and people: who they are, what is claimed of
//! them, what they are let and not let do, and what they answer.

use super::{KINDS, Made, parts};
use crate::act::{Act, private, public};
use crate::digest::Digest;
use crate::id::{AccountId, AppealId, ClaimId, GrantId, KeyId, MeasureId, PartyId, PersonId};
use crate::limits::{Limits, Rate, Window};
use crate::script::{Author, one};
use crate::value::{Value, ValueType};
use crate::words::{MeasureKind, PartyKind, Ruling};

pub(super) fn party_add(author: &mut Author, [kind, ..]: [u8; 6], _: u64) -> Made {
    let id = PartyId::from_bytes(author.bytes());
    author.parties.push(id);
    let handle = format!("party-{}", author.drawn);
    let public = public::PartyAdd { kind: one(PartyKind::ALL, kind)? };
    let private = private::PartyAdd { name: handle.clone(), handle, lei: None, ror: None };
    Some((id.to_string(), Act::PartyAdd(parts(public, private))))
}

pub(super) fn account_add(author: &mut Author, [party, ..]: [u8; 6], _: u64) -> Made {
    let party = one(&author.parties, party)?;
    let id = AccountId::from_bytes(author.bytes());
    author.accounts.push(id);
    let private = private::AccountAdd { handle: format!("account-{}", author.drawn) };
    Some((id.to_string(), Act::AccountAdd(parts(public::AccountAdd { party }, private))))
}

pub(super) fn key_issue(author: &mut Author, [account, digest, ..]: [u8; 6], _: u64) -> Made {
    let account = one(&author.accounts, account)?;
    let key = KeyId::from_bytes(author.bytes());
    author.keys.push(key);
    // Few secrets, so that some are brought twice.
    let private = private::KeyIssue { digest: Digest([digest % 8; 32]) };
    Some((account.to_string(), Act::KeyIssue(parts(public::KeyIssue { key }, private))))
}

/// A person, an account, or its like a party.
pub(super) fn holder(author: &Author, pick: u8) -> Option<String> {
    if pick.is_multiple_of(5) && !author.persons.is_empty() {
        return one(&author.persons, pick / 5).map(|id| id.to_string());
    }
    let account = one(&author.accounts, pick / 2).map(|id| id.to_string());
    let party = one(&author.parties, pick / 2).map(|id| id.to_string());
    if pick.is_multiple_of(2) { account } else { party }
}

pub(super) fn person_add(author: &mut Author, [issuer, sub, ..]: [u8; 6], _: u64) -> Made {
    let issuer = one(&author.issuers, issuer)?;
    let id = PersonId::from_bytes(author.bytes());
    author.persons.push(id);
    // Few names, so that some are recorded twice.
    let private = private::PersonAdd { sub: format!("sub-{}", sub % 4) };
    Some((id.to_string(), Act::PersonAdd(parts(public::PersonAdd { issuer }, private))))
}

pub(super) fn claim_add(author: &mut Author, [subject, kind, value, level, expires, _]: [u8; 6], _: u64) -> Made {
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

pub(super) fn grant_add(author: &mut Author, [party, model, purpose, expires, ..]: [u8; 6], _: u64) -> Made {
    let (party, (_, model)) = (one(&author.parties, party)?, one(&author.models, model)?);
    let grant = GrantId::from_bytes(author.bytes());
    author.grants.push(grant);
    let public = public::GrantAdd { grant, model, population: None, expires: author.after(expires) };
    let private = private::GrantAdd {
        purpose: one(&["evaluation", "defence"], purpose).filter(|_| purpose > 99).map(Into::into),
    };
    Some((party.to_string(), Act::GrantAdd(parts(public, private))))
}

pub(super) fn measure_take(author: &mut Author, [subject, kind, until, ..]: [u8; 6], _: u64) -> Made {
    let subject = holder(author, subject)?;
    let measure = MeasureId::from_bytes(author.bytes());
    author.measures.push(measure);
    let public = public::MeasureTake { measure, kind: one(MeasureKind::ALL, kind)?, until: author.after(until) };
    Some((subject, Act::MeasureTake(parts(public, private::MeasureTake { reason: "observed".into() }))))
}

/// Some limits, or none.
pub(super) fn limits(pick: u8) -> Limits {
    let rate = |window| Rate { amount: u64::from(pick % 5) + 1, window };
    let requests = [Window::Minute, Window::Day].into_iter().take(usize::from(pick % 3)).map(rate).collect();
    Limits { requests, concurrent: (pick % 2 == 1).then_some(u64::from(pick)), ..Limits::default() }
}

pub(super) fn appeal_file(author: &mut Author, [account, measure, ..]: [u8; 6], _: u64) -> Made {
    let account = one(&author.accounts, account)?;
    let appeal = AppealId::from_bytes(author.bytes());
    author.appeals.push(appeal);
    let public = public::AppealFile { appeal, measure: one(&author.measures, measure), due: author.now };
    let private = private::AppealFile { decision: None, account, text: "we did not".into(), rules: vec![] };
    Some((appeal.to_string(), Act::AppealFile(parts(public, private))))
}

pub(super) fn appeal_decide(author: &mut Author, [appeal, ruling, ..]: [u8; 6], _: u64) -> Made {
    let appeal = one(&author.appeals, appeal)?;
    let public = public::AppealDecide { appeal, ruling: one(Ruling::ALL, ruling)? };
    Some((
        appeal.to_string(),
        Act::AppealDecide(parts(public, private::AppealDecide { reason: "it was wrong".into() })),
    ))
}

pub(super) fn private_erase(author: &mut Author, [pick, ..]: [u8; 6], size: u64) -> Made {
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
