//! `weir.toml`: every key there is, with its default, and nothing else. A key
//! the file should not have stops the start, naming the line. Precedence, the
//! strongest first: flags, environment (`WEIR__SECTION__KEY`), file, defaults.

mod load;
mod node;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use load::{ConfigError, load};

/// Everything an operator may set. `weir.example.toml` documents each key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) admin_listen: SocketAddr,
    pub(crate) drain_seconds: u64,
    pub(crate) tls: Tls,
    pub(crate) admin_tls: Tls,
    pub(crate) log: Log,
    pub(crate) access: Access,
    pub(crate) gateway: Gateway,
    pub(crate) persons: Persons,
    pub(crate) limits: Limits,
    pub(crate) upstream: Upstream,
    pub(crate) records: Records,
    pub(crate) detect: Detect,
    pub(crate) webhook: Vec<Webhook>,
    pub(crate) webhooks: Webhooks,
    pub(crate) logging: Logging,
}

/// A certificate and its key; both or neither.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) origin: Option<String>,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) base_url: Option<String>,
    pub(crate) witnesses: Vec<Witness>,
    pub(crate) witness_ca_file: Option<PathBuf>,
}

/// Detection while it flows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Detect {
    pub(crate) on: bool,
    pub(crate) epoch_seconds: u32,
    pub(crate) alpha: f64,
    pub(crate) memory_bytes: u64,
    pub(crate) accounts: Option<PathBuf>,
}

/// A witness that is asked to cosign each checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Witness {
    pub(crate) vkey: String,
    pub(crate) url: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    pub(crate) base_url: Option<String>,
    pub(crate) appeal_due: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gateway {
    pub(crate) workers: usize,
    pub(crate) trusted_peers: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Persons {
    pub(crate) audience: Option<String>,
    pub(crate) allow_networks: Vec<String>,
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) head_bytes: usize,
    pub(crate) body_bytes: usize,
    pub(crate) head_seconds: u64,
    pub(crate) idle_seconds: u64,
    pub(crate) body_seconds: u64,
    pub(crate) write_seconds: u64,
    pub(crate) in_flight: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Upstream {
    pub(crate) connect_seconds: u64,
    pub(crate) first_byte_seconds: u64,
    pub(crate) gap_seconds: Option<u64>,
    pub(crate) idle_connections: usize,
    pub(crate) idle_seconds: u64,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) breaker_failures: u32,
    pub(crate) breaker_pause_seconds: u64,
    pub(crate) health_path: Option<String>,
    pub(crate) health_seconds: u64,
    pub(crate) longest_wait_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Records {
    pub(crate) exchanges: bool,
    pub(crate) queue: usize,
    pub(crate) roll_bytes: u64,
    pub(crate) roll_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Logging {
    pub(crate) format: Format,
    pub(crate) level: String,
}

/// A program of others' that is told of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) events: Vec<String>,
}

/// What holds for all of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhooks {
    pub(crate) allow_networks: Vec<String>,
    pub(crate) ca_file: Option<PathBuf>,
}

/// How the program's own log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Config {
        let gateway = weir_gateway::GatewayConfig::default();
        Config {
            data: PathBuf::from("./weir-data"),
            listen: gateway.listen,
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            drain_seconds: 30,
            tls: Tls::default(),
            admin_tls: Tls::default(),
            log: Log::default(),
            access: Access::default(),
            gateway: Gateway::default(),
            persons: Persons::default(),
            limits: Limits::default(),
            upstream: Upstream::default(),
            records: Records::default(),
            detect: Detect::default(),
            webhook: Vec::new(),
            webhooks: Webhooks::default(),
            logging: Logging::default(),
        }
    }
}

impl Default for Access {
    fn default() -> Access {
        let gateway = weir_gateway::GatewayConfig::default();
        Access { base_url: gateway.access_url, appeal_due: gateway.appeal_due }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        let limits = weir_gateway::Limits::default();
        Limits {
            head_bytes: limits.head_bytes,
            body_bytes: limits.body_bytes,
            head_seconds: limits.head_timeout.as_secs(),
            idle_seconds: limits.idle_timeout.as_secs(),
            body_seconds: limits.body_timeout.as_secs(),
            write_seconds: limits.write_timeout.as_secs(),
            in_flight: limits.in_flight,
        }
    }
}

impl Default for Upstream {
    fn default() -> Upstream {
        let upstream = weir_gateway::UpstreamConfig::default();
        Upstream {
            connect_seconds: upstream.connect_timeout.as_secs(),
            first_byte_seconds: upstream.first_byte_timeout.as_secs(),
            gap_seconds: upstream.gap_timeout.map(|gap| gap.as_secs()),
            idle_connections: upstream.idle_connections,
            idle_seconds: upstream.idle_timeout.as_secs(),
            ca_file: upstream.ca_file,
            breaker_failures: upstream.breaker_failures,
            breaker_pause_seconds: upstream.breaker_pause.as_secs(),
            health_path: upstream.health_path,
            health_seconds: upstream.health_interval.as_secs(),
            longest_wait_seconds: upstream.longest_wait.as_secs(),
        }
    }
}

impl Default for Records {
    fn default() -> Records {
        Records { exchanges: true, queue: 65_536, roll_bytes: 256 << 20, roll_seconds: 3_600 }
    }
}

impl Default for Detect {
    fn default() -> Detect {
        let detect = crate::node::DetectOf::default();
        Detect {
            on: detect.on,
            epoch_seconds: detect.epoch_seconds,
            alpha: detect.alpha,
            memory_bytes: detect.memory,
            accounts: detect.accounts,
        }
    }
}

impl Default for Logging {
    fn default() -> Logging {
        Logging { format: Format::Text, level: "info".to_owned() }
    }
}

#[cfg(test)]
mod tests;
