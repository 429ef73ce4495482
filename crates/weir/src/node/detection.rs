//! Detection while it flows. One thread of its own follows the durable
//! exchanges and folds them as `weir detect` would: the same sketches, the same
//! epochs, the same fold. It may fall behind; no request and no record waits for
//! it.
//!
//! At each epoch's end its memory is made durable, bound to the exchange behind
//! which the next start goes on; only then is anything said or done. So after a
//! crash the same epochs come to the same state, and the count of candidates
//! ever born, which the error budget rests on, never goes back.

mod accounts;
mod demoted;
mod memory;
mod metrics;
mod priority;
mod telling;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use prometheus_client::registry::Registry;
use tokio::runtime::Handle;
use weir_control::service::{Control, Detection};
use weir_detect::{Detector, EpochProfile, Intake, Settings, Sketched, Sketcher};
use weir_acts::Time;
use weir_exchange::LoggedExchange;

use super::feed::{Feed, Followed, Follower, Handed};
use crate::indicators::Kept;
use accounts::Accounts;
use demoted::Demoted;
use memory::Memory;
use metrics::Metrics;

pub use accounts::ACCOUNTS_FILE;

/// Exchanges taken at once.
const AT_ONCE: usize = 4_096;

/// Exchanges taken, while it is behind, before epochs that are over are folded. What
/// an epoch's end costs beside the fold, it then costs once for all of them.
const MOST_UNFOLDED: usize = 64 * AT_ONCE;

/// How long it waits for exchanges before it looks at the clock.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long until files that could not be read are tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// How detection runs.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectOf {
    /// Whether it runs.
    pub on: bool,
    /// The length of an epoch, in seconds.
    pub epoch_seconds: u32,
    /// The chance, at most, that any candidate is ever falsely confirmed.
    pub alpha: f64,
    /// Bytes that anchors of texts may take.
    pub memory: u64,
    /// What the operator's own systems know of the accounts, JSON Lines.
    pub accounts: Option<PathBuf>,
}

impl Default for DetectOf {
    fn default() -> DetectOf {
        DetectOf { on: true, epoch_seconds: 3_600, alpha: 0.01, memory: 1 << 30, accounts: None }
    }
}

/// The thread that detects; none where it is off.
pub(super) struct Detecting(Option<JoinHandle<()>>);

impl Detecting {
    /// Starts it where there is one; `follow` gives the exchanges behind a number.
    pub(super) fn start(following: Option<Box<Following>>, follow: impl FnOnce(u64) -> Feed) -> Result<Detecting> {
        let Some(following) = following else { return Ok(Detecting(None)) };
        let feed = Follower::new(follow(following.after));
        let thread = std::thread::Builder::new()
            .name("weir-detect".into())
            .spawn(move || following.run(feed))
            .context("cannot start the detector's thread")?;
        Ok(Detecting(Some(thread)))
    }

    /// Waits for its end, which comes with that of the exchanges.
    pub(super) fn stop(self) {
        // A panic in there was printed there; there is nothing to add.
        drop(self.0.map(JoinHandle::join));
    }
}

impl Following {
    /// Reads its memory in the folder of `control`; `key` is what texts are
    /// sketched with. None where it is off.
    ///
    /// # Errors
    /// When its memory or the accounts file cannot be read.
    pub fn prepare(
        config: DetectOf,
        key: [u8; 16],
        control: Control,
        runtime: Handle,
        registry: &mut Registry,
    ) -> Result<Option<Box<Following>>> {
        let metrics = Metrics::register(registry, &control);
        let epoch_seconds = config.epoch_seconds.max(1);
        control.set_detection(Detection { on: config.on, epoch_seconds, proposes: config.on, ..Detection::default() });
        if !config.on {
            return Ok(None);
        }
        let known = config.accounts.as_deref().map(accounts::given).transpose()?.unwrap_or_default();
        let settings = Settings { key, epoch_seconds, alpha: config.alpha, memory: config.memory, ..Settings::default() };
        let accounts = Accounts::now(known, &control);
        let memory = Memory::in_folder(control.dir());
        let mut restored = memory.restore(settings.clone())?;
        restored.detector.know(accounts.rows());
        let indicators = Kept::in_folder(control.dir(), control.now());
        if let Some(why) = &restored.anew {
            tracing::warn!(why, "the detector begins anew with all records; the candidates ever born still count");
        }
        let mut work = Following {
            intake: Intake::after(restored.detector.folded()),
            sketcher: restored.detector.sketcher(),
            detector: restored.detector,
            settings,
            after: restored.after,
            last: restored.after,
            firsts: BTreeMap::new(),
            control,
            runtime,
            memory,
            metrics,
            accounts,
            indicators,
            demoted: restored.demoted,
            is_behind: false,
        };
        work.heed();
        work.say(None);
        Ok(Some(Box::new(work)))
    }

    /// Every exchange up to this one is in an epoch that was folded, or came too
    /// late for its own: where the next start goes on.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// The last exchange taken.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The detector as it is.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// One that has seen nothing, under the same settings and accounts.
    pub fn anew(&self) -> Detector {
        Detector::new(self.settings.clone(), &self.accounts.rows().collect::<Vec<_>>())
    }
}

/// The detector that follows, without its thread: what it takes, folds, keeps
/// and tells. Tests drive it by hand.
#[derive(Debug)]
pub struct Following {
    detector: Detector,
    sketcher: Sketcher,
    settings: Settings,
    intake: Intake,
    /// Every exchange up to this one is in an epoch that was folded, or came
    /// too late for its own.
    after: u64,
    /// The last exchange taken.
    last: u64,
    /// The first exchange seen of each epoch that is still open.
    firsts: BTreeMap<i64, u64>,
    control: Control,
    runtime: Handle,
    memory: Memory,
    metrics: Metrics,
    /// Accounts as the detector knows them.
    accounts: Accounts,
    /// What others shared.
    indicators: Kept,
    /// Who was acted on and is no longer found.
    demoted: Demoted,
    is_behind: bool,
}

impl Following {
    fn run(mut self: Box<Self>, mut feed: Follower) {
        if let Err(error) = priority::lower() {
            tracing::warn!(%error, "the detector runs at the priority of requests: the system does not let it be lowered");
        }
        let (mut has_failed, mut unfolded) = (false, 0);
        loop {
            let next = feed.next(AT_ONCE, PATIENCE);
            let taken = match next {
                Ok(Followed::Over) => return self.close_epochs(),
                Ok(Followed::Read(exchanges)) => {
                    self.take(&exchanges, feed.seq());
                    Ok((exchanges.len(), exchanges.last().map(|last| last.time)))
                }
                Ok(Followed::Handed(handed)) => Ok(self.take_handed(&handed, feed.seq())),
                Err(error) => Err(error),
            };
            match taken {
                Ok((count, last)) => {
                    has_failed = false;
                    let has_caught_up = count < AT_ONCE;
                    if count == 0 {
                        self.intake.reach(self.epoch_now());
                    }
                    self.metrics.missed(feed.missed());
                    unfolded += count;
                    if has_caught_up || unfolded >= MOST_UNFOLDED {
                        self.close_epochs();
                        unfolded = 0;
                    }
                    self.watch_lag(last, has_caught_up);
                }
                Err(error) => {
                    if !has_failed {
                        tracing::error!(%error, "the detector cannot read the records; it tries again");
                        self.say(Some(format!("the records cannot be read: {error:#}")));
                    }
                    has_failed = true;
                    std::thread::sleep(AGAIN);
                }
            }
        }
    }

    fn epoch_millis(&self) -> i64 {
        i64::from(self.settings.epoch_seconds) * 1_000
    }

    fn epoch_now(&self) -> i64 {
        self.control.now().millis().div_euclid(self.epoch_millis())
    }

    /// Takes exchanges, of which the last one is `last`.
    pub fn take(&mut self, exchanges: &[LoggedExchange], last: u64) {
        self.last = last;
        for exchange in exchanges {
            self.take_sketched(self.sketcher.sketch(exchange), exchange.seq.unwrap_or(last));
        }
    }

    /// Takes exchanges from memory, of which the last one is `last`; says how many
    /// they were, and when the last one came.
    fn take_handed(&mut self, handed: &Handed, last: u64) -> (usize, Option<Time>) {
        self.last = last;
        let (mut count, mut time) = (0, None);
        for exchange in handed.exchanges() {
            self.take_sketched(self.sketcher.sketch_record(exchange), exchange.seq);
            (count, time) = (count + 1, Some(exchange.time));
        }
        (count, time)
    }

    fn take_sketched(&mut self, sketched: Sketched, seq: u64) {
        let epoch = sketched.epoch;
        if self.intake.take(sketched) {
            self.firsts.entry(epoch).or_insert(seq);
            self.metrics.taken();
        } else if self.detector.folded().is_none_or(|folded| folded < epoch) {
            self.metrics.late();
        }
    }

    /// Folds what is over, makes it durable, and tells of it.
    pub fn close_epochs(&mut self) {
        let mut any = false;
        while let Some((epoch, profile)) = self.intake.next_over() {
            self.fold(epoch, &profile);
            any = true;
        }
        if !any {
            return;
        }
        self.heed();
        self.after = self.firsts.values().copied().min().map_or(self.last, |first| first.saturating_sub(1));
        let looked = self.look();
        match self.memory.save(&self.detector, &self.demoted, self.after) {
            Ok(()) => self.tell(looked),
            // Unsaid is better than said twice, or said and forgotten.
            Err(error) => {
                tracing::error!(%error, "the detector's memory cannot be made durable; it says nothing until it can");
                self.say(Some(format!("its memory cannot be made durable: {error:#}")));
            }
        }
    }

    fn fold(&mut self, epoch: i64, profile: &EpochProfile) {
        self.know_accounts();
        self.firsts.retain(|of, _| *of > epoch);
        if let Err(error) = self.detector.fold(epoch, profile) {
            // The intake gives epochs in order, behind the last one folded.
            tracing::error!(%error, "an epoch was not folded");
        }
        self.metrics.folded();
    }

    /// Heeds what others share, as far as it still counts.
    fn heed(&mut self) {
        let now = self.control.now();
        self.indicators.look(now);
        self.indicators.mark(&mut self.detector, self.accounts.rows(), now);
    }

    /// Who there is may have changed since the epoch before.
    fn know_accounts(&mut self) {
        if self.accounts.look(&self.control) {
            self.detector.know(self.accounts.rows());
        }
    }

    /// Says once when it falls behind by more than an epoch, and once when it
    /// has caught up.
    fn watch_lag(&mut self, last: Option<Time>, has_caught_up: bool) {
        let lag = match last {
            Some(last) if !has_caught_up => self.control.now().since(last).max(0),
            _ => 0,
        };
        self.metrics.lag(lag);
        let is_behind = lag > self.epoch_millis();
        if is_behind != self.is_behind {
            self.is_behind = is_behind;
            match is_behind {
                true => tracing::warn!(lag_ms = lag, "the detector is more than an epoch behind; requests do not wait for it"),
                false => tracing::info!("the detector has caught up"),
            }
        }
        let mut said = self.control.detection();
        if said.lag_ms != lag {
            said.lag_ms = lag;
            self.control.set_detection(said);
        }
    }
}
