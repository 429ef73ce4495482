//! Why a request body is refused, and where.

use super::MAX_MODEL_BYTES;
use crate::json::{JsonError, JsonProblem};
use std::fmt;
use thiserror::Error;

/// A place in a body. Lines and columns count from 1, columns in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Bytes before the place.
    pub offset: usize,
    /// The line, counted by line feeds.
    pub line: usize,
    /// The byte within the line.
    pub column: usize,
}

impl Position {
    fn of(offset: usize, body: &[u8]) -> Self {
        let before = body.get(..offset).unwrap_or(body);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |feed| feed + 1);
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        Position { offset, line, column: offset.saturating_sub(line_start) + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {} (byte {})", self.line, self.column, self.offset)
    }
}

/// A request body that Weir will not forward.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{problem}, at {at}")]
pub struct HeadError {
    /// What is wrong, and what to do about it.
    pub problem: HeadProblem,
    /// The governed field it concerns, for the `param` of an error answer.
    pub field: Option<&'static str>,
    /// Where in the body.
    pub at: Position,
}

/// What is wrong with a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HeadProblem {
    /// The body is not JSON, or not JSON that every parser reads alike.
    #[error("the request body cannot be read: {0}")]
    Json(JsonProblem),
    /// The body is JSON, but not an object.
    #[error("the request body must be a JSON object")]
    NotAnObject,
    /// Parsers differ on which of two equal keys counts.
    #[error("`{0}` is given twice; send it once")]
    Repeated(&'static str),
    /// Some parsers read keys without regard to case, so this might be a second `model`.
    #[error("this key differs from `{0}` in case only; spell it exactly so")]
    OtherCase(&'static str),
    /// The field would let the upstream choose another model than the one decided on.
    #[error("`{0}` is not allowed here: it can route a request to another model than `model`; remove it")]
    Routing(&'static str),
    /// The field must have one certain JSON type.
    #[error("`{0}` must be {1}")]
    WrongType(&'static str, &'static str),
    /// No model is named.
    #[error("`model` is missing; name the model to use")]
    ModelMissing,
    /// The model's name is the empty string.
    #[error("`model` is empty; name the model to use")]
    ModelEmpty,
    /// The model's name is longer than [`MAX_MODEL_BYTES`].
    #[error("`model` is longer than {MAX_MODEL_BYTES} bytes")]
    ModelTooLong,
    /// Programs that end strings at a zero byte would read another name.
    #[error("`model` holds a control character")]
    ModelControlCharacter,
    /// The request leans on more stored objects or models than can be checked.
    #[error("the request names more than {0} stored objects and models; send fewer")]
    TooManyReferences(usize),
}

impl HeadProblem {
    /// The `code` of the error answer: stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            HeadProblem::Json(_) | HeadProblem::NotAnObject => "invalid_json",
            HeadProblem::Repeated(_) | HeadProblem::OtherCase(_) => "ambiguous_field",
            HeadProblem::Routing(_) => "unsupported_field",
            HeadProblem::WrongType(..) => "invalid_type",
            HeadProblem::ModelMissing | HeadProblem::ModelEmpty => "model_required",
            HeadProblem::ModelTooLong | HeadProblem::ModelControlCharacter => "invalid_model",
            HeadProblem::TooManyReferences(_) => "too_many_references",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            HeadProblem::Json(_) | HeadProblem::NotAnObject | HeadProblem::TooManyReferences(_) => None,
            HeadProblem::Repeated(field)
            | HeadProblem::OtherCase(field)
            | HeadProblem::Routing(field)
            | HeadProblem::WrongType(field, _) => Some(field),
            HeadProblem::ModelMissing
            | HeadProblem::ModelEmpty
            | HeadProblem::ModelTooLong
            | HeadProblem::ModelControlCharacter => Some("model"),
        }
    }
}

/// A problem on its way out of the scanner, before lines are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    pub(super) problem: HeadProblem,
    pub(super) offset: usize,
}

impl Stop {
    pub(super) fn into_error(self, body: &[u8]) -> HeadError {
        HeadError { problem: self.problem, field: self.problem.field(), at: Position::of(self.offset, body) }
    }
}

impl From<JsonError> for Stop {
    fn from(error: JsonError) -> Self {
        Stop { problem: HeadProblem::Json(error.problem), offset: error.offset }
    }
}
