//! One member's own test: how strongly its own acts and values tie it to the
//! group that is left when it is taken away. Additive in bits, so its pieces
//! sum to its total and taking pieces away can be computed again.

mod group;

use crate::bet::Block;
use crate::candidate::{Candidate, Member};
use crate::constants::{BLOCK_COUNTS, COPIED_BITS, DEALT_BITS, EARLY_OF_STRANGER, LESSER_BITS, LISTED_BITS, MEMBER_BITS, OWN_BLOCKS, TEMPLATE_BITS, TENURE_BITS, TENURE_LEAST, TRAFFIC_BITS};
use crate::dossier::{MemberLine, Role, Status, Weighed};
use crate::judge::{Verdict, hands};
use crate::leave_out::{BEHAVIOUR, BY_TURNS, DEALT, Item, NAMED, PIVOT, TEMPLATE, TRAFFIC};
use crate::settings::{Trial, Without};
use crate::standing::Kind;
use crate::state::State;
use crate::unit::Unit;
pub(crate) use group::Group;

/// A piece of a member's evidence.
#[derive(Debug, Clone)]
struct Part {
    block: Block,
    what: String,
    bits: f64,
    /// Whether anyone has it who copied the template and its tool: the text, how
    /// much of one's work is done with it, the client, the request's parameters.
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
    let mut parts = parts(candidate, (verdict, group), state, unit, (member, known));
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

/// All pieces, without those that a trial leaves out.
fn parts(
    candidate: &Candidate,
    against: (&Verdict, &Group),
    state: &State,
    unit: u64,
    known: (&Member, &Unit),
) -> Vec<Part> {
    let mut parts = all_parts(candidate, against, state, unit, known);
    parts.retain(|part| match state.trial.without {
        Some(Without::Negative) => part.bits > 0.0,
        Some(Without::Text) => part.block != Block::Text,
        Some(Without::Time) => part.block != Block::Time,
        _ => true,
    });
    parts
}

fn all_parts(
    candidate: &Candidate,
    (verdict, group): (&Verdict, &Group),
    state: &State,
    unit: u64,
    (member, known): (&Member, &Unit),
) -> Vec<Part> {
    let (is_inside, is_proven) = (verdict.core.binary_search(&unit).is_ok(), group.holds(unit));
    let mut parts = vec![template(candidate, verdict, state)];
    if !state.left_out.holds(unit, Item::Traffic) {
        parts.push(traffic(member, known, state.trial));
    }
    let has_two_hands = hands::has_two(member, known, &verdict.standing);
    let are_thiefs = has_two_hands || verdict.hands.left(is_inside) <= 0.5;
    let by_turns = by_turns(group, state, unit, (known, are_thiefs));
    let is_said = |block: Block| block == Block::Network && by_turns.is_some();
    let blocks = [Block::Client, Block::Network, Block::Identity, Block::Life, Block::Time];
    for block in blocks.into_iter().filter(|block| !is_said(*block)) {
        let Some(values) = group.standing.block(block) else { continue };
        let value = values.kind.value(state, unit);
        if value == 0 {
            continue;
        }
        let mut bits = values.bits(value, is_proven);
        let itself = u64::from(is_proven);
        let others = values.inside.get(&value).copied().unwrap_or(0).saturating_sub(itself);
        let what = format!("{}: as {others} of {} other members", values.kind.name(), values.known.saturating_sub(itself));
        // The client comes along with a copied tool, so both count as one.
        if block == Block::Client {
            let copied: f64 = parts.iter().map(|part| part.bits).sum();
            bits = bits.min((COPIED_BITS - copied).max(0.0));
        }
        parts.push(Part { block, what, bits, is_copied: matches!(block, Block::Client | Block::Network) });
    }
    parts.extend(by_turns);
    if let Some(values) = group.standing.kind(Kind::Age) {
        let value = Kind::Age.value(state, unit);
        let bits = if value == 0 { 0.0 } else { values.bits(value, is_proven) };
        if bits < 0.0 {
            let what = "an older account than the other members' were".to_owned();
            parts.push(Part::of_its_own(Block::Life, what, bits));
        }
    }
    if has_two_hands {
        let what = "two hands: some of its work comes from a client that the group's work does not come from".to_owned();
        parts.push(Part::of_its_own(Block::Client, what, hands::against(verdict.hands, is_inside)));
    }
    if state.named.contains(&unit) && !state.left_out.holds(unit, Item::Named) {
        parts.push(named(candidate, state));
    }
    // A key is tried out before it is put to work.
    let before = (member.own_before() + 1).saturating_sub(TENURE_LEAST);
    let tenure = -(1.0 + before as f64).log2().min(TENURE_BITS) * verdict.tenure.left(is_inside);
    if tenure < 0.0 {
        let what = format!("{} exchanges of its own before the first joint one", member.own_before());
        parts.push(Part::of_its_own(Block::Life, what, tenure));
    }
    // Nor where the group has each of its prompts answered a few times.
    if member.given(known).is_of_a_list() && !candidate.has_each_answered_as_often() && !state.trial.leaves_out(Without::Repeats) {
        let what = "its opening turns are what several others gave before, as from a common list".to_owned();
        parts.push(Part::of_its_own(Block::Text, what, -LISTED_BITS));
    }
    let early = early(verdict, state, member);
    if early < 0.0 {
        let what = "worked with the template before most of the group had it".to_owned();
        parts.push(Part::of_its_own(Block::Life, what, early));
    }
    let dealt = member.own_by(verdict.by_wording).dealt_bits().clamp(-DEALT_BITS, DEALT_BITS);
    if dealt != 0.0 && !state.trial.leaves_out(Without::Interchangeability) {
        let how = if dealt > 0.0 { "no more than" } else { "more than" };
        let what = format!("{DEALT} {how} the others'");
        parts.push(Part::of_its_own(Block::Text, what, dealt));
    }
    parts.extend(pivot(verdict, state, unit));
    // What it did at the same moments and from the same places as the others.
    for block in [Block::Time, Block::Network, Block::Client] {
        let bits: f64 = crate::bet::Component::ALL
            .into_iter()
            .filter(|component| component.block() == block)
            .map(|component| member.bits[component as usize])
            .sum();
        if bits != 0.0 {
            let what = format!("{BEHAVIOUR} ({})", block.name());
            let is_copied = block != Block::Time;
            parts.push(Part { block, what, bits: bits.clamp(-LESSER_BITS, LESSER_BITS), is_copied });
        }
    }
    parts
}

/// Whether it takes the group's exits by turns, in the place of where it called from
/// last. One exit anybody may rent; several of those that others of the group took, who
/// copied a template does not meet. Where two hands are on the account, or on a quarter of the
/// others, the exits may be a thief's and say nothing of an account's owner.
fn by_turns(group: &Group, state: &State, unit: u64, (known, are_thiefs): (&Unit, bool)) -> Option<Part> {
    if state.left_out.holds(unit, Item::Standing(Block::Network)) {
        return None;
    }
    let (taken, bits) = group.exits.as_ref()?.of_account(&known.addresses, group.holds(unit))?;
    let what = format!("{BY_TURNS}, {taken} that others took");
    (bits > 0.0).then(|| Part { block: Block::Network, what, bits, is_copied: are_thiefs })
}

/// Whether it went over to a new model as the group did. The model comes with a copied
/// tool's settings, so it speaks for a member and is none of the two things of its own
/// that make it one.
fn pivot(verdict: &Verdict, state: &State, unit: u64) -> Option<Part> {
    let is_inside = verdict.core.binary_search(&unit).is_ok();
    let (has_moved, bits, others) = verdict.pivot.as_ref()?.of_member(state, unit, is_inside)?;
    let what = if has_moved { format!("{PIVOT}, {others}") } else { format!("did not move to a new model, {others}") };
    Some(Part::copied(Block::Life, what, bits))
}

/// Bits against whoever began long before the others: of a campaign's accounts a
/// tenth is among the first tenth; who came by the template otherwise is so half
/// the time. Those who began within a quarter of a day began together: by then the
/// quietest account has called.
fn early(verdict: &Verdict, state: &State, member: &Member) -> f64 {
    let together = 86_400_000 / 4 / state.epoch_millis.max(1);
    let begun = verdict.begun.partition_point(|since| *since <= member.since + together);
    let rank = begun.max(1) as f64 / verdict.begun.len().max(1) as f64;
    (rank / EARLY_OF_STRANGER).log2().clamp(-LESSER_BITS, 0.0)
}

/// Being named by others, against how many outside the group are: a feed that
/// names everybody says nothing of anybody. One piece whatever names it, within
/// the cap of the lesser kinds.
fn named(candidate: &Candidate, state: &State) -> Part {
    let inside = state.named.iter().filter(|unit| candidate.members.contains_key(unit)).count();
    let outside = state.named.len() - inside;
    let strangers = state.units.len().saturating_sub(candidate.members.len());
    let frequency = (outside as f64 + 1.0) / (strangers as f64 + 1.0);
    let bits = (0.5 / frequency).log2().clamp(0.0, LESSER_BITS);
    let what = format!("{NAMED}, as {outside} of {strangers} customers outside the group");
    // Others' word is nothing it did itself.
    Part::copied(Block::Identity, what, bits)
}

/// Showing the template, against how many show it who give it little of their
/// traffic: those who came by it otherwise.
fn template(candidate: &Candidate, verdict: &Verdict, state: &State) -> Part {
    let strangers = candidate.members.len().saturating_sub(verdict.core.len()) as f64 + 1.0;
    let frequency = strangers / state.units.len().max(1) as f64;
    let bits = (0.9 / frequency).log2().clamp(0.0, TEMPLATE_BITS);
    Part::copied(Block::Text, TEMPLATE.to_owned(), bits)
}

fn traffic(member: &Member, unit: &Unit, trial: Trial) -> Part {
    let sampled = member.sampled(unit);
    let bits = member.traffic_bits(unit, trial).clamp(-2.0 * TRAFFIC_BITS, TRAFFIC_BITS);
    let what = format!("{} of {sampled} {TRAFFIC}", member.joint);
    Part::copied(Block::Text, what, bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::{OWN_BITS, STANDING_MOST};

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
