//! A log read from a server, file by file, within bounds.

use weir_tlog::source::max_bytes;
use weir_tlog::{LogPath, LogSource, SourceError};

use super::Client;

/// The log whose files a client reads.
pub(crate) struct HttpSource(pub(crate) Client);

impl LogSource for HttpSource {
    fn read(&self, path: LogPath) -> Result<Option<Vec<u8>>, SourceError> {
        let max_bytes = max_bytes(path);
        let read = self.0.find(&format!("/{path}"), max_bytes);
        let bytes = read.map_err(|error| SourceError::Read { path, source: error.into() })?;
        match bytes {
            Some(bytes) if bytes.len() as u64 > max_bytes => Err(SourceError::TooLarge { path, max_bytes }),
            found => Ok(found),
        }
    }
}
