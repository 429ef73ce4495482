//! What is kept beside the log: answers, facts, and who made which upstream object.

use super::Place;
use super::building::{append_at, append_next, entries, hash, head};
use crate::{Answered, Append, StoreError, StoredObject};

/// An answer appears with the append it belongs to, is kept per scope, and is never replaced.
pub fn an_answer_is_kept_with_its_append_or_not_at_all(place: &impl Place) {
    let store = place.open().unwrap();
    let answer = |scope: &str, answer: &[u8]| Answered {
        scope: scope.to_owned(),
        key: "retry-1".to_owned(),
        request: hash(1),
        answer: answer.to_vec(),
    };
    let first = [answer("operator-1", b"index 0"), answer("operator-2", b"")];
    let added = entries(0..1);
    let stale = Append { answers: &first, ..append_at(7, &added) };
    store.append(stale).unwrap_err();
    assert_eq!(store.answered("operator-1", "retry-1").unwrap(), None);
    store.append(Append { answers: &first, ..append_at(0, &added) }).unwrap();
    drop(store);

    let store = place.open().unwrap();
    for kept in &first {
        assert_eq!(store.answered(&kept.scope, &kept.key).unwrap().as_ref(), Some(kept));
    }
    assert_eq!(store.answered("operator-3", "retry-1").unwrap(), None);
    let again = [answer("operator-1", b"another answer")];
    let added = entries(1..2);
    let error = store.append(Append { answers: &again, ..append_at(1, &added) }).unwrap_err();
    let told = matches!(&error, StoreError::AlreadyAnswered { scope, key }
        if scope == "operator-1" && key == "retry-1");
    assert!(told, "{error}");
    assert_eq!(store.head().unwrap(), head(1));
    assert_eq!(store.answered("operator-1", "retry-1").unwrap().as_ref(), first.first());
    // An answer may belong to a request that changed nothing.
    let other = [answer("operator-4", b"nothing to do")];
    store.append(Append { answers: &other, ..append_at(1, &[]) }).unwrap();
    assert_eq!(store.answered("operator-4", "retry-1").unwrap().as_ref(), other.first());
}

/// A forgotten answer is gone for good, and its key is not free for another request.
pub fn a_forgotten_answer_leaves_its_key_used(place: &impl Place) {
    let store = place.open().unwrap();
    let answer = |key: &str, answer: &[u8]| Answered {
        scope: "operator-1".to_owned(),
        key: key.to_owned(),
        request: hash(1),
        answer: answer.to_vec(),
    };
    let added = entries(0..1);
    let answers = [answer("retry-1", b"about acme"), answer("retry-2", b"about borealis")];
    store.append(Append { answers: &answers, ..append_at(0, &added) }).unwrap();
    let says = |answer: &[u8]| answer.ends_with(b"acme");
    assert_eq!(store.forget_answers(&says).unwrap(), 1);
    assert_eq!(store.forget_answers(&says).unwrap(), 0, "forgotten twice");
    drop(store);

    let store = place.open().unwrap();
    let kept = |key: &str| store.answered("operator-1", key).unwrap().unwrap();
    assert_eq!((kept("retry-1").request, kept("retry-1").answer), (hash(1), vec![0; 10]));
    assert_eq!(kept("retry-2"), answers[1]);
    let added = entries(1..2);
    let again = [answer("retry-1", b"another answer")];
    store.append(Append { answers: &again, ..append_at(1, &added) }).unwrap_err();
}

/// Facts alone and facts with an append: set, replaced, emptied, removed, kept.
pub fn facts_are_set_replaced_and_removed(place: &impl Place) {
    let store = place.open().unwrap();
    assert_eq!(store.fact("clock").unwrap(), None);
    store.set_fact("clock", None).unwrap();
    store.set_fact("clock", Some(b"1")).unwrap();
    store.set_fact("clock", Some(b"22")).unwrap();
    store.set_fact("preview", Some(b"")).unwrap();
    store.set_fact("gone", Some(b"x")).unwrap();
    store.set_fact("gone", None).unwrap();
    drop(store);
    let store = place.open().unwrap();
    assert_eq!(store.fact("clock").unwrap().as_deref(), Some(&b"22"[..]));
    assert_eq!(store.fact("preview").unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(store.fact("gone").unwrap(), None);
    let facts = [
        ("clock".to_owned(), Some(b"3".to_vec())),
        ("preview".to_owned(), None),
        ("clock".to_owned(), Some(b"4".to_vec())),
    ];
    let added = entries(0..1);
    store.append(Append { facts: &facts, ..append_at(9, &added) }).unwrap_err();
    assert_eq!(store.fact("clock").unwrap().as_deref(), Some(&b"22"[..]));
    store.append(Append { facts: &facts, ..append_at(0, &added) }).unwrap();
    assert_eq!(store.fact("clock").unwrap().as_deref(), Some(&b"4"[..]));
    assert_eq!(store.fact("preview").unwrap(), None);
}

/// An object belongs to whoever was recorded first; the others of the batch are recorded too.
pub fn the_first_record_of_an_object_stands(place: &impl Place) {
    let store = place.open().unwrap();
    let object = |id: &str, account: &str| StoredObject {
        id: id.to_owned(),
        account: account.to_owned(),
        model: "atlas-5".to_owned(),
        at_ms: -1,
    };
    append_next(&*store, &entries(0..1)).unwrap();
    store.record_objects(&[]).unwrap();
    store.record_objects(&[object("resp_1", "acme/app"), object("file-1", "acme/app")]).unwrap();
    store.record_objects(&[object("resp_1", "thief/app"), object("resp_2", "other/app")]).unwrap();
    drop(store);
    let store = place.open().unwrap();
    assert_eq!(store.object_owner("resp_1").unwrap(), Some(object("resp_1", "acme/app")));
    assert_eq!(store.object_owner("file-1").unwrap(), Some(object("file-1", "acme/app")));
    assert_eq!(store.object_owner("resp_2").unwrap(), Some(object("resp_2", "other/app")));
    assert_eq!(store.object_owner("RESP_1").unwrap(), None);
    assert_eq!(store.head().unwrap(), head(1));
}
