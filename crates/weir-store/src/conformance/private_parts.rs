//! Private parts: kept with their entry, erased without it.

use super::Place;
use super::building::{append_next, entry, head, private_entry};
use crate::Private;

/// Erasing takes the private part of one entry and leaves everything else.
pub fn an_erased_part_stays_erased_and_its_entry_stands(place: &impl Place) {
    let store = place.open().unwrap();
    append_next(&*store, &[private_entry(0), private_entry(1), entry(2)]).unwrap();
    let before = store.entries(0, 10).unwrap();
    assert!(store.erase_private(1).unwrap());
    assert!(!store.erase_private(1).unwrap(), "erased twice");
    assert!(!store.erase_private(2).unwrap(), "there never was one");
    assert!(!store.erase_private(3).unwrap(), "there is no such entry");
    drop(store);
    let store = place.open().unwrap();
    let mut expected = before;
    expected[1].private = Private::Erased;
    assert_eq!(store.entries(0, 10).unwrap(), expected);
    assert_eq!(store.entry(1).unwrap().unwrap().private, Private::Erased);
    assert_eq!(store.entry(2).unwrap().unwrap().private, Private::None);
    assert_eq!(store.head().unwrap(), head(3));
    append_next(&*store, &[private_entry(3)]).unwrap();
    assert!(matches!(store.entry(3).unwrap().unwrap().private, Private::Kept(_)));
}

/// What is printed in a log line or a failed assertion must not open the commitment.
pub fn private_parts_do_not_show_in_debug_output(place: &impl Place) {
    let store = place.open().unwrap();
    append_next(&*store, &[private_entry(0)]).unwrap();
    let stored = store.entry(0).unwrap().unwrap();
    let Private::Kept(part) = &stored.private else { unreachable!("it was just appended") };
    let shown = format!("{stored:?} {:?}", private_entry(0));
    assert!(shown.contains("redacted, 15 bytes"), "{shown}");
    for secret in [&part.bytes[..], &part.salt[..]] {
        assert!(!shown.contains(&format!("{secret:?}")), "{shown}");
    }
}
