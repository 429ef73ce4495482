//! Reads inputs with many threads and gives each input's parts back in that
//! input's order: what is done to an exchange happens on whichever thread
//! parsed it, and a single large file keeps all of them busy.
//!
//! At most two parts a thread lie ready, one for each open input at the least.
//! With more inputs than threads, the time of each one's first exchange is
//! looked up before, and an input is opened when the merge comes to that time,
//! so that a year of hourly files is not held open at once.

mod first;

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use weir_acts::Time;

use super::super::inputs::Input;
use super::super::{Progress, ReadError, ReadReport};
use super::ledger::Ledger;
use super::pool::{lock, whole_report};
use super::source::{Source, Task};
use super::{ReadOptions, Worker};
use crate::LoggedExchange;

/// What was made of one part of an input, with the time of each exchange.
pub(in crate::read) type Part<T> = Vec<(Time, T)>;

/// What the threads that read and the one that takes share.
pub(in crate::read) struct Ordered<'run, T> {
    inputs: &'run [Input],
    options: &'run ReadOptions,
    progress: &'run Progress,
    /// When each input begins, where that was looked up.
    begins: Vec<Option<Time>>,
    state: Mutex<State<'run, T>>,
    /// For those who read: there may be something to do.
    work: Condvar,
    /// For the one who takes: there may be something to take.
    ready: Condvar,
}

struct State<'run, T> {
    inputs: Vec<InputState<'run, T>>,
    /// What the taker waits for.
    wanted: Option<usize>,
    failed: Option<(usize, ReadError)>,
    stopped: bool,
}

struct InputState<'run, T> {
    held: Held<'run>,
    dealt: u64,
    taken: u64,
    ready: BTreeMap<u64, Part<T>>,
    ledger: Option<Arc<Mutex<Ledger>>>,
}

enum Held<'run> {
    Unopened,
    Open(Source<'run>),
    InHand,
    Done,
}

impl<T> InputState<'_, T> {
    fn can_be_read(&self) -> bool {
        matches!(self.held, Held::Unopened | Held::Open(_))
    }

    /// Parts that are worked on or lie ready.
    fn outstanding(&self) -> u64 {
        self.dealt - self.taken
    }
}

impl<'run, T: Send> Ordered<'run, T> {
    pub(in crate::read) fn new(inputs: &'run [Input], options: &'run ReadOptions, progress: &'run Progress) -> Self {
        let many = inputs.len() > options.threads.max(1);
        let begins = inputs.iter().map(|input| if many { first::time(input, options) } else { None }).collect();
        let fresh =
            |_: &Input| InputState { held: Held::Unopened, dealt: 0, taken: 0, ready: BTreeMap::new(), ledger: None };
        let state = State { inputs: inputs.iter().map(fresh).collect(), wanted: None, failed: None, stopped: false };
        Self {
            inputs,
            options,
            progress,
            begins,
            state: Mutex::new(state),
            work: Condvar::new(),
            ready: Condvar::new(),
        }
    }

    /// When an input begins, where that is known before it is opened.
    pub(in crate::read) fn begins(&self, place: usize) -> Option<Time> {
        self.begins.get(place).copied().flatten()
    }

    /// Reads parts until there are no more; for each thread that reads.
    pub(in crate::read) fn read(&self, map: &(impl Fn(&LoggedExchange) -> T + Sync)) {
        let guard = StopOnPanic(self);
        let mut worker = Worker::new(self.options, self.progress);
        while let Some((place, task)) = self.next_task() {
            let mut part = Vec::new();
            let mut take = |exchanges: &[LoggedExchange]| {
                part.extend(exchanges.iter().map(|exchange| (exchange.time, map(exchange))));
            };
            let report = worker.read(task.unit, &mut take);
            let recorded = lock(&task.ledger).record(task.place, report);
            let mut state = lock(&self.state);
            if let Err(error) = recorded {
                state.fail(place, error);
            }
            state.inputs[place].ready.insert(task.place, part);
            drop(state);
            self.ready.notify_one();
        }
        std::mem::forget(guard);
    }

    fn next_task(&self) -> Option<(usize, Task)> {
        let mut state = lock(&self.state);
        let (place, held) = loop {
            if self.progress.is_stopped() {
                state.stopped = true;
            }
            if state.stopped || state.inputs.iter().all(|input| matches!(input.held, Held::Done)) {
                drop(state);
                self.ready.notify_all();
                self.work.notify_all();
                return None;
            }
            if let Some(place) = self.choose(&state) {
                let input = &mut state.inputs[place];
                input.dealt += 1;
                break (place, std::mem::replace(&mut input.held, Held::InHand));
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        let source = match held {
            Held::Open(source) => Ok(source),
            _ => Source::open(&self.inputs[place], self.options, self.progress),
        };
        let opened = source.map(|mut source| {
            let (task, last) = source.next_task();
            (source, task, last)
        });
        let mut state = lock(&self.state);
        let given = match opened {
            Ok((source, task, last)) => {
                let input = &mut state.inputs[place];
                input.ledger.get_or_insert_with(|| Arc::clone(&task.ledger));
                input.held = if last { Held::Done } else { Held::Open(source) };
                Some((place, task))
            }
            Err(error) => {
                state.inputs[place].held = Held::Done;
                state.fail(place, error);
                None
            }
        };
        drop(state);
        self.work.notify_all();
        self.ready.notify_one();
        given
    }

    /// What to read next: what is waited for, else what has least lying ready.
    fn choose(&self, state: &State<'_, T>) -> Option<usize> {
        let threads = self.options.threads.max(1) as u64;
        let open =
            state.inputs.iter().filter(|input| matches!(input.held, Held::Open(_) | Held::InHand)).count() as u64;
        let share = (2 * threads / open.max(1)).max(1);
        let wanted = state.wanted.filter(|&place| {
            let input = &state.inputs[place];
            input.can_be_read() && input.outstanding() < share.max(threads)
        });
        if wanted.is_some() {
            return wanted;
        }
        let may = |place: &usize| {
            let input = &state.inputs[*place];
            match input.held {
                Held::Open(_) => input.outstanding() < share,
                // One whose beginning is known waits until there is room.
                Held::Unopened => self.begins(*place).is_none() || open < threads,
                Held::InHand | Held::Done => false,
            }
        };
        let order = |place: &usize| {
            let input = &state.inputs[*place];
            (input.outstanding(), matches!(input.held, Held::Unopened), self.begins(*place), *place)
        };
        (0..state.inputs.len()).filter(may).min_by_key(order)
    }

    /// The next part of an input, waiting for it; none when it has ended or the
    /// reading was stopped.
    pub(in crate::read) fn next_part(&self, place: usize) -> Option<Part<T>> {
        let mut state = lock(&self.state);
        loop {
            let stopped = state.stopped;
            let input = &mut state.inputs[place];
            let next = input.taken;
            if let Some(part) = input.ready.remove(&next) {
                input.taken += 1;
                state.wanted = Some(place);
                drop(state);
                self.work.notify_one();
                return Some(part);
            }
            let ended = matches!(input.held, Held::Done) && input.taken >= input.dealt;
            if ended || stopped {
                return None;
            }
            state.wanted = Some(place);
            self.work.notify_one();
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the reading where it stands.
    fn stop(&self) {
        lock(&self.state).stopped = true;
        self.work.notify_all();
        self.ready.notify_all();
    }

    /// What was seen of everything, in the order of the inputs.
    pub(in crate::read) fn finish(self) -> Result<ReadReport, ReadError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.failed {
            Some((_, error)) => Err(error),
            None => whole_report(state.inputs.iter().filter_map(|input| input.ledger.as_deref())),
        }
    }
}

impl<T> State<'_, T> {
    /// Of several failures the one in the first input counts.
    fn fail(&mut self, place: usize, error: ReadError) {
        if self.failed.as_ref().is_none_or(|(first, _)| place < *first) {
            self.failed = Some((place, error));
        }
        self.stopped = true;
    }
}

/// A thread that panics must not leave the others waiting; dropped by the
/// taker too, who may panic in its own work.
pub(in crate::read) struct StopOnPanic<'all, 'run, T: Send>(pub(in crate::read) &'all Ordered<'run, T>);

impl<T: Send> Drop for StopOnPanic<'_, '_, T> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
