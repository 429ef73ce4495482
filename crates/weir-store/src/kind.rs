//! What a folder is for: real state, a show, or a witness's memory.
//!
//! `weir demo` seeds fictional parties and prints its secrets; started by mistake on the folder of
//! a real log it would append to it for ever. So each folder says which command made it, and the
//! other command refuses it.

use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use crate::FolderError;
use crate::durable::{read_at_most, write_file_atomically};
use crate::lock::FolderLock;

/// The name of the marker in the folder.
pub const KIND_FILE: &str = "weir.kind";

/// The longest marker that is read, in bytes.
const MAX_MARKER_BYTES: u64 = 64;

/// Which command a folder belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderKind {
    /// Real state, of `weir serve`.
    Serve,
    /// Fictional state, of `weir demo`.
    Demo,
    /// What a witness of logs remembers, of `weir witness`.
    Witness,
}

impl FolderKind {
    /// Marks the held folder as of this kind, or finds that it already is.
    ///
    /// # Errors
    /// [`FolderError::WrongKind`] if the folder is of the other kind,
    /// [`FolderError::UnknownKind`] if its marker is unreadable, [`FolderError::Io`].
    pub fn claim(self, lock: &FolderLock) -> Result<(), FolderError> {
        let path = lock.dir().join(KIND_FILE);
        match read_marker(&path)? {
            None => write_file_atomically(&path, format!("{self}\n").as_bytes(), 0o600),
            Some(found) if found == self => Ok(()),
            Some(found) => Err(FolderError::WrongKind { dir: lock.dir().to_owned(), found, wanted: self }),
        }
    }
}

fn read_marker(path: &Path) -> Result<Option<FolderKind>, FolderError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FolderError::io("reading", path)(error)),
    };
    match read_at_most(file, path, MAX_MARKER_BYTES)?.trim_ascii() {
        b"serve" => Ok(Some(FolderKind::Serve)),
        b"demo" => Ok(Some(FolderKind::Demo)),
        b"witness" => Ok(Some(FolderKind::Witness)),
        _ => Err(FolderError::UnknownKind { path: path.to_owned() }),
    }
}

impl fmt::Display for FolderKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Serve => "serve",
            Self::Demo => "demo",
            Self::Witness => "witness",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_kind_and_the_other_command_refuses_it() {
        let kinds = [FolderKind::Serve, FolderKind::Demo, FolderKind::Witness];
        for (first, second) in kinds.into_iter().zip(kinds.into_iter().cycle().skip(1)) {
            let dir = tempfile::tempdir().unwrap();
            let lock = FolderLock::acquire(dir.path()).unwrap();
            first.claim(&lock).unwrap();
            first.claim(&lock).unwrap();
            let error = second.claim(&lock).unwrap_err();
            let told = format!("was made by `weir {first}`; give `weir {second}` a folder");
            assert!(error.to_string().contains(&told), "{error}");
        }
    }

    #[test]
    fn a_marker_that_says_neither_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let lock = FolderLock::acquire(dir.path()).unwrap();
        for marker in ["", "Serve", "serve demo"] {
            std::fs::write(dir.path().join(KIND_FILE), marker).unwrap();
            let error = FolderKind::Serve.claim(&lock).unwrap_err();
            assert!(matches!(error, FolderError::UnknownKind { .. }), "{error}");
            assert_eq!(std::fs::read_to_string(dir.path().join(KIND_FILE)).unwrap(), marker);
        }
    }
}
