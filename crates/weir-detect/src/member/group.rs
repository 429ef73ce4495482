//! What a member is held against: those of the group whose work is known to be dealt
//! out, and how many of the group are rather somebody else.

use super::{Test, own_bits};
use crate::candidate::Candidate;
use crate::constants::{OWN_BITS, OWN_BITS_EVEN, OWN_OF_USUAL};
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
            candidate.members.get(unit).and_then(|member| member.own_by(verdict.is_without_wording()).is_dealt()) == Some(true)
        };
        let mut proven: Vec<u64> = verdict.core.iter().filter(is_dealt).copied().collect();
        if proven.len() * 2 < verdict.core.len() {
            proven.clone_from(&verdict.core);
        }
        let standing = Standing::of(candidate, &proven, state);
        let exits = Exits::of(candidate, &proven, state);
        let mut group = Group { proven, standing, exits, needed: OWN_BITS };
        let own_of = |unit: &u64| {
            let (member, known) = candidate.members.get(unit).zip(state.units.get(unit))?;
            Some(own_bits(&Test { candidate, verdict, group: &group, state, unit: *unit, member, known }.parts()))
        };
        let own: Vec<f64> = verdict.core.iter().filter_map(own_of).collect();
        group.needed = needed(&own);
        group
    }

    /// Whether it is one of those.
    pub(super) fn holds(&self, unit: u64) -> bool {
        self.proven.binary_search(&unit).is_ok()
    }
}

/// What one of a group needs whose members bring so much of their own. Where few speak
/// against being of it, whoever works with the template is of the operator's accounts to
/// begin with; but one that brings far less than they do is not like them.
fn needed(own: &[f64]) -> f64 {
    let (against, mut speak_for): (Vec<f64>, Vec<f64>) = own.iter().partition(|bits| **bits < 0.0);
    speak_for.sort_by(f64::total_cmp);
    let usual = speak_for.get(speak_for.len() / 2).copied().unwrap_or_default();
    let odds = (speak_for.len() + 1) as f64 / (against.len() + 1) as f64;
    (OWN_BITS_EVEN - odds.log2()).max(OWN_BITS).max(OWN_OF_USUAL * usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many who speak for it with the given bits, and so many against.
    fn of(speak_for: usize, bits: f64, against: usize) -> f64 {
        needed(&[vec![bits; speak_for], vec![-5.0; against]].concat())
    }

    #[test]
    fn among_as_many_others_more_is_needed_of_each() {
        assert_eq!(of(95, 9.0, 95), OWN_BITS_EVEN);
        assert_eq!(of(97, 9.0, 3), OWN_BITS);
        assert!(of(10, 9.0, 90) > OWN_BITS_EVEN + 3.0);
        let of_some = of(107, 9.0, 21);
        assert!(of_some > OWN_BITS + 1.0 && of_some < OWN_BITS_EVEN, "{of_some}");
        assert_eq!(needed(&[]), OWN_BITS_EVEN);
    }

    #[test]
    fn who_brings_far_less_than_the_others_is_not_like_them() {
        assert_eq!(of(500, 19.0, 20), 19.0 * OWN_OF_USUAL);
        assert!(of(500, 19.0, 20) > 5.0);
    }
}
