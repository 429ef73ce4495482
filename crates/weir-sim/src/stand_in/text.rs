//! What the stand-in says: invented sentences, determined by a seed.
//!
//! The text mixes scripts and characters of one to four bytes, because a relay
//! that cuts a frame inside a character is a fault worth meeting early.

use crate::random::SeededRandom;

/// Harmless words of one to four bytes a character.
const WORDS: &[&str] = &[
    "the",
    "water",
    "rises",
    "slowly",
    "behind",
    "a",
    "gate",
    "and",
    "then",
    "finds",
    "its",
    "level",
    "über",
    "déjà",
    "café",
    "naïve",
    "水位",
    "川の流れ",
    "堰",
    "강물",
    "река",
    "πηγή",
    "🌊",
    "👩‍🔬",
    "🌤️",
    "measure",
    "what",
    "flows",
    "before",
    "opening",
    "more",
    "stone",
    "quiet",
    "meadow",
    "lantern",
    "orbit",
    "signal",
    "harbour",
];

/// A text of about 24 to 80 words, or of exactly `bytes` bytes when given.
pub(super) fn sentence(seed: u64, bytes: Option<usize>) -> String {
    let mut random = SeededRandom::new(seed);
    match bytes {
        Some(bytes) => exactly(&mut random, bytes),
        None => {
            let words = random.between(24, 80);
            let mut text = String::new();
            for _ in 0..words {
                push_word(&mut text, &mut random);
            }
            text.push('.');
            text
        }
    }
}

fn exactly(random: &mut SeededRandom, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes);
    while text.len() < bytes {
        let before = text.len();
        push_word(&mut text, random);
        if text.len() > bytes {
            text.truncate(before);
            break;
        }
    }
    while text.len() < bytes {
        text.push('.');
    }
    text
}

fn push_word(text: &mut String, random: &mut SeededRandom) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(random.pick(WORDS).copied().unwrap_or("water"));
}

/// The longest start of `text` that is at most `bytes` long and ends between
/// two characters.
pub(super) fn shortened(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// Cuts a text into exactly `pieces` parts between characters; some are empty
/// when there are fewer characters than parts.
pub(super) fn pieces(text: &str, pieces: usize) -> Vec<&str> {
    let mut parts = Vec::with_capacity(pieces);
    let mut start = 0;
    for piece in 1..=pieces {
        // Widened, because a length times a count may not fit a machine word.
        let share = text.len() as u128 * piece as u128 / pieces as u128;
        let end = text.floor_char_boundary(usize::try_from(share).unwrap_or(text.len()));
        parts.push(text.get(start..end).unwrap_or_default());
        start = end;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn has_the_length_asked_for(seed: u64, bytes in 0_usize..4000) {
            prop_assert_eq!(sentence(seed, Some(bytes)).len(), bytes);
        }

        #[test]
        fn pieces_join_to_the_whole(text in "\\PC{0,80}", count in 1_usize..60) {
            let parts = pieces(&text, count);
            prop_assert_eq!(parts.len(), count);
            prop_assert_eq!(parts.concat(), text);
        }

        #[test]
        fn a_short_form_is_a_start(text in "\\PC{0,80}", bytes in 0_usize..100) {
            let short = shortened(&text, bytes);
            prop_assert!(short.len() <= bytes && text.starts_with(short));
        }
    }

    #[test]
    fn long_texts_hold_every_width_of_character() {
        let text = sentence(7, Some(4000));
        for width in 1..=4 {
            assert!(text.chars().any(|character| character.len_utf8() == width), "{width}");
        }
    }
}
