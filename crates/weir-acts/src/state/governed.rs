//! Folding acts about rules, models, stages, directives and operators.

use std::sync::Arc;

use super::{FoldProblem, State, Touched, missing, repeated, standing, subject};
use crate::act::{Act, Parts, private, public};
use crate::directive::{DirectiveText, Disclosure, ListRows};
use crate::entry::Entry;
use crate::governed::{ClaimKind, Directive, Enacted, Model, Operator, Rule, StageSpan, Token};
use crate::holder::{Life, Membership};
use crate::id::{DirectiveId, OperatorId, PartyId};
use crate::time::Time;

impl State {
    pub(super) fn fold_governed(
        &mut self,
        index: u64,
        entry: &Entry,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let at = entry.at;
        match &entry.act {
            Act::RulesSet(parts) => self.rules_set(at, &parts.public, touched),
            Act::ClaimDeclare(parts) => {
                let name: Arc<str> = parts.public.claim.as_str().into();
                if self.kinds.contains_key(&name) {
                    return Err(repeated("claim kind", name));
                }
                let kind =
                    ClaimKind { value_type: parts.public.r#type, describes: parts.public.describes, since: at };
                Arc::make_mut(&mut self.kinds).insert(name, kind);
                touched.rules = true;
                Ok(())
            }
            Act::OperatorAdd(parts) => self.operator_add(subject(entry)?, at, parts),
            Act::OperatorRevoke(_) => {
                self.operator_mut(entry, at)?.life.end(at);
                Ok(())
            }
            Act::TokenIssue(parts) => {
                let digest = parts.private.as_ref().map(|private| private.digest);
                let token = Token { digest, life: Life::since(at) };
                match self.operator_mut(entry, at)?.tokens.insert(parts.public.token, token) {
                    Some(_) => Err(repeated("token", parts.public.token)),
                    None => Ok(()),
                }
            }
            Act::TokenRevoke(parts) => {
                let operator = self.operator_mut(entry, at)?;
                for id in &parts.public.tokens {
                    operator.tokens.get_mut(id).ok_or_else(|| missing("token", id))?.life.end(at);
                }
                Ok(())
            }
            Act::ModelAdd(parts) => self.model_add(entry, parts, touched),
            Act::ModelRetire(_) => {
                let model = self.model_mut(&entry.subject, at)?;
                model.life.end(at);
                touched.rules = true;
                Ok(())
            }
            Act::StageSet(parts) => self.stage_set(index, entry, parts, touched),
            Act::DirectiveDraft(parts) => self.directive_draft(index, entry, parts),
            Act::DirectiveEnact(parts) => self.directive_enact(index, entry, parts, touched),
            Act::DirectiveLift(parts) => {
                let id: DirectiveId = subject(entry)?;
                self.directive_end(id, at, parts.public.by.as_str().into(), touched)
            }
            Act::DirectiveDrop(_) => {
                let id = subject(entry)?;
                let directive = self.directive_mut(id)?;
                if directive.enacted.is_some() || directive.dropped.is_some() {
                    return Err(standing("directive", id, "is not a draft"));
                }
                directive.dropped = Some(at);
                Ok(())
            }
            Act::DirectiveDisclose(parts) => self.directive_disclose(subject(entry)?, at, &parts.public),
            _ => Ok(()),
        }
    }

    fn rules_set(&mut self, at: Time, set: &public::RulesSet, touched: &mut Touched) -> Result<(), FoldProblem> {
        let pending = Arc::make_mut(&mut self.pending_rules);
        if set.part != pending.parts + 1 || set.of < set.part {
            let why = format!("part {} of {} does not follow part {}", set.part, set.of, pending.parts);
            return Err(FoldProblem::Field { field: "public.part", why });
        }
        pending.parts += 1;
        pending.policies.extend(set.policies.iter().cloned());
        pending.removed.extend(set.removed.iter().cloned());
        if set.part < set.of {
            return Ok(());
        }
        let complete = std::mem::take(pending);
        let rules = Arc::make_mut(&mut self.rules);
        for id in &complete.removed {
            let rule = rules.get_mut(id.as_str()).ok_or_else(|| missing("rule", id))?;
            if !rule.life.holds(at) {
                return Err(standing("rule", id, "is not in force"));
            }
            rule.life.end(at);
        }
        for policy in complete.policies {
            let rule = Rule { cedar: policy.cedar.as_str().into(), life: Life::since(at) };
            if rules.insert(policy.id.as_str().into(), rule).is_some() {
                return Err(standing("rule", policy.id, "was used before; a rule id is never reused"));
            }
        }
        touched.rules = true;
        Ok(())
    }

    fn operator_add(
        &mut self,
        id: OperatorId,
        at: Time,
        parts: &Parts<public::OperatorAdd, private::OperatorAdd>,
    ) -> Result<(), FoldProblem> {
        let operator = Operator {
            id,
            name: parts.private.as_ref().map(|private| private.name.as_str().into()),
            roles: parts.public.roles.clone(),
            life: Life::since(at),
            tokens: Default::default(),
        };
        match Arc::make_mut(&mut self.operators).insert(id, operator) {
            Some(_) => Err(repeated("operator", id)),
            None => Ok(()),
        }
    }

    fn operator_mut(&mut self, entry: &Entry, at: Time) -> Result<&mut Operator, FoldProblem> {
        let id: OperatorId = subject(entry)?;
        let operator =
            Arc::make_mut(&mut self.operators).get_mut(&id).ok_or_else(|| missing("operator", id))?;
        if !operator.life.holds(at) {
            return Err(standing("operator", id, "is revoked"));
        }
        Ok(operator)
    }

    fn model_add(
        &mut self,
        entry: &Entry,
        parts: &Parts<public::ModelAdd, private::ModelAdd>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let public = &parts.public;
        let name: Arc<str> = public.model.as_str().into();
        if let Some(previous) = &public.previous
            && !self.models.contains_key(previous.as_str())
        {
            return Err(missing("model", previous));
        }
        let private = parts.private.as_ref();
        let model = Model {
            id: subject(entry)?,
            name: Arc::clone(&name),
            upstream: private.map(|private| private.upstream.as_str().into()),
            credential: private.and_then(|private| private.credential.as_deref()).map(Into::into),
            previous: public.previous.as_deref().map(Into::into),
            weights: public.weights,
            max_output: public.max_output,
            life: Life::since(entry.at),
            stages: Vec::new(),
        };
        let models = Arc::make_mut(&mut self.models);
        if models.values().any(|other| other.id == model.id) || models.insert(Arc::clone(&name), model).is_some() {
            return Err(repeated("model", name));
        }
        touched.rules = true;
        Ok(())
    }

    fn model_mut(&mut self, id: &str, at: Time) -> Result<&mut Model, FoldProblem> {
        let model = Arc::make_mut(&mut self.models)
            .values_mut()
            .find(|model| model.id.to_string() == id)
            .ok_or_else(|| missing("model", id))?;
        if !model.life.holds(at) {
            return Err(standing("model", id, "is retired"));
        }
        Ok(model)
    }

    fn stage_set(
        &mut self,
        index: u64,
        entry: &Entry,
        parts: &Parts<public::StageSet, private::StageSet>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let at = entry.at;
        let rows = parts.private.as_ref().and_then(|private| private.list.clone());
        let model = self.model_mut(&entry.subject, at)?;
        let former = model.stages.last().and_then(|span| span.list.clone());
        let list: Option<Arc<str>> =
            parts.public.list.map(|_| format!("stage/{}/{index}", model.name).into());
        model.stages.push(StageSpan { from: at, stage: parts.public.stage, list: list.clone() });
        if let Some(former) = former {
            self.leave_list(&former, at, touched);
        }
        if let (Some(list), Some(rows)) = (list, rows) {
            self.join_list(&list, &rows.parties, Life::since(at), touched)?;
        }
        touched.rules = true;
        Ok(())
    }

    fn join_list(
        &mut self,
        list: &Arc<str>,
        parties: &[PartyId],
        life: Life,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        for id in parties {
            self.party_mut(*id)?.lists.push(Membership { list: Arc::clone(list), life });
            touched.parties.insert(*id);
        }
        Ok(())
    }

    /// Ends every membership of `list`. Looks at every party: lists end with
    /// stages and directives, which is rare.
    fn leave_list(&mut self, list: &str, at: Time, touched: &mut Touched) {
        let members: Vec<PartyId> = self
            .parties
            .iter()
            .filter(|(_, party)| party.lists.iter().any(|membership| &*membership.list == list))
            .map(|(id, _)| *id)
            .collect();
        for id in members {
            if let Some(party) = self.parties.get_mut(&id).map(Arc::make_mut) {
                party.lists.iter_mut().filter(|membership| &*membership.list == list).for_each(|m| m.life.end(at));
                touched.parties.insert(id);
            }
        }
    }

    fn directive_draft(
        &mut self,
        index: u64,
        entry: &Entry,
        parts: &Parts<public::DirectiveDraft, private::DirectiveDraft>,
    ) -> Result<(), FoldProblem> {
        let id: DirectiveId = subject(entry)?;
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
        entry: &Entry,
        parts: &Parts<public::DirectiveEnact, private::DirectiveEnact>,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        let id: DirectiveId = subject(entry)?;
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

    fn directive_disclose(
        &mut self,
        id: DirectiveId,
        at: Time,
        disclose: &public::DirectiveDisclose,
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
