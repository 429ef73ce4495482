//! What is packed is read back as it was, whatever happened before, and goes
//! on from there as if it had never been away.

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::prelude::*;

use super::*;
use crate::script::{Author, Done, Step, histories};
use crate::world::tests::same_every_time;

/// Everything a state holds, in order.
pub(crate) fn everything(state: &State) -> Vec<String> {
    fn map<K: Ord + Debug + Clone, V: Debug + Clone>(map: &Shards<K, V>) -> String {
        let sorted: BTreeMap<K, V> = map.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        assert_eq!(sorted.len(), map.len());
        format!("{sorted:?}")
    }
    let State {
        size,
        last,
        origin,
        log_keys,
        parties,
        handles,
        accounts,
        account_handles,
        keys,
        live_keys,
        claims,
        grants,
        measures,
        appeals,
        issuers,
        kinds,
        models,
        stage_limits,
        directives,
        drafts,
        rules,
        operators,
        imports,
        unseen_rows,
        unplaced,
        persons,
        person_keys,
        segments,
        exchanges,
        holds,
        readings,
        campaigns,
        detector,
        erased,
        erased_rows,
        pending_rules,
    } = state;
    let maps = [map(parties), map(handles), map(accounts), map(account_handles), map(keys), map(live_keys)];
    let more = [map(claims), map(grants), map(measures), map(appeals), map(persons), map(person_keys)];
    let rest = [
        format!("{size} {last} {origin} {log_keys:?} {unseen_rows} {unplaced}"),
        format!("{issuers:?} {kinds:?} {models:?} {stage_limits:?}"),
        format!("{directives:?} {drafts:?} {rules:?} {operators:?}"),
        format!("{imports:?} {segments:?} {exchanges:?} {holds:?} {readings:?} {campaigns:?} {detector:?}"),
        format!("{erased:?} {erased_rows:?} {pending_rules:?}"),
    ];
    maps.into_iter().chain(more).chain(rest).collect()
}

pub(crate) fn there_and_back(state: &State) -> State {
    let starts = Starts::default();
    let mut parts: Vec<Part> = state.pack().unwrap().map(|part| Part::unpack(&part, &starts).unwrap()).collect();
    // Their order says nothing.
    parts.reverse();
    State::unpack(parts).unwrap()
}

/// The state after a history; `look` sees it after every act.
fn play(history: &[Step], mut look: impl FnMut(&mut State)) -> State {
    let (mut author, mut state) = (Author::default(), State::default());
    for entry in author.beginning() {
        state.apply(&entry).unwrap();
    }
    for step in history {
        if let Done::Wrote(entry) = author.step(step, &state) {
            // Some acts do not follow, on purpose.
            let _folded = state.apply(&entry);
        }
        look(&mut state);
    }
    state
}

proptest! {
    #![proptest_config(same_every_time(300))]

    /// Packed at any moment and folded on from there, the outcome is that of
    /// the whole fold.
    #[test]
    fn a_packed_state_goes_on_as_the_whole_fold(history in histories(80), at in 0_usize..80) {
        let whole = play(&history, |_| {});
        let mut step = 0;
        let resumed = play(&history, |state| {
            if step == at {
                let back = there_and_back(state);
                assert_eq!(everything(&back), everything(state));
                *state = back;
            }
            step += 1;
        });
        prop_assert_eq!(everything(&resumed), everything(&whole));
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>, kind in 0_u8..7) {
        let starts = Starts::default();
        let _part = Part::unpack(&bytes, &starts);
        let _part = Part::unpack(&[&[kind], bytes.as_slice()].concat(), &starts);
    }
}

#[test]
fn parts_that_do_not_make_a_state_make_none() {
    let state = play(&[], |_| {});
    let parts: Vec<Vec<u8>> = state.pack().unwrap().collect();
    let starts = Starts::default();
    let read = || parts.iter().map(|part| Part::unpack(part, &starts).unwrap());
    assert!(State::unpack(read().collect()).is_some());
    assert!(State::unpack(read().skip(1).collect()).is_none(), "the rest is missing");
    assert!(State::unpack(read().chain(read()).collect()).is_none(), "everything came twice");
    for part in &parts {
        assert!(Part::unpack(&part[..part.len() - 1], &starts).is_none(), "cut short");
    }
}

#[test]
fn a_part_holds_so_much_and_no_more() {
    let mut state = State::default();
    for number in 0..u32::try_from(OF_A_PART).unwrap() * 2 + 1 {
        let mut id = [0; 10];
        id[..4].copy_from_slice(&number.to_le_bytes());
        let id = crate::id::KeyId::from_bytes(id);
        let life = crate::holder::Life::since(crate::time::Time::EPOCH);
        let account = crate::id::AccountId::from_bytes([1; 10]);
        state.keys.insert(id, Key { id, account, digest: None, life });
    }
    assert_eq!(state.pack().unwrap().count(), 4);
    assert_eq!(everything(&there_and_back(&state)), everything(&state));
}
