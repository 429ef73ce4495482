//! Work that is dealt out to most of a group, though the group as a whole does not show
//! it. A template gets about: those who copied it are few, but each may send more in a
//! week than a quiet account in all, and what the comparisons of all of them show is
//! a mixture that tells of neither kind. So each account is asked for itself,
//! by its own comparisons, which no other account's enter. Where all keep one wording it
//! is asked without that, too: of a long template that others met by one sentence, each
//! account's turns resemble its own by the rest of it. It is no part of the e-value, whose
//! bets stay on all of them.

use crate::candidate::Candidate;
use crate::constants::{DEALT_BITS, GROUP_UNITS, ONE_BY_ONE_BITS};

/// Work that its members tell one by one to be dealt out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OneByOne {
    /// Those of whom it can be told.
    pub(crate) known: u64,
    /// Those of them to whom it is dealt out beyond doubt.
    pub(crate) dealt: u64,
    /// What all of them say, each at most as much as of a member, either way.
    pub(crate) bits: f64,
    /// Whether the wording that all of them keep was left out.
    pub(crate) without_wording: bool,
}

impl OneByOne {
    /// Of those who work with a template: none where it can be told of fewer than half, or
    /// where fewer than half of those have work that is dealt out.
    pub(crate) fn of(candidate: &Candidate, working: &[u64], without_wording: bool) -> Option<OneByOne> {
        let told: Vec<f64> = candidate.told_one_by_one(working, without_wording).collect();
        let dealt = told.iter().filter(|bits| **bits >= ONE_BY_ONE_BITS).count() as u64;
        let known = told.len() as u64;
        let is_known = known >= GROUP_UNITS && known * 2 >= working.len() as u64;
        let bits = told.iter().map(|bits| bits.clamp(-DEALT_BITS, DEALT_BITS)).sum();
        (is_known && dealt * 2 >= known).then_some(OneByOne { known, dealt, bits, without_wording })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::Member;
    use crate::likeness::Own;

    /// A candidate of members whose own comparisons say so many bits each.
    fn of(bits: &[(u64, Own)]) -> (Candidate, Vec<u64>) {
        let mut candidate = Candidate::default();
        for (count, own) in bits {
            let from = candidate.members.len() as u64;
            candidate.members.extend((from..from + count).map(|unit| (unit, Member { own: *own, ..Member::default() })));
        }
        let working = candidate.members.keys().copied().collect();
        (candidate, working)
    }

    fn told(bits: &[(u64, Own)]) -> Option<OneByOne> {
        let (candidate, working) = of(bits);
        OneByOne::of(&candidate, &working, false)
    }

    #[test]
    fn quiet_accounts_are_told_beside_busy_ones_who_copied_their_template() {
        let found = told(&[(100, Own::of_bits(15.0)), (25, Own::of_bits(-90.0))]);
        assert_eq!(found, Some(OneByOne { known: 125, dealt: 100, bits: 100.0 * DEALT_BITS - 25.0 * DEALT_BITS, without_wording: false }));
        assert_eq!(told(&[(100, Own::of_bits(15.0)), (101, Own::of_bits(-90.0))]), None, "fewer than half");
    }

    #[test]
    fn users_whose_interests_hardly_show_are_not_dealt_their_work_beyond_doubt() {
        assert_eq!(told(&[(100, Own::of_bits(3.9))]), None);
        assert!(told(&[(100, Own::of_bits(4.0))]).is_some());
        // A quarter of the users of one tool, and three in four lean that way.
        assert_eq!(told(&[(25, Own::of_bits(5.0)), (50, Own::of_bits(2.0)), (25, Own::of_bits(-1.0))]), None);
    }

    #[test]
    fn where_it_can_be_told_of_few_nothing_is_told() {
        assert_eq!(told(&[(40, Own::of_bits(9.0)), (41, Own::default())]), None, "fewer than half");
        assert!(told(&[(40, Own::of_bits(9.0)), (40, Own::default())]).is_some());
        assert_eq!(told(&[(GROUP_UNITS - 1, Own::of_bits(9.0))]), None);
        let (candidate, _) = of(&[(40, Own::of_bits(9.0))]);
        assert_eq!(OneByOne::of(&candidate, &[100, 101], false), None, "of nobody who works with it");
    }
}
