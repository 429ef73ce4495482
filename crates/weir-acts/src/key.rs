//! What an API key looks like and how it is kept. A key is `weir_`, the key
//! id, `_`, 256 random bits and a checksum; only HMAC(pepper, SHA-256(key)) is
//! stored, so digests of keys that customers already hold can be imported, and
//! a stolen log opens nothing.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::id::KeyId;

/// How every key that Weir makes begins.
pub const PREFIX: &str = "weir_";

/// Digits of the key id: 80 bits, five to a digit.
const ID_DIGITS: usize = 16;
/// Digits of the secret: 256 bits.
const SECRET_DIGITS: usize = 52;
/// Digits of the checksum: 32 bits.
const CHECK_DIGITS: usize = 7;
/// The whole key in bytes.
const LENGTH: usize = PREFIX.len() + ID_DIGITS + 1 + SECRET_DIGITS + CHECK_DIGITS;

/// The digits of base 32 (RFC 4648 section 6, lower case, no padding).
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A key as its holder has it. Shown once, kept nowhere; `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl KeyText {
    /// The key of these 256 random bits.
    pub fn new(id: KeyId, secret: &[u8; 32]) -> KeyText {
        let mut text = String::with_capacity(LENGTH);
        text.push_str(PREFIX);
        push_base32(&mut text, id.bytes());
        text.push('_');
        push_base32(&mut text, secret);
        let check = checksum(text.as_bytes());
        push_base32(&mut text, &check);
        KeyText(text)
    }

    /// A key with fresh random bits.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random(id: KeyId) -> Result<KeyText, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(KeyText::new(id, &secret))
    }

    /// The key itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyText(hidden)")
    }
}

/// What a presented key is, before anyone asks whether it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One of Weir's own, with this id and a right checksum.
    Own(KeyId),
    /// It begins like one of Weir's own but was mistyped or cut off.
    Mistyped,
    /// Made elsewhere: customers may bring keys they already hold.
    Foreign,
}

/// Reads the form of a key.
pub fn form(key: &[u8]) -> Form {
    let Some(rest) = key.strip_prefix(PREFIX.as_bytes()) else {
        return Form::Foreign;
    };
    match own_id(key, rest) {
        Some(id) => Form::Own(id),
        None => Form::Mistyped,
    }
}

fn own_id(key: &[u8], rest: &[u8]) -> Option<KeyId> {
    if key.len() != LENGTH || rest.get(ID_DIGITS) != Some(&b'_') {
        return None;
    }
    let (body, check) = key.split_at_checked(LENGTH - CHECK_DIGITS)?;
    let mut expected = String::with_capacity(CHECK_DIGITS);
    push_base32(&mut expected, &checksum(body));
    if expected.as_bytes() != check {
        return None;
    }
    Some(KeyId::from_bytes(decode_id(rest.get(..ID_DIGITS)?)?))
}

fn checksum(text: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(text).into();
    [a, b, c, d]
}

fn push_base32(text: &mut String, bytes: &[u8]) {
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(digit(held << (5 - bits)));
    }
}

fn digit(value: u32) -> char {
    char::from(DIGITS[(value & 31) as usize])
}

fn decode_id(digits: &[u8]) -> Option<[u8; 10]> {
    let mut bits: u128 = 0;
    for character in digits {
        let value = DIGITS.iter().position(|digit| digit == character)?;
        bits = (bits << 5) | value as u128;
    }
    let [_, _, _, _, _, _, id @ ..] = bits.to_be_bytes();
    Some(id)
}

/// The pepper, kept as the half-computed HMAC: one copy of the secret in
/// memory, and two hash blocks less on every request. `Debug` hides it.
#[derive(Clone)]
pub struct Pepper(Hmac<Sha256>);

impl Pepper {
    /// From the bytes of the pepper file.
    pub fn new(secret: &[u8; 32]) -> Pepper {
        // A key of 32 bytes is within every HMAC's limits.
        let mut block = [0; 64];
        block[..32].copy_from_slice(secret);
        Pepper(Hmac::new(&block.into()))
    }

    /// What is stored of `key`.
    pub fn digest(&self, key: &[u8]) -> Digest {
        self.digest_of_hash(&Sha256::digest(key).into())
    }

    /// What is stored of a key of which only the SHA-256 is known, as when
    /// keys from another system are imported.
    pub fn digest_of_hash(&self, hash: &[u8; 32]) -> Digest {
        let mut mac = self.0.clone();
        mac.update(hash);
        Digest(mac.finalize().into_bytes().into())
    }

    /// What only who has the pepper can say about `bytes`, for a purpose whose
    /// name is longer than any hash.
    pub fn vouch(&self, purpose: &[u8], bytes: &[u8]) -> Digest {
        let mut mac = self.0.clone();
        mac.update(purpose);
        mac.update(bytes);
        Digest(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Pepper(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn example() -> KeyText {
        KeyText::new(KeyId::from_bytes([7; 10]), &[9; 32])
    }

    #[test]
    fn a_key_has_its_fixed_length_and_hides_from_debug() {
        let key = example();
        assert_eq!(key.reveal().len(), 5 + 16 + 1 + 52 + 7);
        assert_eq!(form(key.reveal().as_bytes()), Form::Own(KeyId::from_bytes([7; 10])));
        assert!(!format!("{key:?}").contains("weir_"));
        assert_eq!(form(b"sk-from-elsewhere"), Form::Foreign);
    }

    #[test]
    fn the_stored_digest_is_the_hmac_of_the_hash() {
        // From an independent implementation: python3's hmac and hashlib.
        let pepper = Pepper::new(&[1; 32]);
        assert_eq!(pepper.digest(b"abc"), pepper.digest_of_hash(&Sha256::digest(b"abc").into()));
        assert_eq!(pepper.digest(b"abc").hex(), "67a782af2dbd92253f592f996d654a6276a1ef081e28ab9df3cdadd5474b6a71");
        assert_ne!(pepper.digest(b"abc"), Pepper::new(&[2; 32]).digest(b"abc"));
    }

    proptest! {
        #[test]
        fn the_id_is_read_back(id: [u8; 10], secret: [u8; 32]) {
            let id = KeyId::from_bytes(id);
            prop_assert_eq!(form(KeyText::new(id, &secret).reveal().as_bytes()), Form::Own(id));
        }

        #[test]
        fn one_changed_or_missing_character_is_a_typing_slip(place in 5usize..81, new in "[a-z2-7_]") {
            let text = example().reveal().to_owned();
            let mut changed = text.clone();
            changed.replace_range(place..=place, &new);
            if changed != text {
                prop_assert_eq!(form(changed.as_bytes()), Form::Mistyped);
            }
            prop_assert_eq!(form(&text.as_bytes()[..place]), Form::Mistyped);
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            let _form = form(&bytes);
            let _form = form(&[PREFIX.as_bytes(), &bytes].concat());
        }
    }
}
