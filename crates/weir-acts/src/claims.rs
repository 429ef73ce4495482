//! Which claim speaks. Among claims of one kind the highest level decides;
//! disagreement at that level, and a value that was erased, are unknown.
//!
//! Standing is an exact commutative monoid under [`Claims::merge`], so the
//! claims of an account and those of its party combine in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::holder::Claim;
use crate::time::Time;
use crate::value::Value;

/// What the highest-level claims of one kind say together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The level at which it was decided.
    pub level: u8,
    /// The value agreed on; none where claims disagree or one was erased.
    pub value: Option<Value>,
}

impl Standing {
    fn absorb(&mut self, other: &Standing) {
        if other.level > self.level {
            *self = other.clone();
        } else if other.level == self.level && self.value != other.value {
            self.value = None;
        }
    }
}

/// The claims in force, one standing a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claims(BTreeMap<Arc<str>, Standing>);

impl Claims {
    /// What `claims` say at `at`.
    pub fn at(claims: &[Claim], at: Time) -> Claims {
        let mut standing = Claims::default();
        for claim in claims.iter().filter(|claim| claim.life.holds(at)) {
            standing.add(&claim.kind, Standing { level: claim.level, value: claim.value.clone() });
        }
        standing
    }

    /// Adds one statement.
    pub fn add(&mut self, kind: &Arc<str>, statement: Standing) {
        match self.0.get_mut(kind) {
            Some(standing) => standing.absorb(&statement),
            None => {
                self.0.insert(Arc::clone(kind), statement);
            }
        }
    }

    /// These claims together with `other`.
    #[must_use]
    pub fn merge(mut self, other: &Claims) -> Claims {
        for (kind, standing) in &other.0 {
            self.add(kind, standing.clone());
        }
        self
    }

    /// These claims with those of the kinds in `other` replaced by its own.
    #[must_use]
    pub fn replaced_by(mut self, other: &Claims) -> Claims {
        for (kind, standing) in &other.0 {
            self.0.insert(Arc::clone(kind), standing.clone());
        }
        self
    }

    /// The value of `kind`, where it is known at `min_level` or above.
    pub fn known(&self, kind: &str, min_level: u8) -> Option<&Value> {
        self.0.get(kind).filter(|standing| standing.level >= min_level)?.value.as_ref()
    }

    /// Every kind with what stands, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Standing)> {
        self.0.iter()
    }

    /// Whether nothing is claimed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(Arc<str>, Standing)> for Claims {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Standing)>>(statements: I) -> Claims {
        let mut claims = Claims::default();
        for (kind, statement) in statements {
            claims.add(&kind, statement);
        }
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn statements() -> impl Strategy<Value = Vec<(Arc<str>, Standing)>> {
        let one = ("[ab]", 0u8..4, prop::option::of(any::<bool>())).prop_map(|(kind, level, value)| {
            (Arc::from(kind.as_str()), Standing { level, value: value.map(Value::Bool) })
        });
        prop::collection::vec(one, 0..8)
    }

    proptest! {
        #[test]
        fn merging_is_a_commutative_monoid(left in statements(), right in statements(), third in statements()) {
            let [left, right, third] = [left, right, third].map(Claims::from_iter);
            prop_assert_eq!(left.clone().merge(&right), right.clone().merge(&left));
            prop_assert_eq!(
                left.clone().merge(&right).merge(&third),
                left.clone().merge(&right.clone().merge(&third))
            );
            prop_assert_eq!(left.clone().merge(&left), left.clone());
            prop_assert_eq!(left.clone().merge(&Claims::default()), left);
        }

        /// The sentence of the contract, applied to all statements at once.
        #[test]
        fn the_highest_level_decides_and_disagreement_is_unknown(all in statements(), min_level in 0u8..4) {
            let claims = Claims::from_iter(all.clone());
            let of_kind: Vec<_> = all.iter().filter(|(kind, _)| &**kind == "a").map(|(_, s)| s).collect();
            let top = of_kind.iter().map(|s| s.level).max();
            let at_top: Vec<_> = of_kind.iter().filter(|s| Some(s.level) == top).map(|s| &s.value).collect();
            let agreed = at_top.first().filter(|first| at_top.iter().all(|value| *value == **first));
            let expected = agreed.and_then(|value| value.as_ref()).filter(|_| top >= Some(min_level));
            prop_assert_eq!(claims.known("a", min_level), expected);
        }
    }
}
