//! Checking a log without asking whoever runs it. A stranger with the public
//! log checks signatures, tree, authorship and rules; an auditor given
//! openings folds what they open and computes every decision again.
//!
//! The hashes are never skipped: an act of a kind this version does not know
//! stops the refold by name, and the tree is checked to its end all the same.

mod authority;
mod bundle;
mod decisions;
mod erased;
mod exchanges;
mod export;
mod keys;
mod refold;
mod report;
mod rows;
mod segments;

use weir_tlog::verify::verify_log_of_any;
use weir_tlog::{Checkpoint, LogSource, VerifierKey, VerifyFailure, verify_consistency};

pub use bundle::{Bundle, BundleError, DecisionLine, Opening, open_bundle};
pub use exchanges::ExchangeFiles;
pub use decisions::{Differing, Explained, RuleBehind};
pub use export::{Export, export_bundle};
pub use refold::Problem;
pub use report::{Decisions, NamedKey, Refold, Report, WitnessFound};
pub use segments::{RecordsFolder, Segments, WrongSegment};

use crate::service::Control;
use refold::Refolder;

/// What an auditor has beside a log.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// The key that signed it, or one that it led to by its own word.
    pub key: &'a VerifierKey,
    /// Whether the key came from elsewhere than the log itself.
    pub is_pinned: bool,
    /// Openings, which are folded, and decisions, which are computed again.
    pub bundle: Option<&'a Bundle>,
    /// Checkpoints, opened with the same key, that it must extend.
    pub since: &'a [Checkpoint],
    /// Files of records, which are held against what sealed them.
    pub records: Option<&'a RecordsFolder>,
    /// A decision to be told rule by rule.
    pub explain: Option<&'a str>,
}

impl<'a> Check<'a> {
    /// The check of whoever has the key and nothing else.
    pub fn with_key(key: &'a VerifierKey) -> Check<'a> {
        Check { key, is_pinned: true, bundle: None, since: &[], records: None, explain: None }
    }
}

/// Checks the log at `source`. `progress` is told how many acts of how many
/// are done.
///
/// # Errors
/// When the signed tree is not what the checkpoint says, or cannot be read.
/// What is wrong with acts or decisions is in the report.
pub fn verify(
    source: &dyn LogSource,
    check: &Check<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, VerifyFailure> {
    let keys = keys::led_to(source, check.key)?;
    let mut refolder = Refolder::new(check.key, check.bundle, check.explain);
    let verified = verify_log_of_any(
        source,
        &keys,
        &mut |index, bytes| {
            refolder.take(index, bytes);
            Ok(())
        },
        progress,
    )?;
    let erasures = refolder.take_erasures();
    refolder.found_wrong(erased::first_wrong(source, &verified, erasures)?);
    for older in check.since {
        verify_consistency(source, older, &verified.checkpoint)?;
    }
    let since = check.since.iter().map(|checkpoint| checkpoint.size).collect();
    // The new key may be the one given and the old one the one that is named
    // last, or the other way round; either signs for what it was named for.
    let named: Vec<VerifierKey> = refolder.keys().chain(&keys).cloned().collect();
    let signed_by = keys::signed_by(source, &named)?;
    Ok(refolder.report(&verified, check.is_pinned, since, &signed_by, check.records))
}

/// Holds the files of records in a running server's own folder against the
/// acts that sealed them. Reads all of them.
pub fn check_records(control: &Control) -> Segments {
    let folder = RecordsFolder { dir: control.dir().to_owned(), is_whole: true };
    segments::check(&control.published().state, Some(&folder), None)
}

#[cfg(test)]
mod tests;
