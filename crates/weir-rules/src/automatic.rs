//! Which measure the detector takes by itself on the members of a campaign: a
//! rule of authority that permits it to take measures says so by its
//! annotation `@automatic("throttle for 7 days")`. Whether it may, and whether
//! it takes a person's approval, is for the rules to decide all the same.

use cedar_policy::{ActionConstraint, Effect, Policy, PrincipalConstraint};
use weir_acts::entry::BY_DETECTOR;
use weir_acts::words::MeasureKind;

use crate::retention::length_of_time;
use crate::schema::{ACTION, OPERATOR, uid};

/// The action that it belongs to.
pub const MEASURE_TAKE: &str = "measure.take";

/// The annotation's name.
const ANNOTATION: &str = "automatic";

/// What is done without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Automatic {
    /// The measure.
    pub kind: MeasureKind,
    /// For how long, in milliseconds.
    pub lasts: i64,
}

/// What a rule has done by itself; none where it says nothing of it.
///
/// # Errors
/// When it says it in a way that cannot be followed.
pub(crate) fn of(policy: &Policy) -> Result<Option<Automatic>, String> {
    let Some(text) = policy.annotation(ANNOTATION) else { return Ok(None) };
    let takes = match policy.action_constraint() {
        ActionConstraint::Eq(action) => uid(ACTION, MEASURE_TAKE).is_ok_and(|taking| taking == action),
        _ => false,
    };
    let detectors = match policy.principal_constraint() {
        PrincipalConstraint::Eq(principal) => uid(OPERATOR, BY_DETECTOR).is_ok_and(|detector| detector == principal),
        _ => false,
    };
    if !takes || !detectors || policy.effect() != Effect::Permit {
        return Err(format!(
            "@{ANNOTATION} belongs to a rule `permit (principal == {OPERATOR}::\"{BY_DETECTOR}\", action == \
             {ACTION}::\"{MEASURE_TAKE}\", resource)`"
        ));
    }
    let wrong = |why: String| format!("@{ANNOTATION}(\"{text}\"): {why}; write as \"throttle for 7 days\"");
    let (kind, lasts) = text.split_once(" for ").ok_or_else(|| wrong("it does not say for how long".to_owned()))?;
    let kind = kind.trim().parse().map_err(|error: weir_acts::words::WordError| wrong(error.to_string()))?;
    let lasts = length_of_time(lasts).ok_or_else(|| wrong(format!("`{lasts}` is no length of time")))?;
    Ok(Some(Automatic { kind, lasts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Automatic>, String> {
        of(&Policy::parse(None, text).unwrap())
    }

    #[test]
    fn what_is_automatic_is_a_measure_and_a_length_of_time() {
        let rule = |how: &str| {
            format!(
                "@automatic(\"{how}\") permit (principal == Weir::Operator::\"detector\", \
                 action == Weir::Action::\"measure.take\", resource);"
            )
        };
        let seven_days = Automatic { kind: MeasureKind::Throttle, lasts: 7 * 86_400_000 };
        assert_eq!(read(&rule("throttle for 7 days")), Ok(Some(seven_days)));
        for bad in ["", "throttle", "throttle for ever", "covert for 1 day", "throttle for -1 days"] {
            assert!(read(&rule(bad)).unwrap_err().contains("write as"), "{bad}");
        }
    }

    #[test]
    fn it_belongs_to_a_rule_that_lets_the_detector_take_measures() {
        for bad in [
            "@automatic(\"observe for 1 day\") permit (principal, action == Weir::Action::\"measure.take\", resource);",
            "@automatic(\"observe for 1 day\") permit (principal == Weir::Operator::\"detector\", action, resource);",
            "@automatic(\"observe for 1 day\") forbid (principal == Weir::Operator::\"detector\", action == Weir::Action::\"measure.take\", resource);",
        ] {
            assert!(read(bad).unwrap_err().contains("belongs to a rule"), "{bad}");
        }
    }
}
