//! A stand-in for the model server behind Weir.
//!
//! It speaks enough of both APIs that the official clients accept it, answers
//! equal requests with equal bytes, and misbehaves on request:
//!
//! | request header | what it asks for |
//! |---|---|
//! | `x-stand-in-chunks: N` | N content deltas in a stream; an unstreamed body in about N writes |
//! | `x-stand-in-bytes: N` | N bytes of content text |
//! | `x-stand-in-huge: N` | an unstreamed body of at least N bytes |
//! | `x-stand-in-write-bytes: N` | the body in writes of N bytes, wherever that cuts |
//! | `x-stand-in-gap-ms: N` | a pause before every write but the first |
//! | `x-stand-in-first-ms: N` | a pause before the head |
//! | `x-stand-in-slow-head: N` | the first 40 bytes one at a time, N ms apart |
//! | `x-stand-in-hang: 1` | no answer at all |
//! | `x-stand-in-silent-after: N` | silence after N writes, until the client leaves |
//! | `x-stand-in-drop-after: N` | the connection closed after N writes |
//! | `x-stand-in-status: S` | an API-shaped error |
//! | `x-stand-in-fail-times: N`, `x-stand-in-fail-key: K` | that error for the first N requests with the key only |
//! | `x-stand-in-no-usage: 1`, `x-stand-in-lie-usage: N` | no usage; N output tokens claimed |
//! | `x-stand-in-reasoning: N` | N pieces of reasoning before the answer, in each API's own form |
//! | `x-stand-in-comments: 1` | comments between the events of a stream |
//! | `x-stand-in-header-NAME: V` | the response header `NAME: V` |
//!
//! A write is one event of a stream (role, delta, end, `[DONE]`, ...) or the
//! whole of an unstreamed body, unless cut further, and is flushed by itself.
//! A tool is called when tools are offered and the last user text speaks of
//! the weather. Chat answers carry log-probabilities where they are asked for, and
//! as many choices. Unsteered, and without a [`Pace`], it never waits.

mod answer;
mod ask;
mod chat;
mod completions;
mod embeddings;
mod errors;
mod handle;
mod messages;
mod models;
mod observer;
mod paced_io;
mod playback;
mod responses;
mod route;
mod script;
mod service;
mod steering;
mod text;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::random::SeededRandom;
use observer::Observer;
use paced_io::{PacedStream, WritePace};
use script::Scripts;

pub use handle::StandInHandle;
pub use observer::{Counts, RecordedRequest};

/// Why the stand-in could not start.
#[derive(Debug, thiserror::Error)]
pub enum StandInError {
    /// The address is taken or not ours.
    #[error("the stand-in cannot listen on {address}: {source}; choose another address, or port 0 for any")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no thread or no event queue.
    #[error("the stand-in cannot start its own threads: {source}")]
    Threads {
        /// What the system said.
        source: io::Error,
    },
}

/// Pauses as a busy model server makes them, drawn from the request's own
/// fingerprint, so that the same request is always answered at the same pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Shortest and longest wait before the head, in milliseconds.
    pub first_ms: (u64, u64),
    /// Shortest and longest wait between two writes, in milliseconds.
    pub gap_ms: (u64, u64),
}

impl Pace {
    /// What one meets in practice: 0.15 to 0.6 s to the first token, then 20
    /// to 100 tokens a second.
    #[must_use]
    pub fn realistic() -> Self {
        Self { first_ms: (150, 600), gap_ms: (10, 50) }
    }

    fn draw_first(&self, random: &mut SeededRandom) -> Duration {
        Duration::from_millis(random.between(self.first_ms.0, self.first_ms.1))
    }

    fn draw_gap(&self, random: &mut SeededRandom) -> Duration {
        Duration::from_millis(random.between(self.gap_ms.0, self.gap_ms.1))
    }
}

/// How a stand-in is to run.
#[derive(Debug, Clone)]
pub struct StandInConfig {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Requests kept for [`StandInHandle::requests`], the oldest forgotten
    /// first; 0 keeps none, which benchmarks want.
    pub record: usize,
    /// Threads of its own that [`StandIn::start`] runs it on; at least 1.
    pub threads: usize,
    /// Pauses where a request asks for none; `None` never waits.
    pub pace: Option<Pace>,
    /// The only credential accepted, as `authorization: Bearer` or
    /// `x-api-key`; `None` accepts every request.
    pub credential: Option<String>,
    /// What `/v1/models` lists. Every model name is answered all the same.
    pub models: Vec<String>,
    /// The steering of every request that brings none of its own, for
    /// gateways in between that pass no unknown headers on.
    pub assumed: HeaderMap,
}

impl Default for StandInConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            record: 1024,
            threads: 1,
            pace: None,
            credential: None,
            models: ["mythos-5", "fable-5", "fable-4", "atlas-5"].map(str::to_owned).to_vec(),
            assumed: HeaderMap::new(),
        }
    }
}

/// The stand-in model server, without a socket.
#[derive(Debug)]
pub struct StandIn {
    config: StandInConfig,
    observer: Arc<Observer>,
    scripts: Scripts,
    /// How often each `x-stand-in-fail-key` has failed.
    failed: Mutex<HashMap<String, u64>>,
}

impl StandIn {
    /// A stand-in to be served on a listener of the caller's.
    #[must_use]
    pub fn new(config: StandInConfig) -> Arc<Self> {
        let observer = Arc::new(Observer::new(config.record));
        Arc::new(Self { config, observer, scripts: Scripts::default(), failed: Mutex::default() })
    }

    /// Listens and serves on threads of its own until the handle is dropped.
    /// Does not need, and does not disturb, a runtime of the caller's.
    ///
    /// # Errors
    /// When the address cannot be listened on, or no thread can be started.
    pub fn start(config: StandInConfig) -> Result<StandInHandle, StandInError> {
        handle::start(config)
    }

    /// Serves connections until `shutdown` completes, then drops those left.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) {
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(Arc::clone(&self).serve_connection(stream));
                    }
                    // Out of descriptors, or a client gone already: give the
                    // connections under way a moment to end.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
            }
        }
    }

    async fn serve_connection(self: Arc<Self>, stream: TcpStream) {
        // Without it, each event of a stream would wait for the last one's
        // acknowledgement. A socket that refuses is closed already.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let pace = Arc::new(WritePace::default());
        let stream = TokioIo::new(PacedStream::new(stream, Arc::clone(&pace)));
        let service = service_fn(|request| self.answer(request, &pace));
        // An error here is the client's leaving or a break that was asked for;
        // the tickets have counted it.
        let _ended = http1::Builder::new().header_read_timeout(None).serve_connection(stream, service).await;
    }
}
