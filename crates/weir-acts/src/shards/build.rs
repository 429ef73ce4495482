//! Making whole maps at once, in less time than entry by entry.

use std::hash::Hash;
use std::sync::Arc;
use std::thread;

use super::{Branch, FAN, Shard, Shards, make_room, place_of};

/// Maps of fewer entries are not worth a second thread.
const WORTH_THREADS: usize = 20_000;

impl<K: Clone + Ord + Hash, V: Clone> Shards<K, V> {
    /// The map of `entries`; none where two have one key.
    pub(crate) fn gather(entries: impl Iterator<Item = (K, V)>) -> Option<Shards<K, V>> {
        let mut branches: Vec<Vec<Shard<K, V>>> = (0..FAN).map(|_| (0..FAN).map(|_| Shard::new()).collect()).collect();
        let mut len = 0;
        for (key, value) in entries {
            let (branch, place) = place_of(&key);
            let shard = branches.get_mut(branch)?.get_mut(place)?;
            make_room(shard);
            shard.push((key, value));
            len += 1;
        }
        let is_repeated = |shard: &Shard<K, V>| shard.windows(2).any(|pair| pair[0].0 == pair[1].0);
        for shard in branches.iter_mut().flatten() {
            shard.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            if is_repeated(shard) {
                return None;
            }
        }
        let finished = |shards: Vec<Shard<K, V>>| Arc::new(shards.into_iter().map(Arc::new).collect::<Branch<K, V>>());
        Some(Shards { branches: Arc::new(branches.into_iter().map(finished).collect()), len })
    }
}

impl<K: Clone + Send + Sync, V: Send + Sync> Shards<K, V> {
    /// The map of what `make` makes of each entry, where it makes something,
    /// and what it notes beside. On several threads where that pays.
    pub(crate) fn derive<W: Send + Sync, N: Send>(
        &self,
        make: impl Fn(&K, &V, &mut Vec<N>) -> Option<W> + Sync,
    ) -> (Shards<K, W>, Vec<N>) {
        let threads = match self.len {
            0..WORTH_THREADS => 1,
            _ => thread::available_parallelism().map_or(1, usize::from).min(FAN),
        };
        let of = |branches: &[Arc<Branch<K, V>>]| {
            let mut notes = Vec::new();
            let mut len = 0;
            let shard = |shard: &Arc<Shard<K, V>>, notes: &mut Vec<N>| {
                let made = |(key, value): &(K, V)| Some((key.clone(), make(key, value, notes)?));
                let mut derived = Vec::with_capacity(shard.len());
                derived.extend(shard.iter().filter_map(made));
                Arc::new(derived)
            };
            let mut derived = Vec::with_capacity(branches.len());
            for branch in branches {
                let shards: Branch<K, W> = branch.iter().map(|one| shard(one, &mut notes)).collect();
                len += shards.iter().map(|shard| shard.len()).sum::<usize>();
                derived.push(Arc::new(shards));
            }
            (derived, len, notes)
        };
        let parts: Vec<_> = thread::scope(|scope| {
            let mut chunks = self.branches.chunks(self.branches.len().div_ceil(threads));
            let first = chunks.next().unwrap_or_default();
            let others: Vec<_> = chunks.map(|branches| scope.spawn(|| of(branches))).collect();
            let first = of(first);
            std::iter::once(first).chain(others.into_iter().map(joined)).collect()
        });
        let (mut branches, mut len, mut notes) = (Vec::with_capacity(FAN), 0, Vec::new());
        for (of_part, many, noted) in parts {
            branches.extend(of_part);
            len += many;
            notes.extend(noted);
        }
        (Shards { branches: Arc::new(branches), len }, notes)
    }
}

/// What a thread came to; its panic is passed on.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
