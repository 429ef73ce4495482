//! Whether erasing acts name what they erased as it was. The fold forgets what
//! they name, so one that calls a claim a key would make a log fold to
//! something else than it did before.

use weir_acts::act::{Act, Erased};
use weir_acts::entry::Entry;
use weir_acts::state::erasable;
use weir_tlog::proof::{check_inclusion, prove_inclusion};
use weir_tlog::source::read_bundle;
use weir_tlog::tile::FULL_WIDTH;
use weir_tlog::{BundleId, LogSource, TileHashes, Verified, VerifyFailure, leaf_hash};

use super::refold::Problem;

/// An erasing act, and one of the parts it erased.
pub(super) type Said = (u64, Erased);

/// The first of `said` that is not so. The acts are read a second time, each
/// held against the root that was verified.
pub(super) fn first_wrong(
    source: &dyn LogSource,
    verified: &Verified,
    mut said: Vec<Said>,
) -> Result<Option<Problem>, VerifyFailure> {
    let checkpoint = &verified.checkpoint;
    let hashes = TileHashes::new(source, checkpoint.size);
    said.sort_by_key(|(_, erased)| erased.act);
    let mut read: Option<(u64, Vec<Vec<u8>>)> = None;
    let mut first: Option<Problem> = None;
    for (by, erased) in said {
        let (index, place) = (erased.act / u64::from(FULL_WIDTH), erased.act % u64::from(FULL_WIDTH));
        if read.as_ref().is_none_or(|(at_hand, _)| *at_hand != index) {
            let Some(bundle) = BundleId::in_tree(index, checkpoint.size) else { continue };
            read = Some((index, read_bundle(source, bundle)?));
        }
        let entries = read.as_ref().map_or(&[][..], |(_, entries)| entries);
        let Some(bytes) = usize::try_from(place).ok().and_then(|place| entries.get(place)) else { continue };
        let proved = prove_inclusion(&hashes, erased.act, checkpoint.size)
            .and_then(|proof| check_inclusion(leaf_hash(bytes), erased.act, checkpoint.size, checkpoint.root, &proof));
        let why = match proved {
            Err(error) => Some(format!("act {}, which it erases, changed while it was read: {error}", erased.act)),
            Ok(()) => mistake(bytes, &erased),
        };
        let problem = why.map(|why| Problem { act: by, why });
        first = first.into_iter().chain(problem).min_by_key(|problem| problem.act);
    }
    Ok(first)
}

/// Why the act in `bytes` is not as `erased` says.
fn mistake(bytes: &[u8], erased: &Erased) -> Option<String> {
    let entry = match Entry::read(bytes, None) {
        Ok(entry) => entry,
        Err(error) => return Some(format!("act {}, which it erases, cannot be read: {error}", erased.act)),
    };
    let is_so = match (&entry.act, erased.row()) {
        // Whom a row is about only those know who were given it.
        (Act::PartyImport(parts), Some(row)) => row.is_ok_and(|(_, row)| row < parts.public.rows),
        (_, Some(_)) => false,
        (_, None) => erasable(erased.act, &entry).as_ref() == Some(erased),
    };
    let told = || {
        let said: String = format!("a `{}` of {}", erased.kind, erased.id).chars().take(128).collect();
        format!("it erases act {} as {said}, but that is a `{}` about {}", erased.act, entry.act.kind(), entry.subject)
    };
    (!is_so).then(told)
}
