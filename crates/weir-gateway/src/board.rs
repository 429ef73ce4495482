//! Register, load, decide, swap, sweep: the few lines on which the meaning of
//! an acknowledgement rests, free of sockets and HTTP so that `loom` can walk
//! every interleaving of them (`tests/loom_board.rs`).
//!
//! The protocol. A request *enters* the board before it loads the snapshot,
//! *publishes* what it decided, and then looks whether the snapshot is still
//! the same; if not, it decides again. An install swaps the snapshot first and
//! then lists the requests on the board. So for every request and install one
//! of two holds: the request entered (and published) before the list was made,
//! and the sweep sees what it decided; or its last look came after the swap,
//! and it decided on the new snapshot.

use std::sync::Arc;

use super::primitives::{Current, Lock};

/// The snapshot in force and the requests in flight under it.
pub(crate) struct Board<S, F> {
    current: Current<S>,
    /// One shard a worker thread, so that requests of different threads never
    /// wait for each other.
    shards: Box<[Lock<Shard<F>>]>,
}

/// Requests in flight of one worker. A freed slot is used again.
struct Shard<F> {
    slots: Vec<Option<Arc<F>>>,
    free: Vec<usize>,
}

/// A request's place on the board; to be given back with [`Board::leave`].
#[derive(Debug)]
pub(crate) struct Place {
    shard: usize,
    slot: usize,
}

impl<S, F> Board<S, F> {
    /// A board for `shards` workers.
    pub(crate) fn new(snapshot: Arc<S>, shards: usize) -> Board<S, F> {
        let empty = || Lock::new(Shard { slots: Vec::new(), free: Vec::new() });
        Board { current: Current::new(snapshot), shards: (0..shards.max(1)).map(|_| empty()).collect() }
    }

    /// Puts a request on the board. Must come before anything it decides on
    /// is loaded.
    pub(crate) fn enter(&self, shard: usize, flight: Arc<F>) -> Place {
        let shard = shard % self.shards.len();
        self.shards[shard].with(|held| {
            let slot = match held.free.pop() {
                Some(slot) => slot,
                None => {
                    held.slots.push(None);
                    held.slots.len() - 1
                }
            };
            held.slots[slot] = Some(flight);
            Place { shard, slot }
        })
    }

    /// Takes a request off the board: no byte of its answer is left to be
    /// handed to a socket.
    pub(crate) fn leave(&self, place: Place) {
        let left = self.shards[place.shard].with(|held| {
            held.free.push(place.slot);
            held.slots.get_mut(place.slot).and_then(Option::take)
        });
        drop(left);
    }

    /// The snapshot in force.
    pub(crate) fn snapshot(&self) -> Arc<S> {
        self.current.load()
    }

    /// Runs `look` on the snapshot in force, without counting a reference.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Arc<S>) -> T) -> T {
        self.current.with(look)
    }

    /// Decides on the snapshot in force and publishes the decision, again and
    /// again until the snapshot is the same afterwards. The request must have
    /// entered, and `publish` must make its decision visible to the sweep
    /// under the lock that the sweep takes.
    pub(crate) fn settle<T>(&self, mut publish: impl FnMut(&Arc<S>) -> T) -> T {
        loop {
            let (decided, on) = self.current.with(|snapshot| (publish(snapshot), Arc::as_ptr(snapshot)));
            // Only compared, never followed. Should a later snapshot lie at the
            // address of a freed one, then it was made after `publish` let go
            // of that one, so the sweep of its install sees what was published.
            if self.current.with(|snapshot| Arc::as_ptr(snapshot)) == on {
                return decided;
            }
        }
    }

    /// Puts a snapshot in force and lists the requests then in flight; the
    /// caller decides each of them again.
    pub(crate) fn install(&self, snapshot: Arc<S>) -> Vec<Arc<F>> {
        self.current.swap(snapshot);
        self.flights()
    }

    /// Every request in flight.
    pub(crate) fn flights(&self) -> Vec<Arc<F>> {
        let mut flights = Vec::new();
        for shard in &self.shards {
            shard.with(|held| flights.extend(held.slots.iter().flatten().cloned()));
        }
        flights
    }
}
