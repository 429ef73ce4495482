//! Rebuilding the tree from the entries and comparing it with every stored
//! hash on the way.
//!
//! When an entry and its stored hash disagree, either may have been altered,
//! and only the root tells which. So differences are kept until the root is
//! known: if the entries give the signed root the tile is at fault, otherwise
//! the entry is.

use super::{OnEntry, VerifyFailure};
use crate::CallbackError;
use crate::checkpoint::Checkpoint;
use crate::hash::{Hash, leaf_hash};
use crate::source::{LogSource, ReadError, read_bundle, read_hashes};
use crate::tile::{BundleId, FULL_WIDTH, LogPath, TileId, decode_bundle, decode_hashes, encode_bundle, encode_hashes};
use crate::tree::TileEdge;

/// A stored hash that is not the recomputed one.
#[derive(Debug, Clone, Copy)]
struct Difference {
    tile: TileId,
    position: usize,
    computed: Hash,
    stored: Hash,
}

pub(super) struct Replay<'a> {
    source: &'a dyn LogSource,
    edge: TileEdge,
    tiles: u64,
    leaf_difference: Option<Difference>,
    tile_difference: Option<Difference>,
    older_partial: Option<LogPath>,
    refusal: Option<(u64, CallbackError)>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(source: &'a dyn LogSource) -> Self {
        Self {
            source,
            edge: TileEdge::new(),
            tiles: 0,
            leaf_difference: None,
            tile_difference: None,
            older_partial: None,
            refusal: None,
        }
    }

    /// Entries replayed so far.
    pub(super) fn entries(&self) -> u64 {
        self.edge.size()
    }

    pub(super) fn bundle(&mut self, bundle: BundleId, on_entry: &mut OnEntry<'_>) -> Result<(), VerifyFailure> {
        let entries = read_bundle(self.source, bundle)?;
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let stored = read_hashes(self.source, bundle.tile())?;
        self.tiles = self.tiles.saturating_add(1);
        let differs = first_difference(bundle.tile(), &leaves, &stored);
        self.leaf_difference = self.leaf_difference.or(differs);
        for (entry, leaf) in entries.iter().zip(&leaves) {
            self.hand_out(entry, on_entry);
            self.append(*leaf)?;
        }
        let path = LogPath::Bundle(bundle);
        self.compare_older_partials(path, bundle.width, &mut || {
            encode_bundle(&entries).map_err(|source| ReadError::Tile { path, source })
        })?;
        let tile = LogPath::Tile(bundle.tile());
        self.compare_older_partials(tile, bundle.width, &mut || Ok(encode_hashes(&stored)))
    }

    /// Shows an entry to the caller, unless something before it was wrong.
    fn hand_out(&mut self, entry: &[u8], on_entry: &mut OnEntry<'_>) {
        if self.leaf_difference.is_some() || self.refusal.is_some() {
            return;
        }
        let index = self.entries();
        self.refusal = on_entry(index, entry).err().map(|error| (index, error));
    }

    fn append(&mut self, leaf: Hash) -> Result<(), VerifyFailure> {
        let mut completed = Vec::new();
        self.edge.push(leaf, |tile, hashes| {
            completed.push((tile, hashes.to_vec()));
            Ok::<(), VerifyFailure>(())
        })?;
        completed.iter().try_for_each(|(tile, hashes)| self.compare_upper_tile(*tile, hashes))
    }

    /// Compares a tile above the leaves; those were compared with the entries.
    fn compare_upper_tile(&mut self, tile: TileId, computed: &[Hash]) -> Result<(), VerifyFailure> {
        if tile.level == 0 {
            return Ok(());
        }
        let stored = read_hashes(self.source, tile)?;
        self.tiles = self.tiles.saturating_add(1);
        let differs = first_difference(tile, computed, &stored);
        self.tile_difference = self.tile_difference.or(differs);
        self.compare_older_partials(LogPath::Tile(tile), tile.width, &mut || Ok(encode_hashes(&stored)))
    }

    /// Compares the partial files that other sizes of the tree left beside
    /// `path`: of two widths, the narrower one's bytes start the wider one's.
    /// There are hardly ever any, so its own bytes are made only then.
    fn compare_older_partials(
        &mut self,
        path: LogPath,
        width: u16,
        bytes: &mut dyn FnMut() -> Result<Vec<u8>, ReadError>,
    ) -> Result<(), VerifyFailure> {
        let mut others = self.source.partial_widths(path.with_full_width())?;
        others.retain(|other| *other != width);
        if others.is_empty() {
            return Ok(());
        }
        let bytes = bytes()?;
        for other in others {
            let other_path = path.with_width(other);
            let Some(found) = self.source.read(other_path)? else {
                continue;
            };
            let agrees = if other < width {
                bytes.starts_with(&found) && entries_in(other_path, &found) == Some(other)
            } else {
                found.starts_with(&bytes)
            };
            if !agrees {
                self.older_partial.get_or_insert(other_path);
            }
        }
        Ok(())
    }

    /// Compares what is left, then the root, and says what was at fault.
    /// Returns the number of tiles compared.
    pub(super) fn finish(mut self, checkpoint: &Checkpoint) -> Result<u64, VerifyFailure> {
        let partial: Vec<(TileId, Vec<Hash>)> =
            self.edge.partial_tiles().map(|(tile, hashes)| (tile, hashes.to_vec())).collect();
        for (tile, hashes) in &partial {
            self.compare_upper_tile(*tile, hashes)?;
        }
        let computed = self.edge.root();
        if computed != checkpoint.root {
            return Err(self.blame_entries(checkpoint, computed));
        }
        if let Some(difference) = self.leaf_difference.or(self.tile_difference) {
            return Err(difference.blame_tile());
        }
        if let Some(path) = self.older_partial {
            return Err(VerifyFailure::OlderPartial { path });
        }
        if let Some((index, source)) = self.refusal {
            return Err(VerifyFailure::Refused { index, source });
        }
        Ok(self.tiles)
    }

    /// The entries do not give the signed root.
    fn blame_entries(&self, checkpoint: &Checkpoint, computed: Hash) -> VerifyFailure {
        if let Some(leaf) = self.leaf_difference {
            let bundle = leaf.tile.bundle();
            let position = u64::try_from(leaf.position).unwrap_or(u64::MAX);
            return VerifyFailure::Entry {
                index: bundle.first_entry().saturating_add(position),
                path: LogPath::Bundle(bundle),
                computed: leaf.computed,
                stored: leaf.stored,
            };
        }
        if let Some(difference) = self.tile_difference {
            return difference.blame_entries_below();
        }
        VerifyFailure::Root { size: checkpoint.size, computed, signed: checkpoint.root }
    }
}

impl Difference {
    fn blame_tile(self) -> VerifyFailure {
        VerifyFailure::Tile {
            path: LogPath::Tile(self.tile),
            position: self.position,
            computed: self.computed,
            stored: self.stored,
        }
    }

    /// The entries under the hash, none of which is known to be right.
    fn blame_entries_below(self) -> VerifyFailure {
        let hash = u64::try_from(self.position)
            .unwrap_or(u64::MAX)
            .saturating_add(self.tile.index.saturating_mul(u64::from(FULL_WIDTH)));
        let under_one_hash = u64::from(FULL_WIDTH).saturating_pow(u32::from(self.tile.level));
        let first = hash.saturating_mul(under_one_hash);
        VerifyFailure::EntryRange {
            first,
            last: first.saturating_add(under_one_hash.saturating_sub(1)),
            path: LogPath::Tile(self.tile),
        }
    }
}

fn first_difference(tile: TileId, computed: &[Hash], stored: &[Hash]) -> Option<Difference> {
    computed
        .iter()
        .zip(stored)
        .enumerate()
        .find(|(_, (computed, stored))| computed != stored)
        .map(|(position, (&computed, &stored))| Difference { tile, position, computed, stored })
}

/// The width of a file's content, if it is the width its name claims.
fn entries_in(path: LogPath, bytes: &[u8]) -> Option<u16> {
    match path {
        LogPath::Checkpoint => None,
        LogPath::Tile(tile) => decode_hashes(bytes, tile.width).ok().map(|_| tile.width),
        LogPath::Bundle(bundle) => decode_bundle(bytes, bundle.width).ok().map(|_| bundle.width),
    }
}
