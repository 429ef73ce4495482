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
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed("it is not of the form name+hash+base64"));
        };
        if !is_key_name(name) {
            return Err(NoteError::KeyName { name: name.to_owned() });
        }
        let bytes =
            BASE64_STANDARD.decode(encoded).map_err(|_| malformed("the part after the second plus is not base64"))?;
        let Some((&ED25519_TYPE, public)) = bytes.split_first() else {
            return Err(malformed("its type is not Ed25519 (0x01)"));
        };
        let public: &[u8; 32] = public.try_into().map_err(|_| malformed("an Ed25519 public key has 32 bytes"))?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| malformed("the bytes are no Ed25519 public key"))?;
        let verifier = Self::new(name, key)?;
        if parse_key_id(hash) != Some(verifier.key_id) {
            return Err(malformed("the hash does not belong to this name and key"));
        }
        Ok(verifier)
    }

    pub(super) fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        if key.is_weak() {
            return Err(malformed("the Ed25519 key is weak (small order)"));
        }
        Ok(Self { name: name.to_owned(), key_id: ed25519_key_id(name, &key), key })
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
        let encoded = BASE64_STANDARD.encode(typed_key(&self.key));
        write!(formatter, "{}+{:08x}+{encoded}", self.name, self.key_id)
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

/// `SHA-256(name || 0x0A || 0x01 || public key)[:4]`, big-endian.
fn ed25519_key_id(name: &str, key: &VerifyingKey) -> u32 {
    let digest: [u8; 32] =
        Sha256::new().chain_update(name).chain_update(b"\n").chain_update(typed_key(key)).finalize().into();
    digest.first_chunk::<KEY_ID_BYTES>().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn typed_key(key: &VerifyingKey) -> Vec<u8> {
    let mut bytes = vec![ED25519_TYPE];
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

fn malformed(reason: &'static str) -> NoteError {
    NoteError::Key { what: "verifier key", reason }
}
