use proptest::prelude::*;

use super::*;
use crate::hash::leaf_hash;
use crate::proof::{LeafHashes, prove_consistency};
use crate::test_log::{ORIGIN, entry, key, signed, signer};
use crate::{Ed25519Signer, Frontier};

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&entry(index))).collect()
}

fn request(old: u64, new: u64) -> AddCheckpoint {
    AddCheckpoint {
        old_size: old,
        proof: prove_consistency(&LeafHashes(&leaves(new)), old, new).unwrap(),
        checkpoint: SignedNote::parse(signed(new).as_bytes()).unwrap(),
    }
}

/// A checkpoint of another history of the same log, under its own key.
fn forked(size: u64) -> SignedNote {
    let tree: Frontier = (0..size).map(|index| leaf_hash(&entry(index + 1))).collect();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root() };
    SignedNote::parse(checkpoint.sign(&signer()).unwrap().as_bytes()).unwrap()
}

fn fresh() -> WitnessedLog {
    WitnessedLog::new(vec![key()], None)
}

fn at(size: u64) -> WitnessedLog {
    let mut log = fresh();
    let admitted = log.check(&request(0, size)).unwrap();
    log.advance(&admitted);
    log
}

fn status(log: &WitnessedLog, request: &AddCheckpoint) -> u16 {
    log.check(request).unwrap_err().status()
}

#[test]
fn a_log_that_grows_is_followed() {
    let mut log = fresh();
    for (old, new) in [(0, 0), (0, 3), (3, 3), (3, 8), (8, 300), (300, 301)] {
        let admitted = log.check(&request(old, new)).unwrap();
        assert_eq!(admitted.checkpoint.size, new);
        log.advance(&admitted);
    }
    assert_eq!(log.latest().unwrap().size, 301);
}

#[test]
fn another_size_is_answered_with_ours() {
    let log = at(8);
    for old in [0, 3, 9] {
        let refusal = log.check(&request(old, 20)).unwrap_err();
        assert!(matches!(refusal, WitnessRefusal::OtherSize { latest: 8, old: told } if told == old), "{refusal}");
    }
    // A log put back from an older copy finds that it is behind.
    let refusal = log.check(&request(3, 5)).unwrap_err();
    assert!(matches!(refusal, WitnessRefusal::OtherSize { latest: 8, .. }), "{refusal}");
}

#[test]
fn a_fork_is_refused_at_the_same_size_and_at_a_larger() {
    let log = at(8);
    let same = AddCheckpoint { old_size: 8, proof: Vec::new(), checkpoint: forked(8) };
    assert!(matches!(log.check(&same).unwrap_err(), WitnessRefusal::OtherRoot { size: 8, .. }));
    for proof in [Vec::new(), request(8, 12).proof] {
        let larger = AddCheckpoint { old_size: 8, proof, checkpoint: forked(12) };
        assert_eq!(status(&log, &larger), 422);
    }
    let empty = Checkpoint { origin: ORIGIN.into(), size: 0, root: leaf_hash(b"x") }.sign(&signer()).unwrap();
    let empty = SignedNote::parse(empty.as_bytes()).unwrap();
    assert_eq!(status(&fresh(), &AddCheckpoint { old_size: 0, proof: Vec::new(), checkpoint: empty }), 409);
}

#[test]
fn strangers_and_proofs_that_are_not_needed_are_refused() {
    let stranger = Ed25519Signer::from_seed(ORIGIN, &[1; 32]).unwrap();
    let unknown = WitnessedLog::new(vec![stranger.vkey()], None);
    assert_eq!(status(&unknown, &request(0, 5)), 403);
    let mut proof = request(0, 5);
    proof.proof.push(leaf_hash(b"x"));
    assert_eq!(status(&fresh(), &proof), 422);
    let beyond = AddCheckpoint { old_size: 6, ..request(0, 5) };
    assert_eq!(status(&fresh(), &beyond), 400);
    // Either of a log's two keys will do while one takes over from the other.
    let both = WitnessedLog::new(vec![stranger.vkey(), key()], None);
    assert!(both.check(&request(0, 5)).is_ok());
}

#[test]
fn requests_that_are_not_as_prescribed_are_refused_with_the_line() {
    let right = request(3, 8).to_string();
    assert_eq!(AddCheckpoint::parse(right.as_bytes()).unwrap(), request(3, 8));
    let hashes = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n".repeat(64);
    let checkpoint = signed(8);
    for (wrong, line) in [
        (right.replacen("old 3", "old 03", 1), 1),
        (right.replacen("old 3", "old -3", 1), 1),
        (right.replacen("old 3\n", "old 3\nno hash\n", 1), 2),
        (format!("old 3\n{hashes}\n{checkpoint}"), 65),
        ("old 3\n".to_owned(), 1),
        (String::new(), 1),
        ("x".repeat(MAX_REQUEST_BYTES + 1), 1),
    ] {
        let refusal = AddCheckpoint::parse(wrong.as_bytes()).unwrap_err();
        assert!(matches!(refusal, WitnessRefusal::Malformed { line: told, .. } if told == line), "{refusal}");
        assert_eq!(refusal.status(), 400);
    }
    let unsigned = AddCheckpoint::parse(b"old 0\n\nno checkpoint\n").unwrap_err();
    assert_eq!(unsigned.status(), 400);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(request) = AddCheckpoint::parse(&bytes) {
            prop_assert_eq!(request.to_string().into_bytes(), bytes);
        }
    }

    /// Whatever is sent in whatever order, what was cosigned is one history.
    #[test]
    fn only_one_history_is_ever_cosigned(
        steps in prop::collection::vec((0_u64..12, 0_u64..12, any::<bool>(), any::<bool>()), 0..24),
    ) {
        let mut log = fresh();
        let mut branch = None;
        for (old, more, is_forked, knows) in steps {
            let old = if knows { log.latest().map_or(0, |latest| latest.size) } else { old };
            let mut request = request(old, old + more);
            if is_forked {
                request.checkpoint = forked(old + more);
                let other: Vec<Hash> = (0..old + more).map(|index| leaf_hash(&entry(index + 1))).collect();
                request.proof = prove_consistency(&LeafHashes(&other), old, old + more).unwrap();
            }
            if let Ok(admitted) = log.check(&request) {
                prop_assert!(admitted.checkpoint.size >= log.latest().map_or(0, |latest| latest.size));
                log.advance(&admitted);
                if admitted.checkpoint.size > 0 {
                    prop_assert_eq!(*branch.get_or_insert(is_forked), is_forked);
                }
            }
        }
    }
}
