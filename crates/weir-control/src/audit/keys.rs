//! Which keys of a log somebody may trust who trusts one of them: those that
//! it, or one that it led to, said would take over.

use weir_acts::act::Act;
use weir_acts::entry::Entry;
use weir_tlog::source::read_bundle;
use weir_tlog::{
    BundleId, Checkpoint, KeyChange, LogPath, LogSource, NoteError, SignedNote, VerifierKey, VerifyFailure,
};

/// The keys that `key` leads to in the log at `source`, itself first. The log
/// is read for it only where `key` did not sign the checkpoint; each step rests
/// on the signature of the key before, not on the log.
pub(super) fn led_to(source: &dyn LogSource, key: &VerifierKey) -> Result<Vec<VerifierKey>, VerifyFailure> {
    let mut trusted = vec![key.clone()];
    let Some(bytes) = source.read(LogPath::Checkpoint)? else { return Ok(trusted) };
    let Ok(note) = SignedNote::parse(&bytes) else { return Ok(trusted) };
    let Err(NoteError::NoKnownSignature { .. }) = note.verify(&trusted) else { return Ok(trusted) };
    let Ok(checkpoint) = Checkpoint::parse(note.text()) else { return Ok(trusted) };
    if checkpoint.origin != key.name() {
        return Ok(trusted);
    }
    for index in 0.. {
        let Some(bundle) = BundleId::in_tree(index, checkpoint.size) else { break };
        for bytes in read_bundle(source, bundle)? {
            let Some(change) = change_of(&bytes) else { continue };
            if trusted.last() == Some(&change.old) {
                trusted.push(change.new);
            }
        }
    }
    Ok(trusted)
}

/// The change of keys in an entry, where it is one.
fn change_of(bytes: &[u8]) -> Option<KeyChange> {
    // Most entries are told from it without being read.
    bytes.windows(KIND.len()).any(|window| window == KIND).then_some(())?;
    match Entry::read(bytes, None).ok()?.act {
        Act::LogKey(parts) => KeyChange::open(&parts.public.statement).ok(),
        _ => None,
    }
}

const KIND: &[u8] = b"\"log.key\"";

/// Those of `keys` that signed the log's checkpoint.
pub(super) fn signed_by(source: &dyn LogSource, keys: &[VerifierKey]) -> Result<Vec<VerifierKey>, VerifyFailure> {
    let bytes = source.read(LogPath::Checkpoint)?.ok_or(VerifyFailure::NoCheckpoint)?;
    let note = SignedNote::parse(&bytes).map_err(|error| VerifyFailure::Checkpoint(error.into()))?;
    Ok(note.verify(keys).map(|keys| keys.into_iter().cloned().collect()).unwrap_or_default())
}
