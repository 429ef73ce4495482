//! What the tests of this crate share: a disk in memory that loses power on
//! demand, and small logs published to it.

pub(crate) mod crash_disk;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::disk::Disk;
use crate::hash::leaf_hash;
use crate::{Checkpoint, Ed25519Signer, FolderPublisher, FolderSource, Frontier, VerifierKey};

pub(crate) const ORIGIN: &str = "log.acme.example/acts";
pub(crate) const ROOT: &str = "log";

pub(crate) fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[42; 32]).unwrap()
}

pub(crate) fn key() -> VerifierKey {
    signer().vkey()
}

pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("{{\"v\":1,\"entry\":{index}}}").into_bytes()
}

pub(crate) fn checkpoint(size: u64) -> Checkpoint {
    let tree: Frontier = (0..size).map(|index| leaf_hash(&entry(index))).collect();
    Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root() }
}

pub(crate) fn signed(size: u64) -> String {
    checkpoint(size).sign(&signer()).unwrap()
}

/// A log that was published at each of these sizes in turn.
pub(crate) fn published(sizes: &[u64]) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut publisher = FolderPublisher::on_disk(ROOT, key(), disk.clone());
    for &size in sizes {
        publisher.publish(u64::MAX, &mut |index| Ok(entry(index)), &signed(size)).unwrap();
    }
    disk
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Directory,
    File(Vec<u8>),
}

type Nodes = BTreeMap<PathBuf, Node>;

#[derive(Debug)]
struct State {
    /// What running programs see.
    live: Nodes,
    /// What is found again after a loss of power.
    durable: Nodes,
    /// Steps that still succeed; every later one fails.
    steps_left: u64,
}

/// Clones share the same disk.
#[derive(Debug, Clone)]
pub(crate) struct MemoryDisk(Arc<Mutex<State>>);

impl MemoryDisk {
    pub(crate) fn new() -> Self {
        let root = Nodes::from([(PathBuf::from(ROOT), Node::Directory)]);
        Self(Arc::new(Mutex::new(State { live: root.clone(), durable: root, steps_left: u64::MAX })))
    }

    /// An independent copy of what programs see now.
    pub(crate) fn copy(&self) -> Self {
        let live = self.0.lock().unwrap().live.clone();
        Self(Arc::new(Mutex::new(State { durable: live.clone(), live, steps_left: u64::MAX })))
    }

    pub(crate) fn source(&self) -> FolderSource<Self> {
        FolderSource::on_disk(ROOT, self.clone())
    }

    pub(crate) fn publisher(&self) -> FolderPublisher<Self> {
        FolderPublisher::on_disk(ROOT, key(), self.clone())
    }

    pub(crate) fn fail_after(&self, steps: u64) {
        self.0.lock().unwrap().steps_left = steps;
    }

    /// Everything not flushed is gone.
    pub(crate) fn lose_power(&self) {
        let mut state = self.0.lock().unwrap();
        let durable = state.durable.clone();
        let reachable = |path: &Path| {
            path.ancestors()
                .skip(1)
                .filter(|directory| !directory.as_os_str().is_empty())
                .all(|directory| durable.get(directory) == Some(&Node::Directory))
        };
        state.live = durable
            .iter()
            .filter(|(path, _)| reachable(path))
            .map(|(path, node)| (path.clone(), node.clone()))
            .collect();
        state.durable = state.live.clone();
        state.steps_left = u64::MAX;
    }

    /// Paths of all files, relative to the log.
    pub(crate) fn files(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        let is_file = |node: &Node| matches!(node, Node::File(_));
        let files = state.live.iter().filter(|(_, node)| is_file(node));
        files.map(|(path, _)| path.strip_prefix(ROOT).unwrap().to_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        let full = Path::new(ROOT).join(path);
        self.read(&full, u64::MAX - 1).unwrap().unwrap()
    }

    pub(crate) fn set(&self, path: &str, bytes: Vec<u8>) {
        let full = Path::new(ROOT).join(path);
        let mut state = self.0.lock().unwrap();
        state.live.insert(full, Node::File(bytes));
    }

    pub(crate) fn remove(&self, path: &str) {
        self.remove_file(&Path::new(ROOT).join(path)).unwrap();
    }

    fn step<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.0.lock().unwrap();
        if state.steps_left == 0 {
            return Err(io::Error::other("no space left on device"));
        }
        state.steps_left -= 1;
        act(&mut state)
    }
}

fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

fn parent_must_exist(nodes: &Nodes, path: &Path) -> io::Result<()> {
    match path.parent().and_then(|parent| nodes.get(parent)) {
        Some(Node::Directory) => Ok(()),
        _ => Err(not_found()),
    }
}

impl Disk for MemoryDisk {
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
            parent_must_exist(&state.live, directory)?;
            state.live.insert(directory.to_owned(), Node::Directory);
            Ok(())
        })
    }

    fn write_synced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let written = self.step(|state| {
            parent_must_exist(&state.live, path)?;
            state.live.insert(path.to_owned(), Node::File(bytes.to_vec()));
            Ok(())
        });
        if written.is_err() {
            // A disk that fills up in mid-file leaves the part that fitted.
            let part = bytes[..bytes.len() / 2].to_vec();
            let mut state = self.0.lock().unwrap();
            state.live.insert(path.to_owned(), Node::File(part));
        }
        written
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|state| {
            let node = state.live.remove(from).ok_or_else(not_found)?;
            state.live.insert(to.to_owned(), node);
            Ok(())
        })
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.step(|state| {
            let inside = |path: &Path| path.parent() == Some(directory);
            state.durable.retain(|path, _| !inside(path));
            let flushed = state.live.iter().filter(|(path, _)| inside(path));
            let flushed: Vec<_> = flushed.map(|(p, n)| (p.clone(), n.clone())).collect();
            state.durable.extend(flushed);
            Ok(())
        })
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step(|state| state.live.remove(path).map(drop).ok_or_else(not_found))
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        self.step(|state| state.live.remove(directory).map(drop).ok_or_else(not_found))
    }
}
