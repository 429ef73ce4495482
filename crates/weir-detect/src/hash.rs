//! Hashes keyed by the deployment. Buckets and samples are chosen by hashes,
//! so whoever can compute them can prepare collisions or slip through the
//! samples; with a key that only the deployment holds they cannot.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::select_unpredictable;

use siphasher::sip::SipHasher13;

/// The key of a deployment. Runs with the same key and input give the same
/// findings.
#[derive(Clone, Copy)]
pub(crate) struct Keyed {
    sip: SipHasher13,
    /// Keys of the hash of words, made from the deployment's.
    words: [u64; 3],
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
    Before,
}

impl Keyed {
    pub(crate) fn new(key: [u8; 16]) -> Keyed {
        let sip = SipHasher13::new_with_key(&key);
        let words = [b"words, first", b"words, other", b"words, third"].map(|name| sip.hash(name));
        Keyed { sip, words }
    }

    /// The hash of what stands in a text and is no word of letters, without a
    /// domain.
    pub(crate) fn span(&self, bytes: &[u8]) -> u64 {
        self.sip.hash(bytes)
    }

    /// The hash of a word of 1 to 32 letters from `start` to `end` in `text`, which
    /// begins eight bytes before the word at least and goes on for eight bytes behind
    /// it. Letters count without case.
    ///
    /// Words are hashed most, so this is not SipHash but a multiplication under
    /// secret keys, folded, as in wyhash: whoever does not know the keys sees no
    /// hash and cannot choose words that meet.
    #[inline]
    pub(crate) fn word(&self, text: &[u8], start: usize, end: usize) -> u64 {
        let [first, other, third] = self.words;
        let length = end.wrapping_sub(start);
        let length_key = other ^ (length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (head, tail) = (eight(text, start), eight(text, end.wrapping_sub(8)));
        if length <= 16 {
            // Of a short word what is behind it is shifted out. Chosen, not branched
            // to: lengths follow no pattern, and the compiler has to be told.
            let is_short = length <= 8;
            let head = head << ((8_usize.saturating_sub(length) * 8) & 63);
            let tail = select_unpredictable(is_short, 0, tail);
            return join(head ^ first, tail ^ length_key);
        }
        let front = join(head ^ first, eight(text, start + 8) ^ length_key);
        join(front ^ eight(text, end.wrapping_sub(16)), tail ^ third)
    }

    /// The hash of a word as the rule has it, for each length apart: what
    /// [`Keyed::word`] is held against.
    #[cfg(test)]
    pub(crate) fn word_by_length(&self, lower: &[u8]) -> u64 {
        let [first, other, third] = self.words;
        let length = lower.len();
        let length_key = other ^ (length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let eight = |at: usize| u64::from_le_bytes(lower[at..at + 8].try_into().unwrap());
        match length {
            0..=8 => {
                let mut last = [0; 8];
                last[8 - length..].copy_from_slice(lower);
                join(u64::from_le_bytes(last) ^ first, length_key)
            }
            9..=16 => join(eight(0) ^ first, eight(length - 8) ^ length_key),
            _ => {
                let front = join(eight(0) ^ first, eight(8) ^ length_key);
                join(front ^ eight(length - 16), eight(length - 8) ^ third)
            }
        }
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

/// Eight bytes of text as a number, letters in lower case: in letters and
/// apostrophes this bit is the case, or set.
#[inline]
pub(crate) fn eight(text: &[u8], at: usize) -> u64 {
    let bytes = text.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
    u64::from_le_bytes(bytes.unwrap_or_default()) | 0x2020_2020_2020_2020
}

/// Mixes two hashes in order. Its inputs are keyed hashes already, so it only
/// has to keep them apart (the multiplication folds both halves in, as in
/// wyhash).
#[inline]
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Words of all lengths, by their first letters, their last, and what stands
    /// around them.
    #[test]
    fn a_word_s_hash_is_of_its_letters_without_case_and_of_nothing_around_it() {
        let keyed = Keyed::new([3; 16]);
        let hash = |word: &str, behind: &str| {
            let text = format!("{behind:>9}{word}{behind:8}");
            keyed.word(text.as_bytes(), 9, 9 + word.len())
        };
        let mut seen: BTreeMap<u64, String> = BTreeMap::new();
        let alphabet = "abcdefghijklmnopqrstuvwxyz'abcdefghijk";
        for length in 1..=32 {
            for start in 0..6 {
                for changed in 0..=length {
                    let mut word: Vec<u8> = alphabet.as_bytes()[start..start + length].to_vec();
                    if let Some(letter) = word.get_mut(changed) {
                        *letter = b'z';
                    }
                    let word = String::from_utf8(word).unwrap();
                    let own = hash(&word, " and more");
                    assert_eq!(own, hash(&word.to_uppercase(), ", else"), "{word}");
                    let held = seen.entry(own).or_insert_with(|| word.clone());
                    assert_eq!(*held, word);
                }
            }
        }
        let text = b"        harbour        ";
        assert_ne!(Keyed::new([4; 16]).word(text, 8, 15), keyed.word(text, 8, 15));
    }
}
