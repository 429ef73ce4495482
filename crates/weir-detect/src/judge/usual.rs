//! What most of a group show tells hardly anybody apart from it. An operator who has his
//! accounts do something else beside leaves it on all of them; where it is on a few, it
//! is what an innocent among them shows.

use crate::constants::USUAL;

/// Of how many of the working members something is true.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usual {
    with: u64,
    core: u64,
}

impl Usual {
    /// Of those, or of what is known of each.
    pub(super) fn of<T>(core: &[T], holds: impl Fn(&T) -> bool) -> Usual {
        Usual { with: core.iter().filter(|unit| holds(unit)).count() as u64, core: core.len() as u64 }
    }

    /// The part that stays of what it says against one of whom it is true, by how many
    /// of the others it is true of: all of it where there are none, none of it from
    /// [`USUAL`] on. Whoever it is asked for is one of those counted or not.
    pub(crate) fn left(self, is_inside: bool) -> f64 {
        let itself = u64::from(is_inside);
        let share = self.with.saturating_sub(itself) as f64 / self.core.saturating_sub(itself).max(1) as f64;
        (1.0 - share / USUAL).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_half_of_the_others_show_says_nothing_and_what_nobody_else_does_says_all() {
        let of = |with: u64, core: u64| Usual::of(&(0..core).collect::<Vec<_>>(), |unit| *unit < with);
        assert_eq!(of(1, 100).left(true), 1.0, "nobody else's");
        assert_eq!(of(25, 100).left(false), 0.5);
        assert_eq!([of(50, 100).left(false), of(100, 100).left(true)], [0.0, 0.0]);
        assert_eq!([of(0, 0).left(false), of(1, 1).left(true)], [1.0, 1.0]);
    }
}
