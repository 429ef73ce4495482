//! What the base rules of this version are to a log that was begun with others.
//! The texts enter a log with its first acts and stay what they were; what a later
//! version adds comes in by an act of its own.
//!
//! A base rule's text never changes once a log may hold it, since the ids of rules are
//! never used twice: what is new gets a rule of its own (a test holds the texts).

#[cfg(test)]
mod tests;

use std::sync::Arc;

use weir_acts::act::PolicyText;
use weir_acts::{State, Time};

use crate::base::base_rules;

/// What a log has of the base rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upgrade {
    /// Those that it never had, in their order: they can be brought in.
    pub lacking: Vec<PolicyText>,
    /// Those it has otherwise. They stay as they are: the log's own word counts,
    /// and an id is never used twice.
    pub otherwise: Vec<Otherwise>,
}

/// A base rule that a log has with another text, or no longer in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otherwise {
    /// Its id.
    pub id: String,
    /// The text in the log.
    pub in_log: Arc<str>,
    /// Whether that is in force.
    pub in_force: bool,
    /// This version's text.
    pub here: String,
}

/// Holds the log that `state` was folded from against the base rules.
pub fn upgrade(state: &State, at: Time) -> Upgrade {
    let mut found = Upgrade::default();
    for rule in base_rules() {
        match state.rules.get(rule.id.as_str()) {
            None => found.lacking.push(rule),
            Some(known) if known.life.holds(at) && *known.cedar == *rule.cedar => {}
            Some(known) => found.otherwise.push(Otherwise {
                id: rule.id,
                in_log: Arc::clone(&known.cedar),
                in_force: known.life.holds(at),
                here: rule.cedar,
            }),
        }
    }
    found
}

/// The base rule that speaks of what `action` names and that the log never had.
pub fn lacking_for(state: &State, at: Time, action: &str) -> Option<String> {
    let named = format!("Action::\"{action}\"");
    let lacking = upgrade(state, at).lacking;
    lacking.into_iter().find(|rule| rule.cedar.contains(&named)).map(|rule| rule.id)
}
