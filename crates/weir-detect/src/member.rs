//! One member's own test: how strongly its own acts and values tie it to the
//! group that is left when it is taken away. Additive in bits, so its pieces
//! sum to its total and taking pieces away can be computed again.

mod group;
mod parts;

use crate::bet::Block;
use crate::candidate::Candidate;
use crate::constants::{BLOCK_COUNTS, MEMBER_BITS, OWN_BLOCKS};
use crate::dossier::{MemberLine, Role, Status, Weighed};
use crate::judge::Verdict;
use crate::settings::Trial;
use crate::state::State;
pub(crate) use group::Group;
use parts::Test;

/// A piece of a member's evidence.
#[derive(Debug, Clone)]
struct Part {
    block: Block,
    what: String,
    bits: f64,
    /// Whether anyone has it who copied the template and its tool: the text, how
    /// much of one's work is done with it, the client, the request's parameters, unless
    /// none of the group has these.
    /// All of that has one cause, so it is capped as one. So has whoever calls from
    /// where the group calls: exits are rented to anybody, so an address speaks for a
    /// member, and is none of the two things of its own that make it one.
    is_copied: bool,
}

impl Part {
    fn copied(block: Block, what: String, bits: f64) -> Part {
        Part { block, what, bits, is_copied: true }
    }

    fn of_its_own(block: Block, what: String, bits: f64) -> Part {
        Part { block, what, bits, is_copied: false }
    }
}

/// The line of one account with joint exchanges.
pub(crate) fn line(
    candidate: &Candidate,
    (verdict, group): (&Verdict, &Group),
    state: &State,
    campaign: &str,
    unit: u64,
) -> Option<MemberLine> {
    let member = candidate.members.get(&unit).filter(|member| member.joint > 0)?;
    let known = state.units.get(&unit)?;
    let mut parts = Test { candidate, verdict, group, state, unit, member, known }.parts();
    let bits: f64 = parts.iter().map(|part| part.bits).sum();
    let declared = state.facts.get(&unit).is_some_and(|facts| facts.declared);
    let needs = state.trial.needs(group.needed);
    let passes = is_shown(&parts, bits, needs, state.trial) && !declared && verdict.status == Some(Status::Campaign);
    parts.sort_by(|left, right| right.bits.total_cmp(&left.bits));
    let removal = if passes { smallest_removal(&parts, needs, state.trial) } else { Vec::new() };
    let (top, against): (Vec<Part>, Vec<Part>) = parts.into_iter().filter(|p| p.bits != 0.0).partition(|p| p.bits > 0.0);
    let weighed = |part: Part| Weighed { what: part.what, bits: part.bits };
    Some(MemberLine {
        campaign: campaign.to_owned(),
        account: known.name.clone().into(),
        role: if passes { Role::Member } else { Role::Associated },
        bits,
        since: weir_acts::Time::from_millis(member.since * state.epoch_millis),
        share_of_own_traffic: member.joint as f64 / member.sampled(known).max(1) as f64,
        top: top.into_iter().map(weighed).collect(),
        against: against.into_iter().map(weighed).collect(),
        smallest_removal: removal,
    })
}

/// What does not come along with a copy, together.
fn own_bits(parts: &[Part]) -> f64 {
    parts.iter().filter(|part| !part.is_copied).map(|part| part.bits).sum()
}

/// Enough bits, from two blocks, one of them text or time; and what does not
/// come along with a copy speaks for it too, as much as the group needs of it and from
/// two blocks by itself, so that neither a copy nor a chance beside it frames anybody.
fn is_shown(parts: &[Part], bits: f64, needs: f64, trial: Trial) -> bool {
    let own = |block: Block| parts.iter().filter(|p| !p.is_copied && p.block == block).map(|p| p.bits).sum::<f64>();
    let of_its_own = Block::ALL.map(own);
    let own_blocks = of_its_own.iter().filter(|bits| **bits >= trial.needs(BLOCK_COUNTS)).count();
    if own_bits(parts) < needs || own_blocks < OWN_BLOCKS {
        return false;
    }
    let speaks = |block: Block| parts.iter().filter(|p| p.block == block).map(|p| p.bits).sum::<f64>() > 0.0;
    let blocks = Block::ALL.into_iter().filter(|&block| speaks(block)).count();
    bits >= trial.needs(MEMBER_BITS) && blocks >= 2 && (speaks(Block::Text) || speaks(Block::Time))
}

/// Pieces that are tried together before the strongest are taken off one by one.
const TRIED: usize = 3;

/// The fewest pieces without which the account would not be a member; of as many,
/// the strongest. Parts are sorted, the strongest first.
fn smallest_removal(parts: &[Part], needs: f64, trial: Trial) -> Vec<String> {
    let speaks_for = parts.iter().filter(|part| part.bits > 0.0).count();
    let suffices = |gone: &[usize]| {
        let left = parts.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, part)| part.clone());
        let left: Vec<Part> = left.collect();
        let bits = left.iter().map(|part| part.bits).sum();
        !is_shown(&left, bits, needs, trial)
    };
    let tried = (1..=TRIED.min(speaks_for)).find_map(|size| first_of(size, speaks_for, &suffices));
    let strongest = || (1..=speaks_for).map(|size| (0..size).collect()).find(|gone: &Vec<usize>| suffices(gone));
    let gone = tried.or_else(strongest).unwrap_or_default();
    gone.into_iter().map(|at| parts[at].what.clone()).collect()
}

/// The first `size` of so many numbers, in lexical order, of which something holds.
fn first_of(size: usize, of: usize, holds: &impl Fn(&[usize]) -> bool) -> Option<Vec<usize>> {
    let mut chosen: Vec<usize> = (0..size).collect();
    loop {
        if holds(&chosen) {
            return Some(chosen);
        }
        // The last that can still move on takes those behind it along.
        let place = (0..size).rev().find(|&place| chosen[place] < of - size + place)?;
        chosen[place] += 1;
        for behind in place + 1..size {
            chosen[behind] = chosen[behind - 1] + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::{COPIED_BITS, DEALT_BITS, LESSER_BITS, OWN_BITS, STANDING_MOST, TEMPLATE_BITS, TRAFFIC_BITS};

    /// Who copied template and tool, at the most that can say.
    fn copy() -> Vec<Part> {
        vec![
            Part::copied(Block::Text, "shows the group's template".into(), TEMPLATE_BITS),
            Part::copied(Block::Text, "its traffic".into(), TRAFFIC_BITS),
            Part::copied(Block::Client, "its client".into(), COPIED_BITS),
        ]
    }

    fn is_member(parts: &[Part]) -> bool {
        is_shown(parts, parts.iter().map(|part| part.bits).sum(), OWN_BITS, Trial::default())
    }

    fn own(block: Block, bits: f64) -> Part {
        Part::of_its_own(block, String::new(), bits)
    }

    #[test]
    fn who_copied_the_template_is_no_member_by_others_word() {
        let mut named = copy();
        // Others' word at its strongest, many times over.
        named.extend((0..9).map(|_| Part::copied(Block::Identity, "others' indicators name it".into(), LESSER_BITS)));
        assert!(!is_member(&named));
        named.extend([own(Block::Time, OWN_BITS - BLOCK_COUNTS), own(Block::Life, BLOCK_COUNTS)]);
        assert!(is_member(&named), "its own behaviour is what makes it one");
    }

    #[test]
    fn one_thing_of_its_own_beside_a_copy_makes_nobody_a_member() {
        // A bystander who signed up in the campaign's week, and nothing else is known of it.
        let bystander = [own(Block::Life, STANDING_MOST), own(Block::Identity, 0.2), own(Block::Network, -1.0)];
        assert!(!is_member(&[copy(), bystander.into()].concat()));
        // Framed by what can be had: template, harness and exits, and the week beside.
        let framed = [Part::copied(Block::Network, String::new(), STANDING_MOST), own(Block::Life, STANDING_MOST)];
        assert!(!is_member(&[copy(), framed.into()].concat()));
        // A stolen key: the work is the thief's, and dealt out; the account is its owner's.
        let stolen = [own(Block::Text, DEALT_BITS), own(Block::Life, -1.5), own(Block::Identity, -1.8)];
        assert!(!is_member(&[copy(), stolen.into()].concat()));
        let member = [own(Block::Life, 3.0), own(Block::Text, 2.1), own(Block::Identity, -1.0)];
        assert!(is_member(&[copy(), member.into()].concat()));
        // Much against it in another block outweighs both.
        let against = [own(Block::Life, 3.0), own(Block::Text, 2.1), own(Block::Identity, -3.0)];
        assert!(!is_member(&[copy(), against.into()].concat()));
        // A forum's user of the campaign's week, whose turns are not like each other, and
        // who began at another time.
        let against = [own(Block::Life, 1.6), own(Block::Text, DEALT_BITS), own(Block::Time, -3.9)];
        assert!(!is_member(&[copy(), against.into()].concat()));
    }

    #[test]
    fn the_removal_set_is_the_smallest_there_is() {
        let part = |what: &str, block, bits, is_copied| Part { block, what: what.to_owned(), bits, is_copied };
        let mut parts = vec![
            part("template", Block::Text, 8.0, true),
            part("traffic", Block::Text, 6.0, true),
            part("dealt", Block::Text, 6.0, false),
            part("address", Block::Network, 4.0, false),
            part("week", Block::Life, 3.0, false),
            part("older", Block::Life, -1.0, false),
        ];
        // 26 bits: without 12 of them too few; of what is its own two blocks out of three suffice.
        assert_eq!(smallest_removal(&parts, OWN_BITS, Trial::default()), ["template", "traffic"]);
        // Only two blocks of its own: without one of them it is none.
        parts.remove(3);
        assert_eq!(smallest_removal(&parts, OWN_BITS, Trial::default()), ["dealt"]);
        // Brute force agrees on the size.
        parts.push(part("payer", Block::Identity, 4.0, false));
        parts.push(part("lockstep", Block::Time, 2.0, false));
        parts.sort_by(|left, right| right.bits.total_cmp(&left.bits));
        let found = smallest_removal(&parts, OWN_BITS, Trial::default());
        let least = (0_u32..1 << parts.len()).filter(|gone| {
            let left = parts.iter().enumerate().filter(|(at, _)| gone >> at & 1 == 0).map(|(_, part)| part.clone());
            let left: Vec<Part> = left.collect();
            !is_member(&left)
        });
        assert_eq!(Some(found.len() as u32), least.map(u32::count_ones).min());
    }
}
