//! Two hands on one account: some of its work comes from a client that the group's work
//! does not come from. So it is where a key was stolen, and its owner is not to answer
//! for the thief. An operator who has his accounts do something else beside, from another
//! client, leaves two hands on all of them; what most of a group show tells hardly
//! anybody apart from it.

use crate::candidate::{Candidate, Member};
use crate::constants::{CLIENT_OF_GROUP, CLIENT_OF_OTHERS, TWO_HANDS_BITS, TWO_HANDS_LEAST, TWO_HANDS_USUAL};
use crate::standing::{Kind, Standing};
use crate::state::State;
use crate::unit::Unit;

/// How many of the working members have two hands on them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hands {
    two: u64,
    core: u64,
}

impl Hands {
    pub(super) fn of(candidate: &Candidate, core: &[u64], standing: &Standing, state: &State) -> Hands {
        let has_two = |unit: &&u64| {
            let known = candidate.members.get(unit).zip(state.units.get(unit));
            known.is_some_and(|(member, known)| has_two(member, known, standing))
        };
        Hands { two: core.iter().filter(has_two).count() as u64, core: core.len() as u64 }
    }

    /// Bits against one that has two, by how many of the others do; it is one of those
    /// counted or not.
    pub(crate) fn against(self, is_inside: bool) -> f64 {
        let itself = u64::from(is_inside);
        let share = self.two.saturating_sub(itself) as f64 / self.core.saturating_sub(itself).max(1) as f64;
        -TWO_HANDS_BITS * (1.0 - share / TWO_HANDS_USUAL).max(TWO_HANDS_LEAST)
    }
}

pub(crate) fn has_two(member: &Member, known: &Unit, standing: &Standing) -> bool {
    member.has_two_hands(known) || two_clients(known, standing)
}

/// Whether it was seen with the client that the group has in common, and with
/// one that hardly any member has: the owner's, where the owner's own words
/// happen to hold a phrase of the template.
fn two_clients(known: &Unit, standing: &Standing) -> bool {
    let Some(clients) = standing.kind(Kind::Client) else { return false };
    let share = |client: u64| clients.inside.get(&client).copied().unwrap_or(0) as f64 / clients.known.max(1) as f64;
    known.clients.any(|client| share(client) >= CLIENT_OF_GROUP) && known.clients.any(|client| share(client) < CLIENT_OF_OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::{DEALT_BITS, OWN_BITS};

    #[test]
    fn a_stolen_key_or_two_are_taken_out_and_an_operator_s_own_way_is_not() {
        let few = Hands { two: 3, core: 100 };
        assert!(few.against(true) + DEALT_BITS < -OWN_BITS, "{}", few.against(true));
        assert_eq!(Hands { two: 1, core: 100 }.against(true), -TWO_HANDS_BITS, "nobody else's");
        // Three of fifteen, as where a small campaign took three keys.
        let of_a_small = Hands { two: 3, core: 15 };
        assert!(of_a_small.against(true) + DEALT_BITS < OWN_BITS, "{}", of_a_small.against(true));
        // What is left outweighs neither work that is dealt out nor anything beside it.
        let least = -TWO_HANDS_BITS * TWO_HANDS_LEAST;
        assert!(least + DEALT_BITS >= OWN_BITS, "{least}");
        assert_eq!(Hands { two: 100, core: 100 }.against(true), least);
        assert_eq!(Hands { two: 60, core: 100 }.against(false), least);
        assert_eq!(Hands { two: 0, core: 0 }.against(false), -TWO_HANDS_BITS);
    }
}
