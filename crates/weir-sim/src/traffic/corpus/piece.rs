//! A sentence with places in it that are filled anew each time.

use super::words;
use crate::random::SeededRandom;

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Text that stays, as a range of the sentence.
    Kept(u32, u32),
    Word,
    Adjective,
    Person,
    Place,
    Number(u32),
}

/// A sentence, cut at what can vary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::traffic) struct Piece {
    text: Box<str>,
    parts: Box<[Part]>,
}

/// What fills the places: a topic's words, in one language.
pub(super) struct Filling<'corpus> {
    pub(super) words: &'corpus [Box<str>],
    pub(super) adjectives: &'corpus [Box<str>],
}

impl Piece {
    /// A frame with marks such as `{w}`.
    pub(super) fn from_frame(frame: &str) -> Self {
        let mut parts = Vec::new();
        let mut from = 0;
        while let Some(at) = frame[from..].find('{').map(|at| at + from) {
            push_kept(&mut parts, from, at);
            let part = match &frame[at..at + 3] {
                "{w}" => Part::Word,
                "{a}" => Part::Adjective,
                "{p}" => Part::Person,
                "{q}" => Part::Place,
                _ => Part::Number(40),
            };
            parts.push(part);
            from = at + 3;
        }
        push_kept(&mut parts, from, frame.len());
        Self { text: frame.into(), parts: parts.into() }
    }

    /// A sentence somebody wrote: its numbers and its names vary, the rest of
    /// it stays.
    pub(super) fn from_sentence(sentence: &str) -> Self {
        let mut parts = Vec::new();
        let mut kept_from = 0;
        let mut at = 0;
        let mut first_word = true;
        while at < sentence.len() {
            let rest = &sentence[at..];
            let length = word_length(rest);
            if length == 0 {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            let word = &rest[..length];
            let part = if word.bytes().all(|byte| byte.is_ascii_digit()) && length < 6 {
                word.parse().ok().map(Part::Number)
            } else if !first_word && is_name(word) {
                Some(Part::Person)
            } else {
                None
            };
            if let Some(part) = part {
                push_kept(&mut parts, kept_from, at);
                parts.push(part);
                kept_from = at + length;
            }
            first_word = false;
            at += length;
        }
        push_kept(&mut parts, kept_from, sentence.len());
        Self { text: sentence.into(), parts: parts.into() }
    }

    /// Whether it says the same each time.
    pub(super) fn is_fixed(&self) -> bool {
        !self.parts.iter().any(|part| !matches!(part, Part::Kept(..)))
    }

    /// How long it is, unfilled.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// Writes it with its places filled.
    pub(super) fn write(&self, out: &mut String, filling: &Filling<'_>, random: &mut SeededRandom) {
        for part in &*self.parts {
            match part {
                Part::Kept(from, to) => out.push_str(&self.text[*from as usize..*to as usize]),
                Part::Word => out.push_str(random.pick(filling.words).map_or("", |word| word)),
                Part::Adjective => out.push_str(random.pick(filling.adjectives).map_or("", |word| word)),
                Part::Person => write_person(out, random),
                Part::Place => out.push_str(random.pick(words::PLACES).copied().unwrap_or_default()),
                Part::Number(like) => write_number(out, u64::from(*like), random),
            }
        }
    }
}

pub(super) fn write_person(out: &mut String, random: &mut SeededRandom) {
    out.push_str(random.pick(words::GIVEN).copied().unwrap_or_default());
    if random.chance(60) {
        out.push(' ');
        out.push_str(random.pick(words::FAMILY).copied().unwrap_or_default());
    }
}

/// A number of about the same size as the one that stood there.
pub(super) fn write_number(out: &mut String, like: u64, random: &mut SeededRandom) {
    let number = random.between(like / 2 + 1, like.saturating_mul(2).max(9));
    push_number(out, number);
}

/// A number in decimal, without the formatter's detour.
pub(in crate::traffic) fn push_number(out: &mut String, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut from = digits.len();
    loop {
        from -= 1;
        digits[from] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    for digit in &digits[from..] {
        out.push(char::from(*digit));
    }
}

fn push_kept(parts: &mut Vec<Part>, from: usize, to: usize) {
    if let (Ok(from), Ok(to)) = (u32::try_from(from), u32::try_from(to))
        && from < to
    {
        parts.push(Part::Kept(from, to));
    }
}

fn word_length(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_alphanumeric).count()
}

fn is_name(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() > 3 && bytes[0].is_ascii_uppercase() && bytes[1..].iter().all(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_s_names_and_numbers_vary_and_nothing_else() {
        let piece = Piece::from_sentence("Natalia sold 48 clips to Weng in MAY, über 3.5 Euro.");
        assert!(!piece.is_fixed());
        let filling = Filling { words: &[], adjectives: &[] };
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..20 {
            let mut out = String::new();
            piece.write(&mut out, &filling, &mut SeededRandom::new(seed));
            assert!(out.starts_with("Natalia sold ") && out.contains(" in MAY, über "), "{out}");
            seen.insert(out);
        }
        assert!(seen.len() > 15);
        assert!(Piece::from_sentence("no names here").is_fixed());
    }

    #[test]
    fn numbers_are_written_as_the_formatter_would() {
        for number in [0, 7, 10, 99_999, u64::MAX] {
            let mut out = String::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string());
        }
    }
}
