//! One keep-alive connection of a load run: a blocking socket, a buffer, and
//! the moments that matter.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::reply::ReplyReader;

/// What one exchange took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    pub(super) sent: Instant,
    pub(super) first_byte: Instant,
    pub(super) end: Instant,
    pub(super) status: u16,
    pub(super) body_bytes: u64,
}

/// A connection that is opened again whenever the last one ended.
#[derive(Debug)]
pub(super) struct Connection {
    to: SocketAddr,
    timeout: Duration,
    stream: Option<TcpStream>,
    reader: ReplyReader,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) fn new(to: SocketAddr, timeout: Duration) -> Self {
        let buffer = vec![0; 64 << 10];
        Self { to, timeout, stream: None, reader: ReplyReader::default(), buffer }
    }

    /// Opens it now, so that the first request does not pay for it.
    pub(super) fn open(&mut self) -> io::Result<()> {
        let stream = TcpStream::connect_timeout(&self.to, self.timeout)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(self.timeout))?;
        stream.set_write_timeout(Some(self.timeout))?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Sends one request and reads its answer to the end. After an error the
    /// next call starts on a new connection.
    pub(super) fn exchange(&mut self, request: &[u8]) -> io::Result<Timing> {
        if self.stream.is_none() {
            self.open()?;
        }
        let outcome = self.exchange_once(request);
        if outcome.is_err() || self.reader.closes() {
            self.stream = None;
        }
        outcome
    }

    fn exchange_once(&mut self, request: &[u8]) -> io::Result<Timing> {
        let Some(stream) = &mut self.stream else {
            return Err(ErrorKind::NotConnected.into());
        };
        self.reader.reset();
        let sent = Instant::now();
        stream.write_all(request)?;
        let mut first_byte = None;
        while !self.reader.is_done() {
            let read = stream.read(&mut self.buffer)?;
            first_byte.get_or_insert_with(Instant::now);
            if read == 0 {
                if self.reader.closed() {
                    break;
                }
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "the answer was cut off"));
            }
            let bytes = self.buffer.get(..read).unwrap_or_default();
            let used = self.reader.feed(bytes, |_| ()).map_err(io::Error::other)?;
            if used < read {
                return Err(io::Error::other("more bytes came than the answer has"));
            }
        }
        let end = Instant::now();
        Ok(Timing {
            sent,
            first_byte: first_byte.unwrap_or(end),
            end,
            status: self.reader.status(),
            body_bytes: self.reader.body_bytes(),
        })
    }
}
