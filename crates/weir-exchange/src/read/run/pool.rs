//! Deals out the parts of all inputs to the threads.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::super::inputs::Input;
use super::super::{Progress, ReadError, ReadReport};
use super::ReadOptions;
use super::ledger::{Ledger, UnitReport};
use super::source::{Source, Task};

/// What all threads share.
pub(super) struct Pool<'run> {
    inputs: &'run [Input],
    options: &'run ReadOptions,
    progress: &'run Progress,
    state: Mutex<State<'run>>,
    returned: Condvar,
}

#[derive(Default)]
struct State<'run> {
    /// Open inputs in nobody's hands.
    waiting: VecDeque<Source<'run>>,
    /// Inputs opened so far.
    opened: usize,
    /// Inputs in some thread's hands.
    held: usize,
    /// One for each input opened.
    ledgers: Vec<(usize, Arc<Mutex<Ledger>>)>,
    /// Why it went wrong, and in which input: the first in order counts.
    failed: Option<ReadError>,
    stopped: bool,
}

/// A thread that panicked has its panic passed on; the numbers it left behind
/// are whole all the same.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'run> Pool<'run> {
    pub(super) fn new(inputs: &'run [Input], options: &'run ReadOptions, progress: &'run Progress) -> Self {
        Self { inputs, options, progress, state: Mutex::default(), returned: Condvar::new() }
    }

    /// The next part for the asking thread; none when there is no more.
    pub(super) fn next_task(&self) -> Option<Task> {
        let mut source = self.take_source()?;
        let (task, last) = source.next_task();
        let mut state = lock(&self.state);
        state.held -= 1;
        if !last {
            // In front, so that no more files are open than are worked on.
            state.waiting.push_front(source);
        }
        drop(state);
        self.returned.notify_all();
        Some(task)
    }

    fn take_source(&self) -> Option<Source<'run>> {
        let mut state = lock(&self.state);
        loop {
            if state.stopped || self.progress.is_stopped() {
                return None;
            }
            if let Some(source) = state.waiting.pop_front() {
                state.held += 1;
                return Some(source);
            }
            if let Some(input) = self.inputs.get(state.opened) {
                let place = state.opened;
                state.opened += 1;
                state.held += 1;
                drop(state);
                match Source::open(input, self.options, self.progress) {
                    Ok(source) => {
                        lock(&self.state).ledgers.push((place, source.ledger()));
                        return Some(source);
                    }
                    Err(error) => {
                        lock(&self.state).held -= 1;
                        self.fail(error);
                        return None;
                    }
                }
            }
            if state.held == 0 {
                return None;
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes what was seen of a part.
    pub(super) fn record(&self, ledger: &Mutex<Ledger>, place: u64, report: UnitReport) {
        let recorded = lock(ledger).record(place, report);
        if let Err(error) = recorded {
            self.fail(error);
        }
    }

    /// Ends the reading where it stands.
    pub(super) fn stop(&self) {
        lock(&self.state).stopped = true;
        self.returned.notify_all();
    }

    fn fail(&self, error: ReadError) {
        lock(&self.state).failed.get_or_insert(error);
        self.stop();
    }

    /// What was seen of everything, in the order of the inputs.
    pub(super) fn finish(self) -> Result<ReadReport, ReadError> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.failed {
            return Err(error);
        }
        state.ledgers.sort_by_key(|(place, _)| *place);
        whole_report(state.ledgers.iter().map(|(_, ledger)| ledger.as_ref()))
    }
}

/// What was seen of several inputs, in their order.
pub(super) fn whole_report<'run>(ledgers: impl Iterator<Item = &'run Mutex<Ledger>>) -> Result<ReadReport, ReadError> {
    let mut all = ReadReport::default();
    for ledger in ledgers {
        all.absorb(lock(ledger).report());
    }
    match all.damaged.first() {
        Some(damaged) if all.records == 0 => Err(ReadError::Read {
            file: damaged.file.clone(),
            line: damaged.line,
            source: std::io::Error::other(damaged.reason.clone()),
        }),
        _ => Ok(all),
    }
}
