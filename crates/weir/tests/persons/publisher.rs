//! A server that publishes a key set, or misbehaves.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What it does with a question.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// Answers with this text.
    Serves(String),
    /// Sends on to another place, which would serve.
    Redirects,
    /// Answers without end.
    Endless,
    /// Says nothing.
    Hangs,
}

pub(crate) struct Publisher {
    port: u16,
    behaviour: Arc<Mutex<Behaviour>>,
    asked: Arc<AtomicUsize>,
    dir: tempfile::TempDir,
}

impl Publisher {
    pub(crate) fn start(behaviour: Behaviour) -> Publisher {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (behaviour, asked) = (Arc::new(Mutex::new(behaviour)), Arc::new(AtomicUsize::new(0)));
        let (config, by, counter) = (Arc::new(config), Arc::clone(&behaviour), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().map(Result::unwrap) {
                let (config, by, counter) = (Arc::clone(&config), Arc::clone(&by), Arc::clone(&counter));
                std::thread::spawn(move || answer(stream, config, &by, &counter));
            }
        });
        Publisher { port, behaviour, asked, dir }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/keys.json", self.port)
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Behaves otherwise from now on.
    pub(crate) fn now(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>, behaviour: &Mutex<Behaviour>, asked: &AtomicUsize) {
    let mut stream = BufReader::new(StreamOwned::new(ServerConnection::new(config).unwrap(), stream));
    let mut line = String::new();
    while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
        line.clear();
    }
    asked.fetch_add(1, Ordering::SeqCst);
    let told = behaviour.lock().unwrap().clone();
    let stream = stream.get_mut();
    // Whoever asked may leave at any time; then there is nothing to say.
    let _told = match told {
        Behaviour::Serves(text) => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len())
        }
        Behaviour::Redirects => {
            write!(stream, "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")
        }
        Behaviour::Endless => {
            let head = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n");
            let spaces = [b' '; 65_536];
            let mut sent = head;
            while sent.is_ok() {
                sent = stream.write_all(&spaces);
            }
            sent
        }
        Behaviour::Hangs => loop {
            std::thread::park();
        },
    };
    let _flushed = stream.flush();
}
