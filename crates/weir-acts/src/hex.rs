//! Lower-case hexadecimal, the only encoding ids and digests use.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The lower-case hex digits of `bytes`.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

/// Writes the digits of `bytes` over `digits`, as far as there is room for both of a
/// byte, and says how many were written.
pub fn write(bytes: &[u8], digits: &mut [u8]) -> usize {
    let mut written = 0;
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        written += 2;
    }
    written
}

/// A prefix and hex digits, spelled without allocating: ids and digests are
/// written with every record of every request.
pub(crate) struct Spelled {
    text: [u8; LONGEST],
    length: usize,
}

/// `sha256:` and the digits of 32 bytes.
const LONGEST: usize = 71;

impl Spelled {
    /// `prefix`, then the digits of `bytes`; together no longer than a digest.
    pub(crate) fn new(prefix: &str, bytes: &[u8]) -> Spelled {
        let mut spelled = Spelled { text: [0; LONGEST], length: 0 };
        let Some((head, rest)) = spelled.text.split_at_mut_checked(prefix.len()) else { return spelled };
        head.copy_from_slice(prefix.as_bytes());
        spelled.length = prefix.len() + write(bytes, rest);
        spelled
    }

    pub(crate) fn as_str(&self) -> &str {
        // Only whole prefixes and digits are ever put there.
        self.text.get(..self.length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

/// Exactly `N` bytes from `2 * N` hex digits; lower case only, so that a
/// value has one spelling.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(bytes: [u8; 10]) {
            prop_assert_eq!(super::decode::<10>(&super::encode(&bytes)), Some(bytes));
        }

        #[test]
        fn spelled_is_what_is_encoded(bytes: [u8; 32]) {
            for bytes in [&bytes[..10], &bytes[..]] {
                let spelled = super::Spelled::new("sha256:", bytes);
                prop_assert_eq!(spelled.as_str(), format!("sha256:{}", super::encode(bytes)));
            }
        }

        #[test]
        fn any_text_is_answered(text: String) {
            if let Some(bytes) = super::decode::<4>(&text) {
                prop_assert_eq!(super::encode(&bytes), text);
            }
        }
    }
}
