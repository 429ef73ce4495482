//! The Merkle hash of RFC 6962 section 2.1 over SHA-256. Leaves and nodes are
//! hashed under different prefixes, so that a node can never be passed off as
//! an entry.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

const LEAF_PREFIX: [u8; 1] = [0];
const NODE_PREFIX: [u8; 1] = [1];

/// A SHA-256 hash of a leaf, a node or a whole tree. `Display` is lower-case
/// hexadecimal; the C2SP formats use [`Hash::to_base64`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; Hash::BYTES]);

impl Hash {
    /// Bytes in one hash.
    pub const BYTES: usize = 32;

    /// Standard base64 with padding, as checkpoints and receipts carry it.
    pub fn to_base64(self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    /// Reads what [`Hash::to_base64`] writes; `None` for any other text, so
    /// that a hash has exactly one spelling.
    pub fn from_base64(text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        Self::from_slice(&bytes)
    }

    /// A hash from exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// `MTH({d(0)}) = SHA-256(0x00 || d(0))`: the hash of one entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let digest = Sha256::new().chain_update(LEAF_PREFIX).chain_update(entry).finalize();
    Hash(digest.into())
}

/// `SHA-256(0x01 || left || right)`: the hash of an inner node.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let digest = Sha256::new().chain_update(NODE_PREFIX).chain_update(left.0).chain_update(right.0).finalize();
    Hash(digest.into())
}

/// The root of the tree without entries: `SHA-256("")`.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_of_rfc_6962() {
        assert_eq!(empty_root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(leaf_hash(b"").to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        let left = leaf_hash(b"");
        let right = leaf_hash(&[0]);
        assert_eq!(
            node_hash(left, right).to_string(),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
    }

    #[test]
    fn base64_has_one_spelling() {
        let hash = leaf_hash(b"entry");
        let text = hash.to_base64();
        assert_eq!(Hash::from_base64(&text), Some(hash));
        assert_eq!(Hash::from_base64(text.trim_end_matches('=')), None);
        assert_eq!(Hash::from_base64(&format!("{text}\n")), None);
        assert_eq!(Hash::from_base64("AAAA"), None);
        assert_eq!(Hash::from_slice(&[0; 31]), None);
    }
}
