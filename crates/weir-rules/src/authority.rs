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
    /// the change, or took the measure or enacted the directive that an appeal
    /// answers. An operator's id.
    pub author: Option<&'a str>,
    /// The stage a `stage.set` sets.
    pub stage: Option<Stage>,
    /// The measure a `measure.take` takes.
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
mod tests {
    use super::*;
    use crate::base::base_rules;
    use crate::scene::Scene;
    use crate::schema::READ_ACTIONS;
    use weir_acts::Act;
    use weir_acts::act::PolicyText;

    fn authority(extra: &[&str]) -> Authority {
        let mut rules = base_rules();
        for (number, text) in extra.iter().enumerate() {
            rules.push(PolicyText { id: format!("authority/own-{number}"), cedar: (*text).to_owned() });
        }
        let scene = Scene::new(rules);
        Authority::compile(scene.world.state(), scene.now).unwrap()
    }

    fn permitted(authority: &Authority, role: Role) -> Vec<&'static str> {
        let approved = ActFacts { approvals: 2, ..ActFacts::default() };
        let may = |kind: &&&str| authority.may("o", &[role], kind, &approved).is_ok();
        Act::KINDS.iter().chain(READ_ACTIONS).filter(may).copied().collect()
    }

    #[test]
    fn every_act_but_weirs_own_and_the_affected_partys_has_a_role() {
        let authority = authority(&[]);
        let all: Vec<&str> = Role::ALL.iter().flat_map(|role| permitted(&authority, *role)).collect();
        for kind in Act::KINDS {
            let nobody = [
                "log.open",
                "appeal.file",
                "records.seal",
                "records.delete",
                "exchanges.seal",
                "exchanges.delete",
                "campaign.found",
                "campaign.update",
                "campaign.members",
                "detector.health",
                "text.hand",
            ]
            .contains(kind);
            assert_eq!(all.contains(kind), !nobody, "{kind}");
        }
    }

    /// Who may do each kind of act, with all the approvals it could take.
    fn allowed(kind: &str) -> &'static [Role] {
        use Role::{Analyst, Auditor, Operator, ReleaseOfficer};
        match kind {
            "log.open" | "appeal.file" | "records.seal" | "records.delete" | "exchanges.seal" | "exchanges.delete"
            | "campaign.found" | "campaign.update" | "campaign.members" | "detector.health" => &[],
            // Who may `text.read` may be handed what they read.
            "text.hand" => &[],
            "log.key"
            | "operator.add"
            | "operator.revoke"
            | "operator.token.issue"
            | "operator.token.revoke"
            | "party.add"
            | "party.close"
            | "party.import"
            | "account.add"
            | "account.suspend"
            | "account.restore"
            | "account.close"
            | "key.issue"
            | "key.revoke"
            | "issuer.add"
            | "issuer.keys"
            | "issuer.remove"
            | "model.add"
            | "model.meter"
            | "model.retire" => &[Operator],
            "rules.set" | "stage.set" | "grant.add" | "grant.revoke" | "directive.draft" | "directive.enact"
            | "directive.lift" | "directive.drop" | "directive.disclose" | "appeal.decide" | "hold.place"
            | "hold.lift" | "private.erase" => &[ReleaseOfficer],
            "claim.declare" | "claim.add" | "claim.retract" | "limit.set" => &[Operator, ReleaseOfficer],
            "measure.take" | "measure.limit" | "measure.lift" | "measure.evidence" | "campaign.end" => &[Analyst],
            "person.add" | "draft.add" | "draft.approve" | "draft.close" => &[Operator, Analyst, ReleaseOfficer],
            "text.read" => &[Analyst, Auditor],
            other => panic!("{other} is in no line of this table"),
        }
    }

    #[test]
    fn every_role_on_every_kind_of_act() {
        let authority = authority(&[]);
        let approved = ActFacts { approvals: 2, ..ActFacts::default() };
        for kind in Act::KINDS {
            for role in Role::ALL {
                let may = authority.may("o", &[*role], kind, &approved);
                assert_eq!(may.is_ok(), allowed(kind).contains(role), "{role:?} on {kind}: {may:?}");
                if let Err(refusal) = may {
                    let mut could = refusal.roles.clone();
                    could.sort_unstable_by_key(|role| role.as_str());
                    let mut may = allowed(kind).to_vec();
                    may.sort_unstable_by_key(|role| role.as_str());
                    assert!(!refusal.alarm && could == may, "{role:?} on {kind}: {refusal:?}");
                }
            }
            assert!(authority.may("o", &[], kind, &approved).is_err(), "{kind} without a role");
        }
    }

    #[test]
    fn roles_do_what_they_say() {
        let authority = authority(&[]);
        assert_eq!(permitted(&authority, Role::Auditor), ["text.read", "read", "open"]);
        assert_eq!(
            permitted(&authority, Role::Analyst),
            [
                "person.add",
                "draft.add",
                "draft.approve",
                "draft.close",
                "measure.take",
                "measure.limit",
                "measure.lift",
                "campaign.end",
                "measure.evidence",
                "text.read",
                "read"
            ]
        );
        let operator = permitted(&authority, Role::Operator);
        assert!(operator.contains(&"key.issue") && !operator.contains(&"directive.enact"));
        let officer = permitted(&authority, Role::ReleaseOfficer);
        assert!(officer.contains(&"directive.enact") && !officer.contains(&"operator.add"));
        let refusal = authority.may("o", &[Role::Auditor], "grant.add", &ActFacts::default()).unwrap_err();
        assert_eq!(refusal.to_string(), "as auditor you may not do `grant.add`; it takes the role release-officer");
        assert!(authority.may("o", &[], "read", &ActFacts::default()).is_err());
    }

    #[test]
    fn opening_weights_takes_two_approvals() {
        let authority = authority(&[]);
        let ask = |stage, approvals| {
            let facts = ActFacts { stage: Some(stage), approvals, ..ActFacts::default() };
            authority.may("o", &[Role::ReleaseOfficer], "stage.set", &facts)
        };
        assert!(ask(Stage::General, 0).is_ok() && ask(Stage::Open, 2).is_ok());
        let refusal = ask(Stage::Open, 1).unwrap_err();
        assert_eq!(refusal.rule.as_deref(), Some("authority/open-weights"));
        assert!(refusal.roles.is_empty() && refusal.why.contains("two approvals"), "{refusal}");
    }

    #[test]
    fn changing_the_rules_takes_two_approvals_and_nobody_approves_their_own() {
        let authority = authority(&[]);
        let ask = |approvals| {
            let facts = ActFacts { approvals, ..ActFacts::default() };
            authority.may("o", &[Role::ReleaseOfficer], "rules.set", &facts)
        };
        assert!(ask(2).is_ok());
        assert_eq!(ask(1).unwrap_err().rule.as_deref(), Some("authority/change-rules"));
        let own = ActFacts { author: Some("o"), ..ActFacts::default() };
        let refusal = authority.may("o", &[Role::ReleaseOfficer], "draft.approve", &own).unwrap_err();
        assert_eq!(refusal.rule.as_deref(), Some("authority/own-draft"));
        assert!(authority.may("p", &[Role::ReleaseOfficer], "draft.approve", &own).is_ok());
    }

    #[test]
    fn nobody_decides_an_appeal_against_their_own_measure() {
        let authority = authority(&[]);
        let ask = |by| {
            let facts = ActFacts { author: Some("o-1"), ..ActFacts::default() };
            authority.may(by, &[Role::ReleaseOfficer], "appeal.decide", &facts)
        };
        assert!(ask("o-2").is_ok());
        assert_eq!(ask("o-1").unwrap_err().rule.as_deref(), Some("authority/own-act"));
    }

    #[test]
    fn records_are_kept_for_the_longest_time_a_rule_says_unless_one_forbids_deleting() {
        assert_eq!(authority(&[]).retention(), None);
        let keep = |days| {
            format!(
                "@retention(\"{days} days\") permit (principal, action == Weir::Action::\"records.delete\", resource);"
            )
        };
        let both = authority(&[&keep(30), &keep(400)]);
        assert_eq!(both.retention(), Some((&"authority/own-1".into(), 400 * 86_400_000)));
        assert_eq!(both.retention_of("exchanges.delete"), None);
        let files = authority(&[&keep(30), &keep(7).replace("records", "exchanges")]);
        assert_eq!(files.retention_of("exchanges.delete").map(|(_, keep)| keep), Some(7 * 86_400_000));
        assert_eq!(files.retention().map(|(_, keep)| keep), Some(30 * 86_400_000));
        let freeze = "forbid (principal, action == Weir::Action::\"records.delete\", resource);";
        assert_eq!(authority(&[&keep(30), freeze]).retention(), None);
    }

    #[test]
    fn the_detector_takes_what_can_be_undone_for_a_time_and_proposes_the_rest() {
        let authority = authority(&[]);
        let ask = |measure, hours, approvals| {
            let facts = ActFacts { measure: Some(measure), hours, approvals, ..ActFacts::default() };
            authority.may(BY_DETECTOR, &[], MEASURE_TAKE, &facts).is_ok()
        };
        for kind in MeasureKind::ALL {
            let shuts_out = matches!(kind, MeasureKind::Refuse | MeasureKind::Suspend);
            assert_eq!(ask(*kind, Some(168), 0), !shuts_out, "{kind}");
            assert!(ask(*kind, Some(168), 1), "{kind}");
            assert!(!ask(*kind, None, 1), "{kind} without an end");
        }
        assert!(!ask(MeasureKind::Throttle, Some(337), 0));
        for kind in Act::KINDS.iter().filter(|kind| **kind != MEASURE_TAKE) {
            let own = ["campaign.", "detector.", "measure.evidence", "measure.limit", "draft.add"];
            let is_own = own.iter().any(|own| kind.starts_with(own)) && *kind != "campaign.end";
            let may = authority.may(BY_DETECTOR, &[], kind, &ActFacts { approvals: 9, ..ActFacts::default() });
            assert_eq!(may.is_ok(), is_own, "{kind}");
        }
    }

    #[test]
    fn what_is_automatic_is_the_operators_to_say() {
        let of = |rules: &[&str]| authority(rules).automatic().map(|(rule, done)| (rule.to_string(), done.kind));
        let detectors = "principal == Weir::Operator::\"detector\", action == Weir::Action::\"measure.take\", resource";
        let base = ("authority/detector-measures".to_owned(), MeasureKind::Throttle);
        assert_eq!(of(&[]), Some(base));
        let refuse = format!("@automatic(\"refuse for 1 day\") permit ({detectors});");
        assert_eq!(of(&[&refuse]), Some(("authority/own-0".to_owned(), MeasureKind::Refuse)));
        assert_eq!(of(&[&format!("forbid ({detectors});")]), None);
    }

    #[test]
    fn a_rule_that_errs_refuses_and_alarms() {
        let authority = authority(&["forbid (principal, action, resource) when { resource.author == principal };"]);
        let refusal = authority.may("o", &[Role::Operator], "party.add", &ActFacts::default()).unwrap_err();
        assert!(refusal.alarm);
    }
}
