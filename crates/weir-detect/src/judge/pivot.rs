//! A pivot: the group went over to a new model in its first day, far beyond what
//! customers did who call as often. On a launch day everybody tries the model, so
//! what counts is the population's own rate.

use crate::candidate::Candidate;
use crate::constants::{ENRICHED, GROUP_UNITS, LESSER_BITS, PIVOT_KNOWN, STANDING_KNOWN};
use crate::judge::{Piece, excess};
use crate::launch::{Launch, Moved};
use crate::leave_out::Item;
use crate::settings::Without;
use crate::state::State;

/// Powers of two that a customer's exchanges in a day are told apart by.
const STRATA: usize = 8;

/// How a group and others went over to a new model.
#[derive(Debug, Clone)]
pub(crate) struct Pivot {
    /// Members of whom it is known, and those who went over.
    known: u64,
    moved: u64,
    /// The chance of others to go over, by how often they call.
    others: [f64; STRATA],
    /// That of the members, were they like others who call as often.
    expected: f64,
}

impl Pivot {
    /// None where nothing was launched, too little is known, or the group did not do
    /// it far more than others.
    pub(crate) fn of(candidate: &Candidate, core: &[u64], state: &State) -> Option<Pivot> {
        let launch = state.launches.latest().filter(|_| !state.trial.leaves_out(Without::Pivot))?;
        let (mut all, mut moved) = ([0.0; STRATA], [0.0; STRATA]);
        for unit in state.sampled_outside(candidate) {
            let Some((stratum, has_moved)) = moved_of(state, launch, unit) else { continue };
            all[stratum] += 1.0;
            moved[stratum] += f64::from(u8::from(has_moved));
        }
        let (known, went) = (all.iter().sum::<f64>(), moved.iter().sum::<f64>());
        // A model that only the group uses was not launched, it is the group's.
        if known < PIVOT_KNOWN || went < GROUP_UNITS as f64 {
            return None;
        }
        let overall = (went + 0.5) / (known + 1.0);
        // Of a stratum of few, what is known of all counts for as much.
        let others: [f64; STRATA] =
            std::array::from_fn(|at| (moved[at] + PIVOT_KNOWN * overall) / (all[at] + PIVOT_KNOWN));
        let members: Vec<(usize, bool)> = core.iter().filter_map(|unit| moved_of(state, launch, *unit)).collect();
        let expected = members.iter().map(|(stratum, _)| others[*stratum]).sum::<f64>() / members.len().max(1) as f64;
        let moved = members.iter().filter(|(_, has_moved)| *has_moved).count() as u64;
        let pivot = Pivot { known: members.len() as u64, moved, others, expected };
        (members.len() >= STANDING_KNOWN && pivot.share() >= ENRICHED * expected).then_some(pivot)
    }

    fn share(&self) -> f64 {
        self.moved as f64 / self.known as f64
    }

    /// What it says of the group.
    pub(crate) fn piece(&self) -> Option<Piece> {
        let bits = excess(self.share(), self.expected, self.known as f64, LESSER_BITS);
        (bits > 0.0).then(|| Piece {
            block: "life cycle",
            what: format!(
                "pivot to a new model: {} of {} accounts moved a quarter of their exchanges or more to it within a day \
                 of its launch, {:.1} % of others who call as often",
                self.moved,
                self.known,
                self.expected * 100.0
            ),
            bits,
            accounts: self.moved,
        })
    }

    /// What it says of one customer, against the group without it: whether it went
    /// over, bits, and what others did. None where it is not known.
    pub(crate) fn of_member(&self, state: &State, unit: u64, is_inside: bool) -> Option<(bool, f64, String)> {
        let launch = state.launches.latest().filter(|_| !state.left_out.holds(unit, Item::Pivot))?;
        let (stratum, has_moved) = moved_of(state, launch, unit)?;
        let own = u64::from(is_inside);
        let (moved, known) = (self.moved.saturating_sub(own * u64::from(has_moved)), self.known.saturating_sub(own));
        let given = (moved as f64 + 0.5) / (known as f64 + 1.0);
        let outside = self.others[stratum];
        let ratio = if has_moved { given / outside } else { (1.0 - given) / (1.0 - outside) };
        let told = format!("as {moved} of {known} other members and {:.1} % of others who call as often", outside * 100.0);
        Some((has_moved, ratio.log2().clamp(-LESSER_BITS, LESSER_BITS), told))
    }
}

/// In which stratum a customer is, and whether it went over.
fn moved_of(state: &State, launch: &Launch, unit: u64) -> Option<(usize, bool)> {
    let known = state.units.get(&unit)?;
    let moved: Moved = known.moved;
    let stratum = moved.stratum(launch, known.last)?;
    Some((stratum.min(STRATA - 1), moved.has_moved()))
}

#[cfg(test)]
mod tests;
