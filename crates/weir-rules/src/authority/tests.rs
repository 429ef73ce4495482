//! Who may do what by the base rules, and what operators' own rules change.

use super::*;
use crate::base::base_rules;
use crate::scene::Scene;
use crate::schema::READ_ACTIONS;
use weir_acts::Act;
use weir_acts::act::PolicyText;

fn authority(extra: &[&str]) -> Authority {
    let mut rules = base_rules();
    for (number, text) in extra.iter().enumerate() {
        rules.push(PolicyText { id: format!("authority/own-{number}"), cedar: (*text).to_owned() });
    }
    let scene = Scene::new(rules);
    Authority::compile(scene.world.state(), scene.now).unwrap()
}

fn permitted(authority: &Authority, role: Role) -> Vec<&'static str> {
    let approved = ActFacts { approvals: 2, ..ActFacts::default() };
    let may = |kind: &&&str| authority.may("o", &[role], kind, &approved).is_ok();
    Act::KINDS.iter().chain(READ_ACTIONS).filter(may).copied().collect()
}

#[test]
fn every_act_but_weirs_own_and_the_affected_partys_has_a_role() {
    let authority = authority(&[]);
    let all: Vec<&str> = Role::ALL.iter().flat_map(|role| permitted(&authority, *role)).collect();
    for kind in Act::KINDS {
        let nobody = [
            "log.open",
            "appeal.file",
            "records.seal",
            "records.delete",
            "exchanges.seal",
            "exchanges.delete",
            "campaign.found",
            "campaign.update",
            "campaign.members",
            "detector.health",
            "text.hand",
        ]
        .contains(kind);
        assert_eq!(all.contains(kind), !nobody, "{kind}");
    }
}

/// Who may do each kind of act, with all the approvals it could take.
fn allowed(kind: &str) -> &'static [Role] {
    use Role::{Analyst, Auditor, Operator, ReleaseOfficer};
    match kind {
        "log.open" | "appeal.file" | "records.seal" | "records.delete" | "exchanges.seal" | "exchanges.delete"
        | "campaign.found" | "campaign.update" | "campaign.members" | "detector.health" => &[],
        // Who may `text.read` may be handed what they read.
        "text.hand" => &[],
        "log.key"
        | "operator.add"
        | "operator.revoke"
        | "operator.token.issue"
        | "operator.token.revoke"
        | "party.add"
        | "party.close"
        | "party.import"
        | "account.add"
        | "account.suspend"
        | "account.restore"
        | "account.close"
        | "key.issue"
        | "key.revoke"
        | "issuer.add"
        | "issuer.keys"
        | "issuer.remove"
        | "model.add"
        | "model.meter"
        | "model.retire" => &[Operator],
        "rules.set" | "stage.set" | "grant.add" | "grant.revoke" | "directive.draft" | "directive.enact"
        | "directive.lift" | "directive.drop" | "directive.disclose" | "appeal.decide" | "hold.place"
        | "hold.lift" | "private.erase" => &[ReleaseOfficer],
        "claim.declare" | "claim.add" | "claim.retract" | "limit.set" => &[Operator, ReleaseOfficer],
        "measure.take" | "measure.limit" | "measure.lift" | "measure.evidence" | "campaign.end" => &[Analyst],
        "person.add" | "draft.add" | "draft.approve" | "draft.close" => &[Operator, Analyst, ReleaseOfficer],
        "text.read" => &[Analyst, Auditor],
        other => panic!("{other} is in no line of this table"),
    }
}

#[test]
fn every_role_on_every_kind_of_act() {
    let authority = authority(&[]);
    let approved = ActFacts { approvals: 2, ..ActFacts::default() };
    for kind in Act::KINDS {
        for role in Role::ALL {
            let may = authority.may("o", &[*role], kind, &approved);
            assert_eq!(may.is_ok(), allowed(kind).contains(role), "{role:?} on {kind}: {may:?}");
            if let Err(refusal) = may {
                let mut could = refusal.roles.clone();
                could.sort_unstable_by_key(|role| role.as_str());
                let mut may = allowed(kind).to_vec();
                may.sort_unstable_by_key(|role| role.as_str());
                assert!(!refusal.alarm && could == may, "{role:?} on {kind}: {refusal:?}");
            }
        }
        assert!(authority.may("o", &[], kind, &approved).is_err(), "{kind} without a role");
    }
}

#[test]
fn roles_do_what_they_say() {
    let authority = authority(&[]);
    assert_eq!(permitted(&authority, Role::Auditor), ["text.read", "read", "open"]);
    assert_eq!(
        permitted(&authority, Role::Analyst),
        [
            "person.add",
            "draft.add",
            "draft.approve",
            "draft.close",
            "measure.take",
            "measure.limit",
            "measure.lift",
            "campaign.end",
            "measure.evidence",
            "text.read",
            "read"
        ]
    );
    let operator = permitted(&authority, Role::Operator);
    assert!(operator.contains(&"key.issue") && !operator.contains(&"directive.enact"));
    let officer = permitted(&authority, Role::ReleaseOfficer);
    assert!(officer.contains(&"directive.enact") && !officer.contains(&"operator.add"));
    let refusal = authority.may("o", &[Role::Auditor], "grant.add", &ActFacts::default()).unwrap_err();
    assert_eq!(refusal.to_string(), "as auditor you may not do `grant.add`; it takes the role release-officer");
    assert!(authority.may("o", &[], "read", &ActFacts::default()).is_err());
}

#[test]
fn opening_weights_takes_two_approvals() {
    let authority = authority(&[]);
    let ask = |stage, approvals| {
        let facts = ActFacts { stage: Some(stage), approvals, ..ActFacts::default() };
        authority.may("o", &[Role::ReleaseOfficer], "stage.set", &facts)
    };
    assert!(ask(Stage::General, 0).is_ok() && ask(Stage::Open, 2).is_ok());
    let refusal = ask(Stage::Open, 1).unwrap_err();
    assert_eq!(refusal.rule.as_deref(), Some("authority/open-weights"));
    assert!(refusal.roles.is_empty() && refusal.why.contains("two approvals"), "{refusal}");
}

#[test]
fn changing_the_rules_takes_two_approvals_and_nobody_approves_their_own() {
    let authority = authority(&[]);
    let ask = |approvals| {
        let facts = ActFacts { approvals, ..ActFacts::default() };
        authority.may("o", &[Role::ReleaseOfficer], "rules.set", &facts)
    };
    assert!(ask(2).is_ok());
    assert_eq!(ask(1).unwrap_err().rule.as_deref(), Some("authority/change-rules"));
    let own = ActFacts { author: Some("o"), ..ActFacts::default() };
    let refusal = authority.may("o", &[Role::ReleaseOfficer], "draft.approve", &own).unwrap_err();
    assert_eq!(refusal.rule.as_deref(), Some("authority/own-draft"));
    assert!(authority.may("p", &[Role::ReleaseOfficer], "draft.approve", &own).is_ok());
}

#[test]
fn nobody_decides_an_appeal_against_their_own_measure() {
    let authority = authority(&[]);
    let ask = |by| {
        let facts = ActFacts { author: Some("o-1"), ..ActFacts::default() };
        authority.may(by, &[Role::ReleaseOfficer], "appeal.decide", &facts)
    };
    assert!(ask("o-2").is_ok());
    assert_eq!(ask("o-1").unwrap_err().rule.as_deref(), Some("authority/own-act"));
}

#[test]
fn records_are_kept_for_the_longest_time_a_rule_says_unless_one_forbids_deleting() {
    assert_eq!(authority(&[]).retention(), None);
    let keep = |days| {
        format!(
            "@retention(\"{days} days\") permit (principal, action == Weir::Action::\"records.delete\", resource);"
        )
    };
    let both = authority(&[&keep(30), &keep(400)]);
    assert_eq!(both.retention(), Some((&"authority/own-1".into(), 400 * 86_400_000)));
    assert_eq!(both.retention_of("exchanges.delete"), None);
    let files = authority(&[&keep(30), &keep(7).replace("records", "exchanges")]);
    assert_eq!(files.retention_of("exchanges.delete").map(|(_, keep)| keep), Some(7 * 86_400_000));
    assert_eq!(files.retention().map(|(_, keep)| keep), Some(30 * 86_400_000));
    let freeze = "forbid (principal, action == Weir::Action::\"records.delete\", resource);";
    assert_eq!(authority(&[&keep(30), freeze]).retention(), None);
}

#[test]
fn the_detector_takes_what_can_be_undone_for_a_time_and_proposes_the_rest() {
    let authority = authority(&[]);
    let ask = |measure, hours, approvals| {
        let facts = ActFacts { measure: Some(measure), hours, approvals, ..ActFacts::default() };
        authority.may(BY_DETECTOR, &[], MEASURE_TAKE, &facts).is_ok()
    };
    for kind in MeasureKind::ALL {
        let shuts_out = matches!(kind, MeasureKind::Refuse | MeasureKind::Suspend);
        assert_eq!(ask(*kind, Some(168), 0), !shuts_out, "{kind}");
        assert!(ask(*kind, Some(168), 1), "{kind}");
        assert!(!ask(*kind, None, 1), "{kind} without an end");
    }
    assert!(!ask(MeasureKind::Throttle, Some(337), 0));
    for kind in Act::KINDS.iter().filter(|kind| **kind != MEASURE_TAKE) {
        let own = ["campaign.", "detector.", "measure.evidence", "measure.limit", "draft.add"];
        let is_own = own.iter().any(|own| kind.starts_with(own)) && *kind != "campaign.end";
        let may = authority.may(BY_DETECTOR, &[], kind, &ActFacts { approvals: 9, ..ActFacts::default() });
        assert_eq!(may.is_ok(), is_own, "{kind}");
    }
}

#[test]
fn what_is_automatic_is_the_operators_to_say() {
    let of = |rules: &[&str]| authority(rules).automatic().map(|(rule, done)| (rule.to_string(), done.kind));
    let detectors = "principal == Weir::Operator::\"detector\", action == Weir::Action::\"measure.take\", resource";
    let base = ("authority/detector-measures".to_owned(), MeasureKind::Throttle);
    assert_eq!(of(&[]), Some(base));
    let refuse = format!("@automatic(\"refuse for 1 day\") permit ({detectors});");
    assert_eq!(of(&[&refuse]), Some(("authority/own-0".to_owned(), MeasureKind::Refuse)));
    assert_eq!(of(&[&format!("forbid ({detectors});")]), None);
}

#[test]
fn a_rule_that_errs_refuses_and_alarms() {
    let authority = authority(&["forbid (principal, action, resource) when { resource.author == principal };"]);
    let refusal = authority.may("o", &[Role::Operator], "party.add", &ActFacts::default()).unwrap_err();
    assert!(refusal.alarm);
}
