//! What an operator may set about the data plane. The program reads it from
//! `weir.toml`; every default is here, beside its reason.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// How the gateway runs.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Where the data plane listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Threads that serve requests, each with its own sockets and upstream
    /// connections; 0 means one for each processor.
    pub workers: usize,
    /// TLS for callers; none serves plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Peers whose forwarding headers (`x-forwarded-for`, `forwarded`, ...)
    /// are passed on. Nobody's by default: they are the peer's own word.
    pub trusted_peers: Vec<Network>,
    /// Sizes and times a caller must keep to.
    pub limits: Limits,
    /// How upstreams are called.
    pub upstream: UpstreamConfig,
    /// Base URL of `/access/v1`, for the address of an appeal; without it the
    /// path alone is told.
    pub access_url: Option<String>,
    /// By when an appeal is answered, as told in a denial.
    pub appeal_due: String,
    /// Whether exchanges are recorded, and not their decisions alone.
    pub exchanges: bool,
}

impl Default for GatewayConfig {
    fn default() -> GatewayConfig {
        GatewayConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            workers: 0,
            tls: None,
            trusted_peers: Vec::new(),
            limits: Limits::default(),
            upstream: UpstreamConfig::default(),
            access_url: None,
            appeal_due: "14 days after it is filed".to_owned(),
            exchanges: true,
        }
    }
}

/// Certificate and key of the listener, in PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Its private key, mode 0600.
    pub key: PathBuf,
}

/// Sizes and times a caller must keep to.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest request head in bytes (431 beyond it).
    pub head_bytes: usize,
    /// Largest request body in bytes (413 beyond it).
    pub body_bytes: usize,
    /// To send a whole head, once begun (408 beyond it).
    pub head_timeout: Duration,
    /// Between requests on one connection; closed without a word beyond it.
    /// Longer than the 60 s of common load balancers, so that they close first.
    pub idle_timeout: Duration,
    /// To send a whole body (408 beyond it).
    pub body_timeout: Duration,
    /// To take what was written; a client that reads nothing for so long is
    /// cut off, so that it does not hold a model server.
    pub write_timeout: Duration,
    /// Requests in flight at once over all workers (503 beyond it).
    pub in_flight: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_bytes: 64 << 10,
            body_bytes: 32 << 20,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(120),
            in_flight: 65_536,
        }
    }
}

/// How upstreams are called.
#[derive(Debug, Clone)]
pub struct UpstreamConfig {
    /// To connect, TLS included.
    pub connect_timeout: Duration,
    /// From the request's last byte to the answer's head. Long: a model may
    /// think for minutes before it answers at once.
    pub first_byte_timeout: Duration,
    /// Between two pieces of an answer; none by default, since a model may be
    /// silent for long and its server says so itself when it gives up.
    pub gap_timeout: Option<Duration>,
    /// Idle connections kept to one upstream by one worker.
    pub idle_connections: usize,
    /// How long an idle connection is kept. Shorter than the 5 s of common
    /// Python servers, so that a request rarely meets a closing connection.
    pub idle_timeout: Duration,
    /// Further authorities to trust, in PEM, beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// Consecutive failures after which an upstream is left alone.
    pub breaker_failures: u32,
    /// For how long it is left alone before one request tries again.
    pub breaker_pause: Duration,
    /// Path to ask for every [`UpstreamConfig::health_interval`]; none asks
    /// nothing and learns from traffic alone.
    pub health_path: Option<String>,
    /// How often.
    pub health_interval: Duration,
    /// The longest `retry-after` of a 429 or 503 that is waited for; a longer
    /// one is the caller's to wait.
    pub longest_wait: Duration,
}

impl Default for UpstreamConfig {
    fn default() -> UpstreamConfig {
        UpstreamConfig {
            connect_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(600),
            gap_timeout: None,
            idle_connections: 256,
            idle_timeout: Duration::from_secs(4),
            ca_file: None,
            breaker_failures: 5,
            breaker_pause: Duration::from_secs(10),
            health_path: None,
            health_interval: Duration::from_secs(10),
            longest_wait: Duration::from_secs(1),
        }
    }
}

/// A network of peers, as `10.0.0.0/8` or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The text was not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a network: write it as an address with a prefix length, for example 10.0.0.0/8")]
pub struct NetworkError {
    text: String,
}

impl std::str::FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Network, NetworkError> {
        let error = || NetworkError { text: text.chars().take(64).collect() };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= widest).ok_or_else(error)?,
            None => widest,
        };
        Ok(Network { address, prefix })
    }
}

impl Network {
    /// Whether `peer` is in it. An IPv4 address mapped into IPv6 counts as the
    /// IPv4 address it is.
    pub fn contains(&self, peer: IpAddr) -> bool {
        match (self.address.to_canonical(), peer.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(peer)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0);
                network.to_bits() & mask == peer.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(peer)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix.min(128))).unwrap_or(0);
                network.to_bits() & mask == peer.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn networks_hold_their_own_and_no_others() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        assert!(network.contains("10.1.255.1".parse().unwrap()));
        assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!network.contains("10.2.0.1".parse().unwrap()));
        assert!(!network.contains("::1".parse().unwrap()));
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("203.0.113.9".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Network>().unwrap_err().to_string().contains("10.0.0.0/8"));
        assert!("localhost".parse::<Network>().is_err());
    }

    proptest! {
        #[test]
        fn an_address_is_its_own_network(bits: u128, short: u32) {
            for address in [IpAddr::V6(bits.into()), IpAddr::V4(short.into())] {
                prop_assert!(address.to_string().parse::<Network>().unwrap().contains(address));
            }
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _network = text.parse::<Network>();
        }
    }
}
