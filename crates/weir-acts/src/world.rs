//! A state and the view of it, moved forward together. Acts move them by
//! [`World::apply`], time alone by [`World::advance`]; both say what they
//! touched, and only that is recomputed. An agenda of coming boundaries makes
//! the passing of time as cheap as an act.
//!
//! Invariant, held by a property test: after any steps the view equals the
//! one built from the state anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::directive::Unknown;
use crate::entry::Entry;
use crate::facts::{Calendar, Facts, Interner, next_boundary, next_person_change};
use crate::id::{KeyId, PersonId};
use crate::import::Import;
use crate::limits::{LimitSpan, Limited};
use crate::person::PersonKey;
use crate::shards::Shards;
use crate::state::{FoldError, Holder, State, Touched};
use crate::time::Time;
use crate::view::{KeyStanding, LimitsInForce, MeasuresInForce, View, in_force, keep};
use crate::words::Stage;

mod follower;

pub use follower::Follower;

/// A state with its view at the present moment.
#[derive(Debug, Clone)]
pub struct World {
    state: State,
    view: View,
    agenda: BTreeMap<Time, Touched>,
    /// What changes by time alone of the many that came at once.
    calendars: Vec<Calendar>,
    /// What persons in the view are known by, for when a name is erased.
    known_persons: Shards<PersonId, PersonKey>,
}

impl Default for World {
    fn default() -> World {
        World::new(State::default(), Time::EPOCH)
    }
}

impl World {
    /// The world of `state` at `at`, built from nothing.
    pub fn new(state: State, at: Time) -> World {
        World::with_interner(state, at, Arc::default())
    }

    /// As [`World::new`], sharing the interner of another world, so that
    /// classes of both compare.
    pub fn with_interner(state: State, at: Time, interner: Arc<Interner>) -> World {
        let view = View {
            at,
            size: state.size,
            next_change: None,
            parties: Shards::default(),
            accounts: Shards::default(),
            persons: Shards::default(),
            keys: Shards::default(),
            models: Arc::clone(&state.models),
            issuers: Arc::clone(&state.issuers),
            kinds: Arc::clone(&state.kinds),
            limits: LimitsInForce::default(),
            measures: MeasuresInForce::default(),
            interner,
        };
        let mut world =
            World { state, view, agenda: BTreeMap::new(), calendars: Vec::new(), known_persons: Shards::default() };
        world.refresh_all();
        world
    }

    /// The state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The view at the present moment.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The interner of its classes.
    pub fn interner(&self) -> &Arc<Interner> {
        &self.view.interner
    }

    /// This world's state at another time, past or to come. What was not yet
    /// acted then is not in force in it, and comes into force as it advances.
    pub fn at(&self, at: Time) -> World {
        World::with_interner(self.state.clone(), at, Arc::clone(&self.view.interner))
    }

    /// Folds the next entry, first letting time pass up to it.
    ///
    /// # Errors
    /// When the entry does not follow; the world is then as it was before.
    pub fn apply(&mut self, entry: &Entry) -> Result<Touched, FoldError> {
        // First the act: were time let pass and the act then refused, nobody
        // would be told what the time touched.
        let by_act = self.state.apply(entry)?;
        let mut touched = self.advance(entry.at);
        self.refresh(&by_act);
        touched.merge(by_act);
        Ok(touched)
    }

    /// Takes over `state`, to which acts led from this world's own that touched
    /// `by_acts`: what applying each of them comes to, at the cost of one.
    pub fn take_over(&mut self, state: State, by_acts: Touched) -> Touched {
        let at = state.last;
        self.state = state;
        let mut touched = self.advance(at);
        self.refresh(&by_acts);
        touched.merge(by_acts);
        touched
    }

    /// As [`World::apply`], of the act of an import with its rows.
    ///
    /// # Errors
    /// As [`World::apply`].
    pub fn apply_import(&mut self, entry: &Entry, import: &Import) -> Result<Touched, FoldError> {
        let by_act = self.state.apply_import(entry, import)?;
        let mut touched = self.advance(entry.at);
        self.view.size = self.state.size;
        self.view.keys = self.state.live_keys.clone();
        match &import.seen {
            Some(seen) => {
                let disputed = self.view.join(seen);
                disputed.into_iter().for_each(|holder| self.refresh_holder(holder));
                self.calendars.push(seen.calendar.clone());
            }
            None => import.touched.iter().for_each(|holder| self.refresh_holder(*holder)),
        }
        self.look_ahead();
        // What was seen before the act's own time may have changed since.
        if self.view.next_change.is_some_and(|change| change <= entry.at) {
            touched.merge(self.pass(entry.at));
        }
        touched.merge(by_act);
        Ok(touched)
    }

    /// Lets time pass up to `now`; never backwards.
    pub fn advance(&mut self, now: Time) -> Touched {
        if now <= self.view.at {
            return Touched::default();
        }
        self.pass(now)
    }

    fn pass(&mut self, now: Time) -> Touched {
        self.view.at = now;
        let mut touched = Touched::default();
        while let Some(due) = self.agenda.first_entry().filter(|due| *due.key() <= now) {
            touched.merge(due.remove());
        }
        for calendar in &mut self.calendars {
            while let Some(holder) = calendar.take(now) {
                touched.holder(holder);
            }
        }
        self.calendars.retain(|calendar| calendar.first().is_some());
        if !touched.is_empty() {
            self.refresh(&touched);
        }
        touched
    }

    fn refresh_all(&mut self) {
        self.calendars = vec![Calendar::new(self.view.place_all(&self.state))];
        let is_past = self.view.at < self.state.last;
        let keys = if is_past { self.state.keys.iter().map(|(id, _)| *id).collect() } else { BTreeSet::new() };
        self.refresh_keys(&keys);
        let persons = self.state.persons.iter().map(|(id, _)| *id).collect();
        self.refresh(&Touched { rules: true, issuers: true, persons, ..Touched::default() });
    }

    fn refresh(&mut self, touched: &Touched) {
        self.view.size = self.state.size;
        let parties = touched.parties.iter().copied().map(Holder::Party);
        let accounts = touched.accounts.iter().copied().map(Holder::Account);
        let persons = touched.persons.iter().copied().map(Holder::Person);
        parties.chain(accounts).chain(persons).for_each(|holder| self.refresh_holder(holder));
        if !touched.keys.is_empty() {
            self.refresh_keys(&touched.keys);
        }
        if touched.issuers {
            self.view.issuers = Arc::clone(&self.state.issuers);
        }
        if touched.rules {
            self.view.kinds = Arc::clone(&self.state.kinds);
            self.view.models = Arc::clone(&self.state.models);
            self.view.limits.stages = Arc::new(stages_limited(&self.state, self.view.at));
            self.schedule(next_rules_change(&self.state, self.view.at), |coming| coming.rules = true);
        }
        self.look_ahead();
    }

    fn look_ahead(&mut self) {
        let days = self.calendars.iter().filter_map(Calendar::first);
        self.view.next_change = self.agenda.keys().next().copied().into_iter().chain(days).min();
    }

    fn schedule(&mut self, change: Option<Time>, touch: impl FnOnce(&mut Touched)) {
        if let Some(change) = change {
            touch(self.agenda.entry(change).or_default());
        }
    }

    fn refresh_holder(&mut self, holder: Holder) {
        if let Holder::Person(id) = holder {
            return self.refresh_person(id);
        }
        let change = self.view.place(&self.state, holder);
        self.schedule(change, |coming| coming.holder(holder));
    }

    fn refresh_person(&mut self, id: PersonId) {
        let Some(person) = self.state.persons.get(&id) else { return };
        let change = next_person_change(person, self.view.at);
        // A name that was erased takes its key with it.
        if let Some(former) = self.known_persons.remove(&id) {
            self.view.persons.remove(&former);
            self.view.measures.persons.remove(&former);
        }
        let facts = Facts::of_person(person, self.view.at);
        // One of whom nothing is known now is decided as one never heard of.
        if let Some(key) = person.key().filter(|_| facts != Facts::default()) {
            self.known_persons.insert(id, key);
            self.view.persons.insert(key, self.view.interner.intern(facts));
            keep(&mut self.view.measures.persons, key, in_force(&person.measures, self.view.at));
        }
        self.schedule(change, |coming| {
            coming.persons.insert(id);
        });
    }

    fn refresh_keys(&mut self, ids: &BTreeSet<KeyId>) {
        if self.view.at >= self.state.last {
            // Keys begin and end with acts, so the state has this very map.
            self.view.keys = self.state.live_keys.clone();
            return;
        }
        for id in ids {
            self.refresh_past_key(*id);
        }
    }

    fn refresh_past_key(&mut self, id: KeyId) {
        let Some(key) = self.state.keys.get(&id) else { return };
        let change = next_boundary(std::iter::once(&key.life), self.view.at);
        if let Some(digest) = key.digest {
            if key.life.holds(self.view.at) {
                self.view.keys.insert(digest.0, KeyStanding { key: id, account: key.account });
            } else if self.view.keys.get(&digest.0).is_some_and(|standing| standing.key == id) {
                self.view.keys.remove(&digest.0);
            }
        }
        self.schedule(change, |coming| {
            coming.keys.insert(id);
        });
    }
}

fn stages_limited(state: &State, at: Time) -> BTreeMap<Stage, Arc<Limited>> {
    let limited = |(stage, spans): (&Stage, &Vec<LimitSpan>)| Some((*stage, Limited::of_stage(spans, at)?));
    state.stage_limits.iter().filter_map(limited).collect()
}

/// The first moment after `at` at which a rule, model, stage or directive
/// begins or ends, or a directive changes how it answers unknown. Of these
/// only directives have moments later than the last act.
fn next_rules_change(state: &State, at: Time) -> Option<Time> {
    let directives = state.directives.values().filter_map(|directive| directive.life.as_ref());
    let models = state.models.values().map(|model| &model.life);
    let rules = state.rules.values().map(|rule| &rule.life);
    let boundary = next_boundary(directives.chain(models).chain(rules), at);
    let stages = state.models.values().flat_map(|model| &model.stages).map(|span| span.from);
    let meters = state.models.values().flat_map(|model| &model.meters).map(|meter| meter.from);
    let limits = state.stage_limits.values().flatten().map(|span| span.from);
    let stages = stages.chain(meters).chain(limits);
    let allowances = state.directives.values().filter_map(|directive| match directive.text.as_ref()?.unknown {
        Unknown::AllowUntil(until) if directive.life.is_some() => Some(until),
        _ => None,
    });
    boundary.into_iter().chain(stages.chain(allowances).filter(|moment| *moment > at)).min()
}

#[cfg(test)]
pub(crate) mod tests;
