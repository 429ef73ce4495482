//! Notifications to others' programs, signed by the Standard Webhooks scheme
//! (standardwebhooks.com, version 1): one thread a webhook, so that one that hangs
//! keeps nobody waiting, and no act ever waits for any.
//!
//! The log is the outbox. What is kept of a webhook is how far it was told, in a
//! file of its own that is durable before the next event is sent; so nothing is
//! lost in a crash, each event is delivered at least once, and under the same id
//! each time: the act's index. A webhook that was never told begins with the acts
//! that follow its first start. What is told is what the public log shows: ids,
//! never names, reasons or claims.

mod cursor;
mod deliveries;
mod event;
mod secret;
mod send;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use weir_acts::Act;

use crate::key_sets::Allowed;
use crate::service::Control;
use cursor::Cursor;
use deliveries::Delivery;
use send::{Outcome, Sender};

pub use deliveries::{Deliveries, WebhookShown};
pub use secret::{SecretError, WebhookSecret};

/// Where the files of how far webhooks were told lie in the data folder.
pub const WEBHOOKS: &str = "webhooks";

/// The event that is no act: how the detector fares has changed.
pub const DETECTOR_HEALTH: &str = "detector.health";

/// How often a thread looks for acts when nobody wakes it.
const LOOK: Duration = Duration::from_millis(250);
/// Acts read at a time.
const ACTS_AT_A_TIME: usize = 256;
/// How long after a failure an event is sent again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest a webhook is left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// A webhook as configured.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What it is called here; its file is named so.
    pub name: String,
    /// Where it is told: https, or http on this machine.
    pub url: String,
    /// What it is signed with.
    pub secret: WebhookSecret,
    /// Of what it is told: kinds of acts, `campaign.*`, `detector.health`.
    pub events: Vec<String>,
}

/// Why webhooks cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum WebhooksError {
    /// The name cannot name a file.
    #[error("webhook `{0}`: use 1 to 64 letters, digits, `-` or `_` for its name, another for each")]
    Name(String),
    /// Not a URL that is told.
    #[error("webhook `{name}`: `{url}` is not told: write https://HOST/PATH, or http:// on this machine")]
    Url {
        /// Which webhook.
        name: String,
        /// What was written.
        url: String,
    },
    /// Nothing is called so.
    #[error("webhook `{name}`: no event is called `{event}`; there are the kinds of acts such as measure.take, all of a family as measure.*, and {DETECTOR_HEALTH}")]
    Event {
        /// Which webhook.
        name: String,
        /// What was written.
        event: String,
    },
    /// The file of how far it was told.
    #[error("webhook `{name}`: {path}: {why}")]
    File {
        /// Which webhook.
        name: String,
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The authorities to trust.
    #[error(transparent)]
    Authorities(#[from] crate::key_sets::FetcherError),
    /// The system gave no thread.
    #[error("cannot start the thread that tells webhooks: {0}")]
    Thread(#[from] std::io::Error),
}

impl Webhook {
    /// Whether it is told of events of this kind.
    pub fn wants(&self, kind: &str) -> bool {
        self.events.iter().any(|pattern| matches(pattern, kind))
    }

    fn check(&self, others: &[Webhook]) -> Result<(), WebhooksError> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let is_name = (1..=64).contains(&self.name.len()) && self.name.chars().all(fits);
        if !is_name || others.iter().filter(|other| other.name == self.name).count() > 1 {
            return Err(WebhooksError::Name(self.name.chars().take(64).collect()));
        }
        if !send::may_be_told(&self.url) {
            return Err(WebhooksError::Url { name: self.name.clone(), url: self.url.clone() });
        }
        let is_known = |pattern: &&String| Act::KINDS.iter().chain(&[DETECTOR_HEALTH]).any(|kind| matches(pattern, kind));
        match self.events.iter().find(|pattern| !is_known(pattern)) {
            Some(event) => Err(WebhooksError::Event { name: self.name.clone(), event: event.clone() }),
            None => Ok(()),
        }
    }
}

fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(family) => family.ends_with('.') && kind.starts_with(family),
        None => pattern == kind,
    }
}

/// Wakes the threads when they are to stop.
#[derive(Default)]
struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits; true once no more is to be sent.
    fn within(&self, wait: Duration) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(stopped, wait, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn set(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}

/// Tells webhooks until dropped.
pub struct Webhooks {
    stop: Arc<Stop>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Webhooks({})", self.threads.len())
    }
}

impl Webhooks {
    /// Starts telling `webhooks`, whose files lie in the data folder `dir`;
    /// `deliveries` is told how it goes.
    ///
    /// # Errors
    /// When one of them is not configured rightly, or its file cannot be read.
    pub fn start(
        control: &Control,
        dir: &Path,
        webhooks: Vec<Webhook>,
        allowed: &Allowed,
        ca_file: Option<&Path>,
        deliveries: &Deliveries,
    ) -> Result<Webhooks, WebhooksError> {
        for webhook in &webhooks {
            webhook.check(&webhooks)?;
        }
        let stop = Arc::new(Stop::default());
        let mut started = Webhooks { stop: Arc::clone(&stop), threads: Vec::new() };
        for webhook in webhooks {
            let cursor = Cursor::open(&dir.join(WEBHOOKS), &webhook.name, control.published().state.size)?;
            let sender = Sender::new(&webhook, Arc::clone(allowed), ca_file)?;
            let delivery = deliveries.add(&webhook.name, cursor.next());
            let stop = Arc::clone(&stop);
            let follower = Follower { control: control.clone(), webhook, cursor, sender, delivery, stop };
            started.threads.push(std::thread::Builder::new().name("weir-webhook".into()).spawn(|| follower.follow())?);
        }
        Ok(started)
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        // A delivery under way ends within its own time; nobody waits for it, and
        // what it told is told again.
        self.stop.set();
    }
}

/// One webhook on its way along the log.
struct Follower {
    control: Control,
    webhook: Webhook,
    cursor: Cursor,
    sender: Sender,
    delivery: Arc<Delivery>,
    stop: Arc<Stop>,
}

/// Whether a webhook goes on.
enum Go {
    On,
    Stop,
}

impl Follower {
    fn follow(mut self) {
        loop {
            let went = self.acts().and_then(|go| match go {
                Go::On if self.webhook.wants(DETECTOR_HEALTH) => self.health(),
                go => Ok(go),
            });
            let wait = match went {
                Ok(Go::Stop) => return,
                Ok(Go::On) => LOOK,
                Err(why) => {
                    tracing::error!(webhook = self.webhook.name, why, "a webhook cannot be told for now");
                    FIRST_PAUSE
                }
            };
            if self.stop.within(wait) {
                return;
            }
        }
    }

    /// Tells of the acts that came.
    fn acts(&mut self) -> Result<Go, String> {
        while self.cursor.next() < self.control.published().state.size {
            let stored = self.control.store().entries(self.cursor.next(), ACTS_AT_A_TIME);
            let stored = stored.map_err(|error| error.to_string())?;
            if stored.is_empty() {
                return Ok(Go::On);
            }
            for entry in stored {
                let event = event::of_act(&self.control, entry.index, &entry.bytes);
                if let Some(event) = event.filter(|event| self.webhook.wants(&event.kind)) {
                    if let Go::Stop = self.deliver(&event) {
                        return Ok(Go::Stop);
                    }
                    self.cursor.told(entry.index + 1)?;
                } else {
                    self.cursor.passed(entry.index + 1);
                }
                self.delivery.reached(self.cursor.next());
            }
            self.cursor.keep()?;
        }
        Ok(Go::On)
    }

    /// Tells how the detector fares, where that is new.
    fn health(&mut self) -> Result<Go, String> {
        let Some(event) = event::of_health(&self.control, &self.cursor) else { return Ok(Go::On) };
        if let Go::Stop = self.deliver(&event) {
            return Ok(Go::Stop);
        }
        self.cursor.told_health(&event.digest)?;
        Ok(Go::On)
    }

    /// Sends an event until it is taken.
    fn deliver(&self, event: &event::Event) -> Go {
        let mut pause = FIRST_PAUSE;
        loop {
            let wait = match self.sender.send(event) {
                Outcome::Taken => {
                    self.delivery.delivered();
                    return Go::On;
                }
                Outcome::Gone => {
                    self.delivery.failed();
                    let name = &self.webhook.name;
                    tracing::error!(webhook = name, "the webhook says that it is gone (410); it is told no more until the next start");
                    return Go::Stop;
                }
                Outcome::Failed { why, wait } => {
                    self.delivery.failed();
                    let wait = wait.unwrap_or(pause).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                    tracing::warn!(webhook = self.webhook.name, id = event.id, why, wait = wait.as_secs(), "a webhook was not told; it is tried again");
                    wait
                }
            };
            if self.stop.within(wait) {
                return Go::Stop;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(name: &str, url: &str, events: &[&str]) -> Webhook {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        Webhook { name: name.into(), url: url.into(), secret, events: events.iter().map(|&event| event.into()).collect() }
    }

    #[test]
    fn what_is_configured_wrongly_is_said() {
        let good = webhook("siem", "https://hooks.example/weir", &["campaign.*", "measure.take", DETECTOR_HEALTH]);
        good.check(std::slice::from_ref(&good)).unwrap();
        assert!(good.wants("campaign.found") && good.wants("measure.take") && !good.wants("measure.lift"));
        assert!(matches!(good.check(&[good.clone(), good.clone()]), Err(WebhooksError::Name(_))), "two of one name");
        for (wrong, told) in [
            (webhook("../x", "https://hooks.example", &[]), "letters"),
            (webhook("", "https://hooks.example", &[]), "letters"),
            (webhook("a", "http://hooks.example", &[]), "https://HOST"),
            (webhook("a", "ftp://hooks.example", &[]), "https://HOST"),
            (webhook("a", "https://user:pw@hooks.example/", &[]), "https://HOST"),
            (webhook("a", "https://hooks.example", &["measures.*"]), "`measures.*`"),
            (webhook("a", "https://hooks.example", &["*"]), "`*`"),
        ] {
            let error = wrong.check(std::slice::from_ref(&wrong)).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        for near in ["http://127.0.0.1:9/x", "http://[::1]:9/", "http://localhost/"] {
            webhook("a", near, &[]).check(&[]).unwrap();
        }
    }
}
