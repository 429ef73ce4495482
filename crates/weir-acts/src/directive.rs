//! A directive as the log keeps it: an order or request from an authority
//! that narrows or restores access. The text is public unless sealed; the rows
//! of its lists are always private.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::PartyId;
use crate::time::Time;

/// Whether the authority may compel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DirectiveKind {
    /// It must be obeyed.
    Order,
    /// The operator chose to follow it.
    Request,
}

/// How a directive answers where its condition is unknown. `Allow` means only
/// that this directive does not forbid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// Those about whom the condition cannot be told are denied.
    #[default]
    Deny,
    /// They are not forbidden by this directive.
    Allow,
    /// They are not forbidden until then, and denied from then on.
    AllowUntil(Time),
}

/// What a denied caller gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The error alone.
    #[default]
    Deny,
    /// The previous model, where that is permitted.
    Fallback,
}

/// Who may read the directive's text in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Everybody.
    #[default]
    Public,
    /// Nobody but those given an opening.
    Sealed,
    /// Everybody, from then on.
    SealedUntil(Time),
}

/// A list of parties to whom the directive does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The file's name as the directive wrote it.
    pub list: String,
    /// The models the exception holds for: a subset of the directive's.
    pub models: Vec<String>,
}

/// The text of a directive (contracts, section 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectiveText {
    /// The name the operator gave it, such as `2026-06-12-order`. Rule ids are
    /// made of it, so it is never used twice.
    pub id: String,
    /// Who gave it.
    pub authority: String,
    /// In which form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// On which legal ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// Order or request.
    pub kind: DirectiveKind,
    /// When it reached the operator.
    pub received: Time,
    /// When it takes effect; none: at enactment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Time>,
    /// The models it names.
    pub models: Vec<String>,
    /// The condition, in the language of contracts section 3.
    pub forbid: String,
    /// To whom it does not apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Exception>,
    /// How unknown is answered.
    #[serde(default)]
    pub unknown: Unknown,
    /// Claims below this level count as absent.
    #[serde(default = "one")]
    pub min_level: u8,
    /// What the denied get.
    #[serde(default)]
    pub answer: Answer,
    /// Who may read this.
    #[serde(default)]
    pub disclosure: Disclosure,
    /// The sentence a denied caller reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// The directive this one replaces, in the same act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amends: Option<String>,
}

const fn one() -> u8 {
    1
}

/// A list as it was uploaded: pinned by digest, private for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRows {
    /// The file's name as the directive or command wrote it.
    pub list: String,
    /// SHA-256 of the file's bytes.
    pub digest: Digest,
    /// The parties it names, in the file's order.
    pub parties: Vec<PartyId>,
}

impl Exception {
    /// The name under which membership of a directive's list is kept as a
    /// fact about a party.
    pub fn list_id(&self, directive: &str) -> String {
        format!("{directive}/{}", self.list)
    }
}
