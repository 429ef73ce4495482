//! The projection: tiles and checkpoints, published within a second of an
//! act. A checkpoint is signed only for a tree that the durable truth holds
//! and that extends the last one signed; the signature is on disk before
//! anybody sees it, so that a restored backup can never sign a fork.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use weir_store::{FolderError, Store, StoreError, durable};
use weir_tlog::folder::{FolderPublisher, PublishError};
use weir_tlog::{Checkpoint, CheckpointError, Ed25519Signer, Frontier, FrontierError, Hash, VerifierKey};

use crate::writer::Follow;

/// How many leaves are read from the store at a time.
const LEAVES_AT_A_TIME: usize = 8_192;

/// How long after a failure publishing is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The file, beside the database, that holds the last signed checkpoint.
pub const SIGNED_FILE: &str = "signed-checkpoint";

/// Why the log cannot be signed or published.
#[derive(Debug, thiserror::Error)]
pub enum PublicationError {
    /// The database ends before what was signed.
    #[error(
        "the database holds {found} acts, but a checkpoint of {signed} acts was signed: this is an older copy; put back the newest database, or start a new log in a new folder"
    )]
    Behind {
        /// Acts in the database.
        found: u64,
        /// Acts signed for.
        signed: u64,
    },
    /// The database holds another history than the one signed.
    #[error(
        "the first {signed} acts of the database are not the ones a checkpoint was signed for: this database is a fork; put back the one that was signed"
    )]
    Fork {
        /// Acts signed for.
        signed: u64,
    },
    /// The last signed checkpoint cannot be read.
    #[error("{path}: {why}: without it a fork could be signed; restore the file from a backup no older than the database", path = path.display())]
    Signed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: CheckpointError,
    },
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The tiles could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The checkpoint could not be signed.
    #[error(transparent)]
    Sign(#[from] CheckpointError),
    /// The tree could not be rebuilt.
    #[error(transparent)]
    Tree(#[from] FrontierError),
}

/// Signs and publishes one log.
pub struct Publisher {
    store: Arc<dyn Store>,
    signer: Ed25519Signer,
    signed_file: PathBuf,
    folder: FolderPublisher,
}

impl Publisher {
    /// The publisher of the log whose database is `store`, with its last
    /// signed checkpoint in `dir` and its projection in `dir/log`.
    ///
    /// # Errors
    /// When the database is behind or beside what was signed.
    pub fn open(dir: &Path, store: Arc<dyn Store>, signer: Ed25519Signer) -> Result<Publisher, PublicationError> {
        let projection = dir.join("log");
        durable::create_private_folder(&projection)?;
        let folder = FolderPublisher::new(projection, signer.vkey());
        let publisher = Publisher { store, signed_file: dir.join(SIGNED_FILE), folder, signer };
        publisher.check_signed()?;
        Ok(publisher)
    }

    /// The key others verify with.
    pub fn vkey(&self) -> VerifierKey {
        self.signer.vkey()
    }

    fn last_signed(&self) -> Result<Option<Checkpoint>, PublicationError> {
        match std::fs::read(&self.signed_file) {
            Ok(text) => Checkpoint::open(&text, &self.signer.vkey())
                .map(Some)
                .map_err(|why| PublicationError::Signed { path: self.signed_file.clone(), why }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(_) => durable::read_secret_file(&self.signed_file).map(|_| None).map_err(PublicationError::Folder),
        }
    }

    /// Holds the database against what was last signed.
    fn check_signed(&self) -> Result<(), PublicationError> {
        let Some(signed) = self.last_signed()? else { return Ok(()) };
        let head = self.store.head()?;
        if head.size < signed.size {
            return Err(PublicationError::Behind { found: head.size, signed: signed.size });
        }
        if self.frontier_at(signed.size)?.root() != signed.root {
            return Err(PublicationError::Fork { signed: signed.size });
        }
        Ok(())
    }

    fn frontier_at(&self, size: u64) -> Result<Frontier, PublicationError> {
        let mut frontier = Frontier::new();
        while frontier.size() < size {
            let wanted = usize::try_from(size - frontier.size()).unwrap_or(usize::MAX).min(LEAVES_AT_A_TIME);
            let leaves = self.store.leaves(frontier.size(), wanted)?;
            if leaves.is_empty() {
                return Err(PublicationError::Behind { found: frontier.size(), signed: size });
            }
            leaves.into_iter().for_each(|leaf| frontier.push(Hash(leaf)));
        }
        Ok(frontier)
    }

    /// Signs the tree as the database has it now and publishes it.
    ///
    /// # Errors
    /// When anything cannot be made durable; what was published before stays,
    /// and calling again is safe.
    pub fn publish(&mut self) -> Result<u64, PublicationError> {
        let head = self.store.head()?;
        let checkpoint =
            Checkpoint { origin: self.signer.vkey().name().to_owned(), size: head.size, root: Hash(head.root) };
        let signed = checkpoint.sign(&self.signer)?;
        durable::write_file_atomically(&self.signed_file, signed.as_bytes(), 0o600)?;
        let read = &mut |index: u64| {
            let entry = self.store.entry(index)?.ok_or_else(|| format!("the database has no act {index}"))?;
            Ok(entry.bytes)
        };
        self.folder.publish(u64::MAX, read, &signed)?;
        Ok(head.size)
    }

    /// Publishes whenever told, until every teller is gone; several tellings
    /// that wait become one publication.
    ///
    /// `published` is told the size of each tree that came out, `alarm` why
    /// one did not. That one is tried again after [`RETRY`] without being
    /// told: the acts are durable, and the next may be long in coming.
    pub fn run(mut self, grown: &Receiver<u64>, published: &dyn Fn(u64), alarm: &dyn Fn(&PublicationError)) {
        let mut is_behind = false;
        loop {
            match next_telling(grown, is_behind) {
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while grown.try_recv().is_ok() {}
            match self.publish() {
                Ok(size) => {
                    is_behind = false;
                    published(size);
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

fn next_telling(grown: &Receiver<u64>, is_behind: bool) -> Result<u64, RecvTimeoutError> {
    match is_behind {
        true => grown.recv_timeout(RETRY),
        false => grown.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

/// Tells the publisher's thread that the tree has grown.
#[derive(Debug, Clone)]
pub struct Teller(Sender<u64>);

impl Follow for Teller {
    fn grown(&self, size: u64) {
        // A publisher that is gone has said why; the acts are durable all the same.
        let _gone = self.0.send(size);
    }
}

/// A teller and what its publisher listens to.
pub fn tellers() -> (Teller, Receiver<u64>) {
    let (sender, receiver) = channel();
    (Teller(sender), receiver)
}
