//! From what an operator set to what a node needs: the one place where keys
//! are mapped.

use std::time::Duration;

use ureq::http::Uri;
use weir_control::webhooks::{Webhook, WebhookSecret};
use weir_control::witnesses::Witness;
use weir_gateway::{GatewayConfig, Network, TlsFiles};
use weir_store::kind::FolderKind;
use weir_tlog::CosignerKey;

use super::{Config, ConfigError, Tls};
use crate::config;
use crate::node::{AdminListener, DetectOf, NodeConfig, PersonsOf};

impl Config {
    /// What a node of this configuration needs.
    pub(crate) fn node(&self, kind: FolderKind) -> anyhow::Result<NodeConfig> {
        // What cannot be served is found before a folder is made for it.
        if let Some(files) = self.tls.files("tls")? {
            weir_gateway::server_config(&files)?;
        }
        if self.listen.ip().is_loopback() && self.admin_tls.certificate.is_some() {
            return Err(ConfigError::Value {
                key: "admin_tls",
                message: format!(
                    "`listen` is {}, and on loopback operators ask there too: remove [admin_tls] and use [tls], or listen on another address",
                    self.listen
                ),
            }
            .into());
        }
        let has_own_admin = !self.listen.ip().is_loopback() && !self.admin_listen.ip().is_loopback();
        if has_own_admin && self.admin_tls.files("admin_tls")?.is_none() {
            return Err(ConfigError::Value {
                key: "admin_listen",
                message: format!(
                    "{} is not loopback: set [admin_tls] certificate and key, or listen on 127.0.0.1",
                    self.admin_listen
                ),
            }
            .into());
        }
        let admin_tls =
            self.admin_tls.files("admin_tls")?.map(|files| weir_gateway::server_config(&files)).transpose()?;
        Ok(NodeConfig {
            dir: self.data.clone(),
            kind,
            origin: self.log.origin.clone(),
            gateway: self.data_plane()?,
            admin: Some(AdminListener { listen: self.admin_listen, tls: admin_tls }),
            log_listen: self.log.listen,
            base_url: self.log.base_url.clone(),
            witnesses: self.witnesses()?,
            witness_ca_file: self.log.witness_ca_file.clone(),
            record_queue: self.records.queue,
            record_roll_bytes: self.records.roll_bytes,
            record_roll_after: Duration::from_secs(self.records.roll_seconds),
            detect: self.detect()?,
            drain: Duration::from_secs(self.drain_seconds),
            persons: PersonsOf {
                audience: self.persons.audience.clone(),
                allow_networks: networks("persons.allow_networks", &self.persons.allow_networks)?,
                ca_file: self.persons.ca_file.clone(),
            },
        })
    }

    fn detect(&self) -> Result<DetectOf, ConfigError> {
        let wrong = |key: &'static str, message: &str| Err(ConfigError::Value { key, message: message.to_owned() });
        let asked = &self.detect;
        if asked.epoch_seconds == 0 {
            return wrong("detect.epoch_seconds", "an epoch has a second at least");
        }
        if !(asked.alpha > 0.0 && asked.alpha < 1.0) {
            return wrong("detect.alpha", "it is a chance, above 0 and below 1");
        }
        Ok(DetectOf {
            on: asked.on,
            epoch_seconds: asked.epoch_seconds,
            alpha: asked.alpha,
            memory: asked.memory_bytes,
            accounts: asked.accounts.clone(),
        })
    }

    /// The webhooks, their secrets read, with the private networks they may be in.
    pub(crate) fn webhooks(&self) -> Result<(Vec<Webhook>, Vec<Network>), ConfigError> {
        let read = |webhook: &config::Webhook| {
            let secret = WebhookSecret::resolve(&webhook.secret).map_err(|error| ConfigError::Value {
                key: "webhook",
                message: format!("`{}`: {error}", webhook.name),
            })?;
            let config::Webhook { name, url, events, .. } = webhook.clone();
            Ok(Webhook { name, url, secret, events })
        };
        let webhooks = self.webhook.iter().map(read).collect::<Result<_, ConfigError>>()?;
        Ok((webhooks, networks("webhooks.allow_networks", &self.webhooks.allow_networks)?))
    }

    fn witnesses(&self) -> Result<Vec<Witness>, ConfigError> {
        let wrong = |message: String| ConfigError::Value { key: "log.witnesses", message };
        let mut witnesses: Vec<Witness> = Vec::new();
        for config::Witness { vkey, url } in &self.log.witnesses {
            let vkey = CosignerKey::parse(vkey.trim()).map_err(|error| wrong(format!("vkey `{vkey}`: {error}")))?;
            let uri: Option<Uri> = url.parse().ok();
            let is_url = uri.is_some_and(|uri| {
                matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() && uri.query().is_none()
            });
            if !is_url {
                return Err(wrong(format!("`{url}` is not the URL of a witness: write https://HOST/PREFIX")));
            }
            if witnesses.iter().any(|known| known.vkey == vkey) {
                return Err(wrong(format!("{} is named twice", vkey.name())));
            }
            witnesses.push(Witness { vkey, url: url.clone() });
        }
        Ok(witnesses)
    }

    fn data_plane(&self) -> Result<GatewayConfig, ConfigError> {
        let seconds = Duration::from_secs;
        Ok(GatewayConfig {
            listen: self.listen,
            workers: self.gateway.workers,
            tls: self.tls.files("tls")?,
            trusted_peers: networks("gateway.trusted_peers", &self.gateway.trusted_peers)?,
            limits: weir_gateway::Limits {
                head_bytes: self.limits.head_bytes,
                body_bytes: self.limits.body_bytes,
                head_timeout: seconds(self.limits.head_seconds),
                idle_timeout: seconds(self.limits.idle_seconds),
                body_timeout: seconds(self.limits.body_seconds),
                write_timeout: seconds(self.limits.write_seconds),
                in_flight: self.limits.in_flight,
            },
            upstream: weir_gateway::UpstreamConfig {
                connect_timeout: seconds(self.upstream.connect_seconds),
                first_byte_timeout: seconds(self.upstream.first_byte_seconds),
                gap_timeout: self.upstream.gap_seconds.map(seconds),
                idle_connections: self.upstream.idle_connections,
                idle_timeout: seconds(self.upstream.idle_seconds),
                ca_file: self.upstream.ca_file.clone(),
                breaker_failures: self.upstream.breaker_failures,
                breaker_pause: seconds(self.upstream.breaker_pause_seconds),
                health_path: self.upstream.health_path.clone(),
                health_interval: seconds(self.upstream.health_seconds),
                longest_wait: seconds(self.upstream.longest_wait_seconds),
            },
            access_url: self.access.base_url.clone(),
            appeal_due: self.access.appeal_due.clone(),
            exchanges: self.records.exchanges,
        })
    }
}

fn networks(key: &'static str, texts: &[String]) -> Result<Vec<Network>, ConfigError> {
    let networks: Result<Vec<Network>, _> = texts.iter().map(|text| text.parse()).collect();
    networks.map_err(|error: weir_gateway::NetworkError| ConfigError::Value { key, message: error.to_string() })
}

impl Tls {
    fn files(&self, section: &'static str) -> Result<Option<TlsFiles>, ConfigError> {
        match (&self.certificate, &self.key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate: certificate.clone(), key: key.clone() })),
            (Some(_), None) => Err(ConfigError::Pair { section, has: "certificate", lacks: "key" }),
            (None, Some(_)) => Err(ConfigError::Pair { section, has: "key", lacks: "certificate" }),
        }
    }
}
