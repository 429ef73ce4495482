//! What must be known of a principal before a policy can be true, read off its
//! first tests, so that a decision evaluates only policies that could matter
//! to this class. As with [`super::scope`], only what comes first counts, and
//! only tests that are total: Cedar evaluates a conjunction from the left and
//! stops at the first false, so a policy left out because such a test fails is
//! false without an error, and leaving it out changes nothing.

use serde_json::Value as Json;

/// Attributes the house itself puts on a principal, whatever its claims.
const OWN_ATTRIBUTES: &[&str] = &["grants", "granted", "level", "listed", "lists", "measures", "suspended", "shown"];

/// What must hold of a principal for the policy to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// Nothing that this index understands: always to be evaluated.
    Always,
    /// A claim of this kind is known.
    Has(String),
    /// The claim of this kind has this value.
    Equals(String, Scalar),
    /// This measure is taken.
    Measure(String),
    /// Account or party is suspended.
    Suspended,
}

/// A literal that a claim is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scalar {
    Bool(bool),
    Long(i64),
    Text(Box<str>),
}

impl Key {
    /// Of a policy in Cedar's JSON form.
    pub(crate) fn of(policy: &Json) -> Key {
        let first = policy.get("conditions").and_then(|conditions| conditions.get(0));
        let Some(first) = first.filter(|clause| clause.get("kind").and_then(Json::as_str) == Some("when")) else {
            return Key::Always;
        };
        let mut key = Key::Always;
        for part in first.get("body").map(conjuncts).unwrap_or_default() {
            match test(part, &key) {
                Some(Test::Key(stronger)) => strengthen(&mut key, stronger),
                Some(Test::OfResource) => {}
                None => break,
            }
            if !matches!(key, Key::Always | Key::Has(_)) {
                break;
            }
        }
        key
    }
}

/// A later `has` of another claim is as good as the first; the first stays.
fn strengthen(key: &mut Key, stronger: Key) {
    if !matches!((&*key, &stronger), (Key::Has(_), Key::Has(_))) {
        *key = stronger;
    }
}

enum Test {
    Key(Key),
    /// Total, and about the resource: [`super::scope`] reads it.
    OfResource,
}

/// The parts of a conjunction, in the order of evaluation.
fn conjuncts(body: &Json) -> Vec<&Json> {
    let mut waiting = vec![body];
    let mut parts = Vec::new();
    while let Some(next) = waiting.pop() {
        match next.get("&&").and_then(|and| and.get("left").zip(and.get("right"))) {
            Some((left, right)) => waiting.extend([right, left]),
            None => parts.push(next),
        }
    }
    parts
}

fn test(part: &Json, before: &Key) -> Option<Test> {
    let (operator, operands) = part.as_object().filter(|fields| fields.len() == 1)?.iter().next()?;
    match operator.as_str() {
        "has" => {
            let attribute = operands.get("attr")?.as_str()?;
            (is_variable(operands.get("left")?, "principal") && !OWN_ATTRIBUTES.contains(&attribute))
                .then(|| Test::Key(Key::Has(attribute.to_owned())))
        }
        "==" => equality(operands, before),
        "in" => (is_variable(operands.get("left")?, "resource") && is_literal(operands.get("right")?))
            .then_some(Test::OfResource),
        "contains" => {
            let measure = operands.get("right")?.get("Value")?.as_str()?;
            (attribute_of_principal(operands.get("left")?)? == "measures")
                .then(|| Test::Key(Key::Measure(measure.to_owned())))
        }
        "." => (attribute_of_principal(part)? == "suspended").then_some(Test::Key(Key::Suspended)),
        _ => None,
    }
}

fn equality(operands: &Json, before: &Key) -> Option<Test> {
    let (left, right) = (operands.get("left")?, operands.get("right")?);
    if is_variable(left, "resource") && is_literal(right) || is_stage(left) && right.get("Value").is_some() {
        return Some(Test::OfResource);
    }
    let attribute = attribute_of_principal(left)?;
    // Reading an attribute is total only where its presence was tested before.
    if *before != Key::Has(attribute.to_owned()) {
        return None;
    }
    scalar(right.get("Value")?).map(|value| Test::Key(Key::Equals(attribute.to_owned(), value)))
}

fn scalar(value: &Json) -> Option<Scalar> {
    match value {
        Json::Bool(value) => Some(Scalar::Bool(*value)),
        Json::Number(value) => value.as_i64().map(Scalar::Long),
        Json::String(value) => Some(Scalar::Text(value.as_str().into())),
        _ => None,
    }
}

fn is_variable(expr: &Json, name: &str) -> bool {
    expr.get("Var").and_then(Json::as_str) == Some(name)
}

fn is_literal(expr: &Json) -> bool {
    expr.get("Value").is_some()
        || expr
            .get("Set")
            .and_then(Json::as_array)
            .is_some_and(|members| members.iter().all(|member| member.get("Value").is_some()))
}

fn is_stage(expr: &Json) -> bool {
    let Some(access) = expr.get(".") else { return false };
    access.get("left").is_some_and(|left| is_variable(left, "resource"))
        && access.get("attr").and_then(Json::as_str) == Some("stage")
}

fn attribute_of_principal(expr: &Json) -> Option<&str> {
    let access = expr.get(".")?;
    if !is_variable(access.get("left")?, "principal") {
        return None;
    }
    access.get("attr")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::Policy;

    fn key(condition: &str) -> Key {
        let text = format!("forbid (principal, action, resource) {condition};");
        Key::of(&text.parse::<Policy>().unwrap().to_json().unwrap())
    }

    #[test]
    fn what_comes_first_and_is_total_is_a_key() {
        let sector = Key::Equals("sector".into(), Scalar::Text("energy".into()));
        assert_eq!(key(r#"when { principal has sector && principal.sector == "energy" }"#), sector);
        let late = r#"when { resource in [Weir::Model::"a"] && principal has sector && principal.sector == "energy" && principal has kyb_level }"#;
        assert_eq!(key(late), sector);
        assert_eq!(
            key("when { principal has us_person && principal.us_person == false }"),
            Key::Equals("us_person".into(), Scalar::Bool(false))
        );
        assert_eq!(
            key("when { principal has kyb_level && principal.level has kyb_level && principal.kyb_level == 2 }"),
            Key::Has("kyb_level".into())
        );
        assert_eq!(key(r#"when { principal.measures.contains("refuse") }"#), Key::Measure("refuse".into()));
        assert_eq!(key("when { principal.suspended }"), Key::Suspended);
    }

    #[test]
    fn what_may_err_or_is_not_required_is_none() {
        for condition in [
            r#"when { principal.sector == "energy" }"#,
            r#"when { principal has sector || principal.suspended }"#,
            r#"unless { principal has sector }"#,
            r#"when { !(principal has sector) }"#,
            "when { principal has level }",
            r#"when { principal.level has sector && principal has sector }"#,
            "",
        ] {
            assert_eq!(key(condition), Key::Always, "{condition}");
        }
        let other = r#"when { principal has sector && principal.jurisdiction == "X" }"#;
        assert_eq!(key(other), Key::Has("sector".into()));
    }
}
