//! Which listener serves what, outside `/v1`. On loopback one listener serves
//! all; on any other the data plane's serves only `/access` and `/healthz`,
//! and operators, metrics and the log have listeners of their own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use prometheus_client::registry::Registry;
use tokio::runtime::Handle;
use tower::ServiceExt as _;
use weir_control::http as control_http;
use weir_control::http::Live;
use weir_control::service::Control;
use weir_gateway::{OtherBody, OtherFuture, OtherRoutes};

/// Whether the node takes requests.
#[derive(Debug, Clone, Default)]
pub(super) struct Ready(Arc<AtomicBool>);

impl Ready {
    pub(super) fn set(&self, is_ready: bool) {
        self.0.store(is_ready, Ordering::Release);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What is known only once the gateway stands.
type Late<T> = Arc<OnceLock<T>>;

/// Every route there is, to be put together by listener.
pub(super) struct Routes {
    control: Control,
    ready: Ready,
    live: Late<Live>,
    registry: Late<Registry>,
}

impl Routes {
    pub(super) fn new(control: Control, ready: Ready) -> Routes {
        Routes { control, ready, live: Late::default(), registry: Late::default() }
    }

    /// Adds what only the gateway knows.
    pub(super) fn complete(&self, live: Live, registry: Registry) {
        // Set once, here; a second setting would be dropped.
        let _set = (self.live.set(live), self.registry.set(registry));
    }

    /// The routes beside `/v1`: all of them on the one loopback listener, the
    /// affected party's alone elsewhere.
    pub(super) fn of_gateway(&self, is_only_listener: bool, runtime: Handle) -> Arc<dyn OtherRoutes> {
        let router = match is_only_listener {
            true => self.of_admin().merge(control_http::access(self.control.clone())),
            false => control_http::access(self.control.clone()).merge(self.health()),
        };
        Arc::new(Elsewhere { router, runtime })
    }

    /// Operators' routes, the log, health and metrics.
    pub(super) fn of_admin(&self) -> Router {
        let (flights, limits) = (Arc::clone(&self.live), Arc::clone(&self.live));
        let live = Live {
            in_flight: Arc::new(move || flights.get().map_or_else(Vec::new, |live| (live.in_flight)())),
            limits_used: Arc::new(move || limits.get().map_or_else(Vec::new, |live| (live.limits_used)())),
        };
        control_http::admin(self.control.clone(), live)
            .merge(control_http::public_log(self.control.clone()))
            .merge(self.health())
            .merge(Router::new().route("/metrics", get(metrics)).with_state(Arc::clone(&self.registry)))
    }

    /// The public log alone.
    pub(super) fn of_log(&self) -> Router {
        control_http::public_log(self.control.clone())
    }

    fn health(&self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz))
            .with_state(self.ready.clone())
    }
}

async fn readyz(State(ready): State<Ready>) -> Response {
    if ready.get() {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response()
    }
}

async fn metrics(State(registry): State<Late<Registry>>) -> Response {
    let mut text = String::new();
    let encoded = registry.get().map(|registry| prometheus_client::encoding::text::encode(&mut text, registry));
    match encoded {
        Some(Ok(())) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        _ => (StatusCode::SERVICE_UNAVAILABLE, "no metrics yet\n").into_response(),
    }
}

/// Answers on the control plane's runtime, so that nothing an operator asks
/// holds up a thread that serves requests.
struct Elsewhere {
    router: Router,
    runtime: Handle,
}

impl OtherRoutes for Elsewhere {
    fn call(&self, request: axum::http::Request<Incoming>, _peer: SocketAddr) -> OtherFuture {
        let router = self.router.clone();
        let answered = self.runtime.spawn(async move {
            match router.oneshot(request.map(axum::body::Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        });
        Box::pin(async move {
            let response = answered.await.unwrap_or_else(|error| {
                tracing::error!(%error, "an answer broke off");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            });
            response.map(|body| -> OtherBody { body.map_err(Into::into).boxed_unsync() })
        })
    }
}
