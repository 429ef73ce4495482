//! C2SP transparency log: signed notes, checkpoints, tiles, proofs, receipts.
//!
//! The crate knows bytes, hashes and signatures and nothing of what an entry
//! means. Everything is pure but [`folder`], which publishes to a disk,
//! [`source::FolderSource`], which reads from one, and
//! [`witness::WitnessKeeper`], which remembers on one, all through
//! [`disk::Disk`].
//!
//! Reading order: [`hash`] → [`note`] → [`checkpoint`] → [`tile`] → [`tree`] →
//! [`proof`] → [`receipt`] → [`source`] → [`verify`] → [`folder`] →
//! [`note::cosigner`] → [`witness`].
//!
//! Specifications: <https://c2sp.org/signed-note@v1.0.0>,
//! <https://c2sp.org/tlog-checkpoint@v1.0.0>, <https://c2sp.org/tlog-tiles>,
//! <https://c2sp.org/tlog-proof>, <https://c2sp.org/tlog-cosignature@v1.0.1>,
//! <https://c2sp.org/tlog-witness@v1.0.0>, RFC 6962 section 2.1 and RFC 9162 section 2.1.

pub mod checkpoint;
pub mod disk;
pub mod folder;
pub mod hash;
pub mod note;
pub mod proof;
pub mod receipt;
pub mod source;
pub mod tile;
pub mod tree;
pub mod verify;
pub mod witness;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use disk::{Disk, RealDisk};
pub use folder::{FolderPublisher, PublishError, Published};
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use note::cosigner::{CosignatureError, Cosigner, CosignerKey};
pub use note::key_change::{KeyChange, KeyChangeError};
pub use note::{Ed25519Signer, NoteError, NoteSigner, SignedNote, VerifierKey};
pub use proof::{HashSource, HashSourceError, LeafHashes, ProofError};
pub use receipt::{Receipt, ReceiptError};
pub use source::{FolderSource, LogSource, ReadError, SourceError, TileHashes};
pub use tile::{BundleId, LogPath, TileId};
pub use tree::{Frontier, FrontierError, TileEdge, tiles_for_growth};
pub use verify::{Verified, VerifyFailure, verify_consistency, verify_log, verify_log_of_any};
pub use witness::{AddCheckpoint, Admitted, WitnessError, WitnessKeeper, WitnessRefusal, WitnessedLog};

/// The boxed error of code the crate calls back into, such as the reader of
/// entries given to [`FolderPublisher::publish`].
pub type CallbackError = Box<dyn std::error::Error + Send + Sync>;

#[cfg(test)]
pub(crate) mod test_log;
