//! The statements that read. Each is one statement, hence one snapshot.

use rusqlite::{Connection, OptionalExtension, Row};

use super::failure::{Doing, from_integer};
use crate::{Answered, Private, PrivatePart, StoreError, StoredEntry, StoredObject, TreeHead};

const ENTRIES: &str = "SELECT e.idx, e.leaf, e.bytes, p.erased, p.salt, p.bytes \
     FROM entries e LEFT JOIN private_parts p ON p.idx = e.idx \
     WHERE e.idx >= ?1 ORDER BY e.idx LIMIT ?2";
const LEAVES: &str = "SELECT idx, leaf FROM entries WHERE idx >= ?1 ORDER BY idx LIMIT ?2";

pub(super) fn head(connection: &Connection) -> Result<TreeHead, StoreError> {
    const DOING: &str = "reading the tree head";
    let (size, root, frontier) = connection
        .prepare_cached("SELECT size, root, frontier FROM tree_head")
        .doing(DOING)?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?, row.get::<_, Vec<u8>>(2)?)))
        .doing(DOING)?;
    let (hashes, rest) = frontier.as_chunks::<32>();
    if !rest.is_empty() {
        let detail = format!("the frontier has {} bytes, not whole hashes", frontier.len());
        return Err(StoreError::Corrupt { doing: DOING, detail });
    }
    Ok(TreeHead { size: from_integer(DOING, size)?, root, frontier: hashes.to_vec() })
}

pub(super) fn entries(connection: &Connection, from: u64, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
    run(connection, "reading entries", ENTRIES, from, limit, |row, index| {
        Ok(StoredEntry { index, leaf: row.get(1)?, bytes: row.get(2)?, private: private(row)? })
    })
}

pub(super) fn leaves(connection: &Connection, from: u64, limit: usize) -> Result<Vec<[u8; 32]>, StoreError> {
    run(connection, "reading leaf hashes", LEAVES, from, limit, |row, _index| row.get(1))
}

/// Reads consecutive rows whose first column is their index, and insists that none is missing.
fn run<T>(
    connection: &Connection,
    doing: &'static str,
    sql: &str,
    from: u64,
    limit: usize,
    mut read: impl FnMut(&Row<'_>, u64) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    // Beyond what the store can count there is nothing to read.
    let Ok(first) = i64::try_from(from) else {
        return Ok(Vec::new());
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql).doing(doing)?;
    let mut rows = statement.query((first, limit)).doing(doing)?;
    let mut found = Vec::new();
    let mut expected = from;
    while let Some(row) = rows.next().doing(doing)? {
        let index = from_integer(doing, row.get(0).doing(doing)?)?;
        if index != expected {
            let detail = format!("entry {expected} is missing");
            return Err(StoreError::Corrupt { doing, detail });
        }
        found.push(read(row, index).doing(doing)?);
        expected = expected.saturating_add(1);
    }
    Ok(found)
}

fn private(row: &Row<'_>) -> rusqlite::Result<Private> {
    match row.get::<_, Option<bool>>(3)? {
        None => Ok(Private::None),
        Some(true) => Ok(Private::Erased),
        Some(false) => Ok(Private::Kept(PrivatePart { salt: row.get(4)?, bytes: row.get(5)? })),
    }
}

pub(super) fn answered(connection: &Connection, scope: &str, key: &str) -> Result<Option<Answered>, StoreError> {
    const DOING: &str = "reading a kept answer";
    connection
        .prepare_cached("SELECT request, answer FROM answers WHERE scope = ?1 AND key = ?2")
        .doing(DOING)?
        .query_row((scope, key), |row| {
            Ok(Answered { scope: scope.to_owned(), key: key.to_owned(), request: row.get(0)?, answer: row.get(1)? })
        })
        .optional()
        .doing(DOING)
}

pub(super) fn fact(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    const DOING: &str = "reading a fact";
    connection
        .prepare_cached("SELECT value FROM facts WHERE name = ?1")
        .doing(DOING)?
        .query_row([name], |row| row.get(0))
        .optional()
        .doing(DOING)
}

pub(super) fn object_owner(connection: &Connection, id: &str) -> Result<Option<StoredObject>, StoreError> {
    const DOING: &str = "reading who made an object";
    connection
        .prepare_cached("SELECT id, account, model, at_ms FROM objects WHERE id = ?1")
        .doing(DOING)?
        .query_row([id], |row| {
            Ok(StoredObject { id: row.get(0)?, account: row.get(1)?, model: row.get(2)?, at_ms: row.get(3)? })
        })
        .optional()
        .doing(DOING)
}
