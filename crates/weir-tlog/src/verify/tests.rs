//! A log that holds is accepted; one flipped bit anywhere is caught and named.

use super::*;
use crate::test_log::{MemoryDisk, checkpoint, entry, key, published, signed, signer};
use crate::tile::{TileId, encode_bundle, encode_hashes};
use crate::{Ed25519Signer, LeafHashes, leaf_hash};

fn verify(disk: &MemoryDisk) -> Result<Verified, VerifyFailure> {
    verify_log(&disk.source(), &key(), &mut |_, _| Ok(()), &mut |_, _| ())
}

#[test]
fn a_log_of_any_size_holds() {
    for size in [0, 1, 3, 255, 256, 257, 300, 512, 1000] {
        let verified = verify(&published(&[size])).unwrap();
        assert_eq!(verified.checkpoint, checkpoint(size));
        assert_eq!(verified.entries, size);
    }
    let verified = verify(&published(&[70_000])).unwrap();
    assert_eq!(verified.tiles, 277);
}

#[test]
fn entries_and_progress_are_reported_in_order() {
    let disk = published(&[300]);
    let mut seen = Vec::new();
    let mut steps = Vec::new();
    verify_log(
        &disk.source(),
        &key(),
        &mut |index, bytes| {
            seen.push((index, bytes.to_vec()));
            Ok(())
        },
        &mut |done, total| steps.push((done, total)),
    )
    .unwrap();
    assert!(seen.iter().cloned().eq((0..300).map(|index| (index, entry(index)))));
    assert_eq!(steps, [(256, 300), (300, 300)]);
}

/// Flips the given bits of every file one by one and expects each to be
/// refused with a message that names the file.
fn every_flip_is_caught(disk: &MemoryDisk, stride: usize) {
    verify(disk).unwrap();
    for path in disk.files() {
        let bytes = disk.bytes(&path);
        for bit in (0..bytes.len() * 8).step_by(stride) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            disk.set(&path, flipped);
            let failure = verify(disk).expect_err("a flipped bit was not caught");
            let message = failure.to_string();
            assert!(message.contains(&path), "bit {bit} of {path}: {message}");
        }
        disk.set(&path, bytes);
    }
}

#[test]
fn every_single_flipped_bit_of_a_small_log_is_caught_and_named() {
    every_flip_is_caught(&published(&[3]), 1);
}

#[test]
fn flipped_bits_in_files_of_older_checkpoints_are_caught_too() {
    every_flip_is_caught(&published(&[1, 2, 4]), 1);
}

#[test]
fn flipped_bits_are_caught_across_tiles() {
    every_flip_is_caught(&published(&[3, 256, 300]), 61);
}

#[test]
fn a_missing_file_is_named() {
    let disk = published(&[3, 300]);
    for path in disk.files() {
        let bytes = disk.bytes(&path);
        disk.remove(&path);
        let result = verify(&disk);
        disk.set(&path, bytes);
        match result {
            Ok(_) => assert!(path.contains(".p/3"), "{path} is needed"),
            Err(VerifyFailure::NoCheckpoint) => assert_eq!(path, "checkpoint"),
            Err(VerifyFailure::Read(ReadError::Missing { path: named })) => {
                assert_eq!(named.to_string(), path);
            }
            Err(other) => panic!("unexpected {other}"),
        }
    }
}

#[test]
fn the_first_altered_entry_is_named() {
    let disk = published(&[300]);
    let mut entries: Vec<Vec<u8>> = (256..300).map(entry).collect();
    entries[7] = b"another act".to_vec();
    entries[9] = b"and another".to_vec();
    disk.set("tile/entries/001.p/44", encode_bundle(&entries).unwrap());
    assert!(matches!(verify(&disk), Err(VerifyFailure::Entry { index: 263, .. })));
}

#[test]
fn entries_replaced_together_with_their_hashes_are_caught() {
    let disk = published(&[300]);
    let mut entries: Vec<Vec<u8>> = (0..256).map(entry).collect();
    entries[7] = b"another act".to_vec();
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    disk.set("tile/entries/000", encode_bundle(&entries).unwrap());
    disk.set("tile/0/000", encode_hashes(&leaves));
    assert!(matches!(verify(&disk), Err(VerifyFailure::EntryRange { first: 0, last: 255, .. })));
    let upper = crate::proof::root_at(&LeafHashes(&leaves), 256).unwrap();
    disk.set("tile/1/000.p/1", encode_hashes(&[upper]));
    assert!(matches!(verify(&disk), Err(VerifyFailure::Root { size: 300, .. })));
}

#[test]
fn another_key_opens_nothing() {
    let disk = published(&[3]);
    let stranger = Ed25519Signer::from_seed(key().name(), &[1; 32]).unwrap();
    let source = disk.source();
    let result = verify_log(&source, &stranger.vkey(), &mut |_, _| Ok(()), &mut |_, _| ());
    assert!(matches!(result, Err(VerifyFailure::Checkpoint(_))));
}

#[test]
fn a_signed_lie_about_size_or_root_is_caught() {
    let disk = published(&[300]);
    for lie in [
        Checkpoint { size: 299, ..checkpoint(300) },
        Checkpoint { root: leaf_hash(b"elsewhere"), ..checkpoint(300) },
        checkpoint(301),
    ] {
        disk.set("checkpoint", lie.sign(&signer()).unwrap().into_bytes());
        verify(&disk).expect_err("the lie was not caught");
    }
}

#[test]
fn the_callers_refusal_comes_after_every_hash() {
    let disk = published(&[300]);
    let verify_refusing = || {
        verify_log(
            &disk.source(),
            &key(),
            &mut |index, _| match index {
                0..5 => Ok(()),
                _ => Err(format!("unknown kind at {index}").into()),
            },
            &mut |_, _| (),
        )
    };
    assert!(matches!(verify_refusing(), Err(VerifyFailure::Refused { index: 5, .. })));
    let tile = TileId::in_tree(1, 0, 300).unwrap().to_string();
    disk.set(&tile, vec![0; 32]);
    assert!(matches!(verify_refusing(), Err(VerifyFailure::Tile { .. })));
}

#[test]
fn a_checkpoint_that_the_log_grew_from_is_consistent() {
    let disk = published(&[700]);
    for old in [0, 1, 255, 256, 257, 512, 699, 700] {
        verify_consistency(&disk.source(), &checkpoint(old), &checkpoint(700)).unwrap();
    }
}

#[test]
fn a_rewritten_log_is_inconsistent_with_the_checkpoint_of_before() {
    let disk = published(&[700]);
    let rewritten = Checkpoint { root: leaf_hash(b"what was shown before"), ..checkpoint(300) };
    for old in [rewritten, Checkpoint { size: 701, ..checkpoint(700) }] {
        assert!(matches!(
            verify_consistency(&disk.source(), &old, &checkpoint(700)),
            Err(VerifyFailure::Inconsistent { .. })
        ));
    }
    let elsewhere = Checkpoint { origin: "log.other.example".to_owned(), ..checkpoint(300) };
    assert!(matches!(
        verify_consistency(&disk.source(), &elsewhere, &checkpoint(700)),
        Err(VerifyFailure::Checkpoint(CheckpointError::Origin { .. }))
    ));
    disk.remove("tile/0/001");
    assert!(matches!(
        verify_consistency(&disk.source(), &checkpoint(300), &checkpoint(700)),
        Err(VerifyFailure::Hashes(_))
    ));
}

#[test]
fn a_log_being_published_is_still_good_at_its_checkpoint() {
    let disk = published(&[3, 7]);
    disk.set("checkpoint", signed(3).into_bytes());
    assert_eq!(verify(&disk).unwrap().entries, 3);
}
