//! A small disk of its own, filled and freed as a test likes.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// What the kernel gives a file of such a disk at a time, in bytes.
const PAGE: u64 = 4096;

/// A mounted disk; unmounted with the value.
pub(crate) struct Disk {
    dir: TempDir,
    filler: File,
}

impl Disk {
    /// Mounts one of `megabytes`; why not, where this process may not mount.
    pub(crate) fn mount(megabytes: u32) -> Result<Disk, String> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m,mode=0700");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "weir-full-disk"]).arg(dir.path()).output();
        match mounted {
            Ok(output) if output.status.success() => {}
            Ok(output) => return Err(output.stderr.trim_ascii().escape_ascii().to_string()),
            Err(error) => return Err(format!("mount: {error}")),
        }
        let filler = OpenOptions::new().create_new(true).append(true).open(dir.path().join("filler")).unwrap();
        Ok(Disk { dir, filler })
    }

    /// A folder on it that nothing has made yet.
    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Takes every page that is left.
    pub(crate) fn fill(&mut self) {
        let page = [0; PAGE as usize];
        loop {
            match self.filler.write(&page) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("filling the disk: {error}"),
            }
        }
    }

    /// Gives back so many pages.
    pub(crate) fn free_pages(&mut self, pages: u64) {
        let length = self.filler.metadata().unwrap().len();
        self.filler.set_len(length.saturating_sub(pages * PAGE)).unwrap();
    }

    /// Gives back everything.
    pub(crate) fn free(&mut self) {
        self.filler.set_len(0).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server that a failed test left may still have files open.
        let unmounted = Command::new("umount").arg("-l").arg(self.dir.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking(), "the disk stays mounted");
    }
}
