//! The file: whose it is, who may read it, which version it has, and what it refuses.

#![allow(clippy::disallowed_methods, reason = "a test says what it met and stops")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::sqlite::schema::APPLICATION_ID;

fn refusal(folder: &Folder) -> StoreError {
    match SqliteStore::open(&folder.file()) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[test]
fn every_file_of_the_store_is_its_owners_alone() {
    let folder = Folder::fresh();
    let store = folder.open();
    append(&store, &[entry(b"first")]).unwrap();
    let mut names = Vec::new();
    for file in fs::read_dir(folder.0.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["weir.db", "weir.db-shm", "weir.db-wal"]);
}

#[test]
fn a_name_that_looks_like_a_uri_is_a_name() {
    let folder = Folder::fresh();
    let path = folder.0.path().join("file:weir.db?mode=memory");
    let store = SqliteStore::open(&path).unwrap();
    append(&store, &[entry(b"first")]).unwrap();
    drop(store);
    assert_eq!(SqliteStore::open(&path).unwrap().head().unwrap(), head(1));
}

#[test]
fn the_writer_keeps_its_promises_in_settings_that_can_be_read_back() {
    let folder = Folder::fresh();
    drop(folder.open());
    let connection = crate::sqlite::connect::writer(&folder.file()).unwrap();
    let setting = |name: &str| -> i64 { connection.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
    assert_eq!(setting("application_id"), APPLICATION_ID);
    assert_eq!(setting("user_version"), 2);
    assert_eq!(setting("synchronous"), 2, "FULL");
    for switch in ["foreign_keys", "secure_delete", "recursive_triggers", "cell_size_check"] {
        assert_eq!(setting(switch), 1, "{switch}");
    }
    assert_eq!(setting("trusted_schema"), 0);
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(journal, "wal");
    assert!(crate::sqlite::connect::reader(&folder.file()).unwrap().execute_batch("DELETE FROM facts").is_err());
}

#[test]
fn entries_refuse_every_statement_that_would_change_them() {
    let folder = Folder::fresh();
    let store = folder.open();
    append(&store, &[entry_with(b"kept"), entry_with(b"kept"), entry(b"third")]).unwrap();
    assert!(store.erase_private(1).unwrap());
    let before = store.entries(0, 10).unwrap();
    let row = "zeroblob(32), x'00'";
    for statement in [
        "UPDATE entries SET bytes = x'00' WHERE idx = 1",
        "UPDATE entries SET leaf = zeroblob(32)",
        "UPDATE entries SET idx = 9 WHERE idx = 2",
        "DELETE FROM entries WHERE idx = 2",
        "DELETE FROM entries",
        &format!("INSERT INTO entries VALUES (7, {row})"),
        &format!("INSERT INTO entries VALUES (-1, {row})"),
        &format!("INSERT OR REPLACE INTO entries VALUES (0, {row})"),
        &format!("REPLACE INTO entries VALUES (2, {row})"),
        &format!("INSERT INTO entries VALUES (0, {row}) ON CONFLICT DO UPDATE SET bytes = x'00'"),
        "UPDATE tree_head SET size = 2",
        "UPDATE tree_head SET root = zeroblob(32)",
        "DELETE FROM tree_head",
        "DELETE FROM private_parts",
        "UPDATE private_parts SET bytes = x'00'",
        "UPDATE private_parts SET erased = 1",
        "UPDATE private_parts SET erased = 0 WHERE idx = 1",
        &format!("INSERT INTO private_parts VALUES (1, 0, {row})"),
        &format!("REPLACE INTO private_parts VALUES (1, 0, {row})"),
    ] {
        let outcome = folder.prompt().execute_batch(statement);
        assert!(outcome.is_err(), "was possible: {statement}");
    }
    assert_eq!(store.entries(0, 10).unwrap(), before);
    store.check().unwrap();
}

#[test]
fn a_store_of_a_later_version_is_refused_untouched() {
    let folder = Folder::fresh();
    drop(folder.open());
    folder.prompt().execute_batch("PRAGMA user_version = 3").unwrap();
    let error = refusal(&folder);
    assert!(matches!(error, StoreError::Newer { found: 3, known: 2 }), "{error}");
    assert!(error.to_string().contains("run the newer weir"), "{error}");
    folder.prompt().execute_batch("PRAGMA user_version = 2").unwrap();
    assert_eq!(folder.open().head().unwrap(), head(0));
}

#[test]
fn a_database_of_another_program_is_refused_untouched() {
    let folder = Folder::fresh();
    folder.prompt().execute_batch("CREATE TABLE notes (text)").unwrap();
    let before = fs::read(folder.file()).unwrap();
    let error = refusal(&folder);
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert_eq!(fs::read(folder.file()).unwrap(), before);
}

#[test]
fn a_file_that_is_no_database_is_refused_untouched() {
    let folder = Folder::fresh();
    let text = b"this is a letter, and longer than the header of a database. ".repeat(20);
    fs::write(folder.file(), &text).unwrap();
    let error = refusal(&folder);
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert_eq!(fs::read(folder.file()).unwrap(), text);
}

#[test]
fn a_missing_folder_is_an_error_that_names_the_step() {
    let error = match SqliteStore::open(&Folder::fresh().0.path().join("missing/weir.db")) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    };
    assert!(error.to_string().starts_with("creating the store: "), "{error}");
}

#[test]
fn a_head_that_does_not_count_the_entries_is_found_on_opening() {
    let folder = Folder::fresh();
    append(&folder.open(), &[entry(b"first"), entry(b"second")]).unwrap();
    folder.prompt().execute_batch("DROP TRIGGER entries_are_kept; DELETE FROM entries WHERE idx = 1").unwrap();
    let error = refusal(&folder);
    assert!(error.to_string().contains("counts 2 entries, the log holds 1"), "{error}");
}

#[test]
fn a_missing_entry_in_the_middle_is_found_on_reading() {
    let folder = Folder::fresh();
    let store = folder.open();
    append(&store, &[entry(b"0"), entry(b"1"), entry(b"2")]).unwrap();
    folder.prompt().execute_batch("DROP TRIGGER entries_are_kept; DELETE FROM entries WHERE idx = 1").unwrap();
    for outcome in [store.entries(0, 10).map(drop), store.leaves(0, 10).map(drop), store.entry(1).map(drop)] {
        let error = outcome.unwrap_err();
        assert!(error.to_string().contains("entry 1 is missing"), "{error}");
    }
    assert_eq!(store.entry(2).unwrap().unwrap().bytes, b"2");
}

#[test]
fn damage_to_a_page_is_found_on_opening() {
    let folder = Folder::fresh();
    let store = folder.open();
    append(&store, &[entry_with(&[b'x'; 40_000])]).unwrap();
    store.check().unwrap();
    drop(store);
    let mut bytes = fs::read(folder.file()).unwrap();
    // The head of the second page: the root of the first table.
    bytes[4096..4104].fill(0xff);
    fs::write(folder.file(), bytes).unwrap();
    let error = refusal(&folder);
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

/// Whoever stages rows moves the write-ahead log as it goes: it stays small, whatever is staged,
/// and no append has to do it.
#[test]
fn the_write_ahead_log_is_moved_while_rows_are_staged() {
    let folder = Folder::fresh();
    let store = folder.open();
    let row = |number: u32| crate::NewRow {
        bytes: number.to_be_bytes().repeat(300),
        private: PrivatePart { salt: [0xa5; 32], bytes: number.to_be_bytes().repeat(300) },
    };
    let mut longest = 0;
    for batch in 0..40 {
        let rows: Vec<_> = (batch * 400..(batch + 1) * 400).map(row).collect();
        store.stage_rows("import", u64::from(batch) * 400, &rows).unwrap();
        longest = longest.max(fs::metadata(folder.0.path().join("weir.db-wal")).unwrap().len());
    }
    let moved = fs::metadata(folder.file()).unwrap().len();
    assert!(longest < 12 << 20, "{longest} bytes of log");
    assert!(moved > 30 << 20, "{moved} bytes of file");
    drop(store);
    assert!(!folder.0.path().join("weir.db-wal").exists());
    assert_eq!(folder.open().staged().unwrap(), ["import"]);
}

/// Appends alone have it moved by a thread beside them; what they wrote is there either way.
#[test]
fn the_write_ahead_log_is_moved_beside_appends() {
    let folder = Folder::fresh();
    let store = folder.open();
    for number in 0..120_u32 {
        append(&store, &[entry(&number.to_be_bytes().repeat(15_000))]).unwrap();
    }
    // Erasing waits for whoever moves the log, and then finds nothing in it.
    store.erase_private(7).unwrap();
    assert_eq!(fs::metadata(folder.0.path().join("weir.db-wal")).unwrap().len(), 0);
    drop(store);
    let store = folder.open();
    assert_eq!(store.head().unwrap().size, 120);
    assert_eq!(store.entries(119, 9).unwrap()[0].bytes, 119_u32.to_be_bytes().repeat(15_000));
}
