//! Addresses or clients that are new to customers known before, in one epoch: how often
//! an unrelated customer's would be among a group's is asked of them for every candidate.

use super::Joint;
use crate::candidate::Values;
use crate::constants::NEW_VALUES;
use crate::unit::Recent;

/// New values of an epoch's customers, at most [`NEW_VALUES`].
#[derive(Debug, Default)]
pub(super) struct News {
    /// By value: the customer, and whether it is that customer's first.
    values: Vec<(u64, u64, bool)>,
    /// Customers in order, and how many they had.
    units: Vec<(u64, u32)>,
}

impl News {
    /// Notes a value of a customer, where there is room for it and it is new to it.
    /// Customers come in the order of their hashes.
    pub(super) fn take(&mut self, unit: u64, value: u64, known: &Recent) {
        if self.values.len() >= NEW_VALUES || !super::is_new(value, known) {
            return;
        }
        match self.units.last_mut().filter(|(last, _)| *last == unit) {
            Some((_, count)) => {
                *count += 1;
                self.values.push((value, unit, false));
            }
            None => {
                self.units.push((unit, 1));
                self.values.push((value, unit, true));
            }
        }
    }

    #[cfg(test)]
    pub(super) fn values(&self) -> Vec<u64> {
        self.values.iter().map(|(value, ..)| *value).collect()
    }

    /// To be called when all have come.
    pub(super) fn sort(&mut self) {
        self.values.sort_unstable();
    }

    /// How often values new to other customers are among the group's: of all that was
    /// new, and of each customer's first, as a member's is, whichever is more. A few who
    /// call from everywhere would stand for the population in the one, and those who
    /// move about among many addresses count little in the other.
    pub(super) fn share_of(&self, group: &Values, joint: &Joint<'_>) -> f64 {
        let (mut all, mut each) = (self.values.len(), self.units.len());
        for unit in joint.keys() {
            if let Ok(place) = self.units.binary_search_by_key(unit, |(unit, _)| *unit) {
                all -= self.units[place].1 as usize;
                each -= 1;
            }
        }
        let (mut all_hits, mut first_hits) = (0_usize, 0_usize);
        // Both are in order, so one is gone through beside the other.
        let mut rest = self.values.as_slice();
        for shared in group.iter() {
            let smaller = rest.iter().take_while(|(value, ..)| *value < shared.value).count();
            rest = &rest[smaller..];
            for &(_, unit, is_first) in rest.iter().take_while(|(value, ..)| *value == shared.value) {
                if shared.is_used_by_others(unit) && !joint.contains_key(&unit) {
                    all_hits += 1;
                    first_hits += usize::from(is_first);
                }
            }
            if rest.is_empty() {
                break;
            }
        }
        // One more of each, and half again: the sample is small at times.
        let share = |count: usize, hits: usize| (1.5 * (hits as f64 + 1.0) / (count as f64 + 1.0)).min(1.0);
        share(all, all_hits).max(share(each, first_hits))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The share as it is said, counted one value after the other.
        #[test]
        fn the_share_is_what_counting_each_value_gives(
            mut new in prop::collection::vec((0..40_u64, 1..60_u64), 0..150),
            used in prop::collection::vec((0..50_u64, 1..60_u64), 0..60),
            joint in prop::collection::btree_set(0..40_u64, 0..20),
        ) {
            new.sort_unstable_by_key(|(unit, _)| *unit);
            let mut known = Recent::default();
            known.take(1_000);
            let mut news = News::default();
            new.iter().for_each(|&(unit, value)| news.take(unit, value, &known));
            news.sort();
            let mut group = Values::default();
            used.iter().for_each(|&(unit, value)| group.take(value, unit));
            let in_joint: Joint<'_> = joint.iter().map(|unit| (*unit, Vec::new())).collect::<BTreeMap<_, _>>();
            let (mut all, mut each, mut seen) = ([0.0_f64; 2], [0.0_f64; 2], BTreeSet::new());
            for &(unit, value) in new.iter().filter(|(unit, _)| !joint.contains(unit)) {
                let hit = f64::from(u8::from(group.used_by_others(value, unit)));
                all = [all[0] + 1.0, all[1] + hit];
                if seen.insert(unit) {
                    each = [each[0] + 1.0, each[1] + hit];
                }
            }
            let share = |[count, hits]: [f64; 2]| (1.5 * (hits + 1.0) / (count + 1.0)).min(1.0);
            prop_assert_eq!(news.share_of(&group, &in_joint), share(all).max(share(each)));
        }
    }
}
