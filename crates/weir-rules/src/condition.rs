//! The condition language of directives and of grants' populations: boolean
//! expressions over declared claim kinds, read in three values (contracts,
//! section 3). A condition is parsed and typed once; it is then evaluated by
//! the small evaluator in [`eval`] or compiled to guarded Cedar by
//! [`compile`], and property tests hold the two equal.
//!
//! The language is total: every comparison is well typed before anything is
//! evaluated, so no condition can fail at the time of a decision.

pub mod compile;
pub mod error;
pub mod eval;
mod lexer;
mod nearest;
mod parser;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_acts::ValueType;
use weir_acts::governed::ClaimKind;

pub use compile::CompiledCondition;
pub use error::ConditionError;
pub use eval::Three;
pub use nearest::nearest;

/// The longest condition, in bytes.
pub const MAX_LENGTH: usize = 8192;
/// The deepest nesting of parentheses and negations.
pub const MAX_DEPTH: usize = 32;
/// The most comparisons in one condition.
pub const MAX_ATOMS: usize = 128;

/// A condition that was parsed and typed against the declared kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    root: Expr,
    kinds: BTreeSet<Arc<str>>,
}

impl Condition {
    /// Reads a condition over `kinds`.
    ///
    /// # Errors
    /// When it is no condition, names an undeclared kind, compares what cannot
    /// be compared, or is too long, too deep or too large; the error says
    /// where.
    pub fn parse(text: &str, kinds: &BTreeMap<Arc<str>, ClaimKind>) -> Result<Condition, ConditionError> {
        let root = parser::parse(text, kinds)?;
        let mut used = BTreeSet::new();
        root.each_atom(&mut |atom| used.extend(atom.kinds().cloned()));
        Ok(Condition { root, kinds: used })
    }

    /// The claim kinds the condition reads, by name.
    pub fn kinds_used(&self) -> impl Iterator<Item = &Arc<str>> {
        self.kinds.iter()
    }

    pub(crate) fn root(&self) -> &Expr {
        &self.root
    }
}

/// A boolean expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    Const(bool),
    Atom(Atom),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
}

impl Expr {
    pub(crate) fn each_atom<'a>(&'a self, visit: &mut impl FnMut(&'a Atom)) {
        match self {
            Expr::Const(_) => {}
            Expr::Atom(atom) => visit(atom),
            Expr::Not(inner) => inner.each_atom(visit),
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| part.each_atom(visit)),
        }
    }
}

/// One comparison. Invariant, kept by the parser: the operands' types suit
/// the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Atom {
    pub(crate) op: Op,
    pub(crate) left: Operand,
    pub(crate) right: Operand,
}

impl Atom {
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &Arc<str>> {
        [&self.left, &self.right].into_iter().filter_map(|operand| match operand {
            Operand::Claim(kind, _) => Some(kind),
            Operand::Literal(_) => None,
        })
    }
}

/// How an atom compares. `a in s` and `s contains a` are both `Contains`,
/// with the set on the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    Claim(Arc<str>, ValueType),
    Literal(Literal),
}

/// A value written in the condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Literal {
    Bool(bool),
    Long(i64),
    String(Box<str>),
    Set(BTreeSet<Literal>),
}
