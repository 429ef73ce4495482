//! Obligations that a rule brings, as annotations of its policy.
//!
//! On a permit, `@limit_requests("10/min")`, `@limit_tokens`, `@limit_spend`
//! and `@limit_concurrent("2")` say what each account may take of what the
//! rule permits, and `@keep_text("30 days")` that what is asked under it is
//! kept, encrypted, for so long, and `@withhold("reasoning, logprobs")` that
//! these are taken out of the answers. On a forbid, `@answer("fallback")` lets the
//! previous model answer instead.

use cedar_policy::{Effect, Policy};
use weir_acts::limits::{Limits, Rates};

use crate::decision::Withheld;
use crate::retention::length_of_time;

/// What annotations are called.
const LIMITS: [&str; 4] = ["limit_requests", "limit_tokens", "limit_spend", "limit_concurrent"];
const ANSWER: &str = "answer";
const KEEP_TEXT: &str = "keep_text";
const WITHHOLD: &str = "withhold";

/// The longest that texts are kept: a hundred years.
const LONGEST_KEPT: i64 = 36_500 * 86_400_000;

/// The limits that a policy brings.
///
/// # Errors
/// Where an annotation is not what it must be, or stands on a forbid.
pub(crate) fn limits(policy: &Policy) -> Result<Limits, String> {
    if let Some((name, _)) = policy.annotations().find(|(name, _)| name.starts_with("limit_") && !LIMITS.contains(name))
    {
        return Err(format!("@{name} is no limit; there are @{}", LIMITS.join(", @")));
    }
    if policy.effect() == Effect::Forbid {
        return match LIMITS.iter().find(|name| policy.annotation(name).is_some()) {
            Some(name) => Err(format!("@{name} stands on a forbid: only what is permitted can be limited")),
            None => Ok(Limits::default()),
        };
    }
    let rates = |name: &str| match policy.annotation(name) {
        None => Ok(Rates::default()),
        Some(text) => text.parse().map_err(|error| format!("@{name}: {error}")),
    };
    let concurrent = match policy.annotation("limit_concurrent").map(str::parse) {
        None => None,
        Some(Ok(most)) if most > 0 => Some(most),
        Some(_) => return Err("@limit_concurrent: write how many requests, 1 or more".to_owned()),
    };
    Ok(Limits {
        requests: rates("limit_requests")?,
        tokens: rates("limit_tokens")?,
        concurrent,
        spend: rates("limit_spend")?,
    })
}

/// How long the texts of what a policy permits are kept, in milliseconds; none
/// where it does not say that they are.
///
/// # Errors
/// Where the annotation is misspelt, no length of time, or stands on a forbid.
pub(crate) fn keep_text(policy: &Policy) -> Result<Option<i64>, String> {
    let is_meant = |name: &str| name.to_ascii_lowercase().starts_with("keep");
    if let Some((name, _)) = policy.annotations().find(|(name, _)| is_meant(name) && *name != KEEP_TEXT) {
        return Err(format!("@{name} says nothing; texts are kept by @{KEEP_TEXT}(\"30 days\")"));
    }
    match (policy.annotation(KEEP_TEXT), policy.effect()) {
        (None, _) => Ok(None),
        (Some(_), Effect::Forbid) => {
            Err(format!("@{KEEP_TEXT} stands on a forbid: texts are kept only of what is permitted"))
        }
        (Some(text), Effect::Permit) => {
            let told = |why: &str| format!("@{KEEP_TEXT}(\"{text}\") {why}");
            let keep = length_of_time(text).ok_or_else(|| {
                told("is no length of time: write a number and days, hours, minutes or seconds, as \"30 days\"")
            })?;
            if keep > LONGEST_KEPT { Err(told("is longer than 36500 days")) } else { Ok(Some(keep)) }
        }
    }
}

/// What a policy has taken out of the answers to what it permits.
///
/// # Errors
/// Where the annotation is misspelt, names nothing that can be, or stands on a
/// forbid.
pub(crate) fn withheld(policy: &Policy) -> Result<Withheld, String> {
    let spelt = ["withh", "withold", "with_h"];
    let is_meant = |name: &str| spelt.iter().any(|start| name.to_ascii_lowercase().starts_with(start));
    if let Some((name, _)) = policy.annotations().find(|(name, _)| is_meant(name) && *name != WITHHOLD) {
        return Err(format!("@{name} says nothing; parts of answers are withheld by @{WITHHOLD}(\"reasoning, logprobs\")"));
    }
    let Some(text) = policy.annotation(WITHHOLD) else { return Ok(Withheld::default()) };
    if policy.effect() == Effect::Forbid {
        return Err(format!("@{WITHHOLD} stands on a forbid: parts are withheld only of what is permitted"));
    }
    text.split(',').try_fold(Withheld::default(), |all, word| match word.trim() {
        "reasoning" => Ok(Withheld { reasoning: true, ..all }),
        "logprobs" => Ok(Withheld { logprobs: true, ..all }),
        "choices" => Ok(Withheld { choices: true, ..all }),
        other => Err(format!("@{WITHHOLD}: `{other}` is none of reasoning, logprobs, choices; separate them by commas")),
    })
}

/// Whether those whom a forbid names are served by the previous model.
///
/// # Errors
/// Where the annotation is not what it must be, or stands on a permit.
pub(crate) fn falls_back(policy: &Policy) -> Result<bool, String> {
    match (policy.annotation(ANSWER), policy.effect()) {
        (None, _) => Ok(false),
        (Some(_), Effect::Permit) => Err("@answer stands on a permit: it says how a forbid is answered".to_owned()),
        (Some("deny"), Effect::Forbid) => Ok(false),
        (Some("fallback"), Effect::Forbid) => Ok(true),
        (Some(_), Effect::Forbid) => Err("@answer is \"deny\" or \"fallback\"".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Policy {
        Policy::parse(None, text).unwrap()
    }

    #[test]
    fn annotations_of_a_permit_are_limits() {
        let read = limits(&policy(
            r#"@limit_requests("10/min,100/day") @limit_concurrent("2") @limit_spend("9/hour") permit (principal, action, resource);"#,
        ));
        let read = read.unwrap();
        assert_eq!(
            (read.requests.to_string(), read.concurrent, read.spend.to_string(), read.tokens.is_empty()),
            ("10/min,100/day".to_owned(), Some(2), "9/hour".to_owned(), true)
        );
    }

    #[test]
    fn texts_are_kept_by_a_permit_that_says_for_how_long() {
        let (permit, forbid) = ("permit (principal, action, resource);", "forbid (principal, action, resource);");
        let read = |text: String| keep_text(&policy(&text));
        assert_eq!(read(permit.to_owned()), Ok(None));
        assert_eq!(read(forbid.to_owned()), Ok(None));
        assert_eq!(read(format!("@keep_text(\"30 days\") {permit}")), Ok(Some(30 * 86_400_000)));
        assert_eq!(read(format!("@keep_text(\"36500 days\") {permit}")), Ok(Some(LONGEST_KEPT)));
        for (text, named) in [
            (format!("@keep_text(\"30\") {permit}"), "@keep_text(\"30\") is no length of time"),
            (format!("@keep_text {permit}"), "is no length of time"),
            (format!("@keep_text(\"0 days\") {permit}"), "is no length of time"),
            (format!("@keep_text(\"36501 days\") {permit}"), "is longer than"),
            (format!("@keep_texts(\"30 days\") {permit}"), "@keep_texts says nothing"),
            (format!("@keeptext(\"30 days\") {permit}"), "@keeptext says nothing"),
            (format!("@Keep_text(\"30 days\") {permit}"), "@Keep_text says nothing"),
            (format!("@keep_text(\"30 days\") {forbid}"), "@keep_text stands on a forbid"),
        ] {
            let error = read(text.clone()).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn parts_of_answers_are_withheld_by_a_permit_that_names_them() {
        let (permit, forbid) = ("permit (principal, action, resource);", "forbid (principal, action, resource);");
        let read = |text: String| withheld(&policy(&text)).map(|parts| parts.words().collect::<Vec<_>>());
        assert_eq!(read(permit.to_owned()), Ok(vec![]));
        assert_eq!(read(format!("@withhold(\"logprobs , reasoning\") {permit}")), Ok(vec!["reasoning", "logprobs"]));
        assert_eq!(read(format!("@withhold(\"choices\") {permit}")), Ok(vec!["choices"]));
        for (text, named) in [
            (format!("@withhold(\"reasoning logprobs\") {permit}"), "`reasoning logprobs` is none of"),
            (format!("@withhold(\"reasoning,\") {permit}"), "`` is none of"),
            (format!("@withhold {permit}"), "`` is none of"),
            (format!("@withold(\"reasoning\") {permit}"), "@withold says nothing"),
            (format!("@Withhold(\"reasoning\") {permit}"), "@Withhold says nothing"),
            (format!("@withhold(\"reasoning\") {forbid}"), "stands on a forbid"),
        ] {
            let error = read(text.clone()).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_misspelt_or_misplaced_is_refused_by_name() {
        let permit = "permit (principal, action, resource);";
        let forbid = "forbid (principal, action, resource);";
        for (text, named) in [
            (format!(r#"@limit_requests("many") {permit}"#), "@limit_requests"),
            (format!(r#"@limit_concurrent("0") {permit}"#), "@limit_concurrent"),
            (format!(r#"@limit_request("1/min") {permit}"#), "@limit_request "),
            (format!(r#"@limit_tokens("1/min") {forbid}"#), "forbid"),
        ] {
            let error = limits(&policy(&text)).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
        assert!(falls_back(&policy(&format!(r#"@answer("fallback") {forbid}"#))).unwrap());
        assert!(!falls_back(&policy(&format!(r#"@answer("deny") {forbid}"#))).unwrap());
        assert!(falls_back(&policy(&format!(r#"@answer("later") {forbid}"#))).is_err());
        assert!(falls_back(&policy(&format!(r#"@answer("fallback") {permit}"#))).is_err());
    }
}
