//! Where each file of a log lies: `checkpoint`, `tile/<L>/<N>[.p/<W>]` and
//! `tile/entries/<N>[.p/<W>]`, with N in groups of three digits.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{BundleId, FULL_WIDTH, TileId};
use crate::checkpoint::parse_decimal;

/// Highest tile level a path may name.
pub(super) const MAX_LEVEL: u8 = 63;

const GROUP_DIGITS: usize = 3;
const GROUP_BASE: u64 = 1000;

/// One file of a log. `Display` writes its path and `FromStr` reads exactly
/// what `Display` writes, so a path from the network names a tile or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogPath {
    /// The latest signed checkpoint: the only file that changes.
    Checkpoint,
    /// A hash tile.
    Tile(TileId),
    /// An entry bundle.
    Bundle(BundleId),
}

/// The path names no file of a log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path:?} is no path of a tiled log (c2sp.org/tlog-tiles)")]
pub struct PathError {
    /// What was asked for.
    pub path: String,
}

impl LogPath {
    /// Whether the file never changes once it is there.
    pub fn is_immutable(&self) -> bool {
        *self != Self::Checkpoint
    }

    /// The tile or bundle of the same place with another width, 1 to 256; the
    /// checkpoint stays the checkpoint.
    pub(crate) fn with_width(self, width: u16) -> Self {
        match self {
            Self::Checkpoint => self,
            Self::Tile(tile) => Self::Tile(TileId { width, ..tile }),
            Self::Bundle(bundle) => Self::Bundle(BundleId { width, ..bundle }),
        }
    }

    /// The full tile or bundle of the same place.
    pub(crate) fn with_full_width(self) -> Self {
        self.with_width(FULL_WIDTH)
    }
}

impl fmt::Display for LogPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Checkpoint => return formatter.write_str("checkpoint"),
            Self::Tile(tile) => {
                write!(formatter, "tile/{}/", tile.level)?;
                (tile.index, tile.width)
            }
            Self::Bundle(bundle) => {
                formatter.write_str("tile/entries/")?;
                (bundle.index, bundle.width)
            }
        };
        formatter.write_str(&index_groups(index))?;
        if width == FULL_WIDTH {
            return Ok(());
        }
        write!(formatter, ".p/{width}")
    }
}

impl FromStr for LogPath {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        parse(path).filter(|parsed| parsed.to_string() == path).ok_or_else(|| PathError { path: path.to_owned() })
    }
}

/// 1234067 becomes `x001/x234/067`.
fn index_groups(index: u64) -> String {
    let mut groups = format!("{:03}", index % GROUP_BASE);
    let mut rest = index / GROUP_BASE;
    while rest > 0 {
        groups = format!("x{:03}/{groups}", rest % GROUP_BASE);
        rest /= GROUP_BASE;
    }
    groups
}

/// Lenient about padding; the caller compares with the one right spelling.
fn parse(path: &str) -> Option<LogPath> {
    if path == "checkpoint" {
        return Some(LogPath::Checkpoint);
    }
    let (kind, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let (groups, width) = match place.split_once(".p/") {
        Some((groups, width)) => (groups, parse_partial_width(width)?),
        None => (place, FULL_WIDTH),
    };
    let index = parse_index(groups)?;
    if kind == "entries" {
        return Some(LogPath::Bundle(BundleId { index, width }));
    }
    let level = parse_decimal(kind).and_then(|level| u8::try_from(level).ok()).filter(|&level| level <= MAX_LEVEL)?;
    Some(LogPath::Tile(TileId { level, index, width }))
}

fn parse_partial_width(text: &str) -> Option<u16> {
    let width = u16::try_from(parse_decimal(text)?).ok()?;
    (1..FULL_WIDTH).contains(&width).then_some(width)
}

fn parse_index(groups: &str) -> Option<u64> {
    groups.split('/').try_fold(0_u64, |index, group| {
        let digits = group.strip_prefix('x').unwrap_or(group);
        if digits.len() != GROUP_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        index.checked_mul(GROUP_BASE)?.checked_add(digits.parse().ok()?)
    })
}
