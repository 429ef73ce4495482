//! From tokens to a typed expression, by recursive descent of bounded depth.
//!
//! ```text
//! or       = and { "||" and }
//! and      = unary { "&&" unary }
//! unary    = "!" unary | relation
//! relation = operand [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "contains") operand ]
//! operand  = primary { ".contains(" operand ")" }
//! primary  = "principal." KIND | literal | "[" [ literal { "," literal } ] "]" | "(" or ")"
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use weir_acts::ValueType;
use weir_acts::governed::ClaimKind;

use super::error::ConditionError;
use super::eval::holds;
use super::lexer::{Placed, Token, tokens};
use super::{Atom, Expr, Literal, MAX_ATOMS, MAX_DEPTH, MAX_LENGTH, Op, Operand, nearest};

type Parsed<T> = Result<T, ConditionError>;

pub(super) fn parse(text: &str, kinds: &BTreeMap<Arc<str>, ClaimKind>) -> Parsed<Expr> {
    if text.len() > MAX_LENGTH {
        let problem = format!("the condition is {} bytes; at most {MAX_LENGTH} are read", text.len());
        return Err(ConditionError::new(text, 0..0, problem));
    }
    let mut parser = Parser { text, kinds, tokens: tokens(text)?, at: 0, depth: 0, atoms: 0 };
    let node = parser.or()?;
    if *parser.peek() != Token::End {
        return Err(parser.unexpected("`&&`, `||` or the end"));
    }
    parser.formula(node)
}

/// What a stretch of text turned out to be. A parenthesis may hold either, so
/// the difference is settled where it is used.
struct Node {
    what: What,
    span: Range<usize>,
}

enum What {
    Formula(Expr),
    Operand(Operand),
}

/// The type of an operand. A set knows its members' type unless it is empty.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Scalar(ValueType),
    Set(Option<ValueType>),
}

struct Parser<'a> {
    text: &'a str,
    kinds: &'a BTreeMap<Arc<str>, ClaimKind>,
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
    atoms: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |placed| &placed.token)
    }

    fn span(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |placed| placed.span.clone())
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let taken = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.at += usize::from(taken);
        taken
    }

    fn expect_sign(&mut self, sign: &str) -> Parsed<()> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn error(&self, span: Range<usize>, problem: impl Into<String>) -> ConditionError {
        ConditionError::new(self.text, span, problem)
    }

    fn unexpected(&self, expected: &str) -> ConditionError {
        let found = match self.peek() {
            Token::End => "the condition ends here".to_owned(),
            Token::Word(word) => format!("found `{word}`"),
            Token::Text(_) => "found a text".to_owned(),
            Token::Number(number) => format!("found `{number}`"),
            Token::Sign(sign) => format!("found `{sign}`"),
        };
        self.error(self.span(), format!("{found}; expected {expected}"))
    }

    /// Runs `inner` one level deeper.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(self.span(), format!("nested more than {MAX_DEPTH} deep")));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Parsed<Node> {
        self.chain("||", Self::and, Expr::Or)
    }

    fn and(&mut self) -> Parsed<Node> {
        self.chain("&&", Self::unary, Expr::And)
    }

    fn chain(&mut self, sign: &str, part: fn(&mut Self) -> Parsed<Node>, join: fn(Vec<Expr>) -> Expr) -> Parsed<Node> {
        let first = part(self)?;
        let start = first.span.start;
        if !matches!(self.peek(), Token::Sign(found) if *found == sign) {
            return Ok(first);
        }
        let mut parts = vec![self.formula(first)?];
        let mut end = start;
        while self.take_sign(sign) {
            let next = part(self)?;
            end = next.span.end;
            parts.push(self.formula(next)?);
        }
        Ok(Node { what: What::Formula(join(parts)), span: start..end })
    }

    fn unary(&mut self) -> Parsed<Node> {
        let start = self.span().start;
        if !self.take_sign("!") {
            return self.relation();
        }
        let inner = self.deeper(Self::unary)?;
        let span = start..inner.span.end;
        let formula = self.formula(inner)?;
        Ok(Node { what: What::Formula(Expr::Not(Box::new(formula))), span })
    }

    fn relation(&mut self) -> Parsed<Node> {
        let left = self.operand()?;
        let (op, swapped) = match self.peek() {
            Token::Sign("==") => (Op::Equal, false),
            Token::Sign("!=") => (Op::NotEqual, false),
            Token::Sign("<") => (Op::Less, false),
            Token::Sign("<=") => (Op::LessOrEqual, false),
            Token::Sign(">") => (Op::Greater, false),
            Token::Sign(">=") => (Op::GreaterOrEqual, false),
            Token::Word(word) if word == "contains" => (Op::Contains, false),
            Token::Word(word) if word == "in" => (Op::Contains, true),
            _ => return Ok(left),
        };
        self.at += 1;
        let right = self.operand()?;
        if swapped { self.atom(op, right, left) } else { self.atom(op, left, right) }
    }

    fn operand(&mut self) -> Parsed<Node> {
        let mut node = self.primary()?;
        while self.take_sign(".") {
            if *self.peek() != Token::Word("contains".to_owned()) {
                return Err(self.unexpected("`contains(...)`"));
            }
            self.at += 1;
            self.expect_sign("(")?;
            let member = self.deeper(Self::operand)?;
            let end = self.span().end;
            self.expect_sign(")")?;
            node = self.atom(Op::Contains, node, member)?;
            node.span.end = end;
        }
        Ok(node)
    }

    fn primary(&mut self) -> Parsed<Node> {
        let span = self.span();
        if self.take_sign("(") {
            let inner = self.deeper(Self::or)?;
            let end = self.span().end;
            self.expect_sign(")")?;
            return Ok(Node { what: inner.what, span: span.start..end });
        }
        if self.take_sign("[") {
            return self.set(span.start);
        }
        if let Token::Word(word) = self.peek()
            && word == "principal"
        {
            self.at += 1;
            return self.claim(span.start);
        }
        let literal = self.scalar()?;
        let end = self.tokens.get(self.at.saturating_sub(1)).map_or(span.end, |placed| placed.span.end);
        Ok(Node { what: What::Operand(Operand::Literal(literal)), span: span.start..end })
    }

    fn claim(&mut self, start: usize) -> Parsed<Node> {
        if !self.take_sign(".") {
            return Err(self.unexpected("`.` and the name of a claim kind after `principal`"));
        }
        let span = self.span();
        let Token::Word(name) = self.peek().clone() else {
            return Err(self.unexpected("the name of a claim kind"));
        };
        let Some((kind, declared)) = self.kinds.get_key_value(name.as_str()) else {
            let names = nearest(&name, self.kinds.keys().map(|kind| &**kind));
            return Err(self.error(span, format!("`{name}` is not a declared claim kind")).nearest(names));
        };
        self.at += 1;
        let operand = Operand::Claim(Arc::clone(kind), declared.value_type);
        Ok(Node { what: What::Operand(operand), span: start..span.end })
    }

    fn scalar(&mut self) -> Parsed<Literal> {
        let negative = self.take_sign("-");
        let span = self.span();
        let literal = match self.peek() {
            Token::Number(magnitude) => {
                let value = if negative { -i128::from(*magnitude) } else { i128::from(*magnitude) };
                let value = i64::try_from(value)
                    .map_err(|_| self.error(span.clone(), format!("`{value}` is not a 64-bit whole number")))?;
                Literal::Long(value)
            }
            _ if negative => return Err(self.unexpected("a whole number after `-`")),
            Token::Text(text) => Literal::String(text.as_str().into()),
            Token::Word(word) if word == "true" => Literal::Bool(true),
            Token::Word(word) if word == "false" => Literal::Bool(false),
            Token::Word(word) if self.kinds.contains_key(word.as_str()) => {
                return Err(self.error(span, format!("a claim is written `principal.{word}`")));
            }
            _ => return Err(self.unexpected("`principal.KIND`, a value, `!` or `(`")),
        };
        self.at += 1;
        Ok(literal)
    }

    /// The rest of a set after its `[`. Members are values of one type.
    fn set(&mut self, start: usize) -> Parsed<Node> {
        let mut members = BTreeSet::new();
        let mut member_type = None;
        loop {
            let span = self.span();
            if self.take_sign("]") {
                let operand = Operand::Literal(Literal::Set(members));
                return Ok(Node { what: What::Operand(operand), span: start..span.end });
            }
            let member = self.scalar()?;
            let found = scalar_type(&member);
            if *member_type.get_or_insert(found) != found {
                return Err(self.error(span, "the members of a set are of one type"));
            }
            members.insert(member);
            if !self.take_sign(",") && *self.peek() != Token::Sign("]") {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    /// A node where a boolean is needed.
    fn formula(&mut self, node: Node) -> Parsed<Expr> {
        match node.what {
            What::Formula(expr) => Ok(expr),
            What::Operand(Operand::Literal(Literal::Bool(value))) => Ok(Expr::Const(value)),
            What::Operand(operand @ Operand::Claim(_, ValueType::Bool)) => {
                self.count(&node.span)?;
                let right = Operand::Literal(Literal::Bool(true));
                Ok(Expr::Atom(Atom { op: Op::Equal, left: operand, right }))
            }
            What::Operand(operand) => {
                let found = type_of(&operand).name();
                Err(self.error(node.span, format!("this is a {found}, not a condition: compare it with something")))
            }
        }
    }

    fn count(&mut self, span: &Range<usize>) -> Parsed<()> {
        self.atoms += 1;
        if self.atoms > MAX_ATOMS {
            return Err(self.error(span.clone(), format!("more than {MAX_ATOMS} comparisons")));
        }
        Ok(())
    }

    /// A comparison, with the set on the left where there is one.
    fn atom(&mut self, op: Op, left: Node, right: Node) -> Parsed<Node> {
        let span = left.span.start.min(right.span.start)..left.span.end.max(right.span.end);
        self.count(&span)?;
        let (left, right) = (self.compared(left)?, self.compared(right)?);
        check_types(op, type_of(&left.0), type_of(&right.0)).map_err(|problem| self.error(span.clone(), problem))?;
        let atom = Atom { op, left: left.0, right: right.0 };
        let expr = match (&atom.left, &atom.right) {
            (Operand::Literal(left), Operand::Literal(right)) => Expr::Const(holds(op, left, right)),
            _ => Expr::Atom(atom),
        };
        Ok(Node { what: What::Formula(expr), span })
    }

    fn compared(&self, node: Node) -> Parsed<(Operand, Range<usize>)> {
        match node.what {
            What::Operand(operand) => Ok((operand, node.span)),
            What::Formula(_) => {
                let problem = "a condition cannot be compared: join conditions with `&&`, `||` and `!`";
                Err(self.error(node.span, problem))
            }
        }
    }
}

impl Type {
    fn name(self) -> String {
        match self {
            Type::Scalar(scalar) => scalar.to_string(),
            Type::Set(None) => "set".to_owned(),
            Type::Set(Some(member)) => format!("set of {member}"),
        }
    }
}

fn scalar_type(literal: &Literal) -> ValueType {
    match literal {
        Literal::Bool(_) => ValueType::Bool,
        Literal::Long(_) => ValueType::Long,
        Literal::String(_) => ValueType::String,
        Literal::Set(_) => ValueType::Set,
    }
}

fn type_of(operand: &Operand) -> Type {
    match operand {
        Operand::Claim(_, ValueType::Set) => Type::Set(Some(ValueType::String)),
        Operand::Claim(_, scalar) => Type::Scalar(*scalar),
        Operand::Literal(Literal::Set(members)) => Type::Set(members.first().map(scalar_type)),
        Operand::Literal(literal) => Type::Scalar(scalar_type(literal)),
    }
}

fn check_types(op: Op, left: Type, right: Type) -> Result<(), String> {
    match (op, left, right) {
        (Op::Equal | Op::NotEqual, Type::Set(left), Type::Set(right)) if left.is_none() || right.is_none() => Ok(()),
        (Op::Equal | Op::NotEqual, left, right) if left == right => Ok(()),
        (Op::Equal | Op::NotEqual, left, right) => Err(format!("a {} never equals a {}", left.name(), right.name())),
        (Op::Contains, Type::Set(None), Type::Scalar(_)) => Ok(()),
        (Op::Contains, Type::Set(Some(member)), Type::Scalar(scalar)) if member == scalar => Ok(()),
        (Op::Contains, Type::Set(_), found) => Err(format!("a {} holds no {}", left.name(), found.name())),
        (Op::Contains, found, _) => {
            Err(format!("`in` needs a set on its right and `contains` one on its left; this is a {}", found.name()))
        }
        (_, Type::Scalar(ValueType::Long), Type::Scalar(ValueType::Long)) => Ok(()),
        (_, left, right) => {
            let wrong = if left == Type::Scalar(ValueType::Long) { right } else { left };
            Err(format!("only whole numbers have an order; this compares a {}", wrong.name()))
        }
    }
}
