//! Decisions computed again: each on the acts and at the time it was made on,
//! from nothing but the log and the openings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use weir_acts::act::Act;
use weir_acts::entry::Entry;
use weir_acts::person::PersonKey;
use weir_acts::state::Holder;
use weir_acts::view::Class;
use weir_acts::words::Stage;
use weir_acts::world::World;
use weir_acts::{State, Time};
use weir_rules::{Alarm, Effect, Explanation, Policies, Snapshot, Verdict, explain as explain_class};

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

/// One decision, told from the log and the bundle alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub time: Time,
    /// The calling account, by its random id.
    pub account: String,
    /// The rules that decided, and on whose act each held.
    pub behind: Vec<RuleBehind>,
    /// Everything that went into it, computed again.
    pub explanation: Explanation,
}

/// A rule that decided, and the act that brought it in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleBehind {
    /// Its id.
    pub rule: String,
    /// The legal ground, where it has one.
    pub citation: Option<String>,
    /// The authority, where a directive made it.
    pub authority: Option<String>,
    /// The act that enacted it, where a directive made it.
    pub act: Option<u64>,
    /// Who did that act: an operator's id.
    pub by: Option<String>,
    /// Since when it held.
    pub since: Option<Time>,
}

impl Explained {
    /// The explanation in sentences.
    pub fn lines(&self) -> Vec<String> {
        let verdict = &self.explanation.verdict;
        let effect = match verdict.effect {
            Effect::Permit => "permitted",
            Effect::Deny => "denied",
            Effect::Missing => "answered as for no such model",
        };
        let mut lines = vec![format!(
            "decision {}: account {} was {effect} {} (stage {}) at {}, on {} acts",
            self.id,
            self.account,
            self.explanation.model,
            self.explanation.stage,
            self.time,
            self.explanation.tree_size
        )];
        for rule in &self.behind {
            let mut line = format!("  by rule {}", rule.rule);
            let told = [("citing", &rule.citation), ("on the word of", &rule.authority), ("enacted by", &rule.by)];
            for (word, what) in told.iter().filter_map(|(word, what)| Some((word, what.as_ref()?))) {
                line.push_str(&format!(", {word} {what}"));
            }
            line.push_str(&rule.act.map_or_else(String::new, |act| format!(" in act {act}")));
            line.push_str(&rule.since.map_or_else(String::new, |since| format!(", in force since {since}")));
            lines.push(line);
        }
        for withheld in &verdict.withhold {
            let parts: Vec<&str> = withheld.parts.words().collect();
            lines.push(format!("  withheld from the answer: {} (rule {})", parts.join(", "), withheld.rule));
        }
        for claim in &self.explanation.claims {
            let value = claim.value.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
            lines.push(format!("  claim {}: {value}", claim.claim));
        }
        lines
    }
}

/// Why a decision that comes out otherwise proves nothing.
const ROWS_NOT_GIVEN: &str = "it may rest on rows of an import that were not given";

/// Where persons whose names were not opened are noted.
const PERSONS: &str = "persons";

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
    explain: Option<&'a str>,
    explained: Option<Explained>,
    left_out: BTreeMap<String, u64>,
}

impl<'a> Recomputer<'a> {
    /// Of decisions sorted by tree size.
    pub(super) fn new(decisions: &'a [DecisionLine], explain: Option<&'a str>) -> Recomputer<'a> {
        let mut waiting = decisions.iter();
        let next = waiting.next();
        Recomputer {
            waiting,
            next,
            policies: None,
            closed: BTreeSet::new(),
            found: Decisions::default(),
            explain,
            explained: None,
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
            Act::PersonAdd(_) => PERSONS.to_owned(),
            Act::StageSet(_) | Act::DirectiveEnact(_) => LISTS.to_owned(),
            _ => return,
        };
        self.closed.insert(subject);
    }

    /// A row whose private part nobody opened.
    pub(super) fn row_not_opened(&mut self, subject: Holder) {
        self.closed.insert(subject.to_string());
    }

    /// Whether a decision waits that was made on no more than `size` acts.
    pub(super) fn is_due(&self, size: u64) -> bool {
        self.next.is_some_and(|decision| decision.tree_size <= size)
    }

    /// Computes every decision that was made on exactly these acts.
    pub(super) fn advance(&mut self, world: &World) {
        let size = world.state().size;
        // Time that passes here has not passed in the fold.
        let mut moved = world.clone();
        let policies = self.policies.clone();
        while let Some(decision) = self.next.filter(|decision| decision.tree_size <= size) {
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
        if decision.person.is_some() && decision.person_claims.is_none() {
            return self.leave_out("it rested on a person's assertion whose claims were not recorded");
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
            if moved.state().unseen_rows > 0 {
                return self.leave_out(ROWS_NOT_GIVEN);
            }
            return self.differs(decision, why);
        }
        let snapshot = Snapshot::new(moved.view().clone(), policies);
        let Some(mut class) = snapshot.view().class(decision.account) else {
            return self.differs(decision, "the account was not open".into());
        };
        // Whose word the claims were is a matter of the issuer's signature,
        // which was checked then; what they decide is checked now.
        let person = decision.person.as_deref().and_then(|person| person.parse::<PersonKey>().ok());
        if let Some(claims) = &decision.person_claims {
            let Some(of_person) = snapshot.view().class_of_person(class, claims, person.as_ref()) else {
                return self.leave_out("too many distinct facts are known");
            };
            class = of_person;
        }
        if self.explain == Some(&*decision.id) {
            self.explained = Some(explained(moved.state(), decision, explain_class(&snapshot, class, model)));
        }
        let verdict = snapshot.decide(class, model);
        let outcome = Outcome {
            ruling: ruling(&snapshot, class, model, &verdict, decision.served_model.as_deref()),
            stage: verdict.stage,
            rules: verdict.rules.iter().map(ToString::to_string).collect(),
        };
        let recorded = Outcome { ruling: &decision.ruling, stage: decision.stage, rules: decision.rules.clone() };
        if outcome == recorded {
            self.found.same += 1;
        } else if moved.state().unseen_rows > 0 {
            self.leave_out(ROWS_NOT_GIVEN);
        } else if self.may_rest_on_closed(decision) {
            self.leave_out("it may rest on private parts that were erased or not opened");
        } else {
            self.differs(decision, outcome.to_string());
        }
    }

    fn may_rest_on_closed(&self, decision: &DecisionLine) -> bool {
        let subjects = [decision.account.to_string(), decision.party.to_string(), LISTS.to_owned()];
        let persons = decision.person.is_some();
        let of_person = persons && self.closed.iter().any(|subject| subject == PERSONS || subject.starts_with("u-"));
        of_person || subjects.iter().any(|subject| self.closed.contains(subject))
    }

    fn differs(&mut self, decision: &DecisionLine, computed: String) {
        let recorded = Outcome { ruling: &decision.ruling, stage: decision.stage, rules: decision.rules.clone() };
        let recorded = recorded.to_string();
        self.found.differing.push(Differing { id: decision.id.clone(), recorded, computed });
    }

    fn leave_out(&mut self, why: &str) {
        *self.left_out.entry(why.to_owned()).or_default() += 1;
    }

    /// The decision asked about, where it was computed.
    pub(super) fn explained(&mut self) -> Option<Explained> {
        self.explained.take()
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

fn explained(state: &State, decision: &DecisionLine, explanation: Explanation) -> Explained {
    let behind = explanation.verdict.rules.iter().map(|rule| behind(state, rule, &explanation)).collect();
    let account = decision.account.to_string();
    Explained { id: decision.id.clone(), time: decision.time, account, behind, explanation }
}

fn behind(state: &State, rule: &str, explanation: &Explanation) -> RuleBehind {
    let citation = explanation.rules.iter().find(|said| &*said.id == rule).and_then(|said| said.citation.clone());
    let directive = rule.rsplit_once('/').and_then(|(id, _)| state.directive_named(id));
    let enacted = directive.and_then(|directive| directive.enacted.as_ref());
    let since = directive.and_then(|directive| directive.life).map(|life| life.from());
    RuleBehind {
        rule: rule.to_owned(),
        citation,
        authority: directive.and_then(|directive| Some(directive.text.as_ref()?.authority.clone())),
        act: enacted.map(|enacted| enacted.act),
        by: enacted.map(|enacted| enacted.by.to_string()),
        since: since.or_else(|| state.rules.get(rule).map(|rule| rule.life.from())),
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
    let falls_back =
        |served: &str| snapshot.fall_back(class, model, verdict).is_some_and(|(previous, _)| *previous == *served);
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
