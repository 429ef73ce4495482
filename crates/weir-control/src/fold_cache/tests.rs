#![allow(clippy::disallowed_methods, reason = "a test says what it met and stops")]

use std::os::unix::fs::PermissionsExt as _;

use weir_acts::Time;
use weir_acts::act::{Act, Parts, private, public};
use weir_acts::entry::{BY_WEIR, Entry};
use weir_acts::id::{LogId, PartyId};
use weir_acts::words::PartyKind;

use super::*;

fn parts<P, S>(public: P, private: S) -> Parts<P, S> {
    Parts { public, private: Some(private) }
}

/// A state of a few acts, and an edge of as many leaves.
fn folded() -> (State, Frontier) {
    let mut state = State::default();
    let mut act = |subject: String, act: Act| {
        let at = Time::from_millis(7);
        let entry = Entry { at, by: BY_WEIR.to_owned(), approvals: vec![], subject, basis: None, act };
        state.apply(&entry).unwrap();
    };
    let opening = public::LogOpen { origin: "example.org/weir".into(), vkey: "v".into() };
    act(LogId::from_bytes([0; 10]).to_string(), Act::LogOpen(parts(opening, private::LogOpen {})));
    for number in 1..4 {
        let handle = format!("party-{number}");
        let private = private::PartyAdd { name: handle.clone(), handle, lei: None, ror: None };
        let public = public::PartyAdd { kind: PartyKind::Institution };
        act(PartyId::from_bytes([number; 10]).to_string(), Act::PartyAdd(parts(public, private)));
    }
    let frontier = (0..4).map(|number| Hash([number; 32])).collect();
    (state, frontier)
}

fn written(dir: &Path) -> (Vec<u8>, Pepper) {
    let pepper = Pepper::new(&[7; 32]);
    let (state, frontier) = folded();
    assert!(write(dir, &pepper, &state, &frontier).unwrap());
    (fs::read(dir.join(CACHE_FILE)).unwrap(), pepper)
}

fn bytes_of(state: &State) -> Vec<Vec<u8>> {
    state.pack().unwrap().collect()
}

#[test]
fn what_was_written_is_read_back_by_who_has_the_pepper() {
    let dir = tempfile::tempdir().unwrap();
    let (_, pepper) = written(dir.path());
    let (state, frontier) = read(dir.path(), &pepper).unwrap();
    assert_eq!((bytes_of(&state), frontier), (bytes_of(&folded().0), folded().1));
    assert!(read(dir.path(), &Pepper::new(&[8; 32])).is_none());
    let mode = fs::metadata(dir.path().join(CACHE_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(!dir.path().join(UNFINISHED_FILE).exists());
}

#[test]
fn one_wrong_bit_anywhere_and_it_is_worth_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, pepper) = written(dir.path());
    let path = dir.path().join(CACHE_FILE);
    for place in 0..whole.len() {
        let mut wrong = whole.clone();
        wrong[place] ^= 1 << (place % 8);
        fs::write(&path, &wrong).unwrap();
        assert!(read(dir.path(), &pepper).is_none(), "a bit of byte {place}");
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(read(dir.path(), &pepper).is_none(), "cut to {length} bytes");
    }
    fs::write(&path, [whole.as_slice(), b"more"].concat()).unwrap();
    assert!(read(dir.path(), &pepper).is_none(), "longer");
    fs::write(&path, [&whole[..MAGIC.len()], b"more", &whole[MAGIC.len()..]].concat()).unwrap();
    assert!(read(dir.path(), &pepper).is_none(), "moved apart");
    fs::write(&path, &whole).unwrap();
    assert!(read(dir.path(), &pepper).is_some());
}

/// An older program's fold, vouched for as it may be, is none of this one's.
#[test]
fn another_version_of_the_fold_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, pepper) = written(dir.path());
    let end = whole.len() - TRAILER as usize;
    let (of_index, _) = (u64::from_le_bytes(whole[end + 32..].try_into().unwrap()) as usize, ());
    let mut index: Index = serde_json::from_slice(&whole[end - of_index..end]).unwrap();
    index.fold = "older".into();
    let index = serde_json::to_vec(&index).unwrap();
    let voucher = pepper.vouch(PURPOSE, &index).0;
    let length = (index.len() as u64).to_le_bytes();
    let file = [&whole[..end - of_index], &index, &voucher, &length].concat();
    fs::write(dir.path().join(CACHE_FILE), file).unwrap();
    assert!(read(dir.path(), &pepper).is_none());
}

#[test]
fn nothing_is_left_of_what_is_destroyed() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, pepper) = written(dir.path());
    fs::write(dir.path().join(UNFINISHED_FILE), &whole[..whole.len() / 2]).unwrap();
    // Another name for the same bytes shows what became of them.
    let witness = dir.path().join("witness");
    fs::hard_link(dir.path().join(CACHE_FILE), &witness).unwrap();
    destroy(dir.path()).unwrap();
    destroy(dir.path()).unwrap();
    assert!(fs::read(&witness).unwrap().iter().all(|byte| *byte == 0));
    assert!(read(dir.path(), &pepper).is_none());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn nothing_is_left_of_what_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, pepper) = written(dir.path());
    let witness = dir.path().join("witness");
    fs::hard_link(dir.path().join(CACHE_FILE), &witness).unwrap();
    assert_eq!(written(dir.path()).0, whole);
    assert!(fs::read(&witness).unwrap().iter().all(|byte| *byte == 0));
    assert!(read(dir.path(), &pepper).is_some());
}

/// Where the process ends while it writes, the file before it is still read.
#[test]
fn a_file_that_was_not_finished_is_never_read() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, pepper) = written(dir.path());
    fs::write(dir.path().join(UNFINISHED_FILE), &whole[..whole.len() - 1]).unwrap();
    assert!(read(dir.path(), &pepper).is_some());
    destroy_unfinished(dir.path()).unwrap();
    assert!(!dir.path().join(UNFINISHED_FILE).exists());
    assert!(read(dir.path(), &pepper).is_some());
}
