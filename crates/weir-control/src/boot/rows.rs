//! Folding the rows of an import from the database. Every row is held against
//! the root in its act, and its private part against the row.

use std::sync::mpsc::{SyncSender, sync_channel};

use weir_acts::act::public;
use weir_acts::entry::Entry;
use weir_acts::import::Import;
use weir_acts::row::Row;
use weir_acts::state::{FoldError, State};
use weir_store::{Private, Store, StoredRow};
use weir_tlog::{Frontier, Hash, leaf_hash};

use super::BootError;

/// How many rows are read at a time.
const ROWS_AT_A_TIME: usize = 2_048;

/// How many times as many wait to be folded at most.
const BATCHES_AHEAD: usize = 4;

/// The fold of all rows of act `act` into `base`.
pub(super) fn fold(
    store: &dyn Store,
    act: u64,
    entry: &Entry,
    public: &public::PartyImport,
    base: State,
) -> Result<Import, BootError> {
    let mut import = Import::new(base, entry.at);
    let mut frontier = Frontier::new();
    // One thread reads, hashes and opens, the other folds.
    std::thread::scope(|scope| {
        let (sender, batches) = sync_channel(BATCHES_AHEAD);
        scope.spawn(move || read_all(store, act, &sender));
        for batch in batches {
            for (leaf, row) in batch? {
                frontier.push(leaf);
                import.take(row).map_err(|problem| FoldError { index: act, problem })?;
            }
        }
        Ok::<(), BootError>(())
    })?;
    if frontier.size() != public.rows || frontier.root().0 != public.root.0 {
        return Err(BootError::Rows { index: act });
    }
    Ok(import)
}

type Batch = Result<Vec<(Hash, Row)>, BootError>;

/// Sends every row of act `act`, or why there are no more; ends when nobody
/// listens.
fn read_all(store: &dyn Store, act: u64, sender: &SyncSender<Batch>) {
    let mut next = 0;
    loop {
        let batch = read_some(store, act, next);
        next += batch.as_ref().map_or(0, |rows| rows.len() as u64);
        let is_last = batch.as_ref().map_or(true, Vec::is_empty);
        if sender.send(batch).is_err() || is_last {
            return;
        }
    }
}

fn read_some(store: &dyn Store, act: u64, from: u64) -> Batch {
    let rows = store.rows(act, from, ROWS_AT_A_TIME)?;
    let opened = |stored: StoredRow| {
        let row = read(&stored).map_err(|why| BootError::Entry { index: act, why })?;
        Ok((leaf_hash(&stored.bytes), row))
    };
    rows.into_iter().map(opened).collect()
}

fn read(stored: &StoredRow) -> Result<Row, weir_acts::EntryError> {
    match &stored.private {
        Private::Kept(part) => Row::read(&stored.bytes, Some((&part.salt, &part.bytes))),
        Private::None | Private::Erased => Row::read(&stored.bytes, None),
    }
}
