//! A directive as Cedar policies: `<id>/named` forbids where its condition is
//! definitely true, `<id>/unknown` where it is neither true nor false, as far
//! as the directive says so at the time.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use weir_acts::Time;
use weir_acts::claims::Claims;
use weir_acts::directive::{Answer, DirectiveKind, DirectiveText, Unknown};
use weir_acts::governed::ClaimKind;

use crate::condition::compile::quoted;
use crate::condition::{Condition, ConditionError, Three};
use crate::rule::Origin;

/// A policy made from a directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectivePolicy {
    pub(crate) id: Arc<str>,
    pub(crate) cedar: Arc<str>,
    pub(crate) origin: Origin,
}

/// The id of the policy for those a directive names.
pub fn named_rule(directive: &str) -> String {
    format!("{directive}/named")
}

/// The id of the policy for those of whom it cannot be told.
pub fn unknown_rule(directive: &str) -> String {
    format!("{directive}/unknown")
}

/// Whether unknown is denied at `at`.
pub fn denies_unknown(unknown: Unknown, at: Time) -> bool {
    match unknown {
        Unknown::Deny => true,
        Unknown::Allow => false,
        Unknown::AllowUntil(until) => at >= until,
    }
}

/// What a directive says of `claims` and `lists` about `model`: an exception
/// makes it definitely false. This is the plain reading that the compiled
/// policies are tested against.
pub fn reading(text: &DirectiveText, condition: &Condition, claims: &Claims, lists: &[Arc<str>], model: &str) -> Three {
    let named = text.models.iter().any(|named| named == model);
    let excepted = text.except.iter().any(|exception| {
        let list = exception.list_id(&text.id);
        exception.models.iter().any(|named| named == model) && lists.iter().any(|on| **on == *list)
    });
    if !named || excepted {
        return Three::False;
    }
    condition.eval(claims, text.min_level)
}

/// The policies of a directive in force at `at`.
pub(crate) fn policies(
    text: &DirectiveText,
    kinds: &BTreeMap<Arc<str>, ClaimKind>,
    at: Time,
) -> Result<Vec<DirectivePolicy>, ConditionError> {
    if text.models.is_empty() {
        return Ok(Vec::new());
    }
    let condition = Condition::parse(&text.forbid, kinds)?;
    let compiled = condition.compile(text.min_level);
    let (is_true, is_false) = (&compiled.definitely_true, &compiled.definitely_false);
    let fallback = text.answer == Answer::Fallback;
    let mut policies = vec![policy(
        text,
        &named_rule(&text.id),
        Origin::Named { fallback },
        is_true,
        &notice(text),
        "If a claim about you is wrong or out of date, have the operator verify it anew",
    )];
    if denies_unknown(text.unknown, at) {
        let kinds: Vec<&str> = condition.kinds_used().map(|kind| &**kind).collect();
        let kinds = kinds.join(", ");
        policies.push(policy(
            text,
            &unknown_rule(&text.id),
            Origin::Unknown { fallback },
            &format!("!{is_true} && !{is_false}"),
            &format!("{}; whether that holds for you is not known", notice(text)),
            &format!("Have the operator verify what it depends on: {kinds}"),
        ));
    }
    Ok(policies)
}

/// The policy that stands in for a directive whose condition cannot be read:
/// everybody counts as named, since nobody can be cleared.
pub(crate) fn unreadable(text: &DirectiveText) -> Option<DirectivePolicy> {
    (!text.models.is_empty()).then(|| {
        policy(
            text,
            &named_rule(&text.id),
            Origin::Named { fallback: text.answer == Answer::Fallback },
            "true",
            &notice(text),
            "Ask the operator: the condition of this directive could not be read",
        )
    })
}

fn policy(
    text: &DirectiveText,
    id: &str,
    origin: Origin,
    condition: &str,
    reason: &str,
    next: &str,
) -> DirectivePolicy {
    let mut cedar = String::new();
    let mut annotate = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(cedar, "@{name}({})", quoted(value));
    };
    annotate("id", id);
    annotate("reason", reason);
    if let Some(citation) = &text.citation {
        annotate("citation", citation);
    }
    annotate("next", next);
    let _ = writeln!(cedar, "forbid (principal, action == Weir::Action::\"use\", resource)");
    let _ = write!(cedar, "when {{ resource in [{}] && {condition} }}", models(&text.models));
    let exceptions: Vec<String> = text
        .except
        .iter()
        .filter(|exception| !exception.models.is_empty())
        .map(|exception| {
            let list = quoted(&exception.list_id(&text.id));
            format!("(resource in [{}] && principal.lists.contains({list}))", models(&exception.models))
        })
        .collect();
    if !exceptions.is_empty() {
        let _ = write!(cedar, "\nunless {{ {} }}", exceptions.join(" || "));
    }
    cedar.push(';');
    DirectivePolicy { id: id.into(), cedar: cedar.into(), origin }
}

fn models(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("Weir::Model::{}", quoted(name))).collect();
    names.join(", ")
}

/// The sentence a denied caller reads, without its full stop.
fn notice(text: &DirectiveText) -> String {
    if let Some(notice) = &text.notice {
        return notice.trim().trim_end_matches('.').to_owned();
    }
    let kind = match text.kind {
        DirectiveKind::Order => "order",
        DirectiveKind::Request => "request",
    };
    format!("Access to this model is limited by {kind} of {}", text.authority)
}
