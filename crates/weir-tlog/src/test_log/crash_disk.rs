//! A disk that can lose power at every step, and then hold anything that a
//! disk may: of the names changed since their directory was flushed any part,
//! in any order, and of a file in the middle of being written any state.
//!
//! What it takes for granted, as journalling file systems keep it: a rename
//! within a directory happens or does not; bytes that were flushed stay.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{ROOT, not_found};
use crate::disk::Disk;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Directory,
    File(Arc<Vec<u8>>),
}

type Nodes = BTreeMap<PathBuf, Node>;

/// What one call did to the names in a directory, all or nothing.
#[derive(Debug, Clone)]
struct Change {
    directory: PathBuf,
    edits: Vec<(PathBuf, Option<Node>)>,
}

#[derive(Debug, Clone)]
struct State {
    /// What running programs see.
    live: Nodes,
    /// What is found again whatever happens.
    durable: Nodes,
    /// What may or may not be found again, in the order it was done.
    pending: Vec<Change>,
    steps_left: u64,
    error: ErrorKind,
}

/// Clones share the same disk.
#[derive(Debug, Clone)]
pub(crate) struct CrashDisk(Arc<Mutex<State>>);

/// Of so few unflushed changes every subset is tried; of more, those next to
/// nothing and next to everything, and some by chance.
const ALL_SUBSETS_OF: usize = 9;
const BY_CHANCE: u64 = 24;

impl CrashDisk {
    pub(crate) fn new(directories: &[&str]) -> Self {
        let nodes: Nodes = directories.iter().map(|path| (PathBuf::from(path), Node::Directory)).collect();
        Self(Arc::new(Mutex::new(State {
            live: nodes.clone(),
            durable: nodes,
            pending: Vec::new(),
            steps_left: u64::MAX,
            error: ErrorKind::Other,
        })))
    }

    /// Every step from the `steps`th on fails in this way.
    pub(crate) fn fail_after(&self, steps: u64, error: ErrorKind) {
        let mut state = self.0.lock().unwrap();
        state.steps_left = steps;
        state.error = error;
    }

    /// An independent disk that programs see as they see this one.
    pub(crate) fn copy(&self) -> Self {
        let state = self.0.lock().unwrap().clone();
        Self(Arc::new(Mutex::new(state)))
    }

    /// Every disk that may be found if power is lost now.
    pub(crate) fn after_power_loss(&self) -> Vec<Self> {
        let state = self.0.lock().unwrap().clone();
        let count = state.pending.len();
        let everything = (1_u64 << count.min(63)) - 1;
        let subsets: Vec<u64> = if count <= ALL_SUBSETS_OF {
            (0..=everything).collect()
        } else {
            let single = (0..count.min(63)).map(|position| 1_u64 << position);
            let all_but = (0..count.min(63)).map(|position| everything & !(1_u64 << position));
            let chance = (1..=BY_CHANCE).map(|turn| turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) & everything);
            [0, everything].into_iter().chain(single).chain(all_but).chain(chance).collect()
        };
        subsets.into_iter().map(|subset| state.with(subset)).collect()
    }

    pub(crate) fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.read(Path::new(path), u64::MAX - 1).unwrap()
    }

    fn step<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.0.lock().unwrap();
        if state.steps_left == 0 {
            return Err(io::Error::from(state.error));
        }
        state.steps_left -= 1;
        act(&mut state)
    }
}

impl State {
    /// The disk on which of what was pending this subset came through.
    fn with(&self, subset: u64) -> CrashDisk {
        let mut nodes = self.durable.clone();
        for (position, change) in self.pending.iter().enumerate() {
            if position >= 63 || subset & (1 << position) != 0 {
                apply(&mut nodes, change);
            }
        }
        let reachable = |path: &Path| {
            let above = path.ancestors().skip(1).filter(|directory| !directory.as_os_str().is_empty());
            above.into_iter().all(|directory| nodes.get(directory) == Some(&Node::Directory))
        };
        let found: Nodes =
            nodes.iter().filter(|(path, _)| reachable(path)).map(|(p, n)| (p.clone(), n.clone())).collect();
        CrashDisk(Arc::new(Mutex::new(State {
            live: found.clone(),
            durable: found,
            pending: Vec::new(),
            steps_left: u64::MAX,
            error: ErrorKind::Other,
        })))
    }

    /// Changes names as programs see them at once, and the disk when it likes.
    fn change(&mut self, directory: Option<&Path>, edits: Vec<(PathBuf, Option<Node>)>) -> io::Result<()> {
        let directory = directory.filter(|directory| self.live.get(*directory) == Some(&Node::Directory));
        let change = Change { directory: directory.ok_or_else(not_found)?.to_owned(), edits };
        apply(&mut self.live, &change);
        self.pending.push(change);
        Ok(())
    }
}

fn apply(nodes: &mut Nodes, change: &Change) {
    for (path, node) in &change.edits {
        match node {
            Some(node) => drop(nodes.insert(path.clone(), node.clone())),
            None => drop(nodes.remove(path)),
        }
    }
}

impl Disk for CrashDisk {
    fn read(&self, path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        let limit = usize::try_from(max_bytes.saturating_add(1)).unwrap();
        Ok(match self.0.lock().unwrap().live.get(path) {
            Some(Node::File(bytes)) => Some(bytes.iter().copied().take(limit).collect()),
            _ => None,
        })
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let state = self.0.lock().unwrap();
        let inside = state.live.keys().filter(|path| path.parent() == Some(directory));
        Ok(inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn create_dir(&self, directory: &Path) -> io::Result<()> {
        self.step(|state| {
            if state.live.get(directory) == Some(&Node::Directory) {
                return Ok(());
            }
            state.change(directory.parent(), vec![(directory.to_owned(), Some(Node::Directory))])
        })
    }

    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = |bytes: Vec<u8>| vec![(path.to_owned(), Some(Node::File(Arc::new(bytes))))];
        let written = self.step(|state| {
            state.change(path.parent(), file(bytes.to_vec()))?;
            // A name that the disk has already now leads to these bytes.
            if let Some(Node::File(_)) = state.durable.get(path) {
                state.durable.insert(path.to_owned(), Node::File(Arc::new(bytes.to_vec())));
            }
            Ok(())
        });
        if written.is_err() {
            // Torn: nothing, a part, or the right length with other bytes.
            let mut state = self.0.lock().unwrap();
            let half = bytes[..bytes.len() / 2].to_vec();
            let zeroes = [half.as_slice(), &vec![0; bytes.len() - half.len()]].concat();
            for torn in [Vec::new(), zeroes, half] {
                // There may be no such directory.
                let _torn = state.change(path.parent(), file(torn));
            }
        }
        written
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|state| {
            let node = state.live.get(from).cloned().ok_or_else(not_found)?;
            state.change(to.parent(), vec![(from.to_owned(), None), (to.to_owned(), Some(node))])
        })
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.step(|state| {
            let (flushed, rest): (Vec<Change>, Vec<Change>) =
                std::mem::take(&mut state.pending).into_iter().partition(|change| change.directory == directory);
            state.pending = rest;
            flushed.iter().for_each(|change| apply(&mut state.durable, change));
            Ok(())
        })
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step(|state| {
            state.live.get(path).ok_or_else(not_found)?;
            state.change(path.parent(), vec![(path.to_owned(), None)])
        })
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        self.remove_file(directory)
    }
}

/// The log's folder and that of a witness's memory, both empty.
pub(crate) fn empty_disk() -> CrashDisk {
    CrashDisk::new(&["data", ROOT, "memory"])
}
