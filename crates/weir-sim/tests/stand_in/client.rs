//! A client with no opinions: bytes out, bytes in, every chunk kept.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::Value;

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// The body's chunks as framed, or its only piece.
    pub(crate) chunks: Vec<Vec<u8>>,
    /// Whether the body ended as its framing promised.
    pub(crate) complete: bool,
}

impl Reply {
    pub(crate) fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body()).unwrap()
    }

    /// The data of every server-sent event, parsed; `[DONE]` is left out.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.text()
            .split("\n\n")
            .filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data: ")))
            .filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }

    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap().to_ascii_lowercase();
        let body = &bytes[end + 4..];
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let (chunks, complete) = match length {
            Some(length) => (vec![body.to_vec()], body.len() == length.parse::<usize>().unwrap()),
            None => unchunk(body),
        };
        Self { status, head, chunks, complete }
    }
}

fn unchunk(mut body: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut chunks = Vec::new();
    while let Some(line) = body.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&body[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (chunks, true);
        }
        let Some(chunk) = body.get(line + 2..line + 2 + size) else {
            break;
        };
        chunks.push(chunk.to_vec());
        body = body.get(line + 4 + size..).unwrap_or_default();
    }
    (chunks, false)
}

/// Sends a request whole and leaves the answer to be read.
pub(crate) fn open(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: stand-in\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()));
    let mut stream = TcpStream::connect(to).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Sends a request and reads until the server closes.
pub(crate) fn call(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut stream = open(to, method, path, headers, body);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    Reply::parse(&bytes)
}

pub(crate) fn post(to: SocketAddr, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    call(to, "POST", path, headers, &body.to_string())
}

/// Reads until these bytes have come.
pub(crate) fn read_until(stream: &mut TcpStream, wanted: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !bytes.windows(wanted.len()).any(|part| part == wanted.as_bytes()) {
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "closed before {wanted:?}");
        bytes.extend_from_slice(&buffer[..read]);
    }
    bytes
}

/// Leaves without a word.
pub(crate) fn leave(stream: TcpStream) {
    stream.shutdown(Shutdown::Both).unwrap();
}
