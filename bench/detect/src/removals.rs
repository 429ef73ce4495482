//! Whether removal sets remove: each member names the fewest pieces of evidence
//! without which it would be none; the same log is folded again without them.

use anyhow::Result;
use serde::Serialize;
use weir_detect::{Detector, MemberLine, Role, Settings};
use weir_sim::traffic::Scenario;

use crate::data::Data;
use crate::run::{Watch, run};

/// What reruns said.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Removals {
    /// Members found.
    pub members: usize,
    /// Of them, those whose removal set was put to the test.
    pub tested: usize,
    /// Of those, the ones that were no members without it.
    pub confirmed: usize,
    /// Of those, the ones whose finding still stood then, as the group's others did.
    pub beside_a_finding: usize,
    /// Sets by how many pieces they name, from none.
    pub sizes: Vec<usize>,
    /// Who stayed a member all the same, and what was left out.
    pub stayed: Vec<(String, Vec<String>)>,
}

/// Pieces left out of some accounts from the first epoch on.
struct LeftOut<'m>(&'m [&'m MemberLine]);

impl Watch for LeftOut<'_> {
    fn begin(&mut self, detector: &mut Detector) -> Result<()> {
        for line in self.0 {
            detector.leave_out(&line.account, &line.smallest_removal)?;
        }
        Ok(())
    }

    fn epoch(&mut self, _: i64, _: &mut Detector) {}
}

/// Finds the members of a scenario, and folds it again without the removal sets of
/// some of them, at most `at_once` each time: so few that the group is what it was.
///
/// # Errors
/// When the scenario cannot be, or the data not be read.
pub fn removals(
    scenario: &Scenario,
    data: Data<'_>,
    settings: &Settings,
    most: usize,
    at_once: usize,
) -> Result<Removals> {
    let found = run(scenario, data, settings.clone(), &mut ())?.findings;
    let members: Vec<&MemberLine> = found.members.iter().filter(|line| line.role == Role::Member).collect();
    let chosen: Vec<&MemberLine> =
        members.iter().copied().step_by(members.len().div_ceil(most.max(1)).max(1)).collect();
    let mut told = Removals { members: members.len(), tested: chosen.len(), ..Removals::default() };
    for some in chosen.chunks(at_once.max(1)) {
        let again = run(scenario, data, settings.clone(), &mut LeftOut(some))?.findings;
        for line in some {
            let size = line.smallest_removal.len();
            told.sizes.resize(told.sizes.len().max(size + 1), 0);
            told.sizes[size] += 1;
            let is_member = |other: &&MemberLine| other.account == line.account && other.role == Role::Member;
            if again.members.iter().any(|other| is_member(&other)) {
                told.stayed.push((line.account.to_string(), line.smallest_removal.clone()));
                continue;
            }
            told.confirmed += 1;
            told.beside_a_finding += usize::from(again.members.iter().any(|other| other.role == Role::Member));
        }
    }
    Ok(told)
}
