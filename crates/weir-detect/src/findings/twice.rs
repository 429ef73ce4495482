//! People who are told already. A phrase may join a campaign with people of another kind.
//! Then its accounts' exits and their dealt-out work speak for all who show the phrase: the
//! bets are on the group, and half of those of whom it can be told are enough. The campaign
//! stands by itself, more strongly. So of a weaker finding that shares workers with it, the
//! others must have brought something to the bets, too.

use std::collections::BTreeSet;

use crate::candidate::Candidate;
use crate::constants::{OTHERS_BRING, OWN_WORKERS};
use crate::dossier::Status;
use crate::judge::Verdict;

/// Lets go of findings, the strongest of which come first, that stand by the workers of
/// stronger ones.
pub(super) fn keep_what_stands(found: &mut Vec<(&Candidate, Verdict, Status)>) {
    let mut told = BTreeSet::new();
    found.retain(|(candidate, verdict, _)| {
        let stands = stands_beside(candidate, &verdict.core, &told);
        if stands {
            told.extend(&verdict.core);
        }
        stands
    });
}

/// Whether nearly all of its workers are told nowhere else, or nearly none, or those who are
/// not brought as much to the bets, by half, as those who are. Each one's bits are its own
/// factors in the e-process.
fn stands_beside(candidate: &Candidate, working: &[u64], told: &BTreeSet<u64>) -> bool {
    let (of_others, own): (Vec<u64>, Vec<u64>) = working.iter().partition(|unit| told.contains(unit));
    let share = own.len() as f64 / working.len().max(1) as f64;
    if share >= OWN_WORKERS || share <= 1.0 - OWN_WORKERS {
        return true;
    }
    let brought = |unit: &u64| candidate.members.get(unit).map_or(0.0, |member| member.bits.iter().sum());
    let mean = |units: &[u64]| units.iter().map(brought).sum::<f64>() / units.len() as f64;
    mean(&own) >= OTHERS_BRING * mean(&of_others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bet::Component;
    use crate::candidate::Member;

    /// A candidate of accounts that brought so many bits each, and all of them.
    fn of(bits: &[(u64, f64)]) -> (Candidate, Vec<u64>) {
        let mut candidate = Candidate::default();
        for &(count, each) in bits {
            let from = candidate.members.len() as u64;
            let mut member = Member::default();
            member.bits[Component::Address as usize] = each;
            candidate.members.extend((from..from + count).map(|unit| (unit, member.clone())));
        }
        let working = candidate.members.keys().copied().collect();
        (candidate, working)
    }

    fn stands(bits: &[(u64, f64)], told: std::ops::Range<u64>) -> bool {
        let (candidate, working) = of(bits);
        stands_beside(&candidate, &working, &told.collect())
    }

    #[test]
    fn users_whom_a_phrase_joins_with_a_campaign_do_not_stand_by_its_accounts() {
        // Sixty accounts of a campaign share exits, forty users of a harness nothing.
        let joined = [(60, 1.0), (40, 0.02)];
        assert!(!stands(&joined, 0..60));
        // They are one finding as long as no other tells of some of them.
        assert!(stands(&joined, 0..0) && stands(&joined, 200..300));
        // Harness users who are told are a few of its workers, and it is the campaign's.
        assert!(stands(&joined, 60..80));
    }

    #[test]
    fn a_campaign_of_which_some_are_told_stands_with_the_others() {
        let campaign = [(60, 1.0), (40, 0.6)];
        assert!(stands(&campaign, 0..60));
        // The whole of which the parts are told: nobody is told who was not.
        assert!(stands(&campaign, 0..90) && stands(&campaign, 0..100));
        // A few of another's: a bystander, keys that two thieves have.
        assert!(stands(&[(20, 0.5)], 0..4));
    }
}
