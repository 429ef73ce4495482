//! Seeded random numbers, so that a run can be repeated exactly.
//!
//! Everything this crate invents (answers, populations, pauses) must come out
//! the same for the same seed on every machine and in every later version.
//! That rules out a dependency whose streams may change between releases; the
//! generator is `SplitMix64` (Steele, Lea and Flood, 2014), which is a dozen
//! lines and good enough for play. It must never make a secret.

mod shapes;

pub use shapes::{millis, whole};

/// The increment of `SplitMix64`: 2^64 divided by the golden ratio, made odd.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A seeded stream of numbers; equal seeds give equal streams.
#[derive(Debug, Clone)]
pub struct SeededRandom {
    state: u64,
}

impl SeededRandom {
    /// A stream that is determined by `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A stream for one member of a family, e.g. party 17 of seed 3, so that a
    /// member comes out the same whichever members were made before it.
    #[must_use]
    pub fn for_member(seed: u64, member: u64) -> Self {
        Self::new(mix(seed ^ mix(member.wrapping_add(GOLDEN_GAMMA))))
    }

    /// The next 64 bits.
    pub fn next_bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias of the
    /// multiply-and-shift method is below `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next_bits()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// A position in a list of `length` items; 0 when the list is empty.
    pub fn position(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// A number in `low..=high`, or `low` when the range is upside down.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// True about `per_hundred` times in a hundred.
    pub fn chance(&mut self, per_hundred: u64) -> bool {
        self.below(100) < per_hundred
    }

    /// One item of a list, or nothing when it is empty.
    pub fn pick<'list, T>(&mut self, list: &'list [T]) -> Option<&'list T> {
        list.get(self.position(list.len()))
    }
}

/// A 64-bit fingerprint of some bytes: fast, well mixed, and not secure.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> u64 {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut state = mix(length ^ GOLDEN_GAMMA);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word)).wrapping_add(GOLDEN_GAMMA);
    }
    let mut last = [0_u8; 8];
    for (slot, byte) in last.iter_mut().zip(rest) {
        *slot = *byte;
    }
    mix(state ^ u64::from_le_bytes(last))
}

/// The finaliser of `SplitMix64`: a bijection that spreads every bit.
#[must_use]
pub fn mix(value: u64) -> u64 {
    let once = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let twice = (once ^ (once >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    twice ^ (twice >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matches_the_published_stream() {
        // The reference implementation's first numbers for seed 1234567.
        let mut random = SeededRandom::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next_bits()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    proptest! {
        #[test]
        fn stays_in_range(seed: u64, low in 0_u64..1000, span in 0_u64..1000) {
            let mut random = SeededRandom::new(seed);
            let drawn = random.between(low, low + span);
            prop_assert!((low..=low + span).contains(&drawn));
        }

        #[test]
        fn one_changed_byte_changes_the_fingerprint(
            mut bytes in proptest::collection::vec(any::<u8>(), 1..64), at: prop::sample::Index,
        ) {
            let before = fingerprint(&bytes);
            let place = at.index(bytes.len());
            bytes[place] ^= 1;
            prop_assert_ne!(before, fingerprint(&bytes));
        }
    }

    #[test]
    fn zeros_of_different_length_differ() {
        assert_ne!(fingerprint(&[]), fingerprint(&[0]));
        assert_ne!(fingerprint(&[0; 7]), fingerprint(&[0; 8]));
    }
}
