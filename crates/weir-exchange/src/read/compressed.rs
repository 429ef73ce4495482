//! Opens a log whatever it is packed in, told by its first bytes: files are
//! renamed more often than they are rewritten.

use std::fs::File;
use std::io::{BufRead, BufReader, Error, Result};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Large enough that system calls do not show beside parsing.
pub(super) const BUFFER_BYTES: usize = 256 << 10;

/// The largest window a zstd frame may ask for: 2^27 bytes, the limit of the
/// reference decoder. A frame that asks for more is refused, so that a small
/// hostile file cannot ask for gigabytes.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Bytes as they were before they were packed.
pub(super) type Unpacked<'run> = Box<dyn BufRead + Send + 'run>;

/// The unpacked bytes of a file.
pub(super) fn open(path: &Path) -> Result<Unpacked<'static>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(Error::other("it is a folder, not a file"));
    }
    unpack(BufReader::with_capacity(BUFFER_BYTES, file))
}

/// The unpacked bytes of a reader. A gzip file may have several members, as
/// log rotation and `cat` make them; zstd the same with frames.
pub(super) fn unpack<'run>(mut packed: impl BufRead + Send + 'run) -> Result<Unpacked<'run>> {
    let start = packed.fill_buf()?;
    if start.starts_with(GZIP_MAGIC) {
        let unpacked = MultiGzDecoder::new(packed);
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, unpacked)));
    }
    if start.starts_with(ZSTD_MAGIC) {
        let mut unpacked = zstd::stream::read::Decoder::with_buffer(packed)?;
        unpacked.window_log_max(ZSTD_WINDOW_LOG)?;
        return Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, unpacked)));
    }
    Ok(Box::new(packed))
}
