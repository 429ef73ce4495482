//! Rows of imports: staged, settled by an append, read, erased, thrown away.

use rusqlite::{Connection, OptionalExtension};

use super::failure::{Doing, from_integer, to_integer};
use crate::{NewRow, Private, PrivatePart, Settled, StoreError, StoredRow};

const STAGING: &str = "staging rows of an import";
const READING: &str = "reading rows of an import";
const DISCARDING: &str = "throwing away a staged import";
const SETTLING: &str = "appending to the log";

/// Adds rows to the staged import `name`, which begins with its first.
pub(super) fn stage(connection: &Connection, name: &str, from: u64, rows: &[NewRow]) -> Result<(), StoreError> {
    let (number, staged) = begun(connection, name)?;
    if staged != to_integer(STAGING, from)? {
        let detail = format!("row {from} was to be staged, but {staged} rows are");
        return Err(StoreError::Inconsistent { doing: STAGING, detail });
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO import_rows (place, bytes, salt, private) VALUES (?1, ?2, ?3, ?4)")
        .doing(STAGING)?;
    for (row, new) in (staged..).zip(rows) {
        insert.execute((place(number, row), &new.bytes, new.private.salt, &new.private.bytes)).doing(STAGING)?;
    }
    connection
        .prepare_cached("UPDATE imports SET rows = ?1 WHERE number = ?2")
        .doing(STAGING)?
        .execute((staged + to_integer(STAGING, rows.len() as u64)?, number))
        .doing(STAGING)
        .map(drop)
}

/// Number and rows of the staged import `name`, begun now where there is none.
fn begun(connection: &Connection, name: &str) -> Result<(i64, i64), StoreError> {
    let found = connection
        .prepare_cached("SELECT number, rows, entry FROM imports WHERE name = ?1")
        .doing(STAGING)?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?)))
        .optional()
        .doing(STAGING)?;
    match found {
        Some((number, rows, None)) => return Ok((number, rows)),
        Some((_, _, Some(entry))) => {
            let detail = format!("the import {name:?} is entry {entry} of the log already");
            return Err(StoreError::Inconsistent { doing: STAGING, detail });
        }
        None => {}
    }
    connection
        .prepare_cached("INSERT INTO imports (name, rows) VALUES (?1, 0)")
        .doing(STAGING)?
        .execute([name])
        .doing(STAGING)?;
    Ok((connection.last_insert_rowid(), 0))
}

/// Makes a staged import part of the log, inside the append of its entry.
pub(super) fn settle(connection: &Connection, settled: &Settled<'_>, entry: u64) -> Result<(), StoreError> {
    let done = connection
        .prepare_cached("UPDATE imports SET entry = ?1 WHERE name = ?2 AND rows = ?3 AND entry IS NULL")
        .doing(SETTLING)?
        .execute((to_integer(SETTLING, entry)?, settled.name, to_integer(SETTLING, settled.rows)?))
        .doing(SETTLING)?;
    if done == 1 {
        return Ok(());
    }
    let detail = format!("no import {:?} of {} rows is staged", settled.name, settled.rows);
    Err(StoreError::Inconsistent { doing: SETTLING, detail })
}

/// Rows of the import that is entry `entry`, in order, without gaps.
pub(super) fn rows(connection: &Connection, entry: u64, from: u64, limit: usize) -> Result<Vec<StoredRow>, StoreError> {
    let Some((number, count)) = settled_as(connection, entry)? else { return Ok(Vec::new()) };
    let from = from.min(count);
    let until = count.min(from.saturating_add(limit as u64));
    let mut statement = connection
        .prepare_cached(
            "SELECT place, bytes, erased, salt, private FROM import_rows WHERE place >= ?1 AND place < ?2 ORDER BY place",
        )
        .doing(READING)?;
    let span = (place(number, to_integer(READING, from)?), place(number, to_integer(READING, until)?));
    let mut found = Vec::with_capacity(usize::try_from(until - from).unwrap_or(0));
    let mut rows = statement.query(span).doing(READING)?;
    let mut expected = from;
    while let Some(row) = rows.next().doing(READING)? {
        let index = from_integer(READING, row.get::<_, i64>(0).doing(READING)? & i64::from(u32::MAX))?;
        if index != expected {
            break;
        }
        let private = match row.get(2).doing(READING)? {
            true => Private::Erased,
            false => Private::Kept(PrivatePart { salt: row.get(3).doing(READING)?, bytes: row.get(4).doing(READING)? }),
        };
        found.push(StoredRow { row: index, bytes: row.get(1).doing(READING)?, private });
        expected += 1;
    }
    if expected == until {
        return Ok(found);
    }
    Err(StoreError::Corrupt { doing: READING, detail: format!("row {expected} of entry {entry} is missing") })
}

fn settled_as(connection: &Connection, entry: u64) -> Result<Option<(i64, u64)>, StoreError> {
    let Ok(entry) = i64::try_from(entry) else { return Ok(None) };
    let found = connection
        .prepare_cached("SELECT number, rows FROM imports WHERE entry = ?1")
        .doing(READING)?
        .query_row([entry], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
        .optional()
        .doing(READING)?;
    found.map(|(number, rows)| Ok((number, from_integer(READING, rows)?))).transpose()
}

/// Overwrites the private part of a row with zeroes where it lies; true if it was there.
pub(super) fn erase(connection: &Connection, entry: u64, row: u64) -> Result<bool, StoreError> {
    const DOING: &str = "erasing a row of an import";
    let Some((number, _)) = settled_as(connection, entry)?.filter(|(_, rows)| row < *rows) else {
        return Ok(false);
    };
    let erased = connection
        .prepare_cached(
            "UPDATE import_rows \
             SET erased = 1, salt = zeroblob(32), private = zeroblob(length(private)) \
             WHERE place = ?1 AND erased = 0",
        )
        .doing(DOING)?
        .execute([place(number, to_integer(DOING, row)?)])
        .doing(DOING)?;
    Ok(erased == 1)
}

/// The names of imports that no append has settled.
pub(super) fn staged(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT name FROM imports WHERE entry IS NULL ORDER BY number").doing(READING)?;
    let names = statement.query_map([], |row| row.get(0)).doing(READING)?;
    names.collect::<rusqlite::Result<_>>().doing(READING)
}

/// Throws away a staged import, `limit` rows at a time; true once it is gone. First every row is
/// overwritten, the last first, and only then are rows deleted: what SQLite moves between pages
/// while it deletes then says nothing any more.
pub(super) fn discard(connection: &Connection, name: &str, limit: usize) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT number, rows FROM imports WHERE name = ?1 AND entry IS NULL")
        .doing(DISCARDING)?
        .query_row([name], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()
        .doing(DISCARDING)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match found {
        None => Ok(true),
        Some((number, 0)) => delete(connection, number, limit),
        Some((number, rows)) => overwrite(connection, number, rows, limit).map(|()| false),
    }
}

fn overwrite(connection: &Connection, number: i64, rows: i64, limit: i64) -> Result<(), StoreError> {
    let left = rows.saturating_sub(limit).max(0);
    connection
        .prepare_cached(
            "UPDATE import_rows SET erased = 1, salt = zeroblob(32), private = zeroblob(length(private)) \
             WHERE place >= ?1 AND place < ?2",
        )
        .doing(DISCARDING)?
        .execute((place(number, left), place(number, rows)))
        .doing(DISCARDING)?;
    connection
        .prepare_cached("UPDATE imports SET rows = ?2 WHERE number = ?1")
        .doing(DISCARDING)?
        .execute((number, left))
        .doing(DISCARDING)
        .map(drop)
}

fn delete(connection: &Connection, number: i64, limit: i64) -> Result<bool, StoreError> {
    let deleted = connection
        .prepare_cached(
            "DELETE FROM import_rows WHERE place IN \
             (SELECT place FROM import_rows WHERE place >= ?1 AND place < ?2 ORDER BY place DESC LIMIT ?3)",
        )
        .doing(DISCARDING)?
        .execute((place(number, 0), place(number + 1, 0), limit))
        .doing(DISCARDING)?;
    if deleted > 0 {
        return Ok(false);
    }
    let mut delete = connection.prepare_cached("DELETE FROM imports WHERE number = ?1").doing(DISCARDING)?;
    delete.execute([number]).doing(DISCARDING)?;
    Ok(true)
}

/// Where a row lies. Both numbers are bounded by the schema.
const fn place(number: i64, row: i64) -> i64 {
    (number << 32) + row
}
