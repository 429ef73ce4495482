//! The answers of Chat Completions, Completions and Embeddings, read at a glance.
//!
//! Nearly every answer is plain: a few keys once each, and one long text that
//! nobody here asks for. The strict reader of requests passes over that many bytes
//! at a time and builds nothing. It reads what the general reader would read, or
//! says nothing, and then the general one is asked: where a key is repeated,
//! where a type is another than the API's, where there is audio, and where two
//! readers of JSON might differ. A property test holds the two against each other.

use std::borrow::Cow;

use super::Usage;
use crate::json::{Cursor, JsonError, Kind};

/// What an answer tells.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Glance<'j> {
    pub(super) id: Option<Cow<'j, str>>,
    pub(super) model: Option<Cow<'j, str>>,
    pub(super) usage: Option<Usage>,
    pub(super) is_error: bool,
}

/// Why nothing is said.
struct Unsure;

impl From<JsonError> for Unsure {
    fn from(_: JsonError) -> Unsure {
        Unsure
    }
}

/// What an answer tells, where it is plain.
pub(super) fn document(json: &[u8]) -> Option<Glance<'_>> {
    let mut cursor = Cursor::new(json).ok()?;
    let glance = top(&mut cursor).ok()?;
    cursor.finish().ok()?;
    Some(glance)
}

fn top<'j>(cursor: &mut Cursor<'j>) -> Result<Glance<'j>, Unsure> {
    let mut glance = Glance::default();
    let mut usage = None;
    let mut once = Once::default();
    object(cursor, |cursor, key| {
        match key {
            "id" => {
                once.see(0)?;
                glance.id = text(cursor)?;
            }
            "model" => {
                once.see(1)?;
                glance.model = text(cursor)?;
            }
            "usage" => {
                once.see(2)?;
                if !is_null(cursor)? {
                    usage = Some(counts(cursor)?);
                }
            }
            "error" => {
                once.see(3)?;
                if !is_null(cursor)? {
                    glance.is_error = true;
                    cursor.skip_value()?;
                }
            }
            "choices" => {
                once.see(4)?;
                if !is_null(cursor)? {
                    choices(cursor)?;
                }
            }
            _ => cursor.skip_value()?,
        }
        Ok(())
    })?;
    glance.usage = usage;
    Ok(glance)
}

/// Passes over choices, none of which has audio.
fn choices(cursor: &mut Cursor<'_>) -> Result<(), Unsure> {
    if cursor.kind()? != Kind::Array {
        return Err(Unsure);
    }
    cursor.open()?;
    let mut first = true;
    while cursor.next_element(first)? {
        first = false;
        let mut once = Once::default();
        object(cursor, |cursor, key| {
            match key {
                "message" => once.see(0)?,
                "delta" => once.see(1)?,
                _ => return Ok(cursor.skip_value()?),
            }
            if is_null(cursor)? { Ok(()) } else { message(cursor) }
        })?;
    }
    Ok(())
}

fn message(cursor: &mut Cursor<'_>) -> Result<(), Unsure> {
    let mut once = Once::default();
    object(cursor, |cursor, key| {
        if key != "audio" {
            return Ok(cursor.skip_value()?);
        }
        once.see(0)?;
        if is_null(cursor)? { Ok(()) } else { Err(Unsure) }
    })
}

/// Counts under both sets of names, of which the larger ones stand.
fn counts(cursor: &mut Cursor<'_>) -> Result<Usage, Unsure> {
    let mut usage = Usage::default();
    let mut once = Once::default();
    object(cursor, |cursor, key| {
        match key {
            "prompt_tokens" => once.most(0, &mut usage.input_tokens, cursor),
            "input_tokens" => once.most(1, &mut usage.input_tokens, cursor),
            "completion_tokens" => once.most(2, &mut usage.output_tokens, cursor),
            "output_tokens" => once.most(3, &mut usage.output_tokens, cursor),
            "prompt_tokens_details" => once.see(4).and_then(|()| details(cursor, &mut usage, true)),
            "input_tokens_details" => once.see(5).and_then(|()| details(cursor, &mut usage, true)),
            "completion_tokens_details" => once.see(6).and_then(|()| details(cursor, &mut usage, false)),
            "output_tokens_details" => once.see(7).and_then(|()| details(cursor, &mut usage, false)),
            _ => Ok(cursor.skip_value()?),
        }
    })?;
    Ok(usage)
}

/// Details of the input's count, or of the output's.
fn details(cursor: &mut Cursor<'_>, usage: &mut Usage, are_of_input: bool) -> Result<(), Unsure> {
    if is_null(cursor)? {
        return Ok(());
    }
    let mut once = Once::default();
    let mut unasked = 0;
    object(cursor, |cursor, key| {
        let (place, count) = match key {
            "cached_tokens" if are_of_input => (0, &mut usage.cached_input_tokens),
            "cache_write_tokens" if are_of_input => (1, &mut usage.cache_write_tokens),
            "reasoning_tokens" if !are_of_input => (2, &mut usage.reasoning_tokens),
            // Read all the same: whatever is no count makes the whole unreadable.
            "cached_tokens" => (0, &mut unasked),
            "cache_write_tokens" => (1, &mut unasked),
            "reasoning_tokens" => (2, &mut unasked),
            _ => return Ok(cursor.skip_value()?),
        };
        once.most(place, count, cursor)
    })
}

/// Which keys of an object were there.
#[derive(Default)]
struct Once(u8);

impl Once {
    fn see(&mut self, place: u8) -> Result<(), Unsure> {
        let bit = 1 << place;
        if self.0 & bit != 0 {
            return Err(Unsure);
        }
        self.0 |= bit;
        Ok(())
    }

    fn most(&mut self, place: u8, count: &mut u64, cursor: &mut Cursor<'_>) -> Result<(), Unsure> {
        self.see(place)?;
        if !is_null(cursor)? {
            *count = whole(cursor)?.max(*count);
        }
        Ok(())
    }
}

/// Gives each key of the object that is next, with the cursor before its value.
fn object<'j>(
    cursor: &mut Cursor<'j>,
    mut take: impl FnMut(&mut Cursor<'j>, &str) -> Result<(), Unsure>,
) -> Result<(), Unsure> {
    if cursor.kind()? != Kind::Object {
        return Err(Unsure);
    }
    cursor.open()?;
    let mut first = true;
    while let Some(key) = cursor.next_key(first)? {
        first = false;
        take(cursor, &key.unescaped())?;
    }
    Ok(())
}

/// Passes over `null`, where it is next.
fn is_null(cursor: &mut Cursor<'_>) -> Result<bool, Unsure> {
    let is_null = cursor.kind()? == Kind::Null;
    if is_null {
        cursor.literal("null")?;
    }
    Ok(is_null)
}

fn text<'j>(cursor: &mut Cursor<'j>) -> Result<Option<Cow<'j, str>>, Unsure> {
    match cursor.kind()? {
        Kind::String => Ok(Some(cursor.string()?.unescaped())),
        Kind::Null => Ok(cursor.literal("null").map(|()| None)?),
        _ => Err(Unsure),
    }
}

/// A number of digits alone.
fn whole(cursor: &mut Cursor<'_>) -> Result<u64, Unsure> {
    match cursor.kind()? {
        Kind::Number => cursor.number()?.parse().map_err(|_| Unsure),
        _ => Err(Unsure),
    }
}
