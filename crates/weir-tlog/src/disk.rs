//! The few disk operations the log needs, behind one trait: a test can put a
//! disk in its place that fails, fills up or loses power at any step.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// A file system as the publisher uses it. Each method is one step that may
/// fail on its own; the order of the steps is what makes publishing durable.
pub trait Disk: Send + Sync {
    /// The file's bytes, at most `max_bytes + 1` of them so that the caller
    /// can tell a file that is too large; `None` when there is no such file.
    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>>;
    /// Names in a directory, sorted; empty when there is no such directory.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;
    /// Makes one directory; succeeds when it is there already.
    fn create_dir(&self, directory: &Path) -> io::Result<()>;
    /// Writes a file anew and flushes its bytes to the disk.
    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Renames within one directory, replacing what is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Flushes a directory, which makes names created in it durable.
    fn sync_dir(&self, directory: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_dir(&self, directory: &Path) -> io::Result<()>;
}

/// The operating system's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            // A name that is not UTF-8 is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort();
        Ok(names)
    }

    fn create_dir(&self, directory: &Path) -> io::Result<()> {
        match fs::create_dir(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        fs::remove_dir(directory)
    }
}
