//! A disk that is really full, where the test may mount a small one.

#![expect(clippy::expect_used, reason = "helpers of a test fail it by panicking")]

use std::path::Path;
use std::process::Command;

use weir_store::segment::{Sealed, SegmentWriter, find, line_number, path_of, summarise};
use weir_store::{Append, FolderError, NewEntry, SqliteStore, Store, StoreError, TreeHead};

/// A small file system in memory, unmounted with the test.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None where mounting is not permitted; the database's own limit is tested in the crate.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.path()).status());
    }
}

fn head(size: u64) -> TreeHead {
    let root = if size == 0 { TreeHead::empty().root } else { [size.to_le_bytes()[0]; 32] };
    TreeHead { size, root, frontier: Vec::new() }
}

fn append_one(store: &SqliteStore, bytes: usize) -> Result<u64, StoreError> {
    let now = store.head()?;
    let entries = [NewEntry { bytes: vec![b'x'; bytes], leaf: [1; 32], private: None }];
    let facts = [("last".to_owned(), Some(now.size.to_le_bytes().to_vec()))];
    let size = now.size + 1;
    store.append(Append {
        expected_size: now.size,
        expected_root: now.root,
        entries: &entries,
        head: head(size),
        answers: &[],
        imports: &[],
        facts: &facts,
    })?;
    Ok(size)
}

#[test]
fn a_store_on_a_full_disk_keeps_what_it_acknowledged_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 300_000]).expect("room for the ballast");
    let path = disk.path().join("weir.db");
    let store = SqliteStore::open(&path).expect("an empty store");
    let mut acknowledged = 0;
    let error = loop {
        match append_one(&store, 30_000) {
            Ok(size) => acknowledged = size,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(acknowledged > 0, "nothing fitted at all");
    for _ in 0..3 {
        let again = append_one(&store, 30_000).expect_err("the disk is still full");
        assert!(matches!(again, StoreError::Full { .. }), "{again:?}");
        assert_eq!(store.head().expect("the head"), head(acknowledged));
        let entries = store.entries(0, 100).expect("the entries");
        assert_eq!(entries.len() as u64, acknowledged);
        let last = store.fact("last").expect("the fact");
        assert_eq!(last, Some((acknowledged - 1).to_le_bytes().to_vec()));
    }
    std::fs::remove_file(&ballast).expect("room again");
    assert_eq!(append_one(&store, 30_000).expect("there is room"), acknowledged + 1);
    store.check().expect("a sound store");
    drop(store);
    let store = SqliteStore::open(&path).expect("the store again");
    assert_eq!(store.head().expect("the head"), head(acknowledged + 1));
}

#[test]
fn a_segment_on_a_full_disk_holds_whole_lines_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 900_000]).expect("room for the ballast");
    let mut writer = SegmentWriter::open(disk.path(), u64::MAX, &Sealed::new()).expect("a segment");
    let line = format!("{{\"text\":\"{}\"}}\n", "x".repeat(9_980));
    let mut written = 0_u64;
    let error: FolderError = loop {
        match writer.append(line.as_bytes()) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(error.is_full(), "{error}");
    std::fs::remove_file(&ballast).expect("room again");
    writer.append(b"{\"text\":\"after\"}\n").expect("there is room");
    let mut numbers = Vec::new();
    let mut last = Vec::new();
    let search = find(disk.path(), 1, |found| {
        numbers.push(line_number(found).expect("a whole line"));
        last = found.to_vec();
        None::<()>
    });
    assert_eq!(search.expect("a readable segment").torn, None);
    assert!(last.ends_with(b"\"text\":\"after\"}"));
    assert_eq!(numbers, (1..=written + 1).collect::<Vec<u64>>());
    let [closed] = &writer.close()[..] else { panic!("one segment") };
    assert_eq!(closed.summary, summarise(&path_of(disk.path(), 1)).expect("its summary"));
}
