//! Streams as a plain client sees them, one thread each: what came, and
//! whether it has ended.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::expected::{Account, Fate};

/// Nothing waits longer; a test that would is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a stream has brought.
#[derive(Default)]
struct Heard {
    bytes: usize,
    tail: Vec<u8>,
    has_ended: bool,
}

type Ear = Arc<(Mutex<Heard>, Condvar)>;

/// One stream under way.
pub(crate) struct Stream {
    pub(crate) fate: Fate,
    is_silent: bool,
    label: String,
    ear: Ear,
}

impl Stream {
    /// Opens a stream that never ends by itself; a silent one says a little
    /// and then nothing.
    pub(crate) fn open(at: SocketAddr, account: &Account, key: String, model: &str, is_silent: bool) -> Stream {
        let steering = if is_silent {
            "x-stand-in-chunks: 10\r\nx-stand-in-silent-after: 3\r\n"
        } else {
            "x-stand-in-chunks: 1800\r\nx-stand-in-gap-ms: 100\r\n"
        };
        let mut socket = TcpStream::connect(at).unwrap();
        socket.write_all(request(&key, model, true, steering).as_bytes()).unwrap();
        let ear = Ear::default();
        let heard = Arc::clone(&ear);
        std::thread::Builder::new().stack_size(128 << 10).spawn(move || listen(&mut socket, &heard)).unwrap();
        Stream { fate: account.fate, is_silent, label: account.label.clone(), ear }
    }

    fn wait(&self, what: &str, until: impl Fn(&Heard) -> bool) -> String {
        let heard = self.ear.0.lock().unwrap();
        let (heard, timeout) = self.ear.1.wait_timeout_while(heard, PATIENCE, |heard| !until(heard)).unwrap();
        assert!(!timeout.timed_out(), "{}: waited in vain for {what}", self.label);
        String::from_utf8(heard.tail.clone()).unwrap()
    }

    pub(crate) fn wait_for_first(&mut self) {
        self.wait("a first event", |heard| heard.bytes > 0 && heard.tail.windows(6).any(|window| window == b"data: "));
    }

    /// Waits until it ends, and gives back its last words.
    pub(crate) fn wait_for_end(self) -> String {
        self.wait("its end", |heard| heard.has_ended)
    }

    /// It is not ended, and where it speaks at all it goes on speaking.
    pub(crate) fn must_go_on(self) -> Stream {
        let so_far = self.ear.0.lock().unwrap().bytes;
        if !self.is_silent {
            self.wait("more", |heard| heard.bytes > so_far || heard.has_ended);
        }
        assert!(!self.ear.0.lock().unwrap().has_ended, "{} was cut, though nothing names it", self.label);
        self
    }
}

fn listen(socket: &mut TcpStream, ear: &Ear) {
    let mut buffer = [0; 4_096];
    loop {
        let read = socket.read(&mut buffer).unwrap_or(0);
        let mut heard = ear.0.lock().unwrap();
        heard.bytes += read;
        heard.tail.extend_from_slice(&buffer[..read]);
        // The last chunk of HTTP/1.1, or the end of the connection.
        heard.has_ended = read == 0 || heard.tail.ends_with(b"\r\n0\r\n\r\n");
        let surplus = heard.tail.len().saturating_sub(8_192);
        heard.tail.drain(..surplus);
        ear.1.notify_all();
        if heard.has_ended {
            return;
        }
    }
}

fn request(key: &str, model: &str, stream: bool, more: &str) -> String {
    let body = format!(r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"hello"}}]}}"#);
    let length = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\n\r\n{body}"
    )
}

/// The status that one small request gets.
pub(crate) fn probe(at: SocketAddr, key: &str, model: &str) -> u16 {
    let mut socket = TcpStream::connect(at).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(request(key, model, false, "connection: close\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let head = std::str::from_utf8(&answer[..answer.len().min(16)]).unwrap();
    head.split(' ').nth(1).unwrap().parse().unwrap()
}
