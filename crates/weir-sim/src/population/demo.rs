//! The dozen parties and four models of `weir demo`.
//!
//! Written as a table, because a reader compares rows: who is where, how well
//! known, and what is known of each account's holder.

use super::{AccountSeed, ClaimSeed, ClaimValue, GrantSeed, ModelSeed, PartyKind, PartySeed, claim};
use crate::random::fingerprint;

/// What is known of an account's holder.
#[derive(Clone, Copy)]
enum Holder {
    /// Verified a US person.
    Us,
    /// Verified not one; the nationality is an invented code.
    Foreign(&'static str),
    /// Nobody has verified anything.
    Unverified,
    /// Only said, never checked: level 0, which an order may disregard.
    SelfDeclared(bool),
    /// Two verifiers of equal standing disagree.
    Disputed,
}
use Holder::{Disputed, Foreign, SelfDeclared, Unverified, Us};

struct Row {
    id: &'static str,
    name: &'static str,
    kind: PartyKind,
    jurisdiction: &'static str,
    /// Nothing when nobody has looked at the business yet.
    kyb_level: Option<i64>,
    sector: &'static str,
    grants: &'static [GrantSeed],
    accounts: &'static [(&'static str, Holder)],
}

const DEFENCE: &[GrantSeed] = &[GrantSeed { model: "atlas-5", purpose: "defence" }];
const RESEARCH: &[GrantSeed] = &[GrantSeed { model: "mythos-5", purpose: "research" }];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { id: "acme", name: "Acme Instruments", kind: PartyKind::Institution,
        jurisdiction: "XA", kyb_level: Some(2), sector: "manufacturing", grants: &[],
        accounts: &[("design", Us), ("support", Us), ("field-team", Foreign("XB")), ("intern", Unverified)] },
    Row { id: "borealis-university", name: "Borealis University", kind: PartyKind::Institution,
        jurisdiction: "XB", kyb_level: Some(2), sector: "education", grants: RESEARCH,
        accounts: &[("physics", Foreign("XB")), ("linguistics", Foreign("XC")), ("visiting", Us),
            ("library", Unverified), ("exchange", Disputed)] },
    Row { id: "cobalt-rail", name: "Cobalt Rail", kind: PartyKind::Institution,
        jurisdiction: "XC", kyb_level: Some(1), sector: "transport", grants: &[],
        accounts: &[("timetable", Foreign("XC")), ("planning", Unverified)] },
    Row { id: "dunlin-press", name: "Dunlin Press", kind: PartyKind::Institution,
        jurisdiction: "XA", kyb_level: Some(1), sector: "media", grants: &[],
        accounts: &[("newsroom", Us), ("translation", Foreign("XD")), ("archive", SelfDeclared(true))] },
    Row { id: "ember-clinic", name: "Ember Clinic", kind: PartyKind::Institution,
        jurisdiction: "XD", kyb_level: Some(3), sector: "health", grants: &[],
        accounts: &[("triage", Foreign("XD")), ("records", Foreign("XD"))] },
    Row { id: "fjord-robotics", name: "Fjord Robotics", kind: PartyKind::Institution,
        jurisdiction: "XB", kyb_level: Some(2), sector: "manufacturing", grants: &[],
        accounts: &[("arm", Foreign("XB")), ("vision", Us), ("ci", Unverified)] },
    Row { id: "granite-bank", name: "Granite Bank", kind: PartyKind::Institution,
        jurisdiction: "XA", kyb_level: Some(3), sector: "finance", grants: &[],
        accounts: &[("fraud", Us), ("ledger", Us), ("branch", Us), ("offshore", Foreign("XE")),
            ("helpdesk", Us), ("batch", SelfDeclared(false))] },
    Row { id: "heron-security", name: "Heron Security", kind: PartyKind::Institution,
        jurisdiction: "XA", kyb_level: Some(3), sector: "security", grants: DEFENCE,
        accounts: &[("triage", Us), ("reverse", Foreign("XC"))] },
    Row { id: "isle-observatory", name: "Isle Observatory", kind: PartyKind::Institution,
        jurisdiction: "XE", kyb_level: None, sector: "research", grants: RESEARCH,
        accounts: &[("survey", Foreign("XE")), ("night-shift", Unverified)] },
    Row { id: "juniper-response", name: "Juniper Response Centre", kind: PartyKind::Institution,
        jurisdiction: "XF", kyb_level: Some(3), sector: "security", grants: DEFENCE,
        accounts: &[("desk", Foreign("XF"))] },
    Row { id: "kit-larkspur", name: "Kit Larkspur", kind: PartyKind::Person,
        jurisdiction: "XA", kyb_level: Some(1), sector: "individual", grants: &[],
        accounts: &[("laptop", Us)] },
    Row { id: "lin-marlow", name: "Lin Marlow", kind: PartyKind::Person,
        jurisdiction: "XC", kyb_level: None, sector: "individual", grants: &[],
        accounts: &[("laptop", Unverified), ("phone", SelfDeclared(true))] },
];

/// The demo's parties, always the same.
#[must_use]
pub fn parties() -> Vec<PartySeed> {
    ROWS.iter().map(party).collect()
}

/// The demo's models, each after the one it may fall back to.
#[must_use]
pub fn models() -> Vec<ModelSeed> {
    vec![
        ModelSeed { id: "fable-4", previous: None, stage: "general" },
        ModelSeed { id: "fable-5", previous: Some("fable-4"), stage: "general" },
        ModelSeed { id: "mythos-5", previous: Some("fable-5"), stage: "verified" },
        ModelSeed { id: "atlas-5", previous: None, stage: "defenders" },
    ]
}

fn party(row: &Row) -> PartySeed {
    let seed = fingerprint(row.id.as_bytes());
    let text = |text: &str| ClaimValue::String(text.to_owned());
    let mut claims = vec![
        claim("jurisdiction", text(row.jurisdiction), 2, "registry-office", seed),
        claim("sector", text(row.sector), 1, "registry-office", seed ^ 1),
    ];
    claims.extend(
        row.kyb_level.map(|level| claim("kyb_level", ClaimValue::Long(level), 2, "brightline-checks", seed ^ 2)),
    );
    let accounts = row
        .accounts
        .iter()
        .map(|(name, holder)| AccountSeed {
            name: (*name).to_owned(),
            claims: holder_claims(*holder, fingerprint(format!("{}/{name}", row.id).as_bytes())),
        })
        .collect();
    PartySeed {
        id: row.id.to_owned(),
        name: row.name.to_owned(),
        kind: row.kind,
        claims,
        accounts,
        grants: row.grants.to_vec(),
    }
}

fn holder_claims(holder: Holder, seed: u64) -> Vec<ClaimSeed> {
    let us = |is, level, by| claim("us_person", ClaimValue::Bool(is), level, by, seed ^ 1);
    match holder {
        Us => vec![us(true, 2, "brightline-checks")],
        Foreign(nationality) => vec![
            us(false, 2, "brightline-checks"),
            claim("nationalities", ClaimValue::Set(vec![nationality.to_owned()]), 2, "brightline-checks", seed),
        ],
        Unverified => Vec::new(),
        SelfDeclared(is) => vec![us(is, 0, "self")],
        Disputed => {
            vec![us(true, 2, "brightline-checks"), us(false, 2, "harbour-notaries")]
        }
    }
}
