//! Folding the rows of an import from the database. Every row is held against
//! the root in its act, and its private part against the row.

use weir_acts::act::public;
use weir_acts::entry::Entry;
use weir_acts::import::Import;
use weir_acts::row::Row;
use weir_acts::state::{FoldError, State};
use weir_store::{Private, Store, StoredRow};
use weir_tlog::{Frontier, leaf_hash};

use super::BootError;

/// How many rows are read at a time.
const ROWS_AT_A_TIME: usize = 4_096;

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
    loop {
        let rows = store.rows(act, frontier.size(), ROWS_AT_A_TIME)?;
        if rows.is_empty() {
            break;
        }
        for stored in rows {
            frontier.push(leaf_hash(&stored.bytes));
            let row = read(&stored).map_err(|why| BootError::Entry { index: act, why })?;
            import.take(row).map_err(|problem| FoldError { index: act, problem })?;
        }
    }
    if frontier.size() != public.rows || frontier.root().0 != public.root.0 {
        return Err(BootError::Rows { index: act });
    }
    Ok(import)
}

fn read(stored: &StoredRow) -> Result<Row, weir_acts::EntryError> {
    match &stored.private {
        Private::Kept(part) => Row::read(&stored.bytes, Some((&part.salt, &part.bytes))),
        Private::None | Private::Erased => Row::read(&stored.bytes, None),
    }
}
