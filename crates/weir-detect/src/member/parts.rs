//! The pieces of a member's evidence, each in words: what it shares with the group, what
//! speaks against its being of it, and what it did.

use super::{Group, Part};
use crate::bet::{Block, Component};
use crate::candidate::{Candidate, Member};
use crate::constants::{
    COPIED_BITS, DEALT_BITS, EARLY_OF_STRANGER, FIRM_BITS, HANDS_OF_A_THIEF, LESSER_BITS, LISTED_BITS, SOMEBODYS_BITS,
    TEMPLATE_BITS, TENURE_BITS, TENURE_LEAST, TRAFFIC_BITS,
};
use crate::judge::{Verdict, hands};
use crate::leave_out::{BEHAVIOUR, BY_TURNS, DEALT, Item, NAMED, PIVOT, TEMPLATE, TRAFFIC};
use crate::settings::Without;
use crate::standing::Kind;
use crate::state::State;
use crate::unit::Unit;

/// One account of a candidate, and what it is held against.
#[derive(Clone, Copy)]
pub(super) struct Test<'t> {
    pub(super) candidate: &'t Candidate,
    pub(super) verdict: &'t Verdict,
    pub(super) group: &'t Group,
    pub(super) state: &'t State,
    pub(super) unit: u64,
    pub(super) member: &'t Member,
    pub(super) known: &'t Unit,
}

impl Test<'_> {
    /// All pieces but those that a trial leaves out.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = vec![self.template()];
        parts.extend(self.traffic());
        let copied = parts.iter().map(|part| part.bits).sum();
        parts.extend(self.shared(copied));
        parts.extend(self.named());
        parts.extend(self.of_a_firm());
        parts.extend(self.against());
        parts.extend(self.dealt());
        parts.extend(self.pivot());
        parts.extend(self.behaviour());
        parts.retain(|part| match self.state.trial.without {
            Some(Without::Negative) => part.bits > 0.0,
            Some(Without::Text) => part.block != Block::Text,
            Some(Without::Time) => part.block != Block::Time,
            _ => true,
        });
        parts
    }

    /// Whether it works with the template, as those do who are counted in [`Verdict::hands`].
    fn is_inside(&self) -> bool {
        self.verdict.core.binary_search(&self.unit).is_ok()
    }

    /// Exchanges from another hand's clients.
    fn uses_of_another_hand(&self) -> u64 {
        hands::uses_of_another(self.member, self.known, &self.verdict.standing)
    }

    fn leaves_out(&self, item: Item) -> bool {
        self.state.left_out.holds(self.unit, item)
    }

    /// Showing the template, against how many show it who give it little of their
    /// traffic: those who came by it otherwise.
    fn template(&self) -> Part {
        let strangers = self.candidate.members.len().saturating_sub(self.verdict.core.len()) as f64 + 1.0;
        let frequency = strangers / self.state.units.len().max(1) as f64;
        let bits = (0.9 / frequency).log2().clamp(0.0, TEMPLATE_BITS);
        Part::copied(Block::Text, TEMPLATE.to_owned(), bits)
    }

    fn traffic(&self) -> Option<Part> {
        if self.leaves_out(Item::Traffic) {
            return None;
        }
        let (sampled, joint) = (self.member.sampled(self.known), self.member.joint);
        let bits = self.member.traffic_bits(self.known, self.state.trial).clamp(-2.0 * TRAFFIC_BITS, TRAFFIC_BITS);
        Some(Part::copied(Block::Text, format!("{joint} of {sampled} {TRAFFIC}"), bits))
    }

    /// Values that it shares with those whose work is dealt out, of each block the kind
    /// that says most of them; beside so many bits of what comes along with a copy.
    fn shared(&self, copied: f64) -> Vec<Part> {
        let blocks = [Block::Identity, Block::Life, Block::Time];
        let mut parts: Vec<Part> = blocks.into_iter().filter_map(|block| self.shared_of(block, copied)).collect();
        parts.extend(self.older());
        let of_account: f64 = parts.iter().map(|part| part.bits).sum();
        parts.extend(self.shared_of(Block::Client, copied));
        parts.extend(self.by_turns(of_account).or_else(|| self.shared_of(Block::Network, copied)));
        parts
    }

    /// Whether it is one of a firm's: what it shares it shares with the firm's others.
    fn of_a_firm(&self) -> Option<Part> {
        let accounts = self.verdict.firms.accounts_with(self.unit)?;
        let what = format!("one of {accounts} accounts that one account pays for, with a place or an e-mail domain of their own");
        Some(Part::of_its_own(Block::Identity, what, -FIRM_BITS))
    }

    fn shared_of(&self, block: Block, copied: f64) -> Option<Part> {
        let values = self.group.standing.block(block)?;
        let value = values.kind.value(self.state, self.unit);
        if value == 0 {
            return None;
        }
        let is_proven = self.group.holds(self.unit);
        let mut bits = values.bits(value, is_proven);
        // The client comes along with a copied tool, so both count as one.
        if block == Block::Client {
            bits = bits.min((COPIED_BITS - copied).max(0.0));
        }
        let itself = u64::from(is_proven);
        let others = values.count(value).saturating_sub(itself);
        let what = format!("{}: as {others} of {} other members", values.kind.name(), values.known.saturating_sub(itself));
        Some(Part { block, what, bits, is_copied: comes_with_a_copy(block, bits, others) })
    }

    /// Whether it takes the group's exits by turns, in the place of where it called from
    /// last. One exit anybody may rent; several of those that others of the group took, who
    /// copied a template does not meet. Where another hand uses the account, or a quarter of
    /// the others, or where what is known of the account itself speaks against it, the
    /// exits may be a thief's and say nothing of an account's owner.
    fn by_turns(&self, of_account: f64) -> Option<Part> {
        if self.leaves_out(Item::Standing(Block::Network)) {
            return None;
        }
        let (taken, bits) = self.group.exits.as_ref()?.of_account(&self.known.addresses, self.group.holds(self.unit))?;
        let is_somebodys = hands::is_in_use(self.uses_of_another_hand()) || of_account < -SOMEBODYS_BITS;
        let are_thiefs = is_somebodys || self.verdict.hands_in_use.left(self.is_inside()) <= HANDS_OF_A_THIEF;
        let what = format!("{BY_TURNS}, {taken} that others took");
        (bits > 0.0).then_some(Part { block: Block::Network, what, bits, is_copied: are_thiefs })
    }

    fn older(&self) -> Option<Part> {
        let values = self.group.standing.kind(Kind::Age)?;
        let value = Kind::Age.value(self.state, self.unit);
        let bits = if value == 0 { 0.0 } else { values.bits(value, self.group.holds(self.unit)) };
        let what = "an older account than the other members' were".to_owned();
        (bits < 0.0).then(|| Part::of_its_own(Block::Life, what, bits))
    }

    /// Being named by others, against how many outside the group are: a feed that
    /// names everybody says nothing of anybody. One piece whatever names it, within
    /// the cap of the lesser kinds.
    fn named(&self) -> Option<Part> {
        let (named, members) = (&self.state.named, &self.candidate.members);
        if !named.contains(&self.unit) || self.leaves_out(Item::Named) {
            return None;
        }
        let inside = named.iter().filter(|unit| members.contains_key(unit)).count();
        let outside = named.len() - inside;
        let strangers = self.state.units.len().saturating_sub(members.len());
        let frequency = (outside as f64 + 1.0) / (strangers as f64 + 1.0);
        let bits = (0.5 / frequency).log2().clamp(0.0, LESSER_BITS);
        let what = format!("{NAMED}, as {outside} of {strangers} customers outside the group");
        // Others' word is nothing it did itself.
        Some(Part::copied(Block::Identity, what, bits))
    }

    /// What an innocent shows who came by the template or whose key was stolen.
    fn against(&self) -> impl Iterator<Item = Part> {
        [self.two_hands(), self.tenure(), self.listed(), self.early()].into_iter().flatten()
    }

    fn two_hands(&self) -> Option<Part> {
        let uses = self.uses_of_another_hand();
        (uses > 0).then(|| {
            let what = format!("two hands: {uses} exchanges from clients that the group's work does not come from");
            Part::of_its_own(Block::Client, what, hands::against(self.verdict.hands, self.is_inside(), uses))
        })
    }

    fn tenure(&self) -> Option<Part> {
        let own = self.member.own_before();
        // A key is tried out before it is put to work.
        let before = (own + 1).saturating_sub(TENURE_LEAST);
        let bits = -(1.0 + before as f64).log2().min(TENURE_BITS) * self.verdict.tenure.left(self.is_inside());
        (bits < 0.0).then(|| Part::of_its_own(Block::Life, format!("{own} exchanges of its own before the first joint one"), bits))
    }

    /// Nothing where the group has each of its prompts answered a few times.
    fn listed(&self) -> Option<Part> {
        let is_listed = self.member.given(self.known).is_of_a_list() && !self.candidate.has_each_answered_as_often();
        (is_listed && !self.state.trial.leaves_out(Without::Repeats)).then(|| {
            let what = "its opening turns are what several others gave before, as from a common list".to_owned();
            Part::of_its_own(Block::Text, what, -LISTED_BITS)
        })
    }

    /// Against whoever began long before the others: of a campaign's accounts a
    /// tenth is among the first tenth; who came by the template otherwise is so half
    /// the time. Those who began within a quarter of a day began together: by then the
    /// quietest account has called.
    fn early(&self) -> Option<Part> {
        let together = 86_400_000 / 4 / self.state.epoch_millis.max(1);
        let all = &self.verdict.begun;
        let begun = all.partition_point(|since| *since <= self.member.since + together);
        let rank = begun.max(1) as f64 / all.len().max(1) as f64;
        let bits = (rank / EARLY_OF_STRANGER).log2().clamp(-LESSER_BITS, 0.0);
        let what = "worked with the template before most of the group had it".to_owned();
        (bits < 0.0).then(|| Part::of_its_own(Block::Life, what, bits))
    }

    fn dealt(&self) -> Option<Part> {
        let bits = self.member.own_by(self.verdict.is_without_wording()).dealt_bits().clamp(-DEALT_BITS, DEALT_BITS);
        if bits == 0.0 || self.state.trial.leaves_out(Without::Interchangeability) {
            return None;
        }
        let how = if bits > 0.0 { "no more than" } else { "more than" };
        Some(Part::of_its_own(Block::Text, format!("{DEALT} {how} the others'"), bits))
    }

    /// Whether it went over to a new model as the group did. The model comes with a copied
    /// tool's settings, so it speaks for a member and is none of the two things of its own
    /// that make it one.
    fn pivot(&self) -> Option<Part> {
        let (has_moved, bits, others) = self.verdict.pivot.as_ref()?.of_member(self.state, self.unit, self.is_inside())?;
        let what = if has_moved { format!("{PIVOT}, {others}") } else { format!("did not move to a new model, {others}") };
        Some(Part::copied(Block::Life, what, bits))
    }

    /// What it did at the same moments and from the same places as the others.
    fn behaviour(&self) -> impl Iterator<Item = Part> {
        [Block::Time, Block::Network, Block::Client].into_iter().filter_map(|block| {
            let of_block = Component::ALL.into_iter().filter(|component| component.block() == block);
            let bits: f64 = of_block.map(|component| self.member.bits[component as usize]).sum();
            let what = format!("{BEHAVIOUR} ({})", block.name());
            let bits = bits.clamp(-LESSER_BITS, LESSER_BITS);
            (bits != 0.0).then(|| Part { block, what, bits, is_copied: block != Block::Time })
        })
    }
}

/// Whether a value that so many others have says nothing of its own: whoever copied the
/// tool calls with its client and its parameters, and exits are rented to anybody. But who
/// calls with what none of the others calls with did not get that from them.
fn comes_with_a_copy(block: Block, bits: f64, others: u64) -> bool {
    match block {
        Block::Network => true,
        Block::Client => bits > 0.0 || others > 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_none_of_the_others_has_is_not_copied_from_them() {
        assert!(!comes_with_a_copy(Block::Client, -4.0, 0));
        assert!(comes_with_a_copy(Block::Client, -1.0, 2) && comes_with_a_copy(Block::Client, 3.0, 90));
        assert!(comes_with_a_copy(Block::Network, -4.0, 0), "an operator may rent one for an account alone");
        assert!(!comes_with_a_copy(Block::Identity, 4.0, 7));
    }
}
