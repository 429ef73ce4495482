//! How a no is written: `{"error":{"kind":...,"message":...}}` with the status
//! of its kind; and the token of a request.

use axum::Json;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Shared;
use crate::refusal::{Refusal, RefusalKind};
use crate::service::Caller;

/// A refusal on its way out.
#[derive(Debug)]
pub struct Failure(pub Refusal);

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure(refusal)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Failure(refusal) = self;
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(json!({ "error": refusal }))).into_response();
        if refusal.kind == RefusalKind::Unauthenticated {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        if refusal.kind == RefusalKind::Unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

/// The bearer token or key of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The operator who asks, if they may do `action`.
pub(super) fn operator(shared: &Shared, headers: &HeaderMap, action: &str) -> Result<Caller, Failure> {
    let caller = authenticated(shared, headers)?;
    shared.control.may(caller, action)?;
    Ok(caller)
}

/// The operator who asks, whatever they may do.
pub(super) fn authenticated(shared: &Shared, headers: &HeaderMap) -> Result<Caller, Failure> {
    Ok(shared.control.authenticate(bearer(headers).unwrap_or_default())?)
}

pub(super) async fn no_such_path(uri: Uri) -> Failure {
    Failure(Refusal::not_found(format!("there is nothing at {}", uri.path())))
}

pub(super) async fn wrong_method(uri: Uri) -> Response {
    let mut response = Failure(Refusal::invalid(format!("{} does not take this method", uri.path()))).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// Runs what blocks on a thread that may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(Failure(Refusal::unavailable(format!("the work broke off: {error}")))),
    }
}
