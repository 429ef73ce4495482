//! Decisions computed again: each on the acts and at the time it was made on,
//! from nothing but the log and the openings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use weir_acts::act::Act;
use weir_acts::entry::Entry;
use weir_acts::view::Class;
use weir_acts::words::Stage;
use weir_acts::world::World;
use weir_rules::{Alarm, Effect, Policies, Snapshot, Verdict};

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

/// Stands for all lists among what was not opened: anybody may be on them.
const LISTS: &str = "lists";

/// Walks the decisions beside the fold.
pub(super) struct Recomputer<'a> {
    waiting: std::slice::Iter<'a, DecisionLine>,
    next: Option<&'a DecisionLine>,
    policies: Option<Arc<Policies>>,
    /// Subjects of acts that bear on decisions and were not opened.
    closed: BTreeSet<String>,
    found: Decisions,
    left_out: BTreeMap<String, u64>,
}

impl<'a> Recomputer<'a> {
    /// Of decisions sorted by tree size.
    pub(super) fn new(decisions: &'a [DecisionLine]) -> Recomputer<'a> {
        let mut waiting = decisions.iter();
        let next = waiting.next();
        Recomputer {
            waiting,
            next,
            policies: None,
            closed: BTreeSet::new(),
            found: Decisions::default(),
            left_out: BTreeMap::new(),
        }
    }

    /// The rules in force from the act on that is folded next to the last.
    pub(super) fn rules_changed(&mut self, policies: Arc<Policies>) {
        self.policies = Some(policies);
    }

    /// An act whose private part nobody opened: what it says is unknown here,
    /// and was known to who decided.
    pub(super) fn not_opened(&mut self, entry: &Entry) {
        let subject = match entry.act {
            Act::ClaimAdd(_) | Act::GrantAdd(_) => entry.subject.clone(),
            Act::StageSet(_) | Act::DirectiveEnact(_) => LISTS.to_owned(),
            _ => return,
        };
        self.closed.insert(subject);
    }

    /// Computes every decision that was made on exactly these acts.
    pub(super) fn advance(&mut self, world: &World) {
        let size = world.state().size;
        let is_due = |next: Option<&DecisionLine>| next.is_some_and(|decision| decision.tree_size <= size);
        if !is_due(self.next) {
            return;
        }
        // Time that passes here has not passed in the fold.
        let mut moved = world.clone();
        let policies = self.policies.clone();
        while let Some(decision) = self.next.filter(|_| is_due(self.next)) {
            if decision.tree_size == size {
                self.compute(&mut moved, decision);
            } else {
                self.leave_out("it names a tree that had no acts");
            }
            self.next = self.waiting.next();
        }
        self.policies = policies;
    }

    fn compute(&mut self, moved: &mut World, decision: &DecisionLine) {
        let Some(model) = &decision.model else { return self.leave_out("it listed models") };
        if decision.person.is_some() {
            return self.leave_out("it rested on a person's assertion, which no act tells");
        }
        let is_new = moved.advance(decision.time).rules;
        let policies = match self.policies.clone().filter(|_| !is_new) {
            Some(policies) => policies,
            None => match Policies::compile(moved.state(), moved.view().at) {
                Ok(policies) => Arc::new(policies),
                Err(error) => return self.leave_out(&error.to_string()),
            },
        };
        self.policies = Some(Arc::clone(&policies));
        if policies.alarms().iter().any(|alarm| matches!(alarm, Alarm::Withheld { .. })) {
            return self.leave_out("a directive then in force is under seal and was not opened");
        }
        if let Err(why) = check_caller(moved, decision) {
            return self.differs(decision, why);
        }
        let snapshot = Snapshot::new(moved.view().clone(), policies);
        let Some(class) = snapshot.view().class(decision.account) else {
            return self.differs(decision, "the account was not open".into());
        };
        let verdict = snapshot.decide(class, model);
        let outcome = Outcome {
            ruling: ruling(&snapshot, class, model, &verdict, decision.served_model.as_deref()),
            stage: verdict.stage,
            rules: verdict.rules.iter().map(ToString::to_string).collect(),
        };
        let recorded = Outcome { ruling: &decision.ruling, stage: decision.stage, rules: decision.rules.clone() };
        if outcome == recorded {
            self.found.same += 1;
        } else if self.may_rest_on_closed(decision) {
            self.leave_out("it may rest on private parts that were erased or not opened");
        } else {
            self.differs(decision, outcome.to_string());
        }
    }

    fn may_rest_on_closed(&self, decision: &DecisionLine) -> bool {
        let subjects = [decision.account.to_string(), decision.party.to_string(), LISTS.to_owned()];
        subjects.iter().any(|subject| self.closed.contains(subject))
    }

    fn differs(&mut self, decision: &DecisionLine, computed: String) {
        let recorded = Outcome { ruling: &decision.ruling, stage: decision.stage, rules: decision.rules.clone() };
        let recorded = recorded.to_string();
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

/// What a decision comes to, as its record tells it.
#[derive(PartialEq, Eq)]
struct Outcome<'a> {
    ruling: &'a str,
    stage: Stage,
    rules: Vec<String>,
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at stage {} by {}", self.ruling, self.stage, self.rules.join(", "))
    }
}

/// The ruling that follows from `verdict`. A fallback is one only to the very
/// model that precedes, and only where that is permitted.
fn ruling(snapshot: &Snapshot, class: Class, model: &str, verdict: &Verdict, served: Option<&str>) -> &'static str {
    let previous = snapshot.view().model(model).and_then(|model| model.previous.as_deref());
    let falls_back =
        |served: &str| verdict.fallback && Some(served) == previous && snapshot.decide(class, served).permits();
    match (verdict.effect, served) {
        (Effect::Permit, None) => "permit",
        (Effect::Permit, Some(_)) => "permit without a fallback",
        (Effect::Missing, _) => "missing",
        (Effect::Deny, Some(served)) if falls_back(served) => "fallback",
        (Effect::Deny, _) => "deny",
    }
}

/// Whether key, account and party belonged together.
fn check_caller(world: &World, decision: &DecisionLine) -> Result<(), String> {
    let state = world.state();
    let account = state.accounts.get(&decision.account).ok_or("there was no such account")?;
    if account.party != decision.party {
        return Err(format!("the account was of party {}", account.party));
    }
    let key = state.keys.get(&decision.key).ok_or("there was no such key")?;
    if key.account != decision.account {
        return Err(format!("the key was of account {}", key.account));
    }
    if !key.life.holds(world.view().at) {
        return Err("the key was revoked".into());
    }
    Ok(())
}
