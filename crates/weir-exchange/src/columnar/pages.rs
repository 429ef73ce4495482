//! The bytes of a Parquet file, handed to its decoder with bounds on what the
//! file may ask for. Sizes in page headers come from outside and are believed
//! by the decoder when it makes room; here they are looked at first.
//!
//! Reads are by position: many threads read one file at the same time.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// The largest page that is read, packed or not: writers aim at one mebibyte
/// and overshoot it by a batch of long texts.
const PAGE_BYTES: u64 = 128 << 20;

/// The most values in one page.
const PAGE_VALUES: u64 = 16 << 20;

/// How many bytes of a page's header hold what is looked at.
const HEADER_START: usize = 40;

/// A file that many threads read.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    file: Arc<File>,
    length: u64,
    /// Set once the metadata is read and says that columns are packed with
    /// gzip, whose decoder knows no bound of its own.
    pub(crate) gzip: bool,
    /// Set once the metadata is read: from then on reads begin at pages.
    pub(crate) at_pages: bool,
}

impl Pages {
    pub(crate) fn new(file: File, length: u64) -> Self {
        Self { file: Arc::new(file), length, gzip: false, at_pages: false }
    }

    pub(crate) fn read_at(&self, buffer: &mut [u8], place: u64) -> io::Result<usize> {
        self.file.read_at(buffer, place)
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Pages {
    type T = BufReader<Page>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let page = Page { file: Arc::clone(&self.file), place: start, checked: !self.at_pages };
        Ok(BufReader::with_capacity(1 << 10, page))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let end = start.checked_add(length as u64).filter(|end| *end <= self.length);
        if end.is_none() {
            let what = format!("{length} bytes at {start} of a file of {} bytes", self.length);
            return Err(ParquetError::EOF(what));
        }
        if length as u64 > PAGE_BYTES {
            return Err(too_large("bytes", length as u64, PAGE_BYTES));
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        if self.gzip && bytes.starts_with(&[0x1f, 0x8b]) {
            bound_gzip(&bytes)?;
        }
        Ok(bytes.into())
    }
}

/// Unpacks a page once without keeping it, to see that it ends.
fn bound_gzip(bytes: &[u8]) -> Result<()> {
    let unpacked = io::copy(&mut MultiGzDecoder::new(bytes).take(PAGE_BYTES + 1), &mut io::sink())?;
    if unpacked > PAGE_BYTES { Err(too_large("unpacked bytes", unpacked, PAGE_BYTES)) } else { Ok(()) }
}

fn too_large(what: &str, found: u64, most: u64) -> ParquetError {
    ParquetError::General(format!("a page claims {found} {what}, more than the {most} that are read"))
}

/// Bytes from a place on, where a page's header is expected.
pub(crate) struct Page {
    file: Arc<File>,
    place: u64,
    checked: bool,
}

impl Read for Page {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.checked {
            self.checked = true;
            let mut start = [0; HEADER_START];
            let count = self.file.read_at(&mut start, self.place)?;
            check_header(start.get(..count).unwrap_or_default())
                .map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
        }
        let count = self.file.read_at(buffer, self.place)?;
        self.place += count as u64;
        Ok(count)
    }
}

/// Looks at the sizes that begin a page's header (parquet.thrift, `PageHeader`,
/// in Thrift's compact protocol): field 1 the type, 2 and 3 the sizes, 4 a
/// checksum that may be missing, then one of three structs whose first field
/// is the number of values. Writers emit fields in this order.
fn check_header(bytes: &[u8]) -> std::result::Result<(), String> {
    let unusual = || "a page's header is not as the format has it".to_owned();
    let mut at = Compact { bytes };
    let kind = at.field_i32(1).ok_or_else(unusual)?;
    for _ in 2..=3 {
        let size = at.field_i32(1).ok_or_else(unusual)?;
        if size > PAGE_BYTES {
            return Err(too_large("bytes", size, PAGE_BYTES).to_string());
        }
    }
    let mut skipped = 1;
    if at.field_i32(1).is_some() {
        skipped = 0;
    }
    // Data page: field 5; index page: 6; dictionary page: 7; data page v2: 8.
    let which = match kind {
        0 => 1,
        1 => return Ok(()),
        2 => 3,
        3 => 4,
        _ => return Err(unusual()),
    };
    if !at.struct_begins(which + skipped) {
        return Err(unusual());
    }
    let values = at.field_i32(1).ok_or_else(unusual)?;
    if values > PAGE_VALUES { Err(too_large("values", values, PAGE_VALUES).to_string()) } else { Ok(()) }
}

/// Just enough of Thrift's compact protocol.
struct Compact<'page> {
    bytes: &'page [u8],
}

impl Compact<'_> {
    /// A 32-bit integer whose field id is `step` after the last one; the
    /// reading stays where it is when something else comes. A negative value
    /// reads as a large one.
    fn field_i32(&mut self, step: u8) -> Option<u64> {
        let (&head, rest) = self.bytes.split_first()?;
        if head != step << 4 | 5 {
            return None;
        }
        let mut value = 0_u64;
        for (place, byte) in rest.iter().take(5).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.bytes = rest.get(place + 1..)?;
                // Zigzag: odd is negative.
                return Some(if value & 1 == 1 { u64::MAX } else { value >> 1 });
            }
        }
        None
    }

    fn struct_begins(&mut self, step: u8) -> bool {
        match self.bytes.split_first() {
            Some((head, rest)) if *head == step << 4 | 12 => {
                self.bytes = rest;
                true
            }
            _ => false,
        }
    }
}
