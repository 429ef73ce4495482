//! One input that is open, and the parts it is read in.

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::{Arc, Mutex};

use super::super::blocks::{Block, Blocks};
use super::super::compressed::{self, BUFFER_BYTES, Unpacked};
use super::super::inputs::Input;
use super::super::metered::{Metered, Seen};
use super::super::{Progress, ReadError};
use super::ReadOptions;
use super::ledger::Ledger;

/// A part of an input, to be read by one thread.
pub(super) enum Unit {
    /// Lines.
    Lines(Block),
}

/// A part and where to report it.
pub(super) struct Task {
    pub(super) unit: Unit,
    /// Its place among the file's parts.
    pub(super) place: u64,
    pub(super) ledger: Arc<Mutex<Ledger>>,
}

/// An input that is open.
pub(super) struct Source<'run> {
    parts: Parts<'run>,
    next: u64,
    ledger: Arc<Mutex<Ledger>>,
}

enum Parts<'run> {
    Lines(Blocks<Unpacked<'run>>),
}

impl<'run> Source<'run> {
    /// Opens an input.
    pub(super) fn open(input: &Input, options: &ReadOptions, progress: &'run Progress) -> Result<Self, ReadError> {
        let name = match input {
            Input::File(path) => path.display().to_string(),
            Input::Stdin => "-".to_owned(),
        };
        let failed = |source| ReadError::Open { file: name.clone(), source };
        let reader: Box<dyn Read + Send> = match input {
            Input::File(path) => Box::new(File::open(path).map_err(failed)?),
            Input::Stdin => Box::new(std::io::stdin()),
        };
        let seen = options.digests.then(|| Arc::new(Seen::default()));
        let metered = Metered { inner: reader, progress, seen: seen.clone() };
        let unpacked = compressed::unpack(BufReader::with_capacity(BUFFER_BYTES, metered)).map_err(failed)?;
        let parts = Parts::Lines(Blocks::new(unpacked, options.limits.line_bytes));
        let ledger = Arc::new(Mutex::new(Ledger::new(name, options.limits, seen)));
        Ok(Self { parts, next: 0, ledger })
    }

    pub(super) fn ledger(&self) -> Arc<Mutex<Ledger>> {
        Arc::clone(&self.ledger)
    }

    /// The next part, and whether it is the last.
    pub(super) fn next_task(&mut self) -> (Task, bool) {
        let (unit, last) = match &mut self.parts {
            Parts::Lines(blocks) => {
                let block = blocks.next_block();
                let last = block.end.is_some();
                (Unit::Lines(block), last)
            }
        };
        let task = Task { unit, place: self.next, ledger: self.ledger() };
        self.next += 1;
        (task, last)
    }
}
