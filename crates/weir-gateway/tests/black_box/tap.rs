//! An upstream in the test's own hands: it reads requests and says nothing but
//! what it is told to.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::caller::find;

/// The head of an event stream's answer, its body framed by chunks.
pub(crate) const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// Listens, and hands over each request with the connection it came on.
pub(crate) struct Tap {
    address: SocketAddr,
    arrived: Receiver<Tapped>,
}

/// A request that waits for its answer.
pub(crate) struct Tapped {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    stream: TcpStream,
}

impl Tap {
    /// One request is read from each connection.
    pub(crate) fn open() -> Tap {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, arrived) = channel();
        // Ends with the test's process; every accept is one connection's.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let sender = sender.clone();
                std::thread::spawn(move || {
                    if let Some(tapped) = Tapped::read(stream) {
                        let _nobody_waits = sender.send(tapped);
                    }
                });
            }
        });
        Tap { address, arrived }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn next(&self) -> Tapped {
        self.arrived.recv_timeout(Duration::from_secs(20)).expect("no request came upstream")
    }

    /// A request, if one comes within the time a request takes.
    pub(crate) fn try_next(&self) -> Option<Tapped> {
        self.arrived.recv_timeout(Duration::from_millis(50)).ok()
    }

    /// Whether no request has come that was not taken.
    pub(crate) fn is_quiet(&self) -> bool {
        self.arrived.try_recv().is_err()
    }
}

impl Tapped {
    fn read(mut stream: TcpStream) -> Option<Tapped> {
        stream.set_nodelay(true).ok()?;
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                let head = String::from_utf8(bytes[..end + 4].to_vec()).ok()?;
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.map_or(Ok(0), str::parse).ok()?;
                if bytes.len() >= end + 4 + length {
                    return Some(Tapped { head, body: bytes[end + 4..].to_vec(), stream });
                }
            }
            match stream.read(&mut piece) {
                Ok(count @ 1..) => bytes.extend_from_slice(&piece[..count]),
                _ => return None,
            }
        }
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// As [`Tapped::say`], to a gateway that may have left.
    pub(crate) fn say_in_vain(&mut self, bytes: impl AsRef<[u8]>) {
        let _left = self.stream.write_all(bytes.as_ref());
    }

    pub(crate) fn chunk(&mut self, text: &str) {
        self.say(format!("{:x}\r\n{text}\r\n", text.len()));
    }

    /// Waits until the gateway has closed the connection.
    pub(crate) fn until_left(&mut self) {
        self.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(0) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
            other => panic!("the gateway did not leave: {other:?}"),
        }
    }
}
