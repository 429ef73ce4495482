//! An import built beside the state it joins is the import folded after all
//! that was acted meanwhile, or both are refused; and its rows are the acts
//! that would have said the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::act::{Act, Erased, Parts, public};
use crate::digest::Digest;
use crate::entry::{BY_WEIR, Entry};
use crate::id::ImportId;
use crate::row::{Adds, RowClaim, Stated, Withheld};
use crate::script::{Author, Done, Step, additions, histories};
use crate::shards::Shards;
use crate::state::packed::tests::{everything, there_and_back};
use crate::state::{FoldError, Touched, erasable_row};
use crate::world::World;
use crate::world::tests::{is_soon_enough, same_every_time, seen};

/// What an act that only adds says, as a row.
fn as_row(entry: &Entry) -> Row {
    let subject = entry.subject.parse().unwrap();
    let mut row = Row { subject, adds: Adds::Nothing, claims: vec![], keys: vec![], private: None };
    let mut private = Withheld::default();
    match &entry.act {
        Act::PartyAdd(parts) => {
            row.adds = Adds::Party(parts.public.kind);
            let said = parts.private.clone().unwrap();
            private.handle = Some(said.handle);
            private.name = Some(said.name);
        }
        Act::AccountAdd(parts) => {
            row.adds = Adds::Account(parts.public.party);
            private.handle = parts.private.as_ref().map(|private| private.handle.clone());
        }
        Act::ClaimAdd(parts) => {
            let public::ClaimAdd { claim, kind, level, expires } = parts.public.clone();
            row.claims.push(RowClaim { claim, kind, level, expires });
            let said = parts.private.clone().unwrap();
            private.claims.push(Stated { value: said.value, by: said.by, evidence: said.evidence });
        }
        Act::KeyIssue(parts) => {
            row.keys.push(parts.public.key);
            private.keys.extend(parts.private.as_ref().map(|private| private.digest));
        }
        other => unreachable!("{other:?}"),
    }
    Row { private: Some(private), ..row }
}

/// Consecutive rows about one subject as one.
fn grouped(rows: Vec<Row>) -> Vec<Row> {
    let mut grouped: Vec<Row> = Vec::new();
    for row in rows {
        match grouped.last_mut() {
            Some(last) if last.subject == row.subject && row.adds == Adds::Nothing => {
                last.claims.extend(row.claims);
                last.keys.extend(row.keys);
                let (kept, more) = (last.private.as_mut().unwrap(), row.private.unwrap());
                kept.claims.extend(more.claims);
                kept.keys.extend(more.keys);
            }
            _ => grouped.push(row),
        }
    }
    grouped
}

fn act(at: Time, rows: u64) -> Entry {
    Entry {
        at,
        by: BY_WEIR.into(),
        approvals: vec![],
        subject: ImportId::from_bytes([9; 10]).to_string(),
        basis: None,
        act: Act::PartyImport(Parts { public: public::PartyImport { rows, root: Digest([1; 32]) }, private: None }),
    }
}

fn listed<K: Clone + Ord + std::hash::Hash, V: Clone>(map: &Shards<K, V>) -> BTreeMap<K, V> {
    assert_eq!(map.iter().count(), map.len());
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn check_same(one: &State, other: &State) -> Result<(), TestCaseError> {
    prop_assert_eq!(listed(&one.parties), listed(&other.parties));
    prop_assert_eq!(listed(&one.accounts), listed(&other.accounts));
    prop_assert_eq!(listed(&one.handles), listed(&other.handles));
    prop_assert_eq!(listed(&one.account_handles), listed(&other.account_handles));
    prop_assert_eq!(listed(&one.keys), listed(&other.keys));
    prop_assert_eq!(listed(&one.live_keys), listed(&other.live_keys));
    prop_assert_eq!(listed(&one.claims), listed(&other.claims));
    Ok(())
}

/// Plays a history; acts that do not follow are left out.
fn play(author: &mut Author, worlds: &mut [&mut World], history: &[Step]) -> Result<(), TestCaseError> {
    for step in history {
        match author.step(step, worlds[0].state()) {
            Done::Waited(until) => worlds.iter_mut().for_each(|world| drop(world.advance(until))),
            Done::Wrote(entry) => {
                let done: Vec<bool> = worlds.iter_mut().map(|world| world.apply(&entry).is_ok()).collect();
                prop_assert!(done.iter().all(|one| *one == done[0]), "{:?}", entry);
            }
        }
    }
    Ok(())
}

fn folded(world: &World, rows: &[Row], entry: &Entry) -> Result<World, FoldProblem> {
    let mut import = Import::new(world.state().clone(), entry.at);
    rows.iter().try_for_each(|row| import.take(row.clone()))?;
    let mut world = world.clone();
    world.apply_import(entry, &import).map_err(|error: FoldError| error.problem)?;
    Ok(world)
}

fn begun() -> (Author, World) {
    let (mut author, mut world) = (Author::default(), World::default());
    author.beginning().iter().for_each(|entry| drop(world.apply(entry).unwrap()));
    (author, world)
}

/// Rows of what an author adds that follows from `world`, and the state after
/// the acts that say the same.
fn rows(author: &mut Author, world: &World, steps: &[Step]) -> (Vec<Row>, World) {
    let mut by_acts = world.clone();
    let mut rows = Vec::new();
    for step in steps {
        // Rows are about parties and accounts.
        if let Done::Wrote(entry) = author.step(step, by_acts.state())
            && !entry.subject.starts_with("u-")
            && by_acts.apply(&entry).is_ok()
        {
            rows.push(as_row(&entry));
        }
    }
    (grouped(rows), by_acts)
}

proptest! {
    #![proptest_config(same_every_time(300))]

    #[test]
    fn rows_are_the_acts_that_would_say_the_same(before in histories(30), steps in additions(40)) {
        let (mut author, mut world) = begun();
        play(&mut author, &mut [&mut world], &before)?;
        let (rows, by_acts) = rows(&mut author, &world, &steps);
        let imported = folded(&world, &rows, &act(author.now, rows.len() as u64)).unwrap();
        check_same(imported.state(), by_acts.state())?;
        prop_assert_eq!(seen(&imported), seen(&by_acts));
    }

    #[test]
    fn an_import_that_was_overtaken_is_the_import_folded_last(
        before in histories(30),
        steps in additions(40),
        meanwhile in histories(30),
        later in histories(20),
        is_seen: bool,
        is_rebased: bool,
    ) {
        let (mut author, mut world) = begun();
        play(&mut author, &mut [&mut world], &before)?;
        let (rows, _) = rows(&mut author, &world, &steps);
        let mut import = Import::new(world.state().clone(), world.view().at);
        for row in &rows {
            import.take(row.clone()).unwrap();
        }
        if is_seen {
            import.see(world.view());
        }
        let (early, late) = meanwhile.split_at(if is_rebased { meanwhile.len() / 2 } else { 0 });
        play(&mut author, &mut [&mut world], early)?;
        if is_rebased {
            if import.rebase(world.state(), world.view().at).is_err() {
                // What stands in its way now may be erased later; it is refused
                // all the same, for it was checked against this state.
                let now = act(author.now, rows.len() as u64);
                prop_assert!(folded(&world, &rows, &now).is_err());
                return Ok(());
            }
            if is_seen {
                import.see(world.view());
            }
        }
        play(&mut author, &mut [&mut world], late)?;
        let entry = act(author.now, rows.len() as u64);
        let direct = folded(&world, &rows, &entry);
        let mut joined = world.clone();
        let outcome: Result<Touched, FoldError> = joined.apply_import(&entry, &import);
        let (Ok(touched), Ok(mut direct)) = (&outcome, direct.as_ref().cloned().map_err(|_| ())) else {
            prop_assert!(outcome.is_err() && direct.is_err(), "{:?} {:?}", outcome.map(drop), direct.map(drop));
            prop_assert_eq!(seen(&joined), seen(&world));
            return Ok(());
        };
        prop_assert!(touched.many);
        check_same(joined.state(), direct.state())?;
        for world in [&joined, &direct] {
            let anew = World::with_interner(world.state().clone(), world.view().at, Arc::clone(world.interner()));
            prop_assert_eq!(seen(world), seen(&anew));
            prop_assert!(is_soon_enough(world.view(), anew.view()));
        }
        play(&mut author, &mut [&mut joined, &mut direct], &later)?;
        check_same(joined.state(), direct.state())?;
        let anew = World::with_interner(joined.state().clone(), joined.view().at, Arc::clone(joined.interner()));
        prop_assert_eq!(seen(&joined), seen(&anew));
        prop_assert_eq!(seen(&joined), seen(&direct));
    }

    /// Who has some of the rows, or some of them without their private parts,
    /// gets through the same log.
    #[test]
    fn rows_not_given_leave_later_acts_about_them_without_effect(
        steps in additions(40),
        later in histories(40),
        given in prop::collection::vec(any::<bool>(), 40),
        erased in prop::collection::vec(any::<bool>(), 40),
    ) {
        let (mut author, mut world) = begun();
        let (rows, _) = rows(&mut author, &world, &steps);
        let entry = act(author.now, rows.len() as u64);
        let mut less = world.clone();
        let mut import = Import::new(less.state().clone(), entry.at);
        // A row about someone whose own row is not given is given to no purpose.
        for ((row, given), erased) in rows.iter().zip(given).zip(erased) {
            let private = row.private.clone().filter(|_| !erased);
            if given {
                let mut trial = Import::new(import.state().clone(), entry.at);
                if trial.take(Row { private: private.clone(), ..row.clone() }).is_ok() {
                    import.take(Row { private, ..row.clone() }).unwrap();
                }
            }
        }
        less.apply_import(&entry, &import).unwrap();
        world = folded(&world, &rows, &entry).unwrap();
        prop_assert_eq!(less.state().unseen_rows, rows.len() as u64 - import.rows());
        for step in &later {
            match author.step(step, world.state()) {
                Done::Waited(until) => drop((world.advance(until), less.advance(until))),
                Done::Wrote(entry) if world.apply(&entry).is_ok() => {
                    let done = less.apply(&entry);
                    prop_assert!(done.is_ok(), "{:?} {:?}", done, entry);
                }
                Done::Wrote(_) => {}
            }
        }
        prop_assert_eq!(less.state().size, world.state().size);
        let (all, less) = (seen(&world), seen(&less));
        prop_assert!(less.accounts.keys().all(|id| all.accounts.contains_key(id)));
        prop_assert!(less.keys.iter().all(|(digest, standing)| all.keys.get(digest) == Some(standing)));
    }
}

proptest! {
    #![proptest_config(same_every_time(200))]

    /// To erase the rows about somebody is never to have known them, whatever
    /// was acted between, and nothing else is forgotten.
    #[test]
    fn forgetting_rows_is_never_having_known_them(
        steps in additions(40),
        more in additions(20),
        between in histories(20),
        whom: prop::sample::Index,
    ) {
        let (mut author, world) = begun();
        let (first, after) = rows(&mut author, &world, &steps);
        let (second, _) = rows(&mut author, &after, &more);
        if first.is_empty() || second.is_empty() {
            return Ok(());
        }
        let subject = first[whom.index(first.len())].subject;
        let without = |rows: &[Row]| -> Vec<Row> {
            let row = |row: &Row| Row { private: row.private.clone().filter(|_| row.subject != subject), ..row.clone() };
            rows.iter().map(row).collect()
        };
        let second_at = author.now;
        let entries = [act(second_at, first.len() as u64), act(second_at, second.len() as u64)];
        let import = |world: &World, parts: [&[Row]; 2]| -> Result<World, FoldProblem> {
            folded(&folded(world, parts[0], &entries[0])?, parts[1], &entries[1])
        };
        let mut known = import(&world, [&first, &second]).unwrap();
        let mut unknown = import(&world, [&without(&first), &without(&second)]).unwrap();
        for step in &between {
            if let Done::Wrote(entry) = author.step(step, known.state()) {
                // What names somebody erased can be told of one of the two only.
                if matches!(entry.act, Act::PrivateErase(_)) || entry.subject == subject.to_string() {
                    continue;
                }
                let mut trial = unknown.clone();
                if known.apply(&entry).is_ok() {
                    prop_assert!(trial.apply(&entry).is_ok(), "{:?}", entry);
                    unknown = trial;
                }
            }
        }
        prop_assert_eq!(known.state().imports_about(subject), unknown.state().imports_about(subject));
        // A fold that was packed and taken up again forgets the same.
        let mut resumed = there_and_back(known.state());
        prop_assert_eq!(everything(&resumed), everything(known.state()));
        prop_assert_eq!(resumed.imports_about(subject), known.state().imports_about(subject));
        let base = world.state().size;
        let erased: Vec<Erased> = (base..).zip([&first, &second]).flat_map(|(act, rows)| {
            let about = (0..).zip(rows.iter()).filter(|(_, row)| row.subject == subject);
            about.map(move |(place, row)| erasable_row(act, place, row.subject))
        }).collect();
        prop_assert_eq!(
            erased.iter().map(|erased| erased.act).collect::<std::collections::BTreeSet<_>>(),
            known.state().imports_about(subject).into_iter().collect()
        );
        let private = Some(crate::act::private::PrivateErase { reason: "asked".into() });
        let erase = Act::PrivateErase(Parts { public: public::PrivateErase { acts: erased.clone() }, private });
        let entry = Entry { at: author.now, by: BY_WEIR.into(), approvals: vec![], subject: subject.to_string(), basis: None, act: erase };
        let is_done = resumed.apply(&entry).is_ok();
        if known.apply(&entry).is_err() {
            // A hold stands against it, for all.
            prop_assert!(!is_done && unknown.apply(&entry).is_err());
            return Ok(());
        }
        prop_assert!(is_done);
        prop_assert_eq!(everything(&resumed), everything(known.state()));
        unknown.advance(author.now);
        check_same(known.state(), unknown.state())?;
        prop_assert_eq!(seen(&known), seen(&unknown));
        prop_assert_eq!(known.state().erased_rows.len(), erased.len());
        prop_assert!(known.apply(&entry).is_err(), "erased twice");
    }
}

#[test]
fn more_rows_than_the_act_counts_are_refused_and_fewer_are_unseen() {
    let (mut author, world) = begun();
    let mut all = Vec::new();
    for _ in 0..20 {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let steps = additions(40).new_tree(&mut runner).unwrap().current();
        all = rows(&mut author, &world, &steps).0;
        if all.len() > 3 {
            break;
        }
    }
    let count = all.len() as u64;
    assert!(folded(&world, &all, &act(author.now, count - 1)).is_err());
    let more = folded(&world, &all, &act(author.now, count + 7)).unwrap();
    assert_eq!(more.state().unseen_rows, 7);
}

use proptest::strategy::ValueTree as _;
