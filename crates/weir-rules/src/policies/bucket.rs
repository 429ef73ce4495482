//! The rules that could matter for one model, ready to be evaluated.

use cedar_policy::{Authorizer, Context, Decision, Entities, Entity, EntityUid, Policy, PolicySet, Request};
use weir_acts::words::Stage;

use super::index::Index;
use super::{CompileError, attributes};
use crate::entities::{self, Known, ModelFacts, Populations, Reads};
use crate::rule::RuleInForce;
use crate::schema::{ACCOUNT, ACTION, USE, uid};

/// The rules of one model at its stage.
#[derive(Debug)]
pub(crate) struct Bucket {
    model: ModelFacts,
    stage: Stage,
    resource: Entity,
    request: Request,
    principal: EntityUid,
    index: Index,
    positions: Vec<usize>,
    models: Vec<ModelFacts>,
    reads: Reads,
    stage_rule: Option<usize>,
    authorizer: Authorizer,
}

/// What an evaluation came to.
pub(crate) enum Outcome {
    /// These rules decide, by position: the forbids where any forbids, else
    /// the permits.
    Determined(Vec<usize>),
    /// Something could not be evaluated.
    Failed(String),
}

impl Bucket {
    /// With the rules alone that could apply to the model at its stage.
    pub(crate) fn narrowed(
        model: &ModelFacts,
        stage: Stage,
        rules: &[RuleInForce],
        everything: &[ModelFacts],
    ) -> Result<Bucket, CompileError> {
        Bucket::of(model, stage, rules, Bucket::admitted(model, stage, rules), everything, Index::of)
    }

    /// The rules that could apply to the model at its stage, by position.
    pub(crate) fn admitted(model: &ModelFacts, stage: Stage, rules: &[RuleInForce]) -> Vec<usize> {
        let admits = |(_, rule): &(usize, &RuleInForce)| rule.scope.admits(&model.name, stage.as_str());
        rules.iter().enumerate().filter(admits).map(|(position, _)| position).collect()
    }

    /// The position of the rule that says whom `stage` permits.
    pub(crate) fn stage_rule_of(stage: Stage, rules: &[RuleInForce]) -> Option<usize> {
        let id = format!("stage/{stage}");
        rules.iter().position(|rule| *rule.id == *id)
    }

    /// With every rule.
    pub(crate) fn full(
        model: &ModelFacts,
        stage: Stage,
        rules: &[RuleInForce],
        everything: &[ModelFacts],
    ) -> Result<Bucket, CompileError> {
        Bucket::of(model, stage, rules, (0..rules.len()).collect(), everything, Index::flat)
    }

    fn of(
        model: &ModelFacts,
        stage: Stage,
        rules: &[RuleInForce],
        positions: Vec<usize>,
        everything: &[ModelFacts],
        index: impl FnOnce(&[&RuleInForce]) -> Result<Index, Box<cedar_policy::PolicySetError>>,
    ) -> Result<Bucket, CompileError> {
        let error = |problem: String| CompileError { rule: model.name.to_string(), problem };
        let chosen = || positions.iter().filter_map(|position| rules.get(*position));
        let index = index(&chosen().collect::<Vec<_>>()).map_err(|problem| error(problem.to_string()))?;
        let principal = uid(ACCOUNT, "class").map_err(|problem| error(problem.to_string()))?;
        let action = uid(ACTION, USE).map_err(|problem| error(problem.to_string()))?;
        let request = Request::new(principal.clone(), action, model.uid.clone(), Context::empty(), None)
            .map_err(|problem| error(problem.to_string()))?;
        let named = |other: &ModelFacts| {
            other.name == model.name || chosen().any(|rule| rule.policy.entity_literals().contains(&other.uid))
        };
        let models = everything.iter().filter(|other| named(other)).cloned().collect();
        Ok(Bucket {
            model: model.clone(),
            stage,
            resource: entities::model(model, stage.as_str()).map_err(error)?,
            request,
            principal,
            index,
            reads: Reads::new(attributes(chosen())),
            models,
            stage_rule: Bucket::stage_rule_of(stage, rules),
            positions,
            authorizer: Authorizer::new(),
        })
    }

    pub(crate) fn model(&self) -> &ModelFacts {
        &self.model
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// The position of the rule that says whom the stage permits.
    pub(crate) fn stage_rule(&self) -> Option<usize> {
        self.stage_rule
    }

    /// The rules looked at, by position.
    pub(crate) fn positions(&self) -> &[usize] {
        &self.positions
    }

    pub(crate) fn evaluate(&self, known: &Known, populations: &Populations) -> Outcome {
        let candidates = self.index.candidates(known);
        let reads: Vec<&Reads> = candidates.iter().map(|candidate| &candidate.reads).collect();
        let entities = match self.entities(known, &reads, populations) {
            Ok(entities) => entities,
            Err(problem) => return Outcome::Failed(problem),
        };
        let (mut permits, mut forbids) = (Vec::new(), Vec::new());
        for candidate in candidates {
            match self.answer(&candidate.set, &entities) {
                Ok((Decision::Allow, positions)) => permits.extend(positions),
                Ok((Decision::Deny, positions)) => forbids.extend(positions),
                Err(problem) => return Outcome::Failed(problem),
            }
        }
        Outcome::Determined(if forbids.is_empty() { permits } else { forbids })
    }

    /// What each of `policies` alone comes to, for an explanation.
    pub(crate) fn evaluate_each<'a>(
        &self,
        policies: impl Iterator<Item = &'a Policy>,
        known: &Known,
        populations: &Populations,
    ) -> Vec<Outcome> {
        let entities = self.entities(known, &[&self.reads], populations);
        policies
            .map(|policy| {
                let set = PolicySet::from_policies([policy.clone()]).map_err(|error| error.to_string());
                match (&entities, set) {
                    (Ok(entities), Ok(set)) => match self.answer(&set, entities) {
                        Ok((_, positions)) => Outcome::Determined(positions),
                        Err(problem) => Outcome::Failed(problem),
                    },
                    (Err(problem), _) => Outcome::Failed(problem.clone()),
                    (_, Err(problem)) => Outcome::Failed(problem),
                }
            })
            .collect()
    }

    fn entities(&self, known: &Known, reads: &[&Reads], populations: &Populations) -> Result<Entities, String> {
        let principal = entities::principal(&self.principal, known, reads, &self.models, populations)?;
        Entities::from_entities([principal, self.resource.clone()], None).map_err(|error| error.to_string())
    }

    /// What `set` comes to: its forbids where any forbids, else its permits.
    fn answer(&self, set: &PolicySet, entities: &Entities) -> Result<(Decision, Vec<usize>), String> {
        let response = self.authorizer.is_authorized(&self.request, set, entities);
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(error.to_string());
        }
        let positions: Result<Vec<usize>, _> =
            response.diagnostics().reason().map(|id| AsRef::<str>::as_ref(id).parse()).collect();
        let positions = positions.map_err(|_| "a policy under a foreign id".to_owned())?;
        Ok((response.decision(), positions))
    }
}
