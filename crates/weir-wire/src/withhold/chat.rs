//! Chat Completions and Completions: documents, and events, which are documents
//! with a `delta` in place of a `message`.

use super::edits::{Stay, once};
use super::{CannotWithhold, Fate, Walk};
use crate::Api;
use crate::json::Kind;

/// Walks over a document; says whether an event with it in goes on.
pub(super) fn document(walk: &mut Walk<'_>, api: Api) -> Result<Fate, CannotWithhold> {
    let (mut choices, mut kept, mut tells_usage) = (0, 0, false);
    walk.object(|walk, name| match name {
        "choices" if walk.cursor.kind()? == Kind::Null => walk.keep(),
        "choices" => {
            walk.array(|walk, place| {
                choices += 1;
                let is_first = choice(walk, place)? && kept == 0;
                let stays = is_first || api == Api::OpenAiCompletions || !walk.parts.choices;
                kept += usize::from(stays);
                Ok(if stays { Stay::Kept } else { Stay::Removed })
            })?;
            Ok(Stay::Kept)
        }
        "usage" => {
            tells_usage |= walk.cursor.kind()? != Kind::Null;
            walk.keep()
        }
        name => other(walk, name),
    })?;
    let is_empty = choices > 0 && kept == 0 && !tells_usage;
    Ok(if is_empty { Fate::Drop } else { Fate::Pass })
}

/// Walks over one choice; says whether it is the first.
fn choice(walk: &mut Walk<'_>, place: usize) -> Result<bool, CannotWithhold> {
    let mut index = None;
    walk.object(|walk, name| match name {
        "index" => {
            let at = walk.number()?;
            once(&mut index, at.number, "index")?;
            Ok(Stay::Kept)
        }
        "message" | "delta" if walk.cursor.kind()? == Kind::Object => {
            message(walk)?;
            Ok(Stay::Kept)
        }
        name => other(walk, name),
    })?;
    Ok(index.unwrap_or(place as u64) == 0)
}

fn message(walk: &mut Walk<'_>) -> Result<(), CannotWithhold> {
    walk.object(|walk, name| match name {
        "content" if walk.cursor.kind()? == Kind::Array => {
            walk.array(|walk, _| part(walk))?;
            Ok(Stay::Kept)
        }
        name => other(walk, name),
    })
}

/// A part of a message's content, as some servers give it in a list.
fn part(walk: &mut Walk<'_>) -> Result<Stay, CannotWithhold> {
    if walk.cursor.kind()? != Kind::Object {
        return walk.keep();
    }
    let mut kind = None;
    walk.object(|walk, name| match name {
        "type" => {
            let word = walk.word()?.map(|word| walk.is_reasoning_type(&word.unescaped()));
            once(&mut kind, word.unwrap_or_default(), "type")?;
            Ok(Stay::Kept)
        }
        name => other(walk, name),
    })?;
    Ok(if kind == Some(true) { Stay::Removed } else { Stay::Kept })
}

fn other(walk: &mut Walk<'_>, name: &str) -> Result<Stay, CannotWithhold> {
    match name {
        name if walk.is_reasoning_name(name) => walk.remove(),
        name if walk.is_logprobs_name(name) => walk.no_logprobs(),
        _ => walk.keep(),
    }
}
