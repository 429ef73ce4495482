//! The model servers behind Weir: where each is, its credential, its breaker,
//! and the idle connections each worker keeps to it.

mod body;
mod breaker;
mod connection;
mod credential;
mod dial;
mod head;
mod health;
mod target;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use weir_wire::Family;

pub(crate) use body::BodyFraming;
pub(crate) use breaker::Breaker;
pub(crate) use connection::{CallError, Connection, ReadError};
pub(crate) use credential::CredentialError;
pub use dial::AuthoritiesError;
pub(crate) use dial::Dialer;
pub(crate) use head::AnswerHead;
pub(crate) use health::watch;
use target::Target;
pub use target::TargetError;

use crate::config::UpstreamConfig;

/// One model server as called with one credential.
pub(crate) struct Upstream {
    target: Target,
    credential: Option<Arc<str>>,
    /// The credential's header lines once it was read: OpenAI's and
    /// Anthropic's.
    secret: OnceLock<[String; 2]>,
    pub(crate) breaker: Breaker,
    /// One stack of idle connections a worker; the warmest is used first.
    idle: Box<[Mutex<Vec<Idle>>]>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Upstream").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Upstream {
    /// `host`, for the head of a request.
    pub(crate) fn authority(&self) -> &str {
        &self.target.authority
    }

    /// Goes in front of a request's path.
    pub(crate) fn prefix(&self) -> &str {
        &self.target.prefix
    }

    /// The header line that carries the upstream's own credential, with its
    /// line end; empty where it needs none. A credential that could not be
    /// read is tried again at the next request.
    pub(crate) fn credential_line(&self, family: Family) -> Result<&str, CredentialError> {
        let Some(reference) = &self.credential else {
            return Ok("");
        };
        let lines = match self.secret.get() {
            Some(lines) => lines,
            None => {
                let secret = credential::resolve(reference)?;
                let lines = [format!("authorization: Bearer {secret}\r\n"), format!("x-api-key: {secret}\r\n")];
                self.secret.get_or_init(|| lines)
            }
        };
        let [openai, anthropic] = lines;
        Ok(match family {
            Family::OpenAi => openai,
            Family::Anthropic => anthropic,
        })
    }

    /// An idle connection that still stands.
    fn take_idle(&self, worker: usize, config: &UpstreamConfig) -> Option<Connection> {
        let mut idle = self.idle.get(worker)?.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut candidate) = idle.pop() {
            if candidate.since.elapsed() >= config.idle_timeout {
                // The ones below have been idle for longer still.
                idle.clear();
                return None;
            }
            if candidate.connection.is_usable() {
                return Some(candidate.connection);
            }
        }
        None
    }

    /// Keeps a connection for a later request.
    pub(crate) fn keep(&self, worker: usize, connection: Connection, config: &UpstreamConfig) {
        let Some(idle) = self.idle.get(worker) else { return };
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < config.idle_connections {
            idle.push(Idle { connection, since: Instant::now() });
        }
    }

    /// A connection, and whether it was used before.
    pub(crate) async fn connect(
        &self,
        worker: usize,
        dialer: &Dialer,
        config: &UpstreamConfig,
    ) -> io::Result<Connection> {
        match self.take_idle(worker, config) {
            Some(connection) => Ok(connection),
            // Rare, and large: every request's own state would have room for it.
            None => Box::pin(dialer.dial(&self.target)).await,
        }
    }
}

/// Base URL and credential reference.
type UpstreamKey = (Arc<str>, Option<Arc<str>>);

/// Every upstream met so far.
#[derive(Debug)]
pub(crate) struct Upstreams {
    known: Mutex<HashMap<UpstreamKey, Arc<Upstream>>>,
    workers: usize,
}

impl Upstreams {
    pub(crate) fn new(workers: usize) -> Upstreams {
        Upstreams { known: Mutex::default(), workers }
    }

    /// All of them.
    fn all(&self) -> Vec<Arc<Upstream>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The upstream at `url` as called with `credential`.
    pub(crate) fn get(
        &self,
        url: &Arc<str>,
        credential: Option<&Arc<str>>,
        config: &UpstreamConfig,
    ) -> Result<Arc<Upstream>, TargetError> {
        let key = (Arc::clone(url), credential.cloned());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(upstream) = known.get(&key) {
            return Ok(Arc::clone(upstream));
        }
        let upstream = Arc::new(Upstream {
            target: Target::parse(url)?,
            credential: credential.cloned(),
            secret: OnceLock::new(),
            breaker: Breaker::new(config.breaker_failures, config.breaker_pause),
            idle: (0..self.workers).map(|_| Mutex::default()).collect(),
        });
        known.insert(key, Arc::clone(&upstream));
        Ok(upstream)
    }
}
