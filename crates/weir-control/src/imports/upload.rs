//! A file under way: read as it comes, its rows staged as they are finished.

use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use weir_acts::entry::Sealed;
use weir_acts::id::ImportId;
use weir_acts::import::Import;
use weir_acts::key::Pepper;
use weir_acts::{Digest, State, Time};
use weir_store::{NewRow, PrivatePart, Store};
use weir_tlog::{Frontier, Hash, leaf_hash};

use super::checker::{Checker, Counts};
use super::fault::Faults;
use super::formats::{Format, Reader};
use crate::refusal::Refusal;

/// Rows of one transaction: small, since acts wait for it to end.
const ROWS_AT_A_TIME: usize = 512;

/// A file under way.
pub(crate) struct Upload {
    id: ImportId,
    pub(crate) last_used: Instant,
    pub(crate) received: u64,
    store: Arc<dyn Store>,
    reader: Reader,
    checker: Checker,
    hash: Sha256,
    waiting: Vec<Sealed>,
    staged: u64,
    frontier: Frontier,
}

/// A file that was read to its end and is right.
pub(crate) struct Checked {
    pub(crate) import: Import,
    pub(crate) counts: Counts,
    pub(crate) rows: u64,
    pub(crate) root: Hash,
}

impl Upload {
    pub(crate) fn begin(
        id: ImportId,
        format: Format,
        store: Arc<dyn Store>,
        base: State,
        now: Time,
        pepper: &Pepper,
    ) -> Upload {
        let checker = Checker::new(base, now, pepper.clone());
        Upload {
            id,
            last_used: Instant::now(),
            received: 0,
            store,
            reader: Reader::new(format),
            checker,
            hash: Sha256::new(),
            waiting: Vec::new(),
            staged: 0,
            frontier: Frontier::new(),
        }
    }

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// When rows cannot be staged. What is wrong with the file is in
    /// [`Upload::faults`].
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.last_used = Instant::now();
        self.hash.update(bytes);
        self.received += bytes.len() as u64;
        // Read in pieces, so that what waits to be staged stays little.
        for piece in bytes.chunks(64 << 10) {
            if !self.checker.goes_on() {
                break;
            }
            let (checker, waiting) = (&mut self.checker, &mut self.waiting);
            self.reader.feed(piece, &mut |found| checker.take(found, waiting));
            self.stage(ROWS_AT_A_TIME)?;
        }
        self.checker.failed.clone().map_or(Ok(()), Err)
    }

    /// What was found wrong so far.
    pub(crate) fn faults(&self) -> &Faults {
        &self.checker.faults
    }

    /// How many rows were finished.
    pub(crate) fn rows(&self) -> u64 {
        self.checker.rows
    }

    /// The file has ended: the last row is finished and staged.
    ///
    /// # Errors
    /// As [`Upload::feed`], and when other bytes came than were announced.
    pub(crate) fn end(&mut self, announced: &Digest) -> Result<(), Refusal> {
        if self.checker.goes_on() {
            let (checker, waiting) = (&mut self.checker, &mut self.waiting);
            self.reader.end(&mut |found| checker.take(found, waiting));
            self.checker.end(&mut self.waiting);
            self.stage(1)?;
        }
        let is_whole = Digest(self.hash.clone().finalize().into()) == *announced;
        if self.checker.faults.faults.is_empty() && !is_whole {
            return Err(Refusal::invalid("what was sent is not the file that was announced; nothing was imported"));
        }
        self.checker.failed.clone().map_or(Ok(()), Err)
    }

    /// What there is to be made an act, once the file has ended without fault.
    pub(crate) fn checked(self) -> Checked {
        Checked {
            import: self.checker.import,
            counts: self.checker.counts,
            rows: self.staged,
            root: self.frontier.root(),
        }
    }

    /// Stages what waits, where it is at least so many rows.
    fn stage(&mut self, least: usize) -> Result<(), Refusal> {
        if self.waiting.len() < least {
            return Ok(());
        }
        if !self.checker.faults.faults.is_empty() {
            self.waiting.clear();
            return Ok(());
        }
        let name = self.id.to_string();
        let rows: Vec<NewRow> = self.waiting.drain(..).filter_map(new_row).collect();
        for some in rows.chunks(ROWS_AT_A_TIME) {
            self.store
                .stage_rows(&name, self.staged, some)
                .map_err(|error| Refusal::unavailable(format!("the rows cannot be staged: {error}")))?;
            self.staged += some.len() as u64;
            some.iter().for_each(|row| self.frontier.push(leaf_hash(&row.bytes)));
        }
        Ok(())
    }
}

/// Every row has a private part.
fn new_row(sealed: Sealed) -> Option<NewRow> {
    let (salt, bytes) = sealed.private?;
    Some(NewRow { bytes: sealed.bytes, private: PrivatePart { salt, bytes } })
}
