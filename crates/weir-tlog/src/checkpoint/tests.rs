//! Reading and signing checkpoints.

use proptest::prelude::*;

use super::*;
use crate::hash::leaf_hash;
use crate::note::Ed25519Signer;

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed("log.acme.example", &[3; 32]).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: "log.acme.example".to_owned(), size: 42, root: leaf_hash(b"root") }
}

#[test]
fn a_signed_checkpoint_opens_with_its_key() {
    let text = checkpoint().sign(&signer()).unwrap();
    assert_eq!(Checkpoint::open(text.as_bytes(), &signer().vkey()), Ok(checkpoint()));
}

#[test]
fn a_checkpoint_of_another_log_is_refused() {
    let stranger = Ed25519Signer::from_seed("log.other.example", &[4; 32]).unwrap();
    assert!(matches!(checkpoint().sign(&stranger), Err(CheckpointError::Origin { .. })));
    let text = SignedNote::sign(&checkpoint().to_string(), &stranger).unwrap().to_string();
    assert!(matches!(Checkpoint::open(text.as_bytes(), &stranger.vkey()), Err(CheckpointError::Origin { .. })));
}

#[test]
fn malformed_lines_are_named() {
    let line_of = |text: &str| match Checkpoint::parse(text) {
        Err(CheckpointError::Line { line, .. }) => line,
        other => panic!("unexpected {other:?}"),
    };
    let root = leaf_hash(b"root").to_base64();
    assert_eq!(line_of(""), 1);
    assert_eq!(line_of(&format!("o\n1\n{root}")), 3);
    assert_eq!(line_of("o\n1\n"), 2);
    assert_eq!(line_of(&format!("\n1\n{root}\n")), 1);
    assert_eq!(line_of(&format!("o\n01\n{root}\n")), 2);
    assert_eq!(line_of(&format!("o\n+1\n{root}\n")), 2);
    assert_eq!(line_of(&format!("o\n9223372036854775808\n{root}\n")), 2);
    assert_eq!(line_of("o\n1\nAAAA\n"), 3);
    assert_eq!(line_of(&format!("o\n1\n{root}\next\n\n")), 5);
}

#[test]
fn extension_lines_are_read_and_never_written() {
    let with_extension = format!("{}extension\n", checkpoint());
    assert_eq!(Checkpoint::parse(&with_extension), Ok(checkpoint()));
    assert_eq!(checkpoint().to_string().lines().count(), 3);
}

#[test]
fn an_origin_that_would_add_lines_is_not_signed() {
    struct AnyName(Ed25519Signer, String);
    impl NoteSigner for AnyName {
        fn name(&self) -> &str {
            &self.1
        }
        fn key_id(&self) -> u32 {
            self.0.key_id()
        }
        fn sign(&self, text: &[u8]) -> Result<Vec<u8>, crate::note::SignError> {
            self.0.sign(text)
        }
    }
    let origin = "a\n1".to_owned();
    let forged = Checkpoint { origin: origin.clone(), ..checkpoint() };
    assert!(forged.sign(&AnyName(signer(), origin)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "(\\PC{0,12}\n){0,5}") {
        let _ = Checkpoint::parse(&text);
    }

    #[test]
    fn what_is_written_is_read_back(origin in "[a-z./]{1,20}", size in 0..=MAX_TREE_SIZE, root: [u8; 32]) {
        let checkpoint = Checkpoint { origin, size, root: Hash(root) };
        prop_assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Ok(checkpoint));
    }
}
