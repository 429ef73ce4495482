//! Harvest: does the joint work build a training set? Work that is dealt out
//! and hardly repeats does; a class or an evaluation repeats, and users of a
//! tool are not interchangeable.

use crate::bet::{Block, Component};
use crate::candidate::Candidate;
use crate::constants::{DECIDES, EVIDENCE_BITS, HABIT_BITS, LESSER_BITS};
use crate::judge::dealt::OneByOne;
use crate::judge::{Piece, excess};
use crate::settings::Without;
use crate::sketch::CLASSES;
use crate::state::State;

/// What the joint work of those who work with the template says, so many of them.
pub(crate) fn pieces(
    candidate: &Candidate,
    working: u64,
    (by_wording, one_by_one): (bool, Option<OneByOne>),
    state: &State,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if state.trial.leaves_out(Without::Text) {
        return pieces;
    }
    pieces.push(match one_by_one {
        Some(told) => interchangeable_one_by_one(told),
        None => interchangeable(candidate, by_wording, working),
    });
    let repeats = candidate.repeats();
    if !state.trial.leaves_out(Without::Repeats) && repeats.speak_of_a_common_list() {
        pieces.push(Piece {
            block: "text",
            what: format!(
                "{} of {} sampled fills repeat across accounts, as from a common list (a class, an evaluation)",
                repeats.repeated, repeats.fills
            ),
            bits: DECIDES,
            accounts: working,
        });
    }
    if !state.trial.leaves_out(Without::Repeats)
        && let Some(deficit) = candidate.deficit(&state.candidates)
    {
        pieces.push(Piece {
            block: "text",
            what: format!(
                "{:.0} pairs of accounts gave one fill, where {:.0} would at the rate of {} comparable families, {} of which show as few",
                deficit.seen, deficit.expected, deficit.families, deficit.as_few
            ),
            bits: deficit.bits,
            accounts: working,
        });
    }
    pieces.extend(habits(candidate, state, working));
    pieces
}

fn interchangeable(candidate: &Candidate, by_wording: bool, working: u64) -> Piece {
    if !by_wording {
        return Piece {
            block: "text",
            what: "accounts are interchangeable: what each sends does not depend on who sends it".to_owned(),
            bits: candidate.block_bits(Block::Text).clamp(-EVIDENCE_BITS, EVIDENCE_BITS),
            accounts: candidate.bettors[Component::Topic as usize].min(working),
        };
    }
    let told = || candidate.members.values().filter_map(|member| member.own_bare.told_bits());
    Piece {
        block: "text",
        what: "accounts are interchangeable but for a wording that each keeps around its tasks: one that most have, or several across which they pay or call alike (not in the e-value)".to_owned(),
        bits: told().sum::<f64>().clamp(-EVIDENCE_BITS, EVIDENCE_BITS),
        accounts: told().count() as u64,
    }
}

fn interchangeable_one_by_one(told: OneByOne) -> Piece {
    Piece {
        block: "text",
        what: format!(
            "{} of {} accounts of whom it can be told are interchangeable, each by its own exchanges; the others resemble themselves, as those do who copied a template (not in the e-value)",
            told.dealt, told.known
        ),
        bits: told.bits.clamp(-EVIDENCE_BITS, EVIDENCE_BITS),
        accounts: told.dealt,
    }
}

/// What the exchanges ask for, against exchanges at large. One template makes them all,
/// so they are no draws of their own and count as one: else three in a hundred where three
/// are usual would be evidence, if only there are enough of them.
fn habits(candidate: &Candidate, state: &State, working: u64) -> Vec<Piece> {
    let (here, others) = (candidate.habits, state.habits.without(&candidate.habits));
    let share = |part: u64, all: u64| part as f64 / all.max(1) as f64;
    let mut pieces = Vec::new();
    let asks = (0..CLASSES.len()).map(|class| {
        let (inside, outside) = (share(here.asks[class], here.events), share(others.asks[class], others.events));
        (excess(inside, outside, 1.0, LESSER_BITS), CLASSES[class], inside, outside)
    });
    if let Some((bits, class, inside, outside)) = asks.max_by(|left, right| left.0.total_cmp(&right.0))
        && bits >= HABIT_BITS
    {
        pieces.push(Piece {
            block: "text",
            what: format!("asks for {class} in {:.0} % of exchanges, {:.0} % at large", inside * 100.0, outside * 100.0),
            bits,
            accounts: working,
        });
    }
    let (inside, outside) = (share(here.openings, here.events), share(others.openings, others.events));
    let bits = excess(inside, outside, 1.0, LESSER_BITS / 2.0);
    if bits >= HABIT_BITS {
        pieces.push(Piece {
            block: "text",
            what: format!("{:.0} % of exchanges have no earlier turn, {:.0} % at large", inside * 100.0, outside * 100.0),
            bits,
            accounts: working,
        });
    }
    let (inside, outside) = (share(here.output_tokens, here.events), share(others.output_tokens, others.events));
    if outside > 0.0 && inside > 1.25 * outside {
        pieces.push(Piece {
            block: "text",
            what: format!("{inside:.0} output tokens an exchange, {outside:.0} at large"),
            bits: (inside / outside).log2().min(LESSER_BITS / 2.0),
            accounts: working,
        });
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    /// What is told of a template whose exchanges ask for reasoning so often in a hundred,
    /// where three in a hundred at large do.
    fn told(asking: u64) -> Vec<(String, f64)> {
        let mut state = State::new(&Settings::default());
        let mut candidate = Candidate::born(1, 0);
        (candidate.habits.events, candidate.habits.asks[0]) = (10_000, 100 * asking);
        (state.habits.events, state.habits.asks[0]) = (110_000, 3_000 + 100 * asking);
        habits(&candidate, &state, 100).into_iter().map(|piece| (piece.what, piece.bits)).collect()
    }

    #[test]
    fn ten_thousand_exchanges_of_one_template_count_as_one() {
        assert!(told(3).is_empty());
        assert!(told(4).is_empty());
        let half = told(50);
        assert!(half[0].1 > HABIT_BITS && half[0].1 < LESSER_BITS, "{half:?}");
        assert_eq!(told(100)[0].0, "asks for reasoning in 100 % of exchanges, 3 % at large");
        assert_eq!(told(100)[0].1, LESSER_BITS);
    }
}
