//! Published key sets are fetched here, by one thread in the background and
//! never on behalf of a request: https only, no redirects, no address of a
//! private network unless the operator allowed it, 64 KiB, five seconds, once
//! a minute an issuer. A changed set is an act; an unchanged one is only seen.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use weir_acts::id::IssuerId;
use weir_persons::{Freshness, KeySet, MAX_KEY_SET};

use crate::outbound;
use crate::service::Control;

/// How often one issuer is asked.
const EVERY: Duration = Duration::from_secs(60);
/// How often the thread looks for issuers that were never asked.
const LOOK: Duration = Duration::from_millis(250);
/// How long an answer may take, name and connection included.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether an address outside the public ones may be asked.
pub type Allowed = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Why key sets cannot be fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum FetcherError {
    /// The file of authorities.
    #[error("persons.ca_file {path}: {why}")]
    Authorities {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The system gave no thread.
    #[error("cannot start the thread that fetches key sets: {0}")]
    Thread(#[from] std::io::Error),
}

/// Fetches key sets until dropped.
#[derive(Debug)]
pub struct Fetcher {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fetcher {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the authorities cannot be read or no thread can be started.
    pub fn start(
        control: Control,
        freshness: Arc<Freshness>,
        allowed: Allowed,
        ca_file: Option<&Path>,
    ) -> Result<Fetcher, FetcherError> {
        let outward = Outward {
            allowed,
            public: true,
            https_only: true,
            patience: PATIENCE,
            hint: "persons.allow_networks",
        };
        let agent = outward.agent(ca_file)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("weir-key-sets".into()).spawn(move || {
            let mut asked: HashMap<IssuerId, Instant> = HashMap::new();
            while !stopped.load(Ordering::Relaxed) {
                round(&control, &freshness, &agent, &mut asked, &stopped);
                std::thread::park_timeout(LOOK);
            }
        })?;
        Ok(Fetcher { stop, thread: Some(thread) })
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A fetch under way ends within its own five seconds; nobody waits.
            drop(thread);
        }
    }
}

/// Asks every issuer whose turn it is.
fn round(
    control: &Control,
    freshness: &Freshness,
    agent: &Agent,
    asked: &mut HashMap<IssuerId, Instant>,
    stopped: &AtomicBool,
) {
    let published = control.published();
    let now = control.now();
    let due: Vec<_> = published
        .state
        .issuers
        .values()
        .filter(|issuer| issuer.life.holds(now))
        .filter(|issuer| asked.get(&issuer.id).is_none_or(|last| last.elapsed() >= EVERY))
        .filter_map(|issuer| Some((Arc::clone(issuer), issuer.url.clone()?)))
        .collect();
    for (issuer, url) in due {
        if stopped.load(Ordering::Relaxed) {
            return;
        }
        asked.insert(issuer.id, Instant::now());
        let set = match fetch(agent, &url) {
            Ok(set) => set,
            Err(why) => {
                tracing::warn!(issuer = %issuer.id, %url, why, "the key set could not be fetched");
                continue;
            }
        };
        let is_same = issuer.keys.as_ref().is_some_and(|keys| *keys.set == *set);
        let written = if is_same { Ok(()) } else { control.issuer_keys_changed(issuer.id, set) };
        match written {
            Ok(()) => freshness.seen(issuer.id, control.now()),
            Err(refusal) => tracing::warn!(issuer = %issuer.id, why = refusal.message, "the key set was not taken"),
        }
    }
    asked.retain(|id, _| published.state.issuers.contains_key(id));
}

/// How what others named may be asked.
pub(crate) struct Outward {
    /// Addresses outside the public ones that may be.
    pub(crate) allowed: Allowed,
    /// Whether the public ones may be.
    pub(crate) public: bool,
    pub(crate) https_only: bool,
    /// How long an answer may take, name and connection included.
    pub(crate) patience: Duration,
    /// The key of the configuration that allows more.
    pub(crate) hint: &'static str,
}

impl Outward {
    /// What asks so, and follows no redirect.
    pub(crate) fn agent(self, ca_file: Option<&Path>) -> Result<Agent, FetcherError> {
        let roots = outbound::roots(ca_file).map_err(|why| FetcherError::Authorities {
            path: ca_file.map_or_else(String::new, |path| path.display().to_string()),
            why,
        })?;
        let config = outbound::config(roots, self.https_only, self.patience);
        let resolver = PublicOnly { inner: DefaultResolver::default(), outward: self };
        Ok(Agent::with_parts(config, DefaultConnector::default(), resolver))
    }
}

fn fetch(agent: &Agent, url: &str) -> Result<String, String> {
    let mut response = agent.get(url).call().map_err(|error| error.to_string())?;
    if response.status() != ureq::http::StatusCode::OK {
        return Err(format!("the server answered {}; redirects are not followed", response.status()));
    }
    let text = outbound::text_of(&mut response, MAX_KEY_SET as u64 + 1)?;
    KeySet::parse(&text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// Resolves names, and refuses addresses that only an insider should reach.
/// The connection goes to the very address that was checked, so a name that
/// resolves otherwise a moment later gains nothing.
struct PublicOnly {
    inner: DefaultResolver,
    outward: Outward,
}

impl std::fmt::Debug for PublicOnly {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PublicOnly")
    }
}

impl Resolver for PublicOnly {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut kept = self.empty();
        let may = |address: &&SocketAddr| {
            (self.outward.public && is_public(address.ip())) || (self.outward.allowed)(address.ip())
        };
        for address in found.iter().filter(may) {
            kept.push(*address);
        }
        if kept.is_empty() {
            let why = format!("the name leads to a private address; allow its network in {}", self.outward.hint);
            return Err(ureq::Error::Io(std::io::Error::other(why)));
        }
        Ok(kept)
    }
}

/// Whether anyone on the internet could reach `address` (IANA's registries of
/// special-purpose addresses, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let special = v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19));
            !special
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            // Global unicast alone, less documentation, 6to4 and Teredo, which
            // can lead back to a private IPv4 address.
            let special = first == 0x2002 || (first == 0x2001 && matches!(v6.segments()[1], 0 | 0xdb8));
            (0x2000..0x4000).contains(&first) && !special
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "fe80::1",
            "fd00::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["9.9.9.9", "2620:fe::fe", "172.32.0.1", "100.128.0.1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }
}
