//! Strings: skipped fast, unescaped only when someone must read them, and
//! written with the fewest escapes.

use super::{Cursor, JsonError, JsonProblem};
use std::borrow::Cow;
use std::ops::Range;

/// A checked string literal, still in its place in the body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    /// Between the quotes, as written.
    raw: &'a str,
    /// Offset of the opening quote.
    start: usize,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// The literal's bytes in the body, both quotes included.
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.start + self.raw.len() + 2
    }

    /// What the literal means. Borrowed unless it holds an escape.
    pub(crate) fn unescaped(&self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.raw);
        }
        Cow::Owned(unescape(self.raw))
    }
}

impl<'a> Cursor<'a> {
    /// Reads a string whose opening quote is next.
    pub(crate) fn string(&mut self) -> Result<Text<'a>, JsonError> {
        let start = self.position;
        self.position += 1;
        let mut escaped = false;
        loop {
            self.position += plain_prefix(self.bytes.get(self.position..).unwrap_or_default());
            match self.peek() {
                None => return self.fail(JsonProblem::UnexpectedEnd),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return self.fail(JsonProblem::ControlCharacter),
            }
        }
        let raw = self.text.get(start + 1..self.position).unwrap_or_default();
        self.position += 1;
        Ok(Text { raw, start, escaped })
    }

    /// Checks one escape sequence, or a pair of them that names one character.
    fn escape(&mut self) -> Result<(), JsonError> {
        let start = self.position;
        match self.bytes.get(start + 1) {
            None => self.fail_at(JsonProblem::UnexpectedEnd, self.bytes.len()),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.position += 2;
                Ok(())
            }
            Some(b'u') => self.unicode_escape(start),
            Some(_) => self.fail(JsonProblem::InvalidEscape),
        }
    }

    fn unicode_escape(&mut self, start: usize) -> Result<(), JsonError> {
        let unit = self.hex_unit(start)?;
        self.position = start + 6;
        match unit {
            0xD800..=0xDBFF => {
                if self.bytes.get(start + 6..start + 8) != Some(b"\\u") {
                    return self.fail_at(JsonProblem::LoneSurrogate, start);
                }
                let low = self.hex_unit(start + 6)?;
                if !(0xDC00..=0xDFFF).contains(&low) {
                    return self.fail_at(JsonProblem::LoneSurrogate, start);
                }
                self.position = start + 12;
                Ok(())
            }
            0xDC00..=0xDFFF => self.fail_at(JsonProblem::LoneSurrogate, start),
            _ => Ok(()),
        }
    }

    /// The UTF-16 code unit of the escape at `start`: `\u` and four hexadecimal digits.
    fn hex_unit(&self, start: usize) -> Result<u32, JsonError> {
        let Some(digits) = self.bytes.get(start + 2..start + 6) else {
            return self.fail_at(JsonProblem::UnexpectedEnd, self.bytes.len());
        };
        let mut unit = 0;
        for digit in digits {
            match char::from(*digit).to_digit(16) {
                Some(value) => unit = unit * 16 + value,
                None => return self.fail_at(JsonProblem::InvalidEscape, start),
            }
        }
        Ok(unit)
    }
}

/// How many leading bytes are neither a quote, a backslash nor a control
/// character. Many bytes at a time: prompts are long strings.
fn plain_prefix(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<32>();
    let plain = blocks.iter().take_while(|block| is_plain(block)).count() * 32;
    plain + plain_words(bytes.get(plain..).unwrap_or_default())
}

/// Without a branch a byte, so that the compiler looks at many at once.
fn is_plain(block: &[u8; 32]) -> bool {
    block.iter().fold(true, |plain, byte| plain & (*byte >= 0x20) & (*byte != b'"') & (*byte != b'\\'))
}

/// As [`plain_prefix`], eight bytes at a time.
fn plain_words(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut length = 0;
    let (blocks, _) = bytes.as_chunks::<8>();
    for block in blocks {
        let word = u64::from_le_bytes(*block);
        // "Has a byte less than n" and "has a zero byte" from Bit Twiddling
        // Hacks. A borrow can mark bytes above the first hit, never below it.
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES) & !(word ^ (ONES * 0x22));
        let backslash = (word ^ (ONES * 0x5C)).wrapping_sub(ONES) & !(word ^ (ONES * 0x5C));
        let hits = (control | quote | backslash) & HIGHS;
        if hits != 0 {
            return length + (hits.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let tail = bytes.get(length..).unwrap_or_default();
    length + tail.iter().take_while(|byte| **byte >= 0x20 && **byte != b'"' && **byte != b'\\').count()
}

/// Resolves the escapes of a literal that [`Cursor::string`] has checked.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at(at);
        text.push_str(plain);
        let (character, length) = resolve(escape);
        text.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// The character an escape at the start of `escape` names, and its length.
fn resolve(escape: &str) -> (char, usize) {
    let simple = match escape.as_bytes().get(1) {
        Some(b'u') => return resolve_unicode(escape),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{C}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'/') => '/',
        Some(b'"') => '"',
        _ => '\\',
    };
    (simple, 2)
}

fn resolve_unicode(escape: &str) -> (char, usize) {
    let unit_at = |start: usize| escape.get(start + 2..start + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let high = unit_at(0).unwrap_or(0xFFFD);
    if !(0xD800..=0xDBFF).contains(&high) {
        return (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6);
    }
    let low = unit_at(6).unwrap_or(0xDC00);
    let scalar = 0x10000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
    (char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
}

/// Appends `text` as a JSON string literal with its quotes.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x00..=0x1F => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 0xF)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn written_strings_read_back_here_and_elsewhere(text in any::<String>()) {
            let mut literal = Vec::new();
            write_string(&mut literal, &text);
            prop_assert_eq!(&serde_json::from_slice::<String>(&literal).unwrap(), &text);
            let mut cursor = Cursor::new(&literal).unwrap();
            prop_assert_eq!(cursor.string().unwrap().unescaped(), text);
            prop_assert_eq!(cursor.position(), literal.len());
        }

        #[test]
        fn the_plain_prefix_is_the_one_a_byte_loop_finds(bytes in proptest::collection::vec(any::<u8>(), 0..160), at in 0..160usize, special in prop::sample::select(vec![b'"', b'\\', 0x00, 0x1F, 0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7F, 0x80, 0xFF])) {
            let mut bytes: Vec<u8> = bytes.into_iter().map(|byte| byte | 0x40).map(|byte| if byte == b'\\' { b'a' } else { byte }).collect();
            if let Some(slot) = bytes.get_mut(at) {
                *slot = special;
            }
            let expected = bytes.iter().take_while(|byte| **byte >= 0x20 && **byte != b'"' && **byte != b'\\').count();
            prop_assert_eq!(plain_prefix(&bytes), expected);
        }
    }
}
