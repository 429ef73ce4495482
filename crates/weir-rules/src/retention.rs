//! How long records, and files of exchanges, are kept: a rule of authority that
//! permits deleting them says so by its annotation `@retention("400 days")`. Without such a rule
//! nothing is deleted.

use cedar_policy::{ActionConstraint, Effect, Policy};

use crate::schema::{ACTION, uid};

/// The action that a retention belongs to.
pub const RECORDS_DELETE: &str = "records.delete";

/// The same for files of exchanges.
pub const EXCHANGES_DELETE: &str = "exchanges.delete";

/// What may be kept for a time.
pub const KEPT: [&str; 2] = [RECORDS_DELETE, EXCHANGES_DELETE];

/// The annotation's name.
const ANNOTATION: &str = "retention";

/// How long a rule has records or exchanges kept: the action it is about, and
/// the time in milliseconds; none where it says nothing about them.
///
/// # Errors
/// When it says it in a way that cannot be followed.
pub(crate) fn of(policy: &Policy) -> Result<Option<(&'static str, i64)>, String> {
    let deletes = match policy.action_constraint() {
        ActionConstraint::Eq(action) => {
            KEPT.into_iter().find(|kept| uid(ACTION, kept).is_ok_and(|deleting| deleting == action))
        }
        _ => None,
    };
    match policy.annotation(ANNOTATION) {
        None if deletes.is_some() && policy.effect() == Effect::Permit => {
            Err("a rule that permits deleting records says how long they are kept: @retention(\"400 days\")".to_owned())
        }
        None => Ok(None),
        Some(text) => match deletes.filter(|_| policy.effect() == Effect::Permit) {
            Some(deletes) => parse(text).map(|keep| Some((deletes, keep))),
            None => Err(format!(
                "@retention belongs to a rule `permit (principal, action == Weir::Action::\"{RECORDS_DELETE}\", \
                 resource)`, or of \"{EXCHANGES_DELETE}\""
            )),
        },
    }
}

fn parse(text: &str) -> Result<i64, String> {
    length_of_time(text).ok_or_else(|| {
        format!("@retention(\"{text}\") is no length of time: write a number and days, hours, minutes or seconds")
    })
}

/// `400 days`, or a number of hours, minutes or seconds, in milliseconds.
pub(crate) fn length_of_time(text: &str) -> Option<i64> {
    let (number, unit) = text.trim().split_once(' ')?;
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    let seconds = match unit.trim() {
        "day" | "days" => 86_400,
        "hour" | "hours" => 3_600,
        "minute" | "minutes" => 60,
        "second" | "seconds" => 1,
        _ => return None,
    };
    number.checked_mul(seconds)?.checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<(&'static str, i64)>, String> {
        of(&Policy::parse(None, text).unwrap())
    }

    #[test]
    fn a_length_of_time_is_read_and_anything_else_refused() {
        let rule = |how: &str| {
            format!("@retention(\"{how}\") permit (principal, action == Weir::Action::\"records.delete\", resource);")
        };
        assert_eq!(read(&rule("400 days")), Ok(Some((RECORDS_DELETE, 400 * 86_400_000))));
        assert_eq!(read(&rule("1 hour")), Ok(Some((RECORDS_DELETE, 3_600_000))));
        let exchanges = rule("1 hour").replace("records.delete", "exchanges.delete");
        assert_eq!(read(&exchanges), Ok(Some((EXCHANGES_DELETE, 3_600_000))));
        for bad in ["", "400", "days", "-1 days", "0 days", "1.5 days", "400 weeks", "999999999999999999 days"] {
            assert!(read(&rule(bad)).unwrap_err().contains("no length of time"), "{bad}");
        }
    }

    #[test]
    fn it_belongs_to_the_rule_that_permits_deleting_and_that_rule_has_one() {
        for bad in [
            "@retention(\"1 day\") permit (principal, action, resource);",
            "@retention(\"1 day\") forbid (principal, action == Weir::Action::\"records.delete\", resource);",
            "@retention(\"1 day\") permit (principal, action == Weir::Action::\"party.add\", resource);",
        ] {
            assert!(read(bad).unwrap_err().contains("belongs to a rule"), "{bad}");
        }
        let without = "permit (principal, action == Weir::Action::\"records.delete\", resource);";
        assert!(read(without).unwrap_err().contains("says how long"));
        assert_eq!(read("forbid (principal, action == Weir::Action::\"records.delete\", resource);"), Ok(None));
        assert_eq!(read("permit (principal, action, resource);"), Ok(None));
    }
}
