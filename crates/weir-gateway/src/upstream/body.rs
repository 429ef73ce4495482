//! The framing of an upstream's answer (RFC 9112, sections 6 and 7), read
//! strictly: an upstream that says two things, or neither, is not believed.

use bytes::{Bytes, BytesMut};

/// How far an answer's body has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyFraming {
    /// So many bytes are left.
    Length(u64),
    /// Chunks.
    Chunked(Chunk),
    /// Until the upstream closes; its end cannot be told from a break.
    UntilClose,
    /// All was read.
    Ended,
}

/// Where in a chunked body the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// In the line that gives the size.
    Size,
    /// In the data.
    Data(u64),
    /// In the line end behind the data.
    DataEnd,
    /// In the trailers, of which so many bytes were passed over.
    Trailers(usize),
}

/// What a look at the bytes read so far gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// A piece of the body.
    Data(Bytes),
    /// More must be read first.
    NeedMore,
    /// The body is over.
    End,
}

/// The upstream breaks the framing it announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the upstream's chunk size is no number, or its line is too long")]
    ChunkSize,
    #[error("the upstream's chunk does not end where it said")]
    ChunkEnd,
    #[error("the upstream's trailers are too long")]
    Trailers,
}

/// Longest line that gives a chunk's size, extensions included.
const LONGEST_SIZE_LINE: usize = 256;
/// Most bytes of trailers; they are dropped.
const MOST_TRAILERS: usize = 16 << 10;

impl BodyFraming {
    /// Takes the next piece of the body out of `buffer`.
    pub(crate) fn decode(&mut self, buffer: &mut BytesMut) -> Result<Decoded, BodyError> {
        match self {
            BodyFraming::Ended => Ok(Decoded::End),
            BodyFraming::UntilClose if buffer.is_empty() => Ok(Decoded::NeedMore),
            BodyFraming::UntilClose => Ok(Decoded::Data(buffer.split().freeze())),
            BodyFraming::Length(0) => {
                *self = BodyFraming::Ended;
                Ok(Decoded::End)
            }
            BodyFraming::Length(_) if buffer.is_empty() => Ok(Decoded::NeedMore),
            BodyFraming::Length(left) => {
                let data = take(buffer, *left);
                *left -= data.len() as u64;
                Ok(Decoded::Data(data))
            }
            BodyFraming::Chunked(chunk) => {
                let decoded = decode_chunk(chunk, buffer)?;
                if decoded == Decoded::End {
                    *self = BodyFraming::Ended;
                }
                Ok(decoded)
            }
        }
    }

    /// Whether the upstream's closing now is the end it announced.
    pub(crate) fn may_end_by_closing(&self) -> bool {
        matches!(self, BodyFraming::UntilClose | BodyFraming::Ended | BodyFraming::Length(0))
    }
}

fn take(buffer: &mut BytesMut, most: u64) -> Bytes {
    let length = usize::try_from(most).map_or(buffer.len(), |most| most.min(buffer.len()));
    buffer.split_to(length).freeze()
}

fn decode_chunk(chunk: &mut Chunk, buffer: &mut BytesMut) -> Result<Decoded, BodyError> {
    loop {
        match *chunk {
            Chunk::Size => {
                let Some(line) = take_line(buffer, LONGEST_SIZE_LINE).map_err(|()| BodyError::ChunkSize)? else {
                    return Ok(Decoded::NeedMore);
                };
                *chunk = match chunk_size(&line).ok_or(BodyError::ChunkSize)? {
                    0 => Chunk::Trailers(0),
                    size => Chunk::Data(size),
                };
            }
            Chunk::Data(_) if buffer.is_empty() => return Ok(Decoded::NeedMore),
            Chunk::Data(left) => {
                let data = take(buffer, left);
                let left = left - data.len() as u64;
                *chunk = if left == 0 { Chunk::DataEnd } else { Chunk::Data(left) };
                return Ok(Decoded::Data(data));
            }
            Chunk::DataEnd => match buffer.as_ref() {
                [b'\r', b'\n', ..] => {
                    let _line_end = buffer.split_to(2);
                    *chunk = Chunk::Size;
                }
                [] | [b'\r'] => return Ok(Decoded::NeedMore),
                _ => return Err(BodyError::ChunkEnd),
            },
            Chunk::Trailers(passed) => {
                let Some(line) = take_line(buffer, MOST_TRAILERS).map_err(|()| BodyError::Trailers)? else {
                    return Ok(Decoded::NeedMore);
                };
                if line.is_empty() {
                    return Ok(Decoded::End);
                }
                let passed = passed + line.len();
                if passed > MOST_TRAILERS {
                    return Err(BodyError::Trailers);
                }
                *chunk = Chunk::Trailers(passed);
            }
        }
    }
}

/// The next line without its line end; none while it is not whole, an error
/// when it is longer than `longest`.
fn take_line(buffer: &mut BytesMut, longest: usize) -> Result<Option<BytesMut>, ()> {
    let Some(end) = memchr::memchr(b'\n', buffer) else {
        return if buffer.len() > longest { Err(()) } else { Ok(None) };
    };
    if end > longest || end == 0 || buffer.get(end - 1) != Some(&b'\r') {
        return Err(());
    }
    let mut line = buffer.split_to(end + 1);
    line.truncate(end - 1);
    Ok(Some(line))
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    digits.iter().try_fold(0u64, |size, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(size << 4 | u64::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(mut framing: BodyFraming, bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, Result<Decoded, BodyError>) {
        let mut buffer = BytesMut::new();
        let mut body = Vec::new();
        let mut rest = bytes;
        let pieces = cuts.iter().chain([&usize::MAX]);
        for cut in pieces {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            buffer.extend_from_slice(piece);
            rest = after;
            loop {
                match framing.decode(&mut buffer) {
                    Ok(Decoded::Data(data)) => body.extend_from_slice(&data),
                    Ok(Decoded::NeedMore) => break,
                    end => return (body, end),
                }
            }
        }
        (body, Ok(Decoded::NeedMore))
    }

    fn chunked(bytes: &str) -> (Vec<u8>, Result<Decoded, BodyError>) {
        decode(BodyFraming::Chunked(Chunk::Size), bytes.as_bytes(), &[])
    }

    #[test]
    fn chunks_are_joined_and_their_frame_is_left_out() {
        let (body, end) = chunked("3;a=b\r\nabc\r\nA \r\n0123456789\r\n0\r\nx: y\r\n\r\n");
        assert_eq!((body.as_slice(), end), (&b"abc0123456789"[..], Ok(Decoded::End)));
    }

    #[test]
    fn broken_chunks_are_not_believed() {
        for bytes in ["\r\n", "x\r\n", "-1\r\n", "+3\r\nabc", "3\nabc", "1234567890123456\r\n", "3 3\r\nabc\r\n"] {
            assert_eq!(chunked(bytes).1, Err(BodyError::ChunkSize), "{bytes:?}");
        }
        assert_eq!(chunked("3\r\nabcd").1, Err(BodyError::ChunkEnd));
        assert_eq!(chunked(&format!("0\r\n{}", "a: b\r\n".repeat(9000))).1, Err(BodyError::Trailers));
        assert_eq!(chunked(&"1".repeat(300)).1, Err(BodyError::ChunkSize));
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            cuts in prop::collection::vec(0usize..30, 0..8),
        ) {
            let body = parts.concat();
            let mut bytes = Vec::new();
            for part in &parts {
                bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                bytes.extend_from_slice(part);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            prop_assert_eq!(
                decode(BodyFraming::Chunked(Chunk::Size), &bytes, &cuts),
                (body.clone(), Ok(Decoded::End))
            );
            prop_assert_eq!(
                decode(BodyFraming::Length(body.len() as u64), &body, &cuts),
                (body, Ok(Decoded::End))
            );
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, cut in 0usize..20) {
            let _decoded = decode(BodyFraming::Chunked(Chunk::Size), &bytes, &[cut]);
        }
    }
}
