//! The folded state as a file, so that a start need not fold a long log again.
//! It is never the truth: it is bound to the tree it folds and to this very
//! version of the fold, vouched for under the pepper, and thrown away where a
//! single bit is otherwise; the log is then folded whole. What came after it
//! is folded on top and held against the database's head as ever.
//!
//! It holds private parts in the clear, as the database does: mode 0600, in no
//! backup, and gone before an erasure is acknowledged.

#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use weir_acts::Digest;
use weir_acts::key::Pepper;
use weir_acts::state::State;
use weir_acts::state::packed::{Part, Starts, VERSION};
use weir_store::FolderError;
use weir_store::durable::{overwrite, overwrite_and_remove, sync_folder_of};
use weir_tlog::{Frontier, Hash};

/// The file.
pub const CACHE_FILE: &str = "fold.cache";
/// While it is being written.
pub const UNFINISHED_FILE: &str = "fold.cache.new";

/// How the file begins.
const MAGIC: &[u8] = b"weir fold 1\n";
/// What the pepper vouches for; longer than any message it is asked about for
/// a key.
const PURPOSE: &[u8] = b"weir: the index of a cached fold, and all it names\0";
/// After the index: the voucher for it, and its length.
const TRAILER: u64 = 32 + 8;
/// No index is longer.
const LONGEST_INDEX: u64 = 16 * 1024 * 1024;
/// At most so many threads read.
const READERS: usize = 4;

/// What the file folds, and where it lies.
#[derive(Debug, Serialize, Deserialize)]
struct Index {
    fold: String,
    size: u64,
    frontier: Vec<Digest>,
    parts: Vec<(u64, Digest)>,
}

/// Writes the fold of the tree with this `frontier`; a moment's power cut
/// leaves the old file or the new one. The old one's bytes are overwritten:
/// what is erased later must not lie in what the disk holds free. False where
/// the state cannot be kept.
pub(crate) fn write(dir: &Path, pepper: &Pepper, state: &State, frontier: &Frontier) -> Result<bool, FolderError> {
    let Some(parts) = state.pack() else { return Ok(false) };
    let path = dir.join(UNFINISHED_FILE);
    destroy_file(&path)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let file = file.map_err(FolderError::io("creating", &path))?;
    let frontier = frontier.hashes().iter().map(|hash| Digest(hash.0)).collect();
    let mut index = Index { fold: VERSION.to_owned(), size: state.size, frontier, parts: Vec::new() };
    let written = fill(&file, pepper, parts, &mut index).and_then(|()| file.sync_all());
    if let Err(error) = written {
        drop(destroy_file(&path));
        return Err(FolderError::io("writing", &path)(error));
    }
    let target = dir.join(CACHE_FILE);
    let former = open_existing(&target)?;
    fs::rename(&path, &target).map_err(FolderError::io("replacing", &target))?;
    sync_folder_of(&target)?;
    if let Some(mut former) = former {
        overwrite(&mut former).map_err(FolderError::io("overwriting what was before", &target))?;
    }
    Ok(true)
}

fn fill(
    file: &File,
    pepper: &Pepper,
    parts: impl Iterator<Item = Vec<u8>>,
    index: &mut Index,
) -> Result<(), std::io::Error> {
    let mut out = BufWriter::new(file);
    out.write_all(MAGIC)?;
    for part in parts {
        index.parts.push((part.len() as u64, Digest::of(&part)));
        out.write_all(&part)?;
    }
    let index = serde_json::to_vec(index)?;
    out.write_all(&index)?;
    out.write_all(&pepper.vouch(PURPOSE, &index).0)?;
    out.write_all(&(index.len() as u64).to_le_bytes())?;
    out.flush()
}

/// The state that the file folds, with the frontier of its tree, where it is
/// as this very program wrote it.
pub(crate) fn read(dir: &Path, pepper: &Pepper) -> Option<(State, Frontier)> {
    let file = File::open(dir.join(CACHE_FILE)).ok()?;
    let index = read_index(&file, pepper)?;
    let hashes = index.frontier.iter().map(|digest| Hash(digest.0)).collect();
    let frontier = Frontier::from_hashes(index.size, hashes).ok()?;
    let state = State::unpack(read_parts(&file, &index)?)?;
    (state.size == index.size).then_some((state, frontier))
}

fn read_index(file: &File, pepper: &Pepper) -> Option<Index> {
    let length = file.metadata().ok()?.len();
    let end = length.checked_sub(TRAILER)?;
    let mut trailer = [0; TRAILER as usize];
    file.read_exact_at(&mut trailer, end).ok()?;
    let (voucher, of_index) = trailer.split_first_chunk::<32>()?;
    let of_index = u64::from_le_bytes(of_index.try_into().ok()?);
    let begin = end.checked_sub(of_index).filter(|_| of_index <= LONGEST_INDEX)?;
    let mut index = vec![0; usize::try_from(of_index).ok()?];
    file.read_exact_at(&mut index, begin).ok()?;
    if pepper.vouch(PURPOSE, &index).0 != *voucher {
        return None;
    }
    let index: Index = serde_json::from_slice(&index).ok()?;
    let mut magic = [0; MAGIC.len()];
    file.read_exact_at(&mut magic, 0).ok()?;
    let parts: u64 = index.parts.iter().map(|(length, _)| length).sum();
    let is_whole = magic == MAGIC && MAGIC.len() as u64 + parts == begin && index.fold == VERSION;
    is_whole.then_some(index)
}

/// Every part, in any order; several are read at once.
fn read_parts(file: &File, index: &Index) -> Option<Vec<Part>> {
    let mut places = Vec::with_capacity(index.parts.len());
    let mut next = MAGIC.len() as u64;
    for (length, digest) in &index.parts {
        places.push((next, *length, *digest));
        next += length;
    }
    let (taken, starts) = (AtomicUsize::new(0), Starts::default());
    let parts = Mutex::new(Some(Vec::with_capacity(places.len())));
    let work = || {
        let mut buffer = Vec::new();
        while let Some(place) = places.get(taken.fetch_add(1, Ordering::Relaxed)) {
            let part = read_part(file, *place, &starts, &mut buffer);
            let mut parts = parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match (part, parts.as_mut()) {
                (Some(part), Some(parts)) => parts.push(part),
                _ => {
                    // One that is wrong spoils all.
                    *parts = None;
                    return;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let others = std::thread::available_parallelism().map_or(1, usize::from).min(READERS) - 1;
        for _ in 0..others.min(places.len() / 4) {
            scope.spawn(work);
        }
        work();
    });
    parts.into_inner().unwrap_or(None)
}

fn read_part(
    file: &File,
    (place, length, digest): (u64, u64, Digest),
    starts: &Starts,
    buffer: &mut Vec<u8>,
) -> Option<Part> {
    buffer.resize(usize::try_from(length).ok()?, 0);
    file.read_exact_at(buffer, place).ok()?;
    if Digest::of(buffer) != digest {
        return None;
    }
    Part::unpack(buffer, starts)
}

/// Removes the file and what a crash left of one, their bytes overwritten
/// first. Durable on return.
pub(crate) fn destroy(dir: &Path) -> Result<(), FolderError> {
    destroy_file(&dir.join(CACHE_FILE))?;
    destroy_file(&dir.join(UNFINISHED_FILE))
}

/// Removes what a crash left of one that was being written.
pub(crate) fn destroy_unfinished(dir: &Path) -> Result<(), FolderError> {
    destroy_file(&dir.join(UNFINISHED_FILE))
}

fn destroy_file(path: &Path) -> Result<(), FolderError> {
    if overwrite_and_remove(path)? { sync_folder_of(path) } else { Ok(()) }
}

fn open_existing(path: &Path) -> Result<Option<File>, FolderError> {
    match OpenOptions::new().write(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FolderError::io("opening", path)(error)),
    }
}
