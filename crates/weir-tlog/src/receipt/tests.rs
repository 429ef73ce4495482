//! Receipts: written, read back, and refused in every spoiled form.

use proptest::prelude::*;

use super::*;
use crate::test_log::{checkpoint, entry, key, published, signed};
use crate::{Ed25519Signer, LeafHashes, TileHashes, leaf_hash};

fn receipt(index: u64, size: u64) -> Receipt {
    let leaves: Vec<Hash> = (0..size).map(|index| leaf_hash(&entry(index))).collect();
    Receipt::make(&LeafHashes(&leaves), index, &signed(size)).unwrap()
}

#[test]
fn a_receipt_from_tiles_is_read_back_and_holds() {
    let source = published(&[300]).source();
    let made = Receipt::make(&TileHashes::new(&source, 300), 7, &signed(300)).unwrap();
    assert_eq!(made, receipt(7, 300));
    let text = made.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 7\n"));
    let read = Receipt::parse(text.as_bytes()).unwrap();
    assert_eq!(read, made);
    assert_eq!(read.verify(leaf_hash(&entry(7)), &key()).unwrap(), checkpoint(300));
}

#[test]
fn extra_data_is_carried_along() {
    let mut made = receipt(0, 1);
    made.extra = Some(b"opening".to_vec());
    let text = made.to_string();
    assert!(text.contains("\nextra b3BlbmluZw==\nindex 0\n\n"));
    assert_eq!(Receipt::parse(text.as_bytes()).unwrap(), made);
}

#[test]
fn every_flipped_bit_is_caught() {
    let text = receipt(2, 5).to_string().into_bytes();
    let leaf = leaf_hash(&entry(2));
    for position in 0..text.len() * 8 {
        let mut spoiled = text.clone();
        spoiled[position / 8] ^= 1 << (position % 8);
        let holds = Receipt::parse(&spoiled).and_then(|read| read.verify(leaf, &key()));
        assert!(holds.is_err(), "bit {position}");
    }
}

#[test]
fn another_entry_index_or_key_is_refused() {
    let made = receipt(2, 5);
    assert!(matches!(made.verify(leaf_hash(&entry(3)), &key()), Err(ReceiptError::Proof(ProofError::Root { .. }))));
    let moved = Receipt { index: 5, ..made.clone() };
    assert!(matches!(
        moved.verify(leaf_hash(&entry(2)), &key()),
        Err(ReceiptError::Proof(ProofError::NotInTree { .. }))
    ));
    let stranger = Ed25519Signer::from_seed(key().name(), &[1; 32]).unwrap();
    assert!(matches!(made.verify(leaf_hash(&entry(2)), &stranger.vkey()), Err(ReceiptError::Checkpoint(_))));
}

#[test]
fn malformed_lines_are_named() {
    let line_of = |text: &str| match Receipt::parse(text.as_bytes()) {
        Err(ReceiptError::Line { line, .. }) => line,
        other => panic!("unexpected {other:?}"),
    };
    let first = "c2sp.org/tlog-proof@v1\n";
    assert_eq!(line_of(""), 1);
    assert_eq!(line_of("c2sp.org/tlog-proof@v2\n"), 1);
    assert_eq!(line_of(first), 2);
    assert_eq!(line_of(&format!("{first}extra ?\n")), 2);
    assert_eq!(line_of(&format!("{first}extra AA==\nindex 01\n")), 3);
    assert_eq!(line_of(&format!("{first}index -1\n")), 2);
    assert_eq!(line_of(&format!("{first}index 1\nAAAA\n")), 3);
    let hashes = format!("{}\n", empty().to_base64()).repeat(MAX_PROOF_HASHES + 1);
    assert_eq!(line_of(&format!("{first}index 1\n{hashes}")), 66);
    assert!(matches!(Receipt::parse(format!("{first}index 1\n\nno note").as_bytes()), Err(ReceiptError::Note(_))));
    assert!(matches!(Receipt::parse(&vec![b'a'; MAX_RECEIPT_BYTES + 1]), Err(ReceiptError::TooLong { .. })));
    assert!(matches!(Receipt::parse(b"\xff"), Err(ReceiptError::NotUtf8 { offset: 0 })));
}

fn empty() -> Hash {
    crate::empty_root()
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Receipt::parse(&bytes).is_err());
    }

    #[test]
    fn what_is_written_is_read_back(
        index: u64,
        extra in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..50)),
        hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..=MAX_PROOF_HASHES),
    ) {
        let receipt = Receipt {
            index,
            extra,
            proof: hashes.into_iter().map(Hash).collect(),
            checkpoint: signed(3),
        };
        prop_assert_eq!(Receipt::parse(receipt.to_string().as_bytes()).unwrap(), receipt);
    }
}
