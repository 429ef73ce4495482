//! Many threads on one store.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::Place;
use super::building::{append_at, append_next, entries, hash, head};
use crate::{Append, Store, StoreError};

/// A reader never sees part of an append, nor a head without its entries.
pub fn readers_see_all_of_an_append_or_nothing(place: &impl Place) {
    const BATCH: u64 = 7;
    const BATCHES: u64 = 40;
    let store = place.open().unwrap();
    let is_done = AtomicBool::new(false);
    let everyone_is_ready = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                everyone_is_ready.wait();
                let mut last = 0;
                while !is_done.load(Ordering::Acquire) {
                    last = read_once(&*store, last, BATCH);
                }
                assert_eq!(read_once(&*store, last, BATCH), BATCH * BATCHES);
            });
        }
        everyone_is_ready.wait();
        // Whatever happens here, the readers must be told to stop.
        let appended: Result<(), StoreError> =
            (0..BATCHES).try_for_each(|batch| append_next(&*store, &entries(batch * BATCH..(batch + 1) * BATCH)));
        is_done.store(true, Ordering::Release);
        appended.unwrap();
    });
}

/// Reads head and log once, checks them against each other, and gives the size of the head.
fn read_once(store: &dyn Store, last: u64, batch: u64) -> u64 {
    let seen = store.head().unwrap();
    assert!(seen.size >= last, "the log went back from {last} to {}", seen.size);
    assert_eq!(seen, head(seen.size));
    let leaves = store.leaves(0, usize::MAX).unwrap();
    let count = leaves.len() as u64;
    assert_eq!(count % batch, 0, "part of an append is visible");
    assert!(count >= seen.size, "the head is ahead of the log");
    assert!((0_u64..).zip(&leaves).all(|(number, leaf)| *leaf == hash(number)));
    seen.size
}

/// Of appends that build on the same head exactly one succeeds, and the others learn it.
pub fn of_many_appends_on_one_head_one_wins(place: &impl Place) {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 10;
    let store = place.open().unwrap();
    let wins = AtomicU64::new(0);
    let round_begins = Barrier::new(usize::try_from(THREADS).unwrap());
    thread::scope(|scope| {
        for racer in 0..THREADS {
            let (store, wins, round_begins) = (&store, &wins, &round_begins);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    round_begins.wait();
                    let added = entries(round..round + 1);
                    let facts = [(format!("won-{racer}-{round}"), Some(vec![1]))];
                    match store.append(Append { facts: &facts, ..append_at(round, &added) }) {
                        Ok(()) => wins.fetch_add(1, Ordering::Relaxed),
                        Err(StoreError::Stale { .. }) => 0,
                        Err(other) => unreachable!("{other}"),
                    };
                }
            });
        }
    });
    assert_eq!(wins.load(Ordering::Relaxed), ROUNDS);
    assert_eq!(store.head().unwrap(), head(ROUNDS));
    for round in 0..ROUNDS {
        let winners = (0..THREADS).filter(|racer| store.fact(&format!("won-{racer}-{round}")).unwrap().is_some());
        assert_eq!(winners.count(), 1, "the facts of a losing append were kept");
    }
}
