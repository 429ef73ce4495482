//! Cuts a byte stream into lines without ever holding more than one, and never
//! more of that one than is allowed. `BufRead::read_until` would grow with
//! whatever comes before the next line feed.

use std::io::{BufRead, ErrorKind, Result};

/// What came next.
pub(super) enum Line<'lines> {
    /// A line without its line feed.
    Whole(&'lines [u8]),
    /// A line over the bound; its bytes are gone.
    TooLong,
    /// No more lines.
    End,
}

/// The lines of a stream.
pub(super) struct Lines<R> {
    reader: R,
    most_bytes: usize,
    line: Vec<u8>,
    number: u64,
}

/// UTF-8's byte order mark, which some tools put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, most_bytes: usize) -> Self {
        Self { reader, most_bytes, line: Vec::new(), number: 0 }
    }

    /// The number of the line given last, counted from 1; 0 before the first.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line. After an error the stream is not to be read further.
    pub(super) fn next_line(&mut self) -> Result<Line<'_>> {
        self.line.clear();
        let mut too_long = false;
        let mut anything = false;
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                if !anything {
                    return Ok(Line::End);
                }
                break;
            }
            anything = true;
            let end = memchr::memchr(b'\n', chunk);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            if self.line.len().saturating_add(part.len()) > self.most_bytes {
                too_long = true;
                self.line.clear();
            }
            if !too_long {
                self.line.extend_from_slice(part);
            }
            let used = part.len().saturating_add(usize::from(end.is_some()));
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        self.number = self.number.saturating_add(1);
        if too_long {
            return Ok(Line::TooLong);
        }
        let line = self.line.as_slice();
        let marked = self.number == 1 && line.starts_with(BYTE_ORDER_MARK);
        Ok(Line::Whole(if marked { line.get(BYTE_ORDER_MARK.len()..).unwrap_or_default() } else { line }))
    }
}
