//! Prompts that come with turns of their own. An exchange whose conversation had an
//! earlier turn follows up on that, and says little of what its sender was given to do; but
//! a program may send examples before each task, or set the task in a turn that the model
//! is made to have taken up, and then every exchange of its has earlier turns and none is an
//! opening one. What came before tells: in a conversation that goes on it is something else at
//! each turn, in such a prompt it is the same before one task and the next. So an exchange
//! stands for an opening turn where its customer sends other exchanges after the very same
//! turns, in this epoch or earlier ones. Each customer's own exchanges alone are compared,
//! and of earlier epochs one value is remembered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::profile::{EpochProfile, UnitEpoch};
use crate::unit::Units;

/// What is remembered of a customer: what came before some turn of its, shortened; 0 where
/// there was none. Odd where it was met before two different ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Primer(u32);

impl Primer {
    fn met_once(before: u64) -> Primer {
        Primer((before >> 32) as u32 & !1)
    }

    fn is_of(self, before: u64) -> bool {
        self.0 != 0 && self.0 & !1 == Primer::met_once(before).0
    }

    fn is_met_often(self) -> bool {
        self.0 & 1 == 1
    }

    /// What is the same before several turns of an epoch, in order, and what is remembered
    /// after it. What was met often gives way to another that was alone.
    fn look(self, seen: &UnitEpoch) -> (Vec<u64>, Primer) {
        let follow_ups = seen.events.iter().map(|(_, event)| event).filter(|event| event.follows_up());
        let mut turns: Vec<(u64, u64)> = follow_ups.map(|event| (event.before, event.fill)).collect();
        turns.sort_unstable();
        turns.dedup();
        let is_primed = |turns: &[(u64, u64)]| turns.len() > 1 || self.is_of(turns[0].0);
        let befores = turns.chunk_by(|(left, _), (right, _)| left == right);
        let primed: Vec<u64> = befores.filter(|turns| is_primed(turns)).map(|turns| turns[0].0).collect();
        let next = match (primed.iter().find(|before| self.is_of(**before)).or(primed.first()), turns.first()) {
            (Some(&before), _) => Primer(Primer::met_once(before).0 | 1),
            (None, Some(&(before, _))) if !self.is_met_often() => Primer::met_once(before),
            _ => self,
        };
        (primed, next)
    }
}

/// An epoch as it is folded.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// The epoch with its opening turns, where there are others than it says.
    pub(crate) profile: Option<EpochProfile>,
    primers: Vec<(u64, Primer)>,
}

impl Opened {
    /// Of the epoch, and what is known of customers from earlier ones.
    pub(crate) fn of(profile: &EpochProfile, units: &Units) -> Opened {
        let mut primed: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        let mut primers = Vec::new();
        let has_follow_ups = |seen: &UnitEpoch| seen.events.iter().any(|(_, event)| event.follows_up());
        for (&id, seen) in profile.units.iter().filter(|(_, seen)| has_follow_ups(seen)) {
            let known = units.get(&id).map(|unit| unit.primer).unwrap_or_default();
            let (befores, next) = known.look(seen);
            if next != known {
                primers.push((id, next));
            }
            if !befores.is_empty() {
                primed.insert(id, befores);
            }
        }
        if primed.is_empty() {
            return Opened { profile: None, primers };
        }
        let mut profile = profile.clone();
        for (id, befores) in primed {
            let events = profile.units.get_mut(&id).into_iter().flat_map(|seen| &mut seen.events);
            for (_, event) in events.filter(|(_, event)| befores.binary_search(&event.before).is_ok()) {
                event.open();
            }
        }
        Opened { profile: Some(profile), primers }
    }

    /// Remembers what it saw, once the customers are known.
    pub(crate) fn note(&self, units: &mut Units) {
        for (id, primer) in &self.primers {
            if let Some(unit) = units.get_mut(id) {
                unit.primer = *primer;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Event;
    use crate::unit::Unit;

    /// An epoch of one customer who said so before its turns, and in them.
    fn epoch(turns: &[(u64, u64)]) -> EpochProfile {
        let mut seen = UnitEpoch::default();
        for (place, &(before, fill)) in (0..).zip(turns) {
            seen.keep(place, Event { before: before << 33, fill, ..Event::default() });
        }
        EpochProfile { units: BTreeMap::from([(7, seen)]) }
    }

    /// How many of the turns are opening ones, epoch by epoch.
    fn openings(epochs: &[&[(u64, u64)]]) -> Vec<usize> {
        let mut units = Units::default();
        let count = |turns: &&[(u64, u64)]| {
            let profile = epoch(turns);
            let opened = Opened::of(&profile, &units);
            units.entry(7).or_insert_with(Unit::default);
            opened.note(&mut units);
            let profile = opened.profile.unwrap_or(profile);
            profile.units[&7].events.iter().filter(|(_, event)| !event.follows_up()).count()
        };
        epochs.iter().map(count).collect()
    }

    #[test]
    fn a_conversation_that_goes_on_has_one_opening_turn() {
        assert_eq!(openings(&[&[(0, 1), (1, 2), (2, 3), (3, 4)], &[(4, 5), (5, 6)], &[(0, 7), (6, 8)]]), [1, 0, 1]);
        // A turn that is sent again is none that was met before another.
        assert_eq!(openings(&[&[(0, 1), (1, 2), (1, 2)]]), [1]);
    }

    #[test]
    fn tasks_after_the_same_examples_are_opening_turns() {
        assert_eq!(openings(&[&[(9, 1), (9, 2), (9, 3)]]), [3]);
        // One an epoch, as quiet accounts have: the first is not known for one.
        assert_eq!(openings(&[&[(9, 1)], &[(9, 2)], &[(9, 3)]]), [0, 1, 1]);
        // Each task goes on for a turn, and a person's chats lie between.
        let epochs: [&[(u64, u64)]; 4] = [&[(9, 1), (1, 4), (9, 2), (2, 4)], &[(3, 5)], &[(0, 6), (5, 7)], &[(9, 8), (8, 4)]];
        assert_eq!(openings(&epochs), [2, 0, 1, 1]);
    }

    #[test]
    fn another_prompt_takes_the_place_of_one_that_is_used_no_more() {
        assert_eq!(openings(&[&[(9, 1), (9, 2)], &[(8, 3), (8, 4)], &[(8, 5)]]), [2, 2, 1]);
        assert_eq!(openings(&[&[(9, 1)], &[(8, 2)], &[(8, 3)]]), [0, 0, 1], "of those met once the last is remembered");
    }
}
