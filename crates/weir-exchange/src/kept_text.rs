//! What a request said, where the rules say that it is kept: sealed with
//! ChaCha20-Poly1305 (RFC 8439) under a key that is kept elsewhere and can be
//! destroyed, and bound to its exchange, so that the words of one cannot be
//! passed off as those of another.
//!
//! The sealed form is the base64 of a random nonce of 12 bytes, the ciphertext
//! and its tag of 16 bytes. What is sealed is [`Words`] as JSON; the associated
//! data is the id of the exchange.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

/// The most bytes of texts that are kept of one request; what is beyond is cut.
pub const MOST_TEXT: usize = 64 << 10;

/// Sealed texts, as the record of an exchange holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptText {
    /// Which of the account's keys: the day of UTC on which it expires.
    pub key: Box<str>,
    /// Nonce, ciphertext and tag, in base64.
    pub sealed: Box<str>,
}

/// The texts that are kept of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words<'t> {
    /// The first text of the system or the developer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<Cow<'t, str>>,
    /// The first text of the user, where another follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_user: Option<Cow<'t, str>>,
    /// The last text of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_user: Option<Cow<'t, str>>,
    /// Whether they were longer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// Texts could not be sealed or opened; which of many reasons, cryptography
/// does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed text and its key do not fit: one of them was changed")]
pub struct Unsealable;

impl<'t> Words<'t> {
    /// These texts, cut to [`MOST_TEXT`] together. What is short stays whole,
    /// and the rest share what is left.
    #[must_use]
    pub fn of(system: Option<&'t str>, first_user: Option<&'t str>, last_user: Option<&'t str>) -> Words<'t> {
        let mut texts = [system, first_user, last_user];
        let mut order = [0, 1, 2];
        order.sort_by_key(|place| texts[*place].map_or(0, str::len));
        let (mut left, mut cut) = (MOST_TEXT, false);
        for (sharing, place) in (1..=order.len()).rev().zip(order) {
            let Some(text) = texts[place] else { continue };
            let kept = &text[..text.floor_char_boundary(left / sharing)];
            cut |= kept.len() < text.len();
            left -= kept.len();
            texts[place] = Some(kept);
        }
        let [system, first_user, last_user] = texts.map(|text| text.map(Cow::Borrowed));
        Words { system, first_user, last_user, cut }
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.system.is_none() && self.first_user.is_none() && self.last_user.is_none()
    }

    /// Seals them for the exchange called `exchange`, under the key that
    /// expires on `day`.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn seal(&self, key: &[u8; 32], day: &str, exchange: &str) -> Result<KeptText, Unsealable> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Unsealable)?;
        let mut bytes = serde_json::to_vec(self).map_err(|_| Unsealable)?;
        let tag = of(key)?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(exchange), &mut bytes)
            .map_err(|_| Unsealable)?;
        let sealed = [&nonce[..], &bytes, tag.as_ref()].concat();
        Ok(KeptText { key: day.into(), sealed: STANDARD.encode(sealed).into() })
    }
}

impl KeptText {
    /// Opens what was sealed for the exchange called `exchange`.
    ///
    /// # Errors
    /// When the key is another, or anything was changed.
    pub fn open(&self, key: &[u8; 32], exchange: &str) -> Result<Words<'static>, Unsealable> {
        let sealed = STANDARD.decode(&*self.sealed).map_err(|_| Unsealable)?;
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unsealable)?;
        let mut bytes = rest.to_vec();
        let opened = of(key)?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(exchange), &mut bytes)
            .map_err(|_| Unsealable)?;
        let words: Words<'_> = serde_json::from_slice(opened).map_err(|_| Unsealable)?;
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Ok(Words {
            system: owned(words.system),
            first_user: owned(words.first_user),
            last_user: owned(words.last_user),
            cut: words.cut,
        })
    }
}

fn of(key: &[u8; 32]) -> Result<LessSafeKey, Unsealable> {
    UnboundKey::new(&CHACHA20_POLY1305, key).map(LessSafeKey::new).map_err(|_| Unsealable)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXCHANGE: &str = "x-00000001-0000002a";

    #[test]
    fn texts_are_cut_together_and_the_short_stay_whole() {
        let long = "ä".repeat(MOST_TEXT);
        let words = Words::of(Some("short"), Some(&long), Some(&long));
        let length = |text: &Option<Cow<'_, str>>| text.as_ref().map_or(0, |text| text.len());
        let together = length(&words.system) + length(&words.first_user) + length(&words.last_user);
        assert!(words.cut && words.system.as_deref() == Some("short"));
        assert!((MOST_TEXT - 3..=MOST_TEXT).contains(&together), "{together}");
        assert!(length(&words.first_user).abs_diff(length(&words.last_user)) <= 2);
        let whole = "x".repeat(MOST_TEXT);
        let words = Words::of(None, None, Some(&whole));
        assert!(!words.cut && words.last_user.as_deref() == Some(&*whole));
        assert!(Words::of(None, None, None).is_empty());
        // The longest that can be is far from the longest line of records.
        let worst = "\u{1}".repeat(MOST_TEXT);
        let sealed = Words::of(None, None, Some(&worst)).seal(&[1; 32], "2026-12-27", EXCHANGE).unwrap().sealed;
        assert!(sealed.len() < 600_000, "{}", sealed.len());
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_only_as_it_was(
            texts in proptest::array::uniform3(proptest::option::of(".{0,40}")),
            key in any::<[u8; 32]>(),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..,
        ) {
            let [system, first, last] = &texts;
            let words = Words::of(system.as_deref(), first.as_deref(), last.as_deref());
            let kept = words.seal(&key, "2026-12-27", EXCHANGE).unwrap();
            prop_assert_eq!(kept.open(&key, EXCHANGE), Ok(words.clone()));
            let again = words.seal(&key, "2026-12-27", EXCHANGE).unwrap();
            prop_assert_ne!(&kept.sealed, &again.sealed);

            prop_assert_eq!(kept.open(&key, "x-00000001-0000002b"), Err(Unsealable));
            let mut other = key;
            other[at.index(32)] ^= flip;
            prop_assert_eq!(kept.open(&other, EXCHANGE), Err(Unsealable));
            let mut bytes = STANDARD.decode(&*kept.sealed).unwrap();
            let place = at.index(bytes.len());
            bytes[place] ^= flip;
            let changed = KeptText { sealed: STANDARD.encode(&bytes).into(), ..kept.clone() };
            prop_assert_eq!(changed.open(&key, EXCHANGE), Err(Unsealable));
            let cut = KeptText { sealed: STANDARD.encode(&bytes[..place]).into(), ..kept };
            prop_assert_eq!(cut.open(&key, EXCHANGE), Err(Unsealable));
        }
    }
}
