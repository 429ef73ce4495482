//! The condition as Cedar. Cedar has two values and skips a policy that
//! errors, which for a `forbid` is an open door; so both truth and falsehood
//! are compiled, each guarded by the presence and level of every claim it
//! reads, and neither expression can error.

use std::fmt::Write;
use std::sync::Arc;

use super::{Atom, Condition, Expr, Literal, Op, Operand};

/// A condition as two total Cedar expressions over `principal`. Where neither
/// holds the condition is unknown; both never hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledCondition {
    /// Holds exactly where the condition is definitely true.
    pub definitely_true: String,
    /// Holds exactly where it is definitely false.
    pub definitely_false: String,
}

impl Condition {
    /// The condition as guarded Cedar; claims under `min_level` count as
    /// absent.
    pub fn compile(&self, min_level: u8) -> CompiledCondition {
        CompiledCondition {
            definitely_true: written(self.root(), true, min_level),
            definitely_false: written(self.root(), false, min_level),
        }
    }
}

/// `expr` as Cedar that holds exactly where `expr` definitely is `wanted`.
fn written(expr: &Expr, wanted: bool, min_level: u8) -> String {
    match expr {
        Expr::Const(value) => (*value == wanted).to_string(),
        Expr::Atom(atom) => atom_as_cedar(atom, wanted, min_level),
        Expr::Not(inner) => written(inner, !wanted, min_level),
        // De Morgan: a conjunction is true where all parts are, and false
        // where any is.
        Expr::And(parts) => joined(parts, if wanted { " && " } else { " || " }, wanted, min_level),
        Expr::Or(parts) => joined(parts, if wanted { " || " } else { " && " }, wanted, min_level),
    }
}

fn joined(parts: &[Expr], sign: &str, wanted: bool, min_level: u8) -> String {
    let parts: Vec<String> = parts.iter().map(|part| written(part, wanted, min_level)).collect();
    format!("({})", parts.join(sign))
}

fn atom_as_cedar(atom: &Atom, wanted: bool, min_level: u8) -> String {
    let mut text = String::from("(");
    for kind in atom.kinds() {
        guard(&mut text, kind, min_level);
    }
    if !wanted {
        text.push('!');
    }
    let (left, right) = (operand_as_cedar(&atom.left), operand_as_cedar(&atom.right));
    let empty = |operand: &Operand| matches!(operand, Operand::Literal(Literal::Set(members)) if members.is_empty());
    // Cedar's strict types know no empty set literal.
    let comparison = match atom.op {
        Op::Contains if empty(&atom.left) => "false".to_owned(),
        Op::Contains => format!("{left}.contains({right})"),
        Op::Equal if empty(&atom.right) => format!("{left}.isEmpty()"),
        Op::Equal if empty(&atom.left) => format!("{right}.isEmpty()"),
        Op::NotEqual if empty(&atom.right) => format!("!{left}.isEmpty()"),
        Op::NotEqual if empty(&atom.left) => format!("!{right}.isEmpty()"),
        Op::Equal => format!("{left} == {right}"),
        Op::NotEqual => format!("{left} != {right}"),
        Op::Less => format!("{left} < {right}"),
        Op::LessOrEqual => format!("{left} <= {right}"),
        Op::Greater => format!("{left} > {right}"),
        Op::GreaterOrEqual => format!("{left} >= {right}"),
    };
    text.push('(');
    text.push_str(&comparison);
    text.push_str("))");
    text
}

fn guard(text: &mut String, kind: &Arc<str>, min_level: u8) {
    text.push_str("principal has ");
    text.push_str(kind);
    // Present claims have a level of 0 or more.
    if min_level > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, " && principal.level has {kind} && principal.level.{kind} >= {min_level}");
    }
    text.push_str(" && ");
}

fn operand_as_cedar(operand: &Operand) -> String {
    match operand {
        Operand::Claim(kind, _) => format!("principal.{kind}"),
        Operand::Literal(literal) => literal_as_cedar(literal),
    }
}

fn literal_as_cedar(literal: &Literal) -> String {
    match literal {
        Literal::Bool(value) => value.to_string(),
        Literal::Long(value) => value.to_string(),
        Literal::String(value) => quoted(value),
        Literal::Set(members) => {
            let members: Vec<String> = members.iter().map(literal_as_cedar).collect();
            format!("[{}]", members.join(", "))
        }
    }
}

/// `text` as a Cedar string literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            plain if !plain.is_control() => literal.push(plain),
            control => {
                let _ = write!(literal, "\\u{{{:x}}}", u32::from(control));
            }
        }
    }
    literal.push('"');
    literal
}
