//! Folding what the database holds, from the first act to the last. Every
//! leaf is computed again from its bytes and the tree from the leaves, so that
//! a damaged database is found before it governs anything.

use weir_acts::act::Act;
use weir_acts::entry::Entry;
use weir_acts::state::State;
use weir_store::{Private, Store, StoredEntry};
use weir_tlog::{Frontier, leaf_hash};

use super::{BootError, rows};

/// How many acts are read at a time.
const ACTS_AT_A_TIME: usize = 4_096;

/// Folds the database from where `begun` ends, which for a whole fold is the
/// beginning.
pub(super) fn fold(
    store: &dyn Store,
    begun: (State, Frontier),
    progress: &dyn Fn(u64, u64),
) -> Result<(State, Frontier), BootError> {
    let head = store.head()?;
    let (mut state, mut frontier) = begun;
    while frontier.size() < head.size {
        let entries = store.entries(frontier.size(), ACTS_AT_A_TIME)?;
        if entries.is_empty() {
            break;
        }
        for stored in entries {
            let leaf = leaf_hash(&stored.bytes);
            if leaf.0 != stored.leaf {
                return Err(BootError::Leaf { index: stored.index });
            }
            frontier.push(leaf);
            let entry = read(&stored)?;
            match &entry.act {
                Act::PartyImport(parts) => {
                    let import = rows::fold(store, stored.index, &entry, &parts.public, state.clone())?;
                    state.apply_import(&entry, &import)?;
                }
                _ => drop(state.apply(&entry)?),
            }
        }
        progress(frontier.size(), head.size);
    }
    if frontier.size() != head.size || frontier.root().0 != head.root {
        return Err(BootError::Root { size: frontier.size() });
    }
    Ok((state, frontier))
}

/// Reads a stored act with its private part, where that is still there.
pub(crate) fn read(stored: &StoredEntry) -> Result<Entry, BootError> {
    let private = match &stored.private {
        Private::Kept(part) => Some((&part.salt, part.bytes.as_slice())),
        Private::None | Private::Erased => None,
    };
    Entry::read(&stored.bytes, private).map_err(|why| BootError::Entry { index: stored.index, why })
}
