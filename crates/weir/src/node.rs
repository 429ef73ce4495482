//! One process of Weir: a folder, the control plane over it, the gateway in
//! front, and the threads between them. `serve`, `demo` and the tests start
//! the same thing; only what is in the configuration differs.

mod admin_listener;
mod detection;
#[cfg(feature = "parquet")]
mod exchanges;
mod feed;
mod limits;
mod objects;
mod prompts;
mod records;
mod routes;
mod webhook_metrics;
mod witness_metrics;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use prometheus_client::registry::Registry;
use tokio::runtime::Runtime;
use weir_acts::Clock as _;
use weir_control::boot::{self, Booted};
use weir_control::http::{FlightShown, InFlight, LimitsUsed, Live, UsedShown};
use weir_control::key_sets::{Allowed, Fetcher};
use weir_control::service::{Control, Running};
use weir_control::webhooks::{Deliveries, Webhook, Webhooks};
use weir_control::witnesses::Witness;
use weir_gateway::{Drained, Gateway, GatewayConfig, GatewayHandle, Network, Parts, PersonsConfig, RecordQueue};
use weir_persons::Freshness;
use weir_store::kind::FolderKind;

use crate::detect::detector_key;
use objects::StoredObjects;
use routes::{Ready, Routes};

pub use admin_listener::AdminListener;
pub use detection::{ACCOUNTS_FILE, DetectOf, Following};
pub use feed::{Fed, Feed};

/// The key under which texts are sketched, in the folder.
pub const DETECTOR_KEY_FILE: &str = "detect.key";

/// How often the timers look.
const TICK: Duration = Duration::from_secs(1);

/// Ticks between two writings of the clock's high-water mark.
const TICKS_PER_MARK: u64 = 10;

/// What a node needs to know.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The folder.
    pub dir: PathBuf,
    /// Which command's it is.
    pub kind: FolderKind,
    /// The log's name, for a first start.
    pub origin: Option<String>,
    /// The data plane.
    pub gateway: GatewayConfig,
    /// Where operators ask, when not on the data plane's own loopback listener.
    pub admin: Option<AdminListener>,
    /// Where else the public log is served, in plain HTTP.
    pub log_listen: Option<SocketAddr>,
    /// What outsiders call this Weir's log by, for receipts.
    pub base_url: Option<String>,
    /// Witnesses that are asked to cosign each checkpoint.
    pub witnesses: Vec<Witness>,
    /// Authorities to trust for witnesses instead of the public ones, PEM.
    pub witness_ca_file: Option<PathBuf>,
    /// Records that may wait for the disk.
    pub record_queue: usize,
    /// When a file of records is closed, in bytes.
    pub record_roll_bytes: u64,
    /// When it is closed at the latest.
    pub record_roll_after: Duration,
    /// How detection runs.
    pub detect: DetectOf,
    /// How persons behind requests are verified.
    pub persons: PersonsOf,
    /// How long requests may take to finish once stopping.
    pub drain: Duration,
}

impl NodeConfig {
    /// A server's on a free port of loopback, everything else as where nothing
    /// is configured, and with no patience once stopping.
    #[must_use]
    pub fn on_loopback(dir: &Path) -> NodeConfig {
        NodeConfig {
            dir: dir.to_owned(),
            kind: FolderKind::Serve,
            origin: None,
            gateway: GatewayConfig { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..GatewayConfig::default() },
            admin: None,
            log_listen: None,
            base_url: None,
            witnesses: Vec::new(),
            witness_ca_file: None,
            record_queue: 65_536,
            record_roll_bytes: 64 << 20,
            record_roll_after: Duration::from_secs(3_600),
            detect: DetectOf::default(),
            persons: PersonsOf::default(),
            drain: Duration::ZERO,
        }
    }
}

/// How persons behind requests are verified.
#[derive(Debug, Clone, Default)]
pub struct PersonsOf {
    /// What assertions name as their audience; none takes the log's name.
    pub audience: Option<String>,
    /// Private networks in which key sets may be published.
    pub allow_networks: Vec<Network>,
    /// Authorities to trust for key sets instead of the public ones, PEM.
    pub ca_file: Option<std::path::PathBuf>,
}

/// A running node.
pub struct Node {
    control: Control,
    gateway: Gateway,
    handle: GatewayHandle,
    running: Running,
    records: records::Writer,
    sealing: tokio::task::JoinHandle<()>,
    #[cfg(feature = "parquet")]
    files: exchanges::Files,
    #[cfg(feature = "parquet")]
    sealing_files: tokio::task::JoinHandle<()>,
    objects: Arc<StoredObjects>,
    limits: limits::Keeper,
    detecting: detection::Detecting,
    ready: Ready,
    runtime: Runtime,
    admin_address: Option<SocketAddr>,
    first_token: Option<PathBuf>,
    drain: Duration,
    fetcher: Fetcher,
    webhooks: Option<Webhooks>,
    deliveries: Arc<Deliveries>,
    dir: PathBuf,
}

impl Node {
    /// Starts everything. `progress` is told how much of the log is folded.
    pub fn start(config: NodeConfig, progress: &dyn Fn(u64, u64)) -> Result<Node> {
        let booted = boot::open(&config.dir, config.kind, config.origin.as_deref(), progress)?;
        let first_token = booted.first_token.clone();
        let runtime = control_runtime()?;
        let one_listener = config.gateway.listen.ip().is_loopback();
        let has_tls = config.gateway.tls.is_some();
        let has_admin_tls = config.admin.as_ref().is_some_and(|admin| admin.tls.is_some());
        let Booted { store, clock, pepper, .. } = &booted;
        let (store, clock, pepper) = (Arc::clone(store), Arc::clone(clock), pepper.clone());
        let now = clock.now();
        let limits_clock = Arc::clone(&clock);
        let (control, starter) = Control::with_witnesses(booted, config.witnesses, config.witness_ca_file)?;
        let mut registry = Registry::default();
        witness_metrics::register(&mut registry, Arc::clone(control.cosignatures()));
        let deliveries: Arc<Deliveries> = Arc::default();
        webhook_metrics::register(&mut registry, control.clone(), Arc::clone(&deliveries));
        let queue = Arc::new(RecordQueue::new(config.record_queue));
        let keeping = records::Keeping { roll_bytes: config.record_roll_bytes, roll_after: config.record_roll_after };
        let sealed = control.sealed_segments();
        let key = detector_key(Some(&config.dir.join(DETECTOR_KEY_FILE)))?;
        let filed = control.last_sealed_exchange();
        let prompts = prompts::Prompts::new(key, prompts::Keeper::new(control.clone(), &mut registry));
        let (records, ids, to_seal) =
            records::Writer::start(&config.dir, keeping, &sealed, filed, prompts, queue, &mut registry)?;
        #[cfg(feature = "parquet")]
        let (files, files_to_seal) = exchanges::Files::start(
            &config.dir,
            records.progress(),
            filed,
            config.record_roll_after,
            &mut registry,
        )?;
        let objects = Arc::new(StoredObjects::new(store));
        let ready = Ready::default();
        let routes = Routes::new(control.clone(), ready.clone());
        let freshness: Arc<Freshness> = Arc::default();
        let gateway = Gateway::new(
            Parts {
                config: config.gateway,
                snapshot: control.snapshot(),
                clock,
                pepper,
                ids: Arc::new(ids),
                recorder: records.recorder(),
                objects: Arc::clone(&objects) as _,
                other: routes.of_gateway(one_listener, runtime.handle().clone()),
                persons: PersonsConfig {
                    used: records::used_assertions(&config.dir, &control.published().state, now)?,
                    audience: config.persons.audience.unwrap_or_else(|| control.vkey().name().to_owned()),
                    freshness: Arc::clone(&freshness),
                    names: Arc::new({
                        let control = control.clone();
                        move |id| control.account_label(id)
                    }),
                },
            },
            &mut registry,
        )?;
        let limits = limits::Keeper::start(&config.dir, gateway.clone(), limits_clock)?;
        let following =
            Following::prepare(config.detect, key, control.clone(), runtime.handle().clone(), &mut registry)?;
        routes.complete(live(&gateway), registry);
        let running = starter.start(Arc::new(gateway.clone()))?;
        let sealing = runtime.spawn(records::seal(control.clone(), to_seal));
        #[cfg(feature = "parquet")]
        let sealing_files = runtime.spawn(exchanges::seal(control.clone(), files_to_seal));
        let allowed = config.persons.allow_networks;
        let fetcher = Fetcher::start(
            control.clone(),
            freshness,
            Arc::new(move |address| allowed.iter().any(|network| network.contains(address))),
            config.persons.ca_file.as_deref(),
        )?;
        let detecting = detection::Detecting::start(following, |seq| records.exchanges_after(seq))?;
        let handle = gateway.start()?;
        let admin_address = match &config.admin {
            Some(admin) if !one_listener => Some(runtime.block_on(admin.start(routes.of_admin()))?),
            _ => None,
        };
        if let Some(address) = config.log_listen {
            runtime.block_on(admin_listener::start_plain(address, routes.of_log()))?;
        }
        control.receipts_are_at(config.base_url.unwrap_or_else(|| match (config.log_listen, admin_address) {
            (Some(log), _) if !one_listener => format!("http://{log}"),
            (_, Some(admin)) => format!("{}://{admin}", scheme(has_admin_tls)),
            _ => format!("{}://{}", scheme(has_tls), handle.local_addr()),
        }));
        runtime.spawn(timers(control.clone()));
        ready.set(true);
        Ok(Node {
            control,
            gateway,
            handle,
            running,
            records,
            sealing,
            #[cfg(feature = "parquet")]
            files,
            #[cfg(feature = "parquet")]
            sealing_files,
            objects,
            limits,
            detecting,
            ready,
            runtime,
            admin_address,
            first_token,
            drain: config.drain,
            fetcher,
            webhooks: None,
            deliveries,
            dir: config.dir,
        })
    }

    /// Tells others' programs of what happens from now on, and of what they were
    /// not told of before. `allowed` are private networks in which they may be.
    pub fn notify(&mut self, webhooks: Vec<Webhook>, allowed: Vec<Network>, ca_file: Option<&Path>) -> Result<()> {
        let allowed: Allowed = Arc::new(move |address| allowed.iter().any(|network| network.contains(address)));
        self.webhooks = Some(Webhooks::start(&self.control, &self.dir, webhooks, &allowed, ca_file, &self.deliveries)?);
        Ok(())
    }

    /// Where the data plane listens.
    pub fn address(&self) -> SocketAddr {
        self.handle.local_addr()
    }

    /// Where operators ask, when it is a listener of its own.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Where the first operator's token was written, on a first start.
    pub fn first_token(&self) -> Option<&std::path::Path> {
        self.first_token.as_deref()
    }

    /// Follows the durable exchanges behind `seq`, in order; 0 for all.
    pub fn exchanges_after(&self, seq: u64) -> Feed {
        self.records.exchanges_after(seq)
    }

    /// The control plane.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The runtime of everything but requests.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Waits until the node can no longer go on, and says why.
    pub async fn failed(&self) -> String {
        self.running.failed().await
    }

    /// Takes nothing new, lets what is under way finish, makes everything
    /// durable and lets the folder go.
    pub fn stop(self) -> Drained {
        self.ready.set(false);
        drop(self.fetcher);
        drop(self.webhooks);
        let in_flight = self.gateway.in_flight().len();
        tracing::info!(in_flight, "stopping: letting requests finish");
        let drained = self.runtime.block_on(self.handle.drain(self.drain));
        self.records.stop();
        // Its feed is over now.
        self.detecting.stop();
        #[cfg(feature = "parquet")]
        {
            self.files.stop();
            drop(self.runtime.block_on(self.sealing_files));
        }
        self.limits.stop();
        // The last segment's seal is the last act. A panic was printed.
        drop(self.runtime.block_on(self.sealing));
        self.running.stop();
        self.objects.stop();
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        drained
    }
}

fn scheme(has_tls: bool) -> &'static str {
    if has_tls { "https" } else { "http" }
}

fn control_runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("weir-control")
        .enable_all()
        .build()
        .context("cannot start the control plane's threads")
}

fn live(gateway: &Gateway) -> Live {
    let (flights, limits) = (gateway.clone(), gateway.clone());
    let in_flight: InFlight = Arc::new(move || {
        let shown = |flight: weir_gateway::InFlight| FlightShown {
            account: flight.account,
            api: flight.api,
            model: flight.model,
            since: flight.since,
        };
        flights.in_flight().into_iter().map(shown).collect()
    });
    let limits_used: LimitsUsed = Arc::new(move || {
        let shown = |used: weir_gateway::Used| UsedShown {
            scope: used.scope,
            field: used.field.map_or("concurrent", weir_gateway::KeptField::as_str),
            window: used.window,
            used: used.used,
            held: used.held,
        };
        limits.limits_used().into_iter().map(shown).collect()
    });
    Live { in_flight, limits_used }
}

async fn timers(control: Control) {
    let mut ticks = tokio::time::interval(TICK);
    let mut count: u64 = 0;
    loop {
        ticks.tick().await;
        control.tick().await;
        count += 1;
        if count.is_multiple_of(TICKS_PER_MARK) {
            let control = control.clone();
            drop(tokio::task::spawn_blocking(move || control.keep_clock()));
        }
    }
}
