//! All that can be found after a loss of power, at every step of a whole
//! publication: the signature made durable, the tiles, the checkpoint; and of
//! a witness's memory. And every error of the disk at every step.

use std::io::ErrorKind;
use std::path::Path;

use super::*;
use crate::note::cosigner::Cosigner;
use crate::test_log::crash_disk::{CrashDisk, empty_disk};
use crate::test_log::{ROOT, checkpoint, entry, key, signed};
use crate::verify_log;
use crate::witness::{AddCheckpoint, WitnessKeeper};

/// Where the last signed checkpoint is kept, apart from the folder.
const SIGNED: &str = "data/signed-checkpoint";

/// What the owner of a log does: the signature is durable before the first file
/// of the folder is touched.
fn publish(disk: &CrashDisk, new: u64) -> Result<Published, PublishError> {
    let failed = |source| PublishError::Disk { action: "write", path: SIGNED.into(), source };
    let (target, temporary) = (Path::new(SIGNED), Path::new("data/.signed-checkpoint.tmp"));
    disk.write_synced(temporary, signed(new).as_bytes()).map_err(failed)?;
    disk.rename(temporary, target).map_err(failed)?;
    disk.sync_dir(Path::new("data")).map_err(failed)?;
    let mut publisher = FolderPublisher::on_disk(ROOT, key(), disk.clone());
    publisher.publish(u64::MAX, &mut |index| Ok(entry(index)), &signed(new))
}

/// Acts in the checkpoint that anybody can read now, whose log must be whole.
fn released(disk: &CrashDisk) -> Option<u64> {
    disk.file(&format!("{ROOT}/checkpoint"))?;
    let source = FolderSource::on_disk(ROOT, disk.clone());
    let verified = verify_log(&source, &key(), &mut |_, _| Ok(()), &mut |_, _| ()).unwrap();
    assert_eq!(verified.checkpoint, checkpoint(verified.entries));
    Some(verified.entries)
}

/// Acts in the last signed checkpoint, which is whole or not there.
fn signed_for(disk: &CrashDisk) -> Option<u64> {
    let text = disk.file(SIGNED)?;
    Some(Checkpoint::open(&text, &key()).unwrap().size)
}

fn published_in_turn(sizes: &[u64]) -> CrashDisk {
    let disk = empty_disk();
    for &size in sizes {
        publish(&disk, size).unwrap();
    }
    disk
}

/// What must hold of a disk that was found after a crash at which the world had
/// seen `seen`, in the middle of going from `old` to `new`.
fn holds(found: &CrashDisk, seen: Option<u64>, old: Option<u64>, new: u64, at: &str) {
    let shown = released(found);
    assert!(shown == old || shown == Some(new), "{at}: {shown:?}");
    // Whatever was or is released, a database behind it is told from it: so no
    // other tree of that size can be signed after.
    let guard = signed_for(found);
    for size in [seen, shown].into_iter().flatten() {
        assert!(guard.is_some_and(|guard| guard >= size), "{at}: {size} released, {guard:?} guarded");
    }
    assert!(guard.is_none() || guard == old || guard == Some(new), "{at}: {guard:?}");
    publish(found, new).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!((released(found), signed_for(found)), (Some(new), Some(new)), "{at}");
}

const GROWTHS: [(&[u64], u64); 5] = [(&[], 3), (&[3], 5), (&[3], 3), (&[250], 300), (&[5, 256], 513)];

#[test]
fn whatever_a_loss_of_power_leaves_no_second_tree_can_be_signed_and_nothing_is_lost() {
    let mut disks = 0;
    for (old, new) in GROWTHS {
        let start = published_in_turn(old);
        let before = old.last().copied();
        for steps in 0.. {
            let disk = start.copy();
            disk.fail_after(steps, ErrorKind::Other);
            let result = publish(&disk, new);
            let seen = released(&disk);
            for (which, found) in disk.after_power_loss().iter().enumerate() {
                disks += 1;
                if result.is_ok() {
                    // Done is done, whatever happens next.
                    assert_eq!((released(found), signed_for(found)), (Some(new), Some(new)));
                }
                holds(found, seen, before, new, &format!("{old:?} to {new}, step {steps}, disk {which}"));
            }
            if result.is_ok() {
                break;
            }
        }
    }
    assert!(disks > 1_000, "only {disks} disks were looked at");
}

#[test]
fn every_error_of_the_disk_is_told_and_the_next_try_finishes_durably() {
    for (old, new) in GROWTHS {
        let start = published_in_turn(old);
        let before = old.last().copied();
        // Full, broken, and read-only.
        for kind in [ErrorKind::StorageFull, ErrorKind::Other, ErrorKind::ReadOnlyFilesystem] {
            for steps in 0.. {
                let disk = start.copy();
                disk.fail_after(steps, kind);
                match publish(&disk, new) {
                    Ok(_) => break,
                    Err(PublishError::Disk { source, .. }) => assert_eq!(source.kind(), kind),
                    Err(other) => panic!("{kind} at step {steps}: {other}"),
                }
                let seen = released(&disk);
                assert!(seen == before || seen == Some(new));
                disk.fail_after(u64::MAX, kind);
                publish(&disk, new).unwrap();
                // What the first try left half done is flushed by the second.
                for found in disk.after_power_loss() {
                    holds(&found, Some(new), Some(new), new, &format!("{kind} at step {steps}"));
                }
            }
        }
    }
}

fn ask(old: u64, new: u64) -> AddCheckpoint {
    let leaves: Vec<Hash> = (0..new).map(|index| leaf_hash(&entry(index))).collect();
    AddCheckpoint {
        old_size: old,
        proof: crate::proof::prove_consistency(&crate::LeafHashes(&leaves), old, new).unwrap(),
        checkpoint: crate::SignedNote::parse(signed(new).as_bytes()).unwrap(),
    }
}

#[test]
fn whatever_a_loss_of_power_leaves_a_witness_knows_what_it_cosigned() {
    let keeper = |disk: &CrashDisk| {
        let cosigner = Cosigner::from_seed("witness.acme.example/w1", &[9; 32]).unwrap();
        WitnessKeeper::on_disk("memory", disk.clone(), cosigner, [key()]).unwrap()
    };
    for old in [0, 3] {
        let start = empty_disk();
        if old > 0 {
            keeper(&start).add_checkpoint(&ask(0, old), 1).unwrap();
        }
        for steps in 0.. {
            let disk = start.copy();
            let mut witness = keeper(&disk);
            disk.fail_after(steps, ErrorKind::Other);
            let answer = witness.add_checkpoint(&ask(old, 8), 2);
            for found in disk.after_power_loss() {
                let mut next = keeper(&found);
                let known = next.logs().next().unwrap().1.map_or(0, |checkpoint| checkpoint.size);
                assert!(known == 8 || (known == old && answer.is_err()), "step {steps}: {known}");
                next.add_checkpoint(&ask(known, 9), 3).unwrap();
            }
            if answer.is_ok() {
                break;
            }
        }
    }
}
