//! The rules in force at a moment, compiled: the base and operator's rules of
//! the log, and the directives in force, sorted into one bucket a model. The
//! authorizer scans a policy set from end to end, so a decision looks only at
//! the bucket of its model; [`Policies::decide_full`] looks at everything, and
//! a property test holds the two equal.

mod bucket;
mod cache;
mod index;
#[cfg(test)]
mod tests;
pub mod verdict;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use weir_acts::id::DirectiveId;
use weir_acts::view::Class;
use weir_acts::words::{MeasureKind, Stage};
use weir_acts::{State, Time, View};

use crate::base::AUTHORITY_PREFIX;
use crate::decision::{RuleWithhold, Verdict, Withheld};
use crate::directive;
use crate::entities::{Known, ModelFacts, Populations};
use crate::rule::{Origin, RuleEffect, RuleInForce};
use crate::schema::{MODEL, uid};

pub(crate) use bucket::{Bucket, Outcome};
pub(crate) use cache::Mixer;
use cache::{Cache, MAX_VERDICTS};

/// Why the rules in force cannot be compiled.
#[derive(Debug, thiserror::Error)]
#[error("rule `{rule}`: {problem}; see the entry that set it with `weir rules show`")]
pub struct CompileError {
    /// The rule at fault.
    pub rule: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Something about the rules in force that an operator must look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// A directive is in force whose text this process may not read, so it
    /// cannot be enforced here.
    #[error("directive {id} is in force, but its text is withheld from this process: it cannot be enforced here")]
    Withheld {
        /// The directive.
        id: DirectiveId,
    },
    /// A directive's condition cannot be read; its models are closed to all.
    #[error("directive {id}: its condition cannot be read, so its models are closed to everybody: {problem}")]
    Unreadable {
        /// The directive.
        id: DirectiveId,
        /// What is wrong with it.
        problem: String,
    },
}

/// The rules in force, indexed by model, with a cache of verdicts by class.
#[derive(Debug)]
pub struct Policies {
    rules: Vec<RuleInForce>,
    models: HashMap<Arc<str>, u32>,
    buckets: Vec<Arc<Bucket>>,
    everything: Vec<ModelFacts>,
    populations: Populations,
    missing: Arc<Verdict>,
    cache: Cache,
    alarms: Vec<Alarm>,
    errors: AtomicU64,
}

impl Policies {
    /// Compiles the rules and directives of `state` in force at `at`.
    ///
    /// # Errors
    /// When a rule in force is not a policy.
    pub fn compile(state: &State, at: Time) -> Result<Policies, CompileError> {
        Policies::compile_beside(None, state, at)
    }

    /// As [`Policies::compile`], taking over from `like` what is the same.
    ///
    /// # Errors
    /// As [`Policies::compile`].
    pub fn compile_like(like: &Policies, state: &State, at: Time) -> Result<Policies, CompileError> {
        Policies::compile_beside(Some(like), state, at)
    }

    fn compile_beside(like: Option<&Policies>, state: &State, at: Time) -> Result<Policies, CompileError> {
        let (rules, alarms) = rules_in_force(state, at, like.map_or(&[], |like| like.rules.as_slice()))?;
        let standing = || state.models.values().filter(|model| model.life.holds(at));
        let succeeded: BTreeSet<&str> = standing().filter_map(|model| model.previous.as_deref()).collect();
        let served: Vec<(ModelFacts, Stage)> = standing()
            .filter(|model| model.stage(at) != Stage::Sealed)
            .map(|model| {
                let list = model.span(at).and_then(|span| span.list.clone());
                let uid = uid(MODEL, &model.name)
                    .map_err(|error| CompileError { rule: model.name.to_string(), problem: error.to_string() })?;
                let oldest = model.previous.is_none() && succeeded.contains(&*model.name);
                Ok((ModelFacts { name: Arc::clone(&model.name), uid, list, oldest }, model.stage(at)))
            })
            .collect::<Result<_, CompileError>>()?;
        let everything: Vec<ModelFacts> = served.iter().map(|(facts, _)| facts.clone()).collect();
        let buckets = served
            .iter()
            .map(|(facts, stage)| match like.and_then(|like| like.same_bucket(facts, *stage, &rules, &everything)) {
                Some(bucket) => Ok(bucket),
                None => Bucket::narrowed(facts, *stage, &rules, &everything).map(Arc::new),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let models = served.iter().zip(0u32..).map(|((facts, _), index)| (Arc::clone(&facts.name), index)).collect();
        Ok(Policies {
            rules,
            models,
            buckets,
            everything,
            populations: Populations::new(Arc::clone(&state.kinds)),
            missing: Arc::new(verdict::missing()),
            cache: Cache::new(MAX_VERDICTS),
            alarms,
            errors: AtomicU64::new(0),
        })
    }

    /// What `class` may do with `model`; from the cache where this class was
    /// decided before under these rules.
    pub fn decide(&self, view: &View, class: Class, model: &str) -> Arc<Verdict> {
        let Some((index, bucket)) = self.bucket(model) else {
            return Arc::clone(&self.missing);
        };
        if let Some(verdict) = self.cache.get(class, index) {
            return verdict;
        }
        let verdict = Arc::new(self.verdict(bucket, &known(view, class)));
        self.cache.keep(class, index, &verdict);
        verdict
    }

    /// As [`Policies::decide`], from nothing.
    pub fn decide_uncached(&self, view: &View, class: Class, model: &str) -> Verdict {
        match self.bucket(model) {
            Some((_, bucket)) => self.verdict(bucket, &known(view, class)),
            None => (*self.missing).clone(),
        }
    }

    /// As [`Policies::decide`], from nothing and looking at every rule. What
    /// the index is held equal to.
    ///
    /// # Errors
    /// When the set of all rules cannot be built.
    pub fn decide_full(&self, view: &View, class: Class, model: &str) -> Result<Verdict, CompileError> {
        let Some((_, narrowed)) = self.bucket(model) else {
            return Ok((*self.missing).clone());
        };
        let full = Bucket::full(narrowed.model(), narrowed.stage(), &self.rules, &self.everything)?;
        Ok(self.verdict(&full, &known(view, class)))
    }

    /// Every rule in force, those of directives last.
    pub fn rules(&self) -> &[RuleInForce] {
        &self.rules
    }

    /// What an operator must look at.
    pub fn alarms(&self) -> &[Alarm] {
        &self.alarms
    }

    /// How many decisions were denied because a policy could not be
    /// evaluated. More than none is an alarm.
    pub fn policy_errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    pub(crate) fn bucket(&self, model: &str) -> Option<(u32, &Bucket)> {
        let index = *self.models.get(model)?;
        Some((index, self.buckets.get(index as usize)?))
    }

    /// The bucket of a model, where it would be made of the same again.
    fn same_bucket(
        &self,
        model: &ModelFacts,
        stage: Stage,
        rules: &[RuleInForce],
        everything: &[ModelFacts],
    ) -> Option<Arc<Bucket>> {
        let bucket = self.buckets.get(*self.models.get(&model.name)? as usize)?;
        let is_same = |position: &usize| match (self.rules.get(*position), rules.get(*position)) {
            (Some(former), Some(rule)) => former.is_same(rule),
            _ => false,
        };
        let same = bucket.model() == model
            && bucket.stage() == stage
            && self.everything == everything
            && bucket.stage_rule() == Bucket::stage_rule_of(stage, rules)
            && bucket.positions() == Bucket::admitted(model, stage, rules)
            && bucket.positions().iter().all(is_same);
        same.then(|| Arc::clone(bucket))
    }

    /// Whether the rules about `model` are those of `former` but for forbids
    /// that ended and the forbids called `added`. Whoever could use the model
    /// then can do so now, unless one of `added` stands against it.
    pub(crate) fn only_adds(&self, former: &Policies, model: &str, added: &[String]) -> bool {
        let (Some((_, now)), Some((_, then))) = (self.bucket(model), former.bucket(model)) else { return false };
        let (rules, before) = (self.by_id(now), former.by_id(then));
        let is_in = |rules: &HashMap<&str, &RuleInForce>, rule: &RuleInForce| {
            rules.get(&*rule.id).is_some_and(|known| known.says_the_same(rule))
        };
        let is_forbid = |rule: &RuleInForce| rule.effect == RuleEffect::Forbid;
        let is_named = |rule: &RuleInForce| added.iter().any(|id| **id == *rule.id);
        let same_facts = now.model() == then.model()
            && now.stage() == then.stage()
            && self.everything == former.everything
            && self.populations.same_kinds(&former.populations);
        same_facts
            && rules.values().all(|rule| is_in(&before, rule) || (is_forbid(rule) && is_named(rule)))
            && before.values().all(|rule| is_in(&rules, rule) || is_forbid(rule))
    }

    /// The rules that `bucket`, one of these, looks at.
    fn by_id(&self, bucket: &Bucket) -> HashMap<&str, &RuleInForce> {
        let rules = bucket.positions().iter().filter_map(|position| self.rules.get(*position));
        rules.map(|rule| (&*rule.id, rule)).collect()
    }

    pub(crate) fn populations(&self) -> &Populations {
        &self.populations
    }

    fn verdict(&self, bucket: &Bucket, known: &Known) -> Verdict {
        match bucket.evaluate(known, &self.populations) {
            Outcome::Determined(positions) => {
                let determining = positions.iter().filter_map(|position| self.rules.get(*position)).collect();
                let stage_rule = bucket.stage_rule().and_then(|position| self.rules.get(position));
                let mut verdict = verdict::verdict(bucket.stage(), determining, stage_rule);
                if verdict.permits() && known.has_measure(MeasureKind::Withhold) {
                    verdict.withhold.push(RuleWithhold { rule: MEASURE_WITHHOLD.into(), parts: Withheld::ALL });
                }
                verdict
            }
            Outcome::Failed(_) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                verdict::policy_error(bucket.stage())
            }
        }
    }
}

/// The rule named where a measure has parts of answers withheld.
pub const MEASURE_WITHHOLD: &str = "measure/withhold";

pub(crate) fn known(view: &View, class: Class) -> Known {
    Known::new(view.facts(class.party), view.facts(class.account))
}

/// Every rule and directive in force at `at`, with what must be looked at.
/// Rules that are in `like` at the same place are not read again.
fn rules_in_force(
    state: &State,
    at: Time,
    like: &[RuleInForce],
) -> Result<(Vec<RuleInForce>, Vec<Alarm>), CompileError> {
    let mut rules = Vec::new();
    let mut alarms = Vec::new();
    let mut add = |id: &Arc<str>, cedar: &Arc<str>, origin: Origin| {
        let known = like.get(rules.len()).filter(|known| known.is_of(id, cedar, origin));
        let rule = match known {
            Some(known) => known.clone(),
            None => RuleInForce::read(id, cedar, origin, rules.len())
                .map_err(|problem| CompileError { rule: id.to_string(), problem })?,
        };
        rules.push(rule);
        Ok::<(), CompileError>(())
    };
    for (id, rule) in state.rules.iter().filter(|(_, rule)| rule.life.holds(at)) {
        if !id.starts_with(AUTHORITY_PREFIX) {
            add(id, &rule.cedar, Origin::of_rule(id))?;
        }
    }
    for directive in state.directives.values() {
        if !directive.life.is_some_and(|life| life.holds(at)) {
            continue;
        }
        let Some(text) = &directive.text else {
            alarms.push(Alarm::Withheld { id: directive.id });
            continue;
        };
        let policies = directive::policies(text, &state.kinds, at).unwrap_or_else(|error| {
            alarms.push(Alarm::Unreadable { id: directive.id, problem: error.to_string() });
            directive::unreadable(text).into_iter().collect()
        });
        for policy in policies {
            add(&policy.id, &policy.cedar, policy.origin)?;
        }
    }
    Ok((rules, alarms))
}

/// Every attribute that any of `rules` speaks of.
pub(crate) fn attributes<'a>(rules: impl Iterator<Item = &'a RuleInForce>) -> BTreeSet<String> {
    rules.flat_map(|rule| rule.reads.iter().cloned()).collect()
}
