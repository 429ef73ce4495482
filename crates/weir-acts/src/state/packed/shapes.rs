//! How each thing of the state is packed. Every field is named, so that one
//! which is added and forgotten here does not compile.

use super::codec::word::Word;
use super::codec::{Packed, Packer, Unpacker, json};
use crate::act::PolicyText;
use crate::campaign::{Bits, Campaign, Seen};
use crate::digest::Digest;
use crate::directive::{DirectiveText, Disclosure, ListRows};
use crate::draft::{Closing, Draft};
use crate::governed::{ClaimKind, Directive, Enacted, Imported, MeterSpan, Model, Operator, Rule, StageSpan, Token};
use crate::holder::{Account, Claim, Grant, Key, Life, Measure, Membership, Party, Start};
use crate::id::{
    AccountId, AppealId, ClaimId, DirectiveId, DraftId, GrantId, HoldId, ImportId, IssuerId, KeyId, MeasureId, ModelId,
    OperatorId, PartyId, PersonId, TokenId,
};
use crate::issuer::{Issuer, Keys};
use crate::limits::{LimitSpan, Limits};
use crate::person::Person;
use crate::reading::Reading;
use crate::records::{Hold, SealedExchanges, SealedSegment};
use crate::state::{Appeal, Holder, LogKey, PendingRules};
use crate::time::Time;
use crate::value::{Value, ValueType};
use crate::words::{CampaignRole, CampaignStatus, Describes, MeasureKind, PartyKind, Role, Ruling, Stage};

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl Packed for $id {
            fn pack(&self, out: &mut Packer) {
                self.bytes().pack(out);
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                <[u8; 10]>::unpack(from).map($id::from_bytes)
            }
        }
    )*};
}

ids!(
    AccountId,
    AppealId,
    ClaimId,
    DirectiveId,
    DraftId,
    GrantId,
    HoldId,
    ImportId,
    IssuerId,
    KeyId,
    MeasureId,
    ModelId,
    OperatorId,
    PartyId,
    PersonId,
    TokenId
);

macro_rules! words {
    ($($word:ident),*) => {$(
        impl Packed for $word {
            fn pack(&self, out: &mut Packer) {
                (*self as u8).pack(out);
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                $word::ALL.get(usize::from(u8::unpack(from)?)).copied()
            }
        }
    )*};
}

words!(CampaignRole, CampaignStatus, Describes, MeasureKind, PartyKind, Role, Ruling, Stage);

macro_rules! as_json {
    ($($name:ty),*) => {$(
        impl Packed for $name {
            fn pack(&self, out: &mut Packer) {
                json::pack(self, out);
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                json::unpack(from)
            }
        }
    )*};
}

as_json!(DirectiveText, Disclosure, Limits, ListRows, ValueType);

macro_rules! structs {
    (@pack $value:ident, $out:ident) => { $value.pack($out) };
    (@pack $value:ident, $out:ident, word) => { $value.pack_word($out) };
    (@unpack $from:ident) => { Packed::unpack($from)? };
    (@unpack $from:ident, word) => { Word::unpack_word($from)? };
    ($($name:ident { $($field:ident $(($how:ident))?),* })*) => {$(
        impl Packed for $name {
            fn pack(&self, out: &mut Packer) {
                let $name { $($field),* } = self;
                $(structs!(@pack $field, out $(, $how)?);)*
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                $(let $field = structs!(@unpack from $(, $how)?);)*
                Some($name { $($field),* })
            }
        }
    )*};
}

structs! {
    Account { id, party, handle, life, suspensions, claims, measures, limits, keys }
    Appeal { id, measure, decision, account, text, rules, filed, due, ruling }
    Claim { id, kind(word), value, level, by(word), evidence, life }
    Campaign {
        id, status, log2_e, accounts, exchanges, growing, alarm, found, told, by, dossier, whole, members, lists, erased, measures,
        ended
    }
    ClaimKind { value_type, describes, since }
    Directive {
        id, text, disclosure, lists, source, draft, drafted_by, drafted, approvals, dropped, enacted, life, ended_by
    }
    Draft { id, command, with, by, drafted, approvals, closed }
    Enacted { at, act, by, amends, sealed, disclosed }
    Grant { id, model(word), purpose(word), population(word), life }
    Hold { id, on, reason, citation, by, life }
    Imported { id, act, rows, root, at, start }
    Issuer { id, party, name, url, kinds, max_level, single_use, keys, life }
    Key { id, account, digest, life }
    Keys { act, since, set }
    LimitSpan { from, limits }
    LogKey { vkey, until }
    Measure { id, kind, reason(word), by(word), limits, evidence_erased, life }
    Membership { list(word), life }
    MeterSpan { from, weight, max_input }
    Model { id, name, upstream, credential, previous, weights, max_output, meters, life, stages }
    Operator { id, name, roles, life, tokens }
    Party { id, handle, name, kind, life, claims, grants, lists, measures, limits, accounts }
    PendingRules { parts, policies, removed }
    Person { id, issuer, sub, claims, measures }
    PolicyText { id, cedar }
    Reading { exchange, account, by, at, approvals }
    Rule { cedar, life }
    SealedExchanges { name, act, at, first, last, rows, bytes, digest, deleted }
    SealedSegment { name, act, at, first, last, bytes, digest, root, recovered, unkept, deleted }
    Seen { account, role, bits, since, line }
    StageSpan { from, stage, list }
    Token { digest, life }
}

impl Packed for Time {
    fn pack(&self, out: &mut Packer) {
        self.millis().pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        i64::unpack(from).map(Time::from_millis)
    }
}

impl Packed for Bits {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Packed::unpack(from).map(Bits)
    }
}

impl Packed for Digest {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Packed::unpack(from).map(Digest)
    }
}

impl Packed for Life {
    fn pack(&self, out: &mut Packer) {
        self.start().pack(out);
        self.to.pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let begins = Start::unpack(from)?;
        Some(Life::between(begins, Packed::unpack(from)?))
    }
}

impl Packed for Holder {
    fn pack(&self, out: &mut Packer) {
        match self {
            Holder::Party(id) => (0_u8, *id).pack(out),
            Holder::Account(id) => (1_u8, *id).pack(out),
            Holder::Person(id) => (2_u8, *id).pack(out),
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        match u8::unpack(from)? {
            0 => Packed::unpack(from).map(Holder::Party),
            1 => Packed::unpack(from).map(Holder::Account),
            2 => Packed::unpack(from).map(Holder::Person),
            _ => None,
        }
    }
}

impl Packed for Closing {
    fn pack(&self, out: &mut Packer) {
        matches!(self, Closing::Dropped).pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        bool::unpack(from).map(|dropped| if dropped { Closing::Dropped } else { Closing::CarriedOut })
    }
}

impl Packed for Value {
    fn pack(&self, out: &mut Packer) {
        match self {
            Value::Bool(value) => (0_u8, *value).pack(out),
            Value::Long(value) => (1_u8, *value).pack(out),
            Value::String(value) => {
                2_u8.pack(out);
                value.pack(out);
            }
            Value::Set(value) => {
                3_u8.pack(out);
                value.pack(out);
            }
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        match u8::unpack(from)? {
            0 => Packed::unpack(from).map(Value::Bool),
            1 => Packed::unpack(from).map(Value::Long),
            2 => Packed::unpack(from).map(Value::String),
            3 => Packed::unpack(from).map(Value::Set),
            _ => None,
        }
    }
}
