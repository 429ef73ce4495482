//! One rule in force: a Cedar policy with what a denied caller is told, and
//! what it can possibly apply to.

pub(crate) mod key;
pub(crate) mod scope;

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::{Policy, PolicyId};
use serde::Serialize;

use key::Key;
use scope::Scope;
use weir_acts::limits::Limits;

use crate::decision::Withheld;
use crate::obligations;

/// What a rule does where it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleEffect {
    /// It permits, where nothing forbids.
    Permit,
    /// It forbids, whatever permits.
    Forbid,
}

/// Where a rule comes from. The order is that in which a denial names its
/// rule: what an authority demanded comes before what the operator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// A directive, where its condition is definitely true.
    Named { fallback: bool },
    /// A directive, where its condition is unknown.
    Unknown { fallback: bool },
    /// The operator's own rule, stages and grants included.
    Rule,
    /// What is done about the account or party.
    Measure,
}

impl Origin {
    pub(crate) fn of_rule(id: &str) -> Origin {
        if id.starts_with("measure/") || id.starts_with("account/") { Origin::Measure } else { Origin::Rule }
    }

    pub(crate) fn falls_back(self) -> bool {
        matches!(self, Origin::Named { fallback: true } | Origin::Unknown { fallback: true })
    }
}

/// A rule in force.
#[derive(Debug, Clone)]
pub struct RuleInForce {
    /// Its id, never used for another.
    pub id: Arc<str>,
    /// What it does.
    pub effect: RuleEffect,
    /// Why, a sentence without its full stop.
    pub reason: String,
    /// The legal ground.
    pub citation: Option<String>,
    /// What the denied may do next, a sentence without its full stop.
    pub next: String,
    /// The Cedar text.
    pub cedar: Arc<str>,
    pub(crate) origin: Origin,
    /// What it lets each account take of what it permits.
    pub(crate) limits: Limits,
    /// How long the texts of what it permits are kept, in milliseconds.
    pub(crate) keep_text: Option<i64>,
    /// What it has taken out of the answers to what it permits.
    pub(crate) withhold: Withheld,
    /// Whether those it forbids are served by the previous model.
    pub(crate) falls_back: bool,
    pub(crate) policy: Policy,
    pub(crate) scope: Scope,
    /// What must be known of a principal before the policy can be true.
    pub(crate) key: Key,
    /// Every attribute the policy speaks of, and perhaps others.
    pub(crate) reads: BTreeSet<String>,
}

impl RuleInForce {
    /// Whether reading this text anew, at the same place, would give this rule.
    pub(crate) fn is_of(&self, id: &str, cedar: &str, origin: Origin) -> bool {
        *self.id == *id && self.origin == origin && *self.cedar == *cedar
    }

    /// Whether both are one rule, wherever in a set each has its place.
    pub(crate) fn says_the_same(&self, other: &RuleInForce) -> bool {
        self.is_of(&other.id, &other.cedar, other.origin)
    }

    /// Whether both are one rule at one place.
    pub(crate) fn is_same(&self, other: &RuleInForce) -> bool {
        self.policy.id() == other.policy.id() && self.says_the_same(other)
    }

    /// Reads a policy. `position` names it inside one policy set.
    pub(crate) fn read(
        id: &Arc<str>,
        cedar: &Arc<str>,
        origin: Origin,
        position: usize,
    ) -> Result<RuleInForce, String> {
        let policy =
            Policy::parse(Some(PolicyId::new(position.to_string())), cedar).map_err(|error| error.to_string())?;
        let annotation = |key: &str| policy.annotation(key).map(|text| text.trim_end_matches('.').to_owned());
        let json = policy.to_json().map_err(|error| error.to_string())?;
        let mut reads = BTreeSet::new();
        scope::attributes(&json, &mut reads);
        Ok(RuleInForce {
            id: Arc::clone(id),
            effect: match policy.effect() {
                cedar_policy::Effect::Permit => RuleEffect::Permit,
                cedar_policy::Effect::Forbid => RuleEffect::Forbid,
            },
            reason: annotation("reason").unwrap_or_else(|| "A rule of this service decides so".to_owned()),
            citation: policy.annotation("citation").map(ToOwned::to_owned),
            next: annotation("next").unwrap_or_else(|| "Ask the operator, or appeal".to_owned()),
            cedar: Arc::clone(cedar),
            origin,
            limits: obligations::limits(&policy)?,
            keep_text: obligations::keep_text(&policy)?,
            withhold: obligations::withheld(&policy)?,
            falls_back: origin.falls_back() || obligations::falls_back(&policy)?,
            scope: Scope::of(&policy)?,
            key: Key::of(&json),
            policy,
            reads,
        })
    }
}
