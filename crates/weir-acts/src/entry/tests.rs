//! What is sealed is read back, and nothing else is.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::script::{Author, Done, Step, histories};
use crate::state::State;

fn same_every_time(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() }
}

/// Acts of every kind, whether or not they follow.
fn written(history: &[Step]) -> Vec<Entry> {
    let mut author = Author::default();
    let mut entries = author.beginning();
    let state = State::default();
    entries.extend(history.iter().filter_map(|step| match author.step(step, &state) {
        Done::Wrote(entry) => Some(*entry),
        Done::Waited(_) => None,
    }));
    entries.push(Entry {
        approvals: vec![Approval { by: "o-1".into(), saw: Digest::of(b"a preview") }],
        by: "\"quoted\\\u{2028}\u{0}".into(),
        ..entries[0].clone()
    });
    entries
}

fn read(sealed: &Sealed) -> Result<Entry, EntryError> {
    Entry::read(&sealed.bytes, sealed.private.as_ref().map(|(salt, bytes)| (salt, bytes.as_slice())))
}

fn is_refused(bytes: &[u8], salt: &[u8; 32], part: &[u8]) -> bool {
    matches!(Entry::read(bytes, Some((salt, part))), Err(EntryError::Opening { .. }))
}

proptest! {
    #![proptest_config(same_every_time(60))]

    #[test]
    fn what_is_sealed_is_read_back(history in histories(40), salt: [u8; 32]) {
        for entry in written(&history) {
            let sealed = entry.seal_with(salt).unwrap();
            let back = read(&sealed).unwrap();
            if sealed.private.is_some() {
                prop_assert_eq!(&back, &entry);
            }
            // A private part that says nothing is not kept.
            prop_assert_eq!(back.seal_with(salt).unwrap(), sealed);
        }
    }

    #[test]
    fn every_flipped_byte_of_a_private_part_is_refused(history in histories(6), flip in 1_u8..) {
        for entry in written(&history) {
            let Sealed { bytes, private } = entry.seal_with([8; 32]).unwrap();
            let Some((salt, part)) = private else { continue };
            for place in 0..salt.len() + part.len() {
                let (mut salt, mut part) = (salt, part.clone());
                match place.checked_sub(salt.len()) {
                    None => salt[place] ^= flip,
                    Some(place) => part[place] ^= flip,
                }
                prop_assert!(is_refused(&bytes, &salt, &part));
            }
            prop_assert!(is_refused(&bytes, &salt, &part[..part.len() - 1]));
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>, history in histories(3), place: prop::sample::Index, byte: u8) {
        let _answer = Entry::read(&bytes, None);
        for entry in written(&history) {
            let Sealed { mut bytes, .. } = entry.seal_with([8; 32]).unwrap();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let _answer = Entry::read(&bytes, None);
            let _answer = Entry::read(&bytes[..place], None);
        }
    }
}

fn sealed_opening() -> Sealed {
    Author::default().beginning()[0].seal_with([8; 32]).unwrap()
}

fn with(sealed: &Sealed, from: &str, to: &str) -> Result<Entry, EntryError> {
    let text = std::str::from_utf8(&sealed.bytes).unwrap();
    assert!(text.contains(from), "{text}");
    Entry::read(text.replacen(from, to, 1).as_bytes(), None)
}

#[test]
fn what_a_later_weir_wrote_stops_by_name() {
    let sealed = sealed_opening();
    let error = with(&sealed, "\"kind\":\"log.open\"", "\"kind\":\"log.fold\"").unwrap_err();
    assert!(matches!(&error, EntryError::Kind { kind } if kind == "log.fold"), "{error}");
    assert!(error.to_string().contains("`log.fold`: use a newer weir"), "{error}");
    // A later format is named even where nothing else of it is understood.
    for text in ["{\"v\":2}", "{\"v\":2,\"kind\":7,\"extra\":[]}"] {
        let error = Entry::read(text.as_bytes(), None).unwrap_err();
        assert!(matches!(error, EntryError::Version { found: 2 }), "{error}");
    }
    assert!(matches!(with(&sealed, "\"v\":1", "\"v\":0"), Err(EntryError::Version { found: 0 })));
}

#[test]
fn what_is_not_of_the_format_is_no_act() {
    let sealed = sealed_opening();
    for (from, to) in [
        ("\"by\":", "\"sby\":"),
        ("{\"v\":1,", "{\"v\":1,\"more\":0,"),
        ("\"public\":{", "\"public\":{\"more\":0,"),
        ("\"public\":{", "\"public\":3,\"p\":{"),
        ("00.000Z\"", "00.000\""),
    ] {
        let error = with(&sealed, from, to).unwrap_err();
        assert!(matches!(error, EntryError::Json(_)), "{to}: {error}");
    }
}

#[test]
fn a_part_for_an_act_that_commits_to_none_is_refused() {
    let sealed = sealed_opening();
    assert_eq!(sealed.private, None);
    assert!(matches!(Entry::read(&sealed.bytes, Some((&[8; 32], b"{}"))), Err(EntryError::Unexpected)));
}

#[test]
fn an_act_that_the_log_cannot_hold_is_refused_with_its_size() {
    let mut entry = Author::default().beginning()[0].clone();
    entry.by = "o".repeat(MAX_ENTRY);
    let error = entry.seal().unwrap_err();
    assert!(matches!(error, EntryError::TooLarge { size } if size > MAX_ENTRY), "{error}");
    assert!(Author::default().beginning()[0].seal().unwrap().bytes.len() < MAX_ENTRY);
}
