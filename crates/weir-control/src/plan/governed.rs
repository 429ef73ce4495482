//! Planning acts about claim kinds, models, stages and the operator's rules.

use weir_acts::act::{Act, PolicyText, private, public};
use weir_acts::directive::ListRows;
use weir_acts::governed::Model;
use weir_acts::id::{LogId, ModelId};
use weir_acts::words::Stage;
use weir_rules::RuleFile;

use super::{Plan, Planner, open, parts};
use crate::command::{ClaimDeclare, ModelAdd, StageSet, UploadedFile};
use crate::lists::read_list;
use crate::names::check_name;
use crate::refusal::Refusal;
use crate::upstream::{check_base_url, check_credential};

/// How many bytes of policy text one act carries; entries stay under 64 KiB
/// with JSON escapes and all.
const RULES_PER_ACT: usize = 24 * 1024;

impl Planner<'_> {
    pub(super) fn claim_declare(&self, command: &ClaimDeclare) -> Result<Plan, Refusal> {
        weir_rules::check_kind_name(&command.kind).map_err(|error| Refusal::invalid(error.to_string()))?;
        if self.state.kinds.contains_key(command.kind.as_str()) {
            return Err(Refusal::conflict(format!("claim kind `{}` is declared already", command.kind)));
        }
        let act = Act::ClaimDeclare(open(public::ClaimDeclare {
            claim: command.kind.clone(),
            r#type: command.r#type,
            describes: command.describes,
        }));
        Ok(Plan::one(self.entry(LogId::from_bytes([0; 10]), act), &command.kind))
    }

    pub(super) fn model_add(&self, command: &ModelAdd) -> Result<Plan, Refusal> {
        check_name("a model's id", &command.id)?;
        if self.state.models.contains_key(command.id.as_str()) {
            return Err(Refusal::conflict(format!("there is a model `{}` already", command.id)));
        }
        check_base_url(&command.upstream)?;
        if let Some(credential) = &command.credential {
            check_credential(credential)?;
        }
        if let Some(previous) = &command.previous {
            self.served_model(previous)?;
        }
        let id = ModelId::random()?;
        let act = Act::ModelAdd(parts(
            public::ModelAdd {
                model: command.id.clone(),
                previous: command.previous.clone(),
                weights: command.weights,
                max_output: command.max_output,
            },
            private::ModelAdd { upstream: command.upstream.clone(), credential: command.credential.clone() },
        ));
        let mut plan = Plan::one(self.entry(id, act), id);
        plan.entries.extend(self.first_meter(id, command.weight, command.max_input)?);
        Ok(plan)
    }

    pub(super) fn model_retire(&self, name: &str) -> Result<Plan, Refusal> {
        let id = self.served_model(name)?.id;
        Ok(Plan::one(self.entry(id, Act::ModelRetire(open(public::ModelRetire {}))), id))
    }

    pub(super) fn stage_set(&self, command: &StageSet) -> Result<Plan, Refusal> {
        let model = self.served_model(&command.model)?;
        let current = model.stage(self.at);
        if current == Stage::Open && command.stage != Stage::Open {
            return Err(Refusal::conflict(format!(
                "`{}` is open: its weights are out, and no stage can call them back",
                command.model
            )));
        }
        let rows = match (&command.list, command.stage) {
            (None, Stage::Listed) => None,
            (Some(file), Stage::Listed) => Some(read_list(self.state, file)?),
            (None, _) => None,
            (Some(_), stage) => {
                return Err(Refusal::invalid(format!("only stage `listed` has a list; `{stage}` has none")));
            }
        };
        let count = rows.as_ref().map(|rows: &ListRows| rows.parties.len() as u64);
        let act = Act::StageSet(parts(
            public::StageSet { stage: command.stage, list: count },
            private::StageSet { list: rows },
        ));
        Ok(Plan::one(self.entry(model.id, act), model.id))
    }

    pub(super) fn rules_set(&self, files: &[UploadedFile]) -> Result<Plan, Refusal> {
        let files: Vec<RuleFile> =
            files.iter().map(|file| RuleFile { name: file.name.clone(), text: file.text.clone() }).collect();
        let wanted =
            weir_rules::check_rules(&files, &self.state.kinds).map_err(|error| Refusal::invalid(error.to_string()))?;
        let change = weir_rules::change_rules(self.state, self.at, &wanted).map_err(|id| {
            Refusal::conflict(format!(
                "rule id `{id}` was used before with another text; an id is never reused: give the new text a new id"
            ))
        })?;
        if change.policies.is_empty() && change.removed.is_empty() {
            return Err(Refusal::conflict("these are the rules in force already"));
        }
        self.rules_entries(change.policies, change.removed)
    }

    /// Brings in `rules` as they were shown: each must be a base rule that the log
    /// never had, so that nothing in the log is replaced.
    pub(super) fn rules_upgrade(&self, rules: &[PolicyText]) -> Result<Plan, Refusal> {
        let lacking = weir_rules::upgrade(self.state, self.at).lacking;
        if lacking.is_empty() {
            return Err(Refusal::conflict("the log has every base rule of this version already"));
        }
        if rules.is_empty() {
            return Err(Refusal::invalid("no rules are named; `weir rules upgrade` shows those that the log lacks"));
        }
        for rule in rules {
            if self.state.rules.contains_key(rule.id.as_str()) {
                return Err(Refusal::conflict(format!("the log has a rule `{}`, which stays as it is", rule.id)));
            }
            if !lacking.contains(rule) {
                return Err(Refusal::conflict(format!(
                    "`{}` is no base rule of this version, or has another text in it; `weir rules upgrade` shows what there is",
                    rule.id
                )));
            }
        }
        let text: Vec<&str> = rules.iter().map(|rule| rule.cedar.as_str()).collect();
        let file = RuleFile { name: "the base rules".to_owned(), text: text.join("\n\n") };
        let checked = weir_rules::check_rules(&[file], &self.state.kinds);
        self.rules_entries(checked.map_err(|error| Refusal::invalid(error.to_string()))?, Vec::new())
    }

    /// The acts that bring policies in and out of force, in as many parts as
    /// the size of an entry demands.
    pub(crate) fn rules_entries(&self, added: Vec<PolicyText>, removed: Vec<String>) -> Result<Plan, Refusal> {
        let mut parts: Vec<Vec<PolicyText>> = vec![Vec::new()];
        let mut size = 0;
        for policy in added {
            if policy.cedar.len() > RULES_PER_ACT {
                return Err(Refusal::invalid(format!(
                    "rule `{}` is {} bytes; one rule holds at most {RULES_PER_ACT}",
                    policy.id,
                    policy.cedar.len()
                )));
            }
            if size + policy.cedar.len() > RULES_PER_ACT {
                parts.push(Vec::new());
                size = 0;
            }
            size += policy.cedar.len();
            if let Some(part) = parts.last_mut() {
                part.push(policy);
            }
        }
        let of = u32::try_from(parts.len()).map_err(|_| Refusal::invalid("too many rules"))?;
        let mut plan = Plan::default();
        let mut removed = Some(removed);
        for (part, policies) in (1..).zip(parts) {
            let removed = removed.take().unwrap_or_default();
            let act = Act::RulesSet(open(public::RulesSet { part, of, policies, removed }));
            plan.entries.push(self.entry(LogId::from_bytes([0; 10]), act));
        }
        Ok(plan)
    }

    pub(super) fn served_model(&self, name: &str) -> Result<&Model, Refusal> {
        match self.state.models.get(name) {
            Some(model) if model.life.holds(self.at) => Ok(model),
            Some(_) => Err(Refusal::conflict(format!("model `{name}` is retired"))),
            None => Err(Refusal::not_found(format!("there is no model `{name}`"))),
        }
    }
}
