//! Copy-on-write shards: a map that a million readers share and one writer
//! changes. Cloning copies one pointer; changing one entry copies two rows of
//! pointers and one shard, so an act on a million accounts costs what an act
//! on a few hundred costs. Readers keep the clone they loaded and never wait.
//!
//! A shard is a sorted list: it holds what it holds and no empty buckets, and
//! of a few hundred entries one is found in eight steps.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, LazyLock};

mod build;
mod merge;

pub(crate) use merge::{Both, Merge};

/// Shards of a branch, and branches of a map. A power of two.
const FAN: usize = 64;

type Shard<K, V> = Vec<(K, V)>;
type Branch<K, V> = Vec<Arc<Shard<K, V>>>;

/// One for all maps of the process, so that an entry lies in the same shard of
/// every map that was ever cloned from one, and such maps can be merged.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A persistent map in 4,096 shards.
///
/// Invariant: an entry lives in the shard its hash names, and every shard is
/// sorted by key.
#[derive(Debug)]
pub struct Shards<K, V> {
    branches: Arc<Vec<Arc<Branch<K, V>>>>,
    len: usize,
}

impl<K, V> Clone for Shards<K, V> {
    fn clone(&self) -> Self {
        Shards { branches: Arc::clone(&self.branches), len: self.len }
    }
}

#[expect(clippy::rc_clone_in_vec_init, reason = "all are one empty shard until one is written to")]
impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        let branch = Arc::new(vec![Arc::new(Shard::new()); FAN]);
        Shards { branches: Arc::new(vec![branch; FAN]), len: 0 }
    }
}

impl<K, V> Shards<K, V> {
    /// How many entries the map has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the map has no entry.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every entry, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards().flat_map(|shard| shard.iter().map(|(key, value)| (key, value)))
    }

    fn shards(&self) -> impl Iterator<Item = &Arc<Shard<K, V>>> {
        self.branches.iter().flat_map(|branch| branch.iter())
    }

    /// Every entry with what `later`, a map that was cloned from this one or
    /// the other way round, has under its key. Where the two share a shard
    /// nothing is looked up.
    pub fn iter_beside<'m>(&'m self, later: &'m Self) -> impl Iterator<Item = (&'m K, &'m V, Option<&'m V>)>
    where
        K: Ord,
    {
        self.iter_part_beside(later, (0, 1))
    }

    /// As [`Shards::iter_beside`], of the part with this number of so many.
    pub(crate) fn iter_part_beside<'m>(
        &'m self,
        later: &'m Self,
        (part, of): (usize, usize),
    ) -> impl Iterator<Item = (&'m K, &'m V, Option<&'m V>)>
    where
        K: Ord,
    {
        let branches = self.branches.iter().zip(later.branches.iter()).skip(part).step_by(of.max(1));
        let shards = branches.flat_map(|(one, other)| one.iter().zip(other.iter()));
        shards.flat_map(|(one, other)| {
            let is_shared = Arc::ptr_eq(one, other);
            one.iter().map(move |(key, value)| {
                let beside = if is_shared { Some(value) } else { find(other, key) };
                (key, value, beside)
            })
        })
    }
}

impl<K: Clone + Ord + Hash, V: Clone> Shards<K, V> {
    /// The value of `key`.
    pub fn get<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (branch, place) = place_of(key);
        find(self.branches.get(branch)?.get(place)?, key)
    }

    /// Whether the map has an entry for `key`.
    pub fn contains<Q: Ord + Hash + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// The value of `key` for changing; copies the shard when a reader still
    /// holds it.
    pub fn get_mut<Q: Ord + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        if !self.contains(key) {
            return None;
        }
        let shard = self.shard_mut(place_of(key));
        let found = position(shard, key).ok()?;
        shard.get_mut(found).map(|(_, value)| value)
    }

    /// Sets the value of `key` and returns the former one.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let shard = self.shard_mut(place_of(&key));
        match position(shard, &key) {
            Ok(found) => Some(std::mem::replace(&mut shard[found].1, value)),
            Err(free) => {
                make_room(shard);
                shard.insert(free, (key, value));
                self.len += 1;
                None
            }
        }
    }

    /// Removes `key` and returns its value.
    pub fn remove<Q: Ord + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if !self.contains(key) {
            return None;
        }
        let shard = self.shard_mut(place_of(key));
        let (_, former) = shard.remove(position(shard, key).ok()?);
        self.len -= 1;
        Some(former)
    }

    fn shard_mut(&mut self, (branch, place): (usize, usize)) -> &mut Shard<K, V> {
        let branch = Arc::make_mut(&mut Arc::make_mut(&mut self.branches)[branch]);
        Arc::make_mut(&mut branch[place])
    }
}

/// The branch, and the shard in it, of a key.
fn place_of<Q: Hash + ?Sized>(key: &Q) -> (usize, usize) {
    let hash = HASHER.hash_one(key);
    ((hash >> 58) as usize & (FAN - 1), (hash >> 52) as usize & (FAN - 1))
}

fn position<K: Borrow<Q>, V, Q: Ord + ?Sized>(shard: &[(K, V)], key: &Q) -> Result<usize, usize> {
    shard.binary_search_by(|(held, _)| held.borrow().cmp(key))
}

fn find<'s, K: Borrow<Q>, V, Q: Ord + ?Sized>(shard: &'s [(K, V)], key: &Q) -> Option<&'s V> {
    let found = position(shard, key).ok()?;
    shard.get(found).map(|(_, value)| value)
}

/// Room for one more, and a little: doubling would leave a quarter of a large
/// map's memory unused.
fn make_room<K, V>(shard: &mut Shard<K, V>) {
    if shard.len() == shard.capacity() {
        shard.reserve_exact((shard.len() / 8).max(1));
    }
}

#[cfg(test)]
mod tests;
