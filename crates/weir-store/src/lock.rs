//! One process at a time works in a folder.
//!
//! Two gateways on one log would each hold a snapshot the other does not know of, so that an act
//! acknowledged by the one is not enforced by the other. The lock is the kernel's, on an open
//! file: it ends with the process however the process ends, and a stale file means nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::FolderError;
use crate::durable::create_private_folder;

/// The name of the lock file in the folder.
pub const LOCK_FILE: &str = "weir.lock";

/// The right to work in a folder, held until dropped.
#[derive(Debug)]
pub struct FolderLock {
    dir: PathBuf,
    /// Closing it releases the lock. The file itself stays: removing it would let two processes
    /// lock two files of the same name.
    _file: File,
}

impl FolderLock {
    /// Takes the folder, making it (mode 0700) if it is not there.
    ///
    /// # Errors
    /// [`FolderError::Held`], naming the process that holds it; [`FolderError::Io`].
    pub fn acquire(dir: &Path) -> Result<Self, FolderError> {
        create_private_folder(dir)?;
        let path = dir.join(LOCK_FILE);
        // Not truncated on opening: the number in it is the holder's until we hold it.
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(FolderError::io("opening", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(FolderError::Held { dir: dir.to_owned(), pid: read_pid(file) });
            }
            Err(TryLockError::Error(error)) => {
                return Err(FolderError::io("locking", &path)(error));
            }
        }
        write_pid(&mut file).map_err(FolderError::io("writing", &path))?;
        Ok(Self { dir: dir.to_owned(), _file: file })
    }

    /// The folder that is held.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

/// For the error message only, so anything unexpected is just not said.
fn read_pid(file: File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_taker_is_told_who_holds_the_folder() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("state");
        let held = FolderLock::acquire(&dir).unwrap();
        let mode = fs::metadata(&dir).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o700);
        let error = FolderLock::acquire(&dir).unwrap_err();
        let me = std::process::id();
        assert!(error.to_string().contains(&format!("in use by process {me};")), "{error}");
        drop(held);
        assert_eq!(FolderLock::acquire(&dir).unwrap().dir(), dir);
    }

    #[test]
    fn a_file_left_by_a_dead_process_locks_nobody_out() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(LOCK_FILE), "4194304000 and more than a number").unwrap();
        let held = FolderLock::acquire(dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join(LOCK_FILE)).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
        drop(held);
    }

    #[test]
    fn a_holder_that_has_not_said_its_number_is_another_process() {
        let dir = tempfile::tempdir().unwrap();
        let held = FolderLock::acquire(dir.path()).unwrap();
        fs::write(dir.path().join(LOCK_FILE), "").unwrap();
        let error = FolderLock::acquire(dir.path()).unwrap_err();
        assert!(matches!(error, FolderError::Held { pid: None, .. }), "{error}");
        assert!(error.to_string().contains("in use by another process;"), "{error}");
        drop(held);
    }
}
