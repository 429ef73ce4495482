//! Opening connections: one recipe for the writer, one for readers.
//!
//! Each setting below is per connection, so a connection opened any other way would keep weaker
//! promises without anybody noticing.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::failure::Doing;
use super::schema;
use crate::StoreError;

const DOING: &str = "opening the store";

/// How long to wait for another user of the file. Only a foreign program can make us wait.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements a connection keeps prepared; more than there are in this crate.
const PREPARED_STATEMENTS: usize = 32;

/// Makes the file if there is none, readable by its owner only. SQLite gives its write-ahead log
/// and index the mode of the file they belong to.
pub(super) fn create_file(path: &Path) -> Result<(), StoreError> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = match created {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(StoreError::from_io("creating the store", error)),
    };
    sync_new_file(&file, path).map_err(|error| StoreError::from_io("creating the store", error))
}

fn sync_new_file(file: &File, path: &Path) -> std::io::Result<()> {
    file.sync_all()?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Opens the one connection that writes. `path` must be absolute: SQLite reads a relative name
/// that begins with `file:` as a URI.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).doing(DOING)?;
    connection.busy_timeout(BUSY_TIMEOUT).doing(DOING)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    schema::identify(&connection, &path.display().to_string())?;
    configure_writer(&connection).doing(DOING)?;
    Ok(connection)
}

pub(super) fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    harden(connection)?;
    let journal: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if journal != "wal" {
        return Err(rusqlite::Error::ToSqlConversionFailure(
            format!("write-ahead logging is not possible here (got {journal:?}); use a local disk").into(),
        ));
    }
    // One fsync of the write-ahead log at each commit: durable on return.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Freed space is overwritten, and nothing is spilled into temporary files.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // `INSERT OR REPLACE` fires delete triggers only with this on.
    connection.pragma_update(None, "recursive_triggers", true)?;
    // The log is moved beside this connection (`checkpoints.rs`); where that falls behind for so
    // many pages, it is moved within a commit after all.
    connection.pragma_update(None, "wal_autocheckpoint", 16 * 1024)?;
    // A large import must not leave a large write-ahead log behind for ever.
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)
}

/// Opens a connection that can only read.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).doing(DOING)?;
    connection.busy_timeout(BUSY_TIMEOUT).doing(DOING)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    harden(&connection).doing(DOING)?;
    Ok(connection)
}

/// Opens a connection that only moves the write-ahead log into the file.
pub(super) fn checkpointer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).doing(DOING)?;
    connection.busy_timeout(BUSY_TIMEOUT).doing(DOING)?;
    harden(&connection).doing(DOING)?;
    connection.pragma_update(None, "synchronous", "FULL").doing(DOING)?;
    // A connection learns of the log by its first read.
    connection.query_row("SELECT count(*) FROM tree_head", [], |_| Ok(())).doing(DOING)?;
    Ok(connection)
}

/// Opens a connection that copies a store, which a server may have open: it changes nothing, but
/// must be able to make the index of the write-ahead log where no server runs.
pub(super) fn copier(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).doing(DOING)?;
    connection.busy_timeout(BUSY_TIMEOUT).doing(DOING)?;
    schema::identify(&connection, &path.display().to_string())?;
    harden(&connection).doing(DOING)?;
    connection.pragma_update(None, "temp_store", "MEMORY").doing(DOING)?;
    Ok(connection)
}

/// A damaged or doctored file must produce an error, not be acted upon.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}
