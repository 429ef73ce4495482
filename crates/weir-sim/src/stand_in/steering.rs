//! The `x-stand-in-*` request headers: how a test asks for a misbehaviour.
//!
//! They are ordinary request headers, so they pass through Weir unchanged, and
//! a client can steer the model server behind the gateway without a side door.
//! What is in here and what each header means is listed in [`super`].

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::errors::ApiError;

const PREFIX: &str = "x-stand-in-";

/// The most chunks, and the most bytes, one answer may be asked to have: a
/// typing slip must not eat the machine.
const MOST_CHUNKS: usize = 1_000_000;
const MOST_BYTES: usize = 1 << 30;

/// What the answer says, as far as it was asked for. Two requests with equal
/// bodies and equal shapes get the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    /// Content deltas in a stream; parts of the body otherwise.
    pub(super) chunks: Option<usize>,
    /// Bytes of content text.
    pub(super) bytes: Option<usize>,
    /// Leave `usage` out.
    pub(super) no_usage: bool,
    /// Claim this many output tokens.
    pub(super) lie_usage: Option<u64>,
    /// At least this many bytes of unstreamed body.
    pub(super) huge: Option<usize>,
    /// Pieces of reasoning before the answer.
    pub(super) reasoning: usize,
    /// Comments between the events of a stream.
    pub(super) comments: bool,
    /// Cut the body into writes of this many bytes, wherever that falls.
    pub(super) write_bytes: Option<usize>,
}

/// How the answer is played.
#[derive(Debug, Clone, Default)]
pub(super) struct Manner {
    pub(super) first: Option<Duration>,
    pub(super) gap: Option<Duration>,
    pub(super) silent_after: Option<usize>,
    pub(super) drop_after: Option<usize>,
    pub(super) hang: bool,
    pub(super) slow_head: Option<Duration>,
}

/// A failure that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    /// Only the first so many requests with this key fail.
    pub(super) times: Option<(String, u64)>,
}

/// Everything one request asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Steering {
    pub(super) shape: Shape,
    pub(super) manner: Manner,
    pub(super) failure: Option<Failure>,
    pub(super) echo: Vec<(HeaderName, HeaderValue)>,
}

impl Steering {
    /// Whether a request steers at all.
    pub(super) fn is_in(headers: &HeaderMap) -> bool {
        headers.keys().any(|name| name.as_str().starts_with(PREFIX))
    }

    /// Reads the steering headers.
    ///
    /// # Errors
    /// A 400 that names the header: an unknown one is a typing slip in a test,
    /// and ignoring it would let that test pass for the wrong reason.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut steering = Self::default();
        let mut times = None;
        let mut key = None;
        for (name, value) in headers {
            let Some(what) = name.as_str().strip_prefix(PREFIX) else {
                continue;
            };
            match what {
                "fail-times" => times = Some(number(name, value, u64::MAX)?),
                "fail-key" => key = Some(text(name, value)?.to_owned()),
                _ => steering.take(what, name, value)?,
            }
        }
        if let (Some(failure), Some(times)) = (&mut steering.failure, times) {
            failure.times = Some((key.unwrap_or_default(), times));
        }
        Ok(steering)
    }

    fn take(&mut self, what: &str, name: &HeaderName, value: &HeaderValue) -> Result<(), ApiError> {
        let (shape, manner) = (&mut self.shape, &mut self.manner);
        match what {
            "chunks" => shape.chunks = Some(count(name, value, MOST_CHUNKS)?.max(1)),
            "bytes" => shape.bytes = Some(count(name, value, MOST_BYTES)?),
            "huge" => shape.huge = Some(count(name, value, MOST_BYTES)?),
            "write-bytes" => shape.write_bytes = Some(count(name, value, MOST_BYTES)?.max(1)),
            "lie-usage" => shape.lie_usage = Some(number(name, value, u64::MAX)?),
            "reasoning" => shape.reasoning = count(name, value, MOST_CHUNKS)?,
            "no-usage" => shape.no_usage = switch(name, value)?,
            "comments" => shape.comments = switch(name, value)?,
            "gap-ms" => manner.gap = Some(pause(name, value)?),
            "first-ms" => manner.first = Some(pause(name, value)?),
            "slow-head" => manner.slow_head = Some(pause(name, value)?),
            "silent-after" => manner.silent_after = Some(count(name, value, usize::MAX)?),
            "drop-after" => manner.drop_after = Some(count(name, value, usize::MAX)?),
            "hang" => manner.hang = switch(name, value)?,
            "status" => self.failure = Some(failure(name, value)?),
            _ => match what.strip_prefix("header-") {
                Some(echoed) => self.echo.push((echoed_name(name, echoed)?, value.clone())),
                None => return Err(malformed(name, "no such steering header")),
            },
        }
        Ok(())
    }
}

fn malformed(name: &HeaderName, what: &str) -> ApiError {
    ApiError::bad_request(format!("stand-in: header {name}: {what}"))
}

fn text<'value>(name: &HeaderName, value: &'value HeaderValue) -> Result<&'value str, ApiError> {
    value.to_str().map_err(|_| malformed(name, "not readable text"))
}

fn number(name: &HeaderName, value: &HeaderValue, most: u64) -> Result<u64, ApiError> {
    let number: u64 = text(name, value)?.trim().parse().map_err(|_| malformed(name, "not a whole number"))?;
    if number > most {
        return Err(malformed(name, "larger than the stand-in allows"));
    }
    Ok(number)
}

fn count(name: &HeaderName, value: &HeaderValue, most: usize) -> Result<usize, ApiError> {
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    usize::try_from(number(name, value, most)?).map_err(|_| malformed(name, "too large"))
}

fn pause(name: &HeaderName, value: &HeaderValue) -> Result<Duration, ApiError> {
    const HOUR_MS: u64 = 3_600_000;
    Ok(Duration::from_millis(number(name, value, HOUR_MS)?))
}

fn switch(name: &HeaderName, value: &HeaderValue) -> Result<bool, ApiError> {
    match text(name, value)?.trim() {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(malformed(name, "neither 0 nor 1")),
    }
}

fn failure(name: &HeaderName, value: &HeaderValue) -> Result<Failure, ApiError> {
    let status = u16::try_from(number(name, value, 599)?)
        .ok()
        .filter(|status| *status >= 400)
        .and_then(|status| StatusCode::from_u16(status).ok())
        .ok_or_else(|| malformed(name, "not a status from 400 to 599"))?;
    Ok(Failure { status, times: None })
}

fn echoed_name(name: &HeaderName, echoed: &str) -> Result<HeaderName, ApiError> {
    HeaderName::from_bytes(echoed.as_bytes()).map_err(|_| malformed(name, "not a header name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Steering, ApiError> {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        Steering::read(&headers)
    }

    #[test]
    fn reads_what_was_asked() {
        let steering = read(&[
            ("x-stand-in-chunks", "12"),
            ("x-stand-in-gap-ms", "5"),
            ("x-stand-in-status", "429"),
            ("x-stand-in-fail-times", "2"),
            ("x-stand-in-fail-key", "k"),
            ("x-stand-in-header-weir-decision", "forged"),
            ("accept", "*/*"),
        ])
        .unwrap();
        assert_eq!(steering.shape.chunks, Some(12));
        assert_eq!(steering.manner.gap, Some(Duration::from_millis(5)));
        let failure = steering.failure.unwrap();
        assert_eq!(failure.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(failure.times, Some(("k".to_owned(), 2)));
        assert_eq!(steering.echo[0].0, "weir-decision");
    }

    #[test]
    fn names_the_header_that_is_wrong() {
        for (name, value) in [
            ("x-stand-in-chunks", "many"),
            ("x-stand-in-chunks", "99999999999"),
            ("x-stand-in-status", "200"),
            ("x-stand-in-hang", "yes"),
            ("x-stand-in-chunk", "1"),
        ] {
            let refused = read(&[(name, value)]).unwrap_err();
            assert_eq!(refused.status, StatusCode::BAD_REQUEST);
            assert!(refused.message.contains(name), "{}", refused.message);
        }
    }
}
