//! Decisions computed again: each on the acts and at the time it was made on,
//! from nothing but the log and the openings.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use weir_acts::world::World;
use weir_rules::policies::Policies;
use weir_rules::{Alarm, Effect, Snapshot};

use super::bundle::DecisionLine;
use super::report::Decisions;

/// A decision that was computed again and came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// Its id.
    pub id: String,
    /// What the record says.
    pub recorded: String,
    /// What the log says.
    pub computed: String,
}

/// Walks the decisions beside the fold.
pub(super) struct Recomputer<'a> {
    waiting: std::slice::Iter<'a, DecisionLine>,
    next: Option<&'a DecisionLine>,
    policies: Option<Arc<Policies>>,
    found: Decisions,
    left_out: BTreeMap<String, u64>,
}

impl<'a> Recomputer<'a> {
    /// Of decisions sorted by tree size.
    pub(super) fn new(decisions: &'a [DecisionLine]) -> Recomputer<'a> {
        let mut waiting = decisions.iter();
        let next = waiting.next();
        Recomputer { waiting, next, policies: None, found: Decisions::default(), left_out: BTreeMap::new() }
    }

    pub(super) fn rules_changed(&mut self) {
        self.policies = None;
    }

    /// Computes every decision that was made on exactly these acts.
    pub(super) fn advance(&mut self, world: &World) {
        let size = world.state().size;
        let mut moved = world.clone();
        while let Some(decision) = self.next.filter(|decision| decision.tree_size <= size) {
            if decision.tree_size == size {
                self.compute(&mut moved, decision);
            } else {
                self.leave_out("it names a tree that had no acts");
            }
            self.next = self.waiting.next();
        }
        // Time that passed in `moved` has not passed in the fold.
        if moved.view().at != world.view().at {
            self.policies = None;
        }
    }

    fn compute(&mut self, moved: &mut World, decision: &DecisionLine) {
        let Some(model) = &decision.model else { return self.leave_out("it listed models") };
        if moved.advance(decision.time).rules {
            self.policies = None;
        }
        let policies = match &self.policies {
            Some(policies) => Arc::clone(policies),
            None => match Policies::compile(moved.state(), moved.view().at) {
                Ok(policies) => {
                    let policies = Arc::new(policies);
                    self.policies = Some(Arc::clone(&policies));
                    policies
                }
                Err(error) => return self.leave_out(&error.to_string()),
            },
        };
        if policies.alarms().iter().any(|alarm| matches!(alarm, Alarm::Withheld { .. })) {
            return self.leave_out("a directive then in force is under seal and was not opened");
        }
        let snapshot = Snapshot::new(moved.view().clone(), policies);
        let Some(class) = snapshot.view().class(decision.account) else {
            return self.differs(decision, "no account of that id was open".into());
        };
        let verdict = snapshot.decide(class, model);
        let computed = match verdict.effect {
            Effect::Permit => "permit",
            Effect::Missing => "missing",
            Effect::Deny => match &decision.served_model {
                Some(previous) if verdict.fallback && snapshot.decide(class, previous).permits() => "fallback",
                _ => "deny",
            },
        };
        let rules: Vec<String> = verdict.rules.iter().map(ToString::to_string).collect();
        if computed == decision.ruling && rules == decision.rules {
            self.found.same += 1;
        } else {
            self.differs(decision, format!("{computed} by {}", rules.join(", ")));
        }
    }

    fn differs(&mut self, decision: &DecisionLine, computed: String) {
        let recorded = format!("{} by {}", decision.ruling, decision.rules.join(", "));
        self.found.differing.push(Differing { id: decision.id.clone(), recorded, computed });
    }

    fn leave_out(&mut self, why: &str) {
        *self.left_out.entry(why.to_owned()).or_default() += 1;
    }

    pub(super) fn finish(&mut self) -> Decisions {
        while self.next.is_some() {
            self.leave_out("the log was not folded as far as it was made on");
            self.next = self.waiting.next();
        }
        let mut found = std::mem::take(&mut self.found);
        found.left_out = std::mem::take(&mut self.left_out);
        found
    }
}
