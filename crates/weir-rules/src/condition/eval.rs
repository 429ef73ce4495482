//! The condition read in three values, as Kleene did: an atom over a claim
//! that is not known is unknown, and the connectives say `True` or `False`
//! only where no value of the unknown could change that.

use std::collections::BTreeSet;

use serde::Serialize;
use weir_acts::Value;
use weir_acts::claims::Claims;

use super::{Atom, Condition, Expr, Literal, Op, Operand};

/// True, false, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Three {
    /// Definitely false.
    False,
    /// Neither.
    Unknown,
    /// Definitely true.
    True,
}

impl std::ops::Not for Three {
    type Output = Three;

    fn not(self) -> Three {
        match self {
            Three::True => Three::False,
            Three::Unknown => Three::Unknown,
            Three::False => Three::True,
        }
    }
}

impl From<bool> for Three {
    fn from(value: bool) -> Three {
        if value { Three::True } else { Three::False }
    }
}

impl Condition {
    /// What the condition says of `claims`; claims under `min_level` count as
    /// absent.
    pub fn eval(&self, claims: &Claims, min_level: u8) -> Three {
        eval(self.root(), &|kind| claims.known(kind, min_level).map(Literal::from))
    }

    /// Whether the one claim `kind`, were it known, could settle a condition
    /// that `claims` leave unknown. Tried are the values that its comparisons
    /// tell apart; a set that would need several members at once is not.
    pub fn could_be_settled_by(&self, kind: &str, claims: &Claims, min_level: u8) -> bool {
        if claims.known(kind, min_level).is_some() {
            return false;
        }
        self.telling_values(kind).iter().any(|value| {
            let lookup = |asked: &str| {
                if asked == kind {
                    return Some(value.clone());
                }
                claims.known(asked, min_level).map(Literal::from)
            };
            eval(self.root(), &lookup) != Three::Unknown
        })
    }

    /// Values of `kind` between which the condition can tell.
    fn telling_values(&self, kind: &str) -> BTreeSet<Literal> {
        let mut values = BTreeSet::new();
        self.root().each_atom(&mut |atom| {
            let literal = match (&atom.left, &atom.right) {
                (Operand::Claim(claim, _), Operand::Literal(literal)) if &**claim == kind => literal,
                (Operand::Literal(literal), Operand::Claim(claim, _)) if &**claim == kind => literal,
                _ => return,
            };
            match (atom.op, literal) {
                (Op::Contains, Literal::Set(members)) => {
                    values.extend(members.iter().flat_map(neighbours));
                }
                (Op::Contains, member) => {
                    values.insert(Literal::Set(BTreeSet::from([member.clone()])));
                    values.insert(Literal::Set(BTreeSet::new()));
                }
                (_, literal) => values.extend(neighbours(literal)),
            }
        });
        values
    }
}

fn neighbours(literal: &Literal) -> Vec<Literal> {
    match literal {
        Literal::Bool(_) => vec![Literal::Bool(true), Literal::Bool(false)],
        Literal::Long(value) => {
            vec![Literal::Long(value.saturating_sub(1)), literal.clone(), Literal::Long(value.saturating_add(1))]
        }
        // No claim holds a control character, so this is another word.
        Literal::String(_) => vec![literal.clone(), Literal::String("\u{1}".into())],
        Literal::Set(_) => vec![literal.clone(), Literal::Set(BTreeSet::new())],
    }
}

fn eval(expr: &Expr, known: &impl Fn(&str) -> Option<Literal>) -> Three {
    match expr {
        Expr::Const(value) => Three::from(*value),
        Expr::Atom(atom) => eval_atom(atom, known),
        Expr::Not(inner) => !eval(inner, known),
        Expr::And(parts) => strongest(parts, Three::False, known),
        Expr::Or(parts) => strongest(parts, Three::True, known),
    }
}

/// `decisive` where one part says so; its opposite where all say that;
/// unknown otherwise.
fn strongest(parts: &[Expr], decisive: Three, known: &impl Fn(&str) -> Option<Literal>) -> Three {
    let mut result = !decisive;
    for part in parts {
        match eval(part, known) {
            said if said == decisive => return decisive,
            Three::Unknown => result = Three::Unknown,
            _ => {}
        }
    }
    result
}

fn eval_atom(atom: &Atom, known: &impl Fn(&str) -> Option<Literal>) -> Three {
    let value = |operand: &Operand| match operand {
        Operand::Claim(kind, _) => known(kind),
        Operand::Literal(literal) => Some(literal.clone()),
    };
    match (value(&atom.left), value(&atom.right)) {
        (Some(left), Some(right)) => holds(atom.op, &left, &right).into(),
        _ => Three::Unknown,
    }
}

/// The comparison of two values.
pub(super) fn holds(op: Op, left: &Literal, right: &Literal) -> bool {
    match op {
        Op::Equal => left == right,
        Op::NotEqual => left != right,
        Op::Less => left < right,
        Op::LessOrEqual => left <= right,
        Op::Greater => left > right,
        Op::GreaterOrEqual => left >= right,
        Op::Contains => matches!(left, Literal::Set(members) if members.contains(right)),
    }
}

impl From<&Value> for Literal {
    fn from(value: &Value) -> Literal {
        match value {
            Value::Bool(value) => Literal::Bool(*value),
            Value::Long(value) => Literal::Long(*value),
            Value::String(value) => Literal::String(value.clone()),
            Value::Set(members) => Literal::Set(members.iter().cloned().map(Literal::String).collect()),
        }
    }
}
