//! Copy-on-write shards: a map that a million readers share and one writer
//! changes. Cloning copies only the spine; changing one entry copies one shard
//! of it, so an act on a million accounts costs what an act on a few hundred
//! costs. Readers keep the clone they loaded and never wait.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// How many shards a map has. A power of two.
const SHARDS: usize = 1024;

type Shard<K, V> = HashMap<K, V, RandomState>;

/// A persistent hash map in [`SHARDS`] shards.
///
/// Invariant: an entry lives in the shard its hash names, and every shard of
/// one map, and of its clones, uses the same hasher.
#[derive(Debug)]
pub struct Shards<K, V> {
    spine: Arc<Vec<Arc<Shard<K, V>>>>,
    hasher: RandomState,
    len: usize,
}

impl<K, V> Clone for Shards<K, V> {
    fn clone(&self) -> Self {
        Shards { spine: Arc::clone(&self.spine), hasher: self.hasher.clone(), len: self.len }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Default for Shards<K, V> {
    fn default() -> Self {
        let hasher = RandomState::new();
        let empty = Arc::new(Shard::with_hasher(hasher.clone()));
        Shards { spine: Arc::new(vec![empty; SHARDS]), hasher, len: 0 }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shards<K, V> {
    /// How many entries the map has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the map has no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of `key`.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.spine.get(self.shard_of(key))?.get(key)
    }

    /// Whether the map has an entry for `key`.
    pub fn contains<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// The value of `key` for changing; copies the shard when a reader still
    /// holds it.
    pub fn get_mut<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        if !self.contains(key) {
            return None;
        }
        self.shard_mut(key).get_mut(key)
    }

    /// Sets the value of `key` and returns the former one.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let former = self.shard_mut(&key).insert(key, value);
        self.len += usize::from(former.is_none());
        former
    }

    /// Removes `key` and returns its value.
    pub fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if !self.contains(key) {
            return None;
        }
        let former = self.shard_mut(key).remove(key);
        self.len -= usize::from(former.is_some());
        former
    }

    /// Every entry, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.spine.iter().flat_map(|shard| shard.iter())
    }

    fn shard_of<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        // The high bits: hashbrown uses the low ones inside the shard.
        (self.hasher.hash_one(key) >> 54) as usize & (SHARDS - 1)
    }

    fn shard_mut<Q: Hash + ?Sized>(&mut self, key: &Q) -> &mut Shard<K, V> {
        let shard = self.shard_of(key);
        Arc::make_mut(&mut Arc::make_mut(&mut self.spine)[shard])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn behaves_as_a_map_and_clones_keep_what_they_saw(
            steps in prop::collection::vec((0u16..300, prop::option::of(0u32..9)), 0..400),
            pause in 0usize..400,
        ) {
            let mut map = Shards::default();
            let mut model = BTreeMap::new();
            let mut seen = None;
            for (position, (key, value)) in steps.iter().enumerate() {
                if position == pause {
                    seen = Some((map.clone(), model.clone()));
                }
                match value {
                    Some(value) => prop_assert_eq!(map.insert(*key, *value), model.insert(*key, *value)),
                    None => prop_assert_eq!(map.remove(key), model.remove(key)),
                }
                prop_assert_eq!(map.len(), model.len());
            }
            seen.get_or_insert((map.clone(), model.clone()));
            let (seen_map, seen_model) = seen.unwrap();
            prop_assert_eq!(seen_map.iter().map(|(k, v)| (*k, *v)).collect::<BTreeMap<_, _>>(), seen_model);
            prop_assert_eq!(map.iter().map(|(k, v)| (*k, *v)).collect::<BTreeMap<_, _>>(), model);
        }
    }
}
