//! What sixteen bytes of text are, as bits, by comparisons of all of them at once.

use wide::u8x16;

/// Bytes a lane holds.
pub(super) const LANE: usize = 16;

/// A bit for each byte and class, the first byte lowest: what a word goes on with, digits,
/// apostrophes, ends of sentences, and what is odd (see [`super::window::Window`]).
pub(super) type Bits = [u16; 5];

const RUN: u64 = 1;
const STOP: u64 = 1 << LANE;
const ODD: u64 = 1 << (2 * LANE);

/// What each byte is: a bit in each of three lanes. A digit is a run and a stop, an
/// apostrophe a run and odd, which nothing else is.
const LINES: [u64; 256] = {
    let mut lines = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        lines[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' => RUN,
            b'0'..=b'9' => RUN | STOP,
            b'\'' => RUN | ODD,
            b'.' | b'!' | b'?' | b':' | b';' | b'\n' | b'<' | b'>' => STOP,
            b'"' | b'`' | 0x80.. => ODD,
            _ => 0,
        };
        byte += 1;
    }
    lines
};

/// What may begin at a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of ASCII letters and digits.
    Run,
    Stop,
    /// See [`super::window::Window`].
    Odd,
    /// Nothing: space, most punctuation, and apostrophes before words.
    Gap,
}

pub(super) fn kind_of(byte: u8) -> Kind {
    let line = LINES[usize::from(byte)];
    match (line & RUN != 0, line & ODD != 0, line & STOP != 0) {
        (true, false, _) => Kind::Run,
        (false, true, _) => Kind::Odd,
        (false, false, true) => Kind::Stop,
        _ => Kind::Gap,
    }
}

#[inline]
pub(super) fn bits_of(bytes: &[u8; LANE]) -> Bits {
    let text = u8x16::new(*bytes);
    let is = |byte: u8| text.simd_eq(u8x16::splat(byte));
    // Below the first they wrap around to more than any range is long.
    let between = |text: u8x16, first: u8, last: u8| {
        let beyond = text - u8x16::splat(first);
        beyond.min(u8x16::splat(last - first)).simd_eq(beyond)
    };
    let bits = |of: u8x16| of.to_bitmask() as u16;
    let letters = between(text | u8x16::splat(0x20), b'a', b'z');
    let (digits, apostrophes) = (bits(between(text, b'0', b'9')), bits(is(b'\'')));
    // From a colon to a question mark, but for the equals sign.
    let marks = between(text, b':', b'?') & !is(b'=');
    let stops = marks | is(b'.') | is(b'!') | is(b'\n');
    // A byte outside ASCII has the highest bit, which is what is gathered.
    let odd = is(b'"') | is(b'`') | text;
    [bits(letters) | digits | apostrophes, digits, apostrophes, bits(stops), bits(odd)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_table(bytes: &[u8; LANE]) -> Bits {
        let lanes = bytes.iter().rev().fold(0, |lanes, &byte| lanes << 1 | LINES[usize::from(byte)]);
        let [run, stop, odd] = [0, 1, 2].map(|number| (lanes >> (number * LANE)) as u16);
        [run, run & stop, run & odd, stop & !run, odd & !run]
    }

    #[test]
    fn every_byte_in_every_place_has_the_bits_of_the_table() {
        for byte in 0..=255_u8 {
            for place in 0..LANE {
                for around in [b' ', b'a', 0xff] {
                    let mut bytes = [around; LANE];
                    bytes[place] = byte;
                    assert_eq!(bits_of(&bytes), by_table(&bytes), "{byte} at {place}");
                }
            }
        }
    }
}
