//! The Messages API: blocks of content, and the events that build them.

use super::edits::{Edit, Place, Stay, With, once};
use super::numbering::Numbering;
use super::{CannotWithhold, Fate, Walk};
use crate::json::Kind;

/// Walks over a message.
pub(super) fn document(walk: &mut Walk<'_>) -> Result<(), CannotWithhold> {
    walk.object(|walk, name| match name {
        "content" if walk.cursor.kind()? == Kind::Array => {
            walk.array(|walk, _| {
                let is_reasoning = typed(block(walk)?)?;
                Ok(if is_reasoning { Stay::Removed } else { Stay::Kept })
            })?;
            Ok(Stay::Kept)
        }
        name if walk.is_reasoning_name(name) => walk.remove(),
        _ => walk.keep(),
    })
}

fn typed(is_reasoning: Option<bool>) -> Result<bool, CannotWithhold> {
    is_reasoning.ok_or(CannotWithhold::Form("a block has no `type`"))
}

/// Walks over a block or a delta; says whether it is reasoning, where it has a
/// type. What a block holds below its own members, such as a tool's arguments,
/// stays.
fn block(walk: &mut Walk<'_>) -> Result<Option<bool>, CannotWithhold> {
    let mut kind = None;
    walk.object(|walk, name| match name {
        "type" => {
            let word = walk.word()?;
            let is_reasoning = word.is_some_and(|word| {
                let word = word.unescaped();
                // A signature signs nothing but thinking.
                walk.is_reasoning_type(&word) || (walk.parts.reasoning && word == "signature_delta")
            });
            once(&mut kind, is_reasoning, "type")?;
            Ok(Stay::Kept)
        }
        name if walk.is_reasoning_name(name) => walk.remove(),
        _ => walk.keep(),
    })?;
    Ok(kind)
}

/// What kind of event it is, as far as numbers go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Start,
    /// Of a block: delta, stop, or what may come to be.
    Other,
    Reasoning,
}

/// Walks over an event's data.
pub(super) fn event(walk: &mut Walk<'_>, numbering: &mut Numbering) -> Result<Fate, CannotWithhold> {
    let mut kind = None;
    let mut index: Option<Place> = None;
    let (mut started, mut delta) = (None, None);
    walk.object(|walk, name| match name {
        "type" => {
            let word = walk.word()?.ok_or(CannotWithhold::Form("an event's `type` is no word"))?;
            let found = match &*word.unescaped() {
                "content_block_start" => Event::Start,
                other if walk.is_reasoning_type(other) => Event::Reasoning,
                _ => Event::Other,
            };
            once(&mut kind, found, "type")?;
            Ok(Stay::Kept)
        }
        "index" => {
            let place = walk.number()?;
            once(&mut index, place, "index")?;
            Ok(Stay::Kept)
        }
        "content_block" => {
            let is_reasoning = typed(block(walk)?)?;
            once(&mut started, is_reasoning, "content_block")?;
            Ok(Stay::Kept)
        }
        // That of `message_delta` has no type.
        "delta" if walk.cursor.kind()? == Kind::Object => {
            let is_reasoning = block(walk)?;
            once(&mut delta, is_reasoning.unwrap_or_default(), "delta")?;
            Ok(Stay::Kept)
        }
        "message" if walk.cursor.kind()? == Kind::Object => {
            document(walk)?;
            Ok(Stay::Kept)
        }
        name if walk.is_reasoning_name(name) => walk.remove(),
        _ => walk.keep(),
    })?;
    let kind = kind.ok_or(CannotWithhold::Form("an event has no `type`"))?;
    let Some(index) = index else {
        let is_of_a_block = kind == Event::Start || started.is_some();
        return match is_of_a_block {
            true => Err(CannotWithhold::Form("a block has no `index`")),
            false if kind == Event::Reasoning || delta == Some(true) => Ok(Fate::Drop),
            false => Ok(Fate::Pass),
        };
    };
    if started == Some(true) {
        numbering.take(index.number)?;
    }
    if numbering.is_taken(index.number) {
        // A block that stays cannot begin where one was taken out.
        return if started == Some(false) { Err(CannotWithhold::Order) } else { Ok(Fate::Drop) };
    }
    if kind == Event::Reasoning || delta == Some(true) {
        return Ok(Fate::Drop);
    }
    let number = numbering.renumber(index.number);
    if number != index.number {
        walk.insert(Edit { range: index.range, with: With::Number(number) });
    }
    Ok(Fate::Pass)
}
