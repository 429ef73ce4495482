//! One row of an import: a party or an account with its claims and keys, or
//! more of them about one that exists. The log holds the count of the rows and
//! the root of their tree; a row is UTF-8 JSON, hashed as stored.
//!
//! A row has two parts as an entry has. What says something about somebody is
//! committed to under the row's own salt, so that one row can be shown, or
//! erased, without the others; the hash of a row tells nothing of it, since
//! the commitment in it is salted.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::entry::{EntryError, Sealed, VERSION, commit};
use crate::id::{ClaimId, KeyId, PartyId};
use crate::state::Holder;
use crate::time::Time;
use crate::value::Value;
use crate::words::PartyKind;

/// The most bytes of either part.
pub const MAX_ROW: usize = 65_535;

/// What a row brings into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adds {
    /// Nothing: it says more about one that exists.
    Nothing,
    /// A party of this kind.
    Party(PartyKind),
    /// An account of this party.
    Account(PartyId),
}

/// A claim's public part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowClaim {
    /// Its id.
    pub claim: ClaimId,
    /// Its declared kind.
    pub kind: String,
    /// Assurance level.
    pub level: u8,
    /// When it stops counting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
}

/// A claim's private part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// What it says.
    pub value: Value,
    /// Who verified it.
    pub by: String,
    /// Digest of the evidence.
    pub evidence: Digest,
}

/// What a row only commits to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    /// The id that the operator gave the party, or the account's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// The party's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Legal Entity Identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lei: Option<String>,
    /// Research Organization Registry id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ror: Option<String>,
    /// What each claim of the row says, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Stated>,
    /// What is stored of each key of the row, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Digest>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Whom it is about.
    pub subject: Holder,
    /// What it brings into being.
    pub adds: Adds,
    /// Claims about the subject.
    pub claims: Vec<RowClaim>,
    /// Keys of the subject, an account.
    pub keys: Vec<KeyId>,
    /// What it only commits to; none where withheld or erased.
    pub private: Option<Withheld>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u32,
    subject: Holder,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    adds: Option<PartyKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    party: Option<PartyId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    claims: Vec<RowClaim>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<KeyId>,
    private: Digest,
}

impl Row {
    /// Writes the row, committing to its private part under `salt`.
    ///
    /// # Errors
    /// When a part would be too large.
    pub fn seal_with(self, salt: [u8; 32]) -> Result<Sealed, EntryError> {
        let private = serde_json::to_vec(&self.private.unwrap_or_default())?;
        let (adds, party) = match self.adds {
            Adds::Nothing => (None, None),
            Adds::Party(kind) => (Some(kind), None),
            Adds::Account(party) => (None, Some(party)),
        };
        let wire = Wire {
            v: VERSION,
            subject: self.subject,
            adds,
            party,
            claims: self.claims,
            keys: self.keys,
            private: commit(&salt, &private),
        };
        let bytes = serde_json::to_vec(&wire)?;
        match bytes.len().max(private.len()) {
            size if size > MAX_ROW => Err(EntryError::TooLarge { size }),
            _ => Ok(Sealed { bytes, private: Some((salt, private)) }),
        }
    }

    /// Reads a row and, where it is at hand, its private part.
    ///
    /// # Errors
    /// When the bytes are no row, or the private part is not the one committed
    /// to or does not fit the public one.
    pub fn read(bytes: &[u8], private: Option<(&[u8; 32], &[u8])>) -> Result<Row, EntryError> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        if wire.v != VERSION {
            return Err(EntryError::Version { found: wire.v });
        }
        let private = private.map(|(salt, bytes)| open(wire.private, salt, bytes)).transpose()?;
        let adds = match (wire.subject, wire.adds, wire.party) {
            (_, None, None) => Adds::Nothing,
            (Holder::Party(_), Some(kind), None) => Adds::Party(kind),
            (Holder::Account(_), None, Some(party)) => Adds::Account(party),
            _ => return Err(EntryError::Row("it adds something else than its subject")),
        };
        let row = Row { subject: wire.subject, adds, claims: wire.claims, keys: wire.keys, private };
        row.check()?;
        Ok(row)
    }

    /// Both parts must speak of the same claims and keys, and only accounts
    /// have keys.
    fn check(&self) -> Result<(), EntryError> {
        if matches!(self.subject, Holder::Party(_)) && !self.keys.is_empty() {
            return Err(EntryError::Row("a party has no keys"));
        }
        let Some(private) = &self.private else { return Ok(()) };
        if private.claims.len() != self.claims.len() || private.keys.len() != self.keys.len() {
            return Err(EntryError::Row("its two parts speak of different claims or keys"));
        }
        if private.handle.is_some() != (self.adds != Adds::Nothing) {
            return Err(EntryError::Row("it names what it does not add, or adds what it does not name"));
        }
        Ok(())
    }
}

fn open(committed: Digest, salt: &[u8; 32], bytes: &[u8]) -> Result<Withheld, EntryError> {
    if commit(salt, bytes) != committed {
        return Err(EntryError::Opening { committed });
    }
    Ok(serde_json::from_slice(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;

    fn row() -> Row {
        Row {
            subject: Holder::Account(AccountId::from_bytes([2; 10])),
            adds: Adds::Account(PartyId::from_bytes([1; 10])),
            claims: vec![RowClaim {
                claim: ClaimId::from_bytes([3; 10]),
                kind: "us_person".into(),
                level: 2,
                expires: Some(Time::from_millis(1_800_000_000_000)),
            }],
            keys: vec![KeyId::from_bytes([4; 10])],
            private: Some(Withheld {
                handle: Some("ci".into()),
                claims: vec![Stated { value: Value::Bool(true), by: "self".into(), evidence: Digest([5; 32]) }],
                keys: vec![Digest([6; 32])],
                ..Withheld::default()
            }),
        }
    }

    /// The very bytes: they are hashed into trees and can never change.
    #[test]
    fn the_written_form_stands() {
        let sealed = row().seal_with([7; 32]).unwrap();
        assert_eq!(
            String::from_utf8(sealed.bytes.clone()).unwrap(),
            concat!(
                r#"{"v":1,"subject":"a-02020202020202020202","party":"p-01010101010101010101","#,
                r#""claims":[{"claim":"c-03030303030303030303","kind":"us_person","level":2,"#,
                r#""expires":"2027-01-15T08:00:00.000Z"}],"keys":["k-04040404040404040404"],"#,
                r#""private":"sha256:WHICH"}"#
            )
            .replace("WHICH", &commit(&[7; 32], &sealed.private.clone().unwrap().1).hex())
        );
        let (_, private) = sealed.private.unwrap();
        assert_eq!(
            String::from_utf8(private).unwrap(),
            format!(
                r#"{{"handle":"ci","claims":[{{"value":true,"by":"self","evidence":"sha256:{}"}}],"keys":["sha256:{}"]}}"#,
                "05".repeat(32),
                "06".repeat(32)
            )
        );
    }

    #[test]
    fn a_row_is_read_back_whole_or_without_its_private_part() {
        let sealed = row().seal_with([7; 32]).unwrap();
        let (salt, private) = sealed.private.unwrap();
        assert_eq!(Row::read(&sealed.bytes, Some((&salt, &private))).unwrap(), row());
        assert_eq!(Row::read(&sealed.bytes, None).unwrap(), Row { private: None, ..row() });
        let error = Row::read(&sealed.bytes, Some((&[8; 32], &private))).unwrap_err();
        assert!(matches!(error, EntryError::Opening { .. }), "{error}");
    }

    #[test]
    fn a_row_whose_parts_disagree_is_none() {
        let two_keys = Row { keys: vec![KeyId::from_bytes([4; 10]); 2], ..row() };
        let party_with_keys =
            Row { subject: Holder::Party(PartyId::from_bytes([1; 10])), adds: Adds::Nothing, ..row() };
        let nameless = Row { adds: Adds::Nothing, ..row() };
        for wrong in [two_keys, party_with_keys, nameless] {
            let sealed = wrong.seal_with([7; 32]).unwrap();
            let (salt, private) = sealed.private.unwrap();
            let error = Row::read(&sealed.bytes, Some((&salt, &private))).unwrap_err();
            assert!(matches!(error, EntryError::Row(_)), "{error}");
        }
    }
}
