//! What can go wrong with the files beside the database.

use std::io;
use std::path::{Path, PathBuf};

use crate::kind::FolderKind;

/// An operation on Weir's folder that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The operating system refused.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process works in the folder.
    #[error(
        "{} is in use by {}; end that process, or choose another folder",
        dir.display(),
        holder(*pid)
    )]
    Held {
        /// The folder.
        dir: PathBuf,
        /// The process that holds it, if it has already said so.
        pid: Option<u32>,
    },
    /// The folder was made by the other command.
    #[error(
        "{} was made by `weir {found}`; give `weir {wanted}` a folder of its own",
        dir.display()
    )]
    WrongKind {
        /// The folder.
        dir: PathBuf,
        /// What it is.
        found: FolderKind,
        /// What it was to be used as.
        wanted: FolderKind,
    },
    /// The marker holds none of the known kinds.
    #[error(
        "{} should say `serve`, `demo` or `witness`; restore the file, or choose another folder",
        path.display()
    )]
    UnknownKind {
        /// The marker file.
        path: PathBuf,
    },
    /// Others than the owner may read a secret.
    #[error(
        "{} has mode {mode:04o} but holds a secret; run `chmod 600` on it, and replace the secret if others could read it",
        path.display()
    )]
    SecretExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file was expected, and there is something else.
    #[error("{} is not a regular file; give the path of a file", path.display())]
    NotAFile {
        /// What was found instead.
        path: PathBuf,
    },
    /// The file is larger than anything it could rightly hold.
    #[error("{} has more than {limit} bytes; this cannot be the file that was meant", path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// The file of a key does not hold one.
    #[error("{} does not hold a key of 32 bytes; restore the file, or remove it and what it sealed is gone", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// Text for a segment does not end with a line feed. Nothing was written.
    #[error("a record for {} does not end its line; this is a fault in weir, please report it", path.display())]
    UnendedLine {
        /// The segment it was meant for.
        path: PathBuf,
    },
    /// Text for a segment is not lines of JSON objects. Nothing was written.
    #[error("a record for {} is no JSON object; this is a fault in weir, please report it", path.display())]
    NoRecord {
        /// The segment it was meant for.
        path: PathBuf,
    },
    /// A line is longer than a segment may hold.
    #[error("{} at byte {offset}: a line is longer than {limit} bytes", path.display())]
    LineTooLong {
        /// The segment.
        path: PathBuf,
        /// Where the line begins.
        offset: u64,
        /// The most a line may have, in bytes.
        limit: u64,
    },
    /// There is no segment of this number.
    #[error("there is no decision segment {number} in {}; it may have been archived", dir.display())]
    NoSegment {
        /// The folder.
        dir: PathBuf,
        /// The number asked for.
        number: u64,
    },
}

impl FolderError {
    /// Names what was being done, and to which file, when the system refused.
    pub fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// Whether the disk is full, as opposed to broken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::Io { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
