//! A strict reader of JSON text, token by token, that never builds a tree.
//!
//! Weir decides on what this reader saw and then sends the very same bytes to
//! another program that reads them again. Anything two parsers could read
//! differently is therefore an error here: the grammar is RFC 8259 to the
//! letter, text is UTF-8 without a byte order mark, escaped surrogates come in
//! pairs, numbers fit an IEEE 754 double, and nesting stops one short of the
//! limit at which `serde_json` gives up. Strings are skipped eight bytes at a
//! time and nothing is allocated unless an escaped string must be compared.

mod number;
mod text;

pub(crate) use text::{Text, write_string};

use thiserror::Error;

/// Deepest nesting of arrays and objects. `serde_json` refuses level 128, and
/// what passes here must be readable there.
pub(crate) const MAX_DEPTH: usize = 127;

/// Why a text is not JSON that every parser reads alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JsonProblem {
    /// RFC 8259 section 8.1 forbids it, and some parsers skip it silently.
    #[error("the body starts with a byte order mark; send plain UTF-8")]
    ByteOrderMark,
    /// JSON exchanged between systems must be UTF-8.
    #[error("the body is not valid UTF-8")]
    InvalidUtf8,
    /// The text stops inside a value.
    #[error("the JSON ends before it is complete")]
    UnexpectedEnd,
    /// Some other token was due here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Something other than white space follows the value.
    #[error("there is more data after the end of the JSON value")]
    TrailingData,
    /// A raw control character (below U+0020) inside a string.
    #[error("a control character inside a string must be escaped")]
    ControlCharacter,
    /// A backslash followed by anything RFC 8259 section 7 does not list.
    #[error("this is not an escape sequence of JSON")]
    InvalidEscape,
    /// Half of a UTF-16 surrogate pair, which parsers repair in different ways.
    #[error("a \\u escape names one half of a surrogate pair without the other")]
    LoneSurrogate,
    /// For example `01`, `.5`, `1.` or `+1`.
    #[error("this is not a number of JSON")]
    InvalidNumber,
    /// Parsers read it as infinity, as an error, or as a big number.
    #[error("this number is too large for a double")]
    NumberOutOfRange,
    /// More levels of nesting than other parsers read.
    #[error("arrays and objects are nested more than 127 levels deep")]
    TooDeep,
}

/// A problem and the byte it was met at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    pub(crate) problem: JsonProblem,
    pub(crate) offset: usize,
}

/// What a value starts with, known from its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

/// Reads one JSON text from front to back.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    position: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the first byte of `body`, which must be UTF-8 without a mark.
    pub(crate) fn new(body: &'a [u8]) -> Result<Self, JsonError> {
        if body.starts_with(&[0xEF, 0xBB, 0xBF]) {
            return Err(JsonError { problem: JsonProblem::ByteOrderMark, offset: 0 });
        }
        // Many bytes at a time: bodies are long.
        match simdutf8::compat::from_utf8(body) {
            Ok(text) => Ok(Cursor { text, bytes: body, position: 0, depth: 0 }),
            Err(error) => Err(JsonError { problem: JsonProblem::InvalidUtf8, offset: error.valid_up_to() }),
        }
    }

    /// Another cursor over the same text, at a value that this one has passed.
    pub(crate) fn again_from(&self, position: usize) -> Self {
        Cursor { text: self.text, bytes: self.bytes, position, depth: 0 }
    }

    /// The offset of the next unread byte.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    fn fail<T>(&self, problem: JsonProblem) -> Result<T, JsonError> {
        self.fail_at(problem, self.position)
    }

    fn fail_at<T>(&self, problem: JsonProblem, offset: usize) -> Result<T, JsonError> {
        // At the end of the text, whatever was due, the trouble is the end.
        let problem = match problem {
            JsonProblem::Expected(_) if offset >= self.bytes.len() => JsonProblem::UnexpectedEnd,
            other => other,
        };
        Err(JsonError { problem, offset })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.position += 1;
        }
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), JsonError> {
        self.skip_white_space();
        if self.peek() != Some(byte) {
            return self.fail(JsonProblem::Expected(what));
        }
        self.position += 1;
        Ok(())
    }

    /// Skips white space and tells what the next value is, without reading it.
    pub(crate) fn kind(&mut self) -> Result<Kind, JsonError> {
        self.skip_white_space();
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't') => Ok(Kind::True),
            Some(b'f') => Ok(Kind::False),
            Some(b'n') => Ok(Kind::Null),
            _ => self.fail(JsonProblem::Expected("a JSON value")),
        }
    }

    /// Enters an object or array whose opening byte is next.
    pub(crate) fn open(&mut self) -> Result<(), JsonError> {
        if self.depth >= MAX_DEPTH {
            return self.fail(JsonProblem::TooDeep);
        }
        self.depth += 1;
        self.position += 1;
        Ok(())
    }

    /// Inside an object: the next key, with its colon read; `None` once the
    /// object has been closed. `first` is true before the first member.
    pub(crate) fn next_key(&mut self, first: bool) -> Result<Option<Text<'a>>, JsonError> {
        self.skip_white_space();
        match self.peek() {
            Some(b'}') => {
                self.close();
                return Ok(None);
            }
            Some(b',') if !first => {
                self.position += 1;
                self.skip_white_space();
            }
            _ if !first => return self.fail(JsonProblem::Expected("`,` or `}`")),
            _ => {}
        }
        if self.peek() != Some(b'"') {
            return self.fail(JsonProblem::Expected("a key in double quotes"));
        }
        let key = self.string()?;
        self.expect(b':', "`:`")?;
        Ok(Some(key))
    }

    /// Inside an array: whether another element follows; `false` once the array
    /// has been closed. `first` is true before the first element.
    pub(crate) fn next_element(&mut self, first: bool) -> Result<bool, JsonError> {
        self.skip_white_space();
        match self.peek() {
            Some(b']') => {
                self.close();
                Ok(false)
            }
            Some(b',') if !first => {
                self.position += 1;
                // A closing bracket here would be a trailing comma, which the
                // reader of the element refuses because it is no value.
                Ok(true)
            }
            _ if first => Ok(true),
            _ => self.fail(JsonProblem::Expected("`,` or `]`")),
        }
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.position += 1;
    }

    /// Reads a literal whose first byte is next.
    pub(crate) fn literal(&mut self, word: &'static str) -> Result<(), JsonError> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            let known = rest.iter().zip(word.as_bytes()).take_while(|(a, b)| a == b).count();
            return self.fail_at(JsonProblem::Expected(word), self.position + known);
        }
        self.position += word.len();
        Ok(())
    }

    /// Checks and passes over one value of any kind.
    pub(crate) fn skip_value(&mut self) -> Result<(), JsonError> {
        match self.kind()? {
            Kind::Object => {
                self.open()?;
                let mut first = true;
                while self.next_key(first)?.is_some() {
                    first = false;
                    self.skip_value()?;
                }
                Ok(())
            }
            Kind::Array => {
                self.open()?;
                let mut first = true;
                while self.next_element(first)? {
                    first = false;
                    self.skip_value()?;
                }
                Ok(())
            }
            Kind::String => self.string().map(drop),
            Kind::Number => self.number().map(drop),
            Kind::True => self.literal("true"),
            Kind::False => self.literal("false"),
            Kind::Null => self.literal("null"),
        }
    }

    /// Checks that only white space is left.
    pub(crate) fn finish(&mut self) -> Result<(), JsonError> {
        self.skip_white_space();
        if self.position < self.bytes.len() {
            return self.fail(JsonProblem::TrailingData);
        }
        Ok(())
    }
}
