//! The head of an upstream's answer: status, the headers that may pass on, and
//! how its body is framed.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use weir_wire::headers;

use super::body::{BodyFraming, Chunk};

/// An answer's head, ready to be relayed.
#[derive(Debug)]
pub(crate) struct AnswerHead {
    pub(crate) status: StatusCode,
    /// Those that may pass on; hop-by-hop ones and `weir-*` are gone.
    pub(crate) headers: HeaderMap,
    pub(crate) framing: BodyFraming,
    /// Whether the connection may carry another request afterwards.
    pub(crate) keeps_alive: bool,
}

/// The upstream's head cannot be relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("the upstream's answer does not begin like HTTP/1.1")]
    Malformed,
    #[error("the head of the upstream's answer is larger than {LARGEST_HEAD} bytes or {MOST_HEADERS} lines")]
    TooLarge,
    #[error("the upstream says in two ways how long its answer is")]
    Ambiguous,
    #[error("the upstream encodes its answer in a way that was not asked for")]
    Encoding,
}

/// Largest head in bytes.
const LARGEST_HEAD: usize = 64 << 10;
/// Most header lines.
const MOST_HEADERS: usize = 100;

/// Takes the head of an answer out of `buffer`; none while it is not whole.
/// Heads of interim answers (1xx) are passed over.
pub(crate) fn take_head(buffer: &mut BytesMut) -> Result<Option<AnswerHead>, HeadError> {
    loop {
        let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") else {
            return if buffer.len() > LARGEST_HEAD { Err(HeadError::TooLarge) } else { Ok(None) };
        };
        if end > LARGEST_HEAD {
            return Err(HeadError::TooLarge);
        }
        let head = buffer.split_to(end + 4).freeze();
        let head = read(&head)?;
        match head.status.as_u16() {
            // Nothing was asked to be upgraded.
            101 => return Err(HeadError::Malformed),
            100..=199 => {}
            _ => return Ok(Some(head)),
        }
    }
}

fn read(head: &Bytes) -> Result<AnswerHead, HeadError> {
    // Written by the parser as far as there are lines, and not before.
    let mut lines = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut []);
    match httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, head, &mut lines) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLarge),
        _ => return Err(HeadError::Malformed),
    }
    let is_http_11 = parsed.version == Some(1);
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(HeadError::Malformed)?;
    let mut said = Said::default();
    let mut passing = HeaderMap::with_capacity(parsed.headers.len() + 4);
    for line in parsed.headers.iter() {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| HeadError::Malformed)?;
        said.note(&name, line.value)?;
        if headers::drops_response_header(name.as_str()) {
            continue;
        }
        let value = HeaderValue::from_maybe_shared(head.slice_ref(line.value)).map_err(|_| HeadError::Malformed)?;
        passing.append(name, value);
    }
    said.drop_options(&mut passing);
    let framing = said.framing(status)?;
    // A length is told once however often the upstream says the same, and not
    // at all where there is no body to have one.
    match said.length {
        Some(length) => passing.insert(header::CONTENT_LENGTH, HeaderValue::from(length)),
        None => passing.remove(header::CONTENT_LENGTH),
    };
    let keeps_alive = is_http_11 && !said.closes && framing != BodyFraming::UntilClose;
    Ok(AnswerHead { status, headers: passing, framing, keeps_alive })
}

/// What the headers say about the connection and the body's framing.
#[derive(Default)]
struct Said {
    length: Option<u64>,
    is_chunked: bool,
    closes: bool,
    /// Names that a `connection` header makes hop-by-hop.
    options: Vec<HeaderName>,
}

impl Said {
    fn note(&mut self, name: &HeaderName, value: &[u8]) -> Result<(), HeadError> {
        if name == header::CONTENT_LENGTH {
            let length = decimal(value).ok_or(HeadError::Malformed)?;
            if self.length.is_some_and(|before| before != length) {
                return Err(HeadError::Ambiguous);
            }
            self.length = Some(length);
        } else if name == header::TRANSFER_ENCODING {
            if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(HeadError::Encoding);
            }
            self.is_chunked = true;
        } else if name == header::CONNECTION {
            let value = std::str::from_utf8(value).map_err(|_| HeadError::Malformed)?;
            for option in headers::connection_options(value) {
                self.closes |= option.eq_ignore_ascii_case("close");
                self.options.extend(HeaderName::from_bytes(option.as_bytes()).ok());
            }
        }
        Ok(())
    }

    fn drop_options(&self, passing: &mut HeaderMap) {
        for option in &self.options {
            if option != header::CONTENT_TYPE && option != header::CONTENT_LENGTH {
                passing.remove(option);
            }
        }
    }

    fn framing(&mut self, status: StatusCode) -> Result<BodyFraming, HeadError> {
        if matches!(status.as_u16(), 100..=199 | 204 | 304) {
            self.length = None;
            return Ok(BodyFraming::Ended);
        }
        match (self.is_chunked, self.length) {
            (true, Some(_)) => Err(HeadError::Ambiguous),
            (true, None) => Ok(BodyFraming::Chunked(Chunk::Size)),
            (false, Some(length)) => Ok(BodyFraming::Length(length)),
            (false, None) => Ok(BodyFraming::UntilClose),
        }
    }
}

/// Digits and nothing else: no sign, no spaces, no list.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(bytes: &str) -> Result<Option<AnswerHead>, HeadError> {
        take_head(&mut BytesMut::from(bytes))
    }

    #[test]
    fn headers_pass_but_for_the_connections_and_weirs_own() {
        let bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\
            X-Request-Id: r-1\r\nWeir-Decision: forged\r\nConnection: x-secret-hop\r\nX-Secret-Hop: 1\r\n\r\nok";
        let mut buffer = BytesMut::from(bytes);
        let head = take_head(&mut buffer).unwrap().unwrap();
        assert_eq!(head.status, 200);
        assert_eq!(head.framing, BodyFraming::Length(2));
        assert!(head.keeps_alive);
        assert_eq!(&buffer[..], b"ok");
        let mut names: Vec<_> = head.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-length", "x-request-id"]);
    }

    #[test]
    fn an_upstream_that_says_two_things_is_not_believed() {
        for (headers, error) in [
            ("content-length: 1\r\ntransfer-encoding: chunked", HeadError::Ambiguous),
            ("content-length: 1\r\ncontent-length: 2", HeadError::Ambiguous),
            ("content-length: +1", HeadError::Malformed),
            ("content-length: 1, 1", HeadError::Malformed),
            ("transfer-encoding: gzip, chunked", HeadError::Encoding),
            ("transfer-encoding: chunked\r\ntransfer-encoding: chunked", HeadError::Encoding),
            ("no colon", HeadError::Malformed),
        ] {
            assert_eq!(head(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n")).unwrap_err(), error, "{headers}");
        }
        assert_eq!(head("HTTP/1.1 101 Switching\r\n\r\n").unwrap_err(), HeadError::Malformed);
        assert_eq!(head("SSH-2.0\r\n\r\n").unwrap_err(), HeadError::Malformed);
        assert_eq!(head(&"x".repeat(LARGEST_HEAD + 1)).unwrap_err(), HeadError::TooLarge);
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(MOST_HEADERS + 1));
        assert_eq!(head(&many).unwrap_err(), HeadError::TooLarge);
    }

    #[test]
    fn without_framing_the_body_lasts_until_the_close() {
        let answer = head("HTTP/1.0 200 OK\r\n\r\n").unwrap().unwrap();
        assert_eq!((answer.framing, answer.keeps_alive), (BodyFraming::UntilClose, false));
        let answer = head("HTTP/1.1 204 No Content\r\ncontent-length: 9\r\n\r\n").unwrap().unwrap();
        assert_eq!((answer.framing, answer.headers.len()), (BodyFraming::Ended, 0));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, rest in "[a-zA-Z0-9:, \r\n-]{0,60}") {
            let _head = take_head(&mut BytesMut::from(&bytes[..]));
            let _head = head(&format!("HTTP/1.1 200 OK\r\n{rest}\r\n\r\n"));
        }
    }
}
