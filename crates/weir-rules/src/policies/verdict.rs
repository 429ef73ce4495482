//! From Cedar's answer to a verdict that can be explained.

use std::sync::Arc;

use weir_acts::words::Stage;

use crate::decision::{Denial, Effect, RuleLimit, RuleWithhold, Verdict};
use crate::rule::{Origin, RuleEffect, RuleInForce};

/// The rule named where a policy could not be evaluated.
pub const POLICY_ERROR: &str = "weir/policy-error";

/// The verdict where `determining` rules decide at `stage`.
pub(crate) fn verdict(stage: Stage, mut determining: Vec<&RuleInForce>, stage_rule: Option<&RuleInForce>) -> Verdict {
    determining.sort_unstable_by(|left, right| left.id.cmp(&right.id));
    let mut rules: Vec<Arc<str>> = determining.iter().map(|rule| Arc::clone(&rule.id)).collect();
    rules.dedup();
    if determining.is_empty() {
        let denial = no_permit(stage, stage_rule);
        let rules = vec![Arc::clone(&denial.rule)];
        return Verdict {
            effect: Effect::Deny,
            rules,
            stage,
            denial: Some(denial),
            fallback: false,
            withhold: Vec::new(),
            limits: Vec::new(),
            keep_text: None,
        };
    }
    let forbids = || determining.iter().filter(|rule| rule.effect == RuleEffect::Forbid);
    let Some(first) = forbids().min_by_key(|rule| (rank(rule.origin), Arc::clone(&rule.id))) else {
        return Verdict {
            effect: Effect::Permit,
            rules,
            stage,
            denial: None,
            fallback: false,
            withhold: withhold(&determining),
            limits: limits(&determining),
            keep_text: determining.iter().filter_map(|rule| rule.keep_text).max(),
        };
    };
    let denial = Denial {
        rule: Arc::clone(&first.id),
        reason: first.reason.clone(),
        citation: first.citation.clone(),
        next: first.next.clone(),
    };
    let fallback = forbids().all(|rule| rule.falls_back);
    Verdict {
        effect: Effect::Deny,
        rules,
        stage,
        denial: Some(denial),
        fallback,
        withhold: Vec::new(),
        limits: Vec::new(),
        keep_text: None,
    }
}

/// What the permits that decide put on each account, by rule.
fn limits(determining: &[&RuleInForce]) -> Vec<RuleLimit> {
    let limiting = determining.iter().filter(|rule| !rule.limits.is_empty());
    limiting.map(|rule| RuleLimit { rule: Arc::clone(&rule.id), limits: rule.limits }).collect()
}

/// What the permits that decide have taken out of answers, by rule.
fn withhold(determining: &[&RuleInForce]) -> Vec<RuleWithhold> {
    let withholding = determining.iter().filter(|rule| !rule.withhold.is_empty());
    withholding.map(|rule| RuleWithhold { rule: Arc::clone(&rule.id), parts: rule.withhold }).collect()
}

/// In which order rules are named to the denied.
const fn rank(origin: Origin) -> u8 {
    match origin {
        Origin::Named { .. } => 0,
        Origin::Unknown { .. } => 1,
        Origin::Rule => 2,
        Origin::Measure => 3,
    }
}

/// Nothing permits: the stage says who would be permitted.
fn no_permit(stage: Stage, stage_rule: Option<&RuleInForce>) -> Denial {
    match stage_rule {
        Some(rule) => Denial {
            rule: Arc::clone(&rule.id),
            reason: rule.reason.clone(),
            citation: rule.citation.clone(),
            next: rule.next.clone(),
        },
        None => Denial {
            rule: format!("stage/{stage}").into(),
            reason: format!("No rule in force permits this model at stage `{stage}`"),
            citation: None,
            next: "Ask the operator for access".to_owned(),
        },
    }
}

/// The verdict for a model that is sealed, retired or unknown.
pub(crate) fn missing() -> Verdict {
    let rule: Arc<str> = "stage/sealed".into();
    let denial = Denial {
        rule: Arc::clone(&rule),
        reason: "This model does not exist".to_owned(),
        citation: None,
        next: "Ask for the list of models you may use".to_owned(),
    };
    Verdict {
        effect: Effect::Missing,
        rules: vec![rule],
        stage: Stage::Sealed,
        denial: Some(denial),
        fallback: false,
        withhold: Vec::new(),
        limits: Vec::new(),
        keep_text: None,
    }
}

/// The verdict where a policy errs: a forbid that cannot be evaluated may be
/// the one that should hold, so nobody passes.
pub(crate) fn policy_error(stage: Stage) -> Verdict {
    let rule: Arc<str> = POLICY_ERROR.into();
    let denial = Denial {
        rule: Arc::clone(&rule),
        reason: "A rule of this service could not be evaluated, so it is closed to be safe".to_owned(),
        citation: None,
        next: "Tell the operator; nothing on your side is at fault".to_owned(),
    };
    Verdict {
        effect: Effect::Deny,
        rules: vec![rule],
        stage,
        denial: Some(denial),
        fallback: false,
        withhold: Vec::new(),
        limits: Vec::new(),
        keep_text: None,
    }
}
