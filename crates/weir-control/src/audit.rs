//! Checking a log without asking whoever runs it. A stranger with the public
//! log checks signatures, tree, authorship and rules; an auditor given
//! openings folds what they open and computes every decision again.
//!
//! The hashes are never skipped: an act of a kind this version does not know
//! stops the refold by name, and the tree is checked to its end all the same.

mod authority;
mod bundle;
mod decisions;
mod export;
mod keys;
mod refold;
mod report;
mod rows;
mod segments;

use weir_tlog::verify::verify_log_of_any;
use weir_tlog::{Checkpoint, LogSource, VerifierKey, VerifyFailure, verify_consistency};

pub use bundle::{Bundle, BundleError, DecisionLine, Opening, open_bundle};
pub use decisions::{Differing, Explained, RuleBehind};
pub use export::{Export, export_bundle};
pub use refold::Problem;
pub use report::{Decisions, NamedKey, Refold, Report, WitnessFound};
pub use segments::{RecordsFolder, Segments, WrongSegment};

use crate::service::Control;
use refold::Refolder;

/// Checks the log at `source` against `key`, or a key that it led to by its own
/// word; `is_pinned` says whether the key
/// came from elsewhere than the log itself. With a `bundle` its openings are
/// folded and its decisions computed again; the log must extend every
/// checkpoint of `since`, which must be opened with the same key. Files of
/// `records` are held against what sealed them. The decision named by `explain`
/// is told rule by rule.
///
/// # Errors
/// When the signed tree is not what the checkpoint says, or cannot be read.
/// What is wrong with acts or decisions is in the report.
#[allow(clippy::too_many_arguments, reason = "each is one thing an auditor may or may not have")]
pub fn verify(
    source: &dyn LogSource,
    key: &VerifierKey,
    is_pinned: bool,
    bundle: Option<&Bundle>,
    since: &[Checkpoint],
    records: Option<&RecordsFolder>,
    explain: Option<&str>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, VerifyFailure> {
    let keys = keys::led_to(source, key)?;
    let mut refolder = Refolder::new(key, bundle, explain);
    let verified = verify_log_of_any(
        source,
        &keys,
        &mut |index, bytes| {
            refolder.take(index, bytes);
            Ok(())
        },
        progress,
    )?;
    for older in since {
        verify_consistency(source, older, &verified.checkpoint)?;
    }
    let since = since.iter().map(|checkpoint| checkpoint.size).collect();
    // The new key may be the one given and the old one the one that is named
    // last, or the other way round; either signs for what it was named for.
    let named: Vec<VerifierKey> = refolder.keys().chain(&keys).cloned().collect();
    let signed_by = keys::signed_by(source, &named)?;
    Ok(refolder.report(&verified, is_pinned, since, &signed_by, records))
}

/// Holds the files of records in a running server's own folder against the
/// acts that sealed them. Reads all of them.
pub fn check_records(control: &Control) -> Segments {
    let folder = RecordsFolder { dir: control.dir().to_owned(), is_whole: true };
    segments::check(&control.published().state, Some(&folder), None)
}

#[cfg(test)]
mod tests;
