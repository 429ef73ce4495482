//! Cuts a byte stream into blocks of whole lines, so that the parsing of one
//! file can be shared by many threads. Where the cuts fall depends on the bytes
//! alone, never on how they arrive, so every reading counts the same.

use std::io::{BufRead, Error, ErrorKind, Read};

/// Enough to parse for a few milliseconds.
const BLOCK_BYTES: usize = 1 << 20;

/// UTF-8's byte order mark, which some tools put before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Some lines of a file.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The number of the first line, counted from 1.
    pub(super) first_line: u64,
    /// The lines, the last one possibly without its line feed.
    pub(super) bytes: Vec<u8>,
    /// Whether this stands for one line over the bound, whose bytes are gone.
    pub(super) too_long: bool,
    /// Whether the stream ended with it, and how.
    pub(super) end: Option<Result<(), Error>>,
}

/// The blocks of a stream.
pub(super) struct Blocks<R> {
    reader: R,
    most_line_bytes: usize,
    block_bytes: usize,
    carried: Vec<u8>,
    next_line: u64,
}

impl<R: BufRead> Blocks<R> {
    pub(super) fn new(reader: R, most_line_bytes: usize) -> Self {
        Self::with_block_bytes(reader, most_line_bytes, BLOCK_BYTES)
    }

    pub(super) fn with_block_bytes(reader: R, most_line_bytes: usize, block_bytes: usize) -> Self {
        Self { reader, most_line_bytes, block_bytes, carried: Vec::new(), next_line: 1 }
    }

    /// The next block. Not to be called after the one that says it is the end.
    pub(super) fn next_block(&mut self) -> Block {
        let mut bytes = std::mem::take(&mut self.carried);
        let mut wanted = self.block_bytes;
        loop {
            let searched = bytes.len();
            let room = wanted.saturating_sub(bytes.len());
            match (&mut self.reader).take(room as u64).read_to_end(&mut bytes) {
                Ok(count) if count < room => return self.block(bytes, Some(Ok(()))),
                Ok(_) => {}
                Err(error) => {
                    // The line that was under way is not known to be whole.
                    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
                    bytes.truncate(whole);
                    return self.block(bytes, Some(Err(error)));
                }
            }
            // What was carried holds no line feed, nor does what was searched.
            let new = bytes.get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memrchr(b'\n', new) {
                self.carried = bytes.split_off(searched + at + 1);
                return self.block(bytes, None);
            }
            if bytes.len() > self.most_line_bytes {
                return self.pass_over_line();
            }
            wanted = wanted.saturating_add(self.block_bytes);
        }
    }

    fn block(&mut self, mut bytes: Vec<u8>, end: Option<Result<(), Error>>) -> Block {
        let first_line = self.next_line;
        self.next_line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        if first_line == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        Block { first_line, bytes, too_long: false, end }
    }

    /// Reads to the end of a line without keeping it.
    fn pass_over_line(&mut self) -> Block {
        let first_line = self.next_line;
        let end = loop {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => break Some(Err(error)),
            };
            if chunk.is_empty() {
                break Some(Ok(()));
            }
            let feed = memchr::memchr(b'\n', chunk);
            let used = feed.map_or(chunk.len(), |at| at + 1);
            self.reader.consume(used);
            if feed.is_some() {
                self.next_line += 1;
                break None;
            }
        };
        Block { first_line, bytes: Vec::new(), too_long: true, end }
    }
}

/// The lines of a block with their numbers, line feeds left out.
pub(super) fn lines(block: &Block) -> impl Iterator<Item = (u64, &[u8])> {
    let mut rest = block.bytes.as_slice();
    let mut number = block.first_line;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = (number, rest.get(..end).unwrap_or_default());
        rest = rest.get(end + 1..).unwrap_or_default();
        number += 1;
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_come_whole_and_numbered_wherever_the_cuts_fall(
            texts in proptest::collection::vec("[a-z]{0,40}", 0..30), block_bytes in 1_usize..64, buffer in 1_usize..9,
            most in 0_usize..50,
        ) {
            let log = texts.join("\n");
            let reader = BufReader::with_capacity(buffer, Cursor::new(log.clone()));
            let mut blocks = Blocks::with_block_bytes(reader, most, block_bytes);
            let mut seen = Vec::new();
            loop {
                let block = blocks.next_block();
                if block.too_long {
                    seen.push((block.first_line, None));
                }
                for (number, line) in lines(&block) {
                    let text = String::from_utf8(line.to_vec()).unwrap();
                    seen.push((number, (line.len() <= most).then_some(text)));
                }
                if let Some(end) = block.end {
                    prop_assert!(end.is_ok());
                    break;
                }
                prop_assert!(block.bytes.len() <= most + 2 * block_bytes, "a block is bounded");
            }
            let told: Vec<_> = log.lines().zip(1..).map(|(line, number)| (number, (line.len() <= most).then(|| line.to_owned()))).collect();
            prop_assert_eq!(seen, told);
        }
    }

    #[test]
    fn an_error_in_the_stream_keeps_the_whole_lines_before_it() {
        struct Broken(Cursor<&'static [u8]>);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                match self.0.read(buffer)? {
                    0 => Err(Error::other("cut")),
                    count => Ok(count),
                }
            }
        }
        let mut blocks = Blocks::new(BufReader::new(Broken(Cursor::new(b"one\ntwo\nthr"))), 100);
        let block = blocks.next_block();
        assert_eq!(block.bytes, b"one\ntwo\n");
        assert!(matches!(block.end, Some(Err(_))));
    }
}
