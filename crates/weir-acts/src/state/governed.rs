//! Folding acts about rules, models, stages and operators.

use std::sync::Arc;

use super::{FoldProblem, State, Touched, missing, repeated, standing, subject};
use crate::act::{Act, Parts, private, public};
use crate::entry::Entry;
use crate::governed::{ClaimKind, MeterSpan, Model, Operator, Rule, StageSpan, Token};
use crate::holder::{Life, Membership};
use crate::id::{OperatorId, PartyId};
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
                let kind = ClaimKind { value_type: parts.public.r#type, describes: parts.public.describes, since: at };
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
            Act::ModelMeter(parts) => {
                let (weight, max_input) = (parts.public.weight, parts.public.max_input);
                let model = self.model_mut(&entry.subject, at)?;
                model.meters.push(MeterSpan { from: at, weight, max_input });
                touched.rules = true;
                Ok(())
            }
            Act::ModelRetire(_) => {
                let model = self.model_mut(&entry.subject, at)?;
                model.life.end(at);
                touched.rules = true;
                Ok(())
            }
            Act::StageSet(parts) => self.stage_set(index, entry, parts, touched),
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
        let operator = Arc::make_mut(&mut self.operators).get_mut(&id).ok_or_else(|| missing("operator", id))?;
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
            meters: Vec::new(),
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
        let list: Option<Arc<str>> = parts.public.list.map(|_| format!("stage/{}/{index}", model.name).into());
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

    pub(super) fn join_list(
        &mut self,
        list: &Arc<str>,
        parties: &[PartyId],
        life: Life,
        touched: &mut Touched,
    ) -> Result<(), FoldProblem> {
        for id in parties {
            if self.unseen_rows > 0 && !self.parties.contains(id) {
                continue;
            }
            self.party_mut(*id)?.lists.push(Membership { list: Arc::clone(list), life });
            touched.parties.insert(*id);
        }
        Ok(())
    }

    /// Ends every membership of `list`. Looks at every party: lists end with
    /// stages and directives, which is rare.
    pub(super) fn leave_list(&mut self, list: &str, at: Time, touched: &mut Touched) {
        self.change_list(list, touched, |life| life.end(at));
    }

    /// Takes back that memberships of `list` end at `end`.
    pub(super) fn stay_on_list(&mut self, list: &str, end: Time, touched: &mut Touched) {
        self.change_list(list, touched, |life| life.to = life.to.filter(|to| *to != end));
    }

    fn change_list(&mut self, list: &str, touched: &mut Touched, change: impl Fn(&mut Life)) {
        let members: Vec<PartyId> = self
            .parties
            .iter()
            .filter(|(_, party)| party.lists.iter().any(|membership| &*membership.list == list))
            .map(|(id, _)| *id)
            .collect();
        for id in members {
            if let Some(party) = self.parties.get_mut(&id).map(Arc::make_mut) {
                party.lists.iter_mut().filter(|place| &*place.list == list).for_each(|place| change(&mut place.life));
                touched.parties.insert(id);
            }
        }
    }
}
