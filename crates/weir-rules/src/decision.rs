//! What a decision says. A decision is a function of five inputs (tree size,
//! time, account, model, the person's claims); the first two are the
//! snapshot's, the account and the person enter as a decision class, so that
//! equal classes share one [`Verdict`].

use std::sync::Arc;

use serde::Serialize;
use weir_acts::limits::Limits;

/// Permit, deny, or as if the model did not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The request may go on.
    Permit,
    /// It may not.
    Deny,
    /// The model is sealed, retired or unknown: 404.
    Missing,
}

/// Why a request is denied, in words for the one who is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// The rule that decides; the first by id where several forbid.
    pub rule: Arc<str>,
    /// The rule's reason, a sentence without its full stop.
    pub reason: String,
    /// The legal ground, where the rule has one.
    pub citation: Option<String>,
    /// What to do next, a sentence without its full stop.
    pub next: String,
}

/// What a class may do with a model under the rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Permit, deny or missing.
    pub effect: Effect,
    /// The determining rules, by id, sorted: the permits of a permit, the
    /// forbids of a deny; for want of any permit, the stage's rule.
    pub rules: Vec<Arc<str>>,
    /// The stage the model stood at.
    pub stage: weir_acts::words::Stage,
    /// Present exactly when the effect is not permit.
    pub denial: Option<Denial>,
    /// Whether the denied may be served by the previous model instead: only
    /// when every rule that forbids says so.
    pub fallback: bool,
    /// What is taken out of the answers to what is permitted, by the rules of
    /// the permit that say so and by a measure `withhold`: all of it together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withhold: Vec<RuleWithhold>,
    /// Limits that the rules of a permit put on each account; all of them
    /// hold, so that the strictest wins field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<RuleLimit>,
    /// For how many milliseconds the texts of a permitted request are kept:
    /// the longest that a rule of the permit says. None where none says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_text: Option<i64>,
}

/// What a rule has taken out of answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleWithhold {
    /// The rule; `measure/withhold` where a measure does.
    pub rule: Arc<str>,
    /// What.
    pub parts: Withheld,
}

/// What is taken out of answers; in JSON a list of words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Withheld {
    /// The reasoning behind them.
    pub reasoning: bool,
    /// The log-probabilities of their tokens.
    pub logprobs: bool,
    /// Choices beyond the first.
    pub choices: bool,
}

impl Withheld {
    /// All that can be.
    pub const ALL: Withheld = Withheld { reasoning: true, logprobs: true, choices: true };

    /// Whether nothing is.
    pub const fn is_empty(self) -> bool {
        !(self.reasoning || self.logprobs || self.choices)
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Withheld) -> Withheld {
        Withheld {
            reasoning: self.reasoning || other.reasoning,
            logprobs: self.logprobs || other.logprobs,
            choices: self.choices || other.choices,
        }
    }

    /// Whether all that `other` takes out is taken out.
    pub fn covers(self, other: Withheld) -> bool {
        self.and(other) == self
    }

    /// The words that rules name it by.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let all = [(self.reasoning, "reasoning"), (self.logprobs, "logprobs"), (self.choices, "choices")];
        all.into_iter().filter_map(|(is_withheld, word)| is_withheld.then_some(word))
    }
}

impl Serialize for Withheld {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.words())
    }
}

/// What a rule that permits lets each account take of what it permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleLimit {
    /// The rule.
    pub rule: Arc<str>,
    /// How much.
    pub limits: Limits,
}

impl Verdict {
    /// All that is taken out of the answers.
    pub fn withheld(&self) -> Withheld {
        self.withhold.iter().fold(Withheld::default(), |all, one| all.and(one.parts))
    }

    /// Whether the request may go on.
    pub fn permits(&self) -> bool {
        self.effect == Effect::Permit
    }
}
