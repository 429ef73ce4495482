//! The way out of the data plane: every path outside `/v1/` belongs to other
//! parts of the program, which the gateway does not know.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;

use crate::answer::OtherBody;

/// An answer to come.
pub type OtherFuture = Pin<Box<dyn Future<Output = Response<OtherBody>> + Send>>;

/// Answers everything that is not `/v1/`.
pub trait OtherRoutes: Send + Sync + 'static {
    /// Answers `request` of `peer`.
    fn call(&self, request: Request<Incoming>, peer: SocketAddr) -> OtherFuture;
}

/// Answers 404 to everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOtherRoutes;

impl OtherRoutes for NoOtherRoutes {
    fn call(&self, _request: Request<Incoming>, _peer: SocketAddr) -> OtherFuture {
        let body = Full::new(Bytes::from_static(b"not found\n")).map_err(|never| match never {}).boxed_unsync();
        let mut answer = Response::new(body);
        *answer.status_mut() = StatusCode::NOT_FOUND;
        Box::pin(std::future::ready(answer))
    }
}
