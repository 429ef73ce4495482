//! A copy of the whole store as it is at one moment, also while a server
//! writes to it.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::failure::Doing as _;
use super::{connect, read, schema};
use crate::{StoreError, TreeHead};

const DOING: &str = "copying the store";

/// Copies the store at `from` to a new file `to` with mode 0600, durably, and
/// tells where its log stands. The copy is of one moment: SQLite's `VACUUM
/// INTO` reads it in one transaction, so nothing that was erased is in it. A
/// running server goes on meanwhile.
///
/// # Errors
/// [`StoreError::NotAStore`], [`StoreError::Newer`]; what the disk said. A copy
/// that was not finished may be left at `to`.
pub fn copy_store(from: &Path, to: &Path) -> Result<TreeHead, StoreError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(|error| StoreError::from_io(DOING, error));
    let (from, to) = (absolute(from)?, absolute(to)?);
    // Asked first: SQLite would make the file.
    std::fs::metadata(&from).map_err(|error| StoreError::from_io(DOING, error))?;
    let source = connect::copier(&from)?;
    let Some(name) = to.to_str() else {
        let detail = format!("{} is not UTF-8, as SQLite wants its names", to.display());
        return Err(StoreError::Inconsistent { doing: DOING, detail });
    };
    // Made first, so that it never has another mode; SQLite takes an empty file.
    connect::create_file(&to)?;
    source.execute("VACUUM INTO ?1", [name]).doing(DOING)?;
    let synced = File::open(&to).and_then(|file| {
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.sync_all()
    });
    synced.map_err(|error| StoreError::from_io(DOING, error))?;
    let copy = connect::reader(&to)?;
    schema::check_head(&copy)?;
    read::head(&copy)
}
