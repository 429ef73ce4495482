//! Event streams: each event is held until it is whole, walked, and passed on,
//! changed or left out. Lines are those of the WHATWG HTML standard, section
//! 9.2.6; those of an event that stays as it is are not touched at all.

use super::edits::apply;
use super::numbering::Numbering;
use super::{CannotWithhold, Fate, Parts, Walk, anthropic, chat, responses};
use crate::Api;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const DONE: &[u8] = b"[DONE]";

/// Takes what is withheld out of an event stream given chunk by chunk, cut
/// anywhere. What it gives is the same however the stream was cut, and ends
/// between two events.
#[derive(Debug)]
pub struct WithholdingStream {
    api: Api,
    parts: Parts,
    limit: usize,
    /// What came of the event that is not whole.
    held: Vec<u8>,
    /// Up to where `held` was looked through for line ends.
    seen: usize,
    /// Where its last line begins.
    line: usize,
    numbering: Numbering,
    is_at_start: bool,
}

impl WithholdingStream {
    /// Takes `parts` out of the answer of `api`, from its first byte. No event may
    /// be longer than `limit` bytes.
    pub fn new(api: Api, parts: Parts, limit: usize) -> Self {
        WithholdingStream {
            api,
            parts,
            limit,
            held: Vec::new(),
            seen: 0,
            line: 0,
            numbering: Numbering::default(),
            is_at_start: true,
        }
    }

    /// Takes the next chunk and appends to `out` what may be passed on.
    ///
    /// # Errors
    /// Where an event does not read one way only. What was appended before may be
    /// sent; nothing may after.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), CannotWithhold> {
        self.held.extend_from_slice(chunk);
        let mut held = std::mem::take(&mut self.held);
        let mut from = 0;
        let outcome = loop {
            match self.next_end(&held) {
                None => break Ok(()),
                Some(end) => {
                    let event = held.get(from..end).unwrap_or_default();
                    if let Err(error) = self.event(event, out) {
                        break Err(error);
                    }
                    from = end;
                }
            }
        };
        held.drain(..from);
        self.seen -= from;
        self.line -= from;
        let is_too_long = held.len() > self.limit;
        self.held = held;
        outcome?;
        if is_too_long { Err(CannotWithhold::TooLong(self.limit)) } else { Ok(()) }
    }

    /// The stream is over. An event whose blank line never came counts as one
    /// where it is whole, since some clients read it; one that broke off is left
    /// out, as clients do.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let rest = std::mem::take(&mut self.held);
        (self.seen, self.line) = (0, 0);
        let before = out.len();
        if !rest.is_empty() && self.event(&rest, out).is_err() {
            out.truncate(before);
        }
    }

    /// The end of the next event that is whole, its blank line included. A CR at
    /// the very end waits for the LF that may belong to it.
    fn next_end(&mut self, held: &[u8]) -> Option<usize> {
        loop {
            let found = memchr::memchr2(b'\n', b'\r', held.get(self.seen..)?)?;
            let at = self.seen + found;
            let after = match (held.get(at), held.get(at + 1)) {
                (Some(b'\r'), None) => {
                    self.seen = at;
                    return None;
                }
                (Some(b'\r'), Some(b'\n')) => at + 2,
                _ => at + 1,
            };
            let is_blank = at == self.line;
            (self.seen, self.line) = (after, after);
            if is_blank {
                return Some(after);
            }
        }
    }

    fn event(&mut self, event: &[u8], out: &mut Vec<u8>) -> Result<(), CannotWithhold> {
        if event.len() > self.limit {
            return Err(CannotWithhold::TooLong(self.limit));
        }
        let mark = if std::mem::take(&mut self.is_at_start) && event.starts_with(BYTE_ORDER_MARK) { 3 } else { 0 };
        let mut joined = None;
        let mut first: Option<&[u8]> = None;
        for line in Lines(event.get(mark..).unwrap_or_default()).filter_map(Line::data) {
            match (first, &mut joined) {
                (None, _) => first = Some(line),
                (Some(first), None) => joined = Some([first, b"\n", line].concat()),
                (Some(_), Some(joined)) => {
                    joined.push(b'\n');
                    joined.extend_from_slice(line);
                }
            }
        }
        let data = joined.as_deref().or(first).unwrap_or_default();
        if data.trim_ascii().is_empty() || (data.trim_ascii() == DONE && self.api.family() == crate::Family::OpenAi) {
            out.extend_from_slice(event);
            return Ok(());
        }
        let mut walk = Walk::new(self.parts, data)?;
        let fate = match self.api {
            Api::OpenAiChat | Api::OpenAiCompletions => chat::document(&mut walk, self.api)?,
            Api::OpenAiResponses => responses::event(&mut walk, &mut self.numbering)?,
            Api::AnthropicMessages => anthropic::event(&mut walk, &mut self.numbering)?,
            Api::OpenAiEmbeddings | Api::OpenAiModels | Api::AnthropicCountTokens => Fate::Pass,
        };
        if !matches!(self.api, Api::OpenAiEmbeddings | Api::OpenAiModels | Api::AnthropicCountTokens) {
            walk.cursor.finish()?;
        }
        match fate {
            Fate::Drop => {}
            Fate::Pass if walk.edits.is_empty() => out.extend_from_slice(event),
            Fate::Pass => rewrite(event, mark, &apply(data, &walk.edits), out),
        }
        Ok(())
    }
}

/// The event with `data` for its data; all other lines as they were.
fn rewrite(event: &[u8], mark: usize, data: &[u8], out: &mut Vec<u8>) {
    let (mark, rest) = event.split_at(mark);
    out.extend_from_slice(mark);
    let mut is_written = false;
    for line in Lines(rest) {
        let Some(value) = line.data() else {
            out.extend_from_slice(line.text);
            out.extend_from_slice(line.end);
            continue;
        };
        if std::mem::replace(&mut is_written, true) {
            continue;
        }
        let name = line.text.get(..line.text.len() - value.len()).unwrap_or_default();
        // Between tokens JSON may have line ends, and each is a line of its own here.
        for (number, part) in data.split(|byte| *byte == b'\n').enumerate() {
            if number > 0 {
                out.extend_from_slice(if line.end.is_empty() { b"\n" } else { line.end });
            }
            out.extend_from_slice(name);
            out.extend_from_slice(part);
        }
        out.extend_from_slice(line.end);
    }
}

/// One line, and the line end it has.
#[derive(Clone, Copy)]
struct Line<'e> {
    text: &'e [u8],
    end: &'e [u8],
}

impl<'e> Line<'e> {
    /// What a line of data says; one space after the colon is not part of it.
    fn data(self) -> Option<&'e [u8]> {
        match self.text.strip_prefix(b"data")? {
            [] => Some(b""),
            [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
            _ => None,
        }
    }
}

struct Lines<'e>(&'e [u8]);

impl<'e> Iterator for Lines<'e> {
    type Item = Line<'e>;

    fn next(&mut self) -> Option<Line<'e>> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr::memchr2(b'\n', b'\r', self.0).unwrap_or(self.0.len());
        let (text, rest) = self.0.split_at(end);
        let length = match rest {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        let (end, rest) = rest.split_at(length);
        self.0 = rest;
        Some(Line { text, end })
    }
}
