use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;

fn remote(server: &str) -> Remote {
    Remote { server: server.to_owned(), token_file: "/nowhere".into(), ca_file: None, json: false }
}

/// Answers one request with `answer`, and gives back what was asked.
fn answering(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut buffer = [0; 4096];
        while !asked.windows(4).any(|window| window == b"\r\n\r\n") {
            let read = stream.read(&mut buffer).unwrap();
            asked.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (base, thread)
}

#[test]
fn a_token_is_never_sent_in_the_clear_off_loopback() {
    for refused in ["http://weir.example.org", "http://192.0.2.1:8080", "http://[2001:db8::1]:1"] {
        let error = Client::with_key(&remote(refused), "k".into()).err().unwrap().to_string();
        assert!(error.contains("plain HTTP"), "{error}");
    }
    for allowed in ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://weir.example.org"] {
        assert!(Client::with_key(&remote(allowed), "k".into()).is_ok(), "{allowed}");
    }
}

#[test]
fn a_refusal_is_told_in_its_own_words() {
    let body = r#"{"error":{"kind":"not_found","message":"there is no party `x`"}}"#;
    let answer = format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (base, thread) = answering(Box::leak(answer.into_boxed_str()));
    let error = Client::with_key(&remote(&base), "secret".into()).unwrap().get("/admin/v1/party/x", &[]).unwrap_err();
    assert_eq!(error.to_string(), "there is no party `x`");
    assert!(thread.join().unwrap().to_ascii_lowercase().contains("authorization: bearer secret"));
}

#[test]
fn redirects_are_not_followed_and_nobody_else_sees_the_token() {
    let (base, _thread) = answering("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n");
    let error = Client::with_key(&remote(&base), "secret".into()).unwrap().get("/x", &[]).unwrap_err();
    assert!(error.to_string().contains("302"), "{error}");
}

#[test]
fn a_server_that_is_down_is_told_as_such() {
    let client = Client::new(&remote("http://127.0.0.1:9"), Who::Anyone).unwrap();
    let error = client.get("/healthz", &[]).unwrap_err().to_string();
    assert!(error.contains("is `weir serve` running there?"), "{error}");
}

#[test]
fn a_missing_token_names_its_file() {
    let error = Client::new(&remote("http://127.0.0.1:9"), Who::Operator).err().unwrap();
    assert!(format!("{error:#}").contains("/nowhere"));
}
