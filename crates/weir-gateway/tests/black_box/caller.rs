//! A caller that knows exactly which bytes it sends and gets. Blocking, so
//! that a test reads like the conversation it is.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Ends a test that would wait for ever; never reached in one that passes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A caller's connection.
pub(crate) struct Caller {
    stream: TcpStream,
    /// Read and not yet taken.
    pub(crate) buffer: Vec<u8>,
}

/// An answer's status and headers, names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
}

/// A whole answer, or what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as its framing announced.
    pub(crate) is_whole: bool,
}

impl Head {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head.status
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The bytes of a request with its length told, and a key where one is given.
pub(crate) fn request(method: &str, path: &str, key: Option<&str>, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: weir.example\r\n").into_bytes();
    if let Some(key) = key {
        bytes.extend_from_slice(format!("authorization: Bearer {key}\r\n").as_bytes());
    }
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if method == "POST" {
        bytes.extend_from_slice(
            format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len()).as_bytes(),
        );
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

impl Caller {
    pub(crate) fn new(address: SocketAddr) -> Caller {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Caller { stream, buffer: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends what the other side takes; it may have closed already.
    pub(crate) fn offer(&mut self, bytes: &[u8]) {
        let _taken = self.stream.write_all(bytes);
    }

    pub(crate) fn ask(&mut self, bytes: &[u8]) -> Answer {
        self.send(bytes);
        self.answer()
    }

    /// Reads once; `false` at the end of the connection, reset or closed.
    fn fill(&mut self) -> bool {
        let mut piece = [0; 16 << 10];
        match self.stream.read(&mut piece) {
            Ok(0) => false,
            Ok(count) => {
                self.buffer.extend_from_slice(&piece[..count]);
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => false,
            Err(error) => panic!("the caller waited in vain: {error}"),
        }
    }

    /// Takes what lies in the socket at this moment.
    pub(crate) fn drain_socket(&mut self) {
        self.stream.set_nonblocking(true).unwrap();
        let mut piece = [0; 64 << 10];
        while let Ok(count @ 1..) = self.stream.read(&mut piece) {
            self.buffer.extend_from_slice(&piece[..count]);
        }
        self.stream.set_nonblocking(false).unwrap();
    }

    /// The next head, interim ones passed over.
    pub(crate) fn head(&mut self) -> Head {
        self.try_head().expect("the connection ended before an answer")
    }

    pub(crate) fn try_head(&mut self) -> Option<Head> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                let head = read_head(&head);
                if head.status != 100 {
                    return Some(head);
                }
                continue;
            }
            if !self.fill() {
                return None;
            }
        }
    }

    /// A whole answer.
    pub(crate) fn answer(&mut self) -> Answer {
        let head = self.head();
        let (body, is_whole) = self.body(&head);
        Answer { head, body, is_whole }
    }

    /// The body that follows `head`.
    pub(crate) fn body(&mut self, head: &Head) -> (Vec<u8>, bool) {
        if head.get("transfer-encoding") == Some("chunked") {
            return self.chunked_body();
        }
        match head.get("content-length") {
            Some(length) => self.sized_body(length.parse().unwrap()),
            None if matches!(head.status, 204 | 304) => (Vec::new(), true),
            None => {
                while self.fill() {}
                (std::mem::take(&mut self.buffer), true)
            }
        }
    }

    fn sized_body(&mut self, length: usize) -> (Vec<u8>, bool) {
        while self.buffer.len() < length {
            if !self.fill() {
                return (std::mem::take(&mut self.buffer), false);
            }
        }
        (self.buffer.drain(..length).collect(), true)
    }

    fn chunked_body(&mut self) -> (Vec<u8>, bool) {
        loop {
            let (body, used) = dechunk(&self.buffer);
            if let Some(used) = used {
                self.buffer.drain(..used);
                return (body, true);
            }
            if !self.fill() {
                self.buffer.clear();
                return (body, false);
            }
        }
    }

    /// Waits until the chunked body at hand holds `wanted` so often.
    pub(crate) fn until_holds(&mut self, wanted: &str, times: usize) {
        loop {
            let (body, _) = dechunk(&self.buffer);
            if count(&body, wanted.as_bytes()) >= times {
                return;
            }
            assert!(
                self.fill(),
                "ended before {wanted:?} came {times} times: {:?}",
                self.buffer.escape_ascii().to_string()
            );
        }
    }

    /// Waits for the first bytes of an answer.
    pub(crate) fn until_holds_any(&mut self) {
        assert!(!self.buffer.is_empty() || self.fill(), "ended without a byte");
    }

    /// Whether the other side has closed, and sent nothing more before.
    pub(crate) fn is_closed(&mut self) -> bool {
        !self.fill() && self.buffer.is_empty()
    }
}

fn read_head(bytes: &[u8]) -> Head {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut lines = text.trim_end().split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(':').unwrap());
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Head { status, headers: headers.collect() }
}

/// The body in `bytes`, and how many of them it took where it has ended.
fn dechunk(bytes: &[u8]) -> (Vec<u8>, Option<usize>) {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Some(line) = find(&bytes[at..], b"\r\n") else { return (body, None) };
        let size = std::str::from_utf8(&bytes[at..at + line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        at += line + 2;
        let end = (at + size).min(bytes.len());
        if size == 0 {
            return (body, bytes[at..].starts_with(b"\r\n").then_some(at + 2));
        }
        body.extend_from_slice(&bytes[at..end]);
        if bytes.len() < at + size + 2 {
            return (body, None);
        }
        at += size + 2;
    }
}

pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

pub(crate) fn count(bytes: &[u8], wanted: &[u8]) -> usize {
    memchr::memmem::find_iter(bytes, wanted).count()
}
