//! Every interleaving of one request and one install, walked by loom: a
//! request decided under the old snapshot is always swept, or it saw the new
//! one. The board is the very file the gateway runs, over loom's cells.
//! It takes milliseconds and needs no `--cfg loom`, under which tokio has no
//! sockets; so it runs with every other test.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

#[allow(dead_code, unreachable_pub)]
#[path = "../src/board.rs"]
mod board;

mod primitives {
    use std::sync::Arc;

    use loom::sync::{Mutex, RwLock};

    pub(crate) struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        pub(crate) fn new(value: T) -> Lock<T> {
            Lock(Mutex::new(value))
        }

        pub(crate) fn with<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
            change(&mut self.0.lock().unwrap())
        }
    }

    pub(crate) struct Current<T>(RwLock<Arc<T>>);

    impl<T> Current<T> {
        pub(crate) fn new(value: Arc<T>) -> Current<T> {
            Current(RwLock::new(value))
        }

        pub(crate) fn load(&self) -> Arc<T> {
            Arc::clone(&self.0.read().unwrap())
        }

        /// As in arc-swap, the reader does not hold up a swap: it keeps its
        /// own reference and lets the cell go.
        pub(crate) fn with<R>(&self, look: impl FnOnce(&Arc<T>) -> R) -> R {
            let value = self.load();
            look(&value)
        }

        pub(crate) fn swap(&self, value: Arc<T>) {
            *self.0.write().unwrap() = value;
        }
    }
}

/// What the model's gateway decides by: the number of the snapshot.
struct Snapshot(u32);

/// A request: the snapshot it was last decided on, and whether it was cut.
struct Flight(primitives::Lock<(Option<u32>, bool)>);

impl Flight {
    fn new() -> Arc<Flight> {
        Arc::new(Flight(primitives::Lock::new((None, false))))
    }

    fn decided(&self) -> (Option<u32>, bool) {
        self.0.with(|state| *state)
    }
}

type Board = board::Board<Snapshot, Flight>;

fn request(board: &Board) -> Arc<Flight> {
    let flight = Flight::new();
    let _place = board.enter(0, Arc::clone(&flight));
    board.settle(|snapshot| flight.0.with(|state| state.0 = Some(snapshot.0)));
    flight
}

/// Snapshot `number` denies whatever was decided before it.
fn install(board: &Board, number: u32) {
    for flight in board.install(Arc::new(Snapshot(number))) {
        flight.0.with(|state| {
            if state.0.is_some_and(|decided| decided < number) {
                state.1 = true;
            }
        });
    }
}

#[test]
fn a_request_is_swept_or_saw_the_new_snapshot() {
    loom::model(|| {
        let board = Arc::new(Board::new(Arc::new(Snapshot(0)), 1));
        let requesting = Arc::clone(&board);
        let request = loom::thread::spawn(move || request(&requesting));
        install(&board, 1);
        let (decided, cut) = request.join().unwrap().decided();
        assert!(decided == Some(1) || cut, "decided on {decided:?} and served on");
    });
}

#[test]
fn the_same_holds_over_two_installs() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let board = Arc::new(Board::new(Arc::new(Snapshot(0)), 1));
        let requesting = Arc::clone(&board);
        let request = loom::thread::spawn(move || request(&requesting));
        install(&board, 1);
        install(&board, 2);
        let (decided, cut) = request.join().unwrap().decided();
        assert!(decided == Some(2) || cut, "decided on {decided:?} and served on");
    });
}

#[test]
fn without_the_second_look_loom_finds_the_hole() {
    let found = std::panic::catch_unwind(|| {
        loom::model(|| {
            let board = Arc::new(Board::new(Arc::new(Snapshot(0)), 1));
            let requesting = Arc::clone(&board);
            let request = loom::thread::spawn(move || {
                let flight = Flight::new();
                let _place = requesting.enter(0, Arc::clone(&flight));
                requesting.look(|snapshot| flight.0.with(|state| state.0 = Some(snapshot.0)));
                flight
            });
            install(&board, 1);
            let (decided, cut) = request.join().unwrap().decided();
            assert!(decided == Some(1) || cut);
        });
    });
    assert!(found.is_err(), "the model is too weak to show what the second look is for");
}
