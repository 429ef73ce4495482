//! Follows the framing of requests as their bytes come in, beside the HTTP
//! parser. That parser quietly prefers Transfer-Encoding where a request
//! carries Content-Length too (RFC 9112 section 6.3 lets a server choose), but
//! the two are how one request is smuggled inside another past a proxy that
//! chose differently; so Weir refuses such a request and closes.

/// Where in a request the next byte stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// In the request line or a header line; how many of its bytes were kept.
    Line { is_first: bool },
    /// In a body of known length.
    Body { left: u64 },
    /// In the line that gives a chunk's size.
    ChunkSize,
    /// In a chunk, its line end included.
    Chunk { left: u64 },
    /// In the trailers of a chunked body.
    Trailer,
    /// Nothing can be told any more: the parser will have refused this.
    Lost,
}

/// What a head said of its body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Said {
    length: Option<u64>,
    is_chunked: bool,
}

/// Longest line of which the content is looked at. Both headers and every
/// chunk size fit; of longer lines only the end matters.
const KEPT: usize = 64;

/// Follows one connection.
#[derive(Debug)]
pub(crate) struct Framing {
    place: Place,
    said: Said,
    /// The beginning of the present line.
    line: [u8; KEPT],
    /// How long it is, kept or not.
    line_length: usize,
    /// Heads read to their end.
    heads: u64,
    /// The first head, counted from 1, that said both.
    ambiguous: Option<u64>,
}

impl Default for Framing {
    fn default() -> Framing {
        Framing {
            place: Place::Line { is_first: true },
            said: Said::default(),
            line: [0; KEPT],
            line_length: 0,
            heads: 0,
            ambiguous: None,
        }
    }
}

impl Framing {
    /// Whether a head was begun and not ended.
    pub(crate) fn is_inside_head(&self) -> bool {
        match self.place {
            Place::Line { is_first } => !is_first || self.line_length > 0,
            _ => false,
        }
    }

    /// The first head, counted from 1, that gave both a length and an
    /// encoding.
    pub(crate) fn ambiguous(&self) -> Option<u64> {
        self.ambiguous
    }

    /// Follows the next bytes.
    pub(crate) fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = match self.place {
                Place::Lost => return,
                Place::Body { left } => self.pass_over(bytes, left, false),
                Place::Chunk { left } => self.pass_over(bytes, left, true),
                Place::Line { .. } | Place::ChunkSize | Place::Trailer => self.take_line(bytes),
            };
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    fn pass_over(&mut self, bytes: &[u8], left: u64, is_chunk: bool) -> usize {
        let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let left = left - taken as u64;
        self.place = match (left, is_chunk) {
            (0, true) => Place::ChunkSize,
            (0, false) => self.next_request(),
            (left, true) => Place::Chunk { left },
            (left, false) => Place::Body { left },
        };
        taken
    }

    fn next_request(&mut self) -> Place {
        self.said = Said::default();
        Place::Line { is_first: true }
    }

    fn take_line(&mut self, bytes: &[u8]) -> usize {
        let end = memchr::memchr(b'\n', bytes);
        let piece = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        for (kept, byte) in self.line.iter_mut().skip(self.line_length).zip(piece) {
            *kept = *byte;
        }
        self.line_length = self.line_length.saturating_add(piece.len());
        if end.is_some() {
            self.end_line();
            self.line_length = 0;
            return piece.len() + 1;
        }
        piece.len()
    }

    fn end_line(&mut self) {
        let kept = self.line;
        let line = kept.get(..self.line_length.min(KEPT)).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.place = match &self.place {
            // Empty lines before a request line are passed over (RFC 9112
            // section 2.2).
            Place::Line { is_first: true } if line.is_empty() => return,
            Place::Line { is_first: true } => Place::Line { is_first: false },
            Place::Line { .. } if line.is_empty() => self.end_head(),
            Place::Line { .. } => {
                self.read_header(line);
                return;
            }
            Place::ChunkSize => match chunk_size(line) {
                Some(0) => Place::Trailer,
                // The line end after the data belongs to the chunk.
                Some(size) => Place::Chunk { left: size.saturating_add(2) },
                None => Place::Lost,
            },
            Place::Trailer if line.is_empty() => self.next_request(),
            _ => return,
        };
    }

    fn read_header(&mut self, line: &[u8]) {
        let Some(colon) = memchr::memchr(b':', line) else { return };
        let (name, value) = line.split_at(colon);
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.said.is_chunked = true;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            // An unreadable length is refused by the parser.
            self.said.length = Some(decimal(value).unwrap_or(0));
            // One too long to be kept could be read in two ways here.
            self.said.is_chunked |= self.line_length > KEPT;
        }
    }

    fn end_head(&mut self) -> Place {
        self.heads += 1;
        match self.said {
            Said { length: Some(_), is_chunked: true } => {
                self.ambiguous.get_or_insert(self.heads);
                Place::Lost
            }
            Said { is_chunked: true, .. } => Place::ChunkSize,
            Said { length: Some(left), .. } if left > 0 => Place::Body { left },
            _ => self.next_request(),
        }
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The size that a chunk's line gives, its extensions left out.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn follow(bytes: &[u8], cut: usize) -> Framing {
        let mut framing = Framing::default();
        let (left, right) = bytes.split_at(cut.min(bytes.len()));
        framing.follow(left);
        framing.follow(right);
        framing
    }

    #[test]
    fn both_headers_are_seen_in_either_order_and_at_every_cut() {
        let heads = [
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding:chunked\r\nhost: a\r\ncontent-length:3\r\n\r\n",
        ];
        for head in heads {
            for cut in 0..head.len() {
                assert_eq!(follow(head.as_bytes(), cut).ambiguous(), Some(1), "{head:?} at {cut}");
            }
        }
    }

    #[test]
    fn a_second_request_is_found_behind_either_kind_of_body() {
        let second = "POST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n";
        let firsts = [
            "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            "\r\nPOST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nab\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nab\n\r\nA\r\n0123456789\r\n0\r\nx: y\r\n\r\n",
        ];
        for first in firsts {
            let both = format!("{first}{second}");
            for cut in 0..both.len() {
                assert_eq!(follow(both.as_bytes(), cut).ambiguous(), Some(2), "{first:?} at {cut}");
            }
            assert!(!follow(first.as_bytes(), 1).is_inside_head());
            assert!(follow(&both.as_bytes()[..first.len() + 9], 3).is_inside_head());
        }
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(bytes in "[PGOST/ htpcontent\\-leghrsfd:0-9;\r\n]{0,200}", cut in 0usize..200) {
            let whole = follow(bytes.as_bytes(), 0);
            let parted = follow(bytes.as_bytes(), cut);
            prop_assert_eq!((whole.place, whole.heads, whole.ambiguous), (parted.place, parted.heads, parted.ambiguous));
        }

        #[test]
        fn any_bytes_are_followed(bytes: Vec<u8>) {
            let mut framing = Framing::default();
            framing.follow(&bytes);
        }
    }
}
