//! The projection: tiles and checkpoints, published within a second of an
//! act. A checkpoint is signed only for a tree that the durable truth holds
//! and that extends the last one signed; the signature is on disk before
//! anybody sees it, so that a restored backup can never sign a fork.

mod problem;
mod telling;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use weir_acts::Clock as _;
use weir_acts::state::LogKey;
use weir_store::{Store, StoreError, durable};
use weir_tlog::folder::FolderPublisher;
use weir_tlog::{Checkpoint, Ed25519Signer, Frontier, Hash, SignedNote, VerifierKey};

use crate::backup::{Backup, unconfirmed};
use crate::clock::SteadyClock;
use crate::log_keys;
use crate::witnesses::{Cosignatures, Witness, remembered};
use crate::writer::Published;

pub use problem::PublicationError;
pub use telling::{Teller, Told, tellers};
use telling::{is_grown_within, next_telling};

/// How many leaves are read from the store at a time.
const LEAVES_AT_A_TIME: usize = 8_192;

/// How long after the beginning of one publication the next begins at the
/// earliest: every one costs several syncs of the disk that acts need too.
const PACE: Duration = Duration::from_millis(200);

/// Where the projection lies in the data folder.
pub const PROJECTION: &str = "log";

/// The file, beside the database, that holds the last signed checkpoint.
pub const SIGNED_FILE: &str = "signed-checkpoint";

/// Who signs a log, and when.
pub struct LogSigner {
    /// The present key.
    pub signer: Ed25519Signer,
    /// The one before, while it signs too.
    pub previous: Option<Ed25519Signer>,
    /// The log's keys, as its acts have them.
    pub log_keys: Arc<Vec<LogKey>>,
    /// The same, the present one first.
    pub keys: Vec<VerifierKey>,
    /// By which the time of the one before ends.
    pub clock: Arc<SteadyClock>,
}

/// Signs and publishes one log.
pub struct Publisher {
    store: Arc<dyn Store>,
    /// Who signs: the present key, and the one before while that signs too.
    signers: Vec<Ed25519Signer>,
    /// The log's keys as they were when `signers` were found.
    log_keys: Arc<Vec<LogKey>>,
    /// Every key that ever signed, the present one first.
    keys: Vec<VerifierKey>,
    clock: Arc<SteadyClock>,
    world: Option<Arc<ArcSwap<Published>>>,
    shown: Arc<ArcSwap<VerifierKey>>,
    /// Whether the present key is the one that others are shown.
    is_key_shown: bool,
    dir: PathBuf,
    signed_file: PathBuf,
    folder: FolderPublisher,
    cosignatures: Arc<Cosignatures>,
}

impl Publisher {
    /// The publisher of the log whose database is `store`, with its last
    /// signed checkpoint in `dir` and its projection in `dir/log`.
    ///
    /// # Errors
    /// When the database is behind or beside what was signed or cosigned.
    pub fn open(
        dir: &Path,
        store: Arc<dyn Store>,
        log: LogSigner,
        witnesses: Vec<Witness>,
    ) -> Result<Publisher, PublicationError> {
        if let Some(Backup { size, at, .. }) = unconfirmed(dir)? {
            return Err(PublicationError::Unconfirmed { dir: dir.to_owned(), size, at });
        }
        let projection = dir.join(PROJECTION);
        durable::create_private_folder(&projection)?;
        let LogSigner { signer, previous, log_keys, keys, clock } = log;
        let mut folder = FolderPublisher::new(projection, signer.vkey());
        folder.set_keys(keys.clone());
        let signed_file = dir.join(SIGNED_FILE);
        let last_signed = last_signed(&signed_file, &keys)?;
        let cosignatures = Cosignatures::open(dir, witnesses, &keys, last_signed.as_ref())?;
        let shown = Arc::new(ArcSwap::from_pointee(signer.vkey()));
        let signers = std::iter::once(signer).chain(previous).collect();
        let dir = dir.to_owned();
        let publisher = Publisher {
            store,
            signers,
            log_keys,
            keys,
            clock,
            world: None,
            shown,
            is_key_shown: false,
            dir,
            signed_file,
            folder,
            cosignatures,
        };
        publisher.check_signed(last_signed)?;
        publisher.check_cosigned()?;
        Ok(publisher)
    }

    /// What is known of witnesses.
    pub fn cosignatures(&self) -> Arc<Cosignatures> {
        Arc::clone(&self.cosignatures)
    }

    /// The key others verify with, whichever it is at the time.
    pub fn vkey(&self) -> Arc<ArcSwap<VerifierKey>> {
        Arc::clone(&self.shown)
    }

    /// From now on the keys are those that `world` names.
    pub(crate) fn follow(&mut self, world: Arc<ArcSwap<Published>>) {
        self.world = Some(world);
    }

    /// Finds the keys that sign now: another one after an act that names it,
    /// one fewer once the time of the one before is over. False while the
    /// durable log is ahead of what it is known to say: whoever moved it tells
    /// again.
    fn find_keys(&mut self, size: u64) -> Result<bool, PublicationError> {
        let Some(world) = &self.world else { return Ok(true) };
        let state = world.load().state.clone();
        if state.size < size {
            return Ok(false);
        }
        let now = self.clock.now();
        let previous = self.log_keys.iter().rev().nth(1).and_then(|key| key.until);
        let is_over = self.signers.len() > 1 && previous.is_none_or(|until| until <= now);
        if self.log_keys == state.log_keys && !is_over {
            return Ok(true);
        }
        self.signers = log_keys::settle(&self.dir, &state.log_keys, now)?;
        self.keys = log_keys::named(&state.log_keys)?;
        self.log_keys = Arc::clone(&state.log_keys);
        self.is_key_shown = false;
        self.folder.set_keys(self.keys.clone());
        self.cosignatures.keys_are(self.keys.clone());
        if let Some(present) = self.keys.first() {
            tracing::info!(key = %present, signers = self.signers.len(), "the log's keys changed");
        }
        Ok(true)
    }

    /// Shows others the key that signed what is published now. Before that they
    /// would refuse a checkpoint that is good; by the key before they are led to
    /// this one.
    fn show_key(&mut self) -> Result<(), PublicationError> {
        let Some(present) = self.keys.first().filter(|_| !self.is_key_shown) else { return Ok(()) };
        log_keys::show(&self.dir, present)?;
        self.shown.store(Arc::new(present.clone()));
        self.is_key_shown = true;
        Ok(())
    }

    /// The checkpoint signed by every key that signs now.
    fn sign(&self, checkpoint: &Checkpoint) -> Result<SignedNote, PublicationError> {
        let mut note: Option<SignedNote> = None;
        for signer in &self.signers {
            let signed = SignedNote::parse(checkpoint.sign(signer)?.as_bytes())?;
            note = Some(match note {
                None => signed,
                Some(note) => note.with_signatures(signed.signatures().iter().cloned())?,
            });
        }
        note.ok_or_else(|| PublicationError::Halted("there is no key to sign with".into()))
    }

    /// Holds the database against what was last signed.
    fn check_signed(&self, signed: Option<Checkpoint>) -> Result<(), PublicationError> {
        let Some(signed) = signed else { return Ok(()) };
        let head = self.store.head()?;
        if head.size < signed.size {
            return Err(PublicationError::Behind { found: head.size, signed: signed.size });
        }
        if self.frontier_at(signed.size)?.root() != signed.root {
            return Err(PublicationError::Fork { signed: signed.size });
        }
        Ok(())
    }

    /// Holds the database against what witnesses cosigned.
    fn check_cosigned(&self) -> Result<(), PublicationError> {
        for (path, cosigned) in remembered(&self.dir, &self.keys)? {
            let found = self.store.head()?.size;
            if found < cosigned.size {
                return Err(PublicationError::BehindWitness { found, cosigned: cosigned.size, path });
            }
            if self.frontier_at(cosigned.size)?.root() != cosigned.root {
                return Err(PublicationError::BesideWitness { cosigned: cosigned.size, path });
            }
        }
        Ok(())
    }

    fn frontier_at(&self, size: u64) -> Result<Frontier, PublicationError> {
        let found = self.store.head()?.size;
        frontier_at(&*self.store, size)?.ok_or(PublicationError::Behind { found, signed: size })
    }

    /// Signs the tree as the database has it now and publishes it.
    ///
    /// # Errors
    /// When anything cannot be made durable; what was published before stays,
    /// and calling again is safe.
    pub fn publish(&mut self) -> Result<u64, PublicationError> {
        if let Some(why) = self.cosignatures.halted() {
            return Err(PublicationError::Halted(why));
        }
        let head = self.store.head()?;
        if !self.find_keys(head.size)? {
            return Ok(0);
        }
        let origin = self.keys.first().map(|key| key.name().to_owned()).unwrap_or_default();
        let note = self.sign(&Checkpoint { origin, size: head.size, root: Hash(head.root) })?;
        let signed = note.to_string();
        durable::write_file_atomically(&self.signed_file, signed.as_bytes(), 0o600)?;
        let read = &mut |index: u64| {
            let entry = self.store.entry(index)?.ok_or_else(|| format!("the database has no act {index}"))?;
            Ok(entry.bytes)
        };
        let with_cosignatures = self.cosignatures.added_to(note.clone()).to_string();
        self.folder.publish(u64::MAX, read, &with_cosignatures)?;
        self.show_key()?;
        self.cosignatures.checkpoint_is(note);
        Ok(head.size)
    }

    /// Puts the cosignatures that came since into the published checkpoint.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub fn add_cosignatures(&mut self) -> Result<(), PublicationError> {
        let Some(published) = self.folder.published_note()? else { return Ok(()) };
        let with_all = self.cosignatures.added_to(published.clone());
        if with_all != published {
            self.folder.replace_signatures(&with_all.to_string())?;
        }
        Ok(())
    }

    /// Publishes whenever told, until every teller is gone; several tellings
    /// that wait become one publication.
    ///
    /// `published` is told the size of each tree that came out, `alarm` why
    /// one did not. That one is tried again a moment later without being
    /// told: the acts are durable, and the next may be long in coming.
    pub fn run(mut self, told: &Receiver<Told>, published: &dyn Fn(u64), alarm: &dyn Fn(&PublicationError)) {
        let mut is_behind = false;
        let mut last = None::<Instant>;
        loop {
            let has_grown = match next_telling(told, is_behind) {
                Ok(first) => {
                    let paced = last.map_or(Duration::ZERO, |last| PACE.saturating_sub(last.elapsed()));
                    is_grown_within(told, first, paced)
                }
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            last = Some(Instant::now());
            let done =
                if has_grown || is_behind { self.publish().map(Some) } else { self.add_cosignatures().map(|()| None) };
            match done {
                Ok(size) => {
                    is_behind = false;
                    size.into_iter().for_each(published);
                }
                Err(error) => {
                    // Said once, not every second of a long night.
                    if !is_behind {
                        alarm(&error);
                    }
                    is_behind = true;
                }
            }
        }
    }
}

/// The tree of the first `size` acts; none where there are not so many.
pub(crate) fn frontier_at(store: &dyn Store, size: u64) -> Result<Option<Frontier>, StoreError> {
    let mut frontier = Frontier::new();
    while frontier.size() < size {
        let wanted = usize::try_from(size - frontier.size()).unwrap_or(usize::MAX).min(LEAVES_AT_A_TIME);
        let leaves = store.leaves(frontier.size(), wanted)?;
        if leaves.is_empty() {
            return Ok(None);
        }
        leaves.into_iter().for_each(|leaf| frontier.push(Hash(leaf)));
    }
    Ok(Some(frontier))
}

fn last_signed(path: &Path, keys: &[VerifierKey]) -> Result<Option<Checkpoint>, PublicationError> {
    match std::fs::read(path) {
        Ok(text) => Checkpoint::open_any(&text, keys)
            .map(Some)
            .map_err(|why| PublicationError::Signed { path: path.to_owned(), why }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(_) => durable::read_secret_file(path).map(|_| None).map_err(PublicationError::Folder),
    }
}
