//! The control plane as the rest of the program sees it: operators' commands
//! go in, acknowledged acts come out. Everything that reads looks at what the
//! one writer last published; everything that changes goes through its queue.

mod appeals;
mod approvals;
mod authority;
mod changes;
mod detector;
mod erasure;
mod exchanges;
mod folded;
mod idempotency;
mod imports;
mod issuers;
mod lifting;
mod previews;
mod reading;
mod records;
mod retention;
mod start;
mod texts;
mod timers;
mod unfound;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicI64;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use weir_acts::key::Pepper;
use weir_acts::{Clock as _, Time};
use weir_rules::Snapshot;
use weir_store::Store;
use weir_store::text_keys::TextKeys;
use weir_tlog::VerifierKey;

use crate::clock::SteadyClock;
use crate::plan::LastPreview;
use crate::witnesses::Cosignatures;
use crate::writer::{Job, Published};

pub(crate) use texts::TEXT_READ;

pub use appeals::Against;
pub use authority::Caller;
pub(crate) use authority::facts_of_lifting;
pub use changes::Accepted;
pub use detector::{Detection, Finding};
pub use folded::KeptFold;
pub use imports::{Begun, Ended, ImportBegin};
pub use reading::{AccessCaller, FoundRecord};
pub use exchanges::SealExchanges;
pub use records::Seal;
pub use start::{Running, StartError, Starter};

/// The control plane. A clone is another handle on the same one.
#[derive(Clone)]
pub struct Control {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: Mutex<Option<Sender<Job>>>,
    published: Arc<ArcSwap<Published>>,
    store: Arc<dyn Store>,
    pepper: Pepper,
    clock: Arc<SteadyClock>,
    vkey: Arc<ArcSwap<VerifierKey>>,
    dir: PathBuf,
    base_url: OnceLock<String>,
    signed: watch::Receiver<u64>,
    previews: Mutex<HashMap<String, LastPreview>>,
    pending: idempotency::Pending,
    authority: authority::Compiled,
    cosignatures: Arc<Cosignatures>,
    uploads: imports::Uploads,
    /// Whose private parts are known to be gone from the database.
    gone: Mutex<erasure::Gone>,
    held: Mutex<retention::Held>,
    text_keys: TextKeys,
    /// When keys of texts past their time are destroyed next.
    texts_due: AtomicI64,
    detection: Mutex<Detection>,
    kept_fold: folded::Kept,
}

impl Control {
    /// What was last published: the state and what is in force.
    pub fn published(&self) -> Arc<Published> {
        self.inner.published.load_full()
    }

    /// What is in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.published().snapshot)
    }

    /// The present moment by Weir's clock.
    pub fn now(&self) -> Time {
        self.inner.clock.now()
    }

    /// The key others verify the log with now.
    pub fn vkey(&self) -> Arc<VerifierKey> {
        self.inner.vkey.load_full()
    }

    /// The folder.
    pub fn dir(&self) -> &std::path::Path {
        &self.inner.dir
    }

    /// Where the receipt of an act will be.
    pub fn receipt_url(&self, index: u64) -> String {
        let base = self.inner.base_url.get().map_or("", String::as_str);
        format!("{base}/log/receipt/{index}")
    }

    /// Names receipts under `base_url`, scheme and host. Said once, when it is
    /// known where the log is served; until then they are named by path alone.
    pub fn receipts_are_at(&self, base_url: String) {
        // A second saying would contradict receipts already named.
        let _said = self.inner.base_url.set(base_url.trim_end_matches('/').to_owned());
    }

    /// Where the writer takes its work; none once it stops.
    fn jobs(&self) -> Option<Sender<Job>> {
        self.inner.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nothing is written any more.
    pub fn is_stopping(&self) -> bool {
        self.jobs().is_none()
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// What is known of the log's witnesses.
    pub fn cosignatures(&self) -> &Arc<Cosignatures> {
        &self.inner.cosignatures
    }

    /// How many acts the published checkpoint covers, and a way to wait for more.
    pub(crate) fn signed(&self) -> watch::Receiver<u64> {
        self.inner.signed.clone()
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Control").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}
