//! What began with an import is known by the very time it shares with the
//! import. Packed it has the import's number, and whatever is read back with
//! one number shares one time again: else an erasure of the import's rows
//! would find nothing that began with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::governed::Imported;
use crate::holder::Start;
use crate::time::Time;

/// The number of no import: a start with it is not read back.
const OF_NONE: u64 = u64::MAX;

/// The numbers of imports, from 1, by where the time they share lies.
#[derive(Debug, Default)]
pub(super) struct Numbers(HashMap<usize, u64>);

impl Numbers {
    pub(super) fn new(imports: &[Imported]) -> Arc<Numbers> {
        let numbered = (1..).zip(imports).filter_map(|(number, imported)| match imported.start {
            Some(Start::With(act)) => Some((place(act), number)),
            _ => None,
        });
        Arc::new(Numbers(numbered.collect()))
    }

    pub(super) fn of(&self, act: &'static OnceLock<Time>) -> u64 {
        self.0.get(&place(act)).copied().unwrap_or(OF_NONE)
    }
}

fn place(act: &'static OnceLock<Time>) -> usize {
    std::ptr::from_ref(act).addr()
}

/// The times that the imports of one packed state share, for all of its parts.
#[derive(Debug, Default)]
pub struct Starts(Mutex<HashMap<u64, &'static OnceLock<Time>>>);

impl Starts {
    fn with(&self, number: u64, time: Time) -> Option<&'static OnceLock<Time>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let act = *known.entry(number).or_insert_with(|| Box::leak(Box::new(OnceLock::from(time))));
        (number != OF_NONE && act.get() == Some(&time)).then_some(act)
    }
}

/// They as one reader knows them, which then waits for no other.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    all: &'s Starts,
    known: HashMap<u64, &'static OnceLock<Time>>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(all: &'s Starts) -> Reader<'s> {
        Reader { all, known: HashMap::new() }
    }

    /// The start that everything of import `number` shares; none where another
    /// time was read of it.
    pub(super) fn with(&mut self, number: u64, time: Time) -> Option<Start> {
        if let Some(act) = self.known.get(&number) {
            return (act.get() == Some(&time)).then_some(Start::With(act));
        }
        let act = self.all.with(number, time)?;
        self.known.insert(number, act);
        Some(Start::With(act))
    }
}
