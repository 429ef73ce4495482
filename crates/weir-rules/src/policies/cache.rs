//! Verdicts already reached, by class and model. Rules in force are immutable
//! and facts are interned, so a verdict never goes stale: a new set of rules
//! starts with an empty cache.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use weir_acts::view::Class;

use crate::decision::Verdict;

/// How many verdicts are kept, about 40 bytes each beside the shared verdict.
/// Beyond it the cache starts over: a working set is rebuilt in seconds, and a
/// census of a million classes must not grow memory for ever.
pub(crate) const MAX_VERDICTS: usize = 1 << 21;

type Key = (u32, u32, u32);

#[derive(Debug)]
pub(crate) struct Cache {
    verdicts: DashMap<Key, Arc<Verdict>, BuildHasherDefault<Mixer>>,
    held: AtomicUsize,
    bound: usize,
}

impl Cache {
    pub(crate) fn new(bound: usize) -> Cache {
        Cache { verdicts: DashMap::default(), held: AtomicUsize::new(0), bound }
    }

    pub(crate) fn get(&self, class: Class, model: u32) -> Option<Arc<Verdict>> {
        self.verdicts.get(&key(class, model)).map(|verdict| Arc::clone(&verdict))
    }

    pub(crate) fn keep(&self, class: Class, model: u32, verdict: &Arc<Verdict>) {
        // Approximate under contention, which only moves when it starts over.
        if self.held.fetch_add(1, Ordering::Relaxed) >= self.bound {
            self.verdicts.clear();
            self.held.store(1, Ordering::Relaxed);
        }
        self.verdicts.insert(key(class, model), Arc::clone(verdict));
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.verdicts.len()
    }
}

fn key(class: Class, model: u32) -> Key {
    (class.party.number(), class.account.number(), model)
}

/// A few multiplications in place of a keyed hash: the keys are numbers that
/// this process gave out itself, so nobody outside can choose them.
#[derive(Debug, Default)]
pub(crate) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(23) ^ u64::from(number)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    #[test]
    fn neighbouring_keys_spread_over_high_and_low_bits() {
        let hasher = BuildHasherDefault::<Mixer>::default();
        let mut low = HashSet::new();
        let mut high = HashSet::new();
        for party in 0..64u32 {
            for account in 0..64u32 {
                let hash = hasher.hash_one((party, account, 1u32));
                low.insert(hash & 0xfff);
                high.insert(hash >> 52);
            }
        }
        // 4,096 keys over 4,096 places: chance fills about 63 in 100.
        assert!(low.len() > 2_300 && high.len() > 2_300, "{} {}", low.len(), high.len());
    }
}
