//! What `weir rules check` accepts and where it points.

use weir_acts::act::PolicyText;

use super::{RuleFile, RulesError, change_rules, check_rules};
use crate::base::base_rules;
use crate::condition::tests::kinds;
use crate::scene::Scene;

fn check(text: &str) -> Result<Vec<PolicyText>, RulesError> {
    check_rules(&[RuleFile { name: "own.cedar".into(), text: text.into() }], &kinds())
}

#[test]
fn the_base_rules_pass_their_own_check() {
    let base = base_rules();
    assert_eq!(base.len(), 36);
    let text: Vec<&str> = base.iter().map(|rule| rule.cedar.as_str()).collect();
    assert_eq!(check(&text.join("\n\n")).unwrap(), base);
    assert!(base.iter().all(|rule| rule.cedar.contains("@reason(") && rule.cedar.contains(&rule.id)));
    for file in ["base.cedar", "authority.cedar"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(file);
        check(&std::fs::read_to_string(path).unwrap()).unwrap();
    }
}

#[test]
fn refusals_name_file_line_and_cause() {
    let fine = "@id(\"a\")\nforbid (principal, action, resource) when { principal.suspended };\n";
    assert_eq!(check(fine).unwrap()[0].id, "a");
    for (text, line, says) in [
        ("\nforbid (principal, action, resource);", 2, "needs an id"),
        ("@id(\"a\")\nforbid (principal, action\n resource);", 3, "unexpected token"),
        (&format!("{fine}{fine}"), 1, "used before"),
        ("\n@id(\"stage/general\")\npermit (principal, action, resource);", 2, "reserved"),
        ("@id(\"stage/other\")\npermit (principal, action, resource);", 1, "reserved"),
        ("@id(\"a b\")\npermit (principal, action, resource);", 1, "no rule id"),
        ("@id(\"a\")\nforbid (principal, action, resource) when { principal.us_persn == true };", 1, "us_persn"),
        // Cedar would skip this where the claim is absent: an open door.
        ("@id(\"a\")\nforbid (principal, action, resource) when { principal.us_person == true };", 1, "us_person"),
        ("@id(\"a\")\nforbid (principal, action, resource) when { principal.suspended == 3 };", 1, "type"),
        (
            "@id(\"a\")\nforbid (principal, action, resource) when { principal.granted.isEmpty() };",
            1,
            "`.contains(...)`",
        ),
        (
            "@id(\"a\")\nforbid (principal, action, resource) when { principal.listed == [resource] };",
            1,
            "`.contains(...)`",
        ),
        // Cedar would take this as false for ever: another open door.
        (
            "@id(\"a\")\nforbid (principal, action, resource) when { principal has us_persn && principal.us_persn };",
            1,
            "`us_persn`",
        ),
        (
            "@id(\"a\")\nforbid (principal, action, resource) when { principal.suspended || principal has us_persn };",
            1,
            "`us_persn`",
        ),
        ("@id(\"a\")\nforbid (principal, action, resource) when { principal.suspended && false };", 1, "never apply"),
        ("@id(\"a\")\nforbid (principal == ?principal, action, resource);", 1, "template"),
    ] {
        let error = check(text).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("own.cedar", line), "{text}: {error}");
        assert!(error.problem.contains(says), "{text}: {error}");
    }
}

#[test]
fn rules_of_authority_are_typed_as_such() {
    check("@id(\"authority/own\")\nforbid (principal, action == Weir::Action::\"key.issue\", resource) when { context.approvals < 1 };")
        .unwrap();
    check("@id(\"own\")\nforbid (principal, action == Weir::Action::\"key.issue\", resource) when { context.approvals < 1 };")
        .unwrap_err();
}

#[test]
fn a_change_adds_and_removes_and_never_reuses_an_id() {
    let own = |id: &str, text: &str| PolicyText { id: id.into(), cedar: format!("@id(\"{id}\") {text}") };
    let all = "forbid (principal, action, resource);";
    let mut rules = base_rules();
    rules.push(own("a", all));
    rules.push(own("b", all));
    let scene = Scene::new(rules);
    let state = scene.world.state();
    let wanted = [own("b", all), own("c", all)];
    let change = change_rules(state, scene.now, &wanted).unwrap();
    assert_eq!(change.policies, [own("c", all)]);
    assert_eq!(change.removed, ["a"]);
    let reused = change_rules(state, scene.now, &[own("a", "permit (principal, action, resource);")]);
    assert_eq!(reused.unwrap_err(), "a");
}

#[test]
fn no_text_makes_the_check_fail_without_an_error() {
    use proptest::prelude::*;
    let pieces = prop::sample::select(vec![
        "@id(\"a\")",
        "permit",
        "forbid",
        "(",
        ")",
        "principal",
        ",",
        "action",
        "resource",
        ";",
        "when",
        "{",
        "}",
        "?principal",
        "==",
        "Weir::Model::\"x\"",
        "\n",
        "ü",
        "\"",
    ]);
    proptest!(|(pieces in prop::collection::vec(pieces, 0..16))| {
        if let Err(error) = check(&pieces.join(" ")) {
            prop_assert!(error.line >= 1);
        }
    });
}
