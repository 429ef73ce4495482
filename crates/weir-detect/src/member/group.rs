//! What a member is held against: those of the group whose work is known to be dealt
//! out, and how many of the group are rather somebody else.

use super::{Test, own_bits};
use crate::candidate::Candidate;
use crate::constants::{OWN_BITS, OWN_BITS_EVEN};
use crate::judge::Verdict;
use crate::judge::exits::Exits;
use crate::standing::Standing;
use crate::state::State;

/// The group as a member's own test sees it.
#[derive(Debug)]
pub(crate) struct Group {
    /// Working members of whom it is known that their work is dealt out, where those are
    /// most; else all who work. Sorted. What a class shares that meets a campaign's phrase
    /// says nothing of the campaign.
    proven: Vec<u64>,
    /// Their values.
    pub(super) standing: Standing,
    /// Addresses that they take by turns.
    pub(super) exits: Option<Exits>,
    /// Bits that what does not come along with a copy must bring.
    pub(super) needed: f64,
}

impl Group {
    pub(crate) fn of(candidate: &Candidate, verdict: &Verdict, state: &State) -> Group {
        let is_dealt = |unit: &&u64| {
            candidate.members.get(unit).and_then(|member| member.own_by(verdict.by_wording).is_dealt()) == Some(true)
        };
        let mut proven: Vec<u64> = verdict.core.iter().filter(is_dealt).copied().collect();
        if proven.len() * 2 < verdict.core.len() {
            proven.clone_from(&verdict.core);
        }
        let standing = Standing::of(candidate, &proven, state);
        let exits = Exits::of(candidate, &proven, state);
        let mut group = Group { proven, standing, exits, needed: OWN_BITS };
        let speaks_against = |unit: &&u64| {
            let known = candidate.members.get(unit).zip(state.units.get(unit));
            known.is_some_and(|(member, known)| {
                let test = Test { candidate, verdict, group: &group, state, unit: **unit, member, known };
                own_bits(&test.parts()) < 0.0
            })
        };
        let against = verdict.core.iter().filter(speaks_against).count();
        group.needed = needed(verdict.core.len(), against);
        group
    }

    /// Whether it is one of those.
    pub(super) fn holds(&self, unit: u64) -> bool {
        self.proven.binary_search(&unit).is_ok()
    }
}

/// What one of a group needs of which so many speak against being of it: where they are
/// few, whoever works with the template is of the operator's accounts to begin with.
fn needed(core: usize, against: usize) -> f64 {
    let odds = (core.saturating_sub(against) + 1) as f64 / (against + 1) as f64;
    (OWN_BITS_EVEN - odds.log2()).max(OWN_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn among_as_many_others_more_is_needed_of_each() {
        assert_eq!(needed(190, 95), OWN_BITS_EVEN);
        assert_eq!(needed(100, 3), OWN_BITS);
        assert!(needed(100, 90) > OWN_BITS_EVEN + 3.0);
        let of_some = needed(128, 21);
        assert!(of_some > OWN_BITS + 1.0 && of_some < OWN_BITS_EVEN, "{of_some}");
    }
}
