//! A request as a plain client sends it, and its answer as it comes.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::server::PATIENCE;

/// A request under way.
pub(crate) struct Call {
    socket: TcpStream,
    heard: Vec<u8>,
}

impl Call {
    /// Asks for a stream, or for a whole answer; `more` are further header
    /// lines, each with its line end.
    pub(crate) fn send(at: SocketAddr, key: &str, model: &str, stream: bool, more: &str) -> std::io::Result<Call> {
        let mut socket = TcpStream::connect(at)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let body =
            format!(r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"hello"}}]}}"#);
        let length = body.len();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\nconnection: close\r\n{more}content-length: {length}\r\n\r\n{body}"
        );
        socket.write_all(request.as_bytes())?;
        Ok(Call { socket, heard: Vec::new() })
    }

    /// Waits until `words` came.
    pub(crate) fn wait_for(&mut self, words: &str) {
        let mut buffer = [0; 4096];
        while !self.text().contains(words) {
            let read = self.socket.read(&mut buffer).unwrap();
            assert!(read > 0, "it ended before `{words}`: {}", self.text());
            self.heard.extend_from_slice(&buffer[..read]);
        }
    }

    /// Everything that came until the connection ended, in whatever way; an
    /// error where that is no answer.
    pub(crate) fn rest(mut self) -> std::io::Result<Answer> {
        match self.socket.read_to_end(&mut self.heard) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => return Err(error),
            _ => {}
        }
        let text = self.text();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| std::io::Error::from(ErrorKind::UnexpectedEof))?;
        Ok(Answer { status, text })
    }

    fn text(&self) -> String {
        // The stand-in speaks ASCII.
        String::from_utf8(self.heard.clone()).unwrap()
    }
}

/// An answer that is over.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// The value of a header, whose name is in small letters.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.text))
    }
}

/// Asks for a whole answer; an error where nobody takes the request.
pub(crate) fn ask(at: SocketAddr, key: &str, model: &str) -> std::io::Result<Answer> {
    Call::send(at, key, model, false, "")?.rest()
}
