//! The statements that write, each called inside the writer's one transaction.

use rusqlite::{Connection, ErrorCode};

use super::failure::{Doing, to_integer};
use super::{imports, read};
use crate::{Answered, Append, MAX_ENTRY_BYTES, NewEntry, NewRow, StoreError, StoredObject};

const APPENDING: &str = "appending to the log";

/// What can be said about an append without looking at the store.
pub(super) fn check_append(append: &Append<'_>) -> Result<(), StoreError> {
    let too_large = append.entries.iter().position(|entry| entry.bytes.len() > MAX_ENTRY_BYTES);
    if let Some(position) = too_large {
        let bytes = append.entries.get(position).map_or(0, |entry| entry.bytes.len());
        return Err(StoreError::TooLarge { position, bytes });
    }
    let added = u64::try_from(append.entries.len()).unwrap_or(u64::MAX);
    let size = append.expected_size.checked_add(added);
    if size != Some(append.head.size) {
        let detail = format!(
            "{} entries and {added} more cannot give a head of size {}",
            append.expected_size, append.head.size
        );
        return Err(StoreError::Inconsistent { doing: APPENDING, detail });
    }
    if added == 0 && append.head.root != append.expected_root {
        let detail = "no entry was added but the root changes".to_owned();
        return Err(StoreError::Inconsistent { doing: APPENDING, detail });
    }
    to_integer(APPENDING, append.head.size).map(drop)
}

/// What can be said about rows without looking at the store.
pub(super) fn check_rows(rows: &[NewRow]) -> Result<(), StoreError> {
    let too_large = rows.iter().enumerate().find(|(_, row)| row.bytes.len() > MAX_ENTRY_BYTES);
    match too_large {
        Some((position, row)) => Err(StoreError::TooLarge { position, bytes: row.bytes.len() }),
        None => Ok(()),
    }
}

/// All of an append. The caller commits, or rolls back if this fails.
pub(super) fn append(connection: &Connection, append: &Append<'_>) -> Result<(), StoreError> {
    swap_head(connection, append)?;
    insert_entries(connection, append.expected_size, append.entries)?;
    for settled in append.imports {
        let entry = append.expected_size.saturating_add(settled.position as u64);
        imports::settle(connection, settled, entry)?;
    }
    for answered in append.answers {
        insert_answer(connection, answered)?;
    }
    for (name, value) in append.facts {
        set_fact(connection, name, value.as_deref())?;
    }
    Ok(())
}

/// The compare-and-swap. The comparison is made by the database on what is on disk, never on
/// anything this process remembers.
fn swap_head(connection: &Connection, append: &Append<'_>) -> Result<(), StoreError> {
    let swapped = connection
        .prepare_cached(
            "UPDATE tree_head SET size = ?1, root = ?2, frontier = ?3 \
             WHERE only = 1 AND size = ?4 AND root = ?5",
        )
        .doing(APPENDING)?
        .execute((
            to_integer(APPENDING, append.head.size)?,
            append.head.root,
            append.head.frontier.as_flattened(),
            to_integer(APPENDING, append.expected_size)?,
            append.expected_root,
        ))
        .doing(APPENDING)?;
    if swapped == 1 {
        return Ok(());
    }
    let found = read::head(connection)?;
    if found.size == append.expected_size {
        return Err(StoreError::OtherRoot { size: found.size });
    }
    Err(StoreError::Stale { expected: append.expected_size, found: found.size })
}

fn insert_entries(connection: &Connection, first: u64, entries: &[NewEntry]) -> Result<(), StoreError> {
    let mut insert_entry =
        connection.prepare_cached("INSERT INTO entries (idx, leaf, bytes) VALUES (?1, ?2, ?3)").doing(APPENDING)?;
    let mut insert_private = connection
        .prepare_cached("INSERT INTO private_parts (idx, salt, bytes) VALUES (?1, ?2, ?3)")
        .doing(APPENDING)?;
    for (index, entry) in (first..).zip(entries) {
        let index = to_integer(APPENDING, index)?;
        insert_entry.execute((index, entry.leaf, &entry.bytes)).doing(APPENDING)?;
        if let Some(private) = &entry.private {
            insert_private.execute((index, private.salt, &private.bytes)).doing(APPENDING)?;
        }
    }
    Ok(())
}

fn insert_answer(connection: &Connection, answered: &Answered) -> Result<(), StoreError> {
    let inserted = connection
        .prepare_cached("INSERT INTO answers (scope, key, request, answer) VALUES (?1, ?2, ?3, ?4)")
        .doing(APPENDING)?
        .execute((&answered.scope, &answered.key, answered.request, &answered.answer));
    match inserted {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(StoreError::AlreadyAnswered { scope: answered.scope.clone(), key: answered.key.clone() })
        }
        other => other.doing(APPENDING).map(drop),
    }
}

/// Overwrites answers with zeroes where they lie; how many.
pub(super) fn forget_answers(connection: &Connection, says: &dyn Fn(&[u8]) -> bool) -> Result<u64, StoreError> {
    const DOING: &str = "forgetting kept answers";
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached("SELECT rowid, answer FROM answers").doing(DOING)?;
    let mut rows = statement.query(()).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        if says(row.get_ref(1).and_then(|answer| Ok(answer.as_blob()?)).doing(DOING)?) {
            found.push(row.get::<_, i64>(0).doing(DOING)?);
        }
    }
    let mut forget = connection
        .prepare_cached("UPDATE answers SET answer = zeroblob(length(answer)) WHERE rowid = ?1")
        .doing(DOING)?;
    for rowid in &found {
        forget.execute([rowid]).doing(DOING)?;
    }
    Ok(found.len() as u64)
}

/// Overwrites the private part with zeroes where it lies; true if there was one.
pub(super) fn erase_private(connection: &Connection, index: u64) -> Result<bool, StoreError> {
    const DOING: &str = "erasing a private part";
    // Beyond what the store can count there is nothing to erase.
    let Ok(index) = i64::try_from(index) else {
        return Ok(false);
    };
    let erased = connection
        .prepare_cached(
            "UPDATE private_parts \
             SET erased = 1, salt = zeroblob(32), bytes = zeroblob(length(bytes)) \
             WHERE idx = ?1 AND erased = 0",
        )
        .doing(DOING)?
        .execute([index])
        .doing(DOING)?;
    Ok(erased == 1)
}

pub(super) fn set_fact(connection: &Connection, name: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
    const DOING: &str = "setting a fact";
    let Some(value) = value else {
        let mut delete = connection.prepare_cached("DELETE FROM facts WHERE name = ?1").doing(DOING)?;
        return delete.execute([name]).doing(DOING).map(drop);
    };
    connection
        .prepare_cached(
            "INSERT INTO facts (name, value) VALUES (?1, ?2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .doing(DOING)?
        .execute((name, value))
        .doing(DOING)
        .map(drop)
}

/// The first record of an id stands.
pub(super) fn record_objects(connection: &Connection, objects: &[StoredObject]) -> Result<(), StoreError> {
    const DOING: &str = "recording who made an object";
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO objects (id, account, model, at_ms) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (id) DO NOTHING",
        )
        .doing(DOING)?;
    for object in objects {
        insert.execute((&object.id, &object.account, &object.model, object.at_ms)).doing(DOING)?;
    }
    Ok(())
}
