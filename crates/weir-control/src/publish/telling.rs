//! Who tells the publisher, and how long it waits to be told.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::writer::Follow;

/// How long after a failure publishing is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What the publisher is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The tree has grown.
    Grown,
    /// A witness cosigned.
    Cosigned,
}

/// Tells the publisher's thread that the tree has grown.
#[derive(Debug, Clone)]
pub struct Teller(Sender<Told>);

impl Teller {
    /// For those who tell of something else.
    pub(crate) fn sender(&self) -> Sender<Told> {
        self.0.clone()
    }
}

impl Follow for Teller {
    fn grown(&self, _size: u64) {
        // A publisher that is gone has said why; the acts are durable all the same.
        let _gone = self.0.send(Told::Grown);
    }
}

/// A teller and what its publisher listens to.
pub fn tellers() -> (Teller, Receiver<Told>) {
    let (sender, receiver) = channel();
    (Teller(sender), receiver)
}

/// Whether the tree grew, as told by `first` or until `paced` is over.
pub(super) fn is_grown_within(told: &Receiver<Told>, first: Told, paced: Duration) -> bool {
    let until = Instant::now() + paced;
    let mut is_grown = first == Told::Grown;
    while let Ok(telling) = told.recv_timeout(until.saturating_duration_since(Instant::now())) {
        is_grown |= telling == Told::Grown;
    }
    is_grown
}

pub(super) fn next_telling(told: &Receiver<Told>, is_behind: bool) -> Result<Told, RecvTimeoutError> {
    match is_behind {
        true => told.recv_timeout(RETRY),
        false => told.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}
