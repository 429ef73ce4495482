//! What waits for consent: a command that the rules of authority allow only
//! with approvals is written down first, approved by others, and carried out
//! in the same transaction as the approval that suffices.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::Digest;
use crate::entry::Approval;
use crate::governed::Operator;
use crate::id::{DraftId, OperatorId};
use crate::time::Time;

/// Who consented to a draft, and the digest of what each was shown.
pub type Approvals = BTreeMap<OperatorId, Digest>;

/// A change written down and not yet done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: DraftId,
    /// The verb of the command, such as `rules.set`.
    pub command: Arc<str>,
    /// The command as JSON; none where withheld or erased.
    pub with: Option<Arc<str>>,
    /// Who wants it done, and does it once it is approved.
    pub by: Arc<str>,
    /// When it was written down.
    pub drafted: Time,
    /// Who consented.
    pub approvals: Approvals,
    /// When it was carried out or dropped, and which.
    pub closed: Option<(Time, Closing)>,
}

/// How a draft ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Its change was made.
    CarriedOut,
    /// It was thrown away.
    Dropped,
}

impl Draft {
    /// What an approval says it saw: SHA-256 of the verb, a line feed and the
    /// command's JSON.
    pub fn digest(&self) -> Option<Digest> {
        let with = self.with.as_ref()?;
        Some(Digest::of_parts(&[self.command.as_bytes(), b"\n", with.as_bytes()]))
    }

    /// Where it stands, in one word or two.
    pub const fn status(&self) -> &'static str {
        match self.closed {
            None => "waits for approval",
            Some((_, Closing::CarriedOut)) => "carried out",
            Some((_, Closing::Dropped)) => "dropped",
        }
    }
}

/// The approvals that count at `at` for an act by `by`: those of others who
/// are operators then, in the order of their ids.
pub fn counting(
    approvals: &Approvals,
    operators: &BTreeMap<OperatorId, Operator>,
    by: &str,
    at: Time,
) -> Vec<Approval> {
    let holds = |id: &OperatorId| operators.get(id).is_some_and(|operator| operator.life.holds(at));
    approvals
        .iter()
        .filter(|(id, _)| holds(id))
        .map(|(id, saw)| Approval { by: id.to_string(), saw: *saw })
        .filter(|approval| approval.by != by)
        .collect()
}
