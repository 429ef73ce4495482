//! Which tables there are, which version of them a file has, and whether they can be trusted.

use rusqlite::{Connection, TransactionBehavior};

use super::failure::{Doing, from_integer};
use super::read;
use crate::StoreError;

/// Marks the file as Weir's in the SQLite header: the letters `WEIR`.
pub(super) const APPLICATION_ID: i64 = 0x5745_4952;

/// `MIGRATIONS[n]` brings a store from version `n` to version `n + 1`.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql"), include_str!("imports.sql")];

/// Stores up to this many bytes are read in full at every start; larger ones only when asked,
/// since a start after a crash must not take minutes.
const CHECKED_AT_OPEN_BYTES: u64 = 64 * 1024 * 1024;

/// Refuses a file that is no store, or one of a later version, before anything in it is touched.
/// A file without tables is a new store.
pub(super) fn identify(connection: &Connection, path: &str) -> Result<(), StoreError> {
    const DOING: &str = "looking at the store";
    let application: i64 = pragma(connection, "application_id").doing(DOING)?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).doing(DOING)?;
    let is_new = application == 0 && tables == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(StoreError::NotAStore { path: path.to_owned() });
    }
    refuse_newer(version(connection)?)
}

/// Brings the store to the newest version, all steps or none.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    const DOING: &str = "migrating the store";
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).doing(DOING)?;
    // Read inside the transaction: another process may just have migrated.
    let from = version(&transaction)?;
    refuse_newer(from)?;
    let done = usize::try_from(from).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step).doing(DOING)?;
    }
    if from != newest() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID).doing(DOING)?;
        transaction.pragma_update(None, "user_version", newest()).doing(DOING)?;
    }
    transaction.commit().doing(DOING)
}

/// A look that costs little: the head agrees with the last entry, and a small file is sound.
pub(super) fn check_quickly(connection: &Connection) -> Result<(), StoreError> {
    const DOING: &str = "checking the store";
    check_head(connection)?;
    let pages: i64 = pragma(connection, "page_count").doing(DOING)?;
    let page_bytes: i64 = pragma(connection, "page_size").doing(DOING)?;
    let bytes = from_integer(DOING, pages.saturating_mul(page_bytes))?;
    if bytes > CHECKED_AT_OPEN_BYTES {
        return Ok(());
    }
    expect_ok(connection, "quick_check(1)")
}

/// Reads the whole file and reports the first thing wrong with it.
pub(super) fn check_fully(connection: &Connection) -> Result<(), StoreError> {
    check_head(connection)?;
    expect_ok(connection, "integrity_check(1)")
}

/// The head must count exactly the entries there are; cheap enough for every reload.
pub(super) fn check_head(connection: &Connection) -> Result<(), StoreError> {
    const DOING: &str = "checking the store";
    let head = read::head(connection)?;
    let entries: i64 =
        connection.query_row("SELECT coalesce(max(idx) + 1, 0) FROM entries", [], |row| row.get(0)).doing(DOING)?;
    let entries = from_integer(DOING, entries)?;
    if head.size == entries {
        return Ok(());
    }
    let detail = format!("the head counts {} entries, the log holds {entries}", head.size);
    Err(StoreError::Corrupt { doing: DOING, detail })
}

fn expect_ok(connection: &Connection, check: &str) -> Result<(), StoreError> {
    const DOING: &str = "checking the store";
    let verdict: String = connection.query_row(&format!("PRAGMA {check}"), [], |row| row.get(0)).doing(DOING)?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(StoreError::Corrupt { doing: DOING, detail: verdict })
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    pragma(connection, "user_version").doing("reading the schema version")
}

fn refuse_newer(found: i64) -> Result<(), StoreError> {
    if found > newest() {
        return Err(StoreError::Newer { found, known: newest() });
    }
    Ok(())
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}
