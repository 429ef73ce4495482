//! What is cut out of a text, and with which separators, so that what stays is
//! still JSON and is byte for byte what it was.

use std::ops::Range;

use super::{CannotWithhold, Walk};
use crate::json::{Kind, Text};

/// A part of a text that is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: With,
}

/// By what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    Nothing,
    Null,
    EmptyList,
    Number(u64),
}

/// The text with its edits made. They are in order and do not overlap.
pub(super) fn apply(text: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for Edit { range, with } in edits {
        out.extend_from_slice(text.get(from..range.start).unwrap_or_default());
        match with {
            With::Nothing => {}
            With::Null => out.extend_from_slice(b"null"),
            With::EmptyList => out.extend_from_slice(b"[]"),
            With::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        }
        from = range.end;
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    out
}

/// Whether a member or element stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stay {
    Kept,
    Removed,
}

/// The members of an object or the elements of an array as they come, some of
/// which go. A member that goes takes the comma before it along, or, where
/// nothing before it stays, the one behind it.
#[derive(Default)]
struct Series {
    any_kept: bool,
    /// Where the member before ends.
    end: usize,
    /// The beginning of a removal that lasts until the next member begins.
    open: Option<usize>,
}

impl Series {
    fn begin(&mut self, start: usize, edits: &mut Vec<Edit>) {
        if let Some(open) = self.open.take() {
            edits.push(Edit { range: open..start, with: With::Nothing });
        }
    }

    fn end(&mut self, start: usize, end: usize, stay: Stay, edits: &mut Vec<Edit>) {
        match stay {
            Stay::Kept => self.any_kept = true,
            Stay::Removed if self.any_kept => edits.push(Edit { range: self.end..end, with: With::Nothing }),
            Stay::Removed => self.open = Some(start),
        }
        self.end = end;
    }

    fn close(&mut self, edits: &mut Vec<Edit>) {
        if let Some(open) = self.open.take() {
            edits.push(Edit { range: open..self.end, with: With::Nothing });
        }
    }
}

impl<'a> Walk<'a> {
    /// Walks over an object. `member` reads the value of each member and says
    /// whether it stays; edits within one that goes are forgotten.
    pub(super) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Result<Stay, CannotWithhold>,
    ) -> Result<(), CannotWithhold> {
        if self.cursor.kind()? != Kind::Object {
            return Err(CannotWithhold::Form("an object was due"));
        }
        self.cursor.open()?;
        let mut series = Series::default();
        let mut first = true;
        while let Some(key) = self.cursor.next_key(first)? {
            first = false;
            let start = key.span().start;
            series.begin(start, &mut self.edits);
            let before = self.edits.len();
            let stay = member(self, &key.unescaped())?;
            if stay == Stay::Removed {
                self.edits.truncate(before);
            }
            series.end(start, self.cursor.position(), stay, &mut self.edits);
        }
        series.close(&mut self.edits);
        Ok(())
    }

    /// As [`Walk::object`], over an array; `element` is told the place of each.
    pub(super) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self, usize) -> Result<Stay, CannotWithhold>,
    ) -> Result<(), CannotWithhold> {
        if self.cursor.kind()? != Kind::Array {
            return Err(CannotWithhold::Form("a list was due"));
        }
        self.cursor.open()?;
        let mut series = Series::default();
        let mut place = 0;
        while self.cursor.next_element(place == 0)? {
            self.cursor.kind()?;
            let start = self.cursor.position();
            series.begin(start, &mut self.edits);
            let before = self.edits.len();
            let stay = element(self, place)?;
            if stay == Stay::Removed {
                self.edits.truncate(before);
            }
            series.end(start, self.cursor.position(), stay, &mut self.edits);
            place += 1;
        }
        series.close(&mut self.edits);
        Ok(())
    }

    /// Passes over a value that stays as it is.
    pub(super) fn keep(&mut self) -> Result<Stay, CannotWithhold> {
        self.cursor.skip_value()?;
        Ok(Stay::Kept)
    }

    /// Passes over a value that goes.
    pub(super) fn remove(&mut self) -> Result<Stay, CannotWithhold> {
        self.cursor.skip_value()?;
        Ok(Stay::Removed)
    }

    /// Passes over a value in whose place there is another from now on.
    pub(super) fn replace(&mut self, with: With) -> Result<Stay, CannotWithhold> {
        self.cursor.kind()?;
        let start = self.cursor.position();
        self.cursor.skip_value()?;
        self.edits.push(Edit { range: start..self.cursor.position(), with });
        Ok(Stay::Kept)
    }

    /// Probabilities of tokens: `null`, as where none were asked for.
    pub(super) fn no_logprobs(&mut self) -> Result<Stay, CannotWithhold> {
        match self.cursor.kind()? {
            Kind::Null => self.keep(),
            _ => self.replace(With::Null),
        }
    }

    /// A list in whose place there is an empty one, unless it is empty already.
    pub(super) fn empty_list(&mut self) -> Result<Stay, CannotWithhold> {
        let start = self.cursor.position();
        self.cursor.open()?;
        let mut is_empty = true;
        while self.cursor.next_element(is_empty)? {
            is_empty = false;
            self.cursor.skip_value()?;
        }
        if !is_empty {
            self.edits.push(Edit { range: start..self.cursor.position(), with: With::EmptyList });
        }
        Ok(Stay::Kept)
    }

    /// Reads a string that decides; anything else in its place is as if it were not there.
    pub(super) fn word(&mut self) -> Result<Option<Text<'a>>, CannotWithhold> {
        if self.cursor.kind()? == Kind::String {
            return Ok(Some(self.cursor.string()?));
        }
        self.cursor.skip_value()?;
        Ok(None)
    }

    /// Reads the number of a part and where it stands.
    pub(super) fn number(&mut self) -> Result<Place, CannotWithhold> {
        if self.cursor.kind()? != Kind::Number {
            return Err(CannotWithhold::Form("the number of a part was due"));
        }
        let start = self.cursor.position();
        let digits = self.cursor.number()?;
        let number = digits.parse().map_err(|_| CannotWithhold::Form("the number of a part is none"))?;
        Ok(Place { number, range: start..self.cursor.position() })
    }

    /// Adds an edit that lies anywhere between the others.
    pub(super) fn insert(&mut self, edit: Edit) {
        let at = self.edits.partition_point(|other| other.range.start < edit.range.start);
        self.edits.insert(at, edit);
    }
}

/// The number of a block or item, and where it is written.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) range: Range<usize>,
}

/// Keeps what may be told once.
pub(super) fn once<T>(slot: &mut Option<T>, found: T, name: &'static str) -> Result<(), CannotWithhold> {
    match slot.replace(found) {
        None => Ok(()),
        Some(_) => Err(CannotWithhold::Twice(name)),
    }
}
