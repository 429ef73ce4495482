//! A server that says one thing and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// `METHOD PATH?QUERY`.
    pub(crate) line: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

/// Answers every request alike, for as long as the tests run.
pub(crate) struct Stub {
    base: String,
    asked: Receiver<Asked>,
}

impl Stub {
    /// Answers `status`, such as `200 OK`, and `body`.
    pub(crate) fn answering(status: &str, body: &str) -> Stub {
        Stub::answering_in_turn(status, &[body])
    }

    /// Answers the first request by the first body and so on, and everything
    /// after by the last.
    pub(crate) fn answering_in_turn(status: &str, bodies: &[&str]) -> Stub {
        let whole = |body: &&str| {
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len(),
            )
        };
        let answers: Vec<String> = bodies.iter().map(whole).collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            let last = answers.last().cloned().into_iter().cycle();
            for (stream, answer) in listener.incoming().zip(answers.into_iter().chain(last)) {
                let mut stream = stream.unwrap();
                let request = read(&stream);
                // Told before it is answered: who waits for the answer finds it told.
                if sender.send(request).is_err() || stream.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        });
        Stub { base, asked }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The one request since the last was taken.
    pub(crate) fn asked(&self) -> Asked {
        let asked = self.asked.try_recv().unwrap();
        assert_eq!(self.asked.try_recv().ok(), None, "asked more than once");
        asked
    }

    /// Every request since the last was taken.
    pub(crate) fn all_asked(&self) -> Vec<Asked> {
        self.asked.try_iter().collect()
    }

    /// That nothing was asked.
    pub(crate) fn assert_left_alone(&self) {
        assert_eq!(self.asked.try_recv().ok(), None);
    }
}

fn read(stream: &TcpStream) -> Asked {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let mut asked = Asked {
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        authorization: None,
        body: Value::Null,
    };
    let mut length = 0;
    loop {
        let mut header = String::new();
        lines.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => asked.authorization = Some(value.to_owned()),
            "content-length" => length = value.parse().unwrap(),
            _ => (),
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    if length > 0 {
        asked.body = serde_json::from_slice(&body).unwrap();
    }
    asked
}
