//! Sixty-four bytes of text at once, as bits. Word lengths follow no pattern, so a
//! loop that looks at each byte is mispredicted at nearly every word; here a word's
//! ends are the ends of runs of bits, and no branch is taken for a byte.

use super::lane::{LANE, bits_of};

/// Bytes a window shows.
pub(super) const WINDOW: usize = 64;

/// A bit for each byte, the first one lowest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// ASCII letters, digits and apostrophes: what a word goes on with.
    pub(super) run: u64,
    pub(super) digits: u64,
    /// Of the bytes of `run`, those that no word begins with.
    pub(super) apostrophes: u64,
    /// Ends of sentences.
    pub(super) stops: u64,
    /// A quotation, code, or a letter outside ASCII: see for yourself.
    pub(super) odd: u64,
}

/// The lowest so many bits.
#[inline]
pub(super) fn low(count: usize) -> u64 {
    if count < WINDOW { (1 << count) - 1 } else { u64::MAX }
}

impl Window {
    #[inline]
    pub(super) fn of(bytes: &[u8; WINDOW]) -> Window {
        let mut window = Window::default();
        for (place, some) in bytes.as_chunks::<LANE>().0.iter().enumerate() {
            let [run, digits, apostrophes, stops, odd] = bits_of(some).map(|bits| u64::from(bits) << (place * LANE));
            window.run |= run;
            window.digits |= digits;
            window.apostrophes |= apostrophes;
            window.stops |= stops;
            window.odd |= odd;
        }
        window
    }

    /// Bytes before the first that is odd.
    pub(super) fn before_odd(&self) -> usize {
        self.odd.trailing_zeros() as usize
    }

    /// The runs without the apostrophes before words, where none goes on from before.
    pub(super) fn words(&self) -> u64 {
        let mut run = self.run;
        loop {
            let leading = run & !(run << 1) & self.apostrophes;
            if leading == 0 {
                return run;
            }
            run &= !leading;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_the_bits_of_what_it_is() {
        let mut bytes = [0; WINDOW];
        for start in 0..=255_u8 {
            for (place, byte) in bytes.iter_mut().enumerate() {
                *byte = start.wrapping_add((place * place * 7 + place * 5) as u8);
            }
            let bits = |is: fn(u8) -> bool| {
                (0..WINDOW).filter(|&place| is(bytes[place])).fold(0_u64, |bits, place| bits | 1 << place)
            };
            let expected = Window {
                run: bits(|byte| byte.is_ascii_alphanumeric() || byte == b'\''),
                digits: bits(|byte| byte.is_ascii_digit()),
                apostrophes: bits(|byte| byte == b'\''),
                stops: bits(|byte| b".!?:;\n<>".contains(&byte)),
                odd: bits(|byte| byte >= 0x80 || byte == b'"' || byte == b'`'),
            };
            assert_eq!(Window::of(&bytes), expected);
        }
    }

    #[test]
    fn no_word_begins_with_an_apostrophe() {
        let mut bytes = [b' '; WINDOW];
        bytes[..20].copy_from_slice(b"''tis '' a' 'b'c '1'");
        let shown: String = (0..20).map(|at| if Window::of(&bytes).words() >> at & 1 == 1 { char::from(bytes[at]) } else { '_' }).collect();
        assert_eq!(shown, "__tis____a'__b'c__1'");
    }
}
