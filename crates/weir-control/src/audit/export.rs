//! What an auditor of a stretch of time is given: the openings without which
//! its decisions cannot be computed, and the records of those decisions.

use std::collections::BTreeSet;

use weir_acts::Time;
use weir_acts::state::{Holder, State};

use super::bundle::{MOST_DECISIONS, Scope, openings, records};
use crate::refusal::Refusal;
use crate::service::Control;

/// The stretch of time and the subject of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export {
    /// The first moment.
    pub from: Time,
    /// The first moment after it.
    pub to: Time,
    /// About whom; none for everybody.
    pub subject: Option<Holder>,
}

/// The bundle of an export. Openings are of the whole log up to now: a
/// decision rests on everything before it.
///
/// # Errors
/// When the times are the wrong way round, there are more decisions than one
/// bundle holds, or the database or the records cannot be read.
pub fn export_bundle(control: &Control, state: &State, export: &Export) -> Result<Vec<u8>, Refusal> {
    if export.to <= export.from {
        return Err(Refusal::invalid("`to` must be after `from`"));
    }
    let (subjects, accounts) = match export.subject {
        None => (None, None),
        Some(holder) => {
            let (subjects, accounts) = super::bundle::about(state, holder);
            let accounts: BTreeSet<String> = accounts.iter().map(ToString::to_string).collect();
            (Some(subjects), Some(accounts))
        }
    };
    let mut bundle = Vec::new();
    openings(control, &subjects.map_or(Scope::Everything, Scope::About), &mut bundle)?;
    let found = control.decisions_between(export.from, export.to, accounts.as_ref(), MOST_DECISIONS + 1)?;
    if found.len() > MOST_DECISIONS {
        return Err(Refusal::invalid(format!(
            "there are more than {MOST_DECISIONS} decisions in that time: export a shorter one, or one subject"
        )));
    }
    let holders: BTreeSet<Holder> = match export.subject {
        Some(holder) => [holder].into(),
        None => found.iter().filter_map(|record| record.told["account"].as_str()?.parse().ok()).collect(),
    };
    super::bundle::rows(control, state, &holders, &mut bundle)?;
    records(state, control, found, &mut bundle)?;
    Ok(bundle)
}
