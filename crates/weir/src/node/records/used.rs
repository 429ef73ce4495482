//! Which assertions about persons were used up before this start, as the records
//! tell.

use std::path::Path;

use anyhow::Result;
use weir_acts::{State, Time};
use weir_exchange::UsedAssertion;
use weir_store::segment::{find, segments};

/// Assertions hold an hour at most; twice that is long ago, whatever the
/// issuer's clock says.
const LONGEST_HELD: i64 = 2 * 3_600 * 1_000;

/// Assertions that were used and still hold, of those that hold once, as the
/// records tell. Read only where an issuer's do.
pub(in crate::node) fn used_assertions(dir: &Path, state: &State, now: Time) -> Result<Vec<UsedAssertion>> {
    let mut used = Vec::new();
    if !state.issuers.values().any(|issuer| issuer.single_use) {
        return Ok(used);
    }
    let long_ago = now.plus_millis(-LONGEST_HELD);
    for segment in segments(dir)?.into_iter().rev() {
        if state.segments.get(&segment.number).is_some_and(|sealed| sealed.at < long_ago) {
            break;
        }
        find(dir, segment.number, |line| {
            // Most lines tell of none, and are not read further.
            if std::str::from_utf8(line).is_ok_and(|line| line.contains("\"assertion\":{")) {
                let told = serde_json::from_slice::<Told>(line).ok();
                used.extend(told.map(|told| told.assertion).filter(|assertion| now < assertion.expires));
            }
            None::<()>
        })?;
    }
    Ok(used)
}

#[derive(serde::Deserialize)]
struct Told {
    assertion: UsedAssertion,
}
