//! Sending an event once: signed, to where it was checked to go, within bounds.

use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;

use super::event::Event;
use super::{Webhook, WebhookSecret, WebhooksError};
use crate::clock::machine_wall_clock;
use crate::key_sets::{Allowed, Outward};

/// How long an answer may take, name and connection included.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most that is read of an answer; what it says does not matter.
const MOST_READ: u64 = 16 << 10;

/// What came of it.
pub(super) enum Outcome {
    /// The webhook took it.
    Taken,
    /// The webhook wants no more.
    Gone,
    /// It is to be sent again.
    Failed {
        why: String,
        /// When, where the webhook says so.
        wait: Option<Duration>,
    },
}

/// Whether a webhook may be at `url`.
pub(super) fn may_be_told(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let has_user = uri.authority().is_none_or(|authority| authority.as_str().contains('@'));
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => !has_user,
        (Some("http"), Some(host)) => !has_user && is_this_machine(host),
        _ => false,
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Sends events to one webhook.
pub(super) struct Sender {
    agent: Agent,
    url: String,
    secret: WebhookSecret,
}

impl Sender {
    pub(super) fn new(webhook: &Webhook, allowed: Allowed, ca_file: Option<&Path>) -> Result<Sender, WebhooksError> {
        let is_near = webhook.url.starts_with("http://");
        let outward = Outward {
            allowed: if is_near { std::sync::Arc::new(|address| address.is_loopback()) } else { allowed },
            // In plain text nothing leaves this machine, whatever a name leads to.
            public: !is_near,
            https_only: !is_near,
            patience: PATIENCE,
            hint: "webhooks.allow_networks",
        };
        Ok(Sender { agent: outward.agent(ca_file)?, url: webhook.url.clone(), secret: webhook.secret.clone() })
    }

    pub(super) fn send(&self, event: &Event) -> Outcome {
        let failed = |why: String| Outcome::Failed { why, wait: None };
        // The receiver holds it against its own clock.
        let timestamp = machine_wall_clock().millis() / 1_000;
        let Some(signature) = self.secret.sign(&event.id, timestamp, &event.body) else {
            return failed("the secret cannot sign".to_owned());
        };
        let sent = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("user-agent", concat!("weir/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &event.id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .send(&event.body[..]);
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(error) => return failed(error.to_string()),
        };
        let status = answer.status().as_u16();
        let wait = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let wait = wait.map(Duration::from_secs).filter(|_| matches!(status, 429 | 503));
        // So that the connection can be used again; it may say what it likes.
        let _read = answer.body_mut().with_config().limit(MOST_READ).read_to_vec();
        match status {
            200..=299 => Outcome::Taken,
            410 => Outcome::Gone,
            300..=399 => failed(format!("it answered {status}; redirects are not followed")),
            _ => Outcome::Failed { why: format!("it answered {status}"), wait },
        }
    }
}
