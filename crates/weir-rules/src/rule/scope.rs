//! What a policy can possibly apply to, read off its text, so that a decision
//! evaluates only policies that could matter. Only tests that come first in
//! the policy count: Cedar evaluates conjunctions from the left and stops at
//! the first that is false, so a policy whose leading test fails is false
//! without an error, and leaving it out changes nothing.

use std::collections::BTreeSet;

use cedar_policy::Policy;
use cedar_policy::pst::{self, BinaryOp, Clause, EntityOrSlot, Expr, Literal, ResourceConstraint, Var};

use crate::schema::MODEL;

/// The leading tests of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Scope {
    tests: Vec<Test>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// The resource is one of these models.
    Models(Vec<String>),
    /// The resource's stage.
    Stage(String),
}

impl Scope {
    pub(crate) fn of(policy: &Policy) -> Result<Scope, String> {
        let tree = policy.to_pst().map_err(|error| error.to_string())?;
        let body = tree.body();
        let mut tests = Vec::new();
        if let ResourceConstraint::Eq(EntityOrSlot::Entity(entity))
        | ResourceConstraint::In(EntityOrSlot::Entity(entity)) = &body.resource
            && let Some(model) = model(entity)
        {
            tests.push(Test::Models(vec![model]));
        }
        if let Some(Clause::When(condition)) = body.clauses().first() {
            tests.extend(conjuncts(condition).into_iter().map_while(test));
        }
        Ok(Scope { tests })
    }

    /// Whether the policy could apply to `model` at `stage`.
    pub(crate) fn admits(&self, model: &str, stage: &str) -> bool {
        self.tests.iter().all(|test| match test {
            Test::Models(models) => models.iter().any(|named| named == model),
            Test::Stage(named) => named == stage,
        })
    }
}

/// The parts of a conjunction, in the order of evaluation.
fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    let mut waiting = vec![expr];
    let mut parts = Vec::new();
    while let Some(next) = waiting.pop() {
        match next {
            Expr::BinaryOp { op: BinaryOp::And, left, right } => {
                waiting.push(right);
                waiting.push(left);
            }
            other => parts.push(other),
        }
    }
    parts
}

/// A test this index understands. Each is total, so it cannot hide an error.
fn test(expr: &Expr) -> Option<Test> {
    let Expr::BinaryOp { op, left, right } = expr else { return None };
    match (op, &**left, &**right) {
        (BinaryOp::Eq | BinaryOp::In, Expr::Var(Var::Resource), Expr::Literal(Literal::EntityUID(entity))) => {
            model(entity).map(|model| Test::Models(vec![model]))
        }
        (BinaryOp::In, Expr::Var(Var::Resource), Expr::Set(members)) => {
            let models = members.iter().map(|member| match &**member {
                Expr::Literal(Literal::EntityUID(entity)) => model(entity),
                _ => None,
            });
            models.collect::<Option<Vec<_>>>().map(Test::Models)
        }
        (BinaryOp::Eq, Expr::GetAttr { expr, attr }, Expr::Literal(Literal::String(stage)))
            if **expr == Expr::Var(Var::Resource) && attr == "stage" =>
        {
            Some(Test::Stage(stage.to_string()))
        }
        _ => None,
    }
}

fn model(entity: &pst::EntityUID) -> Option<String> {
    (entity.ty.to_string() == MODEL).then(|| entity.eid.to_string())
}

/// Collects every attribute name a policy's JSON form speaks of.
pub(crate) fn attributes(json: &serde_json::Value, found: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    serde_json::Value::String(attribute) if name == "attr" => {
                        found.insert(attribute.clone());
                    }
                    serde_json::Value::Array(path) if name == "attr" || name == "attrs" => {
                        found.extend(path.iter().filter_map(|step| step.as_str()).map(ToOwned::to_owned));
                    }
                    _ => attributes(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| attributes(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::of(&text.parse().unwrap()).unwrap()
    }

    #[test]
    fn leading_tests_narrow_and_later_ones_do_not() {
        let by_scope = scope(r#"forbid (principal, action, resource == Weir::Model::"atlas-5");"#);
        assert!(by_scope.admits("atlas-5", "general") && !by_scope.admits("fable-5", "general"));
        let by_set = scope(
            r#"forbid (principal, action, resource)
               when { resource in [Weir::Model::"atlas-5", Weir::Model::"fable-5"] && principal.suspended };"#,
        );
        assert!(by_set.admits("fable-5", "open") && !by_set.admits("mythos-5", "open"));
        let by_stage = scope(
            r#"permit (principal, action, resource)
               when { resource.stage == "listed" && resource == Weir::Model::"atlas-5" && principal.suspended };"#,
        );
        assert!(by_stage.admits("atlas-5", "listed"));
        assert!(!by_stage.admits("atlas-5", "general") && !by_stage.admits("fable-5", "listed"));
        let late = scope(
            r#"permit (principal, action, resource) when { principal.us_person && resource.stage == "listed" };"#,
        );
        assert!(late.admits("atlas-5", "general"));
        let negated = scope(r#"forbid (principal, action, resource) unless { resource.stage == "listed" };"#);
        assert!(negated.admits("atlas-5", "general") && negated.admits("atlas-5", "listed"));
    }

    #[test]
    fn every_attribute_is_found() {
        let policy: Policy = r#"forbid (principal, action, resource) when {
            principal has kyb_level && principal.level has us_person && principal["sector"] == "research" ||
            principal has level.jurisdiction };"#
            .parse()
            .unwrap();
        let mut found = BTreeSet::new();
        attributes(&policy.to_json().unwrap(), &mut found);
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, ["jurisdiction", "kyb_level", "level", "sector", "us_person"]);
    }
}
