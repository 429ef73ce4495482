//! Finds the end of an HTTP/1.1 response (RFC 9112 section 6), and as little
//! else as possible: status, body bytes, whether the connection stays open.

use memchr::memmem;

/// Heads longer than this are refused, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// Chunk sizes of more hexadecimal digits than this are refused.
const MOST_SIZE_DIGITS: u32 = 15;

/// Why a response could not be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The head is longer than this reader keeps.
    #[error("the response head is longer than 65536 bytes")]
    HeadTooLong,
    /// The first line is not a status line of HTTP/1.
    #[error("the response does not start with an HTTP/1 status line")]
    StatusLine,
    /// `content-length` is not a number.
    #[error("the response's content-length is not a number")]
    Length,
    /// A chunk's framing is broken.
    #[error("the response's chunked framing is broken")]
    Chunk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// So many bytes of body are left.
    Length(u64),
    /// In a chunk's size line: the size so far, its digits, and whether an
    /// extension or the line's end has begun.
    Size {
        size: u64,
        digits: u32,
        over: bool,
    },
    /// So many bytes of a chunk are left.
    Chunk(u64),
    /// So many bytes of the line end after a chunk are left.
    ChunkEnd(u8),
    /// In the lines after the last chunk: bytes in the line so far.
    Trailers(u32),
    UntilClose,
    Done,
}

const SIZE: State = State::Size { size: 0, digits: 0, over: false };

/// Follows one response at a time; made once, used for many.
#[derive(Debug)]
pub struct ReplyReader {
    state: State,
    head: Vec<u8>,
    status: u16,
    closes: bool,
    body_bytes: u64,
}

impl Default for ReplyReader {
    fn default() -> Self {
        Self { state: State::Head, head: Vec::with_capacity(1024), status: 0, closes: false, body_bytes: 0 }
    }
}

impl ReplyReader {
    /// Forgets the last response; keeps its buffer.
    pub fn reset(&mut self) {
        self.state = State::Head;
        self.head.clear();
        self.status = 0;
        self.closes = false;
        self.body_bytes = 0;
    }

    /// The status, or 0 before the head is whole.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Bytes of body so far, without framing.
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Whether the response has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the connection is of no further use.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Takes note that the server closed; true when that is a proper end.
    pub fn closed(&mut self) -> bool {
        if self.state == State::UntilClose {
            self.state = State::Done;
        }
        self.is_done()
    }

    /// Takes the next bytes, hands body bytes to `body`, and returns how many
    /// were used: all, unless the response ended before.
    ///
    /// # Errors
    /// When the bytes are not an HTTP/1.1 response this reader can follow; the
    /// connection is then of no further use.
    pub fn feed(&mut self, bytes: &[u8], mut body: impl FnMut(&[u8])) -> Result<usize, ReplyError> {
        let mut rest = bytes;
        while !rest.is_empty() && self.state != State::Done {
            let used = self.step(rest, &mut body)?;
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(bytes.len() - rest.len())
    }

    fn step(&mut self, bytes: &[u8], body: &mut impl FnMut(&[u8])) -> Result<usize, ReplyError> {
        match self.state {
            State::Head => self.take_head(bytes),
            State::Length(left) => {
                let used = self.take_body(bytes, left, body);
                self.state = after_length(left - used as u64);
                Ok(used)
            }
            State::Chunk(left) => {
                let used = self.take_body(bytes, left, body);
                let left = left - used as u64;
                self.state = if left == 0 { State::ChunkEnd(2) } else { State::Chunk(left) };
                Ok(used)
            }
            State::UntilClose => Ok(self.take_body(bytes, u64::MAX, body)),
            State::Done => Ok(0),
            framing => {
                let first = bytes.first().copied().unwrap_or_default();
                self.state = after_framing(framing, first)?;
                Ok(1)
            }
        }
    }

    fn take_body(&mut self, bytes: &[u8], left: u64, body: &mut impl FnMut(&[u8])) -> usize {
        let used = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        body(bytes.get(..used).unwrap_or_default());
        self.body_bytes += used as u64;
        used
    }

    fn take_head(&mut self, bytes: &[u8]) -> Result<usize, ReplyError> {
        let before = self.head.len();
        let room = LONGEST_HEAD.saturating_sub(before);
        let taken = bytes.get(..bytes.len().min(room)).unwrap_or_default();
        self.head.extend_from_slice(taken);
        // The end may have begun in what came before.
        let searched = before.saturating_sub(3);
        let unseen = self.head.get(searched..).unwrap_or_default();
        let Some(found) = memmem::find(unseen, b"\r\n\r\n") else {
            return if taken.len() < bytes.len() { Err(ReplyError::HeadTooLong) } else { Ok(taken.len()) };
        };
        let end = searched + found + 4;
        self.head.truncate(end);
        self.read_head()?;
        Ok(end - before)
    }

    fn read_head(&mut self) -> Result<(), ReplyError> {
        let status = self.head.get(9..12).filter(|_| self.head.starts_with(b"HTTP/1."));
        self.status =
            status.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).ok_or(ReplyError::StatusLine)?;
        let mut length = None;
        let mut chunked = false;
        for line in self.head.split(|byte| *byte == b'\n').skip(1) {
            let Some(colon) = memchr::memchr(b':', line) else {
                continue;
            };
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            if name.eq_ignore_ascii_case(b"content-length") {
                let digits = std::str::from_utf8(value).map_err(|_| ReplyError::Length)?;
                length = Some(digits.parse().map_err(|_| ReplyError::Length)?);
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                chunked = value.to_ascii_lowercase().ends_with(b"chunked");
            } else if name.eq_ignore_ascii_case(b"connection") {
                self.closes = value.eq_ignore_ascii_case(b"close");
            }
        }
        self.state = match (self.status, chunked, length) {
            // An interim response; the one that counts follows.
            (100..=199, ..) => {
                self.head.clear();
                State::Head
            }
            (204 | 304, ..) => State::Done,
            (_, true, _) => SIZE,
            (_, false, Some(length)) => after_length(length),
            (_, false, None) => {
                self.closes = true;
                State::UntilClose
            }
        };
        Ok(())
    }
}

fn after_length(left: u64) -> State {
    if left == 0 { State::Done } else { State::Length(left) }
}

/// One byte of chunked framing (RFC 9112 section 7.1).
fn after_framing(state: State, byte: u8) -> Result<State, ReplyError> {
    match state {
        State::Size { digits: 0, .. } if !byte.is_ascii_hexdigit() => Err(ReplyError::Chunk),
        State::Size { size: 0, .. } if byte == b'\n' => Ok(State::Trailers(0)),
        State::Size { size, .. } if byte == b'\n' => Ok(State::Chunk(size)),
        State::Size { size, digits, over: false } if byte.is_ascii_hexdigit() => {
            if digits >= MOST_SIZE_DIGITS {
                return Err(ReplyError::Chunk);
            }
            let digit = char::from(byte).to_digit(16).ok_or(ReplyError::Chunk)?;
            Ok(State::Size { size: size * 16 + u64::from(digit), digits: digits + 1, over: false })
        }
        State::Size { size, digits, .. } => Ok(State::Size { size, digits, over: true }),
        State::ChunkEnd(2) if byte == b'\r' => Ok(State::ChunkEnd(1)),
        State::ChunkEnd(1) if byte == b'\n' => Ok(SIZE),
        State::Trailers(0) if byte == b'\n' => Ok(State::Done),
        State::Trailers(_) if byte == b'\n' => Ok(State::Trailers(0)),
        State::Trailers(so_far) if byte == b'\r' => Ok(State::Trailers(so_far)),
        State::Trailers(so_far) => Ok(State::Trailers(so_far.saturating_add(1))),
        _ => Err(ReplyError::Chunk),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a response cut into pieces: status, body, bytes left over.
    fn read(pieces: &[&[u8]]) -> Result<(u16, Vec<u8>, usize, bool), ReplyError> {
        let mut reader = ReplyReader::default();
        let mut body = Vec::new();
        let mut left = 0;
        for piece in pieces {
            let used = reader.feed(piece, |bytes| body.extend_from_slice(bytes))?;
            left += piece.len() - used;
        }
        assert_eq!(reader.body_bytes(), body.len() as u64);
        Ok((reader.status(), body, left, reader.is_done()))
    }

    fn whole(bytes: &[u8]) -> Result<(u16, Vec<u8>, usize, bool), ReplyError> {
        read(&[bytes])
    }

    const CHUNKED: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: \
        chunked\r\n\r\n5;x=1\r\nhe\r\no\r\nA\r\n0123456789\r\n0\r\nt: v\r\n\r\nNEXT";
    const SIZED: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-LENGTH:  3\r\n\r\nabcNEXT";

    #[test]
    fn finds_the_end() {
        assert_eq!(whole(CHUNKED), Ok((200, b"he\r\no0123456789".to_vec(), 4, true)));
        assert_eq!(whole(SIZED), Ok((404, b"abc".to_vec(), 4, true)));
        let empty = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(whole(empty), Ok((200, vec![], 0, true)));
    }

    #[test]
    fn an_end_by_closing_is_an_end_only_without_framing() {
        let mut reader = ReplyReader::default();
        reader.feed(b"HTTP/1.1 200 OK\r\n\r\nab", |_| ()).unwrap();
        assert!(!reader.is_done() && reader.closes() && reader.closed());
        reader.reset();
        reader.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab", |_| ()).unwrap();
        assert!(!reader.closed());
    }

    #[test]
    fn refuses_what_it_cannot_follow() {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        for (bytes, error) in [
            ("SMTP hello\r\n\r\n".to_owned(), ReplyError::StatusLine),
            ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n".to_owned(), ReplyError::Length),
            (format!("{head}\r\n"), ReplyError::Chunk),
            (format!("{head}1\r\nabc"), ReplyError::Chunk),
            (format!("{head}ffffffffffffffff\r\n"), ReplyError::Chunk),
            ("H".repeat(LONGEST_HEAD + 1), ReplyError::HeadTooLong),
        ] {
            assert_eq!(whole(bytes.as_bytes()), Err(error));
        }
    }

    proptest! {
        #[test]
        fn any_cut_reads_the_same(at in 0..CHUNKED.len(), second in 0..CHUNKED.len(), sized: bool) {
            let bytes = if sized { SIZED } else { CHUNKED };
            let (at, second) = (at.min(second).min(bytes.len()), at.max(second).min(bytes.len()));
            let pieces = [&bytes[..at], &bytes[at..second], &bytes[second..]];
            prop_assert_eq!(read(&pieces), whole(bytes));
        }

        #[test]
        fn never_uses_more_than_it_got(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut all = CHUNKED[..70].to_vec();
            all.extend(bytes);
            if let Ok((_, body, left, _)) = whole(&all) {
                prop_assert!(body.len() + left <= all.len());
            }
        }
    }
}
