//! Accounts made for the work, and worked hard.

use crate::candidate::Candidate;
use crate::constants::{DISPOSABLE_DAYS, NEW_BITS, NEW_SHARE, NEW_TIMES};
use crate::judge::{Piece, excess, quota};
use crate::state::State;

/// Accounts that are new and work hard. An operator's are, and so are those of whoever
/// comes to a tool, a class or an event together: both says no more than [`NEW_BITS`].
pub(super) fn pieces(candidate: &Candidate, core: &[u64], state: &State) -> impl Iterator<Item = Piece> {
    let busy = quota::piece(candidate, core, state);
    let left = NEW_BITS - busy.as_ref().map_or(0.0, |piece| piece.bits);
    let new = disposable(candidate, core, state).map(|piece| Piece { bits: piece.bits.min(left), ..piece });
    new.into_iter().chain(busy)
}

/// Accounts made for this work: signed up shortly before it.
fn disposable(candidate: &Candidate, core: &[u64], state: &State) -> Option<Piece> {
    let days = |unit: u64, epoch: i64, millis: i64| {
        let created = state.facts.get(&unit)?.created?;
        Some((epoch * millis - created) < DISPOSABLE_DAYS * 86_400_000)
    };
    let millis = state.epoch_millis;
    let inside: Vec<bool> = core
        .iter()
        .filter_map(|unit| days(*unit, candidate.members.get(unit)?.since.min(state.units.get(unit)?.first), millis))
        .collect();
    let outside: Vec<bool> = state
        .sampled_outside(candidate)
        .filter_map(|unit| days(unit, state.units.get(&unit)?.first, millis))
        .collect();
    if inside.is_empty() || outside.is_empty() {
        return None;
    }
    let share = |young: &[bool]| young.iter().filter(|young| **young).count() as f64 / young.len() as f64;
    let (of_members, of_others) = (share(&inside), share(&outside));
    // Groups differ in age: that a few more are new than elsewhere was made by nobody.
    if of_members < NEW_SHARE || of_members < NEW_TIMES * of_others {
        return None;
    }
    Some(Piece {
        block: "life cycle",
        what: format!(
            "{:.0} % signed up within {DISPOSABLE_DAYS} days of their first exchange, {:.0} % of others",
            of_members * 100.0,
            of_others * 100.0
        ),
        bits: excess(of_members, of_others, inside.len() as f64, NEW_BITS),
        accounts: inside.iter().filter(|young| **young).count() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::Member;
    use crate::constants::CONCEALMENT_BITS;
    use crate::settings::Settings;
    use crate::unit::{Facts, Unit};

    const DAY: i64 = 24;

    /// All pieces of a hundred members who signed up on the day before they began, among a
    /// thousand others of whom so many did, each customer with so many exchanges in ten days.
    fn bits(new_others: u64, of_member: u32, of_other: u32) -> Vec<f64> {
        let (mut state, mut candidate) = (State::new(&Settings::default()), Candidate::born(1, 0));
        state.epoch = Some(40 * DAY);
        for id in 0..1_100 {
            let (is_member, first) = (id < 100, 30 * DAY);
            let is_new = is_member || id - 100 < new_others;
            let created = if is_new { first - DAY } else { first - 400 * DAY } * state.epoch_millis;
            let uses = if is_member { of_member } else { of_other };
            let unit = Unit { first, last: 40 * DAY, exchanges: u64::from(uses), ..Unit::default() };
            state.units.insert(id, unit);
            state.facts.insert(id, Facts { created: Some(created), plan: 1, ..Facts::default() });
            state.sample.insert(id);
            if is_member {
                candidate.members.insert(id, Member { since: first, ..Member::default() });
            }
        }
        let core: Vec<u64> = (0..100).collect();
        pieces(&candidate, &core, &state).map(|piece| piece.bits).collect()
    }

    #[test]
    fn being_new_does_not_hide_an_operator_by_itself() {
        assert_eq!(bits(100, 50, 50), [NEW_BITS]);
        const { assert!(NEW_BITS < CONCEALMENT_BITS) };
        assert!(bits(1_000, 50, 50).is_empty() && bits(600, 50, 50).is_empty());
    }

    #[test]
    fn nor_does_being_new_and_busy() {
        let both = bits(100, 5_000, 50);
        assert!(both.len() == 2 && both.iter().sum::<f64>() <= NEW_BITS, "{both:?}");
    }
}
