//! Reruns without a piece of an account's evidence. A dossier names of each
//! member the fewest pieces without which it would be none; whoever doubts that
//! folds the log once more as if these had never been seen of that account, and
//! looks. The pieces are left out where they are read, not where they are
//! summed, so the whole chain answers, the choice of the group included.

use std::collections::BTreeMap;

use crate::bet::{Block, Component};
use crate::standing::Kind;

/// How pieces begin, or end where they begin with a number. They are told in
/// dossiers and read back from there.
pub(crate) const TEMPLATE: &str = "shows the group's template";
/// See [`TEMPLATE`].
pub(crate) const TRAFFIC: &str = "sampled exchanges since it joined are joint work";
/// See [`TEMPLATE`].
pub(crate) const NAMED: &str = "others' indicators name it";
/// See [`TEMPLATE`].
pub(crate) const DEALT: &str = "its joint turns resemble its own earlier ones";
/// See [`TEMPLATE`].
pub(crate) const BEHAVIOUR: &str = "its own behaviour after the candidate's birth";
/// See [`TEMPLATE`].
pub(crate) const PIVOT: &str = "moved to a new model within a day of its launch";

/// See [`TEMPLATE`].
pub(crate) const BY_TURNS: &str = "takes the group's exits by turns";

/// A piece of a member's evidence that a rerun can leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    /// That it shows the template: without it no exchange of it is joint work.
    Template,
    /// That it gives a good part of its traffic to the joint work.
    Traffic,
    /// Values fixed at sign-up, or that hardly change, of a block: the block counts
    /// once, by the kind that says most of the group, and without that kind another
    /// would stand in for it.
    Standing(Block),
    Named,
    Dealt,
    /// What it did after the candidate's birth, by block.
    Behaviour(Block),
    /// Whether it went over to a new model.
    Pivot,
}

impl Item {
    /// The piece with these words; none where no rerun can leave it out.
    fn of(what: &str) -> Option<Item> {
        let begins = |item: Item, with: &str| what.starts_with(with).then_some(item);
        let behaviour = |block: Block| begins(Item::Behaviour(block), &format!("{BEHAVIOUR} ({})", block.name()));
        let value = |kind: Kind| begins(Item::Standing(kind.block()), &format!("{}: as ", kind.name()));
        begins(Item::Template, TEMPLATE)
            .or_else(|| what.ends_with(TRAFFIC).then_some(Item::Traffic))
            .or_else(|| begins(Item::Named, NAMED))
            .or_else(|| begins(Item::Dealt, DEALT))
            .or_else(|| begins(Item::Pivot, PIVOT))
            .or_else(|| begins(Item::Standing(Block::Network), BY_TURNS))
            .or_else(|| [Block::Time, Block::Network, Block::Client].into_iter().find_map(behaviour))
            .or_else(|| Kind::ALL.into_iter().find_map(value))
    }

    /// What a bet is about.
    fn of_bet(component: Component) -> Item {
        match component {
            Component::Topic => Item::Dealt,
            Component::Lockstep | Component::Address | Component::Client => Item::Behaviour(component.block()),
        }
    }
}

/// No piece of evidence has these words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no piece of evidence is told as {what:?}; take the words from `smallest_removal` in members.jsonl")]
pub struct UnknownPiece {
    /// The words.
    pub what: String,
}

/// Customers and what is left out of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftOut(BTreeMap<u64, Vec<Item>>);

impl LeftOut {
    pub(crate) fn add(&mut self, unit: u64, pieces: &[impl AsRef<str>]) -> Result<(), UnknownPiece> {
        let item = |what: &str| Item::of(what).ok_or_else(|| UnknownPiece { what: what.to_owned() });
        let items = pieces.iter().map(|what| item(what.as_ref())).collect::<Result<Vec<_>, _>>()?;
        self.0.entry(unit).or_default().extend(items);
        Ok(())
    }

    pub(crate) fn holds(&self, unit: u64, item: Item) -> bool {
        !self.0.is_empty() && self.0.get(&unit).is_some_and(|items| items.contains(&item))
    }

    pub(crate) fn holds_bet(&self, unit: u64, component: Component) -> bool {
        self.holds(unit, Item::of_bet(component))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_back_from_their_words() {
        let told = [
            ("shows the group's template", Item::Template),
            ("24 of 25 sampled exchanges since it joined are joint work", Item::Traffic),
            ("week of sign-up: as 38 of 123 other members", Item::Standing(Block::Life)),
            ("request parameters: as 3 of 9 other members", Item::Standing(Block::Client)),
            ("takes the group's exits by turns, 4 that others took", Item::Standing(Block::Network)),
            ("its joint turns resemble its own earlier ones no more than the others'", Item::Dealt),
            ("its own behaviour after the candidate's birth (network)", Item::Behaviour(Block::Network)),
            ("moved to a new model within a day of its launch, as 95 of 98 other members", Item::Pivot),
        ];
        for (what, item) in told {
            assert_eq!(Item::of(what), Some(item), "{what}");
        }
        let error = LeftOut::default().add(7, &["shows the group's template", "is unlucky"]).unwrap_err();
        assert!(error.to_string().contains("is unlucky"), "{error}");
        assert!(Kind::ALL.into_iter().all(|kind| Item::of(&format!("{}: as 1 of 2", kind.name())).is_some()));
    }
}
