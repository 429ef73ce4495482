//! Folding acts about directives: from draft to end, and the lists of parties
//! to whom they do not apply.

use std::sync::Arc;

use super::{FoldProblem, State, Touched, missing, repeated, standing, subject};
use crate::act::{Act, Parts, private, public};
use crate::directive::{DirectiveText, Disclosure, ListRows};
use crate::draft::Approvals;
use crate::entry::Entry;
use crate::governed::{Directive, Enacted};
use crate::holder::Life;
use crate::id::DirectiveId;
use crate::time::Time;

impl State {
    pub(super) fn fold_directives(
        &mut self,
        index: u64,
        entry: &Entry,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let id: DirectiveId = subject(entry)?;
        let at = entry.at;
        match &entry.act {
            Act::DirectiveDraft(parts) => self.directive_draft(index, id, entry, parts),
            Act::DirectiveEnact(parts) => self.directive_enact(index, id, entry, parts, touched),
            Act::DirectiveLift(parts) => self.directive_lift(id, at, parts.public.by.as_str().into(), touched),
            Act::DirectiveDrop(_) => {
                let directive = self.directive_mut(id)?;
                if directive.enacted.is_some() || directive.dropped.is_some() {
                    return Err(standing("directive", id, "is not a draft"));
                }
                directive.dropped = Some(at);
                Ok(())
            }
            Act::DirectiveDisclose(parts) => self.directive_disclose(id, at, &parts.public, touched),
            _ => Ok(()),
        }
    }

    fn directive_draft(
        &mut self,
        index: u64,
        id: DirectiveId,
        entry: &Entry,
        parts: &Parts<public::DirectiveDraft, private::DirectiveDraft>,
    ) -> Result<(), FoldProblem> {
        let private = parts.private.as_ref();
        let text = private.map(|private| Arc::new(private.text.clone()));
        let directive = Directive {
            id,
            disclosure: text.as_ref().map_or(Disclosure::Sealed, |text| text.disclosure),
            text,
            lists: private.map(|private| Arc::new(private.lists.clone())),
            source: entry.basis.as_ref().and_then(|basis| basis.source),
            draft: index,
            drafted_by: entry.by.as_str().into(),
            drafted: entry.at,
            approvals: Approvals::new(),
            dropped: None,
            enacted: None,
            life: None,
            ended_by: None,
        };
        match Arc::make_mut(&mut self.directives).insert(id, directive) {
            Some(_) => Err(repeated("directive", id)),
            None => Ok(()),
        }
    }

    fn directive_mut(&mut self, id: DirectiveId) -> Result<&mut Directive, FoldProblem> {
        Arc::make_mut(&mut self.directives).get_mut(&id).ok_or_else(|| missing("directive", id))
    }

    fn directive_enact(
        &mut self,
        index: u64,
        id: DirectiveId,
        entry: &Entry,
        parts: &Parts<public::DirectiveEnact, private::DirectiveEnact>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let at = entry.at;
        let text = enacted_text(parts)?;
        let effective = entry.basis.as_ref().and_then(|basis| basis.effective).unwrap_or(at).max(at);
        let life = Life::since(effective);
        let directive = self.directive_mut(id)?;
        if directive.enacted.is_some() || directive.dropped.is_some() {
            return Err(standing("directive", id, "is not a draft"));
        }
        if directive.draft != parts.public.draft {
            return Err(standing("directive", id, "was drafted at another index than the act says"));
        }
        let lists = parts.private.as_ref().map(|private| Arc::new(private.lists.clone()));
        if lists.is_some() {
            directive.lists.clone_from(&lists);
        }
        directive.text = text.clone().or_else(|| directive.text.take());
        directive.disclosure = parts.public.disclosure;
        directive.life = Some(life);
        directive.enacted = Some(Enacted {
            at,
            act: index,
            by: entry.by.as_str().into(),
            amends: parts.public.amends,
            sealed: parts.public.sealed,
            disclosed: None,
        });
        if let Some(former) = parts.public.amends {
            if former == id {
                return Err(standing("directive", id, "cannot amend itself"));
            }
            self.directive_end(former, effective, id.to_string().into(), touched)?;
        }
        if let (Some(text), Some(lists)) = (text, lists) {
            self.join_directive_lists(&text, &lists, life, touched)?;
        }
        touched.rules = true;
        Ok(())
    }

    fn join_directive_lists(
        &mut self,
        text: &DirectiveText,
        lists: &[ListRows],
        life: Life,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        for exception in &text.except {
            let list: Arc<str> = exception.list_id(&text.id).into();
            let rows = lists.iter().find(|rows| rows.list == exception.list);
            let rows = rows.ok_or_else(|| missing("list", &exception.list))?;
            self.join_list(&list, &rows.parties, life, touched)?;
        }
        Ok(())
    }

    /// Ends a directive at `at`, which may lie ahead (an amendment that takes
    /// effect later).
    fn directive_end(
        &mut self,
        id: DirectiveId,
        at: Time,
        by: Arc<str>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let directive = self.directive_mut(id)?;
        let Some(life) = directive.life.as_mut() else {
            return Err(standing("directive", id, "was never enacted"));
        };
        if life.to.is_some_and(|to| to <= at) {
            return Err(standing("directive", id, "has ended already"));
        }
        life.end(at);
        directive.ended_by = Some(by);
        let text = directive.text.clone();
        for exception in text.iter().flat_map(|text| &text.except) {
            let list = text.as_ref().map(|text| exception.list_id(&text.id)).unwrap_or_default();
            self.leave_list(&list, at, touched);
        }
        touched.rules = true;
        Ok(())
    }

    /// Ends a directive by an authority's word. One that was to replace
    /// another and is lifted before it took effect replaces nothing: the other
    /// stays, or there would come a moment with neither.
    fn directive_lift(
        &mut self,
        id: DirectiveId,
        at: Time,
        by: Arc<str>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let directive = self.directive_mut(id)?;
        let begins = directive.life.map(|life| life.from()).filter(|from| at < *from);
        let amends = directive.enacted.as_ref().and_then(|enacted| enacted.amends);
        self.directive_end(id, at, by, touched)?;
        match (begins, amends) {
            (Some(begins), Some(former)) => self.directive_stays(former, id, begins, touched),
            _ => Ok(()),
        }
    }

    /// Takes back that `id` ends at `end`, where it was `by` which ended it.
    fn directive_stays(
        &mut self,
        id: DirectiveId,
        by: DirectiveId,
        end: Time,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let directive = self.directive_mut(id)?;
        let ended_so = directive.ended_by.as_deref() == Some(by.to_string().as_str());
        let Some(life) = directive.life.as_mut().filter(|life| ended_so && life.to == Some(end)) else {
            return Ok(());
        };
        life.to = None;
        directive.ended_by = None;
        let text = directive.text.clone();
        for exception in text.iter().flat_map(|text| &text.except) {
            let list = text.as_ref().map(|text| exception.list_id(&text.id)).unwrap_or_default();
            self.stay_on_list(&list, end, touched);
        }
        Ok(())
    }

    fn directive_disclose(
        &mut self,
        id: DirectiveId,
        at: Time,
        disclose: &public::DirectiveDisclose,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let field = |why: &str| FoldProblem::Field { field: "public.text", why: why.to_owned() };
        let text = disclose.text.text().map_err(|error| field(&error.to_string()))?;
        let directive = self.directive_mut(id)?;
        let Some(enacted) = directive.enacted.as_mut() else {
            return Err(standing("directive", id, "was never enacted"));
        };
        if enacted.sealed.is_none() || enacted.sealed != disclose.text.commitment() {
            return Err(field("it is not the text that was sealed at enactment"));
        }
        enacted.disclosed = Some(at);
        directive.text = Some(Arc::new(text));
        directive.disclosure = Disclosure::Public;
        // Who folds without private parts learns only now what it forbids.
        touched.rules = true;
        Ok(())
    }
}

/// The text an enactment carries: in the open, or under a seal that its
/// commitment must fit.
fn enacted_text(
    parts: &Parts<public::DirectiveEnact, private::DirectiveEnact>,
) -> Result<Option<Arc<DirectiveText>>, FoldProblem> {
    let field = |field, why: &str| FoldProblem::Field { field, why: why.to_owned() };
    if let Some(text) = &parts.public.text {
        return Ok(Some(Arc::new(text.clone())));
    }
    let Some(commitment) = parts.public.sealed else {
        return Err(field("public.sealed", "a directive without public text needs a commitment to it"));
    };
    let Some(sealed) = parts.private.as_ref().and_then(|private| private.text.as_ref()) else {
        return Ok(None);
    };
    if sealed.commitment() != Some(commitment) {
        return Err(field("private.text", "it is not the text committed to"));
    }
    sealed.text().map(|text| Some(Arc::new(text))).map_err(|error| field("private.text", &error.to_string()))
}
