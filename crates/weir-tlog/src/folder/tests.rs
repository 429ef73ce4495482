//! Publishing: the layout, growth, loss of power at every step, and every
//! reason to refuse.

use proptest::prelude::*;

use super::*;
use crate::test_log::{MemoryDisk, ROOT, checkpoint, entry, key, published, signed, signer};
use crate::{Ed25519Signer, verify_log};

fn publish(disk: &MemoryDisk, old: u64, new: u64) -> Result<Published, PublishError> {
    disk.publisher().publish(old, &mut |index| Ok(entry(index)), &signed(new))
}

fn verified_size(disk: &MemoryDisk) -> u64 {
    verify_log(&disk.source(), &key(), &mut |_, _| Ok(()), &mut |_, _| ()).unwrap().entries
}

#[test]
fn the_layout_is_that_of_tlog_tiles() {
    let disk = published(&[300]);
    assert_eq!(
        disk.files(),
        ["checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44",]
    );
    assert_eq!(disk.bytes("checkpoint"), signed(300).into_bytes());
}

#[test]
fn a_real_folder_is_published_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let mut publisher = FolderPublisher::new(folder.path(), key());
    assert_eq!(publisher.published().unwrap(), None);
    for (old, new) in [(0, 3), (3, 259), (259, 600)] {
        let done = publisher.publish(old, &mut |index| Ok(entry(index)), &signed(new)).unwrap();
        assert_eq!(done.checkpoint, checkpoint(new));
        assert_eq!(publisher.published().unwrap(), Some(checkpoint(new)));
    }
    let source = FolderSource::new(folder.path());
    let verified = verify_log(&source, &key(), &mut |_, _| Ok(()), &mut |_, _| ()).unwrap();
    assert_eq!(verified.entries, 600);
}

#[test]
fn only_what_is_new_is_read_and_written() {
    let disk = published(&[600]);
    let mut read = Vec::new();
    let done = disk
        .publisher()
        .publish(
            600,
            &mut |index| {
                read.push(index);
                Ok(entry(index))
            },
            &signed(601),
        )
        .unwrap();
    assert_eq!(read.first(), Some(&512));
    assert_eq!(done.files_written, 2, "one bundle and one tile");
    assert_eq!(publish(&disk, 0, 601).unwrap().files_written, 0);
}

#[test]
fn a_rebuild_restores_what_is_missing_and_nothing_else() {
    let disk = published(&[600]);
    for path in ["tile/entries/000", "tile/0/001", "tile/1/000.p/2"] {
        let bytes = disk.bytes(path);
        disk.remove(path);
        assert_eq!(publish(&disk, 0, 600).unwrap().files_written, 1);
        assert_eq!(disk.bytes(path), bytes);
    }
    disk.remove("tile/1/000.p/2");
    assert!(matches!(publish(&disk, 600, 700), Err(PublishError::Read(ReadError::Missing { .. }))));
}

#[test]
fn a_published_file_that_differs_is_never_overwritten() {
    let disk = published(&[300]);
    for path in disk.files().into_iter().filter(|path| path != "checkpoint") {
        let bytes = disk.bytes(&path);
        let mut altered = bytes.clone();
        altered[0] ^= 1;
        for other in [altered, [bytes.as_slice(), b"x"].concat(), Vec::new()] {
            disk.set(&path, other.clone());
            match publish(&disk, 0, 300) {
                Err(PublishError::Differs { path: named }) => assert_eq!(named.to_string(), path),
                other => panic!("unexpected {other:?}"),
            }
            assert_eq!(disk.bytes(&path), other);
        }
        disk.set(&path, bytes);
    }
}

#[test]
fn a_store_that_is_behind_or_forked_is_refused() {
    let disk = published(&[300]);
    let before = disk.files();
    assert!(matches!(publish(&disk, 0, 299), Err(PublishError::Behind { published: 300, new: 299 })));
    let forked = |index: u64| match index {
        280 => b"another act".to_vec(),
        _ => entry(index),
    };
    for size in [300, 301] {
        let tree: crate::Frontier = (0..size).map(|index| leaf_hash(&forked(index))).collect();
        let lie = Checkpoint { root: tree.root(), ..checkpoint(size) };
        let lie = lie.sign(&signer()).unwrap();
        let result = disk.publisher().publish(300, &mut |index| Ok(forked(index)), &lie);
        assert!(matches!(result, Err(PublishError::Fork { size: 300, .. })));
    }
    assert_eq!(disk.files(), before);
    assert_eq!(verified_size(&disk), 300);
}

#[test]
fn another_log_s_folder_and_checkpoint_are_refused() {
    let disk = published(&[3]);
    let stranger = Ed25519Signer::from_seed("log.other.example", &[1; 32]).unwrap();
    let mut publisher = FolderPublisher::on_disk(ROOT, stranger.vkey(), disk.clone());
    let read = &mut |index| Ok(entry(index));
    assert!(matches!(publisher.publish(0, read, &signed(4)), Err(PublishError::Checkpoint(_))));
    let theirs = Checkpoint { origin: "log.other.example".to_owned(), ..checkpoint(4) };
    let theirs = theirs.sign(&stranger).unwrap();
    assert!(matches!(publisher.publish(0, read, &theirs), Err(PublishError::OtherLog(_))));
    assert_eq!(verified_size(&disk), 3);
}

#[test]
fn entries_that_do_not_give_the_signed_root_leave_no_trace() {
    let disk = MemoryDisk::new();
    let wrong = disk.publisher().publish(0, &mut |index| Ok(entry(index + 1)), &signed(3));
    assert!(matches!(wrong, Err(PublishError::Root { size: 3, .. })));
    let failing = disk.publisher().publish(
        0,
        &mut |index| match index {
            2 => Err("the store is locked".into()),
            _ => Ok(entry(index)),
        },
        &signed(3),
    );
    assert!(matches!(failing, Err(PublishError::Entry { index: 2, .. })));
    assert!(disk.files().is_empty());
}

#[test]
fn an_entry_too_long_for_a_bundle_is_refused() {
    let entry = vec![b'a'; crate::tile::MAX_ENTRY_BYTES + 1];
    let lie = Checkpoint { root: leaf_hash(&entry), ..checkpoint(1) };
    let disk = MemoryDisk::new();
    let result = disk.publisher().publish(0, &mut |_| Ok(entry.clone()), &lie.sign(&signer()).unwrap());
    assert!(matches!(result, Err(PublishError::EntryTooLong { index: 0, .. })));
}

#[test]
fn a_store_that_answers_otherwise_the_second_time_gets_no_checkpoint_out() {
    let disk = MemoryDisk::new();
    let mut reads = 0;
    let result = disk.publisher().publish(
        0,
        &mut |index| {
            reads += 1;
            Ok(if reads > 3 { Vec::new() } else { entry(index) })
        },
        &signed(3),
    );
    assert!(matches!(result, Err(PublishError::Root { .. })));
    assert!(!disk.files().contains(&"checkpoint".to_owned()));
}

#[test]
fn partial_files_go_one_tile_after_they_are_full() {
    let disk = published(&[3, 256]);
    assert!(disk.files().contains(&"tile/0/000.p/3".to_owned()));
    publish(&disk, 256, 512).unwrap();
    assert_eq!(
        disk.files(),
        [
            "checkpoint",
            "tile/0/000",
            "tile/0/001",
            "tile/1/000.p/1",
            "tile/1/000.p/2",
            "tile/entries/000",
            "tile/entries/001",
        ]
    );
}

/// Publishes `new` after `old` with the disk failing at every step in turn, and
/// after each failure either loses power or only the process. The folder must
/// hold a whole log, and publishing again must finish the work.
fn survives_failure_at_every_step(old: &[u64], new: u64, power: bool) {
    let start = published(old);
    let before = old.last().copied();
    for steps in 0.. {
        let disk = start.copy();
        disk.fail_after(steps);
        let result = publish(&disk, u64::MAX, new);
        if power {
            disk.lose_power();
        }
        disk.fail_after(u64::MAX);
        if disk.files().contains(&"checkpoint".to_owned()) {
            let size = verified_size(&disk);
            assert!(Some(size) == before || size == new, "after {steps} steps");
            assert!(result.is_err() || size == new, "after {steps} steps");
        } else {
            assert!(before.is_none() && result.is_err(), "after {steps} steps");
        }
        let finished = result.is_ok();
        publish(&disk, u64::MAX, new).unwrap();
        assert_eq!(verified_size(&disk), new);
        if finished {
            return;
        }
    }
}

#[test]
fn a_whole_log_survives_a_loss_of_power_at_every_step() {
    survives_failure_at_every_step(&[], 3, true);
    survives_failure_at_every_step(&[3], 5, true);
    survives_failure_at_every_step(&[250], 600, true);
    survives_failure_at_every_step(&[5, 256], 512, true);
}

#[test]
fn a_whole_log_survives_a_full_disk_or_a_kill_at_every_step() {
    survives_failure_at_every_step(&[], 3, false);
    survives_failure_at_every_step(&[3], 5, false);
    survives_failure_at_every_step(&[250], 600, false);
    survives_failure_at_every_step(&[5, 256], 512, false);
}

#[test]
fn power_lost_between_kill_and_restart_loses_nothing_later_published() {
    // The tiles of 5 are written but not flushed when the process dies; the
    // next process finds them in place and must flush them all the same.
    for steps in 0..20 {
        let disk = published(&[3]).copy();
        disk.fail_after(steps);
        let _ = publish(&disk, 3, 5);
        disk.fail_after(u64::MAX);
        publish(&disk, 3, 5).unwrap();
        disk.lose_power();
        assert_eq!(verified_size(&disk), 5, "after {steps} steps");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_growth_gives_the_folder_of_one_publication(steps in proptest::collection::vec(0_u64..400, 1..6)) {
        let sizes: Vec<u64> = steps
            .iter()
            .scan(0, |size, step| {
                *size += step;
                Some(*size)
            })
            .collect();
        let grown = published(&sizes);
        let last = *sizes.last().unwrap();
        prop_assert_eq!(verified_size(&grown), last);
        let at_once = published(&[last]);
        for path in at_once.files() {
            prop_assert_eq!(grown.bytes(&path), at_once.bytes(&path));
        }
    }
}
