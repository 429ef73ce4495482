//! The public half of a note key, in the form Go's `sumdb/note` and the C2SP
//! tools share: `name+hash+base64(type || public key)`.

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::{ED25519_TYPE, KEY_ID_BYTES, NoteError, is_key_name};

const KEY_ID_HEX_DIGITS: usize = 8;

/// A public key that verifies notes. `Display` is the form that
/// [`VerifierKey::parse`] reads; publish it beside the log.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_id: u32,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Reads `name+hash+base64`. Only Ed25519 (type `0x01`) is supported; a
    /// weak (small-order) key is refused because anyone can sign for it.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, key, hash) = parse_typed(text, ED25519_TYPE)?;
        let verifier = Self::new(&name, key)?;
        if hash != verifier.key_id {
            return Err(malformed("the hash does not belong to this name and key"));
        }
        Ok(verifier)
    }

    pub(super) fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        if key.is_weak() {
            return Err(malformed("the Ed25519 key is weak (small order)"));
        }
        Ok(Self { name: name.to_owned(), key_id: ed25519_key_id(name, ED25519_TYPE, &key), key })
    }

    /// Name of the key; for a log's own key, the origin of its checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The short identifier that signature lines carry. Not a strong hash.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    pub(super) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).and_then(|signature| self.key.verify_strict(text, &signature)).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&typed_text(&self.name, self.key_id, ED25519_TYPE, &self.key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Reads `name+hash+base64(type || public key)` of the type asked for; the hash
/// is the caller's to compare.
pub(super) fn parse_typed(text: &str, kind: u8) -> Result<(String, VerifyingKey, u32), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed("it is not of the form name+hash+base64"));
    };
    if !is_key_name(name) {
        return Err(NoteError::KeyName { name: name.to_owned() });
    }
    let bytes =
        BASE64_STANDARD.decode(encoded).map_err(|_| malformed("the part after the second plus is not base64"))?;
    let public = match bytes.split_first() {
        Some((found, public)) if *found == kind => public,
        _ if kind == ED25519_TYPE => return Err(malformed("its type is not Ed25519 (0x01)")),
        _ => return Err(malformed("its type is not that of an Ed25519 cosigner (0x04)")),
    };
    let public: &[u8; 32] = public.try_into().map_err(|_| malformed("an Ed25519 public key has 32 bytes"))?;
    let key = VerifyingKey::from_bytes(public).map_err(|_| malformed("the bytes are no Ed25519 public key"))?;
    let hash = parse_key_id(hash).ok_or_else(|| malformed("the hash does not belong to this name and key"))?;
    Ok((name.to_owned(), key, hash))
}

/// The form that [`parse_typed`] reads.
pub(super) fn typed_text(name: &str, key_id: u32, kind: u8, key: &VerifyingKey) -> String {
    format!("{name}+{key_id:08x}+{}", BASE64_STANDARD.encode(typed_key(kind, key)))
}

/// `SHA-256(name || 0x0A || type || public key)[:4]`, big-endian.
pub(super) fn ed25519_key_id(name: &str, kind: u8, key: &VerifyingKey) -> u32 {
    let digest: [u8; 32] =
        Sha256::new().chain_update(name).chain_update(b"\n").chain_update(typed_key(kind, key)).finalize().into();
    digest.first_chunk::<KEY_ID_BYTES>().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn typed_key(kind: u8, key: &VerifyingKey) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(key.as_bytes());
    bytes
}

/// Exactly eight lower-case hexadecimal digits, so that a key has one spelling.
pub(super) fn parse_key_id(hex: &str) -> Option<u32> {
    let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() != KEY_ID_HEX_DIGITS || !hex.bytes().all(lower_hex) {
        return None;
    }
    u32::from_str_radix(hex, 16).ok()
}

pub(super) fn malformed(reason: &'static str) -> NoteError {
    NoteError::Key { what: "verifier key", reason }
}
