//! Findings shared between those who watch, as STIX 2.1 bundles (OASIS Standard,
//! 10 June 2021), and what others found, read back.
//!
//! A bundle names nobody. Accounts, means of payment and templates are in it as
//! HMAC-SHA256 under a key that the sharing parties agree on by other means (or
//! that is shared in the bundle where asked): whoever has the key can ask whether
//! someone they know is meant, nobody can read the list. A bundle made twice of
//! the same finding is the same bundle, ids included, so a later one replaces it.
//!
//! What is read back is never a verdict. [`Feed`] holds hashes with an end to
//! their validity and nothing else; the detector counts all of it together as one
//! block of evidence with a cap, and only on accounts that its own evidence has
//! put into a confirmed group. Pure: no files, no clock, no randomness.

mod export;
mod identifier;
mod ids;
mod import;
mod tlp;

pub use export::{Export, bundle};
pub use identifier::{Identifier, IdentifierKey, IdentifierKind};
pub use import::{Feed, ImportError, MOST_BYTES, MOST_IDENTIFIERS, read};
pub use tlp::{Tlp, UnknownTlp};
