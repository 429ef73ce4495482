//! After any history the view kept up step by step is the one built anew, at
//! every time, and whatever changed for anybody was said to be touched.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::act::Act;
use crate::facts::{Facts, FactsId};
use crate::governed::{MeterSpan, StageSpan};
use crate::id::{AccountId, DirectiveId, PartyId};
use crate::limits::Limited;
use crate::script::{Author, Done, Step, histories, moments};
use crate::state::Holder;
use crate::view::{Class, View};
use crate::words::Stage;

/// Everything that can be asked of a world at its moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) parties: BTreeMap<PartyId, Arc<Facts>>,
    pub(crate) accounts: BTreeMap<AccountId, (PartyId, Arc<Facts>)>,
    pub(crate) persons: BTreeMap<PersonKey, Arc<Facts>>,
    pub(crate) keys: BTreeMap<[u8; 32], KeyStanding>,
    pub(crate) models: BTreeMap<Arc<str>, (Stage, Option<StageSpan>)>,
    pub(crate) directives: BTreeMap<DirectiveId, bool>,
    pub(crate) rules: Vec<Arc<str>>,
    pub(crate) meters: BTreeMap<Arc<str>, Option<MeterSpan>>,
    pub(crate) stage_limits: BTreeMap<Stage, Arc<Limited>>,
    pub(crate) limits: BTreeMap<Holder, Arc<Limited>>,
}

pub(crate) fn seen(world: &World) -> Seen {
    let (view, state) = (world.view(), world.state());
    let facts = |id: FactsId| view.facts(id);
    Seen {
        parties: view.parties.iter().map(|(id, known)| (*id, facts(*known))).collect(),
        accounts: view.accounts.iter().map(|(id, known)| (*id, (known.party, facts(known.facts)))).collect(),
        persons: view.persons.iter().map(|(key, known)| (*key, facts(*known))).collect(),
        keys: view.keys.iter().map(|(digest, standing)| (*digest, *standing)).collect(),
        models: view
            .models()
            .map(|model| (Arc::clone(&model.name), (model.stage(view.at), model.span(view.at).cloned())))
            .collect(),
        directives: state
            .directives
            .values()
            .filter(|directive| directive.life.is_some_and(|life| life.holds(view.at)))
            .map(|directive| (directive.id, unknown_denies(directive.text.as_deref(), view.at)))
            .collect(),
        meters: view.models().map(|model| (Arc::clone(&model.name), model.meter(view.at).copied())).collect(),
        stage_limits: BTreeMap::clone(&view.limits.stages),
        limits: limits(view),
        rules: state.rules.iter().filter(|(_, rule)| rule.life.holds(view.at)).map(|(id, _)| Arc::clone(id)).collect(),
    }
}

fn limits(view: &View) -> BTreeMap<Holder, Arc<Limited>> {
    let parties = view.limits.parties.iter().map(|(id, limited)| (Holder::Party(*id), Arc::clone(limited)));
    let accounts = view.limits.accounts.iter().map(|(id, limited)| (Holder::Account(*id), Arc::clone(limited)));
    parties.chain(accounts).collect()
}

fn unknown_denies(text: Option<&crate::directive::DirectiveText>, at: Time) -> bool {
    match text.map(|text| text.unknown) {
        Some(Unknown::Allow) => false,
        Some(Unknown::AllowUntil(until)) => until <= at,
        Some(Unknown::Deny) | None => true,
    }
}

/// The coming change as a view knows it may be early but never late: an early
/// one costs a look, a late one would serve what is no longer in force.
pub(crate) fn is_soon_enough(kept: &View, anew: &View) -> bool {
    let is_ahead = kept.next_change.is_none_or(|change| kept.at < change);
    let is_late = match (kept.next_change, anew.next_change) {
        (Some(kept), Some(anew)) => anew < kept,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    is_ahead && !is_late
}

/// What is asked of a caller on every request.
fn callers(world: &World) -> BTreeMap<AccountId, Class> {
    world.state().accounts.iter().filter_map(|(id, _)| Some((*id, world.view().class(*id)?))).collect()
}

/// What changed for anybody is in `touched`.
fn check_touched(before: &World, after: &World, touched: &Touched) -> Result<(), TestCaseError> {
    let (old, new) = (callers(before), callers(after));
    for (id, account) in after.state().accounts.iter() {
        let is_told = touched.accounts.contains(id) || touched.parties.contains(&account.party);
        prop_assert!(is_told || old.get(id) == new.get(id), "account {id} changed in silence");
    }
    for (id, key) in after.state().keys.iter() {
        let Some(digest) = key.digest else { continue };
        let (old, new) = (before.view().identify(&digest.0), after.view().identify(&digest.0));
        let party = after.state().accounts.get(&key.account).unwrap().party;
        let is_told = touched.keys.contains(id)
            || touched.accounts.contains(&key.account)
            || touched.parties.contains(&party)
            || [old, new].iter().flatten().all(|caller| caller.key != *id);
        prop_assert!(is_told || old == new, "key {id} changed in silence");
    }
    let (old, new) = (seen(before), seen(after));
    let is_same = (old.models, old.directives, old.rules) == (new.models, new.directives, new.rules)
        && (old.meters, old.stage_limits) == (new.meters, new.stage_limits);
    for holder in old.limits.keys().chain(new.limits.keys()) {
        let is_told = match holder {
            Holder::Party(id) => touched.parties.contains(id),
            Holder::Account(id) => touched.accounts.contains(id),
            Holder::Person(id) => touched.persons.contains(id),
        };
        prop_assert!(is_told || old.limits.get(holder) == new.limits.get(holder), "limits changed in silence");
    }
    for (id, person) in after.state().persons.iter() {
        let Some(key) = person.key() else { continue };
        let is_told = touched.persons.contains(id);
        prop_assert!(is_told || old.persons.get(&key) == new.persons.get(&key), "person {id} changed in silence");
    }
    prop_assert!(touched.rules || is_same, "rules changed in silence");
    Ok(())
}

/// Plays a history; `check` sees the world before and after each step that was
/// accepted, and what it touched.
fn play(
    history: &[Step],
    mut check: impl FnMut(&World, &World, &Touched) -> Result<(), TestCaseError>,
) -> Result<(World, Vec<Entry>), TestCaseError> {
    let mut author = Author::default();
    let mut world = World::default();
    let mut log = Vec::new();
    for entry in author.beginning() {
        world.apply(&entry).unwrap();
        log.push(entry);
    }
    for step in history {
        let before = world.clone();
        let touched = match author.step(step, world.state()) {
            Done::Waited(until) => world.advance(until),
            Done::Wrote(entry) => match world.apply(&entry) {
                Ok(touched) => {
                    log.push(*entry);
                    touched
                }
                Err(_) => {
                    prop_assert_eq!(world.view().at, before.view().at);
                    prop_assert_eq!(seen(&world), seen(&before));
                    continue;
                }
            },
        };
        check(&before, &world, &touched)?;
    }
    Ok((world, log))
}

/// The log as it is read once what it erases is gone.
fn forgotten(log: &[Entry]) -> Vec<Entry> {
    let erased = |entry: &Entry| match &entry.act {
        Act::PrivateErase(parts) => parts.public.acts.iter().map(|erased| erased.act).collect(),
        _ => Vec::new(),
    };
    let erased: BTreeSet<u64> = log.iter().flat_map(erased).collect();
    let read = |(index, entry): (u64, &Entry)| match erased.contains(&index) {
        true => Entry::read(&entry.seal_with([3; 32]).unwrap().bytes, None).unwrap(),
        false => entry.clone(),
    };
    (0..).zip(log).map(read).collect()
}

fn replayed(log: &[Entry], until: Time) -> World {
    let mut world = World::default();
    for entry in log.iter().filter(|entry| entry.at <= until) {
        world.apply(entry).unwrap();
    }
    world.advance(until);
    world
}

pub(crate) fn same_every_time(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(same_every_time(300))]

    #[test]
    fn the_view_kept_up_is_the_view_built_anew(history in histories(60)) {
        play(&history, |_, world, _| {
            let anew = World::with_interner(world.state().clone(), world.view().at, Arc::clone(world.interner()));
            prop_assert_eq!(seen(world), seen(&anew));
            prop_assert_eq!(callers(world), callers(&anew));
            prop_assert_eq!(world.view().size, anew.view().size);
            prop_assert!(is_soon_enough(world.view(), anew.view()));
            Ok(())
        })?;
    }

    /// A world that takes over what several acts led to is where one is that
    /// applied them one by one.
    #[test]
    fn acts_taken_over_together_are_acts_applied_one_by_one(history in histories(60), at_once in 1_usize..9) {
        let (_, log) = play(&history, |_, _, _| Ok(()))?;
        let (mut one_by_one, mut together) = (World::default(), World::default());
        for acts in log.chunks(at_once) {
            let before = together.clone();
            let mut state = together.state().clone();
            let mut by_acts = Touched::default();
            for entry in acts {
                one_by_one.apply(entry).unwrap();
                by_acts.merge(state.apply(entry).unwrap());
            }
            let touched = together.take_over(state, by_acts);
            prop_assert_eq!(seen(&together), seen(&one_by_one));
            prop_assert_eq!((together.view().at, together.view().size), (one_by_one.view().at, one_by_one.view().size));
            let anew = World::with_interner(together.state().clone(), together.view().at, Arc::clone(together.interner()));
            prop_assert_eq!(seen(&together), seen(&anew));
            prop_assert!(is_soon_enough(together.view(), anew.view()));
            check_touched(&before, &together, &touched)?;
        }
    }

    #[test]
    fn what_changed_for_anybody_was_touched(history in histories(60)) {
        play(&history, check_touched)?;
    }

    /// The state holds intervals: it can be asked of any time, and answers as
    /// the log did that far.
    #[test]
    fn any_time_is_the_log_up_to_it(history in histories(60), moments in moments()) {
        let (world, log) = play(&history, |_, _, _| Ok(()))?;
        let log = forgotten(&log);
        for moment in moments {
            prop_assert_eq!(seen(&world.at(moment)), seen(&replayed(&log, moment)), "at {}", moment.millis());
        }
    }

    /// Who follows a log and looks only now and then sees what one sees who
    /// looks after every act, and is told whenever rules may have changed.
    #[test]
    fn looking_now_and_then_shows_the_same(history in histories(60), looks: [bool; 8]) {
        let (_, log) = play(&history, |_, _, _| Ok(()))?;
        let (mut world, mut follower) = (World::default(), Follower::default());
        for (number, entry) in log.iter().enumerate() {
            let touched = world.apply(entry).unwrap();
            let changed = follower.apply(entry).unwrap();
            prop_assert!(changed || !touched.rules, "rules changed in silence");
            prop_assert_eq!(follower.at(), world.view().at);
            if looks[number % looks.len()] {
                prop_assert_eq!(seen(follower.world()), seen(&world));
                prop_assert_eq!(follower.world().view().size, world.view().size);
            }
        }
        prop_assert_eq!(seen(follower.world()), seen(&world));
        prop_assert_eq!(seen(&World::new(follower.state().clone(), follower.at())), seen(&world));
    }

    /// A running server that forgets by an act knows what one knows that never
    /// had the erased parts.
    #[test]
    fn forgetting_is_never_having_known(history in histories(90)) {
        let (world, log) = play(&history, |_, _, _| Ok(()))?;
        let mut anew = State::default();
        for entry in forgotten(&log) {
            anew.apply(&entry).unwrap();
        }
        let kept = world.state();
        let map = |state: &State| {
            let parties: BTreeMap<_, _> = state.parties.iter().map(|(id, kept)| (*id, Arc::clone(kept))).collect();
            let accounts: BTreeMap<_, _> = state.accounts.iter().map(|(id, kept)| (*id, Arc::clone(kept))).collect();
            let persons: BTreeMap<_, _> = state.persons.iter().map(|(id, kept)| (*id, Arc::clone(kept))).collect();
            let appeals: BTreeMap<_, _> = state.appeals.iter().map(|(id, kept)| (*id, Arc::clone(kept))).collect();
            (parties, accounts, persons, appeals)
        };
        prop_assert_eq!(map(kept), map(&anew));
        let names = |state: &State| {
            let handles: BTreeMap<_, _> = state.handles.iter().map(|(name, id)| (Arc::clone(name), *id)).collect();
            let accounts: BTreeMap<_, _> = state.account_handles.iter().map(|(name, id)| (name.clone(), *id)).collect();
            let persons: BTreeMap<_, _> = state.person_keys.iter().map(|(key, id)| (*key, *id)).collect();
            let keys: BTreeMap<_, _> = state.keys.iter().map(|(id, key)| (*id, key.clone())).collect();
            let live: BTreeMap<_, _> = state.live_keys.iter().map(|(digest, standing)| (*digest, *standing)).collect();
            (handles, accounts, persons, keys, live)
        };
        prop_assert_eq!(names(kept), names(&anew));
        prop_assert_eq!((&kept.issuers, &kept.holds, &kept.erased), (&anew.issuers, &anew.holds, &anew.erased));
        prop_assert_eq!(&kept.drafts, &anew.drafts);
        prop_assert_eq!((&kept.campaigns, &kept.readings), (&anew.campaigns, &anew.readings));
    }

    #[test]
    fn a_world_at_any_time_advances_to_any_later(history in histories(60), mut moments in moments()) {
        let (world, _) = play(&history, |_, _, _| Ok(()))?;
        moments.sort_unstable();
        let mut walker = world.at(Time::EPOCH);
        for moment in moments {
            let before = walker.clone();
            let touched = walker.advance(moment);
            check_touched(&before, &walker, &touched)?;
            let there = world.at(moment);
            prop_assert_eq!(seen(&walker), seen(&there));
            prop_assert!(is_soon_enough(walker.view(), there.view()));
        }
    }

    #[test]
    fn nothing_changes_before_the_next_change(history in histories(60), moments in moments(), ahead in 0_i64..40) {
        let (world, _) = play(&history, |_, _, _| Ok(()))?;
        for moment in moments {
            let then = world.at(moment);
            let limit = then.view().next_change.map_or(i64::MAX, |change| change.millis() - 1);
            let later = world.at(Time::from_millis(limit.min(moment.millis() + ahead)));
            prop_assert_eq!(seen(&then), seen(&later));
        }
    }

    /// Whoever folds without some private parts, or after they were erased,
    /// gets through the same log and knows less, never something else.
    #[test]
    fn erased_parts_fold_to_unknown(history in histories(60), erased in prop::collection::vec(any::<bool>(), 100)) {
        let (world, log) = play(&history, |_, _, _| Ok(()))?;
        let mut less = World::default();
        for (entry, is_erased) in log.iter().zip(erased) {
            let sealed = entry.seal_with([3; 32]).unwrap();
            let private = sealed.private.as_ref().filter(|_| !is_erased);
            let read = Entry::read(&sealed.bytes, private.map(|(salt, bytes)| (salt, bytes.as_slice()))).unwrap();
            less.apply(&read).unwrap();
        }
        less.advance(world.view().at);
        let (all, less) = (seen(&world), seen(&less));
        prop_assert_eq!(less.models, all.models);
        prop_assert_eq!(&less.rules, &all.rules);
        prop_assert!(less.keys.iter().all(|(digest, standing)| all.keys.get(digest) == Some(standing)));
        for (id, facts) in &less.parties {
            knows_less(facts, &all.parties[id])?;
        }
        for (id, (_, facts)) in &less.accounts {
            knows_less(facts, &all.accounts[id].1)?;
        }
    }

    #[test]
    fn with_every_private_part_erased_no_claim_is_known(history in histories(60)) {
        let (_, log) = play(&history, |_, _, _| Ok(()))?;
        let mut state = State::default();
        for entry in &log {
            state.apply(&Entry::read(&entry.seal_with([3; 32]).unwrap().bytes, None).unwrap()).unwrap();
        }
        let seen = seen(&World::new(state.clone(), state.last));
        prop_assert!(seen.keys.is_empty());
        let facts = seen.parties.values().chain(seen.accounts.values().map(|(_, facts)| facts));
        for facts in facts {
            prop_assert!(facts.claims.iter().all(|(kind, _)| facts.claims.known(kind, 0).is_none()));
            prop_assert!(facts.lists.is_empty());
        }
    }
}

/// Claims, lists and purposes may be missing; measures and suspensions, which
/// are public, may not.
fn knows_less(less: &Facts, all: &Facts) -> Result<(), TestCaseError> {
    for (kind, _) in less.claims.iter() {
        let known = less.claims.known(kind, 0);
        prop_assert!(known.is_none() || known == all.claims.known(kind, 0), "{} of {:?}", kind, all);
    }
    prop_assert!(less.lists.iter().all(|list| all.lists.contains(list)));
    prop_assert_eq!((&less.measures, less.suspended), (&all.measures, all.suspended));
    Ok(())
}

/// A history must not be all refusals, or the tests above prove nothing.
#[test]
fn every_kind_of_act_is_accepted_somewhere() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut accepted: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..600 {
        let history = histories(60).new_tree(&mut runner).unwrap().current();
        let (_, log) = play(&history, |_, _, _| Ok(())).unwrap();
        log.iter().for_each(|entry| *accepted.entry(entry.act.kind()).or_default() += 1);
    }
    // Imports have histories of their own, in `import/tests.rs`.
    let expected = Act::KINDS.iter().filter(|kind| **kind != "party.import");
    let never: Vec<&&str> = expected.filter(|kind| !accepted.contains_key(**kind)).collect();
    assert!(never.is_empty(), "{never:?} of {accepted:?}");
}
