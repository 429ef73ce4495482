//! The witness over HTTP: `POST /add-checkpoint`, answered as
//! c2sp.org/tlog-witness v1.0.0 says, and `GET /vkey`. Everything from outside
//! is bounded: connections, the time of a head and of a body, the body's size.

use std::net::TcpListener as StdListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use weir_control::clock::machine_wall_clock;
use weir_tlog::witness::MAX_REQUEST_BYTES;
use weir_tlog::{AddCheckpoint, WitnessError, WitnessKeeper, WitnessRefusal};

use crate::serve::Signals;

/// Connections at once; more wait to be accepted.
const CONNECTIONS: usize = 256;
/// How long a head, or the next request on a connection, may take.
const HEAD: Duration = Duration::from_secs(10);
/// How long a body may take.
const BODY: Duration = Duration::from_secs(10);
/// How long requests may take to finish once stopping.
const DRAIN: Duration = Duration::from_secs(5);

const TEXT: &str = "text/plain; charset=utf-8";
/// The type of a 409's body that tells a size.
const SIZE: &str = "text/x.tlog.size";

type Shared = Arc<Mutex<WitnessKeeper>>;

/// Serves until a signal.
pub(super) fn serve(listener: StdListener, keeper: WitnessKeeper) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("weir-witness")
        .enable_all()
        .build()
        .context("cannot start the witness's threads")?;
    let ended = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let mut signals = Signals::listen()?;
        let free = Arc::new(Semaphore::new(CONNECTIONS));
        let router = router(Arc::new(Mutex::new(keeper)));
        tokio::select! {
            () = accept(listener, router, &free) => {}
            () = signals.next() => {}
        }
        // Every seat back means that every connection has ended.
        let everything = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        let _idle_connections_are_left = tokio::time::timeout(DRAIN, free.acquire_many(everything)).await;
        Ok(())
    });
    // What is being remembered is finished, whatever else is broken off.
    runtime.shutdown_timeout(DRAIN);
    ended
}

fn router(keeper: Shared) -> Router {
    Router::new().route("/add-checkpoint", post(add_checkpoint)).route("/vkey", get(vkey)).with_state(keeper)
}

async fn accept(listener: TcpListener, router: Router, free: &Arc<Semaphore>) {
    loop {
        let Ok(seat) = Arc::clone(free).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, router.clone(), seat))),
            // Out of file descriptors, most likely: let some be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn connection(stream: TcpStream, router: Router, seat: OwnedSemaphorePermit) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke off");
    }
    drop(seat);
}

async fn vkey(State(keeper): State<Shared>) -> Response {
    let vkey = keeper.lock().unwrap_or_else(PoisonError::into_inner).vkey();
    answer(StatusCode::OK, TEXT, format!("{vkey}\n"))
}

async fn add_checkpoint(State(keeper): State<Shared>, body: Body) -> Response {
    let bytes = match tokio::time::timeout(BODY, to_bytes(body, MAX_REQUEST_BYTES)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            let why = format!("the request broke off, or is longer than {MAX_REQUEST_BYTES} bytes\n");
            return answer(StatusCode::PAYLOAD_TOO_LARGE, TEXT, why);
        }
        Err(_) => return answer(StatusCode::REQUEST_TIMEOUT, TEXT, "the request took too long\n".to_owned()),
    };
    let work = move || {
        let request = AddCheckpoint::parse(&bytes)?;
        let origin = request.origin()?;
        let seconds = u64::try_from(machine_wall_clock().millis() / 1_000).unwrap_or(0);
        // One at a time: checking and remembering are one step.
        let mut keeper = keeper.lock().unwrap_or_else(PoisonError::into_inner);
        keeper.add_checkpoint(&request, seconds).map(|line| (origin, line))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok((log, line))) => {
            tracing::info!(%log, "cosigned");
            answer(StatusCode::OK, TEXT, format!("{line}\n"))
        }
        Ok(Err(error)) => refuse(&error),
        Err(error) => {
            tracing::error!(%error, "an answer broke off");
            answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "the answer broke off\n".to_owned())
        }
    }
}

fn refuse(error: &WitnessError) -> Response {
    let refusal = match error {
        WitnessError::Refused(refusal) => refusal,
        WitnessError::Disk { .. } | WitnessError::Damaged { .. } => {
            tracing::error!(%error, "could not remember, so did not cosign");
            return answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "the witness cannot remember\n".to_owned());
        }
    };
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    match refusal {
        WitnessRefusal::OtherSize { latest, .. } => {
            tracing::info!(why = %refusal, "not cosigned");
            answer(status, SIZE, format!("{latest}\n"))
        }
        WitnessRefusal::OtherRoot { .. } | WitnessRefusal::Proof(_) => {
            // Signed by the log's key, and not of its history: to be looked at.
            tracing::warn!(why = %refusal, "not cosigned: this may be a fork of the log");
            answer(status, TEXT, format!("{refusal}\n"))
        }
        _ => {
            tracing::info!(why = %refusal, "not cosigned");
            answer(status, TEXT, format!("{refusal}\n"))
        }
    }
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
