//! Who gives what others give. Users of an evaluation harness, a class, a list
//! of exercises work off the same items one after the other; hardly anybody
//! else's opening turns were given, word for word, by several others before. A
//! customer's own rate of that is known whatever template it shows, so it tells
//! the users of one template apart where the group as a whole is a mixture.

use serde::{Deserialize, Serialize};

use crate::constants::{GIVEN_FULL, GIVEN_LEAST, LISTED_SHARE, LIST_CUSTOMERS};
use crate::hash::{Table, join};
use crate::profile::EpochProfile;

/// Opening turns and how many customers gave each: a table of fixed size, by
/// slot. What was given once gives way to what is newer; what several gave
/// loses one of them each time, so that lists in use stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fills {
    slots: Vec<Slot>,
}

/// An opening turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Slot {
    fill: u64,
    /// Half of the hash of the customer that gave it last.
    unit: u32,
    /// Customers that gave it, counted whenever another comes to it.
    customers: u32,
}

impl Fills {
    /// As many slots as fit into so many bytes, at least a thousand.
    pub(crate) fn of_bytes(bytes: u64) -> Fills {
        let slots = usize::try_from(bytes / size_of::<Slot>() as u64).unwrap_or(usize::MAX);
        Fills { slots: vec![Slot::default(); slots.clamp(1024, 1 << 32)] }
    }

    pub(crate) fn bytes(&self) -> u64 {
        (self.slots.len() * size_of::<Slot>()) as u64
    }

    fn place(&self, fill: u64) -> usize {
        ((u128::from(fill) * self.slots.len() as u128) >> 64) as usize
    }

    /// Notes that a customer gave it; whether several others had before.
    pub(crate) fn give(&mut self, fill: u64, unit: u64) -> bool {
        let place = self.place(fill);
        let slot = &mut self.slots[place];
        let unit = (unit >> 32) as u32;
        if slot.fill != fill {
            match slot.customers {
                0 | 1 => *slot = Slot { fill, unit, customers: 1 },
                _ => slot.customers -= 1,
            }
            return false;
        }
        if slot.unit != unit {
            slot.unit = unit;
            slot.customers = slot.customers.saturating_add(1).min(GIVEN_FULL.into());
        }
        slot.customers > LIST_CUSTOMERS
    }

    /// The slots that hold something, for writing them down.
    pub(crate) fn held(&self) -> Vec<Slot> {
        self.slots.iter().copied().filter(|slot| slot.customers > 0).collect()
    }

    /// Puts back what was written down, into a table of the same size.
    pub(crate) fn put_back(&mut self, held: Vec<Slot>) {
        for slot in held {
            let place = self.place(slot.fill);
            self.slots[place] = slot;
        }
    }
}

/// The opening turns of one epoch that several others had given before, with who
/// gave them.
#[derive(Debug, Default)]
pub(crate) struct Listed(Table<()>);

impl Listed {
    /// What an epoch gives, noted in the table as well.
    pub(crate) fn of(profile: &EpochProfile, fills: &mut Fills) -> Listed {
        let mut listed = Listed::default();
        for (&unit, seen) in &profile.units {
            let given = seen.events.iter().filter_map(|(_, event)| event.given());
            listed.0.extend(given.filter(|&fill| fills.give(fill, unit)).map(|fill| (join(unit, fill), ())));
        }
        listed
    }

    pub(crate) fn holds(&self, unit: u64, fill: u64) -> bool {
        self.0.contains_key(&join(unit, fill))
    }
}

/// A customer's latest opening turns, or those of its joint work alone, and how many of
/// them several others had given before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Given {
    given: u8,
    listed: u8,
}

impl Given {
    pub(crate) fn take(&mut self, is_listed: bool) {
        if self.given >= GIVEN_FULL {
            (self.given, self.listed) = (self.given / 2, self.listed / 2);
        }
        self.given += 1;
        self.listed += u8::from(is_listed);
    }

    /// Whether enough was seen to tell.
    pub(crate) fn is_known(self) -> bool {
        self.given >= GIVEN_LEAST
    }

    fn is_listed(self) -> bool {
        f64::from(self.listed) >= LISTED_SHARE * f64::from(self.given)
    }

    /// Whether it works off what others work off, too.
    pub(crate) fn is_of_a_list(self) -> bool {
        self.is_known() && self.is_listed()
    }

    /// Whether it is known to give what hardly anybody gives.
    pub(crate) fn is_of_its_own(self) -> bool {
        self.is_known() && !self.is_listed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Customers that each take items of a list in turn, or invent their own.
    fn after(turns: u64, fills: &mut Fills, item: impl Fn(u64, u64) -> u64) -> Vec<Given> {
        let mut all = vec![Given::default(); 20];
        for turn in 0..turns {
            for (unit, given) in (0_u64..).zip(&mut all) {
                let fill = crate::hash::join(item(unit, turn), 7);
                given.take(fills.give(fill, unit << 32));
            }
        }
        all
    }

    #[test]
    fn who_works_off_a_list_is_told_from_who_does_not() {
        let mut fills = Fills::of_bytes(1 << 16);
        let listed = after(40, &mut fills, |unit, turn| (unit * 7 + turn) % 50);
        assert!(listed.iter().all(|given| given.is_of_a_list()), "{listed:?}");
        let own = after(40, &mut fills, |unit, turn| 1_000 + unit * 1_000 + turn);
        assert!(own.iter().all(|given| given.is_of_its_own()), "{own:?}");
    }

    /// An operator who has each prompt answered a few times works off no list.
    #[test]
    fn a_few_samples_of_each_prompt_are_no_list() {
        let mut fills = Fills::of_bytes(1 << 16);
        let sampled = after(40, &mut fills, |unit, turn| 9_000 + (turn * 20 + unit) / 3);
        assert!(sampled.iter().all(|given| given.is_of_its_own()), "{sampled:?}");
    }

    #[test]
    fn one_s_own_list_again_and_again_is_nobody_else_s() {
        let mut fills = Fills::of_bytes(1 << 16);
        let again = after(40, &mut fills, |unit, turn| unit * 100 + turn % 5);
        assert!(again.iter().all(|given| given.is_of_its_own()), "{again:?}");
    }

    #[test]
    fn what_is_written_down_comes_back_the_same() {
        let mut fills = Fills::of_bytes(1 << 14);
        after(40, &mut fills, |unit, turn| if unit < 9 { turn % 30 } else { unit * 1_000 + turn });
        let mut back = Fills::of_bytes(1 << 14);
        back.put_back(fills.held());
        assert_eq!(back, fills);
    }

    #[test]
    fn a_list_in_use_outlives_a_flood_of_single_turns() {
        let mut fills = Fills::of_bytes(1 << 14);
        after(40, &mut fills, |unit, turn| (unit * 7 + turn) % 50);
        let own = after(100, &mut fills, |unit, turn| 1_000 + unit * 1_000 + turn);
        assert!(own.iter().all(|given| given.is_of_its_own()));
        let listed = after(20, &mut fills, |unit, turn| (unit * 7 + turn) % 50);
        assert!(listed.iter().all(|given| given.is_of_a_list()), "{listed:?}");
    }
}
