//! Why a decision is what it is, rule by rule, and who may use a model.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;
use weir_acts::id::AccountId;
use weir_acts::view::Class;
use weir_acts::words::{MeasureKind, Stage};
use weir_acts::{Time, Value};

use crate::condition::Condition;
use crate::decision::Verdict;
use crate::policies::{Outcome, known};
use crate::rule::{RuleEffect, RuleInForce};
use crate::snapshot::Snapshot;

/// Everything that went into a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// How many acts were folded.
    pub tree_size: u64,
    /// The moment decided for.
    pub at: Time,
    /// The model.
    pub model: String,
    /// Its stage.
    pub stage: Stage,
    /// What was decided.
    pub verdict: Verdict,
    /// Every rule that could have mattered, with what it said.
    pub rules: Vec<RuleSaid>,
    /// Every claim those rules read, absent ones included.
    pub claims: Vec<ClaimRead>,
    /// Grants on the model.
    pub grants: Vec<GrantRead>,
    /// Lists the party is on.
    pub lists: Vec<Arc<str>>,
    /// Measures in force.
    pub measures: Vec<MeasureKind>,
    /// Whether the account is suspended.
    pub suspended: bool,
}

/// What one rule said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleSaid {
    /// Its id.
    pub id: Arc<str>,
    /// Whether it permits or forbids where it applies.
    pub effect: RuleEffect,
    /// Whether it applied.
    pub said: Said,
    /// Its reason.
    pub reason: String,
    /// Its legal ground.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// What went wrong, where it could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Whether a rule applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Its condition held.
    Applies,
    /// It did not.
    DoesNotApply,
    /// It could not be evaluated, which denies.
    Failed,
}

/// A claim that a rule read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimRead {
    /// Its kind.
    pub claim: Arc<str>,
    /// Its value; none where absent, erased or in dispute at its level.
    pub value: Option<Value>,
    /// The level it stands at; none where absent.
    pub level: Option<u8>,
}

/// A grant on the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantRead {
    /// For what.
    pub purpose: Option<Arc<str>>,
    /// For whom.
    pub population: Option<Arc<str>>,
    /// Whether it counts: its population, where it has one, is definitely true.
    pub counts: bool,
}

/// Why `class` may or may not use `model` under `snapshot`.
pub fn explain(snapshot: &Snapshot, class: Class, model: &str) -> Explanation {
    let policies = snapshot.policies();
    let known = known(snapshot.view(), class);
    let verdict = policies.decide_uncached(snapshot.view(), class, model);
    let bucket = policies.bucket(model).map(|(_, bucket)| bucket);
    let considered: Vec<&RuleInForce> = bucket
        .iter()
        .flat_map(|bucket| bucket.positions())
        .filter_map(|position| policies.rules().get(*position))
        .collect();
    let outcomes = bucket.map_or_else(Vec::new, |bucket| {
        bucket.evaluate_each(considered.iter().map(|rule| &rule.policy), &known, policies.populations())
    });
    let rules = considered.iter().zip(outcomes).map(|(rule, outcome)| said(rule, outcome)).collect();
    let grants = known.grants(model).map(|grant| GrantRead {
        purpose: grant.purpose.clone(),
        population: grant.population.clone(),
        counts: policies.populations().admit(grant, &known.claims),
    });
    let grants: Vec<GrantRead> = grants.collect();
    let populations = grants.iter().filter_map(|grant| grant.population.as_ref());
    let read_by_populations = populations.filter_map(|text| policies.populations().condition(text));
    let claims = claims_read(snapshot, &considered, read_by_populations, &known.claims);
    let mut measures: Vec<MeasureKind> = known.party.measures.iter().chain(&known.account.measures).copied().collect();
    measures.sort_unstable();
    measures.dedup();
    Explanation {
        tree_size: snapshot.tree_size(),
        at: snapshot.at(),
        model: model.to_owned(),
        stage: verdict.stage,
        verdict,
        rules,
        claims,
        grants,
        lists: known.party.lists.clone(),
        measures,
        suspended: known.party.suspended || known.account.suspended,
    }
}

fn said(rule: &RuleInForce, outcome: Outcome) -> RuleSaid {
    let (said, error) = match outcome {
        Outcome::Determined(positions) if positions.is_empty() => (Said::DoesNotApply, None),
        Outcome::Determined(_) => (Said::Applies, None),
        Outcome::Failed(problem) => (Said::Failed, Some(problem)),
    };
    RuleSaid {
        id: Arc::clone(&rule.id),
        effect: rule.effect,
        said,
        reason: rule.reason.clone(),
        citation: rule.citation.clone(),
        error,
    }
}

fn claims_read(
    snapshot: &Snapshot,
    rules: &[&RuleInForce],
    populations: impl Iterator<Item = Arc<Condition>>,
    claims: &weir_acts::claims::Claims,
) -> Vec<ClaimRead> {
    let mut read: BTreeMap<Arc<str>, ClaimRead> = BTreeMap::new();
    let mut add = |kind: &Arc<str>| {
        let standing = claims.iter().find(|(claimed, _)| *claimed == kind).map(|(_, standing)| standing);
        let claim = ClaimRead {
            claim: Arc::clone(kind),
            value: standing.and_then(|standing| standing.value.clone()),
            level: standing.map(|standing| standing.level),
        };
        read.insert(Arc::clone(kind), claim);
    };
    let kinds = snapshot.policies().populations().kinds();
    kinds.filter(|kind| rules.iter().any(|rule| rule.reads.contains(&***kind))).for_each(&mut add);
    populations.for_each(|condition| condition.kinds_used().for_each(&mut add));
    read.into_values().collect()
}

/// The accounts that may use `model` under `snapshot`, in no particular
/// order; each class is decided once.
pub fn who_can<'a>(snapshot: &'a Snapshot, model: &'a str) -> impl Iterator<Item = AccountId> + 'a {
    let mut decided: HashMap<Class, bool> = HashMap::new();
    snapshot.view().accounts().filter_map(move |(account, class, _)| {
        let permitted = decided.entry(class).or_insert_with(|| snapshot.decide(class, model).permits());
        permitted.then_some(account)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::base_rules;
    use crate::scene::{Scene, directive};

    fn class(snapshot: &Snapshot, account: AccountId) -> Class {
        snapshot.view().class(account).unwrap()
    }

    #[test]
    fn an_explanation_tells_every_rule_and_every_claim_read() {
        let mut scene = Scene::new(base_rules());
        scene.model("mythos-5", Stage::Verified);
        let party = scene.party("acme");
        let account = scene.account(party, "a");
        scene.claim(&party.to_string(), "kyb_level", Value::Long(1), 3, None);
        scene.claim(&party.to_string(), "sector", Value::String("health".into()), 1, None);
        scene.grant(party, "mythos-5", None, Some("principal.age > 17"));
        scene.enact(directive("d1", &["mythos-5"], "principal.us_person == false"), vec![], None);
        let snapshot = Snapshot::of(&scene.world).unwrap();
        let explanation = explain(&snapshot, class(&snapshot, account), "mythos-5");
        let rules: Vec<(&str, Said)> = explanation.rules.iter().map(|rule| (&*rule.id, rule.said)).collect();
        assert_eq!(
            rules,
            [
                ("account/suspended", Said::DoesNotApply),
                ("grant/verified", Said::DoesNotApply),
                ("measure/fallback", Said::DoesNotApply),
                ("measure/refuse", Said::DoesNotApply),
                ("measure/suspend", Said::DoesNotApply),
                ("measure/verify", Said::DoesNotApply),
                ("stage/verified", Said::DoesNotApply),
                ("d1/named", Said::DoesNotApply),
                ("d1/unknown", Said::Applies),
            ]
        );
        let claims: Vec<(&str, Option<u8>)> =
            explanation.claims.iter().map(|claim| (&*claim.claim, claim.level)).collect();
        assert_eq!(claims, [("age", None), ("kyb_level", Some(3)), ("us_person", None)]);
        assert!(!explanation.grants[0].counts);
        assert_eq!(&*explanation.verdict.rules[0], "d1/unknown");
        assert!(serde_json::to_string(&explanation).unwrap().contains("does_not_apply"));
    }

    #[test]
    fn a_missing_model_is_explained_by_nothing_else() {
        let mut scene = Scene::new(base_rules());
        let party = scene.party("acme");
        let account = scene.account(party, "a");
        let snapshot = Snapshot::of(&scene.world).unwrap();
        let explanation = explain(&snapshot, class(&snapshot, account), "none-5");
        assert!(explanation.rules.is_empty() && explanation.claims.is_empty());
        assert_eq!(explanation.stage, Stage::Sealed);
    }

    #[test]
    fn who_can_names_exactly_the_permitted() {
        let mut scene = Scene::new(base_rules());
        let model = scene.model("mythos-5", Stage::Listed);
        let [acme, borealis] = ["acme", "borealis"].map(|party| scene.party(party));
        scene.stage(model, Stage::Listed, &[acme]);
        let admitted = ["a", "b"].map(|name| scene.account(acme, name));
        scene.account(borealis, "a");
        let snapshot = Snapshot::of(&scene.world).unwrap();
        let mut found: Vec<AccountId> = who_can(&snapshot, "mythos-5").collect();
        found.sort_unstable();
        assert_eq!(found, admitted);
        assert_eq!(who_can(&snapshot, "none-5").count(), 0);
    }
}
