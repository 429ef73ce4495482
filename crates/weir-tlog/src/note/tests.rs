//! The note format against the specification's rules and against a second
//! implementation, the `signed_note` crate.

use proptest::prelude::*;
use signed_note::Verifier as _;

use super::*;

const NAME: &str = "log.acme.example/acts";

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(NAME, &[7; 32]).unwrap()
}

fn other_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(NAME, &[8; 32]).unwrap()
}

#[test]
fn a_signed_note_is_read_back_and_verified() {
    let signer = signer();
    let note = SignedNote::sign("one\n\ntwo\n", &signer).unwrap();
    let parsed = SignedNote::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(parsed, note);
    assert_eq!(parsed.text(), "one\n\ntwo\n");
    assert_eq!(parsed.verify(&[signer.vkey()]).unwrap(), [&signer.vkey()]);
}

#[test]
fn unknown_signatures_are_ignored_but_never_suffice() {
    let known = signer();
    let stranger = other_signer();
    let mut note = SignedNote::sign("text\n", &stranger).unwrap();
    assert!(matches!(note.verify(&[known.vkey()]), Err(NoteError::NoKnownSignature { .. })));
    let own = SignedNote::sign("text\n", &known).unwrap();
    note.signatures.extend(own.signatures);
    assert_eq!(note.verify(&[known.vkey()]).unwrap(), [&known.vkey()]);
}

#[test]
fn one_wrong_signature_of_a_known_key_refuses_the_note() {
    let first = signer();
    let second = other_signer();
    let mut note = SignedNote::sign("text\n", &first).unwrap();
    let elsewhere = SignedNote::sign("other text\n", &second).unwrap();
    note.signatures.extend(elsewhere.signatures);
    assert_eq!(
        note.verify(&[first.vkey(), second.vkey()]),
        Err(NoteError::BadSignature { name: NAME.to_owned(), key_id: second.key_id() })
    );
}

#[test]
fn malformed_notes_are_refused_with_the_line() {
    let refused = |text: &str| SignedNote::parse(text.as_bytes()).unwrap_err();
    assert_eq!(refused("text\n"), NoteError::NoSignatureBlock);
    assert_eq!(refused("a\tb\n\n"), NoteError::ControlCharacter { character: '\t', offset: 1 });
    let line_of = |text: &str| match refused(text) {
        NoteError::SignatureLine { line, .. } => line,
        other => panic!("unexpected {other:?}"),
    };
    assert_eq!(line_of("a\nb\n\n"), 4);
    assert_eq!(line_of("a\n\n\u{2014} name AAAAAAA=\n- x AAAA\n"), 4);
    assert_eq!(line_of("a\n\n\u{2014} name AAAA\n"), 3, "short signature");
    assert_eq!(line_of("a\n\n\u{2014} na+me AAAAAAA=\n"), 3);
    assert_eq!(line_of("a\n\n\u{2014} name AAAAAAA=\n\u{2014} x AAAAAAA="), 4);
    assert_eq!(line_of("a\n\n\u{2014} name AAAAAAB=\n"), 3, "trailing bits");
    assert_eq!(SignedNote::parse(b"a\xff\n\n"), Err(NoteError::NotUtf8 { offset: 1 }));
    assert_eq!(
        SignedNote::parse(&vec![b'a'; MAX_NOTE_BYTES + 1]),
        Err(NoteError::TooLong { bytes: MAX_NOTE_BYTES + 1 })
    );
    let many = "\u{2014} name AAAAAAA=\n".repeat(MAX_SIGNATURES + 1);
    assert_eq!(refused(&format!("a\n\n{many}")), NoteError::TooManySignatures);
}

#[test]
fn texts_that_cannot_be_signed_are_refused() {
    let signer = signer();
    assert_eq!(SignedNote::sign("no newline", &signer), Err(NoteError::TextWithoutNewline));
    assert!(matches!(SignedNote::sign("bell \u{7}\n", &signer), Err(NoteError::ControlCharacter { .. })));
    assert!(matches!(SignedNote::sign(&"a\n".repeat(MAX_NOTE_BYTES / 2), &signer), Err(NoteError::TooLong { .. })));
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\u{1}"] {
        assert!(matches!(Ed25519Signer::generate(name), Err(NoteError::KeyName { .. })));
    }
}

#[test]
fn keys_are_written_and_read_back() {
    let signer = Ed25519Signer::generate(NAME).unwrap();
    let vkey = signer.vkey();
    assert_eq!(VerifierKey::parse(&vkey.to_string()).unwrap(), vkey);
    let text = signer.to_secret_file_text();
    let again = Ed25519Signer::from_secret_file_text(&text).unwrap();
    assert_eq!(again.vkey(), vkey);
    assert_eq!(Ed25519Signer::from_secret_file_text(text.trim_end()).unwrap().vkey(), vkey);
}

#[test]
fn the_secret_is_in_neither_debug_nor_errors() {
    let signer = signer();
    let text = signer.to_secret_file_text();
    let encoded = text.trim_end().rsplit('+').next().unwrap();
    assert!(format!("{signer:?}").contains("redacted"));
    assert!(!format!("{signer:?}").contains(encoded));
    let wrong_hash = text.replacen(&format!("{:08x}", signer.key_id()), "00000000", 1);
    let error = Ed25519Signer::from_secret_file_text(&wrong_hash).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(encoded));
}

#[test]
fn malformed_keys_are_refused() {
    let vkey = signer().vkey().to_string();
    let id = format!("{:08x}", signer().key_id());
    let encoded = vkey.rsplit('+').next().unwrap();
    let weak = BASE64_STANDARD.encode([[1_u8].as_slice(), &[0; 32]].concat());
    let ml_dsa = BASE64_STANDARD.encode([[6_u8].as_slice(), &[0; 32]].concat());
    for text in [
        String::new(),
        NAME.to_owned(),
        format!("{NAME}+{id}"),
        format!("{NAME}+{id}+"),
        format!("{NAME}+{}+{encoded}", id.to_uppercase() + "0"),
        format!("{NAME}+00000000+{encoded}"),
        format!("other+{id}+{encoded}"),
        format!("{NAME}+{id}+{weak}"),
        format!("{NAME}+{id}+{ml_dsa}"),
        format!("{vkey}\n"),
    ] {
        assert!(VerifierKey::parse(&text).is_err(), "{text:?}");
    }
    for text in ["", "PRIVATE+KEY+", "PRIVATE+KEY+a+00000000+AQ==", &vkey] {
        assert!(Ed25519Signer::from_secret_file_text(text).is_err(), "{text:?}");
    }
}

#[test]
fn the_specification_s_own_key_is_read() {
    // From the documentation of golang.org/x/mod/sumdb/note.
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let note = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let key = VerifierKey::parse(vkey).unwrap();
    SignedNote::parse(note.as_bytes()).unwrap().verify(&[key]).unwrap();
}

#[test]
fn a_second_implementation_agrees() {
    let signer = signer();
    let vkey = signer.vkey().to_string();
    let theirs = signed_note::StandardVerifier::new(&vkey).unwrap();
    assert_eq!(theirs.key_id(), signer.key_id());
    let note = SignedNote::sign("line\n", &signer).unwrap().to_string();
    let read = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
    let verifiers = signed_note::VerifierList::new(vec![Box::new(theirs)]);
    let (verified, unverified) = read.verify(&verifiers).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));

    let secret = signer.to_secret_file_text();
    let their_signer = signed_note::StandardSigner::new(secret.trim_end()).unwrap();
    let mut their_note = signed_note::Note::new(b"line\n", &[]).unwrap();
    their_note.add_sigs(&[&their_signer]).unwrap();
    assert_eq!(String::from_utf8(their_note.to_bytes()).unwrap(), note);
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(note) = SignedNote::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn note_like_text_is_read_back_exactly(
        text in "([a-z]{0,5}\n){1,4}",
        lines in proptest::collection::vec(("[a-z./]{1,8}", proptest::collection::vec(any::<u8>(), 5..80)), 1..5),
    ) {
        let mut note = format!("{text}\n");
        for (name, bytes) in lines {
            note.push_str(&format!("\u{2014} {name} {}\n", BASE64_STANDARD.encode(bytes)));
        }
        let parsed = SignedNote::parse(note.as_bytes()).unwrap();
        prop_assert_eq!(parsed.text(), text);
        prop_assert_eq!(parsed.to_string(), note);
    }

    #[test]
    fn any_key_text_is_parsed_or_refused(text in "\\PC{0,80}") {
        if let Ok(key) = VerifierKey::parse(&text) {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}
