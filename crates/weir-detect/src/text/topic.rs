//! The topic of a text: a keyed sample of its long words, as buckets.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::constants::TOPIC_WORDS;

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

/// The smallest distinct hashes that came, at most [`TOPIC_WORDS`], sorted.
#[derive(Debug, Default)]
pub(super) struct Smallest {
    hashes: [u64; TOPIC_WORDS],
    count: usize,
}

impl Smallest {
    pub(super) fn take(&mut self, hash: u64) {
        if self.count == TOPIC_WORDS && hash >= self.hashes[TOPIC_WORDS - 1] {
            return;
        }
        let Err(place) = self.hashes[..self.count].binary_search(&hash) else { return };
        self.count = (self.count + 1).min(TOPIC_WORDS);
        self.hashes.copy_within(place..self.count - 1, place + 1);
        self.hashes[place] = hash;
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn buckets(&self) -> Topic {
        let mut sorted = [0; TOPIC_WORDS];
        for (bucket, hash) in sorted.iter_mut().zip(&self.hashes[..self.count]) {
            *bucket = (hash >> 32) as u8;
        }
        sorted[..self.count].sort_unstable();
        let mut topic = Topic::default();
        for &bucket in &sorted[..self.count] {
            if topic.last() != Some(&bucket) {
                topic.buckets[usize::from(topic.count)] = bucket;
                topic.count += 1;
            }
        }
        topic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_distinct_hashes_are_kept_whatever_their_order() {
        let hashes: Vec<u64> = (0..200_u64).map(|n| (n % 90).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let mut expected = hashes.clone();
        expected.sort_unstable();
        expected.dedup();
        let (mut there, mut back) = (Smallest::default(), Smallest::default());
        hashes.iter().for_each(|&hash| there.take(hash));
        hashes.iter().rev().for_each(|&hash| back.take(hash));
        assert_eq!(there.hashes[..], expected[..TOPIC_WORDS]);
        assert_eq!(there.buckets(), back.buckets());
        assert!(there.buckets().is_sorted() && !there.buckets().is_empty());
        there.clear();
        assert!(there.buckets().is_empty());
    }
}
