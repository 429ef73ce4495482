//! What acts carry that has a shape of its own: policies, directives under a
//! seal, and what an erasing act names.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::directive::DirectiveText;

/// An act whose private part is erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erased {
    /// Its index.
    pub act: u64,
    /// Its kind.
    pub kind: String,
    /// The id of what it made: the claim of a `claim.add`, the key of a
    /// `key.issue`, the subject where it names nothing further.
    pub id: String,
}

/// One policy with the id it will never share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyText {
    /// The rule id, `@id` in the text.
    pub id: String,
    /// The Cedar text, annotations included.
    pub cedar: String,
}

/// A directive's text under its own salt: the commitment `sealed` of the
/// enacting act is SHA-256 of the salt's 32 bytes and the JSON's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedText {
    /// 32 random bytes in hex.
    pub salt: String,
    /// A [`DirectiveText`] as JSON, to be hashed as it stands.
    pub json: String,
}

impl SealedText {
    /// Puts a text under a seal.
    ///
    /// # Errors
    /// When the text cannot be written as JSON.
    pub fn new(text: &DirectiveText, salt: [u8; 32]) -> Result<SealedText, serde_json::Error> {
        Ok(SealedText { salt: crate::hex::encode(&salt), json: serde_json::to_string(text)? })
    }

    /// The commitment; none when the salt is malformed.
    pub fn commitment(&self) -> Option<Digest> {
        let salt = crate::hex::decode::<32>(&self.salt)?;
        Some(Digest::of_parts(&[&salt, self.json.as_bytes()]))
    }

    /// The text under the seal.
    ///
    /// # Errors
    /// When the JSON is not a directive's text.
    pub fn text(&self) -> Result<DirectiveText, serde_json::Error> {
        serde_json::from_str(&self.json)
    }
}
