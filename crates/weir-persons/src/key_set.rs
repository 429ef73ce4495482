//! An issuer's public keys: a JWK set (RFC 7517) of keys that verify one of
//! the accepted signatures. Other keys in the set are passed over, as the RFC
//! asks; a private key in it refuses the set, because whoever published it
//! has lost it.

use std::fmt;

use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use weir_acts::Digest;

use crate::encoding;
use crate::jws::Algorithm;

/// The largest key set that is read, in bytes.
pub const MAX_KEY_SET: usize = 64 * 1024;
/// The most keys that a set may hold.
pub const MAX_KEYS: usize = 64;

/// A key set that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Larger than [`MAX_KEY_SET`].
    #[error("the key set is {0} bytes; at most {MAX_KEY_SET} are read")]
    Large(usize),
    /// Not the JSON of a JWK set.
    #[error("not a JWK set (RFC 7517): {0}")]
    Json(String),
    /// More than [`MAX_KEYS`].
    #[error("the key set holds {0} keys; at most {MAX_KEYS} are read")]
    Many(usize),
    /// A private key.
    #[error("key {0} of the set is a private key: publish public keys only, and replace this one")]
    Private(usize),
    /// A member that is malformed.
    #[error("key {index} of the set: {why}")]
    Key {
        /// Which key, the first being 0.
        index: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// No key verifies anything.
    #[error("the key set holds no public key for EdDSA, ES256, RS256 or PS256 signatures")]
    Empty,
}

/// SHA-256 of a key's required members (RFC 7638): one key has one, however it
/// is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint(pub Digest);

/// The keys of one issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    kid: Option<String>,
    only: Option<Algorithm>,
    public: Public,
    pub(crate) thumbprint: Thumbprint,
}

#[derive(Clone, PartialEq, Eq)]
enum Public {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl fmt::Debug for Public {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Public::Ed25519(_) => "Ed25519",
            Public::P256(_) => "P-256",
            Public::Rsa { .. } => "RSA",
        })
    }
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Map<String, serde_json::Value>>,
}

impl KeySet {
    /// Reads a key set.
    ///
    /// # Errors
    /// When it is too large, is no JWK set, holds a private or malformed key,
    /// or no key that could verify an assertion.
    pub fn parse(text: &str) -> Result<KeySet, KeySetError> {
        if text.len() > MAX_KEY_SET {
            return Err(KeySetError::Large(text.len()));
        }
        let set: Set = serde_json::from_str(text).map_err(|error| KeySetError::Json(error.to_string()))?;
        if set.keys.len() > MAX_KEYS {
            return Err(KeySetError::Many(set.keys.len()));
        }
        let mut keys = Vec::new();
        for (index, members) in set.keys.iter().enumerate() {
            if ["d", "p", "q", "k"].iter().any(|secret| members.contains_key(*secret)) {
                return Err(KeySetError::Private(index));
            }
            keys.extend(Key::read(members).map_err(|why| KeySetError::Key { index, why })?);
        }
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(KeySet(keys)) }
    }

    /// Whether the set holds this very key.
    pub fn holds(&self, thumbprint: &Thumbprint) -> bool {
        self.0.iter().any(|key| key.thumbprint == *thumbprint)
    }

    /// The keys that a token may be signed with: those of its `kid`, or where
    /// it names none all that fit its algorithm.
    pub(crate) fn candidates<'s>(
        &'s self,
        kid: Option<&'s str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'s Key> {
        self.0.iter().filter(move |key| key.fits(algorithm) && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid)))
    }
}

impl Key {
    /// The key that `members` describe; none where it is for something else.
    fn read(members: &serde_json::Map<String, serde_json::Value>) -> Result<Option<Key>, &'static str> {
        let text = |name: &str| members.get(name).and_then(serde_json::Value::as_str);
        let bytes = |name: &str| text(name).and_then(encoding::decode);
        if text("use").is_some_and(|used| used != "sig") {
            return Ok(None);
        }
        let only = match text("alg") {
            None => None,
            Some(name) => match Algorithm::deserialize(serde_json::Value::String(name.to_owned())) {
                Ok(algorithm) => Some(algorithm),
                Err(_) => return Ok(None),
            },
        };
        let (public, canonical) = match (text("kty"), text("crv")) {
            (Some("OKP"), Some("Ed25519")) => {
                let x = bytes("x").filter(|x| x.len() == 32).ok_or("an Ed25519 key needs an `x` of 32 bytes")?;
                let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text("x").unwrap_or_default());
                (Public::Ed25519(x), canonical)
            }
            (Some("EC"), Some("P-256")) => {
                let coordinate = |name| bytes(name).filter(|bytes| bytes.len() == 32);
                let (Some(x), Some(y)) = (coordinate("x"), coordinate("y")) else {
                    return Err("a P-256 key needs `x` and `y` of 32 bytes each");
                };
                let canonical = format!(
                    r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                    text("x").unwrap_or_default(),
                    text("y").unwrap_or_default()
                );
                // An uncompressed point (SEC 1, section 2.3.3).
                (Public::P256([&[4][..], &x, &y].concat()), canonical)
            }
            (Some("RSA"), _) => {
                let (Some(n), Some(e)) = (bytes("n"), bytes("e")) else { return Err("an RSA key needs `n` and `e`") };
                if !(256..=1024).contains(&n.len()) {
                    return Err("an RSA key must have 2048 to 8192 bits");
                }
                let canonical = format!(
                    r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                    text("e").unwrap_or_default(),
                    text("n").unwrap_or_default()
                );
                (Public::Rsa { n, e }, canonical)
            }
            (Some(_), _) => return Ok(None),
            (None, _) => return Err("it has no `kty`"),
        };
        let thumbprint = Thumbprint(Digest::of(canonical.as_bytes()));
        Ok(Some(Key { kid: text("kid").map(str::to_owned), only, public, thumbprint }))
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let by_type = match &self.public {
            Public::Ed25519(_) => algorithm == Algorithm::EdDsa,
            Public::P256(_) => algorithm == Algorithm::Es256,
            Public::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
        };
        by_type && self.only.is_none_or(|only| only == algorithm)
    }

    /// Whether `signature` is this key's over `signed`.
    pub(crate) fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let checked = match (&self.public, algorithm) {
            (Public::Ed25519(x), Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&signature::ED25519, x).verify(signed, signature)
            }
            (Public::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            (Public::Rsa { n, e }, Algorithm::Rs256) => {
                RsaPublicKeyComponents { n, e }.verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            (Public::Rsa { n, e }, Algorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&signature::RSA_PSS_2048_8192_SHA256, signed, signature)
            }
            _ => return false,
        };
        checked.is_ok()
    }
}

#[cfg(test)]
mod tests;
