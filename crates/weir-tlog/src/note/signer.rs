//! The secret half of a note key. Callers sign through [`NoteSigner`], so that
//! a key management service can take the place of the file.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::{Signer as _, SigningKey};
use thiserror::Error;
use zeroize::Zeroizing;

use super::verifier_key::parse_key_id;
use super::{ED25519_TYPE, NoteError, VerifierKey, is_key_name};

const SECRET_FORM: &str = "it is not of the form PRIVATE+KEY+name+hash+base64";
pub(super) const SEED_BYTES: usize = 32;

/// The signer refused or could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot sign as {name}: {reason}")]
pub struct SignError {
    /// Name of the key.
    pub name: String,
    /// What happened; never contains key material.
    pub reason: String,
}

/// Something that signs the text of notes under one name and one key.
pub trait NoteSigner: Send + Sync {
    /// Name of the key; for a log, its origin.
    fn name(&self) -> &str;
    /// Key ID that goes into the signature line.
    fn key_id(&self) -> u32;
    /// Signature bytes over `text`, without the key ID.
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// An Ed25519 key held in memory. The secret is wiped on drop and appears
/// neither in `Debug` nor in errors.
pub struct Ed25519Signer {
    secret: SigningKey,
    verifier: VerifierKey,
}

impl Ed25519Signer {
    /// A fresh key from the operating system's randomness.
    pub fn generate(name: &str) -> Result<Self, NoteError> {
        let seed = fresh_seed(name)?;
        Self::from_seed(name, &seed)
    }

    /// The key of a known seed: for tests and for keys kept elsewhere.
    pub fn from_seed(name: &str, seed: &[u8; SEED_BYTES]) -> Result<Self, NoteError> {
        if !is_key_name(name) {
            return Err(NoteError::KeyName { name: name.to_owned() });
        }
        let secret = SigningKey::from_bytes(seed);
        let verifier = VerifierKey::new(name, secret.verifying_key())?;
        Ok(Self { secret, verifier })
    }

    /// Reads `PRIVATE+KEY+name+hash+base64(0x01 || seed)`, the form of Go's
    /// `sumdb/note`, with or without one final newline.
    pub fn from_secret_file_text(text: &str) -> Result<Self, NoteError> {
        let (name, hash, seed) = parse_secret(text, ED25519_TYPE)?;
        let signer = Self::from_seed(&name, &seed)?;
        if hash != signer.verifier.key_id() {
            return Err(malformed("the hash does not belong to this name and key"));
        }
        Ok(signer)
    }

    /// The text of the secret file, with a final newline. Write it with mode
    /// 0600; it is wiped when dropped.
    pub fn to_secret_file_text(&self) -> Zeroizing<String> {
        secret_text(self.verifier.name(), self.verifier.key_id(), ED25519_TYPE, &self.secret)
    }

    /// The public half.
    pub fn vkey(&self) -> VerifierKey {
        self.verifier.clone()
    }
}

impl NoteSigner for Ed25519Signer {
    fn name(&self) -> &str {
        self.verifier.name()
    }

    fn key_id(&self) -> u32 {
        self.verifier.key_id()
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.secret.sign(text).to_bytes().to_vec())
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ed25519Signer").field("vkey", &self.verifier).field("secret", &"redacted").finish()
    }
}

/// Reads `PRIVATE+KEY+name+hash+base64(type || seed)`; the hash is the
/// caller's to compare.
pub(super) fn parse_secret(text: &str, kind: u8) -> Result<(String, u32, Zeroizing<[u8; SEED_BYTES]>), NoteError> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let mut parts = line.strip_prefix("PRIVATE+KEY+").ok_or_else(|| malformed(SECRET_FORM))?.splitn(3, '+');
    let (Some(name), Some(hash), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed(SECRET_FORM));
    };
    let bytes =
        BASE64_STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| malformed("the last part is not base64"))?;
    let seed = match bytes.split_first() {
        Some((found, seed)) if *found == kind => seed,
        _ if kind == ED25519_TYPE => return Err(malformed("its type is not Ed25519 (0x01)")),
        _ => return Err(malformed("its type is not that of an Ed25519 cosigner (0x04)")),
    };
    let seed: [u8; SEED_BYTES] = seed.try_into().map_err(|_| malformed("an Ed25519 seed has 32 bytes"))?;
    let hash = parse_key_id(hash).ok_or_else(|| malformed("the hash does not belong to this name and key"))?;
    Ok((name.to_owned(), hash, Zeroizing::new(seed)))
}

/// The form that [`parse_secret`] reads, with a final newline.
pub(super) fn secret_text(name: &str, key_id: u32, kind: u8, secret: &SigningKey) -> Zeroizing<String> {
    let mut typed_seed = Zeroizing::new([0_u8; SEED_BYTES + 1]);
    if let Some((first, seed)) = typed_seed.split_first_mut() {
        *first = kind;
        seed.copy_from_slice(secret.as_bytes());
    }
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(typed_seed.as_slice()));
    Zeroizing::new(format!("PRIVATE+KEY+{name}+{key_id:08x}+{}\n", encoded.as_str()))
}

/// A fresh seed from the operating system.
pub(super) fn fresh_seed(name: &str) -> Result<Zeroizing<[u8; SEED_BYTES]>, NoteError> {
    let mut seed = Zeroizing::new([0_u8; SEED_BYTES]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| SignError {
        name: name.to_owned(),
        reason: format!("no randomness from the operating system: {error}"),
    })?;
    Ok(seed)
}

fn malformed(reason: &'static str) -> NoteError {
    NoteError::Key { what: "secret key", reason }
}
