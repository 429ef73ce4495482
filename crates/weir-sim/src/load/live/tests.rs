use super::*;

#[test]
fn takes_only_addresses_it_can_call() {
    assert_eq!(authority("http://127.0.0.1:8080").unwrap(), "127.0.0.1:8080");
    assert_eq!(authority("http://localhost/").unwrap(), "localhost:80");
    for wrong in ["https://localhost", "http://localhost/v1", "nonsense", "http://"] {
        assert!(authority(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_key_stays_out_of_debug() {
    let caller = Caller { label: "acme/x".to_owned(), key: "weir_secret".to_owned(), model: String::new() };
    assert!(!format!("{caller:?}").contains("secret"));
}

/// Sends one call to a server that answers with exactly these bytes.
async fn outcome(call: &Call, answer: &'static str) -> io::Result<Outcome> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let authority = listener.local_addr()?.to_string();
    let served = async {
        let (mut stream, _) = listener.accept().await?;
        let mut asked = [0; 4];
        stream.read_exact(&mut asked).await?;
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    };
    let (outcome, served) = tokio::join!(send(&authority, "ASK\n", call), served);
    served?;
    outcome
}

#[tokio::test]
async fn tells_a_whole_answer_from_a_cut_one() {
    let stream = Call { anthropic: false, stream: true, long: false, question: "?" };
    let unary = Call { stream: false, ..stream };
    let whole = |cut| Outcome { status: 200, cut };
    for (call, answer, expected) in [
        (&stream, "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\ndata: [DONE]\n\n", whole(false)),
        (&stream, "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\ndata: {\"err\"}\n\n", whole(true)),
        (&stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ndata:\r\n", whole(true)),
        (&unary, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", whole(false)),
        (&unary, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", whole(true)),
        (&stream, "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{}", Outcome { status: 403, cut: false }),
    ] {
        assert_eq!(outcome(call, answer).await.unwrap(), expected, "{answer}");
    }
    assert!(outcome(&unary, "").await.is_err());
}
