//! The Responses API: items of output, and the events that build them.

use super::edits::{Edit, Place, Stay, With, once};
use super::numbering::Numbering;
use super::{CannotWithhold, Fate, Walk};
use crate::json::Kind;

/// Walks over a response. Its own `reasoning` and `top_logprobs` repeat what was
/// asked for and stay.
pub(super) fn document(walk: &mut Walk<'_>) -> Result<(), CannotWithhold> {
    walk.object(|walk, name| match name {
        "output" if walk.cursor.kind()? == Kind::Array => {
            walk.array(|walk, _| {
                let is_reasoning = item(walk)?;
                Ok(if is_reasoning { Stay::Removed } else { Stay::Kept })
            })?;
            Ok(Stay::Kept)
        }
        "reasoning" | "top_logprobs" => walk.keep(),
        name => other(walk, name),
    })
}

/// Walks over an item of output; says whether it is reasoning.
fn item(walk: &mut Walk<'_>) -> Result<bool, CannotWithhold> {
    let mut kind = None;
    walk.object(|walk, name| match name {
        "type" => kind_of(walk, &mut kind),
        "content" if walk.cursor.kind()? == Kind::Array => {
            walk.array(|walk, _| {
                let is_reasoning = part(walk)?;
                Ok(if is_reasoning { Stay::Removed } else { Stay::Kept })
            })?;
            Ok(Stay::Kept)
        }
        name => other(walk, name),
    })?;
    Ok(kind.unwrap_or_default())
}

/// Walks over a part of a message; says whether it is reasoning.
fn part(walk: &mut Walk<'_>) -> Result<bool, CannotWithhold> {
    let mut kind = None;
    walk.object(|walk, name| match name {
        "type" => kind_of(walk, &mut kind),
        name => other(walk, name),
    })?;
    Ok(kind.unwrap_or_default())
}

fn kind_of(walk: &mut Walk<'_>, kind: &mut Option<bool>) -> Result<Stay, CannotWithhold> {
    let is_reasoning = walk.word()?.is_some_and(|word| walk.is_reasoning_type(&word.unescaped()));
    once(kind, is_reasoning, "type")?;
    Ok(Stay::Kept)
}

fn other(walk: &mut Walk<'_>, name: &str) -> Result<Stay, CannotWithhold> {
    if walk.is_reasoning_name(name) {
        return walk.remove();
    }
    if !walk.is_logprobs_name(name) {
        return walk.keep();
    }
    match walk.cursor.kind()? {
        // As where none were asked for.
        Kind::Array => walk.empty_list(),
        _ => walk.no_logprobs(),
    }
}

/// Walks over an event's data.
pub(super) fn event(walk: &mut Walk<'_>, numbering: &mut Numbering) -> Result<Fate, CannotWithhold> {
    let mut kind = None;
    let mut index: Option<Place> = None;
    let (mut of_item, mut of_part) = (None, None);
    walk.object(|walk, name| match name {
        "type" => kind_of(walk, &mut kind),
        "output_index" => {
            let place = walk.number()?;
            once(&mut index, place, "output_index")?;
            Ok(Stay::Kept)
        }
        "response" if walk.cursor.kind()? == Kind::Object => {
            document(walk)?;
            Ok(Stay::Kept)
        }
        "item" if walk.cursor.kind()? == Kind::Object => {
            let is_reasoning = item(walk)?;
            once(&mut of_item, is_reasoning, "item")?;
            Ok(Stay::Kept)
        }
        "part" if walk.cursor.kind()? == Kind::Object => {
            let is_reasoning = part(walk)?;
            once(&mut of_part, is_reasoning, "part")?;
            Ok(Stay::Kept)
        }
        name => other(walk, name),
    })?;
    let is_reasoning = kind.ok_or(CannotWithhold::Form("an event has no `type`"))?;
    let Some(index) = index else {
        let is_reasoning = is_reasoning || of_item == Some(true) || of_part == Some(true);
        return Ok(if is_reasoning { Fate::Drop } else { Fate::Pass });
    };
    if of_item == Some(true) {
        numbering.take(index.number)?;
    }
    if numbering.is_taken(index.number) {
        return if of_item == Some(false) { Err(CannotWithhold::Order) } else { Ok(Fate::Drop) };
    }
    if is_reasoning {
        return Ok(Fate::Drop);
    }
    if of_part == Some(true) {
        // Parts of a message are numbered too, and nothing is known to mix them.
        return Err(CannotWithhold::Form("a message has a part of reasoning"));
    }
    let number = numbering.renumber(index.number);
    if number != index.number {
        walk.insert(Edit { range: index.range, with: With::Number(number) });
    }
    Ok(Fate::Pass)
}
