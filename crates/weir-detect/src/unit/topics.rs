//! How often a customer's turns showed each topic bucket: most of what is kept of a
//! customer, so it is packed.

use serde::{Deserialize, Serialize};

use crate::constants::TOPIC_BUCKETS;
use crate::footprint::rounded;

/// Bytes of a bit for each bucket.
const MET: usize = TOPIC_BUCKETS / 8;

/// Counts of more buckets that room is made for at once.
const STEP: usize = 16;

/// A bit for each bucket that was met, and behind them the counts of those in order.
/// Nothing while none was. Written down as pairs of bucket and count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u8, u8)>", into = "Vec<(u8, u8)>")]
pub(crate) struct Topics(Vec<u8>);

impl From<Vec<(u8, u8)>> for Topics {
    fn from(pairs: Vec<(u8, u8)>) -> Topics {
        let mut counts = [0; TOPIC_BUCKETS];
        pairs.into_iter().for_each(|(bucket, count)| counts[usize::from(bucket)] = count);
        Topics::of(&counts)
    }
}

impl From<Topics> for Vec<(u8, u8)> {
    fn from(topics: Topics) -> Vec<(u8, u8)> {
        topics.iter().collect()
    }
}

impl Topics {
    fn of(counts: &[u8; TOPIC_BUCKETS]) -> Topics {
        let met = counts.iter().filter(|count| **count > 0).count();
        if met == 0 {
            return Topics::default();
        }
        let mut bytes = Vec::with_capacity(MET + met.next_multiple_of(STEP));
        bytes.resize(MET, 0);
        for (bucket, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            bytes[bucket / 8] |= 1 << (bucket % 8);
            bytes.push(count);
        }
        Topics(bytes)
    }

    /// Counts a bucket once more.
    pub(super) fn take(&mut self, bucket: u8) {
        if self.0.is_empty() {
            self.0.reserve_exact(MET + STEP);
            self.0.resize(MET, 0);
        }
        let place = self.place(bucket);
        if self.is_met(bucket) {
            self.0[place] = self.0[place].saturating_add(1);
            return;
        }
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(STEP);
        }
        self.0.insert(place, 1);
        self.0[usize::from(bucket / 8)] |= 1 << (bucket % 8);
    }

    /// How often a bucket was met.
    pub(crate) fn of_bucket(&self, bucket: u8) -> u8 {
        if self.is_met(bucket) { self.0[self.place(bucket)] } else { 0 }
    }

    fn is_met(&self, bucket: u8) -> bool {
        self.0.get(usize::from(bucket / 8)).is_some_and(|bits| bits >> (bucket % 8) & 1 == 1)
    }

    /// Where a bucket's count is, or would be.
    fn place(&self, bucket: u8) -> usize {
        let (words, last) = (usize::from(bucket / 64), bucket % 64);
        let mut before = 0;
        for (place, word) in self.words().enumerate().take(words + 1) {
            before += if place < words { word } else { word & ((1 << last) - 1) }.count_ones() as usize;
        }
        MET + before
    }

    fn words(&self) -> impl Iterator<Item = u64> {
        let met = self.0.get(..MET).unwrap_or_default();
        met.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word))
    }

    /// The buckets that were met, in order, and how often.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, u8)> {
        let counts = self.0.get(MET..).unwrap_or_default();
        let buckets = (0_u8..).zip(self.words()).flat_map(|(place, mut word)| {
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as u8)?;
                word &= word - 1;
                Some(place << 6 | bit)
            })
        });
        buckets.zip(counts.iter().copied())
    }

    pub(super) fn halve(&mut self) {
        let mut counts = [0; TOPIC_BUCKETS];
        self.iter().for_each(|(bucket, count)| counts[usize::from(bucket)] = count / 2);
        *self = Topics::of(&counts);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        rounded(self.0.capacity())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_what_a_map_of_counts_is(buckets: Vec<u8>, few in prop::collection::vec(0..4_u8, 0..700), halved: bool) {
            let (mut topics, mut map) = (Topics::default(), BTreeMap::<u8, u8>::new());
            for bucket in buckets.into_iter().chain(few) {
                topics.take(bucket);
                let count = map.entry(bucket).or_default();
                *count = count.saturating_add(1);
            }
            if halved {
                topics.halve();
                map.values_mut().for_each(|count| *count /= 2);
                map.retain(|_, count| *count > 0);
            }
            let pairs: Vec<(u8, u8)> = map.iter().map(|(bucket, count)| (*bucket, *count)).collect();
            prop_assert_eq!(topics.iter().collect::<Vec<_>>(), pairs.clone());
            for bucket in 0..=255 {
                prop_assert_eq!(topics.of_bucket(bucket), map.get(&bucket).copied().unwrap_or(0));
            }
            // As it was written down before it was packed.
            let written = postcard::to_allocvec(&topics).unwrap();
            prop_assert_eq!(&written, &postcard::to_allocvec(&pairs).unwrap());
            prop_assert_eq!(postcard::from_bytes::<Topics>(&written).unwrap(), topics);
        }
    }
}
