//! From a folder to a running log: hold the folder, find or make its secrets,
//! write the first acts where there are none, and fold what is there, holding
//! every leaf against its bytes and the whole against the head. Whatever does
//! not fit stops the start with one sentence; nothing is repaired in silence.

mod genesis;
mod replay;
mod rows;
mod secret_files;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_acts::act::PolicyText;
use weir_acts::entry::EntryError;
use weir_acts::key::Pepper;
use weir_acts::state::{FoldError, State};
use weir_acts::{Clock as _, Time};
use weir_store::kind::FolderKind;
use weir_store::lock::FolderLock;
use weir_store::{FolderError, SqliteStore, Store, StoreError, durable};
use weir_tlog::{Ed25519Signer, Frontier, FrontierError, NoteError, VerifierKey};
use zeroize::Zeroizing;

use crate::clock::SteadyClock;
use crate::fold_cache;
use crate::log_keys::{self, LogKeyError};
use crate::refusal::Refusal;
use crate::service::KeptFold;

pub(crate) use replay::read as read_entry;
pub use secret_files::{LOG_KEY_FILE, PEPPER_FILE, TOKEN_FILE, VKEY_FILE};

/// The database within the folder.
pub const DATABASE_FILE: &str = "weir.db";

/// The fact under which the clock's high-water mark is kept.
pub(crate) const CLOCK_FACT: &str = "clock";

/// Why a folder cannot be started from.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The folder or a file in it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret is gone while the log is not.
    #[error("{path} is missing, but the folder holds a log: {why}; restore the file from a backup", path = path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// What could not be done without it.
        why: &'static str,
    },
    /// A secret file does not hold what it should.
    #[error("{path}: {why}", path = path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The log's name cannot be used.
    #[error("`{origin}` cannot name a log: {why}; set [log] origin to a name such as log.example.org/weir")]
    Origin {
        /// The name.
        origin: String,
        /// What is wrong.
        why: NoteError,
    },
    /// The configured name is not the log's.
    #[error("this log is called `{found}`, not `{wanted}`: a log keeps its name; correct [log] origin")]
    OtherOrigin {
        /// What the log calls itself.
        found: String,
        /// What was configured.
        wanted: String,
    },
    /// An act's stored leaf hash is not that of its bytes.
    #[error(
        "act {index} of the database is damaged: its bytes do not hash to its leaf; restore the database from a backup"
    )]
    Leaf {
        /// The act.
        index: u64,
    },
    /// The acts do not make the tree that the head tells of.
    #[error("the {size} acts of the database do not hash to its root: it is damaged; restore it from a backup")]
    Root {
        /// How many acts there are.
        size: u64,
    },
    /// The rows of an import are not those its act counts.
    #[error(
        "the rows of act {index} do not hash to the root it holds: the database is damaged; restore it from a backup"
    )]
    Rows {
        /// The act.
        index: u64,
    },
    /// An act cannot be read.
    #[error("act {index}: {why}")]
    Entry {
        /// The act.
        index: u64,
        /// What is wrong.
        why: EntryError,
    },
    /// An act does not follow from those before.
    #[error("the log does not fold: {0}")]
    Fold(#[from] FoldError),
    /// The log's keys.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
    /// The head's frontier is malformed.
    #[error("the database's head is damaged: {0}; restore it from a backup")]
    Head(#[from] FrontierError),
    /// The first acts could not be made.
    #[error("the first acts could not be made: {0}")]
    Genesis(#[from] Refusal),
    /// No randomness.
    #[error("the operating system gave no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// A folder that is held, with its log folded.
pub struct Booted {
    /// Keeps other processes out as long as it lives.
    pub lock: FolderLock,
    /// The durable truth.
    pub store: Arc<dyn Store>,
    /// The fold.
    pub state: State,
    /// The tree's right edge.
    pub frontier: Frontier,
    /// The log's key.
    pub signer: Ed25519Signer,
    /// The key before it, while that signs too.
    pub previous: Option<Ed25519Signer>,
    /// Every key that ever signed the log, the present one first.
    pub keys: Vec<VerifierKey>,
    /// The secret under which API keys are stored.
    pub pepper: Pepper,
    /// The clock, started no earlier than the folder remembers.
    pub clock: Arc<SteadyClock>,
    /// Where the first operator's token was written, on a first start.
    pub first_token: Option<PathBuf>,
    /// What the fold that lies in the folder folds, where one does.
    pub kept_fold: Option<KeptFold>,
}

impl Booted {
    /// The folder.
    pub fn dir(&self) -> &Path {
        self.lock.dir()
    }
}

/// Opens the folder `dir`, making it and its log where there is none.
/// `progress` is told how many acts are folded, of how many.
///
/// # Errors
/// When anything in the folder is not as Weir left it.
pub fn open(
    dir: &Path,
    kind: FolderKind,
    origin: Option<&str>,
    progress: &dyn Fn(u64, u64),
) -> Result<Booted, BootError> {
    open_begun_with(dir, kind, origin, &weir_rules::base_rules, progress)
}

/// As [`open`]; where there is no log yet it begins with other base rules. For tests
/// of what becomes of logs begun by earlier versions.
///
/// # Errors
/// As [`open`].
#[doc(hidden)]
pub fn open_begun_with(
    dir: &Path,
    kind: FolderKind,
    origin: Option<&str>,
    rules: &dyn Fn() -> Vec<PolicyText>,
    progress: &dyn Fn(u64, u64),
) -> Result<Booted, BootError> {
    durable::create_private_folder(dir)?;
    let lock = FolderLock::acquire(dir)?;
    kind.claim(&lock)?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.join(DATABASE_FILE))?);
    let is_new = store.head()?.size == 0;
    let pepper = secret_files::pepper(dir, is_new)?;
    let clock = Arc::new(SteadyClock::start(high_water(&*store)?));
    let first_token = match is_new {
        true => {
            let signer = secret_files::log_key(dir, origin)?;
            Some(genesis::write(dir, &*store, &signer, &Pepper::new(&pepper), rules(), clock.now())?)
        }
        false => None,
    };
    let ((state, frontier), kept_fold) = folded(dir, &*store, &Pepper::new(&pepper), progress)?;
    let path = dir.join(LOG_KEY_FILE);
    let mut signers = match log_keys::settle(dir, &state.log_keys, clock.now().max(state.last)) {
        Err(LogKeyError::Lost { .. }) if !path.try_exists().unwrap_or(true) => {
            return Err(BootError::Lost { path, why: "without it no checkpoint can be signed" });
        }
        settled => settled?,
    };
    if signers.is_empty() {
        return Err(BootError::Lost { path, why: "without it no checkpoint can be signed" });
    }
    let signer = signers.remove(0);
    log_keys::show(dir, &signer.vkey())?;
    match log_keys::clear_waiting(dir)? {
        0 => {}
        count => tracing::info!(count, "removed keys of a change of the log's key that never came to its act"),
    }
    let found = state.origin.to_string();
    let vkey = signer.vkey();
    let wanted = [Some(vkey.name()), origin].into_iter().flatten().find(|wanted| *wanted != found);
    if let Some(wanted) = wanted.map(str::to_owned) {
        return Err(BootError::OtherOrigin { found, wanted });
    }
    // A log whose last act is later than the machine's clock goes on from it.
    let clock = if clock.now() < state.last { Arc::new(SteadyClock::start(state.last)) } else { clock };
    let keys = log_keys::named(&state.log_keys)?;
    Ok(Booted {
        lock,
        store,
        state,
        frontier,
        signer,
        previous: signers.pop(),
        keys,
        pepper: Pepper::new(&pepper),
        clock,
        first_token,
        kept_fold,
    })
}

/// The fold of the database: on top of the one that was kept, where one was
/// and it leads to the database's head, else from the beginning.
fn folded(
    dir: &Path,
    store: &dyn Store,
    pepper: &Pepper,
    progress: &dyn Fn(u64, u64),
) -> Result<((State, Frontier), Option<KeptFold>), BootError> {
    fold_cache::destroy_unfinished(dir)?;
    if let Some(begun) = fold_cache::read(dir, pepper) {
        let kept = KeptFold::of(&begun.0);
        match replay::fold(store, begun, progress) {
            // What it still says must go before anything is acknowledged.
            Ok(folded) if kept.says_too_much(&folded.0) => {
                fold_cache::destroy(dir)?;
                return Ok((folded, None));
            }
            Ok(folded) => return Ok((folded, Some(kept))),
            Err(error) => tracing::warn!(%error, "a kept fold does not lead to this log; it is folded whole"),
        }
    }
    fold_cache::destroy(dir)?;
    Ok((replay::fold(store, Default::default(), progress)?, None))
}

fn high_water(store: &dyn Store) -> Result<Time, StoreError> {
    let kept = store.fact(CLOCK_FACT)?;
    let millis = kept.and_then(|bytes| <[u8; 8]>::try_from(bytes.as_slice()).ok()).map_or(0, i64::from_be_bytes);
    Ok(Time::from_millis(millis))
}

/// Keeps the clock's high-water mark.
pub(crate) fn keep_high_water(store: &dyn Store, now: Time) -> Result<(), StoreError> {
    store.set_fact(CLOCK_FACT, Some(&now.millis().to_be_bytes()))
}

/// 32 fresh random bytes.
fn random_secret() -> Result<Zeroizing<[u8; 32]>, getrandom::Error> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(secret.as_mut())?;
    Ok(secret)
}
