//! Two hands on one account: some of its work comes from a client that the group's work
//! does not come from. So it is where a key was stolen, and its owner is not to answer
//! for the thief. An operator who has his accounts do something else beside, from another
//! client, leaves two hands on all of them. One who bought them or made them ahead leaves a
//! few exchanges on each, from whatever they were tried out with; a key that is stolen is
//! one in use, so by so few it says less.

use super::usual::Usual;
use crate::candidate::Member;
use crate::constants::{CLIENT_OF_GROUP, CLIENT_OF_OTHERS, HAND_IN_USE, TWO_HANDS_BITS, TWO_HANDS_LEAST};
use crate::standing::{Kind, Standing};
use crate::unit::Unit;

/// Bits against one with so many exchanges from another hand, by how many of the others
/// have two on them.
pub(crate) fn against(hands: Usual, is_inside: bool, uses: u64) -> f64 {
    let in_use = (uses as f64 / HAND_IN_USE).min(1.0);
    -TWO_HANDS_BITS * in_use * hands.left(is_inside).max(TWO_HANDS_LEAST)
}

/// Exchanges from clients that its joint work never came from, where there is other work;
/// and where it was seen with the client that the group has in common, from those that
/// hardly any member has: the owner's, where the owner's own words happen to hold a phrase
/// of the template. None where one hand is on it.
pub(crate) fn uses_of_another(member: &Member, known: &Unit, standing: &Standing) -> u64 {
    let clients = standing.kind(Kind::Client);
    let share = |client: u64| clients.map_or(0.0, |clients| clients.share(client));
    let has_the_groups = clients.is_some() && known.clients.recent().any(|client| share(client) >= CLIENT_OF_GROUP);
    let has_other_work = member.has_other_work(known) && !member.clients.is_empty();
    known.clients.uses_of(|client| {
        has_other_work && !member.clients.holds(client) || has_the_groups && share(client) < CLIENT_OF_OTHERS
    })
}

/// Whether the other hand is rather an owner's who uses the account than who tried it out.
pub(crate) fn is_in_use(uses: u64) -> bool {
    2.0 * uses as f64 > HAND_IN_USE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::{DEALT_BITS, OWN_BITS};

    #[test]
    fn a_stolen_key_or_two_are_taken_out_and_an_operator_s_own_way_is_not() {
        let of = |two: u64, core: u64| Usual::of(&(0..core).collect::<Vec<_>>(), |unit| *unit < two);
        let few = against(of(3, 100), true, 20);
        assert!(few + DEALT_BITS < -OWN_BITS, "{few}");
        assert_eq!(against(of(1, 100), true, 20), -TWO_HANDS_BITS, "nobody else's");
        // Three of fifteen, as where a small campaign took three keys.
        let of_a_small = against(of(3, 15), true, 20);
        assert!(of_a_small + DEALT_BITS < OWN_BITS, "{of_a_small}");
        // What is left outweighs neither work that is dealt out nor anything beside it.
        let least = -TWO_HANDS_BITS * TWO_HANDS_LEAST;
        assert!(least + DEALT_BITS >= OWN_BITS, "{least}");
        assert_eq!(against(of(100, 100), true, 20), least);
        assert_eq!(against(of(60, 100), false, 20), least);
        assert_eq!(against(of(0, 0), false, 20), -TWO_HANDS_BITS);
    }

    #[test]
    fn a_key_that_is_not_in_use_is_hardly_a_stolen_one() {
        let nobody = Usual::of::<u64>(&[], |_| true);
        let [few, none] = [2, 0].map(|uses| against(nobody, false, uses));
        assert_eq!(few, -TWO_HANDS_BITS * 2.0 / HAND_IN_USE);
        assert_eq!(none, 0.0);
    }

    /// A customer with work from each of these clients so often.
    fn customer(uses: &[(u64, u64)]) -> Unit {
        let mut known = Unit::default();
        uses.iter().for_each(|(client, times)| (0..*times).for_each(|_| known.clients.take(*client)));
        known.sampled = uses.iter().map(|(_, times)| *times as u32).sum();
        known
    }

    #[test]
    fn what_comes_from_another_client_is_counted() {
        let mut member = Member { joint: 30, ..Member::default() };
        member.clients.take(1);
        let standing = Standing { all: Vec::new() };
        let of = |member: &Member, uses: &[(u64, u64)]| uses_of_another(member, &customer(uses), &standing);
        assert_eq!(of(&member, &[(1, 30), (2, 5), (3, 1)]), 6);
        assert_eq!(of(&member, &[(1, 40)]), 0, "its other work comes from the same");
        // As many exchanges as are joint: the other client's are of the joint work, too.
        assert_eq!(of(&Member { joint: 35, ..member }, &[(1, 30), (2, 5)]), 0);
    }
}
