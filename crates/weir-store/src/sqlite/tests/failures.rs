//! Failures at every moment of a write, alone and in pairs, and a full disk.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use super::*;
use crate::sqlite::faults::{FaultPoint, Faults};

/// Fails at the listed points, in that order, once each.
struct Script(Mutex<VecDeque<FaultPoint>>);

impl Script {
    fn of(points: &[FaultPoint]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(points.iter().copied().collect())))
    }

    fn is_played(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

impl Faults for Script {
    fn at(&self, point: FaultPoint) -> io::Result<()> {
        let mut script = self.0.lock().unwrap();
        if script.front() != Some(&point) {
            return Ok(());
        }
        script.pop_front();
        Err(io::Error::other(format!("injected at {point:?}")))
    }
}

fn open_with(folder: &Folder, script: &Arc<Script>) -> SqliteStore {
    SqliteStore::open_with_faults(&folder.file(), Arc::<Script>::clone(script)).unwrap()
}

#[test]
fn a_failure_before_the_commit_leaves_nothing_and_the_next_append_works() {
    for point in [FaultPoint::BeforeBegin, FaultPoint::BeforeCommit] {
        let folder = Folder::fresh();
        let script = Script::of(&[point]);
        let store = open_with(&folder, &script);
        let error = append(&store, &[entry_with(b"first")]).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
        assert!(error.to_string().contains(&format!("injected at {point:?}")), "{error}");
        assert!(script.is_played());
        assert_eq!(store.head().unwrap(), head(0));
        assert_eq!(store.entries(0, 10).unwrap(), []);
        append(&store, &[entry(b"second")]).unwrap();
        assert_eq!(store.entry(0).unwrap().unwrap().bytes, b"second");
    }
}

#[test]
fn after_a_commit_that_looked_failed_the_head_tells_the_truth() {
    let folder = Folder::fresh();
    let store = open_with(&folder, &Script::of(&[FaultPoint::AfterCommit]));
    append(&store, &[entry(b"first")]).unwrap_err();
    let error = append_at(&store, 0, &[entry(b"again")]).unwrap_err();
    assert!(matches!(error, StoreError::Stale { expected: 0, found: 1 }), "{error}");
    assert_eq!(store.head().unwrap(), head(1));
    assert_eq!(store.entry(0).unwrap().unwrap().bytes, b"first");
    append(&store, &[entry(b"second")]).unwrap();
}

#[test]
fn a_failed_write_and_a_failed_reload_poison_the_store_until_it_is_opened_again() {
    for point in [FaultPoint::BeforeBegin, FaultPoint::BeforeCommit, FaultPoint::AfterCommit] {
        let folder = Folder::fresh();
        let script = Script::of(&[point, FaultPoint::BeforeReload]);
        let store = open_with(&folder, &script);
        let error = append(&store, &[entry(b"first")]).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "the cause comes first: {error}");
        assert!(script.is_played());
        let refusals = [
            store.head().map(drop),
            append_at(&store, 0, &[entry(b"second")]),
            append_at(&store, 1, &[entry(b"second")]),
            store.set_fact("clock", Some(b"1")),
            store.record_objects(&[]),
            store.erase_private(0).map(drop),
        ];
        for refusal in refusals {
            assert!(matches!(refusal, Err(StoreError::Poisoned)), "{refusal:?}");
        }
        drop(store);
        let survived = u64::from(point == FaultPoint::AfterCommit);
        let store = folder.open();
        assert_eq!(store.head().unwrap(), head(survived));
        append(&store, &[entry(b"third")]).unwrap();
    }
}

#[test]
fn a_reload_that_finds_the_file_damaged_poisons_the_store() {
    let folder = Folder::fresh();
    let store = open_with(&folder, &Script::of(&[FaultPoint::BeforeBegin]));
    let prompt = folder.prompt();
    prompt.execute_batch("DROP TRIGGER tree_head_only_grows; UPDATE tree_head SET size = 9").unwrap();
    append_at(&store, 0, &[entry(b"first")]).unwrap_err();
    let error = append_at(&store, 9, &[entry(b"second")]).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned), "{error}");
}

#[test]
fn a_panic_in_the_middle_of_a_write_poisons_the_store() {
    struct Panics;
    impl Faults for Panics {
        fn at(&self, point: FaultPoint) -> io::Result<()> {
            assert_ne!(point, FaultPoint::BeforeCommit, "played by the test");
            Ok(())
        }
    }
    let folder = Folder::fresh();
    let store = SqliteStore::open_with_faults(&folder.file(), Arc::new(Panics)).unwrap();
    let panicked = std::thread::scope(|scope| scope.spawn(|| append(&store, &[entry(b"first")])).join().is_err());
    assert!(panicked);
    let error = store.set_fact("clock", None).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned), "{error}");
    assert!(matches!(store.head(), Err(StoreError::Poisoned)));
    drop(store);
    assert_eq!(folder.open().head().unwrap(), head(0));
}

#[test]
fn a_failure_of_any_other_verb_leaves_nothing_either() {
    let folder = Folder::fresh();
    let store = folder.open();
    append(&store, &[entry_with(b"kept")]).unwrap();
    drop(store);
    let script = Script::of(&[FaultPoint::BeforeCommit; 2]);
    let store = open_with(&folder, &script);
    store.set_fact("clock", Some(b"1")).unwrap_err();
    store.erase_private(0).unwrap_err();
    assert!(script.is_played());
    assert_eq!(store.fact("clock").unwrap(), None);
    assert!(store.erase_private(0).unwrap());
}

#[test]
fn a_full_database_undoes_the_append_and_takes_the_next_one() {
    let folder = Folder::fresh();
    let store = folder.open();
    append(&store, &[entry(b"first")]).unwrap();
    store.writer.tamper("PRAGMA max_page_count = 30").unwrap();
    let bulk: Vec<NewEntry> = (0..10).map(|_| entry_with(&[b'x'; 60_000])).collect();
    let error = append(&store, &bulk).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(store.head().unwrap(), head(1));
    assert_eq!(store.entries(0, 100).unwrap().len(), 1);
    append(&store, &bulk).unwrap();
    assert_eq!(store.head().unwrap(), head(11));
    store.check().unwrap();
}

#[test]
fn another_program_in_the_middle_of_a_write_is_busy_and_not_the_end() {
    let folder = Folder::fresh();
    let store = folder.open();
    store.writer.tamper("PRAGMA busy_timeout = 0").unwrap();
    let prompt = folder.prompt();
    prompt.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = append(&store, &[entry(b"first")]).unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert_eq!(store.head().unwrap(), head(0));
    prompt.execute_batch("ROLLBACK").unwrap();
    append(&store, &[entry(b"first")]).unwrap();
}

#[test]
fn an_import_is_in_the_log_with_its_act_or_staged_without_whatever_fails() {
    let row = crate::NewRow { bytes: b"row".to_vec(), private: PrivatePart { salt: [1; 32], bytes: b"name".to_vec() } };
    for point in [FaultPoint::BeforeBegin, FaultPoint::BeforeCommit, FaultPoint::AfterCommit] {
        let folder = Folder::fresh();
        folder.open().stage_rows("one", 0, std::slice::from_ref(&row)).unwrap();
        let store = open_with(&folder, &Script::of(&[point]));
        let settle = || {
            let imports = [crate::Settled { name: "one", rows: 1, position: 0 }];
            let (entries, root) = ([entry(b"act")], head(0).root);
            store.append(Append {
                expected_size: 0,
                expected_root: root,
                entries: &entries,
                head: head(1),
                answers: &[],
                imports: &imports,
                facts: &[],
            })
        };
        settle().unwrap_err();
        let survived = point == FaultPoint::AfterCommit;
        assert_eq!(store.rows(0, 0, 10).unwrap().len(), usize::from(survived));
        assert_eq!(store.staged().unwrap().len(), usize::from(!survived));
        assert_eq!(settle().is_ok(), !survived);
        assert_eq!(store.rows(0, 0, 10).unwrap().len(), 1);
    }
}

#[test]
fn rows_whose_staging_failed_are_staged_again() {
    let row = crate::NewRow { bytes: b"row".to_vec(), private: PrivatePart { salt: [1; 32], bytes: b"name".to_vec() } };
    for point in [FaultPoint::BeforeBegin, FaultPoint::BeforeCommit] {
        let folder = Folder::fresh();
        let store = open_with(&folder, &Script::of(&[point]));
        store.stage_rows("one", 0, std::slice::from_ref(&row)).unwrap_err();
        assert_eq!(store.staged().unwrap(), [] as [&str; 0]);
        store.stage_rows("one", 0, std::slice::from_ref(&row)).unwrap();
        append(&store, &[entry(b"first")]).unwrap();
    }
}
