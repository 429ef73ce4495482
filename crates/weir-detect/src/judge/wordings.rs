//! Wordings: whether those who keep a wording around tasks that are dealt out have
//! one operator. Where all keep the same, they have one template, and resemble themselves by
//! nothing but that others met it by one sentence and go on otherwise: what a long template
//! fills of a turn is then more frequent among their own turns than in the group. Where each
//! keeps one of its own, the tasks cannot tell: a phrase that several campaigns have in common
//! joins their accounts, each of which keeps its campaign's wording. What one operator
//! pays and calls with is shared across his wordings as within them; of several each has
//! his own. So accounts that share a means of payment or an address, of those that hardly
//! anybody outside has, are asked whether they have their wording in common more often
//! than any two of the group.

use std::collections::{BTreeMap, BTreeSet};

use crate::candidate::{Candidate, Member};
use crate::constants::{OWN_WORDING, WITHIN_WORDINGS, WORDING_PAIRS, WRAPPER_SHARE};
use crate::standing::{Kind, Standing};
use crate::state::State;

/// Whether most of those who work with it keep one wording.
pub(super) fn are_the_same(candidate: &Candidate, core: &[u64]) -> bool {
    Wordings::of(candidate, core).are_the_same()
}

/// Whether its accounts resemble themselves by one wording, or by several across which what
/// they have in common reaches. False where too few have anything in common.
pub(super) fn are_of_one(candidate: &Candidate, core: &[u64], standing: &Standing, state: &State) -> bool {
    if !candidate.resemble_themselves_by_wording() {
        return false;
    }
    let wordings = Wordings::of(candidate, core);
    if wordings.are_the_same() {
        return true;
    }
    if !candidate.keeps_a_wording_each() {
        return false;
    }
    let within: Vec<f64> = [Kind::Payment, Kind::Address]
        .into_iter()
        .filter_map(|kind| {
            let values = standing.kind(kind)?;
            let value = |unit: &u64| (kind.value(state, *unit), *unit);
            let held = core.iter().map(value).filter(|(value, _)| values.is_enriched(*value));
            wordings.within(held)
        })
        .collect();
    !within.is_empty() && within.iter().all(|share| *share <= WITHIN_WORDINGS)
}

/// The topic buckets that most turns of each member show, without those of most members:
/// what differs from wording to wording.
struct Wordings {
    own: BTreeMap<u64, BTreeSet<u8>>,
    /// How many of them keep the wording of most, and little or nothing beside.
    common: usize,
}

impl Wordings {
    fn of(candidate: &Candidate, core: &[u64]) -> Wordings {
        let known = core.iter().filter_map(|unit| Some((*unit, wording(candidate.members.get(unit)?)?)));
        let mut wordings: BTreeMap<u64, BTreeSet<u8>> = known.collect();
        let mut showing = [0_usize; 256];
        wordings.values().flatten().for_each(|bucket| showing[usize::from(*bucket)] += 1);
        let most = wordings.len() / 2;
        let mut common = 0;
        for wording in wordings.values_mut() {
            let all = wording.len();
            wording.retain(|bucket| showing[usize::from(*bucket)] <= most);
            common += usize::from(all > wording.len() && wording.len() as f64 <= OWN_WORDING * all as f64);
        }
        Wordings { own: wordings, common }
    }

    /// Whether most keep one wording.
    fn are_the_same(&self) -> bool {
        self.common * 2 > self.own.len()
    }

    /// How much more of their wordings those who share a value have in common than any
    /// two, as a share of all that they could: 0 where wordings go across, 1 where only
    /// accounts of one wording share anything. None of too few pairs.
    fn within(&self, held: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
        let mut users = BTreeMap::<u64, Vec<u64>>::new();
        held.for_each(|(value, unit)| users.entry(value).or_default().push(unit));
        // Neighbours in order of their keyed hashes: as any two, and never all pairs.
        let sharing: Vec<f64> = users.values().flat_map(|users| self.neighbours(users)).collect();
        let all: Vec<u64> = self.own.keys().copied().collect();
        let any: Vec<f64> = self.neighbours(&all).collect();
        if sharing.len() < WORDING_PAIRS || any.len() < WORDING_PAIRS {
            return None;
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (sharing, any) = (mean(&sharing), mean(&any));
        (any < 1.0).then(|| (sharing - any) / (1.0 - any))
    }

    /// What each two neighbours of so many have in common: the part of both their wordings.
    fn neighbours(&self, units: &[u64]) -> impl Iterator<Item = f64> {
        units.windows(2).filter_map(|pair| {
            let (left, right) = (self.own.get(&pair[0])?, self.own.get(&pair[1])?);
            let all = left.union(right).count();
            (all > 0).then(|| left.intersection(right).count() as f64 / all as f64)
        })
    }
}

/// The topic buckets of a member's own wording; none where it hardly gave a turn.
fn wording(member: &Member) -> Option<BTreeSet<u8>> {
    let history = &member.history;
    let shows = |count: u8| f64::from(count) >= WRAPPER_SHARE * f64::from(history.count);
    let often = history.topics.iter().filter(|(_, count)| shows(*count));
    (history.count >= 2).then(|| often.map(|(bucket, _)| bucket).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred members whose wordings go by `wording`, each of eight turns that show
    /// their wording's two buckets, the group's, and a topic.
    fn group(wording: impl Fn(u64) -> u8) -> Wordings {
        let sketched = crate::Sketcher::new(&crate::Settings::default()).sketch(&Default::default()).event;
        let mut candidate = Candidate::default();
        for unit in 0..100 {
            let mut member = Member::default();
            for turn in 0..8 {
                let topic = [7, 20 + (unit as u8 + turn) % 60, 100 + 2 * wording(unit), 101 + 2 * wording(unit)];
                member.history.take(&crate::profile::Event { topic: crate::text::Topic::of(&topic), before: 0, ..sketched.clone() });
            }
            candidate.members.insert(unit, member);
        }
        Wordings::of(&candidate, &(0..100).collect::<Vec<u64>>())
    }

    #[test]
    fn cards_across_wordings_are_one_operator_s_and_within_them_several_s() {
        let fives = group(|unit| (unit % 5) as u8);
        assert!(fives.own.values().all(|wording| wording.len() == 2), "the group's own bucket is no wording's");
        let across = fives.within((0..100).map(|unit| (unit / 4, unit))).unwrap();
        let within = fives.within((0..100).map(|unit| (unit % 5 + unit / 20 * 5, unit))).unwrap();
        assert!(across < WITHIN_WORDINGS / 2.0 && within > 2.0 * WITHIN_WORDINGS, "{across} {within}");
        assert!(!fives.are_the_same());
        // Two that share a value say nothing.
        assert_eq!(fives.within((0..100).map(|unit| (unit.max(8), unit))), None);
    }

    #[test]
    fn one_template_of_most_is_one_wording() {
        // Every fifth has met it by one of its words, and goes on otherwise.
        assert!(group(|unit| if unit % 5 > 0 { 0 } else { 1 + (unit % 60) as u8 }).are_the_same());
        assert!(!group(|unit| if unit % 2 > 0 { 0 } else { 1 + (unit % 60) as u8 }).are_the_same(), "of half of them");
    }
}
