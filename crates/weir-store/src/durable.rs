//! Small files that must survive a power cut, or must not be readable by others.
//!
//! The order of system calls is the whole point, so it is written once, here: write a temporary
//! file in the same folder, `fsync` it, `rename` it over the old one, `fsync` the folder. A reader
//! sees the old bytes or the new ones, never a mixture; on return the new ones are durable.
//! What remains: an `fsync` that fails may have lost bytes the kernel will not report again, so
//! after an error the caller must write anew and not assume that the old file is what it was.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::FolderError;

/// The largest secret file that is read, in bytes: room for a chain of certificates.
pub const MAX_SECRET_BYTES: u64 = 1024 * 1024;

/// What files are overwritten with.
const ZEROES: &[u8] = &[0; 64 * 1024];

/// Tells apart temporary files that one process writes at the same time.
static NEXT_TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// Replaces the file at `path` by one with these bytes and exactly this mode (such as `0o600`).
///
/// # Errors
/// [`FolderError::Io`]. Before the rename the old file is untouched; if only the last step fails
/// (syncing the folder), the new file is in place but may not survive a power cut.
pub fn write_file_atomically(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FolderError> {
    let temporary = temporary_beside(path)?;
    let written = write_new_file(&temporary, bytes, mode)
        .and_then(|()| fs::rename(&temporary, path).map_err(FolderError::io("replacing", path)));
    if let Err(error) = written {
        // The first error is the one to report; a leftover temporary file does no harm.
        drop(fs::remove_file(&temporary));
        return Err(error);
    }
    sync_folder_of(path)
}

fn write_new_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FolderError> {
    // `create_new` follows no link that somebody left under this name.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode & 0o700)
        .open(path)
        .map_err(FolderError::io("creating", path))?;
    // The umask may have taken bits away from the mode given at creation.
    file.set_permissions(Permissions::from_mode(mode))
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all())
        .map_err(FolderError::io("writing", path))
}

fn temporary_beside(path: &Path) -> Result<PathBuf, FolderError> {
    let Some(name) = path.file_name() else {
        return Err(FolderError::NotAFile { path: path.to_owned() });
    };
    let count = NEXT_TEMPORARY.fetch_add(1, Ordering::Relaxed);
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}-{count}.tmp", std::process::id()));
    Ok(path.with_file_name(temporary))
}

/// Makes the directory entry of `path` durable, as after creating or renaming it.
///
/// # Errors
/// [`FolderError::Io`].
pub fn sync_folder_of(path: &Path) -> Result<(), FolderError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

/// Makes the names in `folder` durable, as after creating, renaming or removing some of them.
///
/// # Errors
/// [`FolderError::Io`].
pub fn sync_folder(folder: &Path) -> Result<(), FolderError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(FolderError::io("syncing the folder", folder))
}

/// Overwrites the bytes of a file and removes it; true if there was one. Its name is durably gone
/// once its folder is synced.
///
/// # Errors
/// [`FolderError::Io`].
pub fn overwrite_and_remove(path: &Path) -> Result<bool, FolderError> {
    match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened.and_then(|mut file| overwrite(&mut file)).map_err(FolderError::io("overwriting", path))?,
    }
    fs::remove_file(path).map_err(FolderError::io("removing", path))?;
    Ok(true)
}

/// Overwrites the bytes of a file from where it stands, durably: what it said must not lie in what
/// the disk holds free.
///
/// # Errors
/// The system's.
pub fn overwrite(file: &mut File) -> Result<(), std::io::Error> {
    let mut left = file.metadata()?.len();
    while left > 0 {
        let piece = left.min(ZEROES.len() as u64);
        file.write_all(ZEROES.get(..piece as usize).unwrap_or(ZEROES))?;
        left -= piece;
    }
    file.sync_all()
}

/// Makes a folder that only its owner may enter (0700), with its parents, unless it exists. The
/// mode of an existing folder is its owner's choice and stays as it is.
///
/// # Errors
/// [`FolderError::Io`].
pub fn create_private_folder(dir: &Path) -> Result<(), FolderError> {
    let known = dir.try_exists().map_err(FolderError::io("looking at", dir))?;
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(FolderError::io("creating the folder", dir))?;
    if known { Ok(()) } else { sync_folder_of(dir) }
}

/// Reads a file that holds a secret, and refuses one that group or others may touch.
///
/// # Errors
/// [`FolderError::SecretExposed`], [`FolderError::NotAFile`], [`FolderError::FileTooLong`] or
/// [`FolderError::Io`].
pub fn read_secret_file(path: &Path) -> Result<Vec<u8>, FolderError> {
    // Asked before opening too: opening a pipe would wait for ever.
    let before = fs::metadata(path).map_err(FolderError::io("reading", path))?;
    if !before.is_file() {
        return Err(FolderError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(FolderError::io("reading", path))?;
    // Asked of the open file: the name could have been given to another one meanwhile.
    let metadata = file.metadata().map_err(FolderError::io("reading", path))?;
    if !metadata.is_file() {
        return Err(FolderError::NotAFile { path: path.to_owned() });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FolderError::SecretExposed { path: path.to_owned(), mode });
    }
    read_at_most(file, path, MAX_SECRET_BYTES)
}

/// Reads a whole file of at most `limit` bytes.
pub(crate) fn read_at_most(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, FolderError> {
    let mut bytes = Vec::new();
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(FolderError::io("reading", path))?;
    if u64::try_from(read).unwrap_or(u64::MAX) > limit {
        return Err(FolderError::FileTooLong { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn names_in(dir: &Path) -> Vec<OsString> {
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_file_is_replaced_whole_with_its_mode_and_nothing_is_left_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint");
        write_file_atomically(&path, b"a longer first version", 0o644).unwrap();
        assert_eq!(mode_of(&path), 0o644);
        write_file_atomically(&path, b"second", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(mode_of(&path), 0o600);
        assert_eq!(names_in(dir.path()), ["checkpoint"]);
    }

    #[test]
    fn a_failed_replacement_leaves_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        fs::create_dir(&path).unwrap();
        let error = write_file_atomically(&path, b"bytes", 0o600).unwrap_err();
        assert!(error.to_string().starts_with("replacing "), "{error}");
        assert_eq!(names_in(dir.path()), ["taken"]);
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        let error = write_file_atomically(Path::new("/"), b"", 0o600).unwrap_err();
        assert!(matches!(error, FolderError::NotAFile { .. }), "{error}");
    }

    #[test]
    fn a_secret_is_read_only_if_its_owner_alone_can() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.key");
        for (mode, is_private) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false)] {
            write_file_atomically(&path, b"secret", mode).unwrap();
            match read_secret_file(&path) {
                Ok(bytes) => assert!(is_private && bytes == b"secret", "{mode:o}"),
                Err(FolderError::SecretExposed { mode: told, .. }) => {
                    assert!(!is_private && told == mode, "{mode:o}");
                }
                Err(other) => panic!("{mode:o}: {other}"),
            }
        }
    }

    #[test]
    fn a_secret_that_is_a_folder_missing_or_too_long_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let error = read_secret_file(dir.path()).unwrap_err();
        assert!(matches!(error, FolderError::NotAFile { .. }), "{error}");
        let error = read_secret_file(&dir.path().join("missing")).unwrap_err();
        assert!(matches!(error, FolderError::Io { .. }), "{error}");
        let path = dir.path().join("long");
        write_file_atomically(&path, b"", 0o600).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(MAX_SECRET_BYTES + 1).unwrap();
        let error = read_secret_file(&path).unwrap_err();
        assert!(matches!(error, FolderError::FileTooLong { .. }), "{error}");
        file.set_len(MAX_SECRET_BYTES).unwrap();
        assert_eq!(read_secret_file(&path).unwrap().len() as u64, MAX_SECRET_BYTES);
    }
}
