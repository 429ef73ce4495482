//! A copy of everything in the folder of a server, running or not, made all or
//! nothing. What is copied first and last is chosen so that the copy is whole
//! at every moment of a server's life: what guards against a fork first, then
//! the database, then the records of decisions, some of which the database's
//! acts commit to. The published log and the kept fold are left out; they are
//! made again. The keys of kept texts are left out too, and are not: a key that
//! lay in a copy could not be destroyed.
//!
//! A copy knows that it is one: a server that is started on it signs nothing
//! until somebody says what the world has seen last ([`crate::restore`]).

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use weir_acts::Time;
use weir_store::durable::{create_private_folder, sync_folder_of, write_file_atomically};
use weir_store::kind::KIND_FILE;
use weir_store::lock::LOCK_FILE;
use weir_store::sqlite::copy_store;
use weir_store::text_keys::TEXT_KEYS_FOLDER;
use weir_store::{FolderError, StoreError};

use crate::boot::DATABASE_FILE;
use crate::fold_cache::{CACHE_FILE, UNFINISHED_FILE};
use crate::publish::PROJECTION;
use crate::witnesses::WITNESSES;

/// The file that makes a folder a copy.
pub const BACKUP_FILE: &str = "weir.backup";

/// Folders within the data folder are not deeper than this.
const DEEPEST: usize = 8;

/// Why there is no backup. What stood at its place, nothing or something, still
/// stands.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something at the place already.
    #[error("{} is there already; a backup takes a folder that does not exist", path.display())]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// It is not the folder of a server.
    #[error("{} is not the folder of a server: it has no {DATABASE_FILE}; name the folder by --data", path.display())]
    NotData {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    move |source| BackupError::Io { doing, path: path.to_owned(), source }
}

/// What a copy says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Acts in it.
    pub size: u64,
    /// The root of its tree, in hex.
    pub root: String,
    /// When it was made.
    pub at: Time,
}

/// Copies the data folder `data` to `to`, which must not exist. Everything is
/// written beside it and flushed, and takes its name last.
///
/// # Errors
/// [`BackupError`]; then nothing is at `to`.
pub fn backup(data: &Path, to: &Path, at: Time) -> Result<Backup, BackupError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    if !data.join(DATABASE_FILE).is_file() || !data.join(KIND_FILE).is_file() {
        return Err(BackupError::NotData { path: data.to_owned() });
    }
    let beside = beside(to)?;
    let made = fill(data, &beside, at).and_then(|(made, _held)| {
        // A folder made there meanwhile is refused by the system unless empty.
        fs::rename(&beside, to).map_err(io("renaming to", to))?;
        sync_folder_of(to)?;
        Ok(made)
    });
    if made.is_err() {
        // The first error is the one to tell.
        drop(fs::remove_dir_all(&beside));
    }
    made
}

/// Removes what backups to `to` left beside it that were killed; those folders.
/// One that is still being made is left alone: its maker holds it.
///
/// # Errors
/// When the folder cannot be read, or what was left not be removed.
pub fn clear_unfinished(to: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let Some(name) = to.file_name().and_then(|name| name.to_str()) else { return Ok(Vec::new()) };
    let parent = match to.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Ok(Vec::new());
    }
    let is_left = |found: &&String| {
        let process = found.strip_prefix(&format!(".{name}.")).and_then(|rest| rest.strip_suffix(".tmp"));
        process.is_some_and(|process| !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut removed = Vec::new();
    for found in names_in(parent)?.iter().filter(is_left) {
        let path = parent.join(found);
        match fs::File::open(&path).map(|folder| (folder.try_lock(), folder)) {
            Ok((Ok(()), _held)) => {
                fs::remove_dir_all(&path).map_err(io("removing", &path))?;
                removed.push(path);
            }
            Ok((Err(fs::TryLockError::WouldBlock), _)) => {}
            Ok((Err(fs::TryLockError::Error(error)), _)) => return Err(io("locking", &path)(error)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(io("reading", &path)(error)),
        }
    }
    Ok(removed)
}

/// Where the copy is made: in the same folder, under a name of its own.
fn beside(to: &Path) -> Result<PathBuf, BackupError> {
    let name = to.file_name().ok_or_else(|| BackupError::Exists { path: to.to_owned() })?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.tmp", std::process::id()));
    Ok(to.with_file_name(beside))
}

fn fill(data: &Path, to: &Path, at: Time) -> Result<(Backup, fs::File), BackupError> {
    match fs::remove_dir_all(to) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io("removing", to)(error)),
        _ => {}
    }
    create_private_folder(to)?;
    // Held until it has its name, so that nobody clears it away meanwhile. The
    // kernel lets go of it however this process ends.
    let held = fs::File::open(to).map_err(io("opening", to))?;
    held.lock().map_err(io("locking", to))?;
    let is_ours = |name: &str| {
        let elsewhere =
            [LOCK_FILE, BACKUP_FILE, PROJECTION, WITNESSES, CACHE_FILE, UNFINISHED_FILE, TEXT_KEYS_FOLDER];
        !name.starts_with('.') && !name.starts_with(DATABASE_FILE) && !elsewhere.contains(&name)
    };
    let names = names_in(data)?;
    // What guards the database is never ahead of its copy.
    if data.join(WITNESSES).is_dir() {
        copy_folder(&data.join(WITNESSES), &to.join(WITNESSES), DEEPEST)?;
    }
    for name in names.iter().filter(|name| is_ours(name) && data.join(name).is_file()) {
        copy_file(&data.join(name), &to.join(name))?;
    }
    let head = copy_store(&data.join(DATABASE_FILE), &to.join(DATABASE_FILE))?;
    for name in names.iter().filter(|name| is_ours(name) && data.join(name).is_dir()) {
        copy_folder(&data.join(name), &to.join(name), DEEPEST)?;
    }
    let made = Backup { size: head.size, root: weir_acts::hex::encode(&head.root), at };
    let text = serde_json::to_string(&made).map_err(|error| io("writing", to)(error.into()))?;
    write_file_atomically(&to.join(BACKUP_FILE), format!("{text}\n").as_bytes(), 0o600)?;
    Ok((made, held))
}

fn names_in(folder: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(io("reading", folder))? {
        // A name that is not UTF-8 is none of ours.
        names.extend(entry.map_err(io("reading", folder))?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

fn copy_folder(from: &Path, to: &Path, deepest: usize) -> Result<(), BackupError> {
    create_private_folder(to)?;
    for name in names_in(from)?.iter().filter(|name| !name.starts_with('.')) {
        let (from, to) = (from.join(name), to.join(name));
        if from.is_file() {
            copy_file(&from, &to)?;
        } else if from.is_dir() && deepest > 0 {
            copy_folder(&from, &to, deepest - 1)?;
        }
    }
    sync_folder_of(&to.join("any"))?;
    Ok(())
}

/// Copies a file with its mode, less what others may do with it unless it is
/// public, and flushes it. One that is gone meanwhile was not there.
fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let mut source = match fs::File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io("reading", from)(error)),
    };
    let mode = source.metadata().map_err(io("reading", from))?.permissions().mode() & 0o777;
    let mut options = fs::OpenOptions::new();
    let mut target = options.write(true).create_new(true).mode(0o600).open(to).map_err(io("creating", to))?;
    // A file that still grows is copied up to where it was when it was opened.
    let length = source.metadata().map_err(io("reading", from))?.len();
    std::io::copy(&mut source.by_ref().take(length), &mut target).map_err(io("writing", to))?;
    let kept = target.set_permissions(fs::Permissions::from_mode(mode)).and_then(|()| target.sync_all());
    kept.map_err(io("writing", to))
}

/// What the folder says about itself, where it is a copy that nobody has
/// confirmed yet.
///
/// # Errors
/// When the file cannot be read, which counts as a copy.
pub(crate) fn unconfirmed(dir: &Path) -> Result<Option<Backup>, BackupError> {
    let path = dir.join(BACKUP_FILE);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io("reading", &path)(error)),
    };
    serde_json::from_slice(&text).map(Some).map_err(|error| io("reading", &path)(error.into()))
}
