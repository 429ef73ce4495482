//! Server-sent events, read as they pass.
//!
//! The gateway relays a stream byte for byte; this scanner looks on. It takes
//! chunks cut anywhere (inside a character, between CR and LF) and reports each
//! event once its blank line has come, following the WHATWG HTML standard,
//! section 9.2.6, on bytes: nothing is decoded, so no character can be damaged.
//! An event that lies whole in one chunk is borrowed from it. Memory is bounded:
//! an event over the limit is counted and skipped, and the relay never fails for it.

#[cfg(test)]
mod tests;

/// One dispatched event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event's name, if it has one.
    pub event: Option<&'a [u8]>,
    /// Its `data` lines, joined by line feeds.
    pub data: &'a [u8],
}

/// Default limit of one event, all of its lines together, in bytes.
pub const DEFAULT_EVENT_LIMIT: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Finds events in a stream given chunk by chunk.
#[derive(Debug)]
pub struct SseScanner {
    limit: usize,
    /// The start of a line whose end has not come yet.
    line: Vec<u8>,
    /// The unfinished line is already longer than the limit and is not kept.
    line_dropped: bool,
    /// Name and data of the unfinished event, from earlier chunks.
    name: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
    /// Bytes of the unfinished event's whole lines.
    event_size: usize,
    oversized: bool,
    /// The last byte was a CR, so an LF that follows belongs to it.
    after_carriage_return: bool,
    at_stream_start: bool,
    skipped_events: u64,
    unfinished: usize,
}

impl Default for SseScanner {
    fn default() -> Self {
        SseScanner::new(DEFAULT_EVENT_LIMIT)
    }
}

impl SseScanner {
    /// A scanner at the start of a stream. An event whose lines hold more than
    /// `limit` bytes together is skipped.
    pub fn new(limit: usize) -> Self {
        SseScanner {
            limit,
            line: Vec::new(),
            line_dropped: false,
            name: None,
            data: None,
            event_size: 0,
            oversized: false,
            after_carriage_return: false,
            at_stream_start: true,
            skipped_events: 0,
            unfinished: 0,
        }
    }

    /// How many events were over the limit and went unreported.
    pub fn skipped_events(&self) -> u64 {
        self.skipped_events
    }

    /// How many bytes at the end of the stream so far belong to an event whose
    /// blank line has not come. A relay that must be able to put an event of its
    /// own behind any byte it has sent holds these back; a comment or half an
    /// event in front of it would garble it.
    pub fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// Takes the next chunk and reports the events it completes.
    pub fn push(&mut self, chunk: &[u8], on_event: &mut dyn FnMut(Event<'_>)) {
        let mut rest = chunk;
        if self.after_carriage_return && !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(b"\n") {
                rest = after;
                // Behind a blank line the LF belongs to the event before it.
                self.unfinished += usize::from(self.unfinished > 0);
            }
            self.after_carriage_return = false;
        }
        self.unfinished += rest.len();
        let mut current = Borrowed::default();
        while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
            let (line, from_end) = rest.split_at(end);
            rest = self.after_line_end(from_end);
            if self.line.is_empty() && !self.line_dropped {
                self.whole_line(line, rest.len(), &mut current, on_event);
            } else {
                self.finish_line(line, rest.len(), &mut current, on_event);
            }
        }
        self.keep_event(current);
        self.keep_line(rest);
    }

    /// What follows the line end that `from_end` starts with.
    fn after_line_end<'c>(&mut self, from_end: &'c [u8]) -> &'c [u8] {
        match from_end {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r'] => {
                self.after_carriage_return = true;
                &[]
            }
            [_, rest @ ..] => rest,
            [] => &[],
        }
    }

    /// A line whose start came in an earlier chunk.
    fn finish_line(
        &mut self,
        end: &[u8],
        left: usize,
        current: &mut Borrowed<'_>,
        on_event: &mut dyn FnMut(Event<'_>),
    ) {
        self.keep_line(end);
        if std::mem::take(&mut self.line_dropped) {
            self.oversized = true;
            self.at_stream_start = false;
            return;
        }
        let line = std::mem::take(&mut self.line);
        // The line outlives neither this call nor the chunk, so what it holds is
        // moved into the scanner at once.
        self.keep_event(std::mem::take(current));
        let mut kept = Borrowed::default();
        self.whole_line(&line, left, &mut kept, on_event);
        self.keep_event(kept);
        self.line = line;
        self.line.clear();
    }

    fn whole_line<'c>(
        &mut self,
        line: &'c [u8],
        left: usize,
        current: &mut Borrowed<'c>,
        on_event: &mut dyn FnMut(Event<'_>),
    ) {
        let line = match std::mem::take(&mut self.at_stream_start) {
            true => line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line),
            false => line,
        };
        if line.is_empty() {
            self.dispatch(std::mem::take(current), on_event);
            self.unfinished = left;
            return;
        }
        self.event_size += line.len();
        self.oversized |= self.event_size > self.limit;
        if self.oversized {
            return;
        }
        match split_field(line) {
            (b"data", value) => self.add_data(value, current),
            (b"event", value) => {
                current.name = Some(value);
                self.name = None;
            }
            // Comments, `id` and `retry` mean nothing to an onlooker.
            _ => {}
        }
    }

    fn add_data<'c>(&mut self, value: &'c [u8], current: &mut Borrowed<'c>) {
        if self.data.is_none() && current.data.is_none() {
            current.data = Some(value);
            return;
        }
        let earlier = current.data.take();
        let data = self.data.get_or_insert_with(|| earlier.unwrap_or_default().to_vec());
        data.push(b'\n');
        data.extend_from_slice(value);
    }

    /// A blank line. Unlike the standard this also reports an event that has a
    /// name but no data, because the official clients act on it.
    fn dispatch(&mut self, current: Borrowed<'_>, on_event: &mut dyn FnMut(Event<'_>)) {
        let (name, data) = (self.name.take(), self.data.take());
        self.event_size = 0;
        if std::mem::take(&mut self.oversized) {
            self.skipped_events += 1;
            return;
        }
        let event = current.name.or(name.as_deref()).filter(|name| !name.is_empty());
        let data = current.data.or(data.as_deref());
        if event.is_some() || data.is_some() {
            on_event(Event { event, data: data.unwrap_or_default() });
        }
    }

    /// Moves what was borrowed from a chunk into the scanner.
    fn keep_event(&mut self, current: Borrowed<'_>) {
        if let Some(name) = current.name {
            self.name = Some(name.to_vec());
        }
        if let Some(data) = current.data {
            self.data = Some(data.to_vec());
        }
    }

    fn keep_line(&mut self, part: &[u8]) {
        let room = (self.limit + BYTE_ORDER_MARK.len()).saturating_sub(self.line.len());
        if self.line_dropped || part.len() > room {
            self.line.clear();
            self.line_dropped |= !part.is_empty();
            return;
        }
        self.line.extend_from_slice(part);
    }
}

/// The part of the unfinished event that lies in the chunk at hand. Its data is
/// the first and only data line so far; more are joined in the scanner.
#[derive(Default)]
struct Borrowed<'c> {
    name: Option<&'c [u8]>,
    data: Option<&'c [u8]>,
}

/// Field name and value of a line; one space after the colon is not part of it.
fn split_field(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = memchr::memchr(b':', line) else {
        return (line, b"");
    };
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default();
    (name, value.strip_prefix(b" ").unwrap_or(value))
}
