//! Folding drafts: what waits for approval, who consented, how it ended; and
//! that an act claims no consent that the log does not hold.

use std::sync::Arc;

use super::{FoldProblem, State, missing, repeated, standing, subject};
use crate::act::{Act, Parts, private, public};
use crate::draft::{Approvals, Closing, Draft};
use crate::entry::{Approval, Entry};
use crate::id::{DirectiveId, DraftId, OperatorId};

impl State {
    pub(super) fn fold_drafts(&mut self, entry: &Entry) -> Result<(), FoldProblem> {
        match &entry.act {
            Act::DraftAdd(parts) => self.draft_add(subject(entry)?, entry, parts),
            Act::DraftApprove(parts) => {
                let by: OperatorId = entry.by.parse().map_err(|_| FoldProblem::Author { by: entry.by.clone() })?;
                let approvals = self.approvals_mut(entry)?;
                match approvals.insert(by, parts.public.saw) {
                    Some(_) => Err(standing("draft", &entry.subject, "has this operator's approval already")),
                    None => Ok(()),
                }
            }
            Act::DraftClose(parts) => {
                let draft = self.open_draft(subject(entry)?)?;
                let how = if parts.public.carried_out { Closing::CarriedOut } else { Closing::Dropped };
                draft.closed = Some((entry.at, how));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn draft_add(
        &mut self,
        id: DraftId,
        entry: &Entry,
        parts: &Parts<public::DraftAdd, private::DraftAdd>,
    ) -> Result<(), FoldProblem> {
        let draft = Draft {
            id,
            command: parts.public.command.as_str().into(),
            with: parts.private.as_ref().map(|private| private.with.as_str().into()),
            by: entry.by.as_str().into(),
            drafted: entry.at,
            approvals: Approvals::new(),
            closed: None,
        };
        match Arc::make_mut(&mut self.drafts).insert(id, draft) {
            Some(_) => Err(repeated("draft", id)),
            None => Ok(()),
        }
    }

    fn open_draft(&mut self, id: DraftId) -> Result<&mut Draft, FoldProblem> {
        let draft = Arc::make_mut(&mut self.drafts).get_mut(&id).ok_or_else(|| missing("draft", id))?;
        match draft.closed {
            None => Ok(draft),
            Some(_) => Err(standing("draft", id, "has ended already")),
        }
    }

    /// The approvals of the draft or drafted directive that `entry` is about.
    fn approvals_mut(&mut self, entry: &Entry) -> Result<&mut Approvals, FoldProblem> {
        if let Ok(id) = entry.subject.parse::<DraftId>() {
            let draft = self.open_draft(id)?;
            if *draft.by == *entry.by {
                return Err(standing("draft", id, "is this operator's own"));
            }
            return Ok(&mut draft.approvals);
        }
        let id: DirectiveId = subject(entry)?;
        let directive = Arc::make_mut(&mut self.directives).get_mut(&id).ok_or_else(|| missing("directive", id))?;
        if directive.enacted.is_some() || directive.dropped.is_some() {
            return Err(standing("directive", id, "is not a draft"));
        }
        if *directive.drafted_by == *entry.by {
            return Err(standing("directive", id, "is this operator's own"));
        }
        Ok(&mut directive.approvals)
    }

    /// Whether every consent that `entry` names was given before it.
    pub(super) fn check_approvals(&self, entry: &Entry) -> Result<(), FoldProblem> {
        let given = |approval: &Approval| {
            let by = approval.by.parse::<OperatorId>().ok()?;
            let drafts = self.drafts.values().map(|draft| &draft.approvals);
            let directives = self.directives.values().map(|directive| &directive.approvals);
            drafts.chain(directives).find(|approvals| approvals.get(&by) == Some(&approval.saw))
        };
        match entry.approvals.iter().find(|approval| given(approval).is_none()) {
            None => Ok(()),
            Some(approval) => {
                let why = format!("`{}` approved no draft with the digest {}", approval.by, approval.saw);
                Err(FoldProblem::Field { field: "approvals", why })
            }
        }
    }
}

#[cfg(test)]
mod tests;
