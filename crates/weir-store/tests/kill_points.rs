//! A process killed at each moment of an append: what was acknowledged is
//! there, what was not is there whole or not at all, and the next append goes
//! on from the truth. SQLite's own atomicity is what is trusted here; the
//! moments are those at which Weir's own code could get it wrong.

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use weir_store::sqlite::faults::{FaultPoint, Faults};
use weir_store::{Append, NewEntry, PrivatePart, SqliteStore, Store, StoreError, TreeHead};

/// Tells the child where to die: the moment, and how many appends come before.
const DIE_AT: &str = "WEIR_TEST_DIE_AT";
const DIE_AFTER: &str = "WEIR_TEST_DIE_AFTER";
const FOLDER: &str = "WEIR_TEST_FOLDER";

/// Kills the process at a moment of one append.
struct Dies {
    at: FaultPoint,
    after: AtomicU32,
}

impl Faults for Dies {
    fn at(&self, point: FaultPoint) -> io::Result<()> {
        if point == self.at && self.after.fetch_sub(1, Ordering::SeqCst) == 0 {
            // No destructor runs, nothing is flushed: as SIGKILL.
            std::process::abort();
        }
        Ok(())
    }
}

fn head(size: u64) -> TreeHead {
    let root = if size == 0 { TreeHead::empty().root } else { [size.to_le_bytes()[0]; 32] };
    TreeHead { size, root, frontier: Vec::new() }
}

/// Appends two entries with private parts, an answer and a fact.
fn append(store: &dyn Store) -> Result<u64, StoreError> {
    let now = store.head()?;
    let entry = |which: u8| NewEntry {
        bytes: vec![which; 40],
        leaf: [which; 32],
        private: Some(PrivatePart { salt: [which; 32], bytes: vec![which; 9] }),
    };
    let entries = [entry(1), entry(2)];
    let facts = [("last".to_owned(), Some(now.size.to_le_bytes().to_vec()))];
    let answers = [weir_store::Answered {
        scope: "o".to_owned(),
        key: format!("key-{}", now.size),
        request: [0; 32],
        answer: b"{}".to_vec(),
    }];
    let size = now.size + 2;
    store.append(Append {
        expected_size: now.size,
        expected_root: now.root,
        entries: &entries,
        head: head(size),
        answers: &answers,
        imports: &[],
        facts: &facts,
    })?;
    Ok(size)
}

const POINTS: [FaultPoint; 3] = [FaultPoint::BeforeBegin, FaultPoint::BeforeCommit, FaultPoint::AfterCommit];

/// What the child does: it appends until it dies. Does nothing in the parent.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let number = |name: &str| std::env::var(name).expect("said").parse::<u32>().expect("a number");
    let at = POINTS[number(DIE_AT) as usize];
    let faults = Dies { at, after: AtomicU32::new(number(DIE_AFTER)) };
    let store = SqliteStore::open_with_faults(&Path::new(&folder).join("weir.db"), Arc::new(faults)).expect("a store");
    loop {
        append(&store).expect("an append");
        // Told only once it is acknowledged.
        let told = std::fs::read(Path::new(&folder).join("told")).unwrap_or_default();
        std::fs::write(Path::new(&folder).join("told"), [told, b"x".to_vec()].concat()).expect("told");
    }
}

#[test]
fn killed_at_any_moment_of_an_append_nothing_is_lost_or_half_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut before = 0;
    for (round, at) in (0..9).zip((0..POINTS.len()).cycle()) {
        let me = std::env::current_exe().expect("this test");
        let child = Command::new(me)
            .args(["--exact", "child", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(DIE_AT, at.to_string())
            .env(DIE_AFTER, (round % 4).to_string())
            .output()
            .expect("a child");
        assert!(!child.status.success(), "it was to die");
        let told = std::fs::read(folder.path().join("told")).unwrap_or_default().len() as u64;
        let store = SqliteStore::open(&folder.path().join("weir.db")).expect("the store again");
        store.check().expect("a sound store");
        let size = store.head().expect("the head").size;
        // One append may have become durable in the moment of each death.
        let whole = size / 2;
        assert_eq!(size % 2, 0, "half an append");
        let unheard = u64::from(POINTS[at] == FaultPoint::AfterCommit);
        assert_eq!(whole, before + told + unheard);
        let entries = store.entries(0, 1_000).expect("the entries");
        assert_eq!(entries.len() as u64, size);
        assert!(entries.iter().all(|entry| matches!(entry.private, weir_store::Private::Kept(_))));
        for append in 0..whole {
            let key = format!("key-{}", append * 2);
            assert!(store.answered("o", &key).expect("answers").is_some(), "{key}");
        }
        assert_eq!(store.fact("last").expect("facts").is_some(), whole > 0);
        before = whole;
        std::fs::write(folder.path().join("told"), b"").expect("told anew");
    }
}
