use super::*;
use crate::proof::{LeafHashes, prove_consistency};
use crate::test_log::{MemoryDisk, ORIGIN, ROOT, entry, key, signed, signer};
use crate::{Ed25519Signer, Frontier, Hash, leaf_hash};

fn cosigner() -> Cosigner {
    Cosigner::from_seed("witness.acme.example/w1", &[9; 32]).unwrap()
}

fn keeper(disk: &MemoryDisk) -> WitnessKeeper<MemoryDisk> {
    WitnessKeeper::on_disk(ROOT, disk.clone(), cosigner(), [key()]).unwrap()
}

fn leaves(size: u64, shift: u64) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&entry(index + shift))).collect()
}

/// A request from `old` to `new` in the history whose entries are shifted.
fn request_in(shift: u64, old: u64, new: u64, signer: &Ed25519Signer) -> AddCheckpoint {
    let leaves = leaves(new, shift);
    let root = leaves.iter().copied().collect::<Frontier>().root();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: new, root };
    AddCheckpoint {
        old_size: old,
        proof: prove_consistency(&LeafHashes(&leaves), old, new).unwrap(),
        checkpoint: SignedNote::parse(checkpoint.sign(signer).unwrap().as_bytes()).unwrap(),
    }
}

fn request(old: u64, new: u64) -> AddCheckpoint {
    request_in(0, old, new, &signer())
}

fn latest(keeper: &WitnessKeeper<MemoryDisk>) -> u64 {
    keeper.logs().next().unwrap().1.map_or(0, |checkpoint| checkpoint.size)
}

#[test]
fn a_cosignature_verifies_and_is_remembered_by_the_next_process() {
    let disk = MemoryDisk::new();
    let mut first = keeper(&disk);
    let line = first.add_checkpoint(&request(0, 3), 17).unwrap();
    let note = SignedNote::parse(signed(3).as_bytes()).unwrap().with_signatures([line]).unwrap();
    assert_eq!(first.vkey().verify(&note).unwrap().time, 17);
    disk.lose_power();
    let mut second = keeper(&disk);
    assert_eq!(latest(&second), 3);
    let behind = second.add_checkpoint(&request(0, 3), 18).unwrap_err();
    assert!(matches!(behind, WitnessError::Refused(WitnessRefusal::OtherSize { latest: 3, .. })), "{behind}");
    // Asked again of the same checkpoint it answers again, with the new time.
    let again = second.add_checkpoint(&request(3, 3), 19).unwrap();
    let note = SignedNote::parse(signed(3).as_bytes()).unwrap().with_signatures([again]).unwrap();
    assert_eq!(second.vkey().verify(&note).unwrap().time, 19);
}

#[test]
fn a_log_that_nobody_named_and_one_that_nobody_signed_are_told_apart() {
    let disk = MemoryDisk::new();
    let other = Ed25519Signer::from_seed("log.other.example", &[1; 32]).unwrap();
    let mut of_other = WitnessKeeper::on_disk(ROOT, disk.clone(), cosigner(), [other.vkey()]).unwrap();
    let unknown = of_other.add_checkpoint(&request(0, 3), 1).unwrap_err();
    assert!(matches!(unknown, WitnessError::Refused(WitnessRefusal::UnknownLog { .. })), "{unknown}");
    let stranger = Ed25519Signer::from_seed(ORIGIN, &[1; 32]).unwrap();
    let forged = keeper(&disk).add_checkpoint(&request_in(0, 0, 3, &stranger), 1).unwrap_err();
    assert!(matches!(forged, WitnessError::Refused(WitnessRefusal::NotSigned(_))), "{forged}");
    assert!(disk.files().is_empty());
}

#[test]
fn a_log_whose_key_changed_is_still_the_same_log() {
    let disk = MemoryDisk::new();
    keeper(&disk).add_checkpoint(&request(0, 3), 1).unwrap();
    let next = Ed25519Signer::from_seed(ORIGIN, &[43; 32]).unwrap();
    let mut later = WitnessKeeper::on_disk(ROOT, disk, cosigner(), [next.vkey()]).unwrap();
    let fork = later.add_checkpoint(&request_in(1, 3, 5, &next), 2).unwrap_err();
    assert!(matches!(fork, WitnessError::Refused(WitnessRefusal::Proof(_))), "{fork}");
    later.add_checkpoint(&request_in(0, 3, 5, &next), 2).unwrap();
}

#[test]
fn a_memory_that_was_damaged_stops_the_start() {
    let disk = MemoryDisk::new();
    keeper(&disk).add_checkpoint(&request(0, 3), 1).unwrap();
    let name = disk.files().remove(0);
    let right = disk.bytes(&name);
    let with_log_key_alone = signed(3).into_bytes();
    for wrong in [Vec::new(), right[..right.len() / 2].to_vec(), with_log_key_alone] {
        disk.set(&name, wrong);
        let started = WitnessKeeper::on_disk(ROOT, disk.clone(), cosigner(), [key()]);
        assert!(matches!(started, Err(WitnessError::Damaged { .. })));
    }
}

/// At every step at which the disk can fail, with power lost or not: what was
/// cosigned is remembered, and no second history ever gets a cosignature.
#[test]
fn whatever_step_fails_no_second_history_is_cosigned() {
    for power in [false, true] {
        for steps in 0.. {
            let disk = MemoryDisk::new();
            keeper(&disk).add_checkpoint(&request(0, 3), 1).unwrap();
            let disk = disk.copy();
            let mut dying = keeper(&disk);
            disk.fail_after(steps);
            let answer = dying.add_checkpoint(&request(3, 5), 2);
            if power {
                disk.lose_power();
            }
            disk.fail_after(u64::MAX);
            let mut next = keeper(&disk);
            let size = latest(&next);
            assert!(size == 5 || (size == 3 && answer.is_err()), "after {steps} steps: {size}");
            if answer.is_ok() {
                for (old, new) in [(3, 5), (5, 5), (5, 6)] {
                    assert!(next.add_checkpoint(&request_in(1, old, new, &signer()), 3).is_err());
                }
                break;
            }
            next.add_checkpoint(&request(size, 6), 3).unwrap();
        }
    }
}
