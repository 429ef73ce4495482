//! Who may do which act. This too is Cedar, over operators' roles, so that
//! the log shows which rules of authority held when an act was done.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, Policy, PolicyId, PolicySet, Request, RestrictedExpression,
};
use weir_acts::entry::{BY_DETECTOR, BY_WEIR};
use weir_acts::words::{MeasureKind, Role, Stage};
use weir_acts::{State, Time};

use crate::automatic::{self, Automatic, MEASURE_TAKE};
use crate::base::{AUTHORITY_PREFIX, base_rules};
use crate::policies::CompileError;
use crate::policies::verdict::POLICY_ERROR;
use crate::retention::RECORDS_DELETE;
use crate::schema::{ACTION, OPERATOR, SUBJECT, uid};

/// What an act is about, as far as authority depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActFacts<'a> {
    /// The operator who wrote what the act is about: drafted the directive or
    /// the change, took the measure that is lifted, or took the measure or
    /// enacted the directive that an appeal answers. An operator's id.
    pub author: Option<&'a str>,
    /// The stage a `stage.set` sets.
    pub stage: Option<Stage>,
    /// The measure a `measure.take` takes or a `measure.lift` lifts.
    pub measure: Option<MeasureKind>,
    /// How many hours it lasts, begun ones counted; none where it has no end.
    pub hours: Option<i64>,
    /// How many operators other than the acting one approved, each counted
    /// once.
    pub approvals: u32,
}

/// Why an operator may not do an act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}{}", could(.roles))]
pub struct Refusal {
    /// The rule that forbids it; none where nothing permits it.
    pub rule: Option<Arc<str>>,
    /// What is wrong.
    pub why: String,
    /// The roles that could do it in the same circumstances.
    pub roles: Vec<Role>,
    /// Whether a rule could not be evaluated: an alarm.
    pub alarm: bool,
}

fn could(roles: &[Role]) -> String {
    match roles {
        [] => String::new(),
        roles => {
            let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            format!("; it takes the role {}", names.join(" or "))
        }
    }
}

/// The rules of authority in force at a moment.
#[derive(Debug)]
pub struct Authority {
    set: PolicySet,
    reasons: BTreeMap<Arc<str>, String>,
    retentions: BTreeMap<Arc<str>, (&'static str, i64)>,
    automatic: BTreeMap<Arc<str>, Automatic>,
    authorizer: Authorizer,
}

enum Answer {
    Permitted,
    Forbidden(Vec<Arc<str>>),
    Failed(String),
}

impl Authority {
    /// Compiles the rules of authority in force at `at`.
    ///
    /// # Errors
    /// When one of them is not a policy.
    pub fn compile(state: &State, at: Time) -> Result<Authority, CompileError> {
        let mut set = PolicySet::new();
        let mut reasons = BTreeMap::new();
        let mut retentions = BTreeMap::new();
        let mut automatic = BTreeMap::new();
        let in_force = state.rules.iter().filter(|(id, rule)| id.starts_with(AUTHORITY_PREFIX) && rule.life.holds(at));
        for (id, rule) in in_force {
            let error = |problem: String| CompileError { rule: id.to_string(), problem };
            let policy =
                Policy::parse(Some(PolicyId::new(id)), &rule.cedar).map_err(|problem| error(problem.to_string()))?;
            let reason = policy.annotation("reason").unwrap_or("a rule of authority forbids it");
            if let Some(keep) = crate::retention::of(&policy).map_err(error)? {
                retentions.insert(Arc::clone(id), keep);
            }
            if let Some(done) = automatic::of(&policy).map_err(error)? {
                automatic.insert(Arc::clone(id), done);
            }
            reasons.insert(Arc::clone(id), reason.trim_end_matches('.').to_owned());
            set.add(policy).map_err(|problem| error(problem.to_string()))?;
        }
        Ok(Authority { set, reasons, retentions, automatic, authorizer: Authorizer::new() })
    }

    /// Whether the operator `id` with `roles` may do an act of `kind`, or one
    /// of [`crate::schema::READ_ACTIONS`].
    ///
    /// # Errors
    /// When nothing permits it, something forbids it, or a rule cannot be
    /// evaluated.
    pub fn may(&self, id: &str, roles: &[Role], kind: &str, facts: &ActFacts<'_>) -> Result<(), Refusal> {
        let answer = self.ask(id, roles, kind, facts);
        let could = || {
            let alone = |role: &&Role| matches!(self.ask(id, &[**role], kind, facts), Answer::Permitted);
            Role::ALL.iter().filter(alone).copied().collect::<Vec<_>>()
        };
        match answer {
            Answer::Permitted => Ok(()),
            Answer::Failed(problem) => Err(Refusal {
                rule: Some(POLICY_ERROR.into()),
                why: format!("a rule of authority could not be evaluated: {problem}"),
                roles: Vec::new(),
                alarm: true,
            }),
            Answer::Forbidden(rules) => {
                let rule = rules.into_iter().next();
                let why = match rule.as_ref().and_then(|rule| self.reasons.get(rule)) {
                    Some(reason) => reason.clone(),
                    None if roles.is_empty() => format!("you have no role, so you may not do `{kind}`"),
                    None => {
                        let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
                        format!("as {} you may not do `{kind}`", names.join(" and "))
                    }
                };
                Err(Refusal { rule, why, roles: could(), alarm: false })
            }
        }
    }

    /// How long records are kept before Weir deletes them, in milliseconds, and
    /// the rule that says so: of several the longest. None where no rule
    /// permits deleting, or one forbids it.
    pub fn retention(&self) -> Option<(&Arc<str>, i64)> {
        self.retention_of(RECORDS_DELETE)
    }

    /// The same for what `action` deletes, one of [`crate::retention::KEPT`].
    pub fn retention_of(&self, action: &str) -> Option<(&Arc<str>, i64)> {
        let about = self.retentions.iter().filter(|(_, (deletes, _))| *deletes == action);
        let (rule, (_, keep)) = about.max_by_key(|(_, (_, keep))| *keep)?;
        let may = self.may(BY_WEIR, &[], action, &ActFacts::default());
        may.is_ok().then_some((rule, *keep))
    }

    /// What the detector does by itself about a campaign's members, and the rule
    /// that says so: the operator's own before the one every weir starts with,
    /// of several the first by id. None where no rule says anything, or one
    /// forbids it; one that takes approval is proposed.
    pub fn automatic(&self) -> Option<(&Arc<str>, Automatic)> {
        let base: HashSet<String> = base_rules().into_iter().map(|rule| rule.id).collect();
        let (rule, done) = self.automatic.iter().min_by_key(|(id, _)| (base.contains(id.as_ref() as &str), *id))?;
        let facts =
            ActFacts { measure: Some(done.kind), hours: Some(hours_of(done.lasts)), approvals: u32::MAX, ..ActFacts::default() };
        self.may(BY_DETECTOR, &[], MEASURE_TAKE, &facts).is_ok().then_some((rule, *done))
    }

    fn ask(&self, id: &str, roles: &[Role], kind: &str, facts: &ActFacts<'_>) -> Answer {
        let (request, entities) = match question(id, roles, kind, facts) {
            Ok(question) => question,
            Err(problem) => return Answer::Failed(problem),
        };
        let response = self.authorizer.is_authorized(&request, &self.set, &entities);
        if let Some(error) = response.diagnostics().errors().next() {
            return Answer::Failed(error.to_string());
        }
        if response.decision() == Decision::Allow {
            return Answer::Permitted;
        }
        let mut rules: Vec<Arc<str>> =
            response.diagnostics().reason().map(|id| AsRef::<str>::as_ref(id).into()).collect();
        rules.sort_unstable();
        Answer::Forbidden(rules)
    }
}

/// Milliseconds in hours, begun ones counted.
pub fn hours_of(millis: i64) -> i64 {
    millis.max(0).saturating_add(3_599_999) / 3_600_000
}

fn question(id: &str, roles: &[Role], kind: &str, facts: &ActFacts<'_>) -> Result<(Request, Entities), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let operator = uid(OPERATOR, id).map_err(|error| text(&error))?;
    let action = uid(ACTION, kind).map_err(|error| text(&error))?;
    let subject = uid(SUBJECT, "subject").map_err(|error| text(&error))?;
    let roles = roles.iter().map(|role| RestrictedExpression::new_string(role.as_str().to_owned()));
    let attributes = HashMap::from([("roles".to_owned(), RestrictedExpression::new_set(roles))]);
    let principal = Entity::new(operator.clone(), attributes, HashSet::new()).map_err(|error| text(&error))?;
    let mut attributes = HashMap::new();
    if let Some(author) = facts.author {
        let author = uid(OPERATOR, author).map_err(|error| text(&error))?;
        attributes.insert("author".to_owned(), RestrictedExpression::new_entity_uid(author));
    }
    if let Some(stage) = facts.stage {
        attributes.insert("stage".to_owned(), RestrictedExpression::new_string(stage.as_str().to_owned()));
    }
    if let Some(measure) = facts.measure {
        attributes.insert("measure".to_owned(), RestrictedExpression::new_string(measure.as_str().to_owned()));
    }
    if let Some(hours) = facts.hours {
        attributes.insert("hours".to_owned(), RestrictedExpression::new_long(hours));
    }
    let resource = Entity::new(subject.clone(), attributes, HashSet::new()).map_err(|error| text(&error))?;
    let approvals = RestrictedExpression::new_long(i64::from(facts.approvals));
    let context = Context::from_pairs([("approvals".to_owned(), approvals)]).map_err(|error| text(&error))?;
    let request = Request::new(operator, action, subject, context, None).map_err(|error| text(&error))?;
    let entities = Entities::from_entities([principal, resource], None).map_err(|error| text(&error))?;
    Ok((request, entities))
}

#[cfg(test)]
mod tests;
