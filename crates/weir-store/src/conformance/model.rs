//! Any history of verbs, checked against the simplest thing that could be right: a vector and
//! three maps.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRng, TestRunner};

use super::Place;
use super::building::{hash, head};
use crate::{Answered, Append, NewEntry, Private, PrivatePart, Store, StoreError, StoredEntry, StoredObject};

/// One verb, with small names so that histories collide.
#[derive(Clone, Debug)]
enum Step {
    Append { behind: u64, entries: Vec<(Vec<u8>, Option<Vec<u8>>)>, answer: Option<u8>, fact: Fact },
    Erase(u64),
    SetFact(Fact),
    Record { id: u8, account: u8 },
    Reopen,
}

type Fact = (u8, Option<Vec<u8>>);

/// What the store should hold.
#[derive(Default)]
struct Model {
    entries: Vec<StoredEntry>,
    answers: BTreeMap<String, Answered>,
    facts: BTreeMap<String, Vec<u8>>,
    objects: BTreeMap<String, StoredObject>,
}

/// Plays random histories, the same ones each time, and compares everything after each step.
pub fn any_history_reads_like_a_vector<P: Place>(fresh_place: impl Fn() -> P) {
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&vec(step(), 1..30), |steps| {
        play(&fresh_place(), &steps);
        Ok(())
    });
    if let Err(failure) = outcome {
        unreachable!("{failure}");
    }
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = || vec(any::<u8>(), 0..40);
    let fact = || (0..3_u8, proptest::option::of(bytes()));
    let new_entries = vec((bytes(), proptest::option::of(bytes())), 0..4);
    // Mostly where the log stands, sometimes on a head that is gone.
    let behind = prop_oneof![6 => Just(0_u64), 1 => 1..4_u64];
    prop_oneof![
        6 => (behind, new_entries, proptest::option::of(0..6_u8), fact()).prop_map(
            |(behind, entries, answer, fact)| Step::Append { behind, entries, answer, fact }
        ),
        3 => (0..12_u64).prop_map(Step::Erase),
        2 => fact().prop_map(Step::SetFact),
        2 => (0..4_u8, 0..3_u8).prop_map(|(id, account)| Step::Record { id, account }),
        1 => Just(Step::Reopen),
    ]
}

fn play(place: &impl Place, steps: &[Step]) {
    let mut model = Model::default();
    let mut store = place.open().unwrap();
    for step in steps {
        match step {
            Step::Append { behind, entries, answer, fact } => {
                append(&*store, &mut model, *behind, entries, *answer, fact);
            }
            Step::Erase(index) => {
                assert_eq!(store.erase_private(*index).unwrap(), model.erase(*index));
            }
            Step::SetFact((name, value)) => {
                store.set_fact(&name.to_string(), value.as_deref()).unwrap();
                model.set_fact(&name.to_string(), value.as_deref());
            }
            Step::Record { id, account } => {
                let object = object(*id, *account);
                store.record_objects(std::slice::from_ref(&object)).unwrap();
                model.objects.entry(object.id.clone()).or_insert(object);
            }
            Step::Reopen => {
                drop(store);
                store = place.open().unwrap();
            }
        }
        model.compare(&*store);
    }
}

fn append(
    store: &dyn Store,
    model: &mut Model,
    behind: u64,
    contents: &[(Vec<u8>, Option<Vec<u8>>)],
    answer: Option<u8>,
    (name, value): &Fact,
) {
    let size = model.entries.len() as u64;
    let expected = size.saturating_sub(behind);
    let entries: Vec<NewEntry> = (size..).zip(contents).map(new_entry).collect();
    let answers: Vec<Answered> = answer.into_iter().map(answered).collect();
    let facts = [(name.to_string(), value.clone())];
    let outcome = store.append(Append {
        expected_size: expected,
        expected_root: head(expected).root,
        entries: &entries,
        head: head(expected + entries.len() as u64),
        answers: &answers,
        imports: &[],
        facts: &facts,
    });
    let is_repeated = answers.iter().any(|answer| model.answers.contains_key(&answer.key));
    match outcome {
        Ok(()) => assert!(expected == size && !is_repeated),
        Err(StoreError::Stale { .. }) => return assert_ne!(expected, size),
        Err(StoreError::AlreadyAnswered { .. }) => {
            return assert!(expected == size && is_repeated);
        }
        Err(other) => unreachable!("{other}"),
    }
    model.entries.extend((size..).zip(entries).map(|(index, new)| StoredEntry {
        index,
        bytes: new.bytes,
        leaf: new.leaf,
        private: new.private.map_or(Private::None, Private::Kept),
    }));
    model.answers.extend(answers.into_iter().map(|answer| (answer.key.clone(), answer)));
    model.set_fact(&name.to_string(), value.as_deref());
}

fn new_entry((index, (bytes, private)): (u64, &(Vec<u8>, Option<Vec<u8>>))) -> NewEntry {
    let private = private.clone().map(|bytes| PrivatePart { salt: hash(!index), bytes });
    NewEntry { bytes: bytes.clone(), leaf: hash(index), private }
}

fn answered(key: u8) -> Answered {
    Answered { scope: "operator-1".to_owned(), key: key.to_string(), request: hash(u64::from(key)), answer: vec![key] }
}

fn object(id: u8, account: u8) -> StoredObject {
    StoredObject {
        id: format!("resp_{id}"),
        account: format!("acme/app-{account}"),
        model: "fable-5".to_owned(),
        at_ms: i64::from(account),
    }
}

impl Model {
    fn erase(&mut self, index: u64) -> bool {
        let entry = usize::try_from(index).ok().and_then(|index| self.entries.get_mut(index));
        match entry {
            Some(entry) if matches!(entry.private, Private::Kept(_)) => {
                entry.private = Private::Erased;
                true
            }
            _ => false,
        }
    }

    fn set_fact(&mut self, name: &str, value: Option<&[u8]>) {
        match value {
            Some(value) => self.facts.insert(name.to_owned(), value.to_vec()),
            None => self.facts.remove(name),
        };
    }

    fn compare(&self, store: &dyn Store) {
        assert_eq!(store.head().unwrap(), head(self.entries.len() as u64));
        assert_eq!(store.entries(0, usize::MAX).unwrap(), self.entries);
        let leaves = store.leaves(0, usize::MAX).unwrap();
        assert!(leaves.iter().eq(self.entries.iter().map(|entry| &entry.leaf)));
        for name in 0..3_u8 {
            let name = name.to_string();
            assert_eq!(store.fact(&name).unwrap().as_ref(), self.facts.get(&name));
        }
        for key in 0..6_u8 {
            let key = key.to_string();
            assert_eq!(store.answered("operator-1", &key).unwrap().as_ref(), self.answers.get(&key));
        }
        for id in 0..4_u8 {
            let id = format!("resp_{id}");
            assert_eq!(store.object_owner(&id).unwrap().as_ref(), self.objects.get(&id));
        }
    }
}
