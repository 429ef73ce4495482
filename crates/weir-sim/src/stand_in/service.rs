//! One request, from its head to the start of its answer.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::errors::ApiError;
use super::models;
use super::observer::RecordedRequest;
use super::paced_io::WritePace;
use super::playback::Playback;
use super::route::{Family, Route, family_of};
use super::script::Script;
use super::steering::{Failure, Steering};
use super::{Pace, StandIn};
use crate::random::{SeededRandom, fingerprint};

/// The largest request body that is read, in bytes.
const LARGEST_BODY: usize = 128 << 20;

/// Keys of failures counted at most; beyond it a test run has lost its way.
const MOST_FAIL_KEYS: usize = 100_000;

impl StandIn {
    /// Answers one request. Never fails: what is wrong becomes an API error.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        pace: &WritePace,
    ) -> Result<Response<Playback>, Infallible> {
        let ticket = self.observer.enter();
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LARGEST_BODY).collect().await;
        let body = match body {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) => Err(unreadable(error.as_ref())),
        };
        if self.observer.is_recording() {
            self.observer.record(recorded(&parts, body.as_ref().ok()));
        }
        let family = family_of(parts.uri.path(), &parts.headers);
        let prepared = match body {
            Ok(body) => self.prepare(&parts, &body),
            Err(error) => Err(error),
        };
        let (script, steering, seed) =
            prepared.unwrap_or_else(|error| (Arc::new(Script::error(&error, family)), Steering::default(), 0));
        let manner = &steering.manner;
        if manner.hang {
            std::future::pending::<()>().await;
        }
        let drawn = self.config.pace.map(|pace| (pace, SeededRandom::new(seed)));
        wait_for_first(manner.first, drawn.clone()).await;
        if let Some(gap) = manner.slow_head {
            pace.dribble(gap);
        }
        let playback = Playback::new(Arc::clone(&script), manner, drawn, ticket);
        Ok(response(&script, steering.echo, playback))
    }

    fn prepare(&self, parts: &Parts, body: &Bytes) -> Result<(Arc<Script>, Steering, u64), ApiError> {
        let route = Route::find(&parts.method, parts.uri.path(), &parts.headers)?;
        self.check_credential(parts)?;
        let steering = if Steering::is_in(&parts.headers) {
            Steering::read(&parts.headers)?
        } else {
            Steering::read(&self.config.assumed)?
        };
        let seed = fingerprint(body);
        if let Some(failure) = &steering.failure
            && self.fails_now(failure)?
        {
            let error = ApiError::asked_for(failure.status);
            return Ok((Arc::new(Script::error(&error, route.family())), steering, seed));
        }
        let script = match route {
            Route::Models(family) => {
                let list = models::document(&self.config.models, family);
                Arc::new(Script::document(StatusCode::OK, family, seed, &list))
            }
            _ => self.scripts.find(route, seed, body, &steering.shape)?,
        };
        Ok((script, steering, seed))
    }

    /// The upstream's own credential, in either API's header.
    fn check_credential(&self, parts: &Parts) -> Result<(), ApiError> {
        let Some(expected) = &self.config.credential else {
            return Ok(());
        };
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if bearer == Some(expected) || header("x-api-key") == Some(expected) {
            return Ok(());
        }
        let message = "stand-in: the credential is missing or not the one configured";
        Err(ApiError::new(StatusCode::UNAUTHORIZED, message))
    }

    /// Whether this request is one of those that were to fail.
    fn fails_now(&self, failure: &Failure) -> Result<bool, ApiError> {
        let Some((key, times)) = &failure.times else {
            return Ok(true);
        };
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.len() >= MOST_FAIL_KEYS && !failed.contains_key(key) {
            return Err(ApiError::bad_request("stand-in: too many different x-stand-in-fail-key"));
        }
        let so_far = failed.entry(key.clone()).or_insert(0);
        if *so_far >= *times {
            return Ok(false);
        }
        *so_far += 1;
        Ok(true)
    }
}

fn unreadable(error: &(dyn std::error::Error + Send + Sync + 'static)) -> ApiError {
    if error.is::<LengthLimitError>() {
        let message = format!("stand-in: the body is larger than {LARGEST_BODY} bytes");
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message);
    }
    ApiError::bad_request(format!("stand-in: the body could not be read: {error}"))
}

fn recorded(parts: &Parts, body: Option<&Bytes>) -> RecordedRequest {
    RecordedRequest {
        method: parts.method.clone(),
        path: parts.uri.path_and_query().map_or("", |path| path.as_str()).to_owned(),
        headers: parts.headers.clone(),
        body: body.cloned().unwrap_or_default(),
    }
}

async fn wait_for_first(asked: Option<Duration>, pace: Option<(Pace, SeededRandom)>) {
    let first = asked.or_else(|| pace.map(|(pace, mut random)| pace.draw_first(&mut random)));
    if let Some(first) = first {
        tokio::time::sleep(first).await;
    }
}

fn response(script: &Script, echo: Vec<(HeaderName, HeaderValue)>, playback: Playback) -> Response<Playback> {
    let mut response = Response::new(playback);
    *response.status_mut() = script.status;
    let headers = response.headers_mut();
    let request_id = match script.family {
        Family::OpenAi => HeaderName::from_static("x-request-id"),
        Family::Anthropic => HeaderName::from_static("request-id"),
    };
    headers.insert(request_id, script.request_id.clone());
    if script.streamed {
        let events = HeaderValue::from_static("text/event-stream; charset=utf-8");
        headers.insert(CONTENT_TYPE, events);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in echo {
        headers.append(name, value);
    }
    response
}
