//! The topic of a text: a keyed sample of its long words, as buckets.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::constants::{TOPIC_BUCKETS, TOPIC_WORDS};

/// Buckets of a text's sampled words, sorted, each once. Kept in place: nearly
/// every exchange has some, and an allocation each would cost more than they.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Topic {
    count: u8,
    buckets: [u8; TOPIC_WORDS],
}

impl Topic {
    /// These buckets, of which more than fit are left out.
    pub(crate) fn of(sorted: &[u8]) -> Topic {
        let mut topic = Topic::default();
        for (place, bucket) in topic.buckets.iter_mut().zip(sorted) {
            *place = *bucket;
            topic.count += 1;
        }
        topic
    }
}

impl Deref for Topic {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buckets[..usize::from(self.count).min(TOPIC_WORDS)]
    }
}

impl<'t> IntoIterator for &'t Topic {
    type Item = &'t u8;
    type IntoIter = std::slice::Iter<'t, u8>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Topic {
    /// The buckets of these hashes, at most [`TOPIC_WORDS`].
    pub(super) fn of_hashes(hashes: &[u64]) -> Topic {
        // A bit for each bucket: in order, and each once.
        let mut met = [0_u64; TOPIC_BUCKETS / 64];
        for hash in hashes.iter().take(TOPIC_WORDS) {
            let bucket = (hash >> 32) as u8;
            met[usize::from(bucket / 64)] |= 1 << (bucket % 64);
        }
        let mut topic = Topic::default();
        for (quarter, mut bits) in (0_u8..).zip(met) {
            while bits != 0 {
                topic.buckets[usize::from(topic.count)] = quarter << 6 | bits.trailing_zeros() as u8;
                topic.count += 1;
                bits &= bits - 1;
            }
        }
        topic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_sorted_and_each_is_there_once() {
        let hashes: Vec<u64> = [7, 3, 7, 255, 0].map(|bucket: u64| bucket << 32 | 9).to_vec();
        assert_eq!(&*Topic::of_hashes(&hashes), &[0, 3, 7, 255]);
        assert!(Topic::of_hashes(&[]).is_empty());
        let many: Vec<u64> = (0..40_u64).map(|bucket| bucket << 32).collect();
        assert_eq!(Topic::of_hashes(&many).len(), TOPIC_WORDS);
    }
}
