//! Files of exchanges: written whole beside, then named, and never changed. What is
//! in them is their writer's affair; here they are names and bytes.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::FolderError;
use crate::durable::sync_folder_of;

/// The folder of files of exchanges inside Weir's folder.
pub const EXCHANGES_FOLDER: &str = "exchanges";

/// What a file under work is called, behind its later name.
const PART: &str = ".part";

/// Where the file of that name lies.
#[must_use]
pub fn path_of(dir: &Path, name: &str) -> PathBuf {
    dir.join(EXCHANGES_FOLDER).join(name)
}

/// Where it is written before it has its name.
#[must_use]
pub fn part_of(dir: &Path, name: &str) -> PathBuf {
    dir.join(EXCHANGES_FOLDER).join(format!(".{name}{PART}"))
}

/// The names of all files that are not hidden, sorted; none if there is no folder.
///
/// # Errors
/// [`FolderError::Io`].
pub fn names(dir: &Path) -> Result<Vec<String>, FolderError> {
    let mut names = all(dir)?;
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    Ok(names)
}

fn all(dir: &Path) -> Result<Vec<String>, FolderError> {
    let folder = dir.join(EXCHANGES_FOLDER);
    let listing = match fs::read_dir(&folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FolderError::io("listing", &folder)(error)),
    };
    let mut names = Vec::new();
    for entry in listing {
        let entry = entry.map_err(FolderError::io("listing", &folder))?;
        names.extend(entry.file_name().into_string().ok());
    }
    Ok(names)
}

/// Removes what an earlier process was writing when it ended; how many there were.
///
/// # Errors
/// [`FolderError::Io`].
pub fn remove_parts(dir: &Path) -> Result<usize, FolderError> {
    let mut removed = 0;
    for name in all(dir)?.iter().filter(|name| name.starts_with('.') && name.ends_with(PART)) {
        let path = path_of(dir, name);
        fs::remove_file(&path).map_err(FolderError::io("removing", &path))?;
        removed += 1;
    }
    Ok(removed)
}

/// Makes a finished part durable under its name: its bytes first, then the name.
///
/// # Errors
/// [`FolderError::Io`].
pub fn finish(dir: &Path, name: &str, part: File) -> Result<(), FolderError> {
    let (from, to) = (part_of(dir, name), path_of(dir, name));
    part.sync_all().map_err(FolderError::io("syncing", &from))?;
    fs::rename(&from, &to).map_err(FolderError::io("naming", &to))?;
    sync_folder_of(&to)
}

/// How many bytes a file has, and their SHA-256.
///
/// # Errors
/// [`FolderError::Io`].
pub fn digest(path: &Path) -> Result<(u64, [u8; 32]), FolderError> {
    let mut file = File::open(path).map_err(FolderError::io("reading", path))?;
    let (mut sha256, mut bytes) = (Sha256::new(), 0_u64);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).map_err(FolderError::io("reading", path))?;
        let Some(some) = buffer.get(..read).filter(|some| !some.is_empty()) else { break };
        sha256.update(some);
        bytes = bytes.saturating_add(u64::try_from(some.len()).unwrap_or(u64::MAX));
    }
    Ok((bytes, sha256.finalize().into()))
}

/// Deletes a file; true if there was one. Durable on return.
///
/// # Errors
/// [`FolderError::Io`].
pub fn delete(dir: &Path, name: &str) -> Result<bool, FolderError> {
    let path = path_of(dir, name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        removed => removed.map_err(FolderError::io("deleting", &path))?,
    }
    sync_folder_of(&path)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole_and_parts_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(names(dir.path()).unwrap(), [""; 0]);
        fs::create_dir(dir.path().join(EXCHANGES_FOLDER)).unwrap();
        fs::write(part_of(dir.path(), "b"), "torn").unwrap();
        fs::write(part_of(dir.path(), "a"), "abc").unwrap();
        assert_eq!(names(dir.path()).unwrap(), [""; 0]);
        finish(dir.path(), "a", File::open(part_of(dir.path(), "a")).unwrap()).unwrap();
        assert_eq!(names(dir.path()).unwrap(), ["a"]);
        assert_eq!(remove_parts(dir.path()).unwrap(), 1);
        assert_eq!(remove_parts(dir.path()).unwrap(), 0);
        let (bytes, sha256) = digest(&path_of(dir.path(), "a")).unwrap();
        assert_eq!((bytes, sha256[..4].to_vec()), (3, vec![0xba, 0x78, 0x16, 0xbf]));
        assert!(delete(dir.path(), "a").unwrap() && !delete(dir.path(), "a").unwrap());
    }
}
