//! Putting single files where they belong, durably: temporary file, flush,
//! rename, and later the flush of every directory touched.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::PublishError;
use crate::disk::Disk;
use crate::source::{FolderSource, max_bytes};
use crate::tile::{LogPath, TileId};

const TEMPORARY_PREFIX: &str = ".new-";

/// Places the files of one publication.
pub(super) struct Placer<'a, D: Disk> {
    folder: &'a FolderSource<D>,
    /// Directories whose names must be flushed before the checkpoint.
    to_sync: BTreeSet<PathBuf>,
    files_written: u64,
}

impl<'a, D: Disk> Placer<'a, D> {
    pub(super) fn new(folder: &'a FolderSource<D>) -> Self {
        Self { folder, to_sync: BTreeSet::new(), files_written: 0 }
    }

    pub(super) fn files_written(&self) -> u64 {
        self.files_written
    }

    /// Places an immutable file. The same content already there is left alone,
    /// other content is refused.
    pub(super) fn place(&mut self, path: LogPath, bytes: &[u8]) -> Result<(), PublishError> {
        let target = self.folder.locate(path);
        self.make_directories(&target)?;
        let disk = self.folder.disk();
        let found = disk.read(&target, max_bytes(path));
        match on(found, "read", &target)? {
            Some(found) if found == bytes => Ok(()),
            Some(_) => Err(PublishError::Differs { path }),
            None => {
                self.files_written = self.files_written.saturating_add(1);
                self.write_and_rename(&target, bytes)
            }
        }
    }

    /// Flushes every directory on the way to a file placed, also to one that
    /// was there already: the process that wrote it may have died in between.
    pub(super) fn sync_directories(&mut self) -> Result<(), PublishError> {
        for directory in std::mem::take(&mut self.to_sync) {
            on(self.folder.disk().sync_dir(&directory), "flush directory", &directory)?;
        }
        Ok(())
    }

    /// Puts the new checkpoint in the place of the old one and flushes it.
    pub(super) fn replace_checkpoint(&mut self, signed: &str) -> Result<(), PublishError> {
        let target = self.folder.locate(LogPath::Checkpoint);
        self.write_and_rename(&target, signed.as_bytes())?;
        let root = self.folder.root();
        on(self.folder.disk().sync_dir(root), "flush directory", root)
    }

    /// Removes the partial files of the tile before a full one, and of its
    /// bundle. The specification allows it as soon as a tile is full; one tile
    /// later gives readers of an older checkpoint time to finish.
    pub(super) fn remove_superseded_partials(&self, full: TileId) -> Result<(), PublishError> {
        let Some(index) = full.index.checked_sub(1) else {
            return Ok(());
        };
        let previous = TileId { index, ..full };
        self.remove_partials(LogPath::Tile(previous))?;
        if previous.level == 0 {
            self.remove_partials(LogPath::Bundle(previous.bundle()))?;
        }
        Ok(())
    }

    fn remove_partials(&self, full: LogPath) -> Result<(), PublishError> {
        let directory = self.folder.partials_of(full);
        let disk = self.folder.disk();
        let names = on(disk.list(&directory), "list directory", &directory)?;
        if names.is_empty() {
            return Ok(());
        }
        for name in names {
            let file = directory.join(name);
            on(disk.remove_file(&file), "remove", &file)?;
        }
        on(disk.remove_dir(&directory), "remove directory", &directory)
    }

    /// Makes the directories between the folder and `target`, each of which
    /// must be flushed to be found again after a loss of power.
    fn make_directories(&mut self, target: &Path) -> Result<(), PublishError> {
        let root = self.folder.root();
        let missing: Vec<&Path> = target
            .ancestors()
            .skip(1)
            .take_while(|directory| directory.starts_with(root))
            .take_while(|directory| !self.to_sync.contains(*directory))
            .collect();
        for directory in missing.into_iter().rev() {
            if directory != root {
                let made = self.folder.disk().create_dir(directory);
                on(made, "make directory", directory)?;
            }
            self.to_sync.insert(directory.to_owned());
        }
        Ok(())
    }

    fn write_and_rename(&self, target: &Path, bytes: &[u8]) -> Result<(), PublishError> {
        let name = target.file_name().and_then(|name| name.to_str());
        let temporary = target.with_file_name(format!("{TEMPORARY_PREFIX}{}", name.unwrap_or("file")));
        let disk = self.folder.disk();
        on(disk.write_synced(&temporary, bytes), "write", &temporary)?;
        on(disk.rename(&temporary, target), "rename to", target)
    }
}

fn on<T>(result: io::Result<T>, action: &'static str, path: &Path) -> Result<T, PublishError> {
    result.map_err(|source| PublishError::Disk { action, path: path.to_owned(), source })
}
