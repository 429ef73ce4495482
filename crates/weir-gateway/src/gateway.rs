//! The gateway as the program sees it: made of its parts, started, given
//! snapshots, asked what is in flight, drained.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use prometheus_client::registry::Registry;
use tokio::sync::{Notify, watch};
use tokio_rustls::TlsAcceptor;
use weir_acts::id::{AccountId, PartyId};
use weir_acts::key::Pepper;
use weir_acts::view::Caller;
use weir_acts::{Clock, Time, Touched};
use weir_rules::{Enforce, Snapshot, Swept};

use crate::answer::Appeals;
use crate::board::Board;
use crate::config::GatewayConfig;
use crate::flight::{FlightBoard, Stand};
use crate::ids::DecisionIds;
use crate::ledger::{Kept, Ledger, Used};
use crate::metrics::Metrics;
use crate::objects::Objects;
use crate::other::OtherRoutes;
use crate::persons::{Persons, PersonsConfig};
use crate::recorder::Recorder;
use crate::upstream::{AuthoritiesError, Dialer, Upstreams};
use crate::worker::{self, Phase, Worker};

/// What a gateway is made of.
pub struct Parts {
    /// How it runs.
    pub config: GatewayConfig,
    /// The first snapshot.
    pub snapshot: Arc<Snapshot>,
    /// Where the time comes from; the same as the acts'.
    pub clock: Arc<dyn Clock>,
    /// What API keys are stored under.
    pub pepper: Pepper,
    /// Where ids of decisions come from.
    pub ids: Arc<DecisionIds>,
    /// Where records go.
    pub recorder: Arc<dyn Recorder>,
    /// Who made which stored object.
    pub objects: Arc<dyn Objects>,
    /// Everything outside `/v1/`.
    pub other: Arc<dyn OtherRoutes>,
    /// What persons are verified with.
    pub persons: PersonsConfig,
}

/// Why a gateway cannot be made or started.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// TLS for callers.
    #[error("TLS for callers: {0}")]
    Tls(#[from] crate::tls::TlsError),
    /// TLS for upstreams.
    #[error("TLS for upstreams: {0}")]
    Authorities(#[from] AuthoritiesError),
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}; choose another address, or port 0 for any")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no thread or no event queue.
    #[error("cannot start the worker threads: {0}")]
    Threads(io::Error),
}

/// What all workers share.
pub(crate) struct Shared {
    pub(crate) config: GatewayConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) board: Arc<FlightBoard>,
    /// Told of every install.
    pub(crate) installed: Notify,
    installing: Mutex<()>,
    pub(crate) pepper: Pepper,
    pub(crate) ids: Arc<DecisionIds>,
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) other: Arc<dyn OtherRoutes>,
    pub(crate) persons: Persons,
    pub(crate) metrics: Metrics,
    pub(crate) ledger: Ledger,
    pub(crate) upstreams: Upstreams,
    pub(crate) dialer: Dialer,
    pub(crate) appeals: Appeals,
    pub(crate) tls: Option<TlsAcceptor>,
    flights: AtomicU64,
    workers: usize,
}

impl Shared {
    /// Cuts what rests on assertions whose time is over.
    pub(crate) fn expire_persons(&self) {
        let cut = self.persons.expire(&self.board, self.clock.now());
        self.metrics.cut.inc_by(cut);
    }

    pub(crate) fn next_flight(&self) -> u64 {
        self.flights.fetch_add(1, Ordering::Relaxed)
    }
}

/// The data plane. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

/// A request in flight, as shown to those who ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// The calling account.
    pub account: AccountId,
    /// Its party.
    pub party: PartyId,
    /// The API called.
    pub api: &'static str,
    /// The model asked for.
    pub model: Option<Arc<str>>,
    /// When it came.
    pub since: Time,
    /// Where it stands.
    pub stand: Stand,
}

impl Gateway {
    /// Puts a gateway together; nothing listens yet.
    ///
    /// # Errors
    /// When certificates, keys or authorities cannot be used.
    pub fn new(parts: Parts, registry: &mut Registry) -> Result<Gateway, GatewayError> {
        let Parts { config, snapshot, clock, pepper, ids, recorder, objects, other, persons } = parts;
        let workers = match config.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let tls = config.tls.as_ref().map(crate::tls::acceptor).transpose()?;
        let dialer = Dialer::new(config.upstream.ca_file.as_deref(), config.upstream.connect_timeout)?;
        let appeals = Appeals::new(config.access_url.as_deref(), &config.appeal_due);
        let persons = Persons::new(persons);
        let shared = Shared {
            config,
            clock,
            board: Arc::new(Board::new(snapshot, workers)),
            installed: Notify::new(),
            installing: Mutex::new(()),
            pepper,
            ids,
            recorder,
            objects,
            other,
            persons,
            metrics: Metrics::new(registry),
            ledger: Ledger::default(),
            upstreams: Upstreams::new(workers),
            dialer,
            appeals,
            tls,
            flights: AtomicU64::new(0),
            workers,
        };
        Ok(Gateway { shared: Arc::new(shared) })
    }

    /// Listens and serves on threads of its own.
    ///
    /// # Errors
    /// When the address cannot be listened on, or no thread can be started.
    pub fn start(&self) -> Result<GatewayHandle, GatewayError> {
        let address = self.shared.config.listen;
        let error = |source| GatewayError::Listen { address, source };
        let listeners = worker::listen(address, self.shared.workers).map_err(error)?;
        let mut local = address;
        let (phase, watched) = watch::channel(Phase::Serving);
        let (done, all_done) = tokio::sync::mpsc::channel(1);
        let mut threads = Vec::new();
        for (index, listener) in listeners.into_iter().enumerate() {
            local = listener.local_addr().map_err(error)?;
            let worker = Arc::new(Worker::new(Arc::clone(&self.shared), index));
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(GatewayError::Threads)?;
            let (watched, done) = (watched.clone(), done.clone());
            let thread = std::thread::Builder::new().name(format!("weir-gate-{index}")).spawn(move || {
                runtime.block_on(worker::run(worker, listener, watched));
                drop(done);
            });
            threads.push(thread.map_err(GatewayError::Threads)?);
        }
        let board = Arc::clone(&self.shared.board);
        Ok(GatewayHandle { address: local, phase, all_done, threads, board })
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.board.snapshot()
    }

    /// Whether a request of `caller` with these headers asserts a person who is
    /// taken, as the identify phase finds it. For measuring what that costs.
    pub fn takes_person(&self, headers: &http::HeaderMap, caller: &Caller) -> bool {
        let now = self.shared.clock.now();
        let found = self.shared.board.look(|snapshot| self.shared.persons.identify(headers, snapshot, caller, now));
        matches!(found, Ok(Some(_)))
    }

    /// Puts back what limits had counted before a restart, over windows of an
    /// hour or more. Called before requests come.
    pub fn restore_limits(&self, kept: &[Kept]) {
        self.shared.ledger.restore(kept, self.shared.clock.now());
    }

    /// What limits count and changed since the last call, to be kept; and lets
    /// go of what counts nothing any more.
    pub fn take_changed_limits(&self) -> Vec<Kept> {
        let changed = self.shared.ledger.take_changed();
        self.shared.ledger.forget_idle(self.shared.clock.now());
        self.shared.metrics.meters.set(i64::try_from(self.shared.ledger.len()).unwrap_or(i64::MAX));
        changed
    }

    /// What was used of everything that limits count, at this moment.
    pub fn limits_used(&self) -> Vec<Used> {
        self.shared.ledger.used(self.shared.clock.now())
    }

    /// What was taken for keeping was not kept: all of it is to be taken again.
    pub fn keep_limits_again(&self) {
        self.shared.ledger.keep_again();
    }

    /// What is in flight at this moment, the oldest first.
    pub fn in_flight(&self) -> Vec<InFlight> {
        let flights = self.shared.board.flights();
        let mut shown: Vec<InFlight> = flights
            .iter()
            .map(|flight| InFlight {
                account: flight.account,
                party: flight.party,
                api: flight.api.name(),
                model: flight.model.clone(),
                since: flight.since,
                stand: flight.stand(),
            })
            .collect();
        shown.sort_by_key(|flight| flight.since);
        shown
    }
}

impl Enforce for Gateway {
    /// Every request in flight is decided again, whether `touched` names it or
    /// not: the verdicts are cached by class, so it costs less than a mistake.
    fn install(&self, snapshot: Arc<Snapshot>, _touched: &Touched) -> Swept {
        let shared = &self.shared;
        // One install after the other, so that the last one's snapshot stays.
        let _one_at_a_time = shared.installing.lock().unwrap_or_else(PoisonError::into_inner);
        let started = Instant::now();
        let mut swept = Swept::default();
        let flights = shared.board.install(Arc::clone(&snapshot));
        shared.installed.notify_waiters();
        for flight in flights {
            swept.examined += 1;
            if let Some(cut) = flight.judge(&snapshot)
                && flight.gate().deny(flight.number, &Arc::new(cut))
            {
                swept.cut += 1;
            }
        }
        shared.metrics.cut.inc_by(swept.cut);
        shared.metrics.swept(started.elapsed());
        swept
    }
}

/// A running gateway. Dropping it stops it at once.
pub struct GatewayHandle {
    address: SocketAddr,
    phase: watch::Sender<Phase>,
    all_done: tokio::sync::mpsc::Receiver<()>,
    threads: Vec<JoinHandle<()>>,
    board: Arc<FlightBoard>,
}

impl std::fmt::Debug for GatewayHandle {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("GatewayHandle").field("address", &self.address).finish_non_exhaustive()
    }
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every answer came to its end.
    Whole,
    /// Some were broken off when the time was over.
    Broken,
}

impl GatewayHandle {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Takes nothing new, lets what is under way finish for at most
    /// `patience`, and stops.
    pub async fn drain(mut self, patience: Duration) -> Drained {
        self.phase.send_replace(Phase::Draining);
        // The channel ends when every worker has let go of its sender.
        let ended = tokio::time::timeout(patience, self.all_done.recv()).await;
        match ended {
            Ok(_) => Drained::Whole,
            // Connections that only wait for another request lose nothing.
            Err(_) if self.board.flights().is_empty() => Drained::Whole,
            Err(_) => Drained::Broken,
        }
    }
}

impl Drop for GatewayHandle {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Stopped);
        for thread in self.threads.drain(..) {
            // A panic in there was printed there; there is nothing to add.
            let _joined = thread.join();
        }
    }
}
