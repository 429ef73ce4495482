//! Bringing together two maps that were changed apart: what an import built
//! outside the writer, and what the writer did meanwhile. Branches and shards
//! that only one of them touched are taken as they are, so the cost is that of
//! the fewer changes.

use std::hash::Hash;
use std::sync::Arc;

use super::{Branch, Shard, Shards, find, make_room, position};

/// An entry that both sides changed: what it was, is in ours, and in theirs.
pub(crate) struct Both<'m, V> {
    pub(crate) base: Option<&'m V>,
    pub(crate) ours: &'m V,
    pub(crate) theirs: Option<&'m V>,
}

/// How one map is merged.
pub(crate) struct Merge<'m, K, V> {
    /// What both began with.
    pub(crate) base: &'m Shards<K, V>,
    /// `base` with entries added or changed, none removed.
    pub(crate) ours: &'m Shards<K, V>,
    /// Whether an entry is the same; may be stricter than equality.
    pub(crate) same: fn(&V, &V) -> bool,
}

impl<K: Clone + Ord + Hash, V: Clone> Merge<'_, K, V> {
    /// `theirs`, any other descendant of `base`, with the changes of `ours`.
    /// Where both changed an entry, `both` says what becomes of it.
    pub(crate) fn onto<E>(
        &self,
        theirs: &Shards<K, V>,
        mut both: impl FnMut(&K, Both<'_, V>) -> Result<Option<V>, E>,
    ) -> Result<Shards<K, V>, E> {
        let added = self.ours.len - self.base.len;
        let mut corrected = 0_isize;
        let mut branches = Vec::with_capacity(theirs.branches.len());
        for ((base, ours), theirs) in self.base.branches.iter().zip(&*self.ours.branches).zip(&*theirs.branches) {
            branches.push(self.branch(base, ours, theirs, &mut both, &mut corrected)?);
        }
        Ok(Shards { branches: Arc::new(branches), len: (theirs.len + added).saturating_add_signed(corrected) })
    }

    fn branch<E>(
        &self,
        base: &Arc<Branch<K, V>>,
        ours: &Arc<Branch<K, V>>,
        theirs: &Arc<Branch<K, V>>,
        both: &mut impl FnMut(&K, Both<'_, V>) -> Result<Option<V>, E>,
        corrected: &mut isize,
    ) -> Result<Arc<Branch<K, V>>, E> {
        if Arc::ptr_eq(base, theirs) {
            return Ok(Arc::clone(ours));
        }
        if Arc::ptr_eq(base, ours) {
            return Ok(Arc::clone(theirs));
        }
        let mut shards = Vec::with_capacity(theirs.len());
        for ((base, ours), theirs) in base.iter().zip(&**ours).zip(&**theirs) {
            shards.push(if Arc::ptr_eq(base, theirs) {
                Arc::clone(ours)
            } else if Arc::ptr_eq(base, ours) {
                Arc::clone(theirs)
            } else {
                Arc::new(self.shard(base, ours, theirs, both, corrected)?)
            });
        }
        Ok(Arc::new(shards))
    }

    fn shard<E>(
        &self,
        base: &Shard<K, V>,
        ours: &Shard<K, V>,
        theirs: &Shard<K, V>,
        both: &mut impl FnMut(&K, Both<'_, V>) -> Result<Option<V>, E>,
        corrected: &mut isize,
    ) -> Result<Shard<K, V>, E> {
        let mut merged = Vec::with_capacity(theirs.len() + ours.len().saturating_sub(base.len()));
        merged.extend(theirs.iter().cloned());
        for (key, value) in ours {
            let was = find(base, key);
            if was.is_some_and(|was| (self.same)(was, value)) {
                continue;
            }
            let is = find(theirs, key);
            let untouched = match (was, is) {
                (None, None) => true,
                (Some(was), Some(is)) => (self.same)(was, is),
                _ => false,
            };
            let value = match untouched {
                true => Some(value.clone()),
                false => both(key, Both { base: was, ours: value, theirs: is })?,
            };
            let expected = isize::from(was.is_none());
            let before = merged.len();
            put(&mut merged, key, value);
            *corrected += (merged.len() as isize - before as isize) - expected;
        }
        Ok(merged)
    }
}

fn put<K: Clone + Ord, V>(shard: &mut Shard<K, V>, key: &K, value: Option<V>) {
    match (position(shard, key), value) {
        (Ok(found), Some(value)) => shard[found].1 = value,
        (Ok(found), None) => drop(shard.remove(found)),
        (Err(free), Some(value)) => {
            make_room(shard);
            shard.insert(free, (key.clone(), value));
        }
        (Err(_), None) => {}
    }
}
