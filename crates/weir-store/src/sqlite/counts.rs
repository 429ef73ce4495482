//! What limits have counted over long windows: a database file of its own
//! beside the log's, written about once a second. It is not part of the log
//! and nothing is proved by it; it only keeps a restart from forgetting what
//! was taken. What is kept is durable on return.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use super::connect;
use super::failure::Doing;
use crate::StoreError;

const OPENING: &str = "opening the counts of limits";
const KEEPING: &str = "keeping the counts of limits";

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS counts (
    scope TEXT NOT NULL,
    field TEXT NOT NULL,
    span TEXT NOT NULL,
    held INTEGER NOT NULL,
    parts TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, field, span)
) STRICT, WITHOUT ROWID";

/// What one scope took of one field over one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitCount {
    /// Whose it is.
    pub scope: String,
    /// Of what.
    pub field: String,
    /// Over which window.
    pub window: String,
    /// What requests under way held.
    pub held: u64,
    /// Parts of time by number, and how much was taken in each.
    pub parts: Vec<(i64, u64)>,
    /// When none of it counts any more, in milliseconds since 1970.
    pub until_ms: i64,
}

/// The file of counts.
#[derive(Debug)]
pub struct LimitCounts {
    connection: Connection,
}

impl LimitCounts {
    /// Opens or makes the file at `path`, which must be absolute, and reads what
    /// still counts at `now_ms`.
    ///
    /// # Errors
    /// When it cannot be opened or read.
    pub fn open(path: &Path, now_ms: i64) -> Result<(LimitCounts, Vec<LimitCount>), StoreError> {
        connect::create_file(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).doing(OPENING)?;
        connection.busy_timeout(connect::BUSY_TIMEOUT).doing(OPENING)?;
        connect::configure_writer(&connection).doing(OPENING)?;
        connection.execute_batch(SCHEMA).doing(OPENING)?;
        let mut counts = LimitCounts { connection };
        counts.forget(now_ms)?;
        let kept = counts.all()?;
        Ok((counts, kept))
    }

    fn all(&self) -> Result<Vec<LimitCount>, StoreError> {
        let mut select =
            self.connection.prepare("SELECT scope, field, span, held, parts, until_ms FROM counts").doing(OPENING)?;
        let rows = select.query_map([], |row| {
            Ok(LimitCount {
                scope: row.get(0)?,
                field: row.get(1)?,
                window: row.get(2)?,
                held: u64::try_from(row.get::<_, i64>(3)?).unwrap_or_default(),
                parts: read_parts(&row.get::<_, String>(4)?),
                until_ms: row.get(5)?,
            })
        });
        rows.and_then(Iterator::collect).doing(OPENING)
    }

    /// Keeps `counts`, each in place of what was kept for the same scope, field
    /// and window; one of nothing is removed. All of them or none.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn keep(&mut self, counts: &[LimitCount]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction().doing(KEEPING)?;
        {
            let mut replace = transaction
                .prepare_cached("INSERT OR REPLACE INTO counts (scope, field, span, held, parts, until_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
                .doing(KEEPING)?;
            let mut remove = transaction
                .prepare_cached("DELETE FROM counts WHERE scope = ?1 AND field = ?2 AND span = ?3")
                .doing(KEEPING)?;
            for count in counts {
                let changed = if count.parts.is_empty() && count.held == 0 {
                    remove.execute(params![count.scope, count.field, count.window])
                } else {
                    let held = i64::try_from(count.held).unwrap_or(i64::MAX);
                    let parts = write_parts(&count.parts);
                    replace.execute(params![count.scope, count.field, count.window, held, parts, count.until_ms])
                };
                changed.doing(KEEPING)?;
            }
        }
        transaction.commit().doing(KEEPING)
    }

    /// Removes what no longer counts at `now_ms`.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn forget(&mut self, now_ms: i64) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM counts WHERE until_ms <= ?1", [now_ms]).doing(KEEPING)?;
        Ok(())
    }
}

fn write_parts(parts: &[(i64, u64)]) -> String {
    let written: Vec<String> = parts.iter().map(|(number, amount)| format!("{number}:{amount}")).collect();
    written.join(",")
}

/// A part that cannot be read is left out: it can only be one that a later
/// version wrote.
fn read_parts(text: &str) -> Vec<(i64, u64)> {
    let part = |part: &str| {
        let (number, amount) = part.split_once(':')?;
        Some((number.parse().ok()?, amount.parse().ok()?))
    };
    text.split(',').filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn count(scope: &str, parts: &[(i64, u64)], until_ms: i64) -> LimitCount {
        let (field, window) = ("tokens".to_owned(), "day".to_owned());
        LimitCount { scope: scope.to_owned(), field, window, held: 7, parts: parts.to_vec(), until_ms }
    }

    #[test]
    fn what_was_kept_is_read_back_until_it_counts_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("limits.db");
        let (mut counts, kept) = LimitCounts::open(&path, 0).unwrap();
        assert!(kept.is_empty());
        let (one, other) = (count("account:a-1", &[(5, u64::MAX), (-3, 1)], 100), count("stage:general", &[], 50));
        counts.keep(&[one.clone(), other.clone()]).unwrap();
        let replaced = count("account:a-1", &[(6, 9)], 100);
        counts.keep(std::slice::from_ref(&replaced)).unwrap();
        drop(counts);
        let (_, kept) = LimitCounts::open(&path, 49).unwrap();
        assert_eq!(kept, [replaced.clone(), other]);
        let (mut counts, kept) = LimitCounts::open(&path, 50).unwrap();
        assert_eq!(kept, std::slice::from_ref(&replaced));
        counts.keep(&[LimitCount { held: 0, ..count("account:a-1", &[], 100) }]).unwrap();
        assert!(LimitCounts::open(&path, 0).unwrap().1.is_empty());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("limits.db");
        std::fs::write(&path, "something else entirely, long enough to be looked at as a database file header")
            .unwrap();
        assert!(matches!(LimitCounts::open(&path, 0), Err(StoreError::Corrupt { .. })));
    }
}
