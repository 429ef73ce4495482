//! What those are told about whom something is done: what, why in words, by
//! which measure and until when.

use std::fmt::Write as _;
use std::sync::Arc;

use weir_acts::Time;
use weir_acts::id::MeasureId;
use weir_acts::view::Caller;
use weir_acts::words::MeasureKind;
use weir_rules::{Denial, MEASURE_WITHHOLD, RuleWithhold, Snapshot, Withheld};

use crate::flight::CutReason;
use crate::persons::KnownPerson;

/// So many characters of a measure's reason are told.
const MOST_OF_REASON: usize = 600;
/// So many measures of one kind are told: one each on account, person and party.
const MOST_TOLD: usize = 3;

/// By what parts of answers are withheld, and what is told of it.
#[derive(Debug, Clone)]
pub(crate) struct WithheldBy {
    /// What the caller is told: by a measure, which takes all there is to take,
    /// or else by the first of the rules that do.
    pub(crate) denial: Denial,
    /// All that withhold, each once: a measure, then rules by their ids.
    pub(crate) rules: Vec<Arc<str>>,
}

impl WithheldBy {
    /// Who withholds, as a sentence begins, and its verb.
    pub(crate) fn who(&self) -> &'static str {
        match (*self.denial.rule == *MEASURE_WITHHOLD, self.rules.len()) {
            (true, ..=1) => "a measure withholds",
            (true, _) => "a measure and the rules withhold",
            (false, _) => "the rules withhold",
        }
    }

    /// The rules, as a sentence names them.
    pub(crate) fn named(&self) -> String {
        let word = if self.rules.len() > 1 { "Rules" } else { "Rule" };
        format!("{word} {}", self.rules.join(", "))
    }
}

/// By what parts of answers are withheld, where they are.
pub(crate) fn withholding<'v>(by: impl IntoIterator<Item = &'v RuleWithhold>) -> Option<WithheldBy> {
    let mut rules: Vec<Arc<str>> = Vec::new();
    let mut parts = Withheld::default();
    for one in by {
        rules.push(Arc::clone(&one.rule));
        parts = parts.and(one.parts);
    }
    rules.sort_unstable_by(|one, other| (**one != *MEASURE_WITHHOLD, one).cmp(&(**other != *MEASURE_WITHHOLD, other)));
    rules.dedup();
    let first = rules.first()?;
    let denial = if **first == *MEASURE_WITHHOLD { by_measure() } else { by_rules(Arc::clone(first), parts) };
    Some(WithheldBy { denial, rules })
}

fn by_rules(first: Arc<str>, parts: Withheld) -> Denial {
    let named: Vec<&str> = [
        (parts.reasoning, "reasoning"),
        (parts.logprobs, "log-probabilities"),
        (parts.choices, "choices beyond the first"),
    ]
    .into_iter()
    .filter_map(|(is_withheld, name)| is_withheld.then_some(name))
    .collect();
    Denial {
        rule: first,
        reason: format!("The rules withhold from these answers: {}", named.join(", ")),
        citation: None,
        next: "Ask the operator, or appeal".to_owned(),
    }
}

fn by_measure() -> Denial {
    Denial {
        rule: MEASURE_WITHHOLD.into(),
        reason: "A measure withholds reasoning, log-probabilities and choices beyond the first from this account's answers"
            .to_owned(),
        citation: None,
        next: "Answer the measure, or appeal it".to_owned(),
    }
}

/// `denial` with what is known of the measure behind it, where one is.
pub(crate) fn tell(snapshot: &Snapshot, caller: &Caller, person: Option<&KnownPerson>, mut denial: Denial) -> Denial {
    let kind = denial.rule.strip_prefix("measure/").and_then(|kind| kind.parse::<MeasureKind>().ok());
    let Some(kind) = kind else { return denial };
    let view = snapshot.view();
    let taken = view.measures(caller.account, caller.party, person.map(|person| &person.who));
    for measure in taken.filter(|measure| measure.kind == kind).take(MOST_TOLD) {
        denial.reason.push_str(&said(measure.id, measure.life.to, measure.reason.as_deref(), measure.evidence_erased));
    }
    denial
}

/// What is told of a measure whose evidence was erased: it holds all the same.
const EVIDENCE_ERASED: &str = " (evidence erased)";

/// A measure's id, its end and its reason, to be added to a sentence.
pub(crate) fn said(measure: MeasureId, until: Option<Time>, why: Option<&str>, evidence_erased: bool) -> String {
    let mut said = format!(". Measure {measure}");
    if let Some(until) = until {
        // Writing to a String cannot fail.
        let _ = write!(said, " until {until}");
    }
    if let Some(why) = why {
        // Headers carry it too, and clients put bounds to those.
        let told: String = why.trim().trim_end_matches('.').chars().take(MOST_OF_REASON).collect();
        let more = if why.chars().count() > MOST_OF_REASON { " ..." } else { "" };
        let _ = write!(said, ": {told}{more}");
    }
    if evidence_erased {
        said.push_str(EVIDENCE_ERASED);
    }
    said
}

/// As [`tell`], of a cut.
pub(crate) fn told(
    snapshot: &Snapshot,
    caller: &Caller,
    person: Option<&KnownPerson>,
    why: CutReason,
) -> CutReason {
    match why {
        CutReason::Denied(denial) => CutReason::Denied(tell(snapshot, caller, person, denial)),
        other => other,
    }
}
