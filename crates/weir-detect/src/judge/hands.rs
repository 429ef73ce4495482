//! Two hands on one account: some of its work comes from a client that the group's work
//! does not come from. So it is where a key was stolen, and its owner is not to answer
//! for the thief. An operator who has his accounts do something else beside, from another
//! client, leaves two hands on all of them.

use super::usual::Usual;
use crate::candidate::Member;
use crate::constants::{CLIENT_OF_GROUP, CLIENT_OF_OTHERS, TWO_HANDS_BITS, TWO_HANDS_LEAST};
use crate::standing::{Kind, Standing};
use crate::unit::Unit;

/// Bits against one that has two, by how many of the others do.
pub(crate) fn against(hands: Usual, is_inside: bool) -> f64 {
    -TWO_HANDS_BITS * hands.left(is_inside).max(TWO_HANDS_LEAST)
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
        let of = |two: u64, core: u64| Usual::of(&(0..core).collect::<Vec<_>>(), |unit| *unit < two);
        let few = against(of(3, 100), true);
        assert!(few + DEALT_BITS < -OWN_BITS, "{few}");
        assert_eq!(against(of(1, 100), true), -TWO_HANDS_BITS, "nobody else's");
        // Three of fifteen, as where a small campaign took three keys.
        let of_a_small = against(of(3, 15), true);
        assert!(of_a_small + DEALT_BITS < OWN_BITS, "{of_a_small}");
        // What is left outweighs neither work that is dealt out nor anything beside it.
        let least = -TWO_HANDS_BITS * TWO_HANDS_LEAST;
        assert!(least + DEALT_BITS >= OWN_BITS, "{least}");
        assert_eq!(against(of(100, 100), true), least);
        assert_eq!(against(of(60, 100), false), least);
        assert_eq!(against(of(0, 0), false), -TWO_HANDS_BITS);
    }
}
