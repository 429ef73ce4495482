//! Witnesses that are no good: one that never answers, one that lies.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers every request with the same thing, or never.
pub(crate) struct Stub {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Stub {
    /// Takes requests and says nothing.
    pub(crate) fn hanging() -> Stub {
        Stub::start(|_| None)
    }

    /// Answers what `answer` makes of the request's body: status line, content
    /// type and body.
    pub(crate) fn answering(answer: impl Fn(&str) -> (String, String, String) + Send + 'static) -> Stub {
        Stub::start(move |body| Some(answer(body)))
    }

    fn start(answer: impl Fn(&str) -> Option<(String, String, String)> + Send + 'static) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(body) = read(&stream) else { continue };
                counted.fetch_add(1, Ordering::SeqCst);
                match answer(&body) {
                    Some((status, kind, body)) => write(&stream, &status, &kind, &body),
                    None => kept.push(stream),
                }
            }
        });
        Stub { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn read(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line == "\r\n" {
            break;
        }
        if let Some(told) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = told.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

fn write(mut stream: &TcpStream, status: &str, kind: &str, body: &str) {
    // Whoever asked may have gone.
    let _sent = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
}
