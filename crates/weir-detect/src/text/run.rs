//! Runs of letters and digits, eight bytes at a time. Word lengths follow no
//! pattern, so a loop over bytes is mispredicted at nearly every word; this has
//! no branch a byte.

/// What may begin at a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of ASCII letters and digits.
    Word,
    /// Nothing: space and most punctuation.
    Gap,
    /// A stop, a quotation, code, or a letter outside ASCII.
    Other,
}

/// What may begin at each byte.
pub(super) const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Gap; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => Kind::Word,
            b'`' | b'"' | b'.' | b'!' | b'?' | b':' | b';' | b'\n' | b'<' | b'>' | 0x80.. => Kind::Other,
            _ => Kind::Gap,
        };
        byte += 1;
    }
    kinds
};

/// A run of ASCII letters, digits and apostrophes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) length: usize,
    pub(super) has_digit: bool,
}

const HIGH: u64 = 0x8080_8080_8080_8080;

const fn each(byte: u8) -> u64 {
    0x0101_0101_0101_0101 * byte as u64
}

/// The run at `at`. The text has eight bytes of zero behind its end.
pub(super) fn run_at(text: &[u8], at: usize) -> Run {
    let mut run = Run { length: 0, has_digit: false };
    while let Some(bytes) = text.get(at + run.length..at + run.length + 8) {
        let (word, digit) = kinds_of(u64::from_le_bytes(bytes.try_into().unwrap_or_default()));
        let outside = !word & HIGH;
        // Bytes before the first one outside.
        let before = outside.wrapping_sub(1) & !outside;
        run.has_digit |= digit & before != 0;
        if outside != 0 {
            run.length += (outside.trailing_zeros() / 8) as usize;
            break;
        }
        run.length += 8;
    }
    run
}

/// The high bit of each byte that belongs to a run, and of each digit. The sums
/// never carry from one byte to the next, because each is of seven bits.
fn kinds_of(bytes: u64) -> (u64, u64) {
    let ascii = !bytes & HIGH;
    let low = bytes & !HIGH;
    let lower = low | each(0x20);
    let letter = (lower + each(0x80 - b'a')) & !(lower + each(0x80 - b'z' - 1));
    let digit = (low + each(0x80 - b'0')) & !(low + each(0x80 - b'9' - 1));
    let apostrophe = !((low ^ each(b'\'')) + each(0x7f));
    ((letter | digit | apostrophe) & ascii, digit & ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_what_a_loop_over_bytes_finds() {
        let slowly = |text: &[u8], at: usize| {
            let run = text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'\'');
            let run: Vec<u8> = run.copied().collect();
            Run { length: run.len(), has_digit: run.iter().any(u8::is_ascii_digit) }
        };
        for behind in 0..=255_u8 {
            for length in 0..20 {
                let mut text: Vec<u8> = b"abcXYZ'mno4PQrstuvwz"[..length].to_vec();
                text.push(behind);
                text.extend(*b"9a9");
                text.extend([0; 8]);
                for at in 0..=length {
                    assert_eq!(run_at(&text, at), slowly(&text, at), "{text:?} at {at}");
                }
            }
        }
    }
}
