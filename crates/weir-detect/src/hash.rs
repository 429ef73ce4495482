//! Hashes keyed by the deployment. Buckets and samples are chosen by hashes,
//! so whoever can compute them can prepare collisions or slip through the
//! samples; with a key that only the deployment holds they cannot.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use siphasher::sip::SipHasher13;

/// The key of a deployment. Runs with the same key and input give the same
/// findings.
#[derive(Clone, Copy)]
pub(crate) struct Keyed {
    sip: SipHasher13,
}

/// Without the key.
impl fmt::Debug for Keyed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Keyed((secret))")
    }
}

/// What a hash is of. The same bytes in two domains have unrelated hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    Unit = 1,
    Exchange,
    Conversation,
    Address,
    Prefix,
    Client,
    Marks,
    Model,
    Plan,
    Payment,
    Mail,
    Path,
    Sentence,
    Window,
    Shingle,
    Text,
    Key,
    Frame,
}

impl Keyed {
    pub(crate) fn new(key: [u8; 16]) -> Keyed {
        Keyed { sip: SipHasher13::new_with_key(&key) }
    }

    /// The hash of one word, without a domain: words are hashed most.
    pub(crate) fn word(&self, bytes: &[u8]) -> u64 {
        self.sip.hash(bytes)
    }

    pub(crate) fn of(&self, domain: Domain, bytes: &[u8]) -> u64 {
        join(self.sip.hash(bytes), domain as u64)
    }

    /// The hash of a text that may be missing or empty: then 0, which no one
    /// reads as a value.
    pub(crate) fn of_text(&self, domain: Domain, text: Option<&str>) -> u64 {
        text.map(str::trim).filter(|text| !text.is_empty()).map_or(0, |text| self.of(domain, text.as_bytes()).max(1))
    }
}

/// Mixes two hashes in order. Its inputs are keyed hashes already, so it only
/// has to keep them apart (the multiplication folds both halves in, as in
/// wyhash).
pub(crate) const fn join(left: u64, right: u64) -> u64 {
    let wide = ((left ^ 0xa076_1d64_78bd_642f) as u128).wrapping_mul((right ^ 0xe703_7ed1_a0b4_28db) as u128);
    (wide as u64) ^ ((wide >> 64) as u64) ^ left.rotate_left(23)
}

/// A table whose keys are keyed hashes: hashing them again would add nothing.
pub(crate) type Table<V> = HashMap<u64, V, BuildHasherDefault<AsItIs>>;

/// Takes a keyed hash as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, &byte| join(hash, u64::from(byte)));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}
